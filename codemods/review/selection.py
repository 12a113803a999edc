"""The findings that a reviewer chose, to be fixed as they were reviewed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from codemods.model.findings import Edit, Finding, FindingKey, InputError
from codemods.model.fix_plan import FixPlan
from codemods.review.hunks import change_blocks

NAMED = 3
"""How many other findings an error names."""


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


def digest(content: bytes) -> str:
    """The SHA-256 by which a selection recognises the content of a file."""
    return hashlib.sha256(content).hexdigest()


def select(content: Mapping[str, bytes], findings: Iterable[Finding]) -> Selection:
    """A selection of these findings in files with this content."""
    approved = {finding.key: Approved(finding.message, finding.edits) for finding in findings}
    return Selection({key.path: digest(content[key.path]) for key in approved}, approved)


def chosen_of(
    plan: FixPlan, files: Mapping[str, bytes], selection: Selection
) -> tuple[frozenset[FindingKey], tuple[InputError, ...]]:
    """The findings of a plan that were selected and can be fixed as they were reviewed.

    The errors say why others are left out.
    """
    stale = dict(_stale(files, selection))
    errors = list(stale.values())
    found = {finding.key: finding for finding in plan.findings}
    chosen = set[FindingKey]()
    for key, approved in selection.approved.items():
        if key.path in stale:
            continue
        problem = _problem(files, found.get(key), approved)
        if problem:
            errors.append(_error(key, problem))
        else:
            chosen.add(key)
    incomplete = {key: plan.closed([key]) - chosen for key in chosen}
    for key, missing in incomplete.items():
        if missing:
            named = _named(plan, missing)
            errors.append(_error(key, f"needs the fix of {named}, which was left out; choose it too"))
    left = frozenset(key for key in chosen if not incomplete[key])
    return left, tuple(sorted(errors, key=lambda error: error.place))


def _problem(files: Mapping[str, bytes], finding: Finding | None, approved: Approved) -> str:
    """Why a finding cannot be fixed as it was approved; empty if it can."""
    if finding is None:
        return "is not found any more"
    if not finding.edits:
        return f"has no fix now: {finding.message}"
    if not _is_as_reviewed(files[finding.path], finding, approved):
        return "its fix would not be the one that was reviewed; review again"
    return ""


def _named(plan: FixPlan, keys: Collection[FindingKey]) -> str:
    """Some findings, for an error to name."""
    named = [
        f"{finding.path}:{finding.line}:{finding.column} {finding.rule}"
        for finding in plan.findings
        if finding.key in keys
    ]
    rest = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f"{', '.join(named[:NAMED])}{rest}"


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


def _error(key: FindingKey, message: str) -> InputError:
    return InputError(key.path, f"{key.rule}: {message}", key.line, key.column)
