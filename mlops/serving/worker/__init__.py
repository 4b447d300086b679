"""What runs under the user's interpreter: standard library only, Python 3.6 and later."""
