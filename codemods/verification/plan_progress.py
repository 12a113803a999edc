"""How far the leak plan has come: by the leaks that logs show now, or by the findings that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from codemods.model.phases import PHASES
from codemods.verification.leak_comparison import compare
from codemods.verification.leak_log import Run
from codemods.verification.leak_plan import leak_plan
from codemods.verification.leak_report import LeakReport, combine
from codemods.verification.leaks import (
    Amount,
    Leaks,
    folder_name,
    grouped,
    module_of,
    phase_number,
    share_gone,
    total,
    worst_first,
)
from codemods.verification.tree_findings import Tree, summed


@dataclass(frozen=True, slots=True)
class Figures:
    """Leaks by phase, module and file, named as in the plan or in the logs."""

    total: Amount
    phases: Mapping[int, Amount]
    modules: Mapping[str, Amount]
    files: Mapping[str, Amount]

    @classmethod
    def planned(cls) -> Figures:
        """The figures of the plan."""
        plan = leak_plan()
        return cls(plan.headline, plan.by_phase(), plan.by_module(), plan.leaks.by_file())

    @classmethod
    def measured(cls, leaks: Leaks, name: Callable[[str], str]) -> Figures:
        """The figures of logs, with files named by ``name`` of their paths."""
        files = grouped(leaks.files, name)
        return cls(leaks.total, leaks.by_phase(), grouped(files, module_of), files)

    def with_names_of(self, other: Figures) -> Figures:
        """These figures, with zeros for the modules and files that only ``other`` names."""
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


NOTHING = Figures(Amount(), {}, {}, {})


@dataclass(frozen=True, slots=True)
class Row:
    """A phase, module or file: what leaked before, what leaks now, and how many findings it has."""

    key: int | str
    """The number of the phase, or the name of the module or file."""
    before: Amount
    now: Amount | None
    """None where the logs do not show that it ran."""
    findings: int
    is_part: bool
    """Whether the logs do not show all of it, so that more may leak now."""


@dataclass(frozen=True)
class PlanProgress:
    """The figures before, the current logs if there are any, and what tmlfix finds if there is a tree."""

    before: Figures
    report: LeakReport | None
    tree: Tree | None
    name: Callable[[str], str]
    """Gives the names of files in the figures, by their paths."""
    recorded: Counter[int] | None = None
    """The findings by phase that were recorded at the start, if they were."""

    @cached_property
    def now(self) -> Figures | None:
        """The current figures; None without logs."""
        return Figures.measured(self.report.leaks, self.name) if self.report else None

    @cached_property
    def unseen(self) -> frozenset[str]:
        """The files that leaked before and that the current logs do not show to have run to their end."""
        if self.report is None:
            return frozenset()
        seen = {self.name(path) for path in self.report.ran - self.report.failed}
        seen.update(self.name(path) for path in self.report.leaks.files)
        return frozenset(name for name, amount in self.before.files.items() if amount.leaks) - seen

    def unseen_in(self, phase: int) -> Amount:
        """What leaked in the unseen files of a phase; if there are any, also in files that nothing names."""
        whole = self.before.phases.get(phase, Amount())
        names = [name for name in self.before.files if phase_number(name) == phase]
        if self.unseen.isdisjoint(names):
            return Amount()
        seen = total(self.before.files[name] for name in names if name not in self.unseen)
        return Amount(whole.leaks - seen.leaks, whole.bytes - seen.bytes, exact=False)

    def is_unseen(self, phase: int) -> bool:
        """Whether files of a phase leaked before, and the current logs show no file of the phase."""
        if self.now is None or self.now.phases.get(phase, Amount()).leaks:
            return False
        return self._is_part(phase_number, phase) and not self._has_run(phase_number, phase)

    @cached_property
    def findings_by_file(self) -> Counter[str]:
        """The findings of the tree, by the names of the figures."""
        return summed(self.tree.by_file if self.tree else Counter(), self.name)

    @cached_property
    def findings_by_module(self) -> Counter[str]:
        """The findings of the tree by module, as the figures name them."""
        return summed(self.findings_by_file, module_of)

    @property
    def has_unseen(self) -> bool:
        """Whether files are unseen, so that more may leak than the logs show."""
        return bool(self.unseen)

    def phase_rows(self) -> list[Row]:
        """A row for each phase of the plan, and one of key 0 for files in no phase if they leak now."""
        now = self._figures_now.phases
        numbers = [*(phase.number for phase in PHASES), *([0] if 0 in now else [])]
        return [
            Row(
                number,
                self.before.phases.get(number, Amount()),
                self._amount_now(phase_number, number, now.get(number, Amount())),
                self.tree.by_phase[number] if self.tree else 0,
                self._is_part(phase_number, number),
            )
            for number in numbers
        ]

    def module_rows(self) -> list[Row]:
        """A row for each module that leaked before, the worst first."""
        return self._rows(module_of, self.before.modules, self._figures_now.modules, self.findings_by_module)

    def file_rows(self) -> list[Row]:
        """A row for each file that leaked before, the worst first."""
        return self._rows(full_name, self.before.files, self._figures_now.files, self.findings_by_file)

    def sum_row(self) -> Row:
        """The sum of everything."""
        findings = self.tree.by_phase.total() if self.tree else 0
        return Row("", self.before.total, self._figures_now.total, findings, self.has_unseen)

    def rest_row(self, rows: Iterable[Row]) -> Row:
        """What is in the sum of everything and in none of the rows."""
        rows, whole = list(rows), self.sum_row()
        return Row(
            "",
            _less(whole.before, total(row.before for row in rows)),
            _less(self._figures_now.total, total(row.now or Amount() for row in rows)),
            whole.findings - sum(row.findings for row in rows),
            self.has_unseen,
        )

    def _rows(
        self,
        key: Callable[[str], str],
        before: Mapping[str, Amount],
        now: Mapping[str, Amount],
        findings: Counter[str],
    ) -> list[Row]:
        """The rows of what leaked before, then of what the figures before name but leaks only now."""
        new = {name: now.get(name, Amount()) for name, amount in before.items() if not amount.leaks}
        return [
            Row(
                name,
                before[name],
                self._amount_now(key, name, now.get(name, Amount())),
                findings[name],
                self._is_part(key, name),
            )
            for name in (*worst_first(before), *worst_first(new))
        ]

    @property
    def _figures_now(self) -> Figures:
        return self.now or NOTHING

    def _amount_now(self, key: Callable[[str], object], group: object, amount: Amount) -> Amount | None:
        """The amount; None if there is none and the logs do not show that any file of the group ran.

        A phase in which no file leaked before needs no run to have no leaks.
        """
        must_run = key is not phase_number or self._is_part(key, group)
        is_seen = self._has_run(key, group) and group not in self.unseen
        return None if must_run and not amount.leaks and not is_seen else amount

    def _is_part(self, key: Callable[[str], object], group: object) -> bool:
        """Whether files are unseen of which ``key`` is ``group``: a phase, a module or the file itself."""
        return any(key(name) == group for name in self.unseen)

    def _has_run(self, key: Callable[[str], object], group: object) -> bool:
        """Whether any file ran of which ``key`` is ``group``."""
        return self.report is not None and any(key(self.name(path)) == group for path in self.report.ran)

    def share_of_all_done(self) -> float | None:
        """How far the plan has come, from 0 to 1, as `share_done` has it for a phase."""
        if self.now is None:
            return self._fall_of_findings(*(phase.number for phase in PHASES))
        unseen = total(self.unseen_in(phase.number) for phase in PHASES)
        return share_gone(self.before.total, self.now.total + unseen)

    def share_done(self, phase: int) -> float | None:
        """How far a phase has come, from 0 to 1; None if that is unknown, as for an unseen phase.

        With logs it is the share of the leaks that are gone; leaks of `unseen` files are not.
        Without, it is the share by which the number of findings fell since they were recorded, and unknown
        if none were.
        """
        if self.is_unseen(phase):
            return None
        if self.now is not None:
            now = self.now.phases.get(phase, Amount()) + self.unseen_in(phase)
            return share_gone(self.before.phases.get(phase, Amount()), now)
        return self._fall_of_findings(phase)

    def _fall_of_findings(self, *phases: int) -> float | None:
        if self.tree is None or self.recorded is None:
            return None
        start = sum(self.recorded[phase] for phase in phases)
        left = sum(self.tree.by_phase[phase] for phase in phases)
        return max(start - left, 0) / start if start else None


def _less(whole: Amount, part: Amount) -> Amount:
    return Amount(
        max(whole.leaks - part.leaks, 0), max(whole.bytes - part.bytes, 0), whole.exact and part.exact
    )


def progress_of(
    now: Sequence[Run],
    before: Sequence[Run],
    tree: Tree | None,
    files: Collection[str],
    recorded: Iterable[str] | None = None,
) -> PlanProgress:
    """How far the plan has come with the runs of ``now``: since the runs ``before``, or since the plan.

    ``recorded`` has the file of each finding that was recorded at the start.
    """
    start = (
        None if recorded is None else Counter(number for path in recorded if (number := phase_number(path)))
    )
    if before:
        comparison = compare(before, now, files)
        earlier = Figures.measured(comparison.before.leaks, full_name)
        later = Figures.measured(comparison.after.leaks, full_name)
        return PlanProgress(earlier.with_names_of(later), comparison.after, tree, full_name)
    report = combine(now, files) if now else None
    return PlanProgress(Figures.planned(), report, tree, short_name, start)
