"""Laws for what tmlfix makes of a program: each compares a run with another that has to end the same.

A second run changes nothing. It does not matter in which order files are fixed, how things are named or laid
out, what comments say, or what stands beside them that nobody uses.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from codemods.engine import analyse
from codemods.model.findings import Finding
from codemods.model.fix_plan import everywhere
from codemods.semantics.module_paths import is_test_path
from tests.campaigns.variations import (
    Files,
    Variation,
    commented,
    reindented,
    renamed,
    with_dead_statement,
    with_unrelated_module,
    with_unused_item,
)
from tml_ast import SourceEdit, apply, nodes, parse, tokenize
from tml_ast.edit import documentation_start

Vary = Callable[[Files, random.Random], Variation | None]

SAME_VERDICT: tuple[Vary, ...] = (renamed, reindented)
SAME_FIX: tuple[Vary, ...] = (commented, with_unused_item, with_dead_statement, with_unrelated_module)
VARIATIONS = (*SAME_VERDICT, *SAME_FIX)

MOST_TURNS = 6
"""How often each file may be fixed by itself until nothing changes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A program, what tmlfix found in it, and what it made of it."""

    before: Files
    findings: tuple[Finding, ...]
    after: Files
    errors: tuple[str, ...]


def outcome(files: Files, phases: Sequence[int], only: str | None = None) -> Outcome:
    """Fix a program, or one of its files."""
    result = analyse(files, phases, includes=everywhere if only is None else only.__eq__)
    changed = {path: change.after for phase in result.phases for path, change in phase.changes.items()}
    return Outcome(files, tuple(result.findings), {**files, **changed}, tuple(map(str, result.errors)))


def violations(
    fixed: Outcome, phases: Sequence[int], chance: random.Random, variations: Sequence[Vary] = VARIATIONS
) -> Iterator[str]:
    """Every law that does not hold for a program, with what is different."""
    yield from changed_by_a_second_run(fixed, phases)
    yield from different_file_by_file(fixed, phases, chance)
    for vary in variations:
        variation = vary(fixed.before, chance)
        if variation is not None:
            yield from different_in_other_words(fixed, variation, phases)


def changed_by_a_second_run(fixed: Outcome, phases: Sequence[int]) -> Iterator[str]:
    """What a second run changes."""
    again = outcome(fixed.after, phases)
    yield from _differences("a second run", fixed.after, again.after)
    yield from (f"a second run: {error}" for error in again.errors)


def different_file_by_file(fixed: Outcome, phases: Sequence[int], chance: random.Random) -> Iterator[str]:
    """What is different where each file is fixed by itself, in some order, until nothing changes.

    The library comes before its tests: a test that may be changed alone frees by hand what the library does
    not free, and the library then leaves that to it. A function that frees for several files stands in one of
    those that may be changed, so where it stands, and its name, are left out.
    """
    order = sorted(fixed.before)
    chance.shuffle(order)
    order.sort(key=is_test_path)
    files = fixed.before
    for _ in range(MOST_TURNS):
        start = files
        for path in order:
            files = outcome(files, phases, path).after
        if files == start:
            break
    else:
        yield f"file by file ({', '.join(order)}): does not end"
    expected, got = (_without_new_functions(fixed.before, after) for after in (fixed.after, files))
    yield from _differences(f"file by file ({', '.join(order)})", expected, got)


def _without_new_functions(before: Files, after: Files) -> Files:
    """The files without the functions that were added to them, their imports, and the paths to them."""
    known = {path: {item.text for item in parse(source).items} for path, source in before.items()}
    added = {
        path: [
            item
            for item in parse(source).items
            if isinstance(item, nodes.Function | nodes.Use) and _is_new(item, known[path])
        ]
        for path, source in after.items()
    }
    names = {item.name for items in added.values() for item in items if isinstance(item, nodes.Function)}
    stripped = {}
    for path, source in after.items():
        edits = [SourceEdit(documentation_start(source, item), item.end, b"") for item in added[path]]
        source = apply(source, edits)
        source = (
            re.sub(rb"\w+::(?=(%s)\()" % b"|".join(name.encode() for name in names), b"", source)
            if names
            else source
        )
        for name in names:
            source = re.sub(rb"\b%s(?=\()" % name.encode(), b"new_function", source)
        stripped[path] = re.sub(rb"(\r?\n)(?:[ \t]*\r?\n)+", rb"\1", source)
    return stripped


def _is_new(item: nodes.Item, known: set[str]) -> bool:
    """Whether a function or an import was not there before."""
    if isinstance(item, nodes.Use):
        return item.text not in known
    return not any(re.search(rf"\bfunc {item.name}\b", text) for text in known)


def different_in_other_words(fixed: Outcome, variation: Variation, phases: Sequence[int]) -> Iterator[str]:
    """What is different where the program says the same in other words."""
    other = outcome(variation.files, phases)
    yield from (f"{variation.name}: {error}" for error in other.errors if not fixed.errors)
    plain = Variation("as it was", fixed.before)
    verdicts = Counter(_verdicts(fixed.findings, plain, fixed.before))
    others = Counter(_verdicts(other.findings, variation, fixed.before))
    for what, sign in ((verdicts - others, "not"), (others - verdicts, "only")):
        for path, rule, verdict, function, place in sorted(what):
            line = _line(fixed.before[path], place)
            yield f"{variation.name}: {sign} {path}:{line}: {rule} {verdict} in {function}"
    if variation.names:
        return
    for path, source in fixed.after.items():
        restored = variation.without_additions(path, other.after[path])
        if restored is None:
            yield f"{variation.name}: {path}: what was added is no longer there as it was"
        elif _tokens(restored) != _tokens(source) or (variation.added and restored != source):
            yield from _differences(variation.name, {path: source}, {path: restored})


Said = tuple[str, str, str, str, int]


def _verdicts(findings: Sequence[Finding], variation: Variation, before: Files) -> Iterator[Said]:
    """What is said of a program as it was: file, rule, verdict, function and number of the token."""
    old_names = {new: old for old, new in variation.names.items()}
    for finding in findings:
        if finding.path in before:
            place = variation.place(finding.path, _offset(variation.files[finding.path], finding))
            function = re.sub(r"\w+", lambda name: old_names.get(name[0], name[0]), finding.function)
            if place is not None:
                yield finding.path, finding.rule, finding.verdict.value, function, place


def _offset(source: bytes, finding: Finding) -> int:
    lines = source.splitlines(keepends=True)
    start = sum(map(len, lines[: finding.line - 1]))
    line = lines[finding.line - 1].decode("utf-8", "replace") if lines else ""
    return start + len(line[: finding.column - 1].encode())


def _line(source: bytes, place: int) -> int:
    starts = [token.start for token in tokenize(source)]
    return source.count(b"\n", 0, starts[min(place, len(starts) - 1)]) + 1


def _tokens(source: bytes) -> list[bytes]:
    """The lexemes without semicolons, which are needed in one layout and not in another."""
    return [token.lexeme for token in tokenize(source) if token.type != ";"]


def _differences(what: str, expected: Mapping[str, bytes], got: Mapping[str, bytes]) -> Iterator[str]:
    for path, source in expected.items():
        if got[path] != source:
            old, new = (text.decode("utf-8", "replace").splitlines() for text in (source, got[path]))
            yield "\n".join(
                [f"{what}: {path} ends otherwise", *list(unified_diff(old, new, lineterm="", n=2))[2:]]
            )
