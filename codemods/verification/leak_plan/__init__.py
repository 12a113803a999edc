"""The leak plan: its figures, how far they have come down, and its criteria of success.

The figures are data, in the file beside this one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from codemods.model.phases import phase_of
from codemods.verification.leak_log import size_in_bytes
from codemods.verification.leak_report import LeakReport
from codemods.verification.leaks import Amount, Leaks, folder_name, grouped, module_of, total, worst_first

_NEVER_RUN = re.compile(r"(?:^|/)(?:errors|pending)/")
"""Folders whose tests the runner passes over."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of test files in the plan, with the sum that the plan gives for it, if any."""

    name: str
    phase: int
    sum: Amount | None
    files: Mapping[str, Amount]
    """By the folder of the module and the name; none where the plan names no file."""

    @property
    def rows(self) -> Amount:
        """The sum of its files; without files, the plan's own."""
        return total(self.files.values()) if self.files or self.sum is None else self.sum

    @property
    def is_added_up_wrongly(self) -> bool:
        """Whether the plan's sum is not that of its rows, as far as both are told in bytes."""
        if self.sum is None or not self.files:
            return False
        if self.sum.leaks != self.rows.leaks:
            return True
        return self.sum.exact and self.rows.exact and self.sum.bytes != self.rows.bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What the criteria ask for: each figure must be below its limit."""

    client: str
    client_leaks: int
    total_leaks: int
    total_bytes: int
    suite_leaks: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan's figures."""

    headline: Amount
    groups: tuple[Group, ...]
    limits: Limits

    @property
    def listed(self) -> Amount:
        """The sum of all that the plan lists."""
        return total(group.rows for group in self.groups)

    @property
    def unlisted(self) -> Amount:
        """What the headline counts and no row does. The list that the plan leaves open is that of phase 5."""
        return Amount(
            max(self.headline.leaks - self.listed.leaks, 0),
            max(self.headline.bytes - self.listed.bytes, 0),
            exact=False,
        )

    @property
    def leaks(self) -> Leaks:
        """The leaks of the files that the plan names."""
        return Leaks({path: amount for group in self.groups for path, amount in group.files.items()})

    def by_phase(self) -> dict[int, Amount]:
        """The leaks of each phase, with what is not listed in phase 5."""
        phases = {5: self.unlisted}
        for group in self.groups:
            phases[group.phase] = phases.get(group.phase, Amount()) + group.rows
        return dict(sorted(phases.items()))

    def by_module(self) -> dict[str, Amount]:
        """The leaks of each module, by the name of its folder, the worst first."""
        modules = grouped(self.leaks.files, module_of)
        modules |= {group.name: group.rows for group in self.groups if not group.files}
        return worst_first(modules)


@cache
def leak_plan() -> Plan:
    """The plan."""
    text = files("codemods.verification.leak_plan").joinpath("figures.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return Plan(
        _amount(**data["headline"]),
        tuple(_group(**group) for group in data["groups"]),
        Limits(**data["criteria"]),
    )


def _group(name: str, phase: int, files: Mapping[str, Any] | None = None, **stated: Any) -> Group:
    rows = {path: _amount(*row) for path, row in (files or {}).items()}
    return Group(name, phase, _amount(**stated) if stated else None, rows)


def _amount(leaks: int, size: str) -> Amount:
    return (size_in_bytes(size) if size else Amount(exact=False)) + Amount(leaks)


# The criteria of success


