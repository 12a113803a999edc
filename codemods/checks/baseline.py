"""The baseline: a file of known findings, which do not fail a check.

It is JSON, sorted, with one finding on each line and no line numbers: it changes only when findings do.
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


def no_longer_found(
    entries: Iterable[Entry], found: Iterable[Entry], looked_at: Callable[[Entry], bool]
) -> tuple[Entry, ...]:
    """The entries that a check looked for, and whose findings are gone."""
    fingerprints = {entry.fingerprint for entry in found}
    return tuple(entry for entry in entries if looked_at(entry) and entry.fingerprint not in fingerprints)
