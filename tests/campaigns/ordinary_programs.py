"""Fix the ordinary programs with tmlfix, and count their leaks with a real compiler before and after.

.venv/bin/python -m tests.campaigns.ordinary_programs TREE --tml "tml test {} --log-filter=test=info"

The programs were written by authors who know the language and the library and nothing of tmlfix, with the
leaks that people make. Those of the first two were looked at while rules were written, the ones with even
numbers later than the others (``--half even``); those of the third were not (``--author third``). No program
is changed once tmlfix has seen it.

TREE is a folder that the compiler runs in, with the library below lib/ and whatever else it needs. The
programs are written there, run and removed again; give it a copy. The fixed programs run with freed memory
overwritten. Ends with 1 when a program is broken, leaks more than before, or does not leak what its
expected.tsv says.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult
from codemods.model.phases import PHASES
from codemods.verification.leak_log import read_log
from codemods.verification.leak_report import combine
from codemods.verification.processes import command_on, read_command, run
from codemods.verification.runner_log import read_result
from tests.campaigns.scratch_tree import written

FOLDER = Path(__file__).parent / "programs"

OVERWRITE_FREED_MEMORY = {"MALLOC_PERTURB_": "165"}
"""What glibc's allocator reads: released blocks are filled, so that a use after a release shows."""


@dataclass(frozen=True, slots=True)
class Program:
    """A library module or more with their tests; ``leaks`` has the leaks of each test file, unfixed."""

    name: str
    files: Mapping[str, bytes]
    leaks: Mapping[str, int]

    @property
    def number(self) -> int:
        """The number in its author's list, from 1."""
        return int(self.name.rpartition("/")[2].partition("-")[0])

    @property
    def author(self) -> str:
        """Who wrote it: the first, the second or the third."""
        return self.name.partition("-author")[0]

    @property
    def total(self) -> int:
        """The leaks of all of its tests, unfixed."""
        return sum(self.leaks.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """A program's leaks before and after its fixes, or why they are not known."""

    program: Program
    before: str
    after: str

    @property
    def is_broken(self) -> bool:
        """Whether the fixes cost more than they are worth."""
        return not self.after.isdigit() or (self.before.isdigit() and int(self.after) > int(self.before))

    @property
    def is_as_expected(self) -> bool:
        """Whether the unfixed program leaks what was measured when it was written."""
        return self.before == str(self.program.total)


def read_programs(folder: Path = FOLDER) -> list[Program]:
    """All programs, by author and number."""
    programs = []
    for expected in sorted(folder.glob("*/*/expected.tsv")):
        home = expected.parent
        files = {file.relative_to(home).as_posix(): file.read_bytes() for file in sorted(home.rglob("*.tml"))}
        rows = [line.split("\t") for line in expected.read_text().splitlines()]
        leaks = {path: int(count) for path, count, _ in rows}
        programs.append(Program(home.relative_to(folder).as_posix(), files, leaks))
    return programs


def analysed(program: Program) -> AnalysisResult:
    """What tmlfix finds in a program, in all phases."""
    return analyse(program.files, [phase.number for phase in PHASES])


def fixed(files: Mapping[str, bytes], result: AnalysisResult) -> dict[str, bytes]:
    """The files with the fixes of a result."""
    changes = {path: change.after for phase in result.phases for path, change in phase.changes.items()}
    return dict(files) | changes


def leaks(
    tree: Path, command: tuple[str, ...], files: Mapping[str, bytes], tests: list[str], seconds: float
) -> str:
    """How many leaks there are when all tests have run, or why that is not known."""
    total = 0
    with written(tree, files):
        for test in tests:
            with tempfile.TemporaryDirectory() as scratch:
                ending = run(
                    command_on(command, test),
                    folder=tree,
                    output=Path(scratch, "log"),
                    seconds=seconds,
                    stop=threading.Event(),
                )
            result = read_result(ending.output)
            if not result.ok:
                return "does not compile" if result.does_not_compile else "test fails"
            total += combine(read_log(io.BufferedReader(io.BytesIO(ending.output)))).leaks.total.leaks
    return str(total)


def measured(program: Program, tree: Path, command: tuple[str, ...], seconds: float) -> Outcome:
    """A program's leaks before and after."""
    tests = list(program.leaks)
    before = leaks(tree, command, program.files, tests, seconds)
    after_fixes = fixed(program.files, analysed(program))
    os.environ.update(OVERWRITE_FREED_MEMORY)
    try:
        after = leaks(tree, command, after_fixes, tests, seconds)
    finally:
        for name in OVERWRITE_FREED_MEMORY:
            del os.environ[name]
    return Outcome(program, before, after)


def summary(outcomes: list[Outcome]) -> str:
    """The last line: leaks before and after, where a broken program counts as it was, and the broken ones."""
    before = sum(outcome.program.total for outcome in outcomes)
    left = sum(outcome.program.total if outcome.is_broken else int(outcome.after) for outcome in outcomes)
    share = f", {1 - left / before:.0%} gone" if before else ""
    broken = sum(outcome.is_broken for outcome in outcomes)
    return f"{len(outcomes)} programs: {before} leaks before, {left} after{share}; {broken} broken"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--tml", required=True, metavar="COMMAND", help="what runs one test file")
    parser.add_argument("--half", choices=("odd", "even"), help="only the programs with such numbers")
    parser.add_argument("--author", choices=("first", "second", "third"), help="only the programs of one")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for one run")
    return parser.parse_args()


def main() -> int:
    """Print a line for each program, and the total."""
    options = parse_arguments()
    command = read_command(options.tml, Path.cwd())
    outcomes = []
    for program in read_programs():
        if options.half not in (None, "odd" if program.number % 2 else "even"):
            continue
        if options.author not in (None, program.author):
            continue
        outcome = measured(program, options.tree, command, options.timeout)
        outcomes.append(outcome)
        mark = "BROKEN" if outcome.is_broken else "" if outcome.is_as_expected else "UNEXPECTED"
        print(f"{program.name:<36} {outcome.before:>4} {outcome.after:>4} {mark}".rstrip(), flush=True)
    print(summary(outcomes))
    return 1 if any(outcome.is_broken or not outcome.is_as_expected for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
