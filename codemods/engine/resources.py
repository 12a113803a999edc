"""What an analysis may use of the machine: its processors, and what earlier runs have found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass

from codemods.engine.result_cache import FOLDER_VARIABLE, ResultCache, cache_folder


def ignore_note(_note: str) -> None:
    """Discard a note."""


@dataclass(frozen=True, slots=True)
class Resources:
    """How many processes share the work (None: as fits it), whether results are kept, and who gets notes."""

    jobs: int | None = None
    is_cached: bool = True
    note: Callable[[str], None] = ignore_note

    def cache(self) -> ResultCache | None:
        """The results of earlier runs."""
        if not self.is_cached:
            return None
        folder = cache_folder()
        if folder is None:
            self.note(f"no results are kept, for there is no home; {FOLDER_VARIABLE} names a folder")
            return None
        return ResultCache(folder, self.note)

    @contextmanager
    def executor(self, files: Mapping[str, bytes]) -> Iterator[Executor | None]:
        """The processes that do the work for these files; None for this process alone."""
        size = sum(map(len, files.values()))
        if self.jobs == 1 or (self.jobs is None and size <= SMALL):
            yield None
            return
        with importlib.import_module("codemods.engine.workers").workers(self.jobs) as executor:
            yield executor


RESOURCES = Resources()
"""The default, unless an option says otherwise."""

SMALL = 512 * 1024
"""Bytes of source that one process analyses in the time that starting another takes."""