class Verdict(StrEnum):
    """How a criterion stands."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


PARTIAL = "partial run"
"""The word for test files of the tree that did not run."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a criterion is not measured. Reasons of more than one criterion have a ``word`` for short."""

    text: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion, judged. ``value`` is None where the logs tell nothing of it."""

    name: str
    goal: str
    unit: str
    limit: int
    verdict: Verdict
    value: int | None
    detail: str = ""
    unknown: tuple[Reason, ...] = ()
    """Why it was not measured, if so; ``detail`` has the same in one line."""

    @property
    def distance(self) -> int:
        """How much must still go."""
        return max((self.value or 0) - self.limit + 1, 0)


def all_met(criteria: Collection[Criterion]) -> bool:
    """Whether every criterion is met."""
    return all(criterion.verdict is Verdict.MET for criterion in criteria)


def judge(report: LeakReport, tree: Collection[str] = ()) -> tuple[Criterion, ...]:
    """Judge the criteria. What logs do not prove is not met: a leak that was seen can only miss a goal.

    With the files of the ``tree`` the sums need all of its test files to have run.
    """
    limits = leak_plan().limits
    reason = (*_cut(report), *_failed(report), *_not_run(report, tree))
    sums = report.leaks.total
    return (
        _client(report, limits),
        _judged("total leaks", "leaks in total", "leak", limits.total_leaks, sums.leaks, reason),
        _judged("total memory", "bytes in total", "byte", limits.total_bytes, sums.bytes, reason),
        _suites(report, limits, reason),
    )


def _judged(
    name: str,
    goal: str,
    unit: str,
    limit: int,
    value: int | None,
    unknown: tuple[Reason, ...],
    detail: str = "",
) -> Criterion:
    goal = f"below {limit:,} {goal}"
    if value is not None and value >= limit:
        return Criterion(name, goal, unit, limit, Verdict.MISSED, value, detail)
    if unknown:
        why = "; ".join(each.text for each in unknown)
        return Criterion(name, goal, unit, limit, Verdict.NOT_MEASURED, value, why, unknown)
    return Criterion(name, goal, unit, limit, Verdict.MET, value, detail)


def _client(report: LeakReport, limits: Limits) -> Criterion:
    paths = [path for path in report.ran | report.failed if _is_file(path, limits.client)]
    value = total(report.leaks.files.get(path, Amount()) for path in paths).leaks
    elsewhere = report.leaks.elsewhere.leaks
    unknown: tuple[Reason, ...]
    if not paths:
        unknown = (Reason("the logs do not show that it ran"),)
    elif report.failed.intersection(paths):
        unknown = (Reason("it failed or did not run"),)
    elif value + elsewhere >= limits.client_leaks and elsewhere:
        unknown = (Reason(f"{elsewhere} leaks have no file"),)
    else:
        unknown = _cut(report)
    return _judged(
        "client test",
        f"leaks in {limits.client}",
        "leak",
        limits.client_leaks,
        value if paths else None,
        unknown,
    )


def _suites(report: LeakReport, limits: Limits, reason: tuple[Reason, ...]) -> Criterion:
    suites = report.leaks.by_module()
    worst, amount = next(iter(suites.items()), ("", Amount()))
    over = [suite for suite, each in suites.items() if each.leaks >= limits.suite_leaks]
    detail = f"worst: {worst}" if worst else ""
    if len(over) > 1:
        detail = f"worst: {worst}; {len(over)} suites are not below"
    if not reason and amount.leaks + report.leaks.elsewhere.leaks >= limits.suite_leaks:
        reason = (Reason(f"{report.leaks.elsewhere.leaks} leaks have no file"),)
    return _judged("suites", "leaks in every suite", "leak", limits.suite_leaks, amount.leaks, reason, detail)


def _cut(report: LeakReport) -> tuple[Reason, ...]:
    """What the logs lack, if anything."""
    return tuple(Reason(gap, "the log is not whole") for gap in report.gaps)


def _failed(report: LeakReport) -> tuple[Reason, ...]:
    """That tests failed or did not come to run, if so."""
    return (Reason(report.failures, "tests failed"),) if report.failed else ()


def _not_run(report: LeakReport, tree: Collection[str]) -> tuple[Reason, ...]:
    """That test files of the tree did not run, if so."""
    tests = {
        path for path in tree if path.endswith(".test.tml") and phase_of(path) and not _NEVER_RUN.search(path)
    }
    missing = sorted(tests - report.ran - report.failed)
    if not missing:
        return ()
    text = f"{len(missing)} test files of the tree did not run"
    if len(missing) < len(tests):
        text = f"{len(missing)} of {len(tests)} test files of the tree did not run, for example {missing[0]}"
    return (Reason(text, PARTIAL),)


def _is_file(path: str, name: str) -> bool:
    return path == name or path.endswith(f"/{name}")


# How far it has come


@dataclass(frozen=True, slots=True)
class Figures:
    """Leaks by phase, module and file, for files of the names that the plan or the logs use."""

    total: Amount
    phases: Mapping[int, Amount]
    modules: Mapping[str, Amount]
    files: Mapping[str, Amount]

    @classmethod
    def planned(cls) -> Figures:
        """Those of the plan."""
        plan = leak_plan()
        return cls(plan.headline, plan.by_phase(), plan.by_module(), plan.leaks.by_file())

    @classmethod
    def measured(cls, leaks: Leaks, name: Callable[[str], str]) -> Figures:
        """Those of logs, with ``name`` for the paths of files."""
        files = grouped(leaks.files, name)
        return cls(leaks.total, leaks.by_phase(), grouped(files, module_of), files)

    def with_names_of(self, other: Figures) -> Figures:
        """The same, with the modules and files of ``other`` that leak nothing here."""
        return replace(
            self,
            modules={**dict.fromkeys(other.modules, Amount()), **self.modules},
            files={**dict.fromkeys(other.files, Amount()), **self.files},
        )


def short_name(path: str) -> str:
    """A file as the plan names it: the folder of its module, and its name."""
    return f"{folder_name(module_of(path))}/{path.rpartition('/')[2]}"


def full_name(path: str) -> str:
    """A file by its path."""
    return path
