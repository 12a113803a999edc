"""Tries mutants: each in a process of its own, where the module is replaced when it is imported.

No file is changed. The processes are forks of one that has imported what the tests need but not what is
mutated.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.campaigns.mutation.mutants import Mutant

OPTIONS = ("-q", "-p", "no:cacheprovider", "--hypothesis-seed=1")
"""How pytest runs: the same way each time, and without writing beside the tests."""

KEPT_IN = Path("build") / "mutation"
"""Where things stay from run to run."""

MEMORY = 4 << 30
"""What a process may use; a mutant that fills the memory is noticed like any exception."""


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    UNREACHED = "survived, no test reaches it"
    ENDLESS = "killed, it took too long"
    REFUSED = "killed, its types are wrong"


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and what became of it."""

    mutant: Mutant
    fate: Fate
    noticed_by: str
    seconds: float

    @property
    def is_killed(self) -> bool:
        """Whether the tests or the type checker noticed it."""
        return self.fate not in (Fate.SURVIVED, Fate.UNREACHED)


class _Mutated(SourceFileLoader):
    """Loads the mutated source in the place of the file's."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the module that is mutated."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self._source = mutant.source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None and spec.origin is not None
        spec.loader = _Mutated(fullname, spec.origin, self._source)
        return spec


class _Chosen:
    """Runs the chosen tests in their order, and says which of them failed."""

    def __init__(self, tests: Sequence[str], failed: Connection) -> None:
        self._place = {test: number for number, test in enumerate(tests)}
        self._failed = failed

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._place), key=lambda item: self._place[item.nodeid]
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.send(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._failed.send(report.nodeid)


def _run(mutant: Mutant, tests: Sequence[str], failed: Connection, folder: str, limit: int) -> None:
    """The process of a mutant; ends with 1 when a test fails, or by a signal when it takes too long."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(Path.cwd() / KEPT_IN / "bytecode")
    sys.meta_path.insert(0, _Finder(mutant))
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.environ["TMPDIR"] = folder
    tempfile.tempdir = folder
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    code = pytest.main([*files, "-x", *OPTIONS], plugins=[_Chosen(tests, failed)])
    os._exit(0 if code == pytest.ExitCode.OK else 1)


@dataclass(slots=True)
class _Running:
    mutant: Mutant
    process: ForkProcess
    failed: Connection
    folder: str
    """For the files of its tests."""
    started: float

    def trial(self) -> Trial:
        try:
            noticed_by = self.failed.recv()
        except EOFError:
            noticed_by = ""
        ended = self.process.exitcode or 0
        fate = Fate.ENDLESS if ended < 0 else Fate.KILLED if ended else Fate.SURVIVED
        return Trial(self.mutant, fate, noticed_by, time.monotonic() - self.started)


class Trials:
    """Tries mutants, some at a time, each for so many seconds of the processor at most."""

    def __init__(self, preload: Sequence[str], jobs: int, limit: int) -> None:
        for name in preload:
            importlib.import_module(name)
        self._fork = multiprocessing.get_context("fork")
        self._jobs = jobs
        self._limit = limit
        self._killers: dict[Path, list[str]] = {}
        """The tests that noticed earlier mutants of a module; they are tried first."""

    def run(self, mutants: Sequence[tuple[Mutant, list[str]]]) -> Iterator[Trial]:
        """Try mutants, each with its tests."""
        waiting = list(reversed(mutants))
        running: list[_Running] = []
        while waiting or running:
            while waiting and len(running) < self._jobs:
                mutant, tests = waiting.pop()
                if tests:
                    running.append(self._start(mutant, tests))
                else:
                    yield Trial(mutant, Fate.UNREACHED, "", 0)
            ended = wait([run.process.sentinel for run in running])
            for run in [run for run in running if run.process.sentinel in ended]:
                run.process.join()
                running.remove(run)
                shutil.rmtree(run.folder, ignore_errors=True)
                trial = run.trial()
                if trial.noticed_by:
                    self._killers.setdefault(trial.mutant.path, []).insert(0, trial.noticed_by)
                yield trial

    def _start(self, mutant: Mutant, tests: list[str]) -> _Running:
        known = [test for test in dict.fromkeys(self._killers.get(mutant.path, ())) if test in tests]
        failed, sender = self._fork.Pipe(duplex=False)
        folder = tempfile.mkdtemp(prefix="mutant-")
        process = self._fork.Process(
            target=_run, args=(mutant, list(dict.fromkeys(known + tests)), sender, folder, self._limit)
        )
        process.start()
        sender.close()
        return _Running(mutant, process, failed, folder, time.monotonic())
