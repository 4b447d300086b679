"""The formats in which values are shown: one module a format, and the table."""
