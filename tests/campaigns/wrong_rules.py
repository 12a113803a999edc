"""Rules that are wrong on purpose.

Their releases come twice, after the return, or in a branch too many; in the wrong arm or variant; they are of
another value, or of the payload of another variant.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.rules import RULES
from codemods.rules.rule import Rule
from tml_ast import TmlSyntaxError, nodes, parse
from tml_ast.edit import SourceEdit
from tml_ast.preprocessor import directives_of

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


def release_in_another_arm(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """Each release in another branch or arm than its own; one that is in none, in a branch before it."""
    arms = _arms(source, diagnostic.offset)
    return _elsewhere(diagnostic, lambda edit: _other_arm(diagnostic, arms, edit))


def _arms(source: bytes, offset: int) -> list[list[tuple[int, int]]]:
    """The spans of the blocks of each if and when in the function around an offset, the outer ones first."""
    found = []
    for function in _functions_at(source, offset):
        for node in function.walk():
            if isinstance(node, nodes.If | nodes.When):
                blocks = node.all(nodes.Block)
                blocks += [block for arm in node.all(nodes.Arm) for block in arm.all(nodes.Block)]
                blocks += [block for other in node.all(nodes.ElseBlock) for block in other.all(nodes.Block)]
                found.append([(block.start + 1, block.end - 1) for block in blocks])
    return found


def _functions_at(source: bytes, offset: int) -> list[nodes.Function]:
    try:
        tree = parse(source)
    except TmlSyntaxError:
        return []
    functions = (node for node in tree.walk() if isinstance(node, nodes.Function))
    return [function for function in functions if function.start <= offset < function.end]


def _other_arm(diagnostic: Diagnostic, arms: list[list[tuple[int, int]]], edit: SourceEdit) -> int | None:
    around = [blocks for blocks in arms if any(start <= edit.start <= end for start, end in blocks)]
    before = [
        blocks for blocks in arms if diagnostic.offset < blocks[0][0] < edit.start and blocks not in around
    ]
    chosen = around[-1] if around and len(around[-1]) > 1 else before[-1] if before else []
    others = [start for start, end in chosen if not start <= edit.start <= end]
    return random.Random(edit.start).choice(others) if others else None


def release_in_another_variant(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """Each release in another branch of an `#if` than its own, or in one where it was in none."""
    directives = directives_of(source)
    groups = directives.groups if directives is not None else []

    def branch(edit: SourceEdit) -> int | None:
        functions = _functions_at(source, edit.start)
        spans = [
            [branch.span for branch in group.branches]
            for group in groups
            if any(function.start < group.start < function.end for function in functions)
        ]
        others = [start for group in spans for start, end in group if not start <= edit.start <= end]
        return random.Random(edit.start).choice(others) if others else None

    return _elsewhere(diagnostic, branch)


def _elsewhere(diagnostic: Diagnostic, place: Callable[[SourceEdit], int | None]) -> Diagnostic:
    """The releases of a diagnostic where ``place`` says, on lines of their own."""
    edits = []
    for edit in diagnostic.edits:
        at = place(edit) if edit in releases(diagnostic.edits) else None
        if at is None or any(other.start <= at <= other.end for other in diagnostic.edits):
            edits.append(edit)
        else:
            edits.append(replace(edit, start=at, end=at, text=b"\n" + edit.text))
    return replace(diagnostic, edits=tuple(edits))


_RELEASED = re.compile(rb"\b(\w+)(?=\.destroy\(\)|\) > 0 \{ lowlevel| as I64 as \*Unit\))")


def release_of_another_value(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """Each release of another variable of the type: another owner, an alias, or a view."""
    functions = _functions_at(source, diagnostic.offset)
    if not functions:
        return diagnostic
    types = dict(_variables(functions[-1]))
    edits = []
    for edit in diagnostic.edits:
        names = {name.decode() for name in _RELEASED.findall(edit.text)}
        others = [
            other
            for name in sorted(names)
            for other, type_ in types.items()
            if other not in names and type_ == types.get(name)
        ]
        if edit in releases(diagnostic.edits) and others:
            other = random.Random(edit.start).choice(others).encode()
            edit = replace(edit, text=_RELEASED.sub(other, edit.text))
        edits.append(edit)
    return replace(diagnostic, edits=tuple(edits))


def _variables(function: nodes.Function) -> Iterator[tuple[str, str]]:
    """The variables of a function with what says their types."""
    for node in function.walk():
        if isinstance(node, nodes.Parameter) and node.name and node.annotation:
            yield node.name, node.annotation.text.removeprefix("ref ")
        elif isinstance(node, nodes.Var) and node.annotation:
            yield node.name, node.annotation.text
        elif isinstance(node, nodes.Let) and isinstance(node.pattern, nodes.BindingPattern):
            made = re.match(r"(\w+)::new\(", node.value.text) if node.value else None
            text = node.annotation.text if node.annotation else made[1] if made else ""
            if text:
                yield node.pattern.name, text


def release_of_another_payload(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """What is done with the payload of one variant done with that of the other."""
    swapped = {b"Ok(": b"Err(", b"Err(": b"Ok(", b"unwrap(": b"unwrap_err(", b"unwrap_err(": b"unwrap("}
    edits = (
        replace(
            edit, text=re.sub(rb"\b(?:Ok|Err|unwrap|unwrap_err)\(", lambda name: swapped[name[0]], edit.text)
        )
        for edit in diagnostic.edits
    )
    return replace(diagnostic, edits=tuple(edits))


WRONG: tuple[Spoil, ...] = (
    release_twice,
    release_after_the_return,
    release_in_a_branch_too_many,
    release_in_another_arm,
    release_in_another_variant,
    release_of_another_value,
    release_of_another_payload,
)


@contextmanager
def wrong_rules(spoil: Spoil, only: int | None = None) -> Iterator[list[Diagnostic]]:
    """All rules with their fixes spoiled, or the one of this number alone; yields the spoiled diagnostics.

    A number that no fix has spoils nothing; the list then has what would be spoiled.
    """
    numbers: dict[tuple[str, str, str, int], int] = {}
    spoiled: list[Diagnostic] = []

    def wrong(rule: Rule) -> Rule:
        def check(context: Context) -> Iterator[Diagnostic]:
            for diagnostic in rule.check(context):
                worse = diagnostic
                if diagnostic.verdict is Verdict.FIXABLE:
                    worse = spoil(diagnostic, context.file.source)
                if worse == diagnostic:
                    yield diagnostic
                    continue
                key = context.file.path, rule.name, diagnostic.function, diagnostic.offset
                is_new = key not in numbers
                number = numbers.setdefault(key, len(numbers))
                is_wanted = only is None or number == only
                if is_new or is_wanted:
                    spoiled.append(worse)
                yield worse if is_wanted else diagnostic

        return replace(rule, check=check)

    with patch.dict(RULES, {name: wrong(rule) for name, rule in RULES.items()}):
        yield spoiled
