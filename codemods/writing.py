"""Files out: each one is replaced whole or not at all, and those of one run together.

`write_changes` goes in steps, so that no end of the process, however sudden, leaves a mixture for good:

1. Every new content is written in full to the folder ``.tmlfix-in-place`` at the root. A full disk shows
   here, when nothing has changed yet.
2. A journal that names them is put beside them. From here on the change is decided.
3. Each takes the place of its file, and the journal goes.

A run that is killed before step 2 has changed nothing, and the next run removes what it left. After a
run that is killed later, some files are new and the others old, each of them whole; `finish_interrupted`,
with which the next run begins, makes them all new.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codemods.errors import write_failure
from codemods.findings import Change, InputError
from codemods.scratch import InUseError, sync_folder, work_folder

STAGE = ".tmlfix-in-place"
JOURNAL = "journal"
PATCH_STAGE = ".tmlfix-patch"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Written:
    """The files that have their new content, and why others do not."""

    paths: tuple[str, ...] = ()
    errors: tuple[InputError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the journal: the file's content, by its digest, makes way for the staged file of a name."""

    path: str
    digest: str
    name: str


def write_changes(root: Path, changes: Mapping[str, Change]) -> Written:
    """Rewrite the changed files below ``root`` (posix path to change), keeping their modes.

    A file is left as it is, and reported, if it is not what was read any more, is read-only, or lies in a
    read-only folder; all others are written. If the new contents find no room, no file is. Raises
    `InUseError` if another run keeps writing there.
    """
    if not changes:
        return Written()
    try:
        with work_folder(root / STAGE, kept_by=JOURNAL) as stage:
            if (stage / JOURNAL).exists():
                raise InUseError(
                    f"another run in {root} was killed meanwhile; run the same command again to finish it"
                )
            entries: list[_Entry] = []
            refused: list[InputError] = []
            for number, (path, change) in enumerate(sorted(changes.items())):
                entry = _Entry(path, _digest(change.before), str(number))
                reason = _refusal(root, stage, entry, change.after)
                if reason is None:
                    _store(stage / entry.name, change.after)
                    _take_over_access(root / path, stage / entry.name)
                    entries.append(entry)
                else:
                    refused.append(InputError(path, f"was not written: {reason}"))
            _write_journal(stage, entries)
            written = _install(root, stage)
    except OSError as error:
        return Written((), (InputError(str(root), f"nothing was written: {write_failure(error, root)}"),))
    return Written(written.paths, tuple(sorted((*refused, *written.errors), key=lambda each: each.path)))


def is_interrupted(root: Path) -> bool:
    """Whether a run that was killed has left some of its files below ``root`` to be written."""
    return (root / STAGE / JOURNAL).exists()


def finish_interrupted(root: Path) -> Written:
    """Write what a run that was killed has left to be written below ``root``, and remove what it left.

    A file that somebody has changed since is left as it is. Raises `InUseError` if that run is alive.
    """
    if not os.path.lexists(root / STAGE):
        return Written()
    try:
        with work_folder(root / STAGE, kept_by=JOURNAL) as stage:
            return _install(root, stage)
    except OSError as error:
        reason = write_failure(error, root / STAGE)
        return Written((), (InputError(str(root), f"an interrupted run cannot be finished: {reason}"),))


def prepare(stage: Path, target: Path, content: bytes) -> Path:
    """Write what is to become ``target`` in full to the folder ``stage``. Raises OSError if it cannot be."""
    draft = stage / target.name
    _store(draft, content)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    return draft


def move_into_place(draft: Path, target: Path) -> None:
    """Make ``draft`` the file ``target``, in one step."""
    draft.replace(target)
    sync_folder(target.parent)


def _store(path: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    try:
        with path.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def _take_over_access(target: Path, staged: Path) -> None:
    status = target.stat()
    with suppress(PermissionError):
        os.chown(staged, status.st_uid if os.geteuid() == 0 else -1, status.st_gid)
    staged.chmod(stat.S_IMODE(status.st_mode))


def _write_journal(stage: Path, entries: Iterable[_Entry]) -> None:
    draft = stage / f"{JOURNAL}-draft"
    lines = [[entry.path, entry.digest, entry.name] for entry in entries]
    _store(draft, json.dumps(lines).encode("ascii"))
    sync_folder(stage)
    move_into_place(draft, stage / JOURNAL)


def _install(root: Path, stage: Path) -> Written:
    """Put the files that the journal names, if there is one, in their places, and end the journal.

    It stays where a file finds no room even now, for the next run to finish.
    """
    journal = stage / JOURNAL
    if not journal.exists():
        return Written()
    paths: list[str] = []
    errors: list[InputError] = []
    unfinished = False
    for entry in (_Entry(*line) for line in json.loads(journal.read_bytes())):
        try:
            reason = _install_one(root, stage, entry)
        except OSError as error:
            unfinished = unfinished or error.errno in NO_ROOM
            reason = write_failure(error, root / entry.path)
        if reason is None:
            paths.append(entry.path)
        else:
            errors.append(InputError(entry.path, f"was not written: {reason}"))
    for folder in {(root / path).parent for path in paths}:
        sync_folder(folder)
    if not unfinished:
        with suppress(OSError):
            journal.unlink()
    return Written(tuple(paths), tuple(errors))


def _install_one(root: Path, stage: Path, entry: _Entry) -> str | None:
    """Replace one file; the reason if that is refused."""
    staged = stage / entry.name
    if not staged.exists():
        return None  # the run that was killed did it
    reason = _refusal(root, stage, entry, staged.read_bytes())
    if reason is None:
        staged.replace(root / entry.path)
    return reason


def _refusal(root: Path, stage: Path, entry: _Entry, after: bytes) -> str | None:
    """Why a file must stay as it is; None if it may be replaced."""
    target = root / entry.path
    try:
        if not target.parent.resolve().is_relative_to(root.resolve()) or target.is_symlink():
            return "it is reached through a symbolic link now"
        if _is_read_only(target):
            return "the file is read-only"
        if _is_read_only(target.parent):
            return "the folder is read-only"
        if target.parent.stat().st_dev != stage.stat().st_dev:
            return f"it lies on another file system than {root}"
        content = target.read_bytes()
    except OSError as error:
        return error.strerror or str(error)
    if content != after and _digest(content) != entry.digest:
        return "it has changed since it was read"
    return None


def _is_read_only(path: Path) -> bool:
    # The mode counts for the superuser too, who could write but was asked not to.
    return not path.stat().st_mode & WRITE_BITS or not os.access(path, os.W_OK, effective_ids=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
