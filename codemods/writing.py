"""Files out: each one is replaced whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from codemods.findings import Change, InputError

WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_changes(root: Path, changes: Mapping[str, Change]) -> tuple[InputError, ...]:
    """Rewrite the changed files below ``root`` (posix path to change), keeping their modes.

    A file is left as it is, and reported, if it is not what was read any more, is read-only, lies in a
    read-only folder or cannot be written; all others are written.
    """
    return tuple(
        InputError(path, f"was not written: {reason}")
        for path, change in sorted(changes.items())
        if (reason := _write_change(root, root / path, change)) is not None
    )


def _write_change(root: Path, target: Path, change: Change) -> str | None:
    """Replace ``target``; the reason if that is refused."""
    try:
        if not target.parent.resolve().is_relative_to(root.resolve()) or target.is_symlink():
            return "it is reached through a symbolic link now"
        if _is_read_only(target):
            return "the file is read-only"
        if _is_read_only(target.parent):
            return "the folder is read-only"
        status = target.stat()
        with _Replacement(target, change.after) as replacement:
            os.chmod(replacement.temporary, stat.S_IMODE(status.st_mode))  # noqa: PTH101
            if os.geteuid() == 0:
                os.chown(replacement.temporary, status.st_uid, status.st_gid)
            if target.read_bytes() != change.before:
                return "it has changed since it was read"
            replacement.commit()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _is_read_only(path: Path) -> bool:
    # The mode counts for the superuser too, who could write but was asked not to.
    return not path.stat().st_mode & WRITE_BITS or not os.access(path, os.W_OK, effective_ids=True)


def write_atomically(target: Path, content: bytes) -> None:
    """Create or replace ``target`` with ``content`` in one step, making its folder if need be.

    Raises OSError, and leaves what was there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _Replacement(target, content) as replacement:
        replacement.commit()


class _Replacement:
    """A file beside its target, on disk in full, that takes the target's place or vanishes."""

    def __init__(self, target: Path, content: bytes) -> None:
        self.target = target
        self.content = content
        self.temporary = target.parent / f".tmlfix-{secrets.token_hex(8)}"

    def __enter__(self) -> _Replacement:
        try:
            with self.temporary.open("xb") as stream:
                stream.write(self.content)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.temporary.unlink(missing_ok=True)

    def commit(self) -> None:
        self.temporary.replace(self.target)
