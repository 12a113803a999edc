"""The findings that a reviewer chose: read from a selection file, and fixed as they were reviewed."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from codemods.files.safe_open import UnfitFileError, read_file
from codemods.files.workspace import is_source
from codemods.model.errors import UserError
from codemods.model.findings import (
    AnalysisResult,
    Edit,
    Finding,
    FindingKey,
    InputError,
    PhaseResult,
    Verdict,
)
from codemods.model.phases import PHASES
from codemods.review.hunks import change_blocks, nearest

VERSION = 1
APPROVE = "approve"
REJECT = "reject"

MOST_FINDINGS = 100_000
LONGEST_TEXT = 1_000_000
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
            key: each for key, each in self.approved.items() if key.phase in phases and includes(key.path)
        }
        return Selection(self.files, approved)


def digest(content: bytes) -> str:
    """What a selection knows a file's content by."""
    return hashlib.sha256(content).hexdigest()


def select(content: Mapping[str, bytes], findings: Iterable[Finding]) -> Selection:
    """A selection of these findings in files with this content."""
    approved = {each.key: Approved(each.message, each.edits) for each in findings}
    return Selection({key.path: digest(content[key.path]) for key in approved}, approved)


# Fixing what was selected


def analyse_selected(
    analyse: Analyse, files: Mapping[str, bytes], selection: Selection
) -> tuple[AnalysisResult, tuple[InputError, ...]]:
    """Fix exactly what was selected, as it was reviewed; why the rest of it was not.

    The result tells of nothing else. A fix that would come out otherwise than it was reviewed, because
    others that it shares lines with were left out, is left out too.
    """
    stale = dict(_stale(files, selection))
    errors = list(stale.values())
    wanted = {key: each for key, each in selection.approved.items() if key.path not in stale}
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
    """The lines that a fix removes, by number, and those that it adds; None for edits of another text."""
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
    fixed = (each for each in phase.findings if each.key in wanted and each.verdict is Verdict.FIXED)
    return replace(phase, findings=tuple(fixed), declined=_declined(phase, wanted))


def _declined(phase: PhaseResult, wanted: Collection[FindingKey]) -> tuple[Finding, ...]:
    """The findings that have a fix and were not selected, those for review included."""
    offered = (each for each in phase.findings if each.verdict is Verdict.REVIEW and each.key not in wanted)
    return (*phase.declined, *offered)


def _missing(result: AnalysisResult, wanted: Mapping[FindingKey, Approved]) -> Iterator[InputError]:
    """Why findings that are wanted were not fixed."""
    found = {each.key: each for each in result.findings if each.key in wanted}
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
    """The findings that were left out and seem the closest, to be named in an error."""
    phases = (phase for phase in result.phases if phase.phase == key.phase)
    declined = [each for phase in phases for each in _declined(phase, wanted)]
    if not declined:
        return ""
    near = nearest(key, message, declined) or declined
    named = [f"{each.path}:{each.line}:{each.column} {each.rule}" for each in near[:NAMED]]
    rest = f" and {len(near) - NAMED} more" if len(near) > NAMED else ""
    return f" such as {', '.join(named)}{rest}"


def _error(key: FindingKey, message: str) -> InputError:
    return InputError(key.path, f"{key.rule}: {message}", key.line, key.column)


def _place(error: InputError) -> tuple[str, int, int]:
    return error.path, error.line, error.column


# The file


def read_selection(file: Path) -> Selection:
    """The selection in a file, as ``tmlfix review`` lets one save it (docs/review.md tells its form).

    Raises `UserError`, with the key, for anything that is not as it should be.
    """
    try:
        document = json.loads(read_file(file))
    except UnfitFileError as error:
        raise UserError(f"{file} {error}") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: is not JSON: {error}") from None
    return _Reader(file).read(document)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks a document and makes a selection of it; every complaint names the file and the key."""

    file: Path

    def read(self, document: Any) -> Selection:
        top = self._keys("", document, {"version": int, "source": str, "files": dict, "findings": list})
        if top["version"] != VERSION:
            raise self._error("version", f"is {top['version']}; this tmlfix reads version {VERSION}")
        for path, value in top["files"].items():
            place = f"files.{path}"
            self._check_path(place, path)
            if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
                raise self._error(place, "is not the SHA-256 of a file: 64 hexadecimal digits")
        if len(top["findings"]) > MOST_FINDINGS:
            raise self._error("findings", f"are more than {MOST_FINDINGS:,}")
        approved: dict[FindingKey, Approved] = {}
        seen: set[FindingKey] = set()
        for number, each in enumerate(top["findings"]):
            place = f"findings[{number}]"
            key, decision, finding = self._finding(place, each)
            if key.path not in top["files"]:
                raise self._error(f"{place}.path", f"{key.path} is not among files")
            if key in seen:
                raise self._error(place, "is there twice")
            seen.add(key)
            if decision == APPROVE:
                approved[key] = finding
        return Selection(top["files"], approved)

    def _finding(self, place: str, document: Any) -> tuple[FindingKey, str, Approved]:
        kinds = {
            "decision": str,
            "phase": int,
            "path": str,
            "line": int,
            "column": int,
            "rule": str,
            "function": str,
            "message": str,
            "edits": list,
        }
        fields = self._keys(place, document, kinds)
        if fields["decision"] not in (APPROVE, REJECT):
            raise self._error(f"{place}.decision", f"is neither {APPROVE} nor {REJECT}")
        if fields["phase"] not in {phase.number for phase in PHASES}:
            raise self._error(f"{place}.phase", f"is {fields['phase']}; there is no such phase")
        self._check_path(f"{place}.path", fields["path"])
        key = FindingKey(*(fields[name] for name in ("phase", "path", "line", "column", "rule", "function")))
        edits = [self._edit(f"{place}.edits[{number}]", each) for number, each in enumerate(fields["edits"])]
        return key, fields["decision"], Approved(fields["message"], tuple(edits))

    def _edit(self, place: str, document: Any) -> Edit:
        fields = self._keys(place, document, {"start": int, "end": int, "text": str})
        if fields["start"] > fields["end"]:
            raise self._error(place, "ends before it starts")
        return Edit(fields["start"], fields["end"], fields["text"])

    def _keys(self, place: str, document: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
        """The document, if it has exactly these keys with values of these types."""
        where = place or "the document"
        if not isinstance(document, dict):
            raise self._error(where, "is not an object")
        prefix = f"{place}." if place else ""
        for key in document:
            if key not in kinds:
                close = get_close_matches(key, kinds, n=1)
                advice = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(kinds)}"
                raise self._error(prefix + key, f"is not known; {advice}")
        for key, kind in kinds.items():
            if key not in document:
                raise self._error(prefix + key, "is missing")
            value = document[key]
            if not isinstance(value, kind) or isinstance(value, bool):
                raise self._error(prefix + key, f"is not {_KINDS[kind]}")
            if isinstance(value, int) and value < 0:
                raise self._error(prefix + key, "is below 0")
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                raise self._error(prefix + key, f"has more than {LONGEST_TEXT:,} characters")
        return document

    def _check_path(self, place: str, path: str) -> None:
        parts = path.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or "\0" in path:
            raise self._error(place, f"{path} is not the path of a file below the root, such as lib/a.tml")
        if not is_source(path):
            raise self._error(place, f"{path} is not a source file of a tree")

    def _error(self, place: str, message: str) -> UserError:
        return UserError(f"{self.file}: {place} {message}")


_KINDS = {int: "a whole number", str: "a text", dict: "an object", list: "a list"}
