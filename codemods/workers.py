"""Processes that share the work of an analysis: as many as there are processors, unless told otherwise."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from codemods.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")

SMALL = 512 * 1024
"""Bytes of source that one process is done with before another has started."""

_WORK = "codemods.tasks"


def processors() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def workers(jobs: int | None, size: int) -> Iterator[Executor | None]:
    """``jobs`` processes that start with the first work; None where this process had better do it alone.

    Without a number it follows from the processors and from the ``size`` of the work, in bytes of source.
    Raises `UserError` when one of them dies.
    """
    count = jobs if jobs is not None else (processors() if size > SMALL else 1)
    if count == 1:
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
    """A pool of processes that is made when the first work comes in."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, task: Callable[P, R], /, *arguments: P.args, **options: P.kwargs) -> Future[R]:
        """Have a function called in one of the processes."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._count, _context(), initializer=_start)
        return self._pool.submit(task, *arguments, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when they are done with what they have begun."""
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def kill(self) -> None:
        """End the processes at once."""
        if self._pool is not None:
            for process in multiprocessing.active_children():
                process.terminate()


def _context() -> Any:
    """Processes are forked off one that has read the code and runs no threads, where the system can."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload([_WORK])
    return context


def _start() -> None:
    """An interrupt is for the process that people talk to; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
