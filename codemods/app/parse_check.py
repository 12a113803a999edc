"""Whether every file parses, and survives the round trip through tokens and tree."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import tml_ast
from codemods.model.findings import InputError
from codemods.model.progress import Progress

FILES_PER_TASK = 16
"""The number of files in one task for a worker process; a second process is not worth it for fewer files."""


@dataclass(frozen=True, slots=True)
class ParseReport:
    """The results for the files; ``lines`` counts those of all files, ``seconds`` is wall time."""

    files: int
    parsed: int
    rejected: tuple[InputError, ...]
    roundtrip_failures: tuple[str, ...]
    lines: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was rejected and nothing failed to round-trip."""
        return not self.rejected and not self.roundtrip_failures


@dataclass(frozen=True, slots=True)
class _Outcome:
    path: str
    rejection: InputError | None
    round_trips: bool


def check(files: Mapping[str, bytes], progress: Progress | None = None) -> ParseReport:
    """Parse and print every file (path to content), on all processors.

    A file that is rejected must still round-trip by its tokens.
    """
    start = time.perf_counter()
    outcomes: list[_Outcome] = []
    for outcome in _check_all(files):
        outcomes.append(outcome)
        if progress is not None:
            progress("parsing", len(outcomes), len(files))
    rejected = tuple(outcome.rejection for outcome in outcomes if outcome.rejection is not None)
    return ParseReport(
        files=len(files),
        parsed=len(files) - len(rejected),
        rejected=rejected,
        roundtrip_failures=tuple(outcome.path for outcome in outcomes if not outcome.round_trips),
        lines=sum(_count_lines(source) for source in files.values()),
        seconds=round(time.perf_counter() - start, 3),
    )


def dump_trees(files: Mapping[str, bytes]) -> tuple[str, tuple[InputError, ...]]:
    """The syntax trees of the files as text, and the errors of files that do not parse."""
    trees: list[str] = []
    errors: list[InputError] = []
    for path, source in files.items():
        try:
            trees.append(tml_ast.dump(tml_ast.parse(source)))
        except tml_ast.TmlSyntaxError as error:
            errors.append(InputError(path, error.message, error.line, error.column))
    return "".join(trees), tuple(errors)


def _check_all(files: Mapping[str, bytes]) -> Iterator[_Outcome]:
    if len(files) <= FILES_PER_TASK:
        yield from map(_check_file, files.items())
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(_check_file, files.items(), chunksize=FILES_PER_TASK)


def _check_file(item: tuple[str, bytes]) -> _Outcome:
    path, source = item
    try:
        printed: bytes = tml_ast.parse(source).code()
        rejection = None
    except tml_ast.TmlSyntaxError as error:
        printed = _join(tml_ast.tokenize(source))
        rejection = InputError(path, error.message, error.line, error.column)
    return _Outcome(path, rejection, printed == source)


def _join(tokens: Iterable[tml_ast.Token]) -> bytes:
    return b"".join(token.trivia + token.lexeme for token in tokens)


def _count_lines(source: bytes) -> int:
    return source.count(b"\n") + (not source.endswith(b"\n") and source != b"")
