"""Fixpoints: of values that depend on each other."""
