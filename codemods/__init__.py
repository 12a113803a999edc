"""tmlfix: finds memory leaks in TML source and writes the fixes."""

__version__ = "0.1.0"
