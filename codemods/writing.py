"""Files out: each one is replaced whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from codemods.below import LinkError, UnfitFileError, open_folder, read_file
from codemods.findings import Change, InputError

THROUGH_A_LINK = "it is reached through a symbolic link now"
WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_changes(root: Path, changes: Mapping[str, Change]) -> tuple[InputError, ...]:
    """Rewrite the changed files below ``root`` (posix path to change), keeping their modes.

    A file is left as it is, and reported, if it is not what was read any more, is read-only, lies in a
    read-only folder or cannot be written; all others are written.
    """
    return tuple(
        InputError(path, f"was not written: {reason}")
        for path, change in sorted(changes.items())
        if (reason := _write_change(root, path, change)) is not None
    )


def _write_change(root: Path, path: str, change: Change) -> str | None:
    """Replace the file ``path``; the reason if that is refused."""
    parent, _, name = path.rpartition("/")
    try:
        with open_folder(root, parent) as folder:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                return THROUGH_A_LINK
            if _is_read_only(name, folder):
                return "the file is read-only"
            if _is_read_only(".", folder):
                return "the folder is read-only"
            with _Replacement(folder, name, change.after) as replacement:
                os.chmod(replacement.temporary, stat.S_IMODE(status.st_mode), dir_fd=folder)
                if os.geteuid() == 0:
                    os.chown(replacement.temporary, status.st_uid, status.st_gid, dir_fd=folder)
                if read_file(name, folder) != change.before:
                    return "it has changed since it was read"
                replacement.commit()
    except UnfitFileError as error:
        return f"it {error} now"
    except LinkError:
        return THROUGH_A_LINK
    except OSError as error:
        return error.strerror or str(error)
    return None


def _is_read_only(name: str, folder: int) -> bool:
    # The mode counts for the superuser too, who could write but was asked not to.
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    return not mode & WRITE_BITS or not os.access(name, os.W_OK, dir_fd=folder, effective_ids=True)


def write_atomically(target: Path, content: bytes) -> None:
    """Create or replace ``target`` with ``content`` in one step, making its folder if need be.

    Raises OSError, and leaves what was there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_folder(target.parent) as folder, _Replacement(folder, target.name, content) as replacement:
        replacement.commit()


class _Replacement:
    """A file beside its target, on disk in full, that takes the target's place or vanishes."""

    def __init__(self, folder: int, target: str, content: bytes) -> None:
        self.folder = folder
        self.target = target
        self.content = content
        self.temporary = f".tmlfix-{secrets.token_hex(8)}"

    def __enter__(self) -> _Replacement:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(self.temporary, flags, 0o666, dir_fd=self.folder)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(self.content)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self.temporary, dir_fd=self.folder)

    def commit(self) -> None:
        os.replace(self.temporary, self.target, src_dir_fd=self.folder, dst_dir_fd=self.folder)
