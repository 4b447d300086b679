"""Entry scripts of our own, for models that come without one."""
