"""Thin doors to the outside: they know a protocol or a file format, never a deployment."""
