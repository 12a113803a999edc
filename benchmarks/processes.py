"""Commands as whole processes, seen from outside: how long they take, and how much memory."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
INTERVAL = 0.02
"""Seconds between two samples of the memory."""
MEGABYTE = 1_000_000


class CommandError(Exception):
    """A command failed; the message has its output."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, where it runs, and the exit statuses with which it succeeds."""

    arguments: Sequence[str | Path]
    folder: Path = PROJECT
    variables: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (0,)

    def seconds(self) -> float:
        """How long it takes from start to end."""
        start = time.perf_counter()
        with self._running(subprocess.DEVNULL) as process:
            process.wait()
            return time.perf_counter() - start

    def processor_seconds(self) -> float:
        """How long processors work for it. Other programs of the machine hardly change that."""
        before = _worked()
        self.seconds()
        return _worked() - before

    def output(self) -> str:
        """What it prints."""
        with self._running(subprocess.PIPE) as process:
            return process.communicate()[0].decode()

    def peak_memory(self) -> float:
        """The most memory that it and the processes it starts have at one time, in MB."""
        memory_of = memory_meter()
        peak = 0
        with self._running(subprocess.DEVNULL) as process:
            while process.returncode is None:
                peak = max(peak, memory_of(process.pid))
                try:
                    process.wait(INTERVAL)
                except subprocess.TimeoutExpired:
                    continue
        return peak / MEGABYTE

    @contextmanager
    def _running(self, output: int) -> Iterator[subprocess.Popen[bytes]]:
        """The process while it runs. Raises `CommandError` when it ends with another status."""
        with tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                [str(argument) for argument in self.arguments],
                cwd=self.folder,
                env=environment() | dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            if process.returncode not in self.statuses or "Traceback" in said:
                raise CommandError(f"{self.arguments[0]} ended with {process.returncode}: {said}")


def _worked() -> float:
    """How long processors have worked for the processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def environment() -> dict[str, str]:
    """The variables of all commands: this project's code comes first, and stays compiled."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "TMLFIX_CACHE")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"PYTHONPATH": str(PROJECT), "NO_COLOR": "1", "COLUMNS": "200"}


def memory_kind() -> str:
    """What counts as memory here."""
    import psutil

    return "PSS" if hasattr(psutil.Process().memory_full_info(), "pss") else "USS"


def memory_meter() -> Callable[[int], int]:
    """A function for the memory in bytes of a process and all processes below it.

    That is their PSS, which counts a page that several processes share only once. Where the
    system does not have it, it is their USS: the pages that are not shared.
    """
    import psutil

    kind = memory_kind().lower()

    def one(process: psutil.Process) -> int:
        try:
            return int(getattr(process.memory_full_info(), kind))
        except psutil.Error:
            return 0

    def all_below(process_id: int) -> int:
        try:
            process = psutil.Process(process_id)
            return sum(map(one, [process, *process.children(recursive=True)]))
        except psutil.Error:
            return 0

    return all_below
