"""tmlfix: finds memory leaks in TML source and writes the fixes."""
