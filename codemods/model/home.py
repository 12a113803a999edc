"""Where the project is at home, for documents that link to it."""

from __future__ import annotations

HOME = "https://github.com/hivellm/tmlfix"
"""The address of the project, as in its package metadata."""

PAGES = f"{HOME}/blob/main/docs"
"""Where its pages are."""

COMMENTS = "suppression-comment"
"""What findings about the comments are of that suppress others."""


def rule_page(name: str) -> str:
    """The address of the page about a rule; findings about comments have a part of one."""
    return f"{PAGES}/configuration.md#comments" if name == COMMENTS else f"{PAGES}/rules/{name}.md"
