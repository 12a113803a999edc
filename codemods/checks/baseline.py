"""The baseline: a file of known findings, which do not fail a check.

It is JSON, sorted, with one finding on each line and no line numbers: it changes only when findings do.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from codemods.checks.fingerprints import fingerprints, stable_message
from codemods.files.safe_open import UnfitFileError, read_file
from codemods.files.workspace import Workspace
from codemods.model.errors import UserError
from codemods.model.findings import Finding, Verdict

VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A known finding. Only the fingerprint decides; the rest is for people."""

    path: str
    function: str
    rule: str
    message: str
    fingerprint: str

    @classmethod
    def of(cls, finding: Finding, fingerprint: str) -> Entry:
        """The entry of a finding."""
        return cls(finding.path, finding.function, finding.rule, stable_message(finding), fingerprint)


def read_baseline(path: Path) -> tuple[Entry, ...]:
    """The entries of a baseline. Raises `UserError` if the file cannot be read or is no baseline."""
    try:
        document = json.loads(read_file(path))
        return _entries(document)
    except FileNotFoundError:
        raise UserError(
            f"there is no baseline {path}; tmlfix check --write-baseline {path} writes it"
        ) from None
    except UnfitFileError as error:
        raise UserError(f"the baseline {path} {error}") from None
    except OSError as error:
        raise UserError(f"the baseline {path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        advice = "restore it, or move it away and write a new one with --write-baseline"
        raise UserError(f"{path} is no baseline of version {VERSION}; {advice}") from None


def _entries(document: Any) -> tuple[Entry, ...]:
    if document["version"] != VERSION:
        raise ValueError(document["version"])
    entries = tuple(Entry(**entry) for entry in document["findings"])
    if not all(isinstance(getattr(entry, field.name), str) for entry in entries for field in fields(Entry)):
        raise TypeError
    return entries


def baseline_text(entries: Iterable[Entry]) -> str:
    """The content of the file: the same for the same entries."""
    lines = ",\n".join(f"    {json.dumps(asdict(entry))}" for entry in sorted(set(entries)))
    findings = f"[\n{lines}\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {findings}\n}}\n'


def renewed(
    entries: Iterable[Entry], found: Iterable[Entry], looked_at: Callable[[Entry], bool]
) -> tuple[Entry, ...]:
    """The new entries after a check: what it found, and the old entries that it did not look for."""
    return (*(entry for entry in entries if not looked_at(entry)), *found)


def followed(entries: Sequence[Entry], workspace: Workspace) -> tuple[Entry, ...]:
    """The entries, with those of files that moved under their new names.

    A file has moved if it is gone, and one that the baseline does not name declares all of its functions and
    has the same name in another folder, or another name in the same folder.
    """
    files = workspace.files
    named = {entry.path for entry in entries}
    new = sorted(files.keys() - named)
    moved: dict[str, str] = {}
    for path in sorted(named - files.keys() - {error.path for error in workspace.errors}):
        functions = {entry.function for entry in entries if entry.path == path} - {""}
        candidates = [
            other
            for other in new
            if other not in moved.values() and _may_be(path, other) and _declares(files[other], functions)
        ]
        # The same name is the better sign.
        candidates.sort(key=lambda other: (posixpath.basename(other) != posixpath.basename(path), other))
        if functions and candidates:
            moved[path] = candidates[0]
    return tuple(sorted(_moved_entries(entries, moved))) if moved else tuple(entries)


def _may_be(path: str, other: str) -> bool:
    same_name = posixpath.basename(path) == posixpath.basename(other)
    return same_name != (posixpath.dirname(path) == posixpath.dirname(other))


def _declares(source: bytes, functions: AbstractSet[str]) -> bool:
    """Whether a file declares all of the functions; they are looked for in its text before it is parsed."""
    words = (function.rpartition(".")[2].encode() for function in functions)
    if not all(word in source for word in words):
        return False
    from codemods.checks.changes import declarations  # imports the parser

    return functions <= {*declarations(source).by_line.values()}


def _moved_entries(entries: Iterable[Entry], moved: Mapping[str, str]) -> Iterator[Entry]:
    """The entries with the new names of files, and the fingerprints that follow from these."""
    left = [entry for entry in entries if entry.path not in moved]
    yield from left
    findings = [
        Finding(0, entry.rule, moved[entry.path], 0, 0, entry.function, entry.message, Verdict.REPORTED)
        for entry in sorted(entries)
        if entry.path in moved
    ]
    for finding, fingerprint in zip(findings, fingerprints(findings), strict=True):
        yield Entry.of(finding, fingerprint)


def no_longer_found(
    entries: Iterable[Entry], found: Iterable[Entry], looked_at: Callable[[Entry], bool]
) -> tuple[Entry, ...]:
    """The entries that a check looked for, and whose findings are gone."""
    fingerprints = {entry.fingerprint for entry in found}
    return tuple(entry for entry in entries if looked_at(entry) and entry.fingerprint not in fingerprints)
