"""The findings that a project knows of: a file that keeps them from failing a check.

It is JSON with one finding a line, sorted, and holds no line numbers: it changes only when findings do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from codemods.checks.fingerprints import stable_message
from codemods.files.safe_open import UnfitFileError, read_file
from codemods.model.errors import UserError
from codemods.model.findings import Finding

VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A known finding; the fingerprint alone decides, the rest is for people."""

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
    """The entries of a baseline. Raises `UserError` if it cannot be read or is none."""
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
        advice = "restore it, or write it anew with --write-baseline after moving it away"
        raise UserError(f"{path} is no baseline of version {VERSION}; {advice}") from None


def _entries(document: Any) -> tuple[Entry, ...]:
    if document["version"] != VERSION:
        raise ValueError(document["version"])
    entries = tuple(Entry(**entry) for entry in document["findings"])
    if not all(isinstance(getattr(entry, field.name), str) for entry in entries for field in fields(Entry)):
        raise TypeError
    return entries


def baseline_text(entries: Iterable[Entry]) -> str:
    """The file that holds the entries, the same for the same entries."""
    lines = ",\n".join(f"    {json.dumps(asdict(entry))}" for entry in sorted(set(entries)))
    findings = f"[\n{lines}\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {findings}\n}}\n'


def renewed(
    entries: Iterable[Entry], found: Iterable[Entry], looked_at: Callable[[str], bool]
) -> tuple[Entry, ...]:
    """What a baseline should hold after a check: what was found, and what was known where it did not look."""
    return (*(entry for entry in entries if not looked_at(entry.path)), *found)


def no_longer_found(
    entries: Iterable[Entry], found: Iterable[Entry], looked_at: Callable[[str], bool]
) -> tuple[Entry, ...]:
    """The entries that a check looked for in vain."""
    fingerprints = {entry.fingerprint for entry in found}
    return tuple(
        entry for entry in entries if looked_at(entry.path) and entry.fingerprint not in fingerprints
    )
