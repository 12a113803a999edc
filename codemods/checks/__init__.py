"""Keeping leaks out: what is new, what is known, and what a change touches."""
