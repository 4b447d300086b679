"""Places where models come from, one module each, and their table."""
