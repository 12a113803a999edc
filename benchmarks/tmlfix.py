"""tmlfix as users start it, and the options of this version."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.processes import Command

PROGRAM = (sys.executable, "-P", "-c", "import sys; from codemods.cli import main; sys.exit(main())")
"""What the installed script does."""


@dataclass(frozen=True)
class Tmlfix:
    """The program, with a folder for its caches: one for each tree."""

    caches: Path

    def check(self, tree: Path, *options: str) -> Command:
        """A check of all phases with its cache. Findings are not a failure."""
        arguments = [*PROGRAM, "check", "--all", *options]
        return Command(arguments, tree, {"TMLFIX_CACHE": str(self._cache_of(tree))}, statuses=(0, 1))

    @staticmethod
    def search(tree: Path, pattern: str) -> Command:
        """A search for a pattern, which keeps nothing from one run to the next. Status 1 means no match."""
        return Command([*PROGRAM, "search", pattern, "--count"], tree, statuses=(0, 1))

    @staticmethod
    def version() -> Command:
        """The version, which is the least that it can be asked for."""
        return Command([*PROGRAM, "--version"])

    def first_check(self, tree: Path) -> Command:
        """A check that starts with an empty cache and fills it."""
        shutil.rmtree(self._cache_of(tree), ignore_errors=True)
        return self.check(tree)

    def _cache_of(self, tree: Path) -> Path:
        return self.caches / tree.name

    @cached_property
    def has_cache(self) -> bool:
        """Whether it keeps results from one run to the next."""
        return "--no-cache" in self._help

    def single_process(self) -> list[str]:
        """The options for one process without a cache."""
        wanted = {"--no-cache": ["--no-cache"], "--jobs": ["--jobs", "1"]}
        return [part for option, parts in wanted.items() if option in self._help for part in parts]

    @cached_property
    def _help(self) -> str:
        return self.check(self.caches.parent, "--help").output()
