"""What is measured: everything once in each round, close in time to what it is compared with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

from benchmarks.corpus import alone, changed, lines_in, typical, write_files
from benchmarks.growth import grown
from benchmarks.processes import Command
from benchmarks.tmlfix import Tmlfix
from benchmarks.yardsticks import parse_command, pattern_command, write_standard_library

TIMES = 4
"""How many times larger the large tree is."""
SHORT_RUNS = 3
"""How often something short is measured in a round."""

CALL = "print($...arguments)"
"""Calls of one function with any arguments, as ast-grep looks for."""
COMMON_CALL = "assert_eq($...arguments)"
"""Calls that most files have."""

Log = Callable[[str], None]
"""Called with what was done, for people."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A figure of tmlfix, what it is divided by if it is a ratio, and a further figure for the note."""

    ours: float
    theirs: float | None = None
    aside: float | None = None

    @property
    def value(self) -> float:
        """What is compared with the goal."""
        return self.ours if self.theirs is None else self.ours / self.theirs


@dataclass(frozen=True, slots=True)
class Parsing:
    """How many lines a parser read, and how long it took."""

    lines: int
    seconds: float

    @property
    def speed(self) -> float:
        """Lines per second."""
        return self.lines / self.seconds


@dataclass(frozen=True)
class Bench:
    """The programs, and the trees to measure them on; each is made when it is first needed."""

    files: Mapping[str, bytes]
    scratch: Path
    report: Log

    @cached_property
    def tmlfix(self) -> Tmlfix:
        """The program, with caches of its own."""
        return Tmlfix(self.scratch / "caches")

    @cached_property
    def lines(self) -> int:
        """The lines of the corpus."""
        return lines_in(self.files)

    @cached_property
    def tree(self) -> Path:
        """A copy of the corpus, in which files may change."""
        return write_files(self.scratch / "tree", self.files)

    @cached_property
    def large_tree(self) -> Path:
        """A tree several times as large as the corpus."""
        self.report(f"making a tree {TIMES} times as large")
        return write_files(self.scratch / "large", grown(self.files, TIMES))

    @cached_property
    def python(self) -> Path:
        """A folder with as many lines of Python."""
        self.report("copying as many lines of Python's standard library")
        write_standard_library(self.scratch / "python", self.lines)
        return self.scratch / "python"

    @cached_property
    def tests(self) -> list[str]:
        """Tests of a typical length."""
        return typical(self.files, SHORT_RUNS, tests=True)

    @cached_property
    def modules(self) -> list[str]:
        """Files of the library of a typical length."""
        return typical(self.files, SHORT_RUNS, tests=False)

    @cached_property
    def lone_test(self) -> Path:
        """A folder with one test and nothing else."""
        path = self.tests[0]
        return write_files(self.scratch / "alone", {alone(path): self.files[path]})

    @cached_property
    def warm_runs(self) -> int:
        """How often a check that uses the cache is measured in a round."""
        return SHORT_RUNS if self.tmlfix.has_cache else 1


@dataclass(frozen=True)
class Round:
    """One measurement of everything that the rows need."""

    bench: Bench
    numbers: count[int] = field(default_factory=count)
    """A new number for each change of a file."""

    @cached_property
    def tml_parser(self) -> Parsing:
        """The parser of tmlfix over the corpus."""
        return self._parsing("tml", self.bench.tree)

    @cached_property
    def python_parser(self) -> Parsing:
        """LibCST over as many lines."""
        return self._parsing("py", self.bench.python)

    @cached_property
    def first_check(self) -> float:
        """Seconds for a check with an empty cache."""
        return self._seconds("tmlfix check, cold", self.bench.tmlfix.first_check(self.bench.tree))

    @cached_property
    def checks_beside_patterns(self) -> list[Sample]:
        """Checks after no change, each with ast-grep on one thread and, aside, with its default threads."""
        _ = self.first_check
        return [
            Sample(
                self._unchanged(),
                self._seconds("ast-grep, one thread", pattern_command(self.bench.python, 1)),
                self._seconds("ast-grep, its default threads", pattern_command(self.bench.python, 0)),
            )
            for _ in range(self.bench.warm_runs)
        ]

    @cached_property
    def searches_beside_patterns(self) -> list[Sample]:
        """Searches for a call, each with ast-grep on one thread and, aside, for one that most files have."""
        search, tree = self.bench.tmlfix.search, self.bench.tree
        return [
            Sample(
                self._seconds("tmlfix search", search(tree, CALL)),
                self._seconds("ast-grep, one thread", pattern_command(self.bench.python, 1)),
                self._seconds("tmlfix search, a common call", search(tree, COMMON_CALL)),
            )
            for _ in range(SHORT_RUNS)
        ]

    def checks_after_changes(self, paths: Sequence[str]) -> list[Sample]:
        """Checks after one file changed, each with one after no change."""
        _ = self.first_check
        return [Sample(self._changed(path), self._unchanged()) for path in paths[: self.bench.warm_runs]]

    @cached_property
    def checks_of_one_test(self) -> list[Sample]:
        """Checks of one test alone with an empty cache."""
        return [
            Sample(
                self._seconds("tmlfix check, one test", self.bench.tmlfix.first_check(self.bench.lone_test))
            )
            for _ in range(SHORT_RUNS if self.bench.tests else 0)
        ]

    @cached_property
    def versions(self) -> list[Sample]:
        """Processor seconds for printing the version."""
        found = [self.bench.tmlfix.version().processor_seconds() for _ in range(SHORT_RUNS)]
        for seconds in found:
            self.bench.report(f"tmlfix --version: {seconds:.2f} processor seconds")
        return [Sample(seconds) for seconds in found]

    @cached_property
    def memory(self) -> float:
        """Megabytes for a check with an empty cache."""
        return self._memory("tmlfix check, cold", self.bench.tmlfix.first_check(self.bench.tree))

    @cached_property
    def large_check(self) -> float:
        """Seconds for the large tree."""
        return self._seconds("tmlfix check, large tree", self.bench.tmlfix.first_check(self.bench.large_tree))

    @cached_property
    def large_memory(self) -> float:
        """Megabytes for the large tree."""
        return self._memory("tmlfix check, large tree", self.bench.tmlfix.first_check(self.bench.large_tree))

    def _unchanged(self) -> float:
        return self._seconds("tmlfix check, nothing changed", self.bench.tmlfix.check(self.bench.tree))

    def _changed(self, path: str) -> float:
        """Seconds for a check after one new change of one file."""
        source = changed(self.bench.files[path], next(self.numbers))
        assert source is not None
        (self.bench.tree / path).write_bytes(source)
        return self._seconds("tmlfix check, one file changed", self.bench.tmlfix.check(self.bench.tree))

    def _parsing(self, suffix: str, folder: Path) -> Parsing:
        found = Parsing(**json.loads(parse_command(suffix, folder).output()))
        self.bench.report(f"parser of .{suffix}: {found.lines:,} lines in {found.seconds:.2f} s")
        return found

    def _seconds(self, what: str, command: Command) -> float:
        seconds = command.seconds()
        self.bench.report(f"{what}: {seconds:.2f} s")
        return seconds

    def _memory(self, what: str, command: Command) -> float:
        memory = command.peak_memory()
        self.bench.report(f"{what}: {memory:.0f} MB")
        return memory
