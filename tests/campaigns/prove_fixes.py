"""Fixes random functions and judges every path of the result: `python -m tests.campaigns.prove_fixes --help`.

The functions come from generated_functions, the verdict from second_opinion, which shares no code with the
analysis. A program that tmlfix makes worse is reduced to a small one and printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from itertools import chain, cycle
from zlib import crc32

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from codemods.engine import analyse, plan_fixes
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.findings import Finding, Verdict
from codemods.model.fix_plan import NOTHING, always
from codemods.model.phases import phase_of
from codemods.model.settings import Settings
from tests.campaigns.laws import Outcome, violations
from tests.campaigns.silence import said_without_reason
from tests.campaigns.spoiled_fixes import Spoiled, Written, spoil_each
from tests.campaigns.wrong_rules import WRONG, Spoil
from tests.second_opinion.afflicted_functions import afflicted_programs
from tests.second_opinion.comparison import Line, compare_from
from tests.second_opinion.generated_functions import TEST, GeneratedProgram, entries_of, programs
from tests.second_opinion.heap import KINDS
from tests.second_opinion.mended import MENDABLE
from tests.second_opinion.writing.support import SUPPORT
from tests.second_opinion.writing.table import Table

ABOUT_SOMETHING_ELSE = frozenset({"overwritten-owner", "overwritten-text", "named-release"})
"""Rules whose findings speak of the value that a new one replaces, or of what would not leak anyway."""

CONTAINERS = frozenset({"list", "map", "map iterator"})
"""The blocks that are a container's own."""

UNNAMED = {b"Shelf": b"Label"}
"""Types that hold another one. The compiler drops what that holds only where the test file names it."""

_HELD = re.compile(rb"Holder(?:\[\w+\])?(?:::new\(| \{ inner: )")
"""Where a value goes into a generic struct, which nothing looks at: its finding speaks of other paths."""

_NOT_EVERYWHERE = re.compile(r"not fixed at|; found with")
"""What a finding says that promises nothing of some exits or platforms."""

_PHASE = phase_of(TEST)
assert _PHASE is not None
PHASE = _PHASE.number
"""The phase that covers the programs."""

BATCH = 50
"""Programs that one process judges in a row; a small batch loses little when one goes wrong."""


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
    made_worse: int = 0
    """Programs that were fixed for another compiler, and came to harm with this one."""
    under_laws: int = 0
    """Programs that were also run in other ways, which must end the same."""
    spoiled: Spoiled = field(default_factory=Spoiled)
    """Fixes that were made wrong on purpose."""
    fixed: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    table: Table = field(default_factory=Table)
    """What the programs did with which kinds of value."""

    def add(self, other: Tally) -> None:
        """Add what another process tried."""
        for figure in fields(self):
            if figure.name not in ("spoiled", "table"):
                setattr(self, figure.name, getattr(self, figure.name) + getattr(other, figure.name))
        self.spoiled.add(other.spoiled)
        self.table.merge(other.table)


class WorseThanTheLeak(AssertionError):
    """A program that tmlfix made worse, with what is wrong."""


def _promised(finding: Finding, source: bytes) -> frozenset[str]:
    """The kinds of block that a fixed finding says nothing leaks of.

    A release frees what its method frees: of a list not the elements, of a struct not the strings that the
    compiler drops with it elsewhere. What is taken out of a list is no element of it any more.
    """
    if finding.rule in ABOUT_SOMETHING_ELSE:
        return frozenset()
    if finding.rule == "void-tail" and any(
        outer in source and inner not in source for outer, inner in UNNAMED.items()
    ):
        return frozenset()
    if finding.rule.startswith("undrained") and b".pop()" in source:
        return CONTAINERS
    if finding.rule == "missing-release":
        if _HELD.search(source):
            return frozenset()
        is_container = "(List[" in finding.message or "(HashMap[" in finding.message
        return CONTAINERS if is_container else KINDS - CONTAINERS - {"text"}
    return KINDS


class BrokenLaw(AssertionError):
    """A program that tmlfix refuses to fix, fixes otherwise in another run, or says too much of."""


