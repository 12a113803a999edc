"""Fixes random functions and judges every path of the result: `python tests/prove_fixes.py --help`.

The functions come from tml_functions, the verdict from second_opinion, which shares no code with the
analysis. A program that tmlfix makes worse is reduced to a small one and printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, seed, settings
from second_opinion.comparison import compare
from tml_functions import ENTRY, LIBRARY, programs

from codemods.engine import analyse
from codemods.findings import Verdict
from codemods.phases import phase_of


@dataclass(slots=True)
class Tally:
    """What was tried."""

    programs: int = 0
    at_fault: int = 0
    """Programs that release twice by themselves."""
    paths: int = 0
    leaking_paths: int = 0
    leaks_before: int = 0
    leaks_after: int = 0
    fixed: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add what another process tried."""
        for name in ("programs", "at_fault", "paths", "leaking_paths", "leaks_before", "leaks_after"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.fixed += other.fixed
        self.reported += other.reported


class WorseThanTheLeak(AssertionError):
    """A program that tmlfix made worse, with the complaints."""


def judge(files: dict[str, bytes], tally: Tally) -> None:
    """Fix a program and compare it with what it was, on all its paths."""
    phase = phase_of(LIBRARY)
    assert phase is not None
    result = analyse(files, [phase.number])
    assert not result.errors, result.errors
    findings = list(result.findings)
    fixed = {(each.path, each.line) for each in findings if each.verdict is Verdict.FIXED}
    others = {
        (each.path, each.line)
        for each in findings
        if each.verdict is not Verdict.FIXED or "not mended" in each.message
    }
    changed = {path: change.after for each in result.phases for path, change in each.changes.items()}
    comparison = compare(files, files | changed, ENTRY, library=LIBRARY, promised=fixed - others)
    tally.programs += 1
    if comparison is None:
        tally.at_fault += 1
        return
    if comparison.complaints:
        sources = [
            f"--- {path}\n{text.decode()}" for path, text in (files | changed).items() if path != LIBRARY
        ]
        raise WorseThanTheLeak("\n".join([*comparison.complaints, "the fixed version:", *sources]))
    tally.paths += comparison.paths
    tally.leaking_paths += comparison.leaking_paths
    tally.leaks_before += comparison.leaks_before
    tally.leaks_after += comparison.leaks_after
    tally.fixed.update(each.rule for each in findings if each.verdict is Verdict.FIXED)
    tally.reported.update(each.rule for each in findings if each.verdict is not Verdict.FIXED)


def prove(count: int, start: int) -> tuple[Tally, str]:
    """Judge random programs; what was tried, and what was wrong with the first that was worse."""
    tally = Tally()

    @seed(start)
    @given(programs())
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def holds(files: dict[str, bytes]) -> None:
        judge(files, tally)

    try:
        holds()
    except WorseThanTheLeak as error:
        return tally, str(error)
    return tally, ""


def _prove(arguments: tuple[int, int]) -> tuple[Tally, str]:
    return prove(*arguments)


def main() -> int:
    """Run the command; 1 if a fix was worse than the leak."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=20_000, help="how many programs (20000)")
    parser.add_argument("--seed", type=int, default=1, help="where the random programs start (1)")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), help="how many processes")
    options = parser.parse_args()
    batch = 250
    batches = [
        (min(batch, options.programs - done), options.seed * 1_000_000 + done)
        for done in range(0, options.programs, batch)
    ]
    started = time.monotonic()
    tally = Tally()
    wrong: list[str] = []
    with multiprocessing.Pool(options.jobs, maxtasksperchild=4) as pool:
        for each, complaint in pool.imap_unordered(_prove, batches):
            tally.add(each)
            if complaint:
                wrong.append(complaint)
                print(f"\n{complaint}\n", flush=True)
            if sys.stderr.isatty():
                print(f"\r{tally.programs} programs", end="", file=sys.stderr, flush=True)
    print(
        f"{tally.programs:,} programs, {tally.paths:,} paths, {tally.leaking_paths:,} of them leaking; "
        f"{tally.leaks_before:,} leaks before, {tally.leaks_after:,} after; "
        f"{tally.fixed.total():,} findings fixed, {tally.reported.total():,} reported; "
        f"{tally.at_fault} programs at fault themselves, {len(wrong)} made worse; "
        f"{time.monotonic() - started:,.0f} s"
    )
    for rule, number in sorted(tally.fixed.items()):
        print(f"  {rule:20} {number:>7,} fixed {tally.reported[rule]:>7,} reported")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
