"""Reading source files: of a working tree, of a git commit, or from the paths of a command line."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.files.repository import Repository, clean_room, git_errors, head_commit, raw, room_folder
from codemods.files.safe_open import LARGEST_FILE, TOO_LARGE, UnfitFileError, open_folder, read_file
from codemods.model.findings import InputError

if TYPE_CHECKING:
    from git import Git

SUFFIX = ".tml"
SKIPPED_FOLDERS = frozenset({".git", "node_modules", "build"})
"""Folders whose content is not source, in a working tree and in a commit alike."""

MISSING = (
    "is missing from the git repository; if it is a partial clone, `git archive HEAD >/dev/null` fetches all"
)

NO_PATH = "is not the path of a file in a tree"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The .tml files of a tree, and those that could not be read.

    Paths are posix paths relative to the root of the tree; bytes of a name that are not UTF-8 are
    kept as surrogate escapes.
    """

    files: Mapping[str, bytes]
    errors: tuple[InputError, ...] = ()


def read_tree(root: Path) -> Workspace:
    """Read every .tml file below the folder ``root``.

    Symbolic links are never followed: one that stays inside the tree names a file that is read under
    its own name, one that leads out of it is an error. Submodules and other nested repositories are
    left out. Raises nothing for files and folders that cannot be read: they become errors.
    """
    files: dict[str, bytes] = {}
    errors: list[InputError] = []
    for outcome in _walk(root):
        if isinstance(outcome, InputError):
            errors.append(outcome)
        else:
            files[outcome[0]] = outcome[1]
    return Workspace(dict(sorted(files.items())), tuple(sorted(errors, key=lambda error: error.path)))


def read_paths(paths: Sequence[Path]) -> Workspace:
    """Read the files among ``paths`` whatever their names, and the .tml files below the folders.

    The keys are the paths as they were given, with what lies below appended.
    """
    files: dict[str, bytes] = {}
    errors: list[InputError] = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  (unlike Path.is_dir, never raises)
            tree = read_tree(path)
            files |= {_below(path, name): content for name, content in tree.files.items()}
            errors += [InputError(_below(path, error.path), error.message) for error in tree.errors]
        else:
            outcome = _read_file(path, path.as_posix())
            if isinstance(outcome, InputError):
                errors.append(outcome)
            else:
                files[outcome[0]] = outcome[1]
    return Workspace(files, tuple(errors))


def _below(folder: Path, name: str) -> str:
    return (folder / name).as_posix()


def _walk(root: Path) -> Iterator[tuple[str, bytes] | InputError]:
    boundary = root.resolve()
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with open_folder(root, folder) as descriptor:
                with os.scandir(descriptor) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
                if folder and any(entry.name == ".git" for entry in entries):
                    continue
                for entry in entries:
                    name = posixpath.join(folder, entry.name)
                    if entry.name in SKIPPED_FOLDERS:
                        continue
                    if entry.is_symlink():
                        yield from _link_errors(root / name, name, boundary)
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(name)
                    elif entry.name.endswith(SUFFIX):
                        yield _read_file(entry.name, name, descriptor)
        except OSError as error:
            yield InputError(folder or ".", f"cannot be read: {error.strerror}")


def _link_errors(link: Path, name: str, boundary: Path) -> Iterator[InputError]:
    target = Path(os.path.realpath(link))
    if not link.name.endswith(SUFFIX) and not target.is_dir():
        return
    if not target.is_relative_to(boundary):
        yield InputError(name, "is a symbolic link that leads out of the tree; it was not followed")
    elif not target.exists():
        yield InputError(name, "is a symbolic link to a file that does not exist")


def _read_file(path: str | Path, name: str, folder: int | None = None) -> tuple[str, bytes] | InputError:
    try:
        return name, read_file(path, folder)
    except UnfitFileError as error:
        return InputError(name, str(error))
    except OSError as error:
        return InputError(name, f"cannot be read: {error.strerror}")


def read_commit(repository: Repository, commit: str | None = None) -> Workspace:
    """Read every .tml file of a commit (HEAD without one), without touching checkout or index.

    Submodules are left out; a symbolic link that leads out of the tree is an error.
    Raises `RepositoryError` if there is no such commit.
    """
    files: dict[str, bytes] = {}
    errors: list[InputError] = []
    commit = commit or head_commit(repository)
    with clean_room(repository) as room:
        wanted: list[Entry] = []
        for entry in list_entries(room, commit):
            if entry.kind != "blob" or not is_source(entry.path):
                continue
            if not {"", ".", ".."}.isdisjoint(entry.path.split("/")):
                errors.append(InputError(entry.path, NO_PATH))
            elif entry.size > LARGEST_FILE:
                errors.append(InputError(entry.path, TOO_LARGE))
            else:
                wanted.append(entry)
        contents = list(read_blobs(room, [entry.blob for entry in wanted]))
    for entry, content in zip(wanted, contents, strict=True):
        if content is None:
            errors.append(InputError(entry.path, MISSING))
        elif entry.is_link:
            if _leads_out(entry.path, os.fsdecode(content)):
                message = "is a symbolic link that leads out of the tree; it was not followed"
                errors.append(InputError(entry.path, message))
        else:
            files[entry.path] = content
    return Workspace(files, tuple(errors))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of ``git ls-tree -l``; the size is 0 where git knows none."""

    mode: str
    kind: str
    blob: str
    size: int
    path: str

    @classmethod
    def parse(cls, line: bytes) -> Entry:
        description, _, name = line.partition(b"\t")
        mode, kind, blob, size = description.decode("ascii").split()
        length = int(size) if size.isdecimal() else 0
        return cls(mode, kind, blob, length, name.decode("utf-8", "surrogateescape"))

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"


def list_entries(room: Git, commit: str) -> list[Entry]:
    """What a commit holds, at any depth. Raises `RepositoryError` if there is no such commit."""
    with git_errors():
        listing = raw(room, "ls_tree", "-r", "-l", "-z", "--full-tree", commit)
    return [Entry.parse(line) for line in listing.split(b"\0") if line]


def is_source(path: str) -> bool:
    """Whether the posix path is that of a source file, by its name and the names of its folders."""
    *folders, name = path.split("/")
    return name.endswith(SUFFIX) and SKIPPED_FOLDERS.isdisjoint(folders)


def _leads_out(link: str, target: str) -> bool:
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    return resolved.startswith(("/", "../")) or resolved == ".."


def read_blobs(room: Git, blobs: Sequence[str]) -> Iterator[bytes | None]:
    """The contents in the order of the ids, from one git process; None for an object that is missing."""
    feed = room_folder(room) / "blobs"
    feed.write_text("".join(f"{blob}\n" for blob in blobs), encoding="ascii")
    with feed.open("rb") as stream, git_errors():
        answer = raw(room, "cat_file", "--batch", istream=stream)
    position = 0
    for _ in blobs:
        end = answer.index(b"\n", position)
        header = answer[position:end].split()
        position = end + 1
        if header[-1] == b"missing":
            yield None
        else:
            size = int(header[2])
            yield answer[position : position + size]
            position += size + 1
