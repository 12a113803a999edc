"""How the results look: tables for the terminal, tables for the page, and a document for programs."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from benchmarks.processes import memory_kind
from benchmarks.profile import Profile
from benchmarks.rows import Result
from benchmarks.tmlfix import Tmlfix
from benchmarks.yardsticks import PACKAGES, PATTERN, is_installed, version_of

EXPLANATION = "what"
SMALLEST_SHARE = 0.01
"""A smaller share of the time is counted among the others."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A table, apart from how it is drawn."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def drawn(self) -> Table:
        """For a terminal, without the column of explanations, for which there is no room."""
        shown = [number for number, title in enumerate(self.titles) if title != EXPLANATION]
        table = Table(*(self.titles[number] for number in shown))
        for row in self.rows:
            table.add_row(*(row[number] for number in shown))
        return table

    def markdown(self) -> str:
        """For a page."""
        lines = [self.titles, ("---",) * len(self.titles), *self.rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; ``part`` is the part of the page that it belongs to."""

    part: str
    tables: tuple[Columns, ...]
    said: str
    document: Mapping[str, Any]

    def on_page(self, page: str) -> str:
        """The page with this in its place."""
        text = "\n".join((*(table.markdown() for table in self.tables), f"{self.said}\n"))
        pattern = rf"(?s)(<!-- {self.part} -->\n).*?(<!-- end -->)"
        found, count = re.subn(pattern, lambda marks: f"{marks[1]}\n{text}{marks[2]}", page)
        if count != 1:
            raise ValueError(f"the page has {count} parts called {self.part}")
        return found


def circumstances(lines: int, tmlfix: Tmlfix) -> str:
    """What the figures depend on."""
    python = f"Python {platform.python_version()}"
    tools = ", ".join([python, *(version_of(need) for need in PACKAGES if is_installed(need))])
    machine = f"{os.cpu_count()} cores, {platform.system()}"
    said = f"{lines:,} lines of TML; {machine}, {tools}; {datetime.now(UTC):%Y-%m-%d}."
    return said if tmlfix.has_cache else f"{said} This tmlfix has no cache: all its runs are first runs."


def of_rows(results: Sequence[Result], runs: int, circumstances: str) -> Report:
    """The goals with their figures."""
    titles = ("row", EXPLANATION, "goal", "figure", "smallest to largest", "goal is", "made of")
    said = f"Medians of {runs} runs. ast-grep looks for `{PATTERN}`. {_memory()}{circumstances}"
    document = {"circumstances": said, "rows": [_entry(result) for result in results]}
    return Report("rows", (Columns(titles, tuple(map(_cells, results))),), said, document)


def _memory() -> str:
    return f"Memory is the {memory_kind()} of all processes. " if is_installed("psutil") else ""


def _cells(result: Result) -> tuple[str, ...]:
    row = result.row
    if result.skipped:
        return row.name, row.text, row.goal, "", "", result.verdict, result.note
    spread = f"{row.number(result.least)} to {row.number(result.most)}"
    return row.name, row.text, row.goal, row.figure(result.value), spread, result.verdict, result.note


def _entry(result: Result) -> dict[str, Any]:
    row = result.row
    entry = {
        "name": row.name,
        "text": row.text,
        "goal": row.limit,
        "at_least": row.at_least,
        "unit": row.unit,
    }
    if result.skipped:
        return entry | {"skipped": result.skipped}
    samples = [
        {"value": sample.value, "ours": sample.ours, "theirs": sample.theirs, "aside": sample.aside}
        for sample in result.samples
    ]
    figures = {"median": result.value, "smallest": result.least, "largest": result.most, "met": result.is_met}
    return entry | figures | {"samples": samples}


def of_profile(profile: Profile, circumstances: str) -> Report:
    """Where the time goes: by stage, and by rule."""
    found = {"stage": profile.stages, "rule, with the facts that it is the first to ask for": profile.rules}
    tables = tuple(
        Columns(
            (title, "seconds", "share"),
            tuple(
                (name, f"{seconds:.2f}", f"{seconds / profile.seconds:.1%}")
                for name, seconds in _largest(parts, profile.seconds)
            ),
        )
        for title, parts in found.items()
    )
    said = f"One process, {profile.seconds:.1f} s with the sampler. {circumstances}"
    document = {"circumstances": said, "seconds": profile.seconds}
    return Report("profile", tables, said, document | {"stages": profile.stages, "rules": profile.rules})


def _largest(parts: Mapping[str, float], whole: float) -> list[tuple[str, float]]:
    """The parts that matter, the largest first, and the sum of all others."""
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    shown = [(name, seconds) for name, seconds in ordered if seconds >= SMALLEST_SHARE * whole]
    others = ordered[len(shown) :]
    return [*shown, (f"{len(others)} others", sum(seconds for _, seconds in others))]
