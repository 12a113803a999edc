"""Running a program that the user names, with a time limit, and without leaving processes running."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from codemods.model.errors import UserError

LARGEST_OUTPUT = 64 * 1024 * 1024
"""The most bytes that are read from the end of an output, which has the result."""

MOST_OUTPUT = 256 * 1024 * 1024
"""The most bytes that a run may print; it is ended before it fills the disk."""

POLL_INTERVAL = 0.02
"""Seconds between two checks of a running program."""

PLACEHOLDER = "{}"
"""The placeholder in a command for what it is run on."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: its exit status (negative for a signal, None if tmlfix ended it), and its output."""

    status: int | None
    output: bytes
    is_endless: bool = False
    """Whether it was ended because it printed too much."""


def read_command(text: str, folder: Path) -> tuple[str, ...]:
    """The arguments of a command, the first one the absolute path of its program. No shell is involved.

    A program with a slash in its name is relative to ``folder``. Raises `UserError` if there is none.
    """
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise UserError(f"the command {text!r} cannot be read: {error}") from error
    if not arguments:
        raise UserError("the command is empty; name the program that runs one test file")
    program = arguments[0]
    path = str(folder / program) if "/" in program else program
    found = shutil.which(path)
    if found is None:
        where = "does not exist or cannot be run" if "/" in program else "is not on your PATH"
        raise UserError(f"the program {program} {where}; name another one")
    return (os.path.abspath(found), *arguments[1:])  # noqa: PTH100  (a link may choose what the program does)


def command_on(command: Sequence[str], name: str) -> list[str]:
    """The command with ``name`` in place of the placeholder, else at its end."""
    if any(PLACEHOLDER in argument for argument in command[1:]):
        return [command[0], *(argument.replace(PLACEHOLDER, name) for argument in command[1:])]
    return [*command, name]


def run(
    command: Sequence[str], *, folder: Path, output: Path, seconds: float, stop: threading.Event
) -> Ending:
    """Run a program in ``folder`` until it ends, its time is up, it prints too much or ``stop`` is set.

    It has a process group of its own, which is killed in any case. What it prints goes to the file
    ``output``. Raises `UserError` if it cannot be started.
    """
    with output.open("wb") as stream:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(f"{command[0]} cannot be run: {error.strerror}") from error
        try:
            end = time.monotonic() + seconds
            is_endless = False
            while process.poll() is None and time.monotonic() < end and not stop.wait(POLL_INTERVAL):
                if os.fstat(stream.fileno()).st_size > MOST_OUTPUT:
                    is_endless = True
                    break
            status = None if is_endless else process.poll()
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Ending(status, _last(output), is_endless)


def _last(output: Path) -> bytes:
    with output.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - LARGEST_OUTPUT))
        return stream.read()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let the signals that end a program raise KeyboardInterrupt instead, so that it can clean up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # An ignored signal stays ignored, as nohup wants it.
    fatal = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) == signal.SIG_DFL
    ]
    for number in fatal:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in fatal:
            signal.signal(number, signal.SIG_DFL)
