"""Compares a program with its fixed version, path by path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.second_opinion.drops import Refused
from tests.second_opinion.heap import Block
from tests.second_opinion.machine import Machine
from tests.second_opinion.paths import Run, names_given_away_in_methods, paths
from tests.second_opinion.preprocessing import on_platform, platforms_of
from tests.second_opinion.program import Program

Line = tuple[str, int]
"""A file and a 1-based line of it."""


Promises = Mapping[Line, Collection[str]]
"""The kinds of block that do not leak any more, by the line that makes them."""


@dataclass(slots=True)
class Comparison:
    """What was compared, and what is wrong with the fixed version."""

    paths: int = 0
    leaking_paths: int = 0
    leaks_before: int = 0
    leaks_after: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: Comparison) -> None:
        """Add what was compared from another function on."""
        self.paths += other.paths
        self.leaking_paths += other.leaking_paths
        self.leaks_before += other.leaks_before
        self.leaks_after += other.leaks_after
        self.complaints += other.complaints


def compare_from(
    entries: Iterable[str],
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    *,
    library: Collection[str],
    promised: Promises | None = None,
    mended: Collection[str] = (),
) -> Comparison | None:
    """Compare from each of these functions on, as ``compare`` does; None where one is at fault itself."""
    found = Comparison()
    for entry in entries:
        comparison = compare(before, after, entry, library=library, promised=promised, mended=mended)
        if comparison is None:
            return None
        found.add(comparison)
    return found


def compare(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    entry: str,
    *,
    library: Collection[str],
    promised: Promises | None = None,
    limit: int = 64,
    mended: Collection[str] = (),
) -> Comparison | None:
    """Run ``entry`` of both versions on the same paths; None where the program itself is at fault.

    On no path may the fixed version release twice, use what it released, call other functions or the
    same ones differently, or leak more. What the lines ``promised`` made, of these kinds of block, must not
    leak any more; values that are made in the files ``library`` count for the line that called it.

    Methods are judged twice: as if each were the first that the compiler sees, and as if it inherited
    every name that any method of the unit gives away. So are the guards of arms: as if the compiler forgot
    them, as it does, and as if they decided. A program with `#if` is judged on each platform. All that is
    done with a compiler that has ``mended`` some of its defects.
    """
    comparison = Comparison()
    platforms = platforms_of(before, after)
    for platform in platforms:
        known = len(comparison.complaints)
        programs = [Program(on_platform(version, platform), mended) for version in (before, after)]
        if not _compare(comparison, programs, entry, library, promised or {}, limit):
            return None
        if len(platforms) > 1:
            found = comparison.complaints[known:]
            comparison.complaints[known:] = [f"on {platform}, {complaint}" for complaint in found]
    return comparison


def _compare(
    comparison: Comparison,
    programs: Sequence[Program],
    entry: str,
    library: Collection[str],
    promised: Promises,
    limit: int,
) -> bool:
    """Compare both versions as they are on one platform; whether the first is not at fault itself."""
    observed = programs[0].observable()
    inherited = names_given_away_in_methods(programs[0]) | names_given_away_in_methods(programs[1])
    for names, guards in ((frozenset(), False), (inherited, True)):
        machines = [Machine(program, observed, names, evaluates_guards=guards) for program in programs]
        before_runs, after_runs = (paths(machine, entry, limit) for machine in machines)
        try:
            runs = [{run.answers: run for run in before_runs}]
        except Refused:
            return False
        try:
            runs.append({run.answers: run for run in after_runs})
        except Refused as refused:
            comparison.complaints.append(f"the compiler refuses the fixed version: {refused}")
            return True
        for answers, old in runs[0].items():
            if old.faults:
                return False
            new = runs[1].get(answers)
            if new is None:
                comparison.complaints.append(f"path {answers}: the fixed version asks other questions")
                continue
            comparison.paths += 1
            comparison.leaking_paths += bool(old.leaks)
            comparison.leaks_before += len(old.leaks)
            comparison.leaks_after += len(new.leaks)
            for complaint in _complaints(old, new, library, promised):
                comparison.complaints.append(f"path {answers}: {complaint}")
    return True


def _complaints(old: Run, new: Run, library: Collection[str], promised: Promises) -> Iterable[str]:
    for fault in new.faults:
        yield f"{fault.what} is {fault.kind} in {fault.places[-1]}"
    if (old.trace, old.result) != (new.trace, new.result):
        yield "behaves differently"
    if len(new.leaks) > len(old.leaks):
        yield f"leaks {len(new.leaks)} instead of {len(old.leaks)}"
    for what in broken_promises(old.leaks, new.leaks, library, promised):
        yield f"{what} leaks in spite of its fix"


def broken_promises(
    old: Iterable[Block],
    new: Iterable[Block],
    library: Collection[str],
    promised: Promises,
) -> list[str]:
    """What is made on lines where every finding was fixed, and still leaks.

    Values are distinguished by what they hold and by the function that makes them, because a fix may move
    lines. What is made alike on another line of that function promises nothing.
    """
    kept: Counter[tuple[str, str]] = Counter()
    other: Counter[tuple[str, str]] = Counter()
    for block in old:
        place = block.made_outside(library)
        counted = kept if block.kind in promised.get((place.path, place.line), ()) else other
        counted[place.function, block.content] += 1
    leaking = {
        (block.made_outside(library).function, block.content) for block in new if not block.is_forgotten
    }
    return [f"{what} of {function}" for function, what in sorted(leaking & kept.keys() - other.keys())]
