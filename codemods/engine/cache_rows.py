"""The results of jobs as JSON, in rows without names: for the cache, which checks their shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import Any

from codemods.engine.jobs import FilesResult
from codemods.model.findings import Change, Edit, Finding, InputError, Verdict

_EDIT = (int, int, str)
_FINDING = (str, str, int, int, str, str, str, [_EDIT])
ERROR = (str, str, int, int)
RESULT = ([_FINDING], {str: str}, [_FINDING], [_FINDING], [ERROR])
"""The shapes of the rows; see ``ResultCache.get``."""


def result_row(result: FilesResult) -> object:
    """A result as a row; of its changes only the new content."""
    return (
        _finding_rows(result.findings),
        {path: change.after.decode("latin-1") for path, change in result.changes.items()},
        _finding_rows(result.declined),
        _finding_rows(result.suppressed),
        error_rows(result.errors),
    )


def result_of(row: Any, phase: int, sources: Mapping[str, bytes]) -> FilesResult:
    """The result of a row; ``sources`` are the files before. Raises KeyError or ValueError for a bad row."""
    findings, changes, declined, suppressed, errors = row
    return FilesResult(
        _findings(findings, phase),
        {path: Change(sources[path], after.encode("latin-1")) for path, after in changes.items()},
        _findings(declined, phase),
        _findings(suppressed, phase),
        errors_of(errors),
    )


def error_rows(errors: Iterable[InputError]) -> list[object]:
    """A row for each error."""
    return [astuple(error) for error in errors]


def errors_of(rows: Iterable[Any]) -> tuple[InputError, ...]:
    """The errors of rows."""
    return tuple(InputError(*row) for row in rows)


def _finding_rows(findings: Iterable[Finding]) -> list[object]:
    return [astuple(finding)[1:] for finding in findings]


def _findings(rows: Iterable[Any], phase: int) -> tuple[Finding, ...]:
    return tuple(
        Finding(phase, rule, path, line, column, function, message, Verdict(verdict), tuple(_edits(edits)))
        for rule, path, line, column, function, message, verdict, edits in rows
    )


def _edits(rows: Iterable[Any]) -> Iterable[Edit]:
    return (Edit(*row) for row in rows)
