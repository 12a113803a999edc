"""The page of each rule, made from the rule's own text and examples."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.files.diffs import diff_lines
from codemods.model.findings import Change
from codemods.rules import RULES
from codemods.rules.rule import Rule
from tests.support.bundled import PROJECT

FOLDER = PROJECT / "docs" / "rules"


def rule_pages() -> dict[str, str]:
    """The pages by their file names."""
    return {f"{rule.name}.md": "\n".join(_page(rule)) for rule in RULES.values()}


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.name}\n"
    yield f"{rule.summary.strip()}\n"
    yield f"**Why.** {rule.reason.strip()}\n"
    if rule.invalid:
        yield "## What it fixes\n"
        yield from (_block("diff", _diff(before, after)) for before, after in rule.invalid)
    if rule.reported:
        yield "## What it reports without a fix\n"
        yield from (_block("tml", code) for code in rule.reported)
    if rule.valid:
        yield "## What it leaves alone\n"
        yield from (_block("tml", code) for code in rule.valid)
    if any("demo::prelude" in code for code in (*rule.valid, *rule.reported, *sum(rule.invalid, ()))):
        yield "The examples use [a small library](../../codemods/rules/prelude.tml).\n"
    yield "[All rules](../../README.md#rules)\n"


def _block(language: str, code: str) -> str:
    body = code.strip("\n")
    return f"```{language}\n{body}\n```\n"


def _diff(before: str, after: str) -> str:
    """The whole example with its changed lines marked."""
    _, _, _, *lines = diff_lines("", Change(before.encode(), after.encode()), context=len(before))
    return "".join(lines)
