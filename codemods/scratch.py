"""Folders for work in progress: each belongs to one living run, and the next run removes those of the dead.

The lock on a file inside the folder tells them apart: the system lifts it when its process ends, however
that ends. The file holds the number of the folder, so that a copy or a folder of somebody else's, by the
same name, is never taken for a leftover.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from codemods.errors import UserError

LOCK = "lock"
TEMPORARY_PREFIX = "tmp_objdir-tmlfix-"
PATIENCE = 10.0
"""Seconds to wait for a run that writes to the same place; writing takes a moment, analysing is over."""


class InUseError(UserError):
    """The folder is not to be had: another run is at work in it, or it is none of tmlfix's."""


@contextmanager
def work_folder(folder: Path, *, kept_by: str | None = None) -> Iterator[Path]:
    """Make ``folder``, for this run alone and free of leftovers; it goes at the end, and so do new parents.

    While it has a file named ``kept_by``, nothing is removed, neither before nor after. Git does not see
    it. Raises `InUseError` if another run keeps it for long, and OSError if it cannot be made.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        descriptor = _take(folder)
        try:
            _clear(folder, kept_by)
            (folder / ".gitignore").write_text("*\n", encoding="ascii")
            yield folder
        finally:
            with suppress(OSError):
                _clear(folder, kept_by)
                if kept_by is None or not (folder / kept_by).exists():
                    (folder / LOCK).unlink()
                    folder.rmdir()
            os.close(descriptor)
    finally:
        for each in made:
            with suppress(OSError):
                each.rmdir()


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """A new folder in ``place``, where it also removes what killed runs left."""
    _remove_leftovers(place)
    with work_folder(Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=place))) as folder:
        yield folder


def sync_folder(folder: Path) -> None:
    """Make what the folder lists outlive a power cut."""
    with suppress(OSError):  # not every folder may be opened, and not every file system can
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _take(folder: Path) -> int:
    """The lock of the folder, which is made; waits while another run has it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if folder.is_symlink():
            raise InUseError(f"{folder} is a symbolic link; remove it and run the same command again")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _try_lock(folder)
        if descriptor is not None:
            break
        if time.monotonic() >= deadline:
            raise InUseError(
                f"another run of tmlfix is writing in {folder.parent}; "
                "run the same command again when it has ended"
            )
        time.sleep(0.02)
    try:
        if not _is_ours(folder, descriptor):
            raise InUseError(
                f"{folder} was not made by a run of tmlfix here; remove it and run the same command again"
            )
        os.pwrite(descriptor, _number(folder), 0)
    except BaseException:
        if os.fstat(descriptor).st_size == 0:
            (folder / LOCK).unlink()
            with suppress(OSError):
                folder.rmdir()
        os.close(descriptor)
        raise
    return descriptor


def _try_lock(folder: Path) -> int | None:
    """The locked file of the folder; None if another run has it, or removes it at this moment."""
    path = folder / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_ours(folder: Path, descriptor: int) -> bool:
    """Whether tmlfix made the folder, here; one with nothing in it but the lock may be had by anyone."""
    return os.pread(descriptor, 64, 0) == _number(folder) or os.listdir(folder) == [LOCK]  # noqa: PTH208


def _number(folder: Path) -> bytes:
    return str(folder.stat().st_ino).encode()


def _clear(folder: Path, kept_by: str | None) -> None:
    if kept_by is not None and (folder / kept_by).exists():
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _remove_leftovers(place: Path) -> None:
    """Remove the temporary folders whose runs are dead."""
    for folder in place.glob(f"{TEMPORARY_PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            if not (folder / LOCK).exists():
                folder.rmdir()  # killed before it had a lock: then it is empty
                continue
            descriptor = _try_lock(folder)
            if descriptor is None:
                continue
            try:
                if _is_ours(folder, descriptor):
                    shutil.rmtree(folder)
            finally:
                os.close(descriptor)
