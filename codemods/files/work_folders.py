"""Folders for work in progress: each belongs to one run, and the next run removes what others left.

A run locks a file in its folder, and the system releases the lock when the process ends, however it ends: a
folder without a lock is a leftover. The file holds the inode number of the folder, so that a copy of it, or
somebody else's folder of that name, is never taken for one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from codemods.files.safe_open import open_folder
from codemods.model.errors import UserError, errors_at

LOCK = "lock"
TEMPORARY_PREFIX = "tmp_objdir-tmlfix-"
PATIENCE = 10.0
"""Seconds to wait for a run that writes to the same place: writing takes only a moment."""


class InUseError(UserError):
    """The folder cannot be used: another run is at work in it, or tmlfix did not make it."""

    @classmethod
    def foreign(cls, folder: Path) -> InUseError:
        """The error for a folder that somebody else made."""
        return cls(f"{folder} was not made by a run of tmlfix here; remove it and run the same command again")


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """A folder that only this run uses. All work in it goes through ``descriptor``."""

    path: Path
    descriptor: int

    def names(self) -> list[str]:
        """The names of what is in the folder."""
        return os.listdir(self.descriptor)  # noqa: PTH208  (no path names it)


@contextmanager
def work_folder(path: Path, *, kept_by: str | None = None) -> Iterator[WorkFolder]:
    """Make an empty folder for this run alone; it is removed at the end, and so are the parents it needed.

    While it has a file named ``kept_by``, nothing is removed, neither before nor after. Git ignores it.
    Raises `InUseError` if another run keeps it for long, and OSError if it cannot be made.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        with _taken(path) as folder:
            try:
                _clear(folder, kept_by)
                _hide_from_git(folder)
                yield folder
            finally:
                with suppress(OSError):
                    _clear(folder, kept_by)
                    if kept_by not in folder.names():
                        os.unlink(LOCK, dir_fd=folder.descriptor)
                        path.rmdir()
    finally:
        for parent in made:
            with suppress(OSError):
                parent.rmdir()


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """A new folder in ``place``; what killed runs left there is removed."""
    _remove_leftovers(place)
    with work_folder(place / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}") as folder:
        yield folder.path


def sync_folder(name: str | Path, folder: int | None = None) -> None:
    """Write the entries of a folder down to the disk; its name may be relative to the open ``folder``."""
    with suppress(OSError):  # not every folder may be opened, and not every file system can
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _taken(path: Path) -> Iterator[WorkFolder]:
    """The folder, made if it is missing, and locked; waits while another run has it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if path.is_symlink():
            raise InUseError(f"{path} is a symbolic link; remove it and run the same command again")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path) as (folder, lock):
            if folder is not None:
                _sign(folder, lock)
                yield folder
                return
        if time.monotonic() >= deadline:
            raise InUseError(
                f"another run of tmlfix is writing in {path.parent}; "
                "run the same command again when it has ended"
            )
        time.sleep(0.02)


@contextmanager
def _locked(path: Path) -> Iterator[tuple[WorkFolder | None, int]]:
    """The folder and its locked file; None if another run has it, or removes it at this moment."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with ExitStack() as stack:
        folder, lock = None, -1
        with suppress(BlockingIOError, FileNotFoundError), errors_at(path):
            descriptor = stack.enter_context(open_folder(path.parent, path.name))
            lock = os.open(LOCK, flags, 0o600, dir_fd=descriptor)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = os.stat(LOCK, dir_fd=descriptor, follow_symlinks=False)
            if os.path.samestat(status, os.fstat(lock)):
                folder = WorkFolder(path, descriptor)
        yield folder, lock


def _sign(folder: WorkFolder, lock: int) -> None:
    """Write the inode number of the folder to its lock file."""
    try:
        if not _is_ours(folder, lock):
            raise InUseError.foreign(folder.path)
        with errors_at(folder.path):
            os.pwrite(lock, _number(folder), 0)
    except BaseException:
        if os.fstat(lock).st_size == 0:
            os.unlink(LOCK, dir_fd=folder.descriptor)
            with suppress(OSError):
                folder.path.rmdir()
        raise


def _is_ours(folder: WorkFolder, lock: int) -> bool:
    """Whether tmlfix made the folder, here; one with nothing but an empty lock file counts as well."""
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return False
    return os.pread(lock, 64, 0) == _number(folder) or (status.st_size == 0 and folder.names() == [LOCK])


def _number(folder: WorkFolder) -> bytes:
    return str(os.fstat(folder.descriptor).st_ino).encode()


def _clear(folder: WorkFolder, kept_by: str | None) -> None:
    if kept_by in folder.names():
        return
    with os.scandir(folder.descriptor) as listing:
        entries = list(listing)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.name, dir_fd=folder.descriptor)
        elif entry.name != LOCK:
            os.unlink(entry.name, dir_fd=folder.descriptor)


def _hide_from_git(folder: WorkFolder) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with suppress(FileExistsError), errors_at(folder.path):
        descriptor = os.open(".gitignore", flags, 0o600, dir_fd=folder.descriptor)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(b"*\n")


def _remove_leftovers(place: Path) -> None:
    """Remove the temporary folders whose runs are dead."""
    for path in place.glob(f"{TEMPORARY_PREFIX}*"):
        with suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.geteuid():
                continue
            if not (path / LOCK).exists():
                path.rmdir()  # killed before it had a lock: then it is empty
                continue
            with _locked(path) as (folder, lock):
                if folder is not None and _is_ours(folder, lock):
                    shutil.rmtree(path)
