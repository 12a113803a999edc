"""Runs of the project's own test program, each alone in a tree of its commit."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue

from codemods.files.repository import Repository
from codemods.files.work_folders import temporary_folder
from codemods.model.progress import Progress
from codemods.verification.leak_log import read_log
from codemods.verification.leak_report import combine
from codemods.verification.leaks import Amount
from codemods.verification.processes import Ending, command_on, ended_by_signals, run
from codemods.verification.runner_log import RunnerResult, read_result
from codemods.verification.worktrees import added, lay_out, make_removable

LOG_FILTER = "--log-filter=test=info"
"""The option that makes ``tml test`` print its result and the leaks."""


class Status(StrEnum):
    """How a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    ENDLESS = "printed without end"
    UNCOMPILED = "does not compile"
    ABSENT = "absent"
    """The tree has no such file or folder."""


RANKS = {Status.PASSED: 0, Status.FAILED: 1}
"""How bad an end is; all others are worse still."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of one run. ``passed`` is None if the program does not say how many tests passed, ``leaks``
    is None if it does not report leaks, not even that there are none."""

    status: Status
    passed: int | None = None
    leaks: Amount | None = None
    files: Mapping[str, Amount] = field(default_factory=dict)
    """The leaks of each test file that leaks."""
    readable: bool = False
    """Whether a result or a report of leaks could be read from the output."""

    @property
    def complete(self) -> bool:
        """Whether the tests ran to their end, so that the reported leaks are all there are."""
        return self.status in RANKS


@dataclass(frozen=True, slots=True)
class Program:
    """What one run is done on: a file or folder of the tree, with files that it has for this run only."""

    name: str
    path: str
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setup:
    """What all runs have in common."""

    command: tuple[str, ...]
    jobs: int
    """How many runs are done at a time."""
    seconds: float
    """The time limit of each run."""
    links: tuple[str, ...]
    """The paths that every tree has as links into the checkout."""
    files: frozenset[str]
    """The test files whose leaks are counted one by one."""
    logs: Path | None
    """The folder that keeps the output, if any."""


def measure(
    repository: Repository,
    programs: Mapping[str, Sequence[Program]],
    setup: Setup,
    progress: Progress | None,
) -> dict[tuple[str, str], Measurement]:
    """Run the command on the programs of each commit; the measurements by commit and name of the program."""
    with ended_by_signals(), temporary_folder(Path(tempfile.gettempdir())) as work:
        lanes = _Lanes(repository, programs, setup, progress, work)
        try:
            with ThreadPoolExecutor(setup.jobs) as pool:
                try:
                    running = [
                        pool.submit(lanes.run_lane, commit, number)
                        for number in range(-(-setup.jobs // len(programs)))
                        for commit in programs
                    ]
                    for lane in as_completed(running):
                        lane.result()
                except BaseException:
                    lanes.stop.set()
                    raise
        finally:
            make_removable(work)
    return lanes.results


class _Lanes:
    """The trees that runs are done in.

    A lane is a tree of one commit. Its runs follow one another, since a test program keeps files in its
    tree. Each commit has as many lanes as there are jobs for it; a tree is made when its first run begins.
    """

    def __init__(
        self,
        repository: Repository,
        programs: Mapping[str, Sequence[Program]],
        setup: Setup,
        progress: Progress | None,
        work: Path,
    ) -> None:
        self.results: dict[tuple[str, str], Measurement] = {}
        self.stop = threading.Event()
        self._repository = repository
        self._setup = setup
        self._progress = progress
        self._work = work
        self._waiting = {commit: _queue(waiting) for commit, waiting in programs.items()}
        self._total = sum(map(len, programs.values()))
        self._lock = threading.Lock()

    def run_lane(self, commit: str, number: int) -> None:
        """Run programs of the commit in a tree of its own until none is left."""
        tree = self._work / f"{commit[:12]}-{number}"
        while not self.stop.is_set():
            try:
                program = self._waiting[commit].get_nowait()
            except Empty:
                return
            if not tree.exists():
                lay_out(self._repository, commit, tree, self._setup.links)
            logs = (self._setup.logs or self._work / "logs") / commit[:12]
            with added(tree, program.files):
                measured = _run(tree, program, self._setup, logs, self.stop)
            self._add(commit, program.name, measured)

    def _add(self, commit: str, name: str, measured: Measurement) -> None:
        with self._lock:
            self.results[commit, name] = measured
            if self._progress is not None:
                self._progress("testing", len(self.results), self._total)


def _queue(programs: Sequence[Program]) -> SimpleQueue[Program]:
    queue: SimpleQueue[Program] = SimpleQueue()
    for program in programs:
        queue.put(program)
    return queue


def _run(tree: Path, program: Program, setup: Setup, logs: Path, stop: threading.Event) -> Measurement:
    if not (tree / program.path).exists():
        return Measurement(Status.ABSENT)
    output = logs / f"{program.name}.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    # A name that starts with a dash looks like an option.
    name = f"./{program.path}" if program.path.startswith("-") else program.path
    ending = run(
        command_on(setup.command, name),
        folder=tree,
        output=output,
        seconds=setup.seconds,
        stop=stop,
    )
    result, found = read_result(ending.output), read_log(io.BufferedReader(io.BytesIO(ending.output)))
    readable = result.ok is not None or bool(found)
    status = _status(ending, result)
    if status not in RANKS:  # the leaks up to then mean nothing
        return Measurement(status, readable=readable)
    if not any(logged.reports or logged.table for logged in found):
        return Measurement(status, result.passed, readable=readable)
    leaks = combine(found, setup.files).leaks
    files = {file: amount for file, amount in leaks.files.items() if file in setup.files}
    return Measurement(status, result.passed, leaks.total, files, readable)


def _status(ending: Ending, result: RunnerResult) -> Status:
    """How a run ended, by its exit status and what it says."""
    if ending.is_endless:
        return Status.ENDLESS
    if ending.status is None:
        return Status.TIMED_OUT
    if ending.status < 0 or ending.status >= 128:
        return Status.CRASHED
    if result.does_not_compile:
        return Status.UNCOMPILED
    if result.crashed:
        return Status.CRASHED
    passed = result.ok if result.ok is not None else ending.status == 0
    return Status.PASSED if passed else Status.FAILED
