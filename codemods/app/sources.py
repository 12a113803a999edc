"""Which tree a command looks at, and which of its files the command line asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from codemods.files.repository import NoRepositoryError, Repository, head_commit, open_repository
from codemods.files.workspace import SUFFIX, Workspace, lies_at, read_commit, read_tree
from codemods.model.errors import UserError
from codemods.model.findings import InputError

PROJECT_FILE = "tml.toml"


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The files below ``root``, as they are on the disk."""

    root: Path
    workspace: Workspace

    def __str__(self) -> str:
        return "the working tree"


@dataclass(frozen=True, slots=True)
class Head:
    """The files of the commit HEAD of ``repository``; ``root`` is the folder of its checkout."""

    root: Path
    workspace: Workspace
    repository: Repository
    commit: str

    def __str__(self) -> str:
        return f"commit {self.commit[:12]}"


@dataclass(frozen=True, slots=True)
class PathSelection:
    """Which files may get findings (None: all of them), and the paths that name no file."""

    only: Callable[[str], bool] | None
    errors: tuple[InputError, ...] = ()

    def includes(self, path: str) -> bool:
        """Whether ``path`` is selected."""
        return self.only is None or self.only(path)


def read_head(paths: Sequence[Path]) -> Head:
    """The commit HEAD of the repository that encloses the first path (or the current folder).

    Raises `RepositoryError`; `NoRepositoryError` if there is none.
    """
    repository = open_repository(_folders(paths)[0])
    commit = head_commit(repository)
    named = _names(repository.root, paths)
    return Head(repository.root, read_commit(repository, commit, named=named), repository, commit)


def working_tree_root(paths: Sequence[Path]) -> Path:
    """The root of the working tree that encloses the first path (or the current folder).

    It is the top of the git checkout, else the folder of ``tml.toml``, else the folder that the paths
    have in common. No git is needed.
    """
    folders = _folders(paths)
    return (
        _enclosing(folders[0], ".git")
        or _enclosing(folders[0], PROJECT_FILE)
        or Path(os.path.commonpath(folders))
    )


def in_a_tree() -> bool:
    """Whether the current folder is in a git checkout or below a ``tml.toml``."""
    return any(_enclosing(Path.cwd(), marker) for marker in (".git", PROJECT_FILE))


def is_marked_root(root: Path) -> bool:
    """Whether a folder is the top of a checkout or of a project, not just the folder of a file."""
    return any((root / marker).exists() for marker in (".git", PROJECT_FILE))


def read_working_tree(paths: Sequence[Path]) -> WorkingTree:
    """The working tree that encloses the first path (or the current folder)."""
    root = working_tree_root(paths)
    return WorkingTree(root, read_tree(root, _names(root, paths)))


def _names(root: Path, paths: Sequence[Path]) -> list[str]:
    return [name for name in (path_below(root, path) for path in paths) if name is not None]


def with_text(source: WorkingTree, path: Path, content: bytes) -> WorkingTree:
    """The tree with this content in the place of a file, which need not exist.

    Raises `UserError` for a path that is no .tml file of the tree.
    """
    name = path_below(source.root, path)
    if name is None:
        raise UserError(f"{path} is outside of {source.root}")
    if not name.endswith(SUFFIX):
        raise UserError(f"{path} is not the name of a .tml file")
    files = dict(sorted({**source.workspace.files, name: content}.items()))
    errors = tuple(error for error in source.workspace.errors if error.path != name)
    return replace(source, workspace=Workspace(files, errors))


def read_head_or_working_tree(paths: Sequence[Path]) -> Head | WorkingTree:
    """The commit HEAD, or the working tree where there is no git repository."""
    try:
        return read_head(paths)
    except NoRepositoryError:
        return read_working_tree(paths)


def select(source: Head | WorkingTree, paths: Sequence[Path]) -> PathSelection:
    """Limit the findings to the files at and below ``paths``; none given selects all."""
    if not paths:
        return PathSelection(None)
    known = sorted({*source.workspace.files, *(error.path for error in source.workspace.errors)})
    wanted: list[str] = []
    errors: list[InputError] = []
    for path in paths:
        name = path_below(source.root, path)
        if name is None:
            errors.append(InputError(str(path), f"is outside of {source.root}"))
        elif any(lies_at(file, name) for file in known):
            wanted.append(name)
        else:
            close = get_close_matches(name, known, n=1)
            advice = f"; did you mean {close[0]}?" if close else ""
            errors.append(InputError(str(path), f"names no .tml file of {source}{advice}"))
    return PathSelection(lambda file: any(lies_at(file, name) for name in wanted), tuple(errors))


def path_below(root: Path, path: Path) -> str | None:
    """The path relative to the root, as the files of a tree are named; None outside of it."""
    top = root.resolve()
    for candidate in (_absolute(path), path.resolve()):
        if candidate.is_relative_to(top):
            return candidate.relative_to(top).as_posix()
    return None


def _absolute(path: Path) -> Path:
    """The path without links resolved: a file of a commit need not exist in the checkout."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _folders(paths: Sequence[Path]) -> list[Path]:
    """The folder of each path, or the closest that exists; without paths, the current one."""
    candidates = ((path, *path.parents) for path in map(_absolute, paths))
    return [next(filter(Path.is_dir, candidate)) for candidate in candidates] or [Path.cwd()]


def _enclosing(folder: Path, marker: str) -> Path | None:
    return next((parent for parent in (folder, *folder.parents) if (parent / marker).exists()), None)
