"""Where services run: one module a place."""
