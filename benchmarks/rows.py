"""The goals, one for each row of the table, and how its figure is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median

from benchmarks.rounds import CALL, COMMON_CALL, TIMES, Bench, Round, Sample
from benchmarks.yardsticks import PACKAGES, is_installed


@dataclass(frozen=True, slots=True)
class Row:
    """A goal: a limit that the figure reaches, or does not exceed."""

    name: str
    text: str
    limit: float
    measure: Callable[[Round], list[Sample]]
    note: str
    """A template for the note, with the medians of the samples as {ours}, {theirs} and {aside}."""
    unit: str = "times"
    at_least: bool = False
    needs: tuple[str, ...] = ()

    def is_met(self, value: float) -> bool:
        """Whether a figure reaches the goal."""
        return value >= self.limit if self.at_least else value <= self.limit

    @property
    def goal(self) -> str:
        """The goal as people read it."""
        return f"{'at least' if self.at_least else 'at most'} {self.limit:g} {self.unit}"

    def figure(self, value: float) -> str:
        """A figure as people read it."""
        return f"{self.number(value)} {self.unit}"

    def number(self, value: float) -> str:
        """A figure without its unit."""
        return f"{value:,.{0 if self.unit == 'MB' else 2}f}"

    @property
    def missing(self) -> list[str]:
        """The packages that it needs and that are not installed."""
        return [PACKAGES[need] for need in self.needs if not is_installed(need)]


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for a row, or why nothing was."""

    row: Row
    samples: tuple[Sample, ...] = ()
    skipped: str = ""

    @property
    def value(self) -> float:
        """The figure: the median. Of ratios it is the median, not the ratio of medians."""
        return median(sample.value for sample in self.samples)

    @property
    def least(self) -> float:
        """The smallest figure."""
        return min(sample.value for sample in self.samples)

    @property
    def most(self) -> float:
        """The largest figure."""
        return max(sample.value for sample in self.samples)

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return not self.skipped and self.row.is_met(self.value)

    @property
    def verdict(self) -> str:
        """How it compares with the goal."""
        return "skipped" if self.skipped else "met" if self.is_met else "missed"

    @property
    def note(self) -> str:
        """What the figure is made of."""
        if self.skipped:
            return self.skipped
        parts = {
            name: [getattr(sample, name) for sample in self.samples] for name in ("ours", "theirs", "aside")
        }
        known = {name: median(values) for name, values in parts.items() if None not in values}
        return self.row.note.format(**known)


def _parse(round_: Round) -> list[Sample]:
    return [Sample(round_.tml_parser.speed, round_.python_parser.speed)]


def _cold(round_: Round) -> list[Sample]:
    return [Sample(round_.first_check, round_.bench.lines / round_.python_parser.speed)]


def _growth(round_: Round) -> list[Sample]:
    return [Sample(round_.large_check, round_.first_check)]


def _memory_growth(round_: Round) -> list[Sample]:
    return [Sample(round_.large_memory, round_.memory)]


CHECK = "`tmlfix check --all`"

ROWS: tuple[Row, ...] = (
    Row(
        "parse",
        "lines per second of the parser, one core, against LibCST's",
        5,
        _parse,
        "tmlfix {ours:,.0f}, LibCST {theirs:,.0f} lines per second",
        at_least=True,
        needs=("libcst",),
    ),
    Row(
        "cold",
        f"{CHECK}, nothing known before, against LibCST parsing as many lines on one core",
        0.5,
        _cold,
        "tmlfix {ours:.1f} s, LibCST {theirs:.1f} s",
        needs=("libcst",),
    ),
    Row(
        "growth",
        f"time for a tree {TIMES} times as large, nothing known before, against the time for the tree",
        4.4,
        _growth,
        "{ours:.1f} s against {theirs:.1f} s",
    ),
    Row(
        "warm",
        f"{CHECK}, nothing changed, against ast-grep matching one pattern in as many lines on one thread",
        1.0,
        lambda round_: round_.checks_beside_patterns,
        "tmlfix {ours:.2f} s, ast-grep {theirs:.2f} s, {aside:.2f} s with its default threads",
        needs=("ast-grep",),
    ),
    Row(
        "search",
        f"`tmlfix search '{CALL}'`, against ast-grep matching one pattern in as many lines on one thread",
        2.0,
        lambda round_: round_.searches_beside_patterns,
        f"tmlfix {{ours:.2f}} s, ast-grep {{theirs:.2f}} s; {{aside:.2f}} s for `{COMMON_CALL}`",
        needs=("ast-grep",),
    ),
    Row(
        "changed-test",
        f"{CHECK}, one test of about 500 lines changed, against nothing changed",
        1.3,
        lambda round_: round_.checks_after_changes(round_.bench.tests),
        "{ours:.2f} s against {theirs:.2f} s",
    ),
    Row(
        "changed-library",
        f"{CHECK}, one library file of about 500 lines changed, against nothing changed",
        1.3,
        lambda round_: round_.checks_after_changes(round_.bench.modules),
        "{ours:.2f} s against {theirs:.2f} s",
    ),
    Row(
        "one-test",
        f"{CHECK} of one test of about 500 lines alone, nothing known before",
        0.6,
        lambda round_: round_.checks_of_one_test,
        "start-up included",
        unit="s",
    ),
    Row(
        "version",
        "processor seconds of `tmlfix --version`",
        0.12,
        lambda round_: round_.versions,
        "the start of Python included",
        unit="s",
    ),
    Row(
        "memory",
        f"peak memory of all processes of {CHECK}, nothing known before",
        600,
        lambda round_: [Sample(round_.memory)],
        "measured every 20 ms",
        unit="MB",
        needs=("psutil",),
    ),
    Row(
        "memory-growth",
        f"peak memory for a tree {TIMES} times as large, against that for the tree",
        4.4,
        _memory_growth,
        "{ours:,.0f} MB against {theirs:,.0f} MB",
        needs=("psutil",),
    ),
)
"""The goals."""


def measure(bench: Bench, rows: Sequence[Row], runs: int) -> list[Result]:
    """Measure all rows in turn, ``runs`` times over, so that a slow minute of the machine spoils no ratio."""
    samples: dict[str, list[Sample]] = {row.name: [] for row in rows}
    numbers = count(1)
    for number in range(1, runs + 1):
        bench.report(f"run {number} of {runs}")
        round_ = Round(bench, numbers)
        for row in rows:
            if not row.missing:
                samples[row.name] += row.measure(round_)
    return [Result(row, tuple(samples[row.name]), _reason(row, samples[row.name])) for row in rows]


def _reason(row: Row, samples: Sequence[Sample]) -> str:
    """Why there is no figure for a row, if there is none."""
    if row.missing:
        return f"{' and '.join(row.missing)} is not installed"
    return "" if samples else "the tree has no file for it"
