"""The jobs that an analysis is divided into, and the result of each: plain data, for any process.

First the library files of a phase are fixed, in view of the tests that use them; then each test, beside the
fixed library. No test depends on another.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codemods.model.findings import Change, Finding, FindingKey, InputError
from codemods.model.phases import Phase
from codemods.model.settings import Settings


@dataclass(frozen=True, slots=True)
class FilesResult:
    """What became of some files of a phase, as a part of the result of the phase."""

    findings: tuple[Finding, ...] = ()
    changes: Mapping[str, Change] = field(default_factory=dict)
    declined: tuple[Finding, ...] = ()
    suppressed: tuple[Finding, ...] = ()
    errors: tuple[InputError, ...] = ()


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
    """Fix library files of a phase."""

    tree: Tree
    changed: Mapping[str, bytes]
    """The library files that phases before have changed."""
    phase: Phase
    paths: frozenset[str]
    """The files that get fixes, the tests among them included."""
    wanted: frozenset[FindingKey] | None = None


@dataclass(frozen=True, slots=True)
class TestsJob:
    """Fix tests of a phase beside the library as the phase leaves it."""

    __test__ = False

    base: LibraryJob
    changed: Mapping[str, bytes]
    """The library files that the phase itself has changed."""
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LibraryResult:
    """What became of the library files of a phase."""

    files: FilesResult
    unread: tuple[InputError, ...]
    """The files of the whole library that cannot be parsed."""
    asked: frozenset[str]
    """The identifiers that tests were searched for: a test without them has no part in this."""

    @property
    def changed(self) -> dict[str, bytes]:
        """The files that the phase has changed, as it leaves them."""
        return {path: change.after for path, change in self.files.changes.items()}


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
