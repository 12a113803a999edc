"""Files out: each one is replaced whole or not at all, and those of one run together.

`write_changes` goes in steps, so that no end of the process, however sudden, leaves a mixture for good:

1. Every new content is written in full to the folder ``.tmlfix-in-place`` at the root. A full disk shows
   here, when nothing has changed yet.
2. A journal that names them is put beside them. From here on the change is decided.
3. Each takes the place of its file, and the journal goes.

A run that is killed before step 2 has changed nothing, and the next run removes what it left. After a
run that is killed later, some files are new and the others old, each of them whole; `finish_interrupted`,
with which the next run begins, makes them all new. No step follows a link, or trusts that a folder is
still what it was in the step before.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from codemods.files.safe_open import LinkError, UnfitFileError, open_folder, read_file
from codemods.files.work_folders import InUseError, WorkFolder, sync_folder, work_folder
from codemods.files.workspace import is_source
from codemods.model.errors import UserError, errors_at, write_failure
from codemods.model.findings import Change, InputError

STAGE = ".tmlfix-in-place"
JOURNAL = "journal"
PATCH_STAGE = ".tmlfix-patch"
FILE_STAGE = ".tmlfix-file"
FILE_DRAFT = "draft"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Written:
    """The files that have their new content, and why others do not."""

    paths: tuple[str, ...] = ()
    errors: tuple[InputError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the journal: a file, the digests of its contents, and the name that the new one has here."""

    path: str
    before: str
    after: str
    staged: str

    @property
    def parent(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class _RefusedError(Exception):
    """A file must stay as it is; the message says why."""


def write_changes(root: Path, changes: Mapping[str, Change]) -> Written:
    """Rewrite the changed files below ``root`` (posix path to change), keeping their modes.

    A file is left as it is, and reported, if it has changed since it was read, is read-only, or lies in a
    read-only folder; all others are written. If the disk has no room for all, none is written. Raises
    `InUseError` if another run keeps writing there.
    """
    if not changes:
        return Written()
    entries: list[_Entry] = []
    refused: list[InputError] = []
    try:
        with work_folder(root / STAGE, kept_by=JOURNAL) as stage:
            if JOURNAL in stage.names():
                raise InUseError(
                    f"another run in {root} was killed meanwhile; run the same command again to finish it"
                )
            for number, (path, change) in enumerate(sorted(changes.items())):
                entry = _Entry(path, _digest(change.before), _digest(change.after), str(number))
                try:
                    with _replaceable(root, stage, entry) as folder:
                        access = os.stat(entry.name, dir_fd=folder, follow_symlinks=False)
                    _store(stage, entry.staged, change.after, access)
                    entries.append(entry)
                except _RefusedError as error:
                    refused.append(InputError(path, f"was not written: {error}"))
            _write_journal(stage, entries)
            written = _install(root, stage, entries)
    except OSError as error:
        return Written((), (InputError(str(root), f"nothing was written: {write_failure(error, root)}"),))
    return Written(written.paths, tuple(sorted((*refused, *written.errors), key=lambda error: error.path)))


def is_interrupted(root: Path) -> bool:
    """Whether a killed run left some of its files below ``root`` unwritten."""
    return (root / STAGE / JOURNAL).exists()


def finish_interrupted(root: Path) -> Written:
    """Write the files that a killed run left unwritten below ``root``, and remove its leftovers.

    A file that somebody has changed since is left as it is. Raises `InUseError` if that run is alive, or
    if tmlfix did not write the journal.
    """
    if not os.path.lexists(root / STAGE):
        return Written()
    try:
        with work_folder(root / STAGE, kept_by=JOURNAL) as stage:
            return _install(root, stage, _read_journal(stage)) if JOURNAL in stage.names() else Written()
    except OSError as error:
        reason = write_failure(error, root / STAGE)
        return Written((), (InputError(str(root), f"an interrupted run cannot be finished: {reason}"),))


def prepare(stage: WorkFolder, name: str, content: bytes) -> None:
    """Write in full what is to become the file ``name`` beside the stage. Raises OSError if that fails."""
    _store(stage, name, content)
    with suppress(FileNotFoundError):
        target = os.stat(f"{os.pardir}/{name}", dir_fd=stage.descriptor, follow_symlinks=False)
        if stat.S_ISDIR(target.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(stage.path.with_name(name)))


def move_into_place(stage: WorkFolder, name: str) -> None:
    """Move what was prepared into the place of the file ``name`` beside the stage, in one step."""
    with errors_at(stage.path.with_name(name)):
        os.replace(name, f"{os.pardir}/{name}", src_dir_fd=stage.descriptor, dst_dir_fd=stage.descriptor)
    sync_folder(os.pardir, stage.descriptor)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the user named: whole or not at all, unless it is a pipe or device.

    Raises `UserError` if it cannot be written.
    """
    target = path.resolve()
    try:
        status = target.stat() if target.exists() else None
        if status is not None and not stat.S_ISREG(status.st_mode):
            target.write_bytes(content)
            return
        with work_folder(target.parent / FILE_STAGE) as stage:
            _store(stage, FILE_DRAFT, content, status)
            os.replace(
                FILE_DRAFT,
                f"{os.pardir}/{target.name}",
                src_dir_fd=stage.descriptor,
                dst_dir_fd=stage.descriptor,
            )
        sync_folder(target.parent)
    except OSError as error:
        raise UserError(f"{path} was not written: {write_failure(error, path)}") from error


def append_file(path: Path, content: bytes) -> None:
    """Append to a file that others write to as well. Raises `UserError` if it cannot be written."""
    try:
        with path.open("ab") as stream:
            stream.write(content)
    except OSError as error:
        raise UserError(f"{path} was not written: {write_failure(error, path)}") from error


def _store(stage: WorkFolder, name: str, content: bytes, access: os.stat_result | None = None) -> None:
    """Write a new file, with the owner and mode of another if there is one, down to the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with errors_at(stage.path / name):
        descriptor = os.open(name, flags, 0o666, dir_fd=stage.descriptor)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if access is not None:
                with suppress(PermissionError):
                    os.fchown(descriptor, access.st_uid if os.geteuid() == 0 else -1, access.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(access.st_mode))
            os.fsync(descriptor)


def _write_journal(stage: WorkFolder, entries: Iterable[_Entry]) -> None:
    draft = f"{JOURNAL}-draft"
    _store(stage, draft, json.dumps([astuple(entry) for entry in entries]).encode("ascii"))
    sync_folder(".", stage.descriptor)
    with errors_at(stage.path / JOURNAL):
        os.replace(draft, JOURNAL, src_dir_fd=stage.descriptor, dst_dir_fd=stage.descriptor)
    sync_folder(".", stage.descriptor)


def _read_journal(stage: WorkFolder) -> list[_Entry]:
    """The entries of the journal. Raises `InUseError` if it has any that tmlfix would not write."""
    try:
        entries = [_Entry(*map(_text, line)) for line in json.loads(read_file(JOURNAL, stage.descriptor))]
    except (UnfitFileError, ValueError, TypeError, RecursionError) as error:
        raise InUseError.foreign(stage.path) from error
    if not all(is_source(entry.path) and entry.staged.isdecimal() for entry in entries):
        raise InUseError.foreign(stage.path)
    return entries


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _install(root: Path, stage: WorkFolder, entries: Iterable[_Entry]) -> Written:
    """Put the staged files in their places, and remove the journal.

    The journal stays if a file finds no room even now, for the next run to finish.
    """
    paths: list[str] = []
    errors: list[InputError] = []
    unfinished = False
    for entry in entries:
        try:
            _install_one(root, stage, entry)
            paths.append(entry.path)
        except _RefusedError as error:
            errors.append(InputError(entry.path, f"was not written: {error}"))
        except OSError as error:
            unfinished = unfinished or error.errno in NO_ROOM
            reason = write_failure(error, root / entry.path)
            errors.append(InputError(entry.path, f"was not written: {reason}"))
    for parent in {path.rpartition("/")[0] for path in paths}:
        with suppress(OSError), open_folder(root, parent) as folder:
            sync_folder(".", folder)
    if not unfinished:
        with suppress(OSError):
            os.unlink(JOURNAL, dir_fd=stage.descriptor)
    return Written(tuple(paths), tuple(errors))


def _install_one(root: Path, stage: WorkFolder, entry: _Entry) -> None:
    """Replace one file. Raises `_RefusedError` if it must stay, OSError if it cannot be replaced."""
    try:
        staged = os.stat(entry.staged, dir_fd=stage.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return  # the run that was killed did it
    if not stat.S_ISREG(staged.st_mode):
        raise _RefusedError("what was staged for it is not a regular file")
    with _replaceable(root, stage, entry) as folder, errors_at(root / entry.path):
        os.replace(entry.staged, entry.name, src_dir_fd=stage.descriptor, dst_dir_fd=folder)


@contextmanager
def _replaceable(root: Path, stage: WorkFolder, entry: _Entry) -> Iterator[int]:
    """The open folder of a file that may be replaced. Raises `_RefusedError` if it must stay as it is."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(open_folder(root, entry.parent))
            reason = _refusal(folder, stage, entry)
        except UnfitFileError as error:
            reason = f"it {error} now"
        except LinkError:
            reason = "it is reached through a symbolic link now"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason is not None:
            raise _RefusedError(reason)
        yield folder


def _refusal(folder: int, stage: WorkFolder, entry: _Entry) -> str | None:
    """Why the file of the open folder must stay as it is."""
    if stat.S_ISLNK(os.stat(entry.name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise LinkError(entry.path)
    if _is_read_only(entry.name, folder):
        return "the file is read-only"
    if _is_read_only(".", folder):
        return "the folder is read-only"
    if os.fstat(folder).st_dev != os.fstat(stage.descriptor).st_dev:
        return f"it lies on another file system than {stage.path.parent}"
    if _digest(read_file(entry.name, folder)) not in (entry.before, entry.after):
        return "it has changed since it was read"
    return None


def _is_read_only(name: str, folder: int) -> bool:
    # The mode counts for the superuser too, who could write but was asked not to.
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    return not mode & WRITE_BITS or not os.access(name, os.W_OK, dir_fd=folder, effective_ids=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
