"""Rules that are wrong on purpose: their releases come twice, after the return, or in a branch too many."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.rules import RULES
from codemods.rules.rule import Rule
from tml_ast.edit import SourceEdit

Spoil = Callable[[Diagnostic, bytes], Diagnostic]


def releases(edits: tuple[SourceEdit, ...]) -> list[SourceEdit]:
    """The edits that insert whole lines which release something."""
    return [
        edit
        for edit in edits
        if edit.start == edit.end
        and edit.text.endswith(b"\n")
        and (b".destroy()" in edit.text or b"mem_free" in edit.text or b"destroy_" in edit.text)
        and b"func " not in edit.text
    ]


def release_twice(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """Every release once more."""
    wrong = releases(diagnostic.edits)
    edits = (replace(edit, text=edit.text * 2) if edit in wrong else edit for edit in diagnostic.edits)
    return replace(diagnostic, edits=tuple(edits))


def release_after_the_return(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """Releases at unreachable places."""
    edits = []
    for edit in diagnostic.edits:
        line = source[edit.start : source.index(b"\n", edit.start) + 1] if edit.start < len(source) else b""
        late = edit in releases(diagnostic.edits) and line.lstrip().startswith(b"return")
        moved = edit.start + len(line)
        edits.append(replace(edit, start=moved, end=moved) if late else edit)
    return replace(diagnostic, edits=tuple(edits))


def release_in_a_branch_too_many(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """The first release also in front of some line between the value and its release."""
    wrong = releases(diagnostic.edits)
    if not wrong:
        return diagnostic
    first = wrong[0]
    lines = [
        offset
        for offset in range(diagnostic.offset + 1, first.start)
        if source[offset - 1 : offset] == b"\n"
        and not any(edit.start <= offset <= edit.end for edit in diagnostic.edits)
    ]
    if not lines:
        return diagnostic
    at = random.Random(diagnostic.offset).choice(lines)
    return replace(diagnostic, edits=(*diagnostic.edits, replace(first, start=at, end=at)))


WRONG: tuple[Spoil, ...] = (release_twice, release_after_the_return, release_in_a_branch_too_many)


@contextmanager
def wrong_rules(spoil: Spoil) -> Iterator[list[Diagnostic]]:
    """All rules with their fixes spoiled; yields the diagnostics that were."""
    spoiled: list[Diagnostic] = []

    def wrong(rule: Rule) -> Rule:
        def check(context: Context) -> Iterator[Diagnostic]:
            for diagnostic in rule.check(context):
                if diagnostic.verdict is not Verdict.FIXED:
                    yield diagnostic
                    continue
                worse = spoil(diagnostic, context.file.source)
                if worse != diagnostic:
                    spoiled.append(worse)
                yield worse

        return replace(rule, check=check)

    with patch.dict(RULES, {name: wrong(rule) for name, rule in RULES.items()}):
        yield spoiled
