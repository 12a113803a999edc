"""The page of each rule, made from the rule's own text and examples."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.files.diffs import diff_lines
from codemods.model.findings import Change
from codemods.rules import RULES
from codemods.rules.rule import Example, Fixed, Offered, Rule
from tests.support.project import PROJECT

FOLDER = PROJECT / "docs" / "rules"


def rule_pages() -> dict[str, str]:
    """The pages by their file names."""
    return {f"{rule.name}.md": "\n".join(_page(rule)) for rule in RULES.values()}


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.name}\n"
    yield f"{rule.summary.strip()}\n"
    yield f"**Why.** {rule.reason.strip()}\n"
    if rule.fixed:
        yield "## What it fixes\n"
        for fixed in rule.fixed:
            yield from _titled(fixed, _block("diff", _diff(fixed.before, fixed.after)))
    if rule.offered:
        yield "## What it offers for review\n"
        for offered in rule.offered:
            yield from _titled(offered, _block("diff", _diff(offered.before, offered.after)))
    if rule.reported:
        yield "## What it reports without a fix\n"
        for reported in rule.reported:
            yield from _titled(reported, _block("tml", reported.code))
    if rule.untouched:
        yield "## What it leaves alone\n"
        for untouched in rule.untouched:
            yield from _titled(untouched, _block("tml", untouched.code))
    if any("demo::prelude" in _code(example) for example in rule.examples):
        yield "The examples use [a small library](../../codemods/rules/prelude.tml).\n"
    yield "[All rules](../rules.md)\n"


def _titled(example: Example, block: str) -> Iterator[str]:
    if example.title:
        yield f"{example.title}:\n"
    yield block


def _code(example: Example) -> str:
    return example.before if isinstance(example, Fixed | Offered) else example.code


def _block(language: str, code: str) -> str:
    body = code.strip("\n")
    return f"```{language}\n{body}\n```\n"


def _diff(before: str, after: str) -> str:
    """The whole example with its changed lines marked."""
    _, _, _, *lines = diff_lines("", Change(before.encode(), after.encode()), context=len(before))
    return "".join(lines)
