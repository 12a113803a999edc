"""Files and folders below a root, opened one step at a time so that no link can lead out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_FILE = 16 * 1024 * 1024
"""The most bytes that a source file may have; real ones have far fewer."""

TOO_LARGE = f"is larger than {LARGEST_FILE // 1024 // 1024} MB, too large for source"


class UnfitFileError(Exception):
    """Something has the name of a source file but is none; the message says why."""


class LinkError(OSError):
    """A symbolic link stands where a folder should."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.ELOOP, "is reached through a symbolic link", name)


@contextmanager
def open_folder(root: Path, name: str = "") -> Iterator[int]:
    """A descriptor of the folder ``name``, a posix path below ``root``; the links of ``root`` are followed.

    Raises `LinkError` where a link or a step upwards would lead elsewhere, OSError without a folder.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in filter(None, name.split("/")):
            inner = _open_step(descriptor, part, name)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _open_step(folder: int, part: str, name: str) -> int:
    if part == ".." or stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
        raise LinkError(name)
    return os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def read_file(path: str | Path, folder: int | None = None) -> bytes:
    """The content of a regular file of a sensible size. In the open ``folder`` it may not be a link.

    Raises `UnfitFileError` for pipes, devices and giants, without waiting for them; OSError otherwise.
    """
    if not stat.S_ISREG(os.stat(path, dir_fd=folder, follow_symlinks=folder is None).st_mode):
        raise UnfitFileError("is not a regular file")
    link = 0 if folder is None else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | link, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as stream:
        # It may have been replaced since it was checked.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnfitFileError("is not a regular file")
        content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise UnfitFileError(TOO_LARGE)
    return content
