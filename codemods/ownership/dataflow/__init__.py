"""Fixpoints, over the paths of a function and over functions that call each other; knows nothing of TML."""
