"""Find code by its shape, in all files that may have it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from codemods.engine.gc_tuning import rare_collections
from codemods.model.errors import UserError
from codemods.model.findings import InputError
from codemods.model.phases import phase_of
from tml_ast.lexer import TmlSyntaxError, position
from tml_ast.parser import parse
from tml_ast.pattern import CodePattern, filter_for

FILES_PER_TASK = 8
"""The files of one task for a worker process; a second process is not worth it for fewer."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place of the shape: where it is, from 1, and what the metavariables stand for."""

    path: str
    line: int
    column: int
    last_line: int
    text: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """All places, and the files that could not be searched."""

    hits: tuple[Hit, ...]
    errors: tuple[InputError, ...]


def search(pattern: str, files: Mapping[str, bytes], jobs: int | None = None) -> Found:
    """The places of a pattern in files. Raises `UserError` for a pattern that is no TML."""
    try:
        CodePattern(pattern)
    except TmlSyntaxError as error:
        raise UserError(f"the pattern, {error.line}:{error.column}: {error.message}") from None
    except ValueError as error:
        raise UserError(f"the pattern: {error}") from None
    may_match = filter_for(pattern)
    candidates = [(path, source) for path, source in files.items() if may_match(source)]
    results = list(each_file(partial(_search_file, pattern), candidates, jobs))
    return Found(
        tuple(hit for hits in results if not isinstance(hits, InputError) for hit in hits),
        tuple(error for error in results if isinstance(error, InputError)),
    )


def each_file(
    work: Callable[[tuple[str, bytes]], Result],
    files: Iterable[tuple[str, bytes]],
    jobs: int | None,
) -> Iterator[Result]:
    """What the work makes of each file, in their order; of many files in several processes."""
    pending = list(files)
    processes = min(jobs or os.cpu_count() or 1, len(pending) // FILES_PER_TASK)
    with rare_collections():  # also in the processes that start in here
        if processes < 2:
            yield from map(work, pending)
            return
        with ProcessPoolExecutor(processes) as pool:
            yield from pool.map(work, pending, chunksize=FILES_PER_TASK)


def unparsed(path: str, error: TmlSyntaxError) -> InputError | None:
    """The error of a file that is no TML; None for samples and tests that need not be."""
    if phase_of(path) is None:
        return None
    return InputError(path, error.message, error.line, error.column)


def _search_file(pattern: str, file: tuple[str, bytes]) -> InputError | tuple[Hit, ...]:
    path, source = file
    try:
        tree = parse(source)
    except TmlSyntaxError as error:
        return unparsed(path, error) or ()
    hits = []
    for match in CodePattern(pattern).search(tree):
        line, column = position(source, match.start)
        code = source[match.start : match.end].decode("utf-8", "surrogateescape")
        variables = {name: bound.text for name, bound in match.bindings.items()}
        hits.append(Hit(path, line, column, line + code.count("\n"), code, variables))
    return tuple(sorted(hits, key=lambda hit: (hit.line, hit.column)))
