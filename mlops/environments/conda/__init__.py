"""Conda: what a file asks for, solved for an image, and laid out as it will lie there."""
