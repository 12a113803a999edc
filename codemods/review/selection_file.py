"""The file that holds the findings that a reviewer chose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from codemods.files.safe_open import UnfitFileError, read_file
from codemods.files.workspace import is_source
from codemods.model.errors import UserError
from codemods.model.findings import Edit, FindingKey
from codemods.model.phases import PHASES
from codemods.review.selection import Approved, Selection

VERSION = 1
APPROVE = "approve"
REJECT = "reject"

MOST_FINDINGS = 100_000
LONGEST_TEXT = 1_000_000


def read_selection(file: Path) -> Selection:
    """The selection in a file, as ``tmlfix review`` lets one save it (docs/review.md describes its form).

    Raises `UserError`, with the key, for anything invalid.
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
    """Checks a document and makes a selection of it; every error names the file and the key."""

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
        for number, entry in enumerate(top["findings"]):
            place = f"findings[{number}]"
            key, decision, finding = self._finding(place, entry)
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
        edits = [self._edit(f"{place}.edits[{number}]", edit) for number, edit in enumerate(fields["edits"])]
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


_KINDS = {int: "a whole number", str: "a string", dict: "an object", list: "a list"}
