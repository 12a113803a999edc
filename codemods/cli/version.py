"""What ``tmlfix --version`` prints."""

from __future__ import annotations

from importlib.metadata import version


def version_text() -> str:
    """The name of the program and its version."""
    return f"tmlfix {version('tmlfix')}"
