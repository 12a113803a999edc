"""Apply changes of the user's own to a tree: semantic patches, one-liners, and classes in Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache, partial
from importlib.resources import files as resource_files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemods.app.configuration import read_configuration
from codemods.app.python_codemod import load_class, rewrite_with_class
from codemods.app.search import each_file, unparsed
from codemods.app.sources import Head, WorkingTree, select
from codemods.files.safe_open import UnfitFileError, read_file
from codemods.model.errors import UserError
from codemods.model.findings import Change, InputError
from codemods.model.settings import Settings
from codemods.semantic_patches import (
    PatchError,
    Rewrite,
    RewriteError,
    SemanticPatch,
    read_patch,
    rewrite,
)
from codemods.semantic_patches.facts import Facts
from codemods.semantics.module_paths import is_test_path
from tml_ast.lexer import TmlSyntaxError

if TYPE_CHECKING:
    from codemods.app.tree_facts import TreeFacts

FOLDER = "codemods"
"""The folder of a tree that holds its patches."""

SUFFIX = ".patch"


@dataclass(frozen=True, slots=True)
class NamedPatch:
    """A semantic patch as text, and what it is called in messages."""

    name: str
    label: str
    text: str

    @property
    def patch(self) -> SemanticPatch:
        """The patch. Raises `UserError` with the place of what is wrong."""
        return _patch(self.name, self.label, self.text)


@dataclass(frozen=True, slots=True)
class NamedClass:
    """A class in Python that the user named on the command line."""

    file: Path
    name: str

    @property
    def loaded(self) -> type[Any]:
        """The class. Raises `UserError` if there is none, or if its file raises."""
        return load_class(self.file, self.name)


Codemod = NamedPatch | NamedClass


@dataclass(frozen=True, slots=True)
class CodemodReport:
    """What a codemod makes of a tree: the files that change, and those that it must not be applied to."""

    codemod: str
    summary: str
    reason: str
    rewrites: Mapping[str, Rewrite]
    errors: tuple[InputError, ...] = ()

    @property
    def changes(self) -> dict[str, Change]:
        """The files that change, before and after."""
        return {
            path: Change(each.before, each.after)
            for path, each in self.rewrites.items()
            if each.before != each.after
        }

    @property
    def changes_library(self) -> bool:
        """Whether a file changes that is no test."""
        return any(not is_test_path(path) for path in self.changes)

    @property
    def places(self) -> int:
        """How many places change."""
        return sum(len(rewrite.changed) for rewrite in self.rewrites.values())


@lru_cache(maxsize=64)
def _patch(name: str, label: str, text: str) -> SemanticPatch:
    try:
        return read_patch(name, text)
    except PatchError as error:
        raise UserError(f"{label}:{error}") from None


def find_codemod(name: str, root: Path) -> Codemod:
    """The codemod of that name: ``FILE.py:CLASS``, a file, or a patch of the tree or of tmlfix.

    Raises `UserError` if there is none.
    """
    file, colon, class_name = name.rpartition(":")
    if colon and file.endswith(".py"):
        named = NamedClass(Path(file), class_name)
        _ = named.loaded  # it is there, or the command ends now
        return named
    if name.endswith(SUFFIX) or "/" in name:
        return _read(Path(name))
    own = root / FOLDER / f"{name}{SUFFIX}"
    if own.exists():
        return _read(own)
    ready = {patch.name: patch for patch in ready_patches()}
    if name in ready:
        return ready[name]
    known = [*(path.stem for path in own_patches(root)), *ready]
    close = get_close_matches(name, known, n=1)
    advice = f"did you mean {close[0]}?" if close else "tmlfix codemod list shows those that there are"
    raise UserError(f"there is no codemod {name}; {advice}")


def own_patches(root: Path) -> list[Path]:
    """The files of a tree's own patches."""
    return sorted((root / FOLDER).glob(f"*{SUFFIX}"))


def read_own(root: Path) -> list[NamedPatch]:
    """The patches of a tree. Raises `UserError` for a file that cannot be read."""
    return [_read(path) for path in own_patches(root)]


def ready_patches() -> list[NamedPatch]:
    """The patches that come with tmlfix to be applied as they are."""
    folder = resource_files("codemods.semantic_patches").joinpath("ready")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(SUFFIX))
    return [
        NamedPatch(name.removesuffix(SUFFIX), name, folder.joinpath(name).read_text("utf-8"))
        for name in names
    ]


