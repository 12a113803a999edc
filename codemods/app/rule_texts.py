"""The texts that describe rules, by the names of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Protocol

from codemods.engine.suppressions import CommentRule
from codemods.model.errors import UserError
from codemods.rules import RULES

COMMENTS = CommentRule()
"""Describes findings about suppression comments, as a rule describes its own findings."""


class RuleText(Protocol):
    """The texts that describe a rule."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str | None: ...


def rules() -> Mapping[str, RuleText]:
    """The rules by name, in the order in which they run."""
    return RULES


def find_rule(name: str) -> RuleText:
    """The rule of that name. Raises `UserError` if there is none."""
    if name == COMMENTS.name:
        return COMMENTS
    if name not in RULES:
        if "/" in name or name.endswith(".tml"):
            raise UserError(f"say which line: {name}:LINE")
        close = get_close_matches(name, (*RULES, COMMENTS.name), n=1)
        advice = f"did you mean {close[0]}?" if close else "tmlfix explain lists them"
        raise UserError(f"there is no rule {name!r}; {advice}")
    return RULES[name]
