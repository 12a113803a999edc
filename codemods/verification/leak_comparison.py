"""How the leaks of a library changed from one log to another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemods.verification.leak_log import Run
from codemods.verification.leak_report import LeakReport, combine, known_paths
from codemods.verification.leaks import Change, changes, phase_changes


@dataclass(frozen=True)
class LeakComparison:
    """Two measurements of the same library."""

    before: LeakReport
    after: LeakReport

    @property
    def phases(self) -> tuple[Change[int], ...]:
        """The change of each phase, in the order of the plan."""
        return phase_changes(self.before.leaks, self.after.leaks)

    @property
    def modules(self) -> tuple[Change[str], ...]:
        """The change of each module."""
        return changes(self.before.leaks.by_module(), self.after.leaks.by_module())

    @cached_property
    def files(self) -> tuple[Change[str], ...]:
        """The change of each file; that of leaks without a file has the empty name."""
        before = {**self.before.leaks.files, "": self.before.leaks.elsewhere}
        after = {**self.after.leaks.files, "": self.after.leaks.elsewhere}
        return changes(before, after)

    @property
    def rises(self) -> tuple[Change[str], ...]:
        """The files that leak more than before. A file that was not seen before leaked nothing."""
        return tuple(change for change in self.files if change.rose)

    def remark(self, path: str) -> str:
        """Why the figures of a file are not comparable; empty if they are."""
        if not path:
            return ""
        if path not in self.before.ran:
            return "only after"
        if path in self.after.failed:
            return "failed after"
        return "" if path in self.after.ran else "only before"


def compare(before: Sequence[Run], after: Sequence[Run], tree: Collection[str] = ()) -> LeakComparison:
    """Compare two logs, with the same names for the same files. ``tree`` are the files of the library."""
    shared = {*tree, *known_paths((*before, *after), tree)}
    return LeakComparison(combine(before, shared), combine(after, shared))
