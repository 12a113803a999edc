"""The whole tree of a commit, written to a folder of its own.

It is like ``git worktree add``, but leaves no trace in the repository: it uses no hook, filter or
configuration, and there is no ``.git``. Files hold the exact bytes of the commit.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from codemods.files.repository import Repository, clean_room
from codemods.files.workspace import MISSING, NO_PATH, Entry, list_entries, read_blobs
from codemods.model.errors import UserError

BATCH = 32 * 1024 * 1024
"""The most bytes of files that are in memory at a time, unless a single file has more."""

SUBMODULE = "commit"


def lay_out(repository: Repository, commit: str, folder: Path, links: Iterable[str] = ()) -> None:
    """Write all files of the commit to the new ``folder``, with their modes.

    A symbolic link is made if it stays inside; a submodule is an empty folder, as after a clone. ``links``
    are paths below the repository's checkout that the folder gets too, as links to what is there.
    Raises `UserError` if the commit cannot be laid out.
    """
    folder.mkdir(mode=0o700)
    with clean_room(repository) as room:
        entries = list_entries(room, commit)
        for entry in entries:
            if not {"", ".", "..", ".git"}.isdisjoint(entry.path.lower().split("/")):
                raise UserError(f"{entry.path} {NO_PATH}")
        made: list[Path] = []
        # Links come last, so that no file is written through one.
        for batch in _batches(sorted(entries, key=lambda entry: entry.is_link)):
            blobs = [entry for entry in batch if entry.kind != SUBMODULE]
            contents = dict(zip(blobs, read_blobs(room, [entry.blob for entry in blobs]), strict=True))
            for entry in batch:
                path = folder / entry.path
                _write(path, entry, contents.get(entry))
                if entry.is_link:
                    made.append(path)
    _remove_leading_out(folder, made)
    for name in links:
        _link(folder / name, repository.root / name)


def path_in_checkout(root: Path, path: Path) -> str:
    """The name of something in the checkout, relative to its top."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  (links in the checkout keep their names)
    for candidate in (whole, path.parent.resolve() / path.name):
        if candidate != root and candidate.is_relative_to(root):
            if not candidate.exists():
                raise UserError(f"{path} does not exist, so it cannot be linked")
            return candidate.relative_to(root).as_posix()
    raise UserError(f"{path} is outside of {root}; only what lies in the checkout can be linked")


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and size + entry.size > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    yield batch


def _write(path: Path, entry: Entry, content: bytes | None) -> None:
    try:
        if entry.kind == SUBMODULE:
            path.mkdir(parents=True, exist_ok=True)
            return
        if content is None:
            raise UserError(f"{entry.path} {MISSING}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.is_link:
            path.symlink_to(os.fsdecode(content))
        else:
            mode = 0o755 if entry.mode == "100755" else 0o644
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{entry.path} is twice in the tree, by names that are one name here") from error


def _remove_leading_out(folder: Path, links: Sequence[Path]) -> None:
    root = os.path.realpath(folder)
    outside = [link for link in links if not Path(os.path.realpath(link)).is_relative_to(root)]
    for link in outside:
        link.unlink()


def _link(path: Path, target: Path) -> None:
    if os.path.lexists(path):
        raise UserError(f"{path.name} is in the commit already; only what git does not hold can be linked")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@contextmanager
def added(folder: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Have these files in a tree that was laid out; what they take the place of comes back.

    Raises `UserError` if a link leads out of the tree where one of them belongs.
    """
    for name in files:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{name} is outside of the tree, behind a link; link fewer files")
    before = {path: path.read_bytes() if path.exists() else None for path in map(folder.joinpath, files)}
    try:
        for path, content in zip(before, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield
    finally:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)


def make_removable(folder: Path) -> None:
    """Restore the permissions that are needed to remove what a program left below ``folder``."""
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)  # noqa: PTH118
            with suppress(OSError):
                if not os.path.islink(path):  # noqa: PTH114
                    os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
