"""Reading source files: of a working tree, of a git commit, or from the paths of a command line."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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

TOLD_FOLDERS = frozenset({"build"})
"""Those of them that may hold source all the same."""

LONGEST_LOOK = 2_000
"""The entries of such a folder that are looked at."""

SHA1_LENGTH = 40
"""The digits of an id in a repository whose ids are not those of SHA-256."""

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
    skipped: tuple[str, ...] = ()
    """The folders with .tml files that are not read because of their names, unless a path leads there."""


def read_tree(root: Path, named: Collection[str] = ()) -> Workspace:
    """Read every .tml file below the folder ``root``, and what is ``named`` also in folders that are skipped.

    Symbolic links are never followed: one that stays inside the tree names a file that is read under
    its own name, one that leads out of it is an error. Submodules and other nested repositories are
    left out. Raises nothing for files and folders that cannot be read: they become errors.
    """
    files: dict[str, bytes] = {}
    errors: list[InputError] = []
    skipped: list[str] = []
    inside = [name for name in named if skipped_folder(f"{name}/any") is not None]
    for outcome in _walk(root, inside, skipped):
        if isinstance(outcome, InputError):
            errors.append(outcome)
        else:
            files[outcome[0]] = outcome[1]
    ordered = tuple(sorted(errors, key=lambda error: error.path))
    return Workspace(dict(sorted(files.items())), ordered, tuple(sorted(skipped)))


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


def _walk(root: Path, named: Iterable[str], skipped: list[str]) -> Iterator[tuple[str, bytes] | InputError]:
    """The files below the root and at the names; the folders with sources that are passed over are added."""
    boundary = root.resolve()
    named = frozenset(named)
    pending = [""]
    for name in named:
        if name.endswith(SUFFIX):
            yield from _read_named(root, name)
        elif (root / name).is_dir():
            pending.append(name)
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
                        is_known = entry.name not in TOLD_FOLDERS or any(lies_at(one, name) for one in named)
                        if not is_known and _has_sources(root / name):
                            skipped.append(name)
                        continue
                    if entry.is_symlink():
                        yield from _link_errors(root / name, name, boundary)
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(name)
                    elif entry.name.endswith(SUFFIX):
                        yield _read_file(entry.name, name, descriptor)
        except OSError as error:
            yield InputError(folder or ".", f"cannot be read: {error.strerror}")


def _read_named(root: Path, name: str) -> Iterator[tuple[str, bytes] | InputError]:
    folder, _, last = name.rpartition("/")
    try:
        with open_folder(root, folder) as descriptor:
            if stat.S_ISREG(os.stat(last, dir_fd=descriptor, follow_symlinks=False).st_mode):
                yield _read_file(last, name, descriptor)
    except OSError as error:
        if error.errno != errno.ENOENT:
            yield InputError(name, f"cannot be read: {error.strerror}")


def _has_sources(folder: Path) -> bool:
    """Whether a folder has .tml files, as far as a short look tells: it may hold all that a build made."""
    seen = 0
    for _, folders, names in os.walk(folder):
        if any(name.endswith(SUFFIX) for name in names):
            return True
        seen += len(names) + len(folders)
        if seen > LONGEST_LOOK:
            return False
    return False


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


def read_commit(
    repository: Repository,
    commit: str | None = None,
    *,
    named: Collection[str] = (),
    known: Mapping[str, bytes] | None = None,
) -> Workspace:
    """Read every .tml file of a commit (HEAD without one), without touching checkout or index.

    What is ``named`` is read also in folders that are skipped. ``known`` are contents by path: git is not
    asked for a file that still has its content, so a partial clone may lack it. Submodules are left out; a
    symbolic link that leads out of the tree is an error.
    Raises `RepositoryError` if there is no such commit.
    """
    files: dict[str, bytes] = {}
    errors: list[InputError] = []
    skipped = set[str]()
    commit = commit or head_commit(repository)
    with clean_room(repository) as room:
        wanted: list[Entry] = []
        for entry in list_entries(room, commit):
            if entry.kind != "blob" or not entry.path.endswith(SUFFIX):
                continue
            folder = skipped_folder(entry.path)
            if folder is not None and not lies_at_any(entry.path, named):
                is_known = any(lies_at(one, folder) for one in named)
                if posixpath.basename(folder) in TOLD_FOLDERS and not is_known:
                    skipped.add(folder)
            elif not {"", ".", ".."}.isdisjoint(entry.path.split("/")):
                errors.append(InputError(entry.path, NO_PATH))
            elif entry.size > LARGEST_FILE:
                errors.append(InputError(entry.path, TOO_LARGE))
            elif known is not None and _has_content(entry, known.get(entry.path)):
                files[entry.path] = known[entry.path]
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
    return Workspace(dict(sorted(files.items())), tuple(errors), tuple(sorted(skipped)))


def _has_content(entry: Entry, content: bytes | None) -> bool:
    """Whether the entry is a file of this content, by the id that git would give it."""
    if content is None or entry.is_link:
        return False
    digest = hashlib.sha1 if len(entry.blob) == SHA1_LENGTH else hashlib.sha256
    return digest(b"blob %d\0%s" % (len(content), content)).hexdigest() == entry.blob


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
    """Whether the posix path can be that of a source file, by its name and the names of its folders."""
    *folders, name = path.split("/")
    return name.endswith(SUFFIX) and ".git" not in folders


def skipped_folder(path: str) -> str | None:
    """The outermost folder of a posix path whose content is not read, if it lies in one."""
    parts = path.split("/")
    return next(
        ("/".join(parts[: number + 1]) for number, name in enumerate(parts[:-1]) if name in SKIPPED_FOLDERS),
        None,
    )


def lies_at(path: str, name: str) -> bool:
    """Whether a path is that of a file or folder of this name, or lies below it; all lies below "."."""
    return name == "." or path == name or path.startswith(f"{name}/")


def lies_at_any(path: str, names: Iterable[str]) -> bool:
    """Whether a path lies at one of these names that are themselves in a folder that is skipped."""
    return any(lies_at(path, name) and skipped_folder(f"{name}/any") is not None for name in names)


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
