"""A pool of processes for the work of an analysis, one for each processor unless an option says otherwise."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from codemods.model.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")

_WORK = "codemods.engine.tasks"
_SAFE_PATH = "PYTHONSAFEPATH"


def processors() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def workers(jobs: int | None = None) -> Iterator[Executor | None]:
    """A pool of ``jobs`` processes (default: one for each processor); None where one process is enough.

    The processes start with the first work. Raises `UserError` when one of them dies or cannot be started.
    """
    count = jobs or processors()
    if count == 1 or not _can_shield_modules():
        yield None
        return
    executor = _Workers(count)
    try:
        yield executor
    except BrokenProcessPool:
        advice = "the system may be short of memory: use fewer with --jobs"
        raise UserError(f"a process that did a part of the work has died; {advice}") from None
    except BaseException:
        executor.kill()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


class _Workers(Executor):
    """A pool of processes that start with the first work, and that do not outlive this process."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._ends, self._lifeline = multiprocessing.Pipe(duplex=False)

    def submit(self, task: Callable[P, R], /, *arguments: P.args, **options: P.kwargs) -> Future[R]:
        """Call a function in one of the processes."""
        try:
            with _shielded():
                if self._pool is None:
                    self._pool = ProcessPoolExecutor(self._count, _context(), _start, (self._ends,))
                return self._pool.submit(task, *arguments, **options)
        except (OSError, EOFError) as error:
            advice = "do the work in this one with --jobs 1"
            raise UserError(f"cannot start another process ({error}); {advice}") from None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when they have finished what they began."""
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)
        self.kill()

    def kill(self) -> None:
        """End the processes at once."""
        self._lifeline.close()


def _can_shield_modules() -> bool:
    """Whether other processes can be kept from looking for modules in the current folder."""
    return bool(sys.flags.safe_path) or not sys.flags.ignore_environment


@contextmanager
def _shielded() -> Iterator[None]:
    """Processes that start in it import nothing from the user's tree, and no interrupt reaches them.

    Python starts them with ``-c``, which looks for modules in the current folder, the user's tree.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        with _interrupts_deferred():
            yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Defer interrupts until the context ends. Processes that are started in it never get one."""
    if sys.platform == "win32":
        yield
        return
    # Its start lets interrupts through again, so it comes first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context() -> Any:
    """The way to start processes: where the system can, by forking one that has imported the code already."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_WORK])
    return context


def _start(ends: Connection) -> None:
    """Prepare a process: interrupts go to the main process alone, and when that ends, this one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(ends,), daemon=True).start()


def _end_with(ends: Connection) -> None:
    ends.poll(None)
    os._exit(1)
