"""The tree of the current folder, and what tmlfix finds in it, to show beside measured leaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from codemods.app.preview import preview_of
from codemods.app.requests import ALL_FINDINGS, Filter, Request
from codemods.app.sources import in_a_tree, read_head_or_working_tree
from codemods.files.workspace import Workspace
from codemods.model.errors import UserError
from codemods.model.findings import InputError, Verdict
from codemods.model.phases import PHASES
from codemods.model.progress import Progress
from codemods.verification.leaks import module_of, phase_number

Key = TypeVar("Key")


@dataclass(frozen=True)
class Tree:
    """A library, and what tmlfix finds in it."""

    source: str
    workspace: Workspace
    findings: Mapping[str, Counter[Verdict]]
    """The number of findings of each verdict, by file."""
    errors: tuple[InputError, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of its files."""
        return tuple(self.workspace.files)

    @cached_property
    def by_file(self) -> Counter[str]:
        """The number of findings of each file."""
        return Counter({path: counts.total() for path, counts in self.findings.items()})

    @cached_property
    def by_module(self) -> Counter[str]:
        """The number of findings of each module, in its source and its tests."""
        return summed(self.by_file, module_of)

    @cached_property
    def by_phase(self) -> Counter[int]:
        """The number of findings of each phase."""
        return summed(self.by_file, phase_number)

    def verdicts(self, phase: int) -> Counter[Verdict]:
        """The number of findings of each verdict in a phase."""
        found = (counts for path, counts in self.findings.items() if phase_number(path) == phase)
        return sum(found, Counter[Verdict]())


def read_tree(progress: Progress | None = None, filter: Filter = ALL_FINDINGS) -> Tree | None:
    """The tree that contains the current folder, with its findings that the filter includes, if there is one.

    Raises `UserError` if it cannot be read.
    """
    if not in_a_tree():
        return None
    request = Request(tuple(phase.number for phase in PHASES), filter=filter)
    source = read_head_or_working_tree(request.paths)
    report = preview_of(source, request, findings_only=True, progress=progress)
    findings: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for phase in report.phases:
        for finding in phase.findings:
            findings[finding.path][finding.verdict] += 1
    return Tree(report.source, source.workspace, findings, report.errors) if report.files else None


def tree_files() -> tuple[str, ...]:
    """The files of the tree that contains the current folder; none if it cannot be read."""
    if not in_a_tree():
        return ()
    try:
        return tuple(read_head_or_working_tree(()).workspace.files)
    except UserError:
        return ()


def summed(counts: Counter[str], key: Callable[[str], Key]) -> Counter[Key]:
    """The counts of files added up by ``key`` of their paths."""
    groups = Counter[Key]()
    for path, number in counts.items():
        groups[key(path)] += number
    return groups