def judge(
    files: dict[str, bytes],
    tally: Tally,
    *,
    with_laws: bool = False,
    mended: frozenset[str] = frozenset(),
    believed: frozenset[str] | None = None,
) -> None:
    """Fix a program and compare it with what it was, on all its paths.

    The compiler has ``mended`` some defects; ``believed`` is what tmlfix knows of that, by default all.
    """
    profile = CompilerProfile(mended if believed is None else believed)
    result = analyse(files, [PHASE], settings=Settings(compiler=profile))
    if result.errors:
        sources = [f"--- {path}\n{text.decode()}" for path, text in files.items() if path not in SUPPORT]
        raise BrokenLaw("\n".join([*map(str, result.errors), *sources]))
    findings = list(result.findings)
    # functions whose end stays as it is on some platform
    left_alone = {
        (finding.path, finding.function)
        for finding in findings
        if finding.rule == "void-tail" and finding.verdict is not Verdict.FIXABLE
    }
    # functions in which a container is replaced that nothing releases
    overwritten = {
        (finding.path, finding.function)
        for finding in findings
        if finding.rule == "overwritten-owner" and finding.verdict is not Verdict.FIXABLE
    }
    fixed: dict[Line, frozenset[str]] = {}
    for finding in findings:
        if finding.rule == "void-tail" and (finding.path, finding.function) in left_alone:
            continue
        if finding.rule.startswith("undrained") and (finding.path, finding.function) in overwritten:
            continue
        if finding.verdict is Verdict.FIXABLE and (kinds := _promised(finding, files[finding.path])):
            line = (finding.path, finding.line)
            fixed[line] = fixed.get(line, frozenset()) | kinds
    others = {
        (finding.path, finding.line)
        for finding in findings
        if finding.verdict is not Verdict.FIXABLE or _NOT_EVERYWHERE.search(finding.message)
    }
    changed = {path: change.after for phase in result.phases for path, change in phase.changes.items()}
    promised = {line: kinds for line, kinds in fixed.items() if line not in others}
    comparison = compare_from(
        entries_of(files), files, files | changed, library=SUPPORT, promised=promised, mended=mended
    )
    tally.programs += 1
    if comparison is None:
        tally.at_fault += 1
        return
    if comparison.complaints:
        sources = [
            f"--- {path}\n{text.decode()}" for path, text in (files | changed).items() if path not in SUPPORT
        ]
        raise WorseThanTheLeak("\n".join([*comparison.complaints, "the fixed version:", *sources]))
    tally.paths += comparison.paths
    tally.leaking_paths += comparison.leaking_paths
    tally.leaks_before += comparison.leaks_before
    tally.leaks_after += comparison.leaks_after
    tally.fixed.update(finding.rule for finding in findings if finding.verdict is Verdict.FIXABLE)
    tally.reported.update(finding.rule for finding in findings if finding.verdict is not Verdict.FIXABLE)
    if with_laws:
        tally.under_laws += 1
        _check_choices(files)
        _check_laws(Outcome(files, tuple(findings), files | changed, ()))


def _check_choices(files: dict[str, bytes]) -> None:
    """Raise WorseThanTheLeak for a fix that makes a path worse where only what it needs is made with it."""
    plan = plan_fixes(files, requirements=always)
    for chosen in {plan.closed([key]) for key in plan.fixable} - {plan.fixable}:
        changes = plan.changes(NOTHING, chosen)
        after = files | {path: change.after for path, change in changes.items()}
        comparison = compare_from(entries_of(files), files, after, library=SUPPORT)
        if comparison is not None and comparison.complaints:
            names = [f"with only {key.rule} in {key.path}:{key.line}" for key in sorted(chosen)]
            sources = [f"--- {path}\n{text.decode()}" for path, text in after.items() if path not in SUPPORT]
            raise WorseThanTheLeak("\n".join([*names, *comparison.complaints, *sources]))


def _check_laws(fixed: Outcome) -> None:
    """Raise BrokenLaw for a law that does not hold; the same program is always varied in the same way."""
    chance = random.Random(crc32(b"".join(fixed.before.values())))
    broken = chain(
        violations(fixed, [PHASE], chance),
        *(said_without_reason(fixed.before, fixed.findings, entry) for entry in entries_of(fixed.before)),
    )
    for complaint in broken:
        sources = [
            f"--- {path}\n{text.decode()}" for path, text in fixed.before.items() if path not in SUPPORT
        ]
        raise BrokenLaw("\n".join([complaint, "the program:", *sources]))