def _read(path: Path) -> NamedPatch:
    try:
        text = read_file(path).decode("utf-8")
    except UnfitFileError as error:
        raise UserError(f"{path}: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8") from None
    return NamedPatch(path.name.removesuffix(SUFFIX), str(path), text)


def one_liner(pattern: str, replacement: str) -> NamedPatch:
    """The patch that replaces a pattern. Raises `UserError` with the place of what is wrong."""
    removed, added = pattern.strip("\n").split("\n"), replacement.strip("\n").split("\n")
    lines = [f"-{line}" for line in removed]
    lines += [f"+{line}" for line in added if replacement.strip()]
    head = ["Replace a pattern.", "", "@@ The pattern. @@"]
    named = NamedPatch("rewrite", "", "\n".join([*head, *lines]) + "\n")
    try:
        read_patch(named.name, named.text)
    except PatchError as error:
        line, what = error.line - len(head), "the pattern"
        if line > len(removed):
            line, what = line - len(removed), "the replacement"
        place = f", {line}:{error.column - 1}" if line > 0 else ""
        message = error.message.partition(";")[0]
        raise UserError(f"{what}{place}: {message}") from None
    return named


def apply_codemod(
    codemod: Codemod, source: Head | WorkingTree, paths: Sequence[Path], jobs: int | None = None
) -> CodemodReport:
    """What a codemod makes of the files at and below the paths; nothing is written.

    Raises `UserError` for a codemod that cannot be read.
    """
    selection = select(source, paths)
    files = {path: text for path, text in source.workspace.files.items() if selection.includes(path)}
    errors = [*selection.errors, *(e for e in source.workspace.errors if selection.includes(e.path))]
    if isinstance(codemod, NamedPatch):
        patch = codemod.patch
        summary, reason = patch.summary, patch.reason
        wanted = [
            (path, text) for path, text in files.items() if patch.scope.covers(path) and patch.may_fit(text)
        ]
        results: Iterable[_Outcome]
        if patch.asks_for_facts:  # which every process would have to find out by itself
            facts = tree_facts(source.workspace.files, read_configuration(source.root).settings)
            results = map(partial(_rewrite_with_facts, patch, facts), wanted)
        else:
            results = each_file(partial(_rewrite_file, codemod), wanted, jobs)
    else:
        loaded = codemod.loaded
        summary, _, reason = inspect.cleandoc(loaded.__doc__ or codemod.name).partition("\n")
        change = partial(rewrite_with_class, loaded, codemod.file)
        results = (_guarded(change, item) for item in files.items())
    rewrites: dict[str, Rewrite] = {}
    for result in results:
        if isinstance(result, InputError):
            errors.append(result)
        elif result is not None and (result[1].left or result[1].before != result[1].after):
            rewrites[result[0]] = result[1]
    return CodemodReport(codemod.name, summary, " ".join(reason.split()), rewrites, tuple(errors))


_Outcome = tuple[str, Rewrite] | InputError | None


def _rewrite_file(codemod: NamedPatch, file: tuple[str, bytes]) -> _Outcome:
    return _guarded(partial(_with_patch, codemod.patch), file)


def _with_patch(patch: SemanticPatch, path: str, source: bytes) -> Rewrite:
    return rewrite(source, patch)


def _rewrite_with_facts(patch: SemanticPatch, facts: TreeFacts, file: tuple[str, bytes]) -> _Outcome:
    return _guarded(lambda path, source: rewrite(source, patch, facts.of_file(path)), file)


def tree_facts(files: Mapping[str, bytes], settings: Settings) -> TreeFacts:
    """What the analysis knows of a tree. Few patches ask for it, so only those import it."""
    from codemods.app.tree_facts import TreeFacts

    return TreeFacts(files, settings)


def example_facts(text: bytes) -> Facts:
    """What is known of an example: it is a tree by itself, or a test if it has one."""
    path = "example.test.tml" if b"@test" in text else "example.tml"
    return tree_facts({path: text}, Settings()).of_file(path)(text)


def _guarded(change: Callable[[str, bytes], Rewrite], file: tuple[str, bytes]) -> _Outcome:
    path, source = file
    try:
        return path, change(path, source)
    except RewriteError as error:
        return InputError(path, error.spot.message, error.spot.line, error.spot.column)
    except TmlSyntaxError as error:
        return unparsed(path, error)


def results_of(source: Head | WorkingTree, changes: Mapping[str, Change]) -> Iterator[tuple[str, bytes]]:
    """The files of a tree once the changes are made."""
    for path, text in source.workspace.files.items():
        yield path, changes[path].after if path in changes else text
