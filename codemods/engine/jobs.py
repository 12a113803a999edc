"""The jobs that an analysis is divided into, and the result of each: plain data, for any process.

First the library is fixed, in view of the tests that use it; then each test, beside the fixed library. No
test depends on another. Then it is found out which fixes need which, for the library and for each test.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codemods.model.findings import Finding, FindingKey, InputError
from codemods.model.settings import Settings
from tml_ast.replay import History


@dataclass(frozen=True, slots=True, order=True)
class FixId:
    """What identifies a fix among all that were made in a tree."""

    path: str
    number: int
    """The owner of its edits in the history of the file."""


@dataclass(frozen=True, slots=True)
class MadeFix:
    """A fix that was made, or that is offered, of the finding with this key."""

    number: int
    round: int
    key: FindingKey
    relies_on: frozenset[str] = frozenset()
    """The files in which fixes that need this one must be made as well; `EVERY_FILE` for all of them."""

    @property
    def id(self) -> FixId:
        """What identifies it."""
        return FixId(self.key.path, self.number)


@dataclass(frozen=True, slots=True)
class FilesResult:
    """What became of some files."""

    findings: tuple[Finding, ...] = ()
    fixes: tuple[MadeFix, ...] = ()
    """In the order in which they were made."""
    histories: Mapping[str, History[int]] = field(default_factory=dict)
    """Of each file with a fix: which fix made which edit."""
    suppressed: tuple[Finding, ...] = ()
    errors: tuple[InputError, ...] = ()

    @property
    def changed(self) -> dict[str, bytes]:
        """The files with a fix as they are with all of them."""
        texts = ((path, history, history.text()) for path, history in self.histories.items())
        return {path: text for path, history, text in texts if text != history.original}


Needs = Mapping[FixId, frozenset[FixId]]
"""The fixes without which each fix would not be found, or would be another."""

_Packed = tuple[tuple[tuple[str, int], ...], bytes]


@dataclass(frozen=True, slots=True)
class Tree:
    """The files that some phase covers, by path: the modules of the library, and the tests."""

    modules: Mapping[str, bytes]
    tests: Mapping[str, bytes]
    settings: Settings
    _packed: list[tuple[object, ...]] = field(default_factory=list, compare=False, repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        """All jobs of an analysis carry the tree from process to process: it is compressed, and only once."""
        if not self._packed:
            self._packed.append((_packed(self.modules), _packed(self.tests), self.settings))
        return _unpacked_tree, self._packed[0]


def _packed(files: Mapping[str, bytes]) -> _Packed:
    """The names and sizes of files, and their content in one piece."""
    sizes = tuple((path, len(source)) for path, source in files.items())
    return sizes, zlib.compress(b"".join(files.values()), level=1)


def _unpacked(files: _Packed) -> dict[str, bytes]:
    sizes, packed = files
    content = memoryview(zlib.decompress(packed))
    found: dict[str, bytes] = {}
    offset = 0
    for path, size in sizes:
        found[path] = bytes(content[offset : offset + size])
        offset += size
    return found


def _unpacked_tree(modules: _Packed, tests: _Packed, settings: Settings) -> Tree:
    return Tree(_unpacked(modules), _unpacked(tests), settings)


@dataclass(frozen=True, slots=True)
class LibraryJob:
    """Fix the library."""

    tree: Tree
    paths: frozenset[str]
    """The files that get fixes, the tests among them included."""


@dataclass(frozen=True, slots=True)
class TestsJob:
    """Fix tests beside the fixed library."""

    __test__ = False

    base: LibraryJob
    changed: Mapping[str, bytes]
    """The library files that have fixes, as they are with all of them."""
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NeedsJob:
    """Find out what the fixes of some files need."""

    base: LibraryJob
    modules: FilesResult
    """What became of the library."""
    module_needs: Needs | None
    """What the fixes of the library need; None if that is what this job has to find out."""
    tests: tuple[FilesResult, ...] = ()
    """What became of the tests to find it out for, each by itself."""


@dataclass(frozen=True, slots=True)
class LibraryResult:
    """What became of the library."""

    files: FilesResult
    unread: tuple[InputError, ...]
    """The files of the library that cannot be parsed."""
    asked: frozenset[str]
    """The identifiers that tests were searched for: a test without them has no part in this."""
    declared: Mapping[str, object] | None = None
    """What the library declares, as a document for `tasks.library_of`, if it was analysed just now."""

    @property
    def changed(self) -> dict[str, bytes]:
        """The files that have fixes, as they are with all of them."""
        return self.files.changed


def in_batches(paths: Iterable[str], sources: Mapping[str, bytes], size: int) -> list[tuple[str, ...]]:
    """The paths in their order, in groups of files that have ``size`` bytes together."""
    batches: list[list[str]] = []
    room = 0
    for path in paths:
        if room <= 0:
            batches.append([])
            room = size
        batches[-1].append(path)
        room -= len(sources[path])
    return [tuple(batch) for batch in batches]