def prove(
    count: int,
    start: int,
    spoil: Spoil | None = None,
    *,
    with_laws: bool = False,
    mended: frozenset[str] = frozenset(),
    believed: frozenset[str] | None = None,
) -> tuple[Tally, str]:
    """Judge random programs; what was tried, and what was wrong with the first that was made worse.

    It is made small, unless the fixes were spoiled. For ``mended`` and ``believed`` see `judge`; where fixes
    are made for another compiler, those that do harm are only counted.
    """
    tally = Tally()

    @seed(start)
    @given(st.one_of(programs(), afflicted_programs(mended)) if mended else programs())
    @settings(
        max_examples=count,
        phases=(Phase.generate,) if spoil else (Phase.generate, Phase.shrink),
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    def holds(program: GeneratedProgram) -> None:
        if spoil is None:
            paths, fixed = tally.paths, tally.fixed.total()
            try:
                judge(program.files, tally, with_laws=with_laws, mended=mended, believed=believed)
            except WorseThanTheLeak:
                if believed is None:
                    raise
                tally.made_worse += 1
            tally.table.add(program.handled, tally.paths - paths, tally.fixed.total() - fixed)
        else:
            tally.programs += 1
            spoil_each(program.files, spoil, PHASE, tally.spoiled)

    try:
        holds()
    except (WorseThanTheLeak, BrokenLaw, Written) as error:
        return tally, str(error)
    return tally, ""


def _prove(
    arguments: tuple[int, int, Spoil | None, bool, frozenset[str], frozenset[str] | None],
) -> tuple[Tally, str]:
    count, start, spoil, with_laws, mended, believed = arguments
    return prove(count, start, spoil, with_laws=with_laws, mended=mended, believed=believed)


def main() -> int:
    """Run the command; 1 if a fix was worse than the leak."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=20_000, help="how many programs (20000)")
    parser.add_argument("--seed", type=int, default=1, help="where the random programs start (1)")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), help="how many processes")
    parser.add_argument(
        "--wrong-rules", action="store_true", help="spoil fixes, one at a time: nothing worse may be written"
    )
    parser.add_argument(
        "--laws",
        type=float,
        default=0.01,
        metavar="SHARE",
        help="how many of the programs are also run in other ways, which must end the same (0.01)",
    )
    parser.add_argument(
        "--table",
        choices=("programs", "paths", "fixes"),
        help="print a table of what was done with which kinds of value, in how many of these",
    )
    parser.add_argument(
        "--mended",
        choices=(*sorted(MENDABLE), "all"),
        help="fix and judge for a compiler that has mended this defect, or all that it can be asked for",
    )
    parser.add_argument(
        "--unaware", action="store_true", help="fix as for a compiler that has mended nothing, and count harm"
    )
    options = parser.parse_args()
    mended = MENDABLE if options.mended == "all" else frozenset(filter(None, [options.mended]))
    spoils: tuple[Spoil | None, ...] = WRONG if options.wrong_rules else (None,)
    starts = range(0, options.programs, BATCH)
    batches = [
        (
            min(BATCH, options.programs - done),
            options.seed * 1_000_000 + done,
            spoil,
            spoil is None and not mended and int((number + 1) * options.laws) > int(number * options.laws),
            mended,
            frozenset() if options.unaware else None,
        )
        for number, (done, spoil) in enumerate(zip(starts, cycle(spoils), strict=False))
    ]
    started = time.monotonic()
    tally = Tally()
    wrong: list[str] = []
    with multiprocessing.Pool(options.jobs, maxtasksperchild=4) as pool:
        for counts, complaint in pool.imap_unordered(_prove, batches):
            tally.add(counts)
            if complaint:
                wrong.append(complaint)
                print(f"\n{complaint}\n", flush=True)
            if sys.stderr.isatty():
                print(f"\r{tally.programs} programs", end="", file=sys.stderr, flush=True)
    print(
        f"{tally.programs:,} programs, {tally.paths:,} paths, {tally.leaking_paths:,} of them leaking; "
        f"{tally.leaks_before:,} leaks before, {tally.leaks_after:,} after; "
        f"{tally.fixed.total():,} findings fixed, {tally.reported.total():,} reported; "
        f"{tally.at_fault} programs at fault themselves, {len(wrong) + tally.made_worse} made worse; "
        + (f"{tally.under_laws:,} also run in other ways; " if tally.under_laws else "")
        + f"{time.monotonic() - started:,.0f} s"
    )
    for rule, number in sorted(tally.fixed.items()):
        print(f"  {rule:20} {number:>7,} fixed {tally.reported[rule]:>7,} reported")
    for mistake, number in sorted(tally.spoiled.tried.items()):
        refused, harmless = tally.spoiled.refused[mistake], tally.spoiled.harmless[mistake]
        print(f"  {mistake:28} {number:>6,} spoiled {refused:>6,} refused {harmless:>6,} harmless")
    if options.table:
        print(f"\n{tally.table.markdown(options.table)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
