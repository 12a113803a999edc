"""The texts that describe rules, by the names of the rules.

The rules themselves take long to import, so that is done only when they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from codemods.engine.analysis_cache import tool_digest
from codemods.engine.result_cache import ResultCache
from codemods.model.errors import UserError
from codemods.model.findings import Verdict


class RuleSummary(Protocol):
    """What a rule finds, and why that is a mistake."""

    @property
    def summary(self) -> str: ...
    @property
    def reason(self) -> str: ...


class RuleText(RuleSummary, Protocol):
    """The texts that describe a rule."""

    @property
    def name(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str | None: ...
    @property
    def verdict(self) -> Verdict: ...


def rules() -> Mapping[str, RuleText]:
    """The rules by name, in the order in which they run."""
    from codemods.rules import RULES

    return RULES


@dataclass(frozen=True, slots=True)
class _Kept:
    summary: str
    reason: str


def summaries(cache: ResultCache | None) -> Mapping[str, RuleSummary]:
    """What each rule finds and why, by name; a ``cache`` spares the import of the rules."""
    key = f"rules-{tool_digest()}"
    kept = None if cache is None else cache.get(key, {str: (str, str)})
    if kept is None:
        kept = {name: (rule.summary, rule.reason) for name, rule in rules().items()}
        if cache is not None:
            cache.put(key, kept)
    return {name: _Kept(*texts) for name, texts in kept.items()}


def comment_rule() -> RuleText:
    """What describes findings about suppression comments, as a rule describes its own findings."""
    from codemods.engine.suppressions import CommentRule

    return CommentRule()


def described() -> Mapping[str, RuleText]:
    """All that findings can be of, by name: the rules, and what is said about suppression comments."""
    comments = comment_rule()
    return {**rules(), comments.name: comments}


def choose_rules(text: str) -> frozenset[str]:
    """The rules that ``text`` names, separated by commas. Raises `UserError` for an unknown one."""
    return frozenset(find_rule(name.strip()).name for name in text.split(","))


def find_rule(name: str) -> RuleText:
    """The rule of that name. Raises `UserError` if there is none."""
    known = described()
    if name not in known:
        if "/" in name or name.endswith(".tml"):
            raise UserError(f"say which line: {name}:LINE")
        close = get_close_matches(name, known, n=1)
        advice = f"did you mean {close[0]}?" if close else "tmlfix explain lists them"
        raise UserError(f"there is no rule {name!r}; {advice}")
    return known[name]
