"""The criteria of the leak plan: whether logs meet them, miss them, or do not say."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from codemods.model.phases import phase_of
from codemods.verification.leak_plan import Limits, leak_plan
from codemods.verification.leak_report import LeakReport
from codemods.verification.leaks import Amount, total

_NEVER_RUN = re.compile(r"(?:^|/)(?:errors|pending)/")
"""Folders whose tests the runner skips."""


class Verdict(StrEnum):
    """The verdict on a criterion."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


PARTIAL = "partial run"
"""The short reason where test files of the tree did not run."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a criterion is not measured. A reason that several criteria share has a ``short`` form."""

    text: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion with its verdict. ``value`` is None if the logs say nothing of it."""

    name: str
    goal: str
    unit: str
    limit: int
    verdict: Verdict
    value: int | None
    detail: str = ""
    unknown: tuple[Reason, ...] = ()
    """Why it was not measured; ``detail`` has the same in one line."""

    @property
    def distance(self) -> int:
        """By how much the figure must still fall."""
        return max((self.value or 0) - self.limit + 1, 0)


def all_met(criteria: Collection[Criterion]) -> bool:
    """Whether every criterion is met."""
    return all(criterion.verdict is Verdict.MET for criterion in criteria)


def judge(report: LeakReport, tree: Collection[str] = ()) -> tuple[Criterion, ...]:
    """Judge the criteria. A goal is met only if the logs prove it; the leaks that they show can miss it.

    ``tree`` are the files of the library, where it is known: all of its test files must have run then.
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
        why = "; ".join(reason.text for reason in unknown)
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
    over = [suite for suite, leaks in suites.items() if leaks.leaks >= limits.suite_leaks]
    detail = f"worst: {worst}" if worst else ""
    if len(over) > 1:
        detail = f"worst: {worst}; {len(over)} suites are not below"
    if not reason and amount.leaks + report.leaks.elsewhere.leaks >= limits.suite_leaks:
        reason = (Reason(f"{report.leaks.elsewhere.leaks} leaks have no file"),)
    return _judged("suites", "leaks in every suite", "leak", limits.suite_leaks, amount.leaks, reason, detail)


def _cut(report: LeakReport) -> tuple[Reason, ...]:
    """What is missing in the logs."""
    return tuple(Reason(gap, "the log is not complete") for gap in report.gaps)


def _failed(report: LeakReport) -> tuple[Reason, ...]:
    """Test files that failed or did not run."""
    return (Reason(report.failures, "tests failed"),) if report.failed else ()


def _not_run(report: LeakReport, tree: Collection[str]) -> tuple[Reason, ...]:
    """Test files of the tree that the logs do not name."""
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
