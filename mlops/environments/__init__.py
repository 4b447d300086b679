"""Environments: what a requirements or conda file asks for, locked, and built."""
