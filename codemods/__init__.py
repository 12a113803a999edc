"""Leaks in TML source: what they are, how they are fixed, how a fix reaches a maintainer."""
