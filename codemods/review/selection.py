"""The findings that a reviewer chose, fixed as they were reviewed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from codemods.model.findings import (
    AnalysisResult,
    Edit,
    Finding,
    FindingKey,
    InputError,
    PhaseResult,
    Verdict,
)
from codemods.review.hunks import change_blocks, nearest

NAMED = 3
"""How many other findings an error names."""

Analyse = Callable[[frozenset[FindingKey]], AnalysisResult]
"""Finds and fixes what is wanted."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A finding that was approved: what it said, and the edits that were shown."""

    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The findings that were approved, and the SHA-256 of each file that they were seen in."""

    files: Mapping[str, str]
    approved: Mapping[FindingKey, Approved]

    @property
    def phases(self) -> tuple[int, ...]:
        """The phases that something was approved of."""
        return tuple(sorted({key.phase for key in self.approved}))

    def limited_to(self, phases: Collection[int], includes: Callable[[str], bool]) -> Selection:
        """What was approved of these phases and files."""
        approved = {
            key: finding
            for key, finding in self.approved.items()
            if key.phase in phases and includes(key.path)
        }
        return Selection(self.files, approved)


def digest(content: bytes) -> str:
    """The SHA-256 by which a selection recognises the content of a file."""
    return hashlib.sha256(content).hexdigest()


def select(content: Mapping[str, bytes], findings: Iterable[Finding]) -> Selection:
    """A selection of these findings in files with this content."""
    approved = {finding.key: Approved(finding.message, finding.edits) for finding in findings}
    return Selection({key.path: digest(content[key.path]) for key in approved}, approved)


# Fixing what was selected


def analyse_selected(
    analyse: Analyse, files: Mapping[str, bytes], selection: Selection
) -> tuple[AnalysisResult, tuple[InputError, ...]]:
    """Fix exactly what was selected, as it was reviewed, and say why the rest was not fixed.

    The result has no other findings. A fix that would differ from the one that was reviewed, because others
    that it shares lines with were left out, is left out too.
    """
    stale = dict(_stale(files, selection))
    errors = list(stale.values())
    wanted = {key: finding for key, finding in selection.approved.items() if key.path not in stale}
    while True:
        result = analyse(frozenset(wanted))
        differing = [
            finding
            for phase in result.phases
            for finding in phase.findings
            if finding.key in wanted
            and finding.verdict is Verdict.FIXED
            and not _is_as_reviewed(files[finding.path], finding, wanted[finding.key])
        ]
        if not differing:
            break
        for finding in differing:
            others = _left_out(result, wanted, finding.key, finding.message)
            reason = "its fix would not be the one that was reviewed"
            advice = f", which builds on others,{others}; choose them too, or" if others else ";"
            errors.append(_error(finding.key, f"{reason}{advice} review again"))
            del wanted[finding.key]
    errors += _missing(result, wanted)
    phases = tuple(_limited(phase, wanted) for phase in result.phases)
    return AnalysisResult(phases, result.errors), tuple(sorted(errors, key=_place))


def _stale(files: Mapping[str, bytes], selection: Selection) -> Iterator[tuple[str, InputError]]:
    """The files that are not what was reviewed."""
    for path in sorted({key.path for key in selection.approved}):
        if path not in files:
            message = "was reviewed, but is not among the files here; nothing of it was fixed"
        elif digest(files[path]) != selection.files[path]:
            message = "has changed since it was reviewed; nothing of it was fixed; review it again"
        else:
            continue
        yield path, InputError(path, message)


def _is_as_reviewed(content: bytes, finding: Finding, approved: Approved) -> bool:
    """Whether a fix changes only lines that were shown, and each of them as it was shown.

    Where fixes share an edit, what was shown has lines of the others as well.
    """
    if finding.edits == approved.edits:
        return True
    made, shown = _lines(content, finding), _lines(content, replace(finding, edits=approved.edits))
    return made is not None and shown is not None and made <= shown


def _lines(content: bytes, finding: Finding) -> Counter[tuple[int, str]] | None:
    """The lines that a fix removes, by number, and those that it adds; None if the edits do not fit."""
    if any(edit.end > len(content) for edit in finding.edits):
        return None
    try:
        blocks, after = change_blocks(content, [finding])
    except ValueError:
        return None
    old, new = content.split(b"\n"), after.split(b"\n")
    lines: Counter[tuple[int, str]] = Counter()
    for block in blocks:
        lines.update((line + 1, repr(old[line])) for line in range(block.start, block.end))
        lines.update((0, repr(new[line])) for line in range(block.new_start, block.new_end))
    return lines


def _limited(phase: PhaseResult, wanted: Collection[FindingKey]) -> PhaseResult:
    """What was selected of a phase; the other fixes were declined."""
    fixed = (
        finding for finding in phase.findings if finding.key in wanted and finding.verdict is Verdict.FIXED
    )
    return replace(phase, findings=tuple(fixed), declined=_declined(phase, wanted))


def _declined(phase: PhaseResult, wanted: Collection[FindingKey]) -> tuple[Finding, ...]:
    """The findings that have a fix and were not selected, those for review included."""
    offered = (
        finding
        for finding in phase.findings
        if finding.verdict is Verdict.REVIEW and finding.key not in wanted
    )
    return (*phase.declined, *offered)


def _missing(result: AnalysisResult, wanted: Mapping[FindingKey, Approved]) -> Iterator[InputError]:
    """Why findings that are wanted were not fixed."""
    found = {finding.key: finding for finding in result.findings if finding.key in wanted}
    failed = {error.path for error in result.errors}
    for key, approved in wanted.items():
        finding = found.get(key)
        if finding is None and key.path not in failed:
            others = _left_out(result, wanted, key, approved.message)
            reason = f"follows from fixes that were left out,{others}" if others else "is not found any more"
            yield _error(key, f"{reason}; choose them too, or review again" if others else reason)
        elif finding is not None and finding.verdict is not Verdict.FIXED:
            yield _error(key, f"has no fix now: {finding.message}")


def _left_out(result: AnalysisResult, wanted: Collection[FindingKey], key: FindingKey, message: str) -> str:
    """The findings that were left out and seem the closest, for an error to name."""
    phases = (phase for phase in result.phases if phase.phase == key.phase)
    declined = [finding for phase in phases for finding in _declined(phase, wanted)]
    if not declined:
        return ""
    near = nearest(key, message, declined) or declined
    named = [f"{finding.path}:{finding.line}:{finding.column} {finding.rule}" for finding in near[:NAMED]]
    rest = f" and {len(near) - NAMED} more" if len(near) > NAMED else ""
    return f" such as {', '.join(named)}{rest}"


def _error(key: FindingKey, message: str) -> InputError:
    return InputError(key.path, f"{key.rule}: {message}", key.line, key.column)


def _place(error: InputError) -> tuple[str, int, int]:
    return error.path, error.line, error.column
