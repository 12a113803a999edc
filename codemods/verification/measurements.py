"""Leaks that were measured, beside what tmlfix finds in the tree of the current folder."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from codemods.app import commands
from codemods.app.sources import in_a_tree, read_head_or_working_tree
from codemods.model.errors import UserError
from codemods.model.findings import InputError, Verdict
from codemods.model.phases import PHASES
from codemods.model.progress import Progress
from codemods.verification.leak_log import Run, read_log
from codemods.verification.leak_plan import Figures, full_name, short_name
from codemods.verification.leak_report import LeakReport, combine, known_paths
from codemods.verification.leaks import Amount, Change, changes, module_of, phase_number, share_gone, total

STANDARD_INPUT = "-"
ADVICE = "make the log with: tml test --no-cache --log-filter=test=info 2>&1 | tee tests.log"

Key = TypeVar("Key")


@dataclass(frozen=True)
class Tree:
    """The library in the current folder, and what tmlfix finds in it."""

    source: str
    files: tuple[str, ...]
    findings: Mapping[str, Counter[Verdict]]
    """The number of findings of each verdict, by file."""
    errors: tuple[InputError, ...] = ()

    @cached_property
    def by_file(self) -> Counter[str]:
        """How many findings a file has."""
        return Counter({path: counts.total() for path, counts in self.findings.items()})

    @cached_property
    def by_module(self) -> Counter[str]:
        """How many findings a module has, in its source and its tests."""
        return _summed(self.by_file, module_of)

    @cached_property
    def by_phase(self) -> Counter[int]:
        """How many findings a phase has."""
        return _summed(self.by_file, phase_number)

    def verdicts(self, phase: int) -> Counter[Verdict]:
        """How many findings of each verdict a phase has."""
        found = (counts for path, counts in self.findings.items() if phase_number(path) == phase)
        return sum(found, Counter[Verdict]())

    def share_without_findings(self, phase: int) -> tuple[int, int]:
        """How many files of a phase have nothing to be found, and how many it has."""
        files = [path for path in self.files if phase_number(path) == phase]
        return sum(not self.by_file[path] for path in files), len(files)


def read_tree(progress: Progress | None = None) -> Tree | None:
    """The tree that the current folder is in; None if it is in none.

    Raises `UserError` if it cannot be read.
    """
    if not in_a_tree():
        return None
    request = commands.Request(tuple(phase.number for phase in PHASES))
    report = commands.preview(request, progress=progress)
    findings: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for phase in report.phases:
        for finding in phase.findings:
            findings[finding.path][finding.verdict] += 1
    return Tree(report.source, report.files, findings, report.errors) if report.files else None


def tree_files() -> tuple[str, ...]:
    """The files of the tree that the current folder is in; none if there is none or it cannot be read."""
    if not in_a_tree():
        return ()
    try:
        return tuple(read_head_or_working_tree(()).workspace.files)
    except UserError:
        return ()


def read_logs(paths: Sequence[Path]) -> list[list[Run]]:
    """The runs of each log. Raises `UserError` for a log that cannot be read or has no run in it."""
    if sum(str(path) == STANDARD_INPUT for path in paths) > 1:
        raise UserError("standard input can be read only once; name it only once")
    return [_read(path) for path in paths]


def _read(path: Path) -> list[Run]:
    try:
        if str(path) == STANDARD_INPUT:
            runs = read_log(sys.stdin.buffer)  # type: ignore[arg-type]
        else:
            with path.open("rb") as stream:
                runs = read_log(stream)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    if not runs:
        raise UserError(f"{path}: has nothing in it that `tml test` prints of a run; {ADVICE}")
    return runs


def _summed(counts: Counter[str], key: Callable[[str], Key]) -> Counter[Key]:
    summed = Counter[Key]()
    for path, number in counts.items():
        summed[key(path)] += number
    return summed


@dataclass(frozen=True)
class Comparison:
    """Two measurements of the same library."""

    before: LeakReport
    after: LeakReport

    @cached_property
    def files(self) -> tuple[Change[str], ...]:
        """The change of each file, and under no name that of the leaks without a file."""
        before = {**self.before.leaks.files, "": self.before.leaks.elsewhere}
        after = {**self.after.leaks.files, "": self.after.leaks.elsewhere}
        return changes(before, after)

    @property
    def rises(self) -> tuple[Change[str], ...]:
        """The files that leak more than before. Those that were not seen before leaked nothing."""
        return tuple(change for change in self.files if change.rose)

    def remark(self, path: str) -> str:
        """What to know about the figures of a file."""
        if not path:
            return ""
        if path not in self.before.ran:
            return "only after"
        if path in self.after.failed:
            return "failed after"
        return "" if path in self.after.ran else "only before"


def compare(before: Sequence[Run], after: Sequence[Run], tree: Collection[str] = ()) -> Comparison:
    """Two logs, with the same names for the same files."""
    shared = {*tree, *known_paths((*before, *after), tree)}
    return Comparison(combine(before, shared), combine(after, shared))


@dataclass(frozen=True)
class PlanProgress:
    """The figures before, the logs of now if there are any, and what tmlfix finds if there is a tree."""

    before: Figures
    report: LeakReport | None
    tree: Tree | None
    name: Callable[[str], str]
    """How files are named in the figures."""

    @cached_property
    def now(self) -> Figures | None:
        """The figures of now."""
        return Figures.measured(self.report.leaks, self.name) if self.report else None

    @cached_property
    def unseen(self) -> frozenset[str]:
        """Files that leaked before and of which the logs of now do not show that they ran to their end."""
        if self.report is None:
            return frozenset()
        seen = {self.name(path) for path in self.report.ran - self.report.failed}
        seen.update(self.name(path) for path in self.report.leaks.files)
        return frozenset(name for name, amount in self.before.files.items() if amount.leaks) - seen

    def unseen_in(self, phase: int) -> Amount:
        """What leaked in files of a phase that are unseen, and then also in those that nothing names."""
        whole = self.before.phases.get(phase, Amount())
        names = [name for name in self.before.files if phase_number(name) == phase]
        if self.unseen.isdisjoint(names):
            return Amount()
        seen = total(self.before.files[name] for name in names if name not in self.unseen)
        return Amount(whole.leaks - seen.leaks, whole.bytes - seen.bytes, exact=False)

    def is_part(self, key: Callable[[str], object], group: object) -> bool:
        """Whether files are unseen of which ``key`` is ``group``: a phase, a module or the file itself."""
        return any(key(name) == group for name in self.unseen)

    def has_run(self, key: Callable[[str], object], group: object) -> bool:
        """Whether any file ran of which ``key`` is ``group``."""
        return self.report is not None and any(key(self.name(path)) == group for path in self.report.ran)

    def is_unseen(self, phase: int) -> bool:
        """Whether files of a phase leaked before, and the logs of now show none of the phase at all."""
        if self.now is None or self.now.phases.get(phase, Amount()).leaks:
            return False
        return self.is_part(phase_number, phase) and not self.has_run(phase_number, phase)

    @cached_property
    def findings_by_file(self) -> Counter[str]:
        """The findings of the tree, by the names of the figures."""
        return _summed(self.tree.by_file if self.tree else Counter(), self.name)

    @cached_property
    def findings_by_module(self) -> Counter[str]:
        """The findings of the tree by module, as the figures name them."""
        return _summed(self.findings_by_file, module_of)

    def share_done(self, phase: int) -> float | None:
        """How far a phase has come, from 0 to 1; None if that is not known, as where the phase is unseen.

        With a log it is the share of the leaks that are gone; those of files that are `unseen` are not.
        Otherwise it is that of the files of the phase in which tmlfix finds nothing.
        """
        if self.is_unseen(phase):
            return None
        if self.now is not None:
            now = self.now.phases.get(phase, Amount()) + self.unseen_in(phase)
            return share_gone(self.before.phases.get(phase, Amount()), now)
        if self.tree is None:
            return None
        clean, files = self.tree.share_without_findings(phase)
        return clean / files if files else None


def progress_of(
    now: Sequence[Run], before: Sequence[Run], tree: Tree | None, files: Collection[str]
) -> PlanProgress:
    """How far the plan has come with the logs of ``now``; since the logs ``before`` it, if there are any."""
    if before:
        comparison = compare(before, now, files)
        earlier = Figures.measured(comparison.before.leaks, full_name)
        later = Figures.measured(comparison.after.leaks, full_name)
        return PlanProgress(earlier.with_names_of(later), comparison.after, tree, full_name)
    return PlanProgress(Figures.planned(), combine(now, files) if now else None, tree, short_name)
