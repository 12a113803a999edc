"""Where the project is at home, for documents that link to it."""

from __future__ import annotations

from codemods.model.findings import SUPPRESSION_COMMENT

HOME = "https://github.com/hivellm/tmlfix"
"""The address of the project, as in its package metadata."""

PAGES = f"{HOME}/blob/main/docs"
"""Where its pages are."""


def defect_page(name: str) -> str:
    """The address of what is said about a defect of the compiler."""
    return f"{PAGES}/compiler-defects.md#{name}"


def rule_page(name: str) -> str:
    """The address of the page about a rule; findings about comments have a part of one."""
    return f"{PAGES}/configuration.md#comments" if name == SUPPRESSION_COMMENT else f"{PAGES}/rules/{name}.md"
