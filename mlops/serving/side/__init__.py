"""What runs beside the front, in a process of its own: exports traces, uploads collected data."""
