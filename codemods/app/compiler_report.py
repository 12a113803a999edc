"""What only the TML compiler can fix: its defects, each with the places of a tree that it affects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codemods.app.preview import preview
from codemods.app.requests import Report, Request
from codemods.compiler_defects import DEFECTS, LIBRARY_MISTAKES, Defect
from codemods.model.findings import Finding, InputError
from codemods.model.phases import PHASES
from codemods.model.progress import Progress


@dataclass(frozen=True, slots=True)
class DefectPlaces:
    """A defect and the findings that it explains, by path and line."""

    defect: Defect
    findings: tuple[Finding, ...]

    @property
    def files(self) -> int:
        """How many files it affects."""
        return len({finding.path for finding in self.findings})


@dataclass(frozen=True, slots=True)
class CompilerReport:
    """The defects, the most frequent first, and the mistakes that are the library's own."""

    source: str
    entries: tuple[DefectPlaces, ...]
    own_mistakes: Mapping[str, int]
    """How many findings there are of each rule whose findings no change of the compiler would end."""
    errors: tuple[InputError, ...] = ()

    @property
    def explained(self) -> int:
        """The findings that a defect of the compiler explains."""
        return sum(len(entry.findings) for entry in self.entries)

    @property
    def total(self) -> int:
        """All findings."""
        return self.explained + sum(self.own_mistakes.values())


def compiler_report(paths: Sequence[Path], progress: Progress | None = None) -> CompilerReport:
    """Analyse the commit HEAD, or the working tree without git, and sort its findings by their causes."""
    request = Request(tuple(phase.number for phase in PHASES), tuple(paths))
    return by_cause(preview(request, findings_only=True, progress=progress))


def by_cause(report: Report) -> CompilerReport:
    """The findings of an analysis by the defects that explain them."""
    found = sorted(
        (finding for phase in report.phases for finding in phase.findings),
        key=lambda finding: (finding.path, finding.line, finding.column),
    )
    entries = [
        DefectPlaces(defect, tuple(finding for finding in found if finding.rule in defect.rules))
        for defect in DEFECTS.values()
    ]
    counts = Counter(finding.rule for finding in found)
    return CompilerReport(
        report.source,
        tuple(sorted(entries, key=lambda entry: (-len(entry.findings), entry.defect.name))),
        {rule: counts[rule] for rule in LIBRARY_MISTAKES if counts[rule]},
        report.errors,
    )
