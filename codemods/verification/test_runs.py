"""Runs of the project's own test program, each in a tree that it has for itself meanwhile."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
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
from codemods.verification.worktrees import lay_out, make_removable


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
"""What is worse than what; all others are worse still."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run came to. ``passed`` is None if the program does not say how many tests did, ``leaks`` if
    it says nothing of leaks, not even that there are none."""

    status: Status
    passed: int | None = None
    leaks: Amount | None = None
    files: Mapping[str, Amount] = field(default_factory=dict)
    """The leaks of each test file that has some."""
    readable: bool = False
    """Whether the program printed something that could be read."""

    @property
    def complete(self) -> bool:
        """Whether the tests ran to their end, so that the leaks are all there, if they are told."""
        return self.status in RANKS


@dataclass(frozen=True, slots=True)
class Setup:
    """What all runs have in common."""

    command: tuple[str, ...]
    jobs: int
    """How many may be at work at a time."""
    seconds: float
    """How long each may take."""
    links: tuple[str, ...]
    """What every tree gets from the checkout."""
    files: frozenset[str]
    """The test files whose leaks are told apart."""
    logs: Path | None
    """Where what they print is kept."""


def measure(
    repository: Repository,
    sides: Mapping[str, Sequence[str]],
    setup: Setup,
    progress: Progress | None,
) -> dict[tuple[str, str], Measurement]:
    """Run the command on the units of each commit.

    A lane is a tree of one commit, in which one run follows the other, since a test program keeps its
    files there; each commit has as many as can be at work, made when their turn comes.
    """
    jobs = setup.jobs
    waiting = {commit: _queue(units) for commit, units in sides.items()}
    total = sum(map(len, sides.values()))
    results: dict[tuple[str, str], Measurement] = {}
    stop, lock = threading.Event(), threading.Lock()

    def note(commit: str, unit: str, measured: Measurement) -> None:
        with lock:
            results[commit, unit] = measured
            if progress is not None:
                progress("testing", len(results), total)

    def lane(commit: str, number: int, work: Path) -> None:
        tree = work / f"{commit[:12]}-{number}"
        while not stop.is_set():
            try:
                unit = waiting[commit].get_nowait()
            except Empty:
                return
            if not tree.exists():
                lay_out(repository, commit, tree, setup.links)
            note(commit, unit, _run(tree, unit, setup, work / "logs", commit, stop))

    with ended_by_signals(), temporary_folder(Path(tempfile.gettempdir())) as work:
        try:
            with ThreadPoolExecutor(jobs) as pool:
                try:
                    lanes = [
                        pool.submit(partial(lane, commit, number, work))
                        for number in range(-(-jobs // len(sides)))
                        for commit in sides
                    ]
                    for each in as_completed(lanes):
                        each.result()
                except BaseException:
                    stop.set()
                    raise
        finally:
            make_removable(work)
    return results


def _queue(units: Sequence[str]) -> SimpleQueue[str]:
    queue: SimpleQueue[str] = SimpleQueue()
    for unit in units:
        queue.put(unit)
    return queue


def _run(
    tree: Path, unit: str, setup: Setup, scratch: Path, commit: str, stop: threading.Event
) -> Measurement:
    if not (tree / unit).exists():
        return Measurement(Status.ABSENT)
    output = (setup.logs or scratch) / commit[:12] / f"{unit}.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    # A name that starts with a dash would be taken for an option.
    name = f"./{unit}" if unit.startswith("-") else unit
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
    if status not in RANKS:  # what it had leaked by then says nothing
        return Measurement(status, readable=readable)
    if not any(each.reports or each.table for each in found):
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
