"""Where secrets live, one module a place, and what of them may be shown: their place alone."""
