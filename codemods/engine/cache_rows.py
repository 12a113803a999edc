"""The results of jobs as JSON, in rows without names: for the cache, which checks their shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple
from typing import Any

from codemods.engine.jobs import FilesResult, FixId, MadeFix, Needs
from codemods.model.findings import Edit, Finding, FindingKey, InputError, Paths, Verdict
from tml_ast.replay import History, Piece

_EDIT = (int, int, str)
_FINDING = (int, str, str, int, int, str, str, str, [_EDIT], str)
_FIX = (int, int, (int, str, int, int, str, str), [str])
_PIECE = (int, str, [int], [int])
_HISTORY = ([_PIECE], [int])
ERROR = (str, str, int, int)
RESULT = ([_FINDING], [_FIX], {str: _HISTORY}, [_FINDING], [ERROR])
NEEDS = [(str, int, [(str, int)])]
"""The shapes of the rows; see ``ResultCache.get``."""


def result_row(result: FilesResult) -> object:
    """A result as a row."""
    return (
        _finding_rows(result.findings),
        [(fix.number, fix.round, astuple(fix.key), sorted(fix.relies_on)) for fix in result.fixes],
        {path: _history_row(history) for path, history in result.histories.items()},
        _finding_rows(result.suppressed),
        error_rows(result.errors),
    )


def result_of(row: Any, sources: Mapping[str, bytes]) -> FilesResult:
    """The result of a row; ``sources`` are the files before. Raises KeyError or ValueError for a bad row."""
    findings, fixes, histories, suppressed, errors = row
    return FilesResult(
        _findings(findings),
        tuple(
            MadeFix(number, round, FindingKey(*key), frozenset(relies_on))
            for number, round, key, relies_on in fixes
        ),
        {path: _history(row, sources[path]) for path, row in histories.items()},
        _findings(suppressed),
        errors_of(errors),
    )


def needs_rows(needs: Needs) -> list[object]:
    """A row for each fix that needs others."""
    return [
        (*astuple(fix), [astuple(other) for other in sorted(needed)]) for fix, needed in sorted(needs.items())
    ]


def needs_of(rows: Iterable[Any]) -> Needs:
    """What fixes need."""
    return {
        FixId(path, number): frozenset(FixId(*other) for other in needed) for path, number, needed in rows
    }


def error_rows(errors: Iterable[InputError]) -> list[object]:
    """A row for each error."""
    return [astuple(error) for error in errors]


def errors_of(rows: Iterable[Any]) -> tuple[InputError, ...]:
    """The errors of rows."""
    return tuple(InputError(*row) for row in rows)


def _finding_rows(findings: Iterable[Finding]) -> list[object]:
    return [astuple(finding) for finding in findings]


def _findings(rows: Iterable[Any]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            phase,
            rule,
            path,
            line,
            column,
            function,
            message,
            Verdict(verdict),
            tuple(_edits(edits)),
            Paths(paths),
        )
        for phase, rule, path, line, column, function, message, verdict, edits, paths in rows
    )


def _edits(rows: Iterable[Any]) -> Iterable[Edit]:
    return (Edit(*row) for row in rows)


def _history_row(history: History[int]) -> object:
    """The pieces of a history; of those of the original only the length."""
    pieces = [
        (
            len(piece.text),
            piece.text.decode("latin-1") if piece.makers else "",
            sorted(piece.makers),
            sorted(piece.removers),
        )
        for piece in history.pieces
    ]
    return pieces, sorted(history.offers)


def _history(row: Any, source: bytes) -> History[int]:
    pieces, offers = row
    return History(source, _pieces(pieces, source), frozenset(offers))


def _pieces(rows: Iterable[Any], source: bytes) -> Iterator[Piece[int]]:
    start = 0
    for length, text, makers, removers in rows:
        content = text.encode("latin-1") if makers else source[start : start + length]
        if len(content) != length:
            raise ValueError("a piece has another length")
        start += 0 if makers else length
        yield Piece(content, frozenset(makers), frozenset(removers))
    if start != len(source):
        raise ValueError("the pieces are of another file")
