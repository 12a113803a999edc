"""Which parts of an analysis are known from an earlier run, and what is kept of them for the next.

A key covers all that a part depends on: the tool itself, the settings, the phase, and the content of the
files. Of the tests, those matter to a library that have one of the words in them that its rules look for.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from codemods.engine.jobs import Fixed, LibraryTask, MendedLibrary, Tree
from codemods.engine.result_cache import ResultCache
from codemods.model.findings import Change, Edit, Finding, InputError, Verdict
from codemods.semantics.identifiers import identifiers_in
from codemods.semantics.module_paths import is_helper_path

T = TypeVar("T")

_PACKAGES = ("codemods", "tml_ast")

_EDIT = (int, int, str)
_FINDING = (str, str, int, int, str, str, str, [_EDIT])
_ERROR = (str, str, int, int)
_FIXED = ([_FINDING], {str: str}, [_FINDING], [_FINDING], [_ERROR])
_LIBRARY = {"asked": [str], "tests": {str: (str, bool, bool)}, "unread": [_ERROR], "fixed": _FIXED}
_TESTS = {str: (str, _FIXED)}
"""The shapes of the documents that are kept."""


class KnownParts:
    """The parts of an analysis of one tree that a cache holds."""

    def __init__(self, store: ResultCache, tree: Tree) -> None:
        self._store = store
        self._tree = tree
        self._libraries: list[bool] = []
        """For each phase that was asked about, whether its library was known."""
        self._tests: list[tuple[int, int]] = []
        """For each phase how many tests were, and how many there are."""
        self._rows: dict[str, dict[str, Any]] = {}
        """What is kept of tests that are as they were, by the key of their document."""
        self._words: dict[str, frozenset[bytes]] = {}

    def tell(self) -> None:
        """Tell how much was known."""
        libraries = f"libraries {sum(self._libraries)} of {len(self._libraries)}"
        known, there = map(sum, zip(*self._tests, strict=True)) if self._tests else (0, 0)
        self._store.note(f"known from earlier runs: {libraries}, tests {known} of {there}")

    # -- libraries ----------------------------------------------------------------------------

    def mended_library(self, task: LibraryTask) -> MendedLibrary | None:
        """What became of the library files of a phase; None if that is not known."""
        key = self._library_key(task)

        def decode(document: Any) -> MendedLibrary | None:
            asked = frozenset(document["asked"])
            if self._tests_differ(document["tests"], _encoded(asked), task.paths):
                return None
            unread = tuple(InputError(*each) for each in document["unread"])
            return MendedLibrary(self._decode(document["fixed"], task), unread, asked)

        known = self._read(key, _LIBRARY, decode)
        self._libraries.append(known is not None)
        return known

    def keep_library(self, task: LibraryTask, mended: MendedLibrary) -> None:
        """Keep what became of the library files of a phase."""
        asked = _encoded(mended.asked)
        tests = {
            path: (self._digests[path], path in task.paths, self._matters(path, asked))
            for path in self._tree.tests
        }
        document = {
            "asked": sorted(mended.asked),
            "tests": tests,
            "unread": [_error(each) for each in mended.unread],
            "fixed": _encode(mended.fixed),
        }
        self._store.put(self._library_key(task), document)

    def _tests_differ(
        self, known: Mapping[str, Sequence[Any]], asked: frozenset[bytes], paths: frozenset[str]
    ) -> bool:
        """Whether a test that matters to a library is not as it was."""
        if any(matters for path, (_, _, matters) in known.items() if path not in self._tree.tests):
            return True
        for path in self._tree.tests:
            digest, in_scope, matters = known.get(path, (None, None, False))
            if (digest, in_scope) == (self._digests[path], path in paths):
                continue
            if matters or self._matters(path, asked):
                return True
        return False

    def _matters(self, path: str, asked: frozenset[bytes]) -> bool:
        """Whether a test has a word that a library asks for, or may be imported by one that has."""
        if is_helper_path(path):
            return True
        if path not in self._words:
            self._words[path] = identifiers_in(self._tree.tests[path])
        return not self._words[path].isdisjoint(asked)

    def _library_key(self, task: LibraryTask) -> str:
        return self._key("library", task, self._state(task.changed))

    # -- tests --------------------------------------------------------------------------------

    def tests(self, task: LibraryTask, mended: Mapping[str, bytes]) -> dict[str, Fixed]:
        """What became of the tests of a phase, as far as that is known."""
        key = self._tests_key(task, mended)

        def decode(document: Any) -> dict[str, Fixed]:
            same = {path: row for path, row in document.items() if row[0] == self._digests.get(path)}
            found = {path: self._decode(row[1], task) for path, row in same.items() if path in task.paths}
            self._rows[key] = same
            return found

        known = self._read(key, _TESTS, decode) or {}
        self._tests.append((len(known), len(task.paths & self._tree.tests.keys())))
        return known

    def keep_tests(self, task: LibraryTask, mended: Mapping[str, bytes], found: Mapping[str, Fixed]) -> None:
        """Keep what became of tests of a phase."""
        key = self._tests_key(task, mended)
        rows = {path: (self._digests[path], _encode(fixed)) for path, fixed in found.items()}
        self._store.put(key, {**self._rows.get(key, {}), **rows})

    def _tests_key(self, task: LibraryTask, mended: Mapping[str, bytes]) -> str:
        states = (self._state(task.changed), self._state({**task.changed, **mended}))
        return self._key("tests", task, (self._helpers, *states))

    @cached_property
    def _helpers(self) -> list[tuple[str, str]]:
        return [(path, self._digests[path]) for path in self._tree.tests if is_helper_path(path)]

    # -- what both depend on ------------------------------------------------------------------

    @cached_property
    def _digests(self) -> dict[str, str]:
        content = {**self._tree.modules, **self._tree.tests}
        return {path: hashlib.sha256(source).hexdigest() for path, source in content.items()}

    @cached_property
    def _settings(self) -> object:
        described = asdict(self._tree.settings)
        return {
            name: sorted(each) if isinstance(each, frozenset) else each for name, each in described.items()
        }

    @cached_property
    def _library(self) -> list[tuple[str, str]]:
        return [(path, self._digests[path]) for path in self._tree.modules]

    def _key(self, kind: str, task: LibraryTask, states: object) -> str:
        scope = sorted(task.paths & self._tree.modules.keys())
        return f"{kind}-{_digest((_tool(), self._settings, task.phase.number, scope, states))}"

    def _state(self, changed: Mapping[str, bytes]) -> object:
        changes = sorted((path, hashlib.sha256(source).hexdigest()) for path, source in changed.items())
        return self._library, changes

    # -- documents ----------------------------------------------------------------------------

    def _read(self, key: str, shape: object, decode: Callable[[Any], T]) -> T | None:
        document = self._store.get(key, shape)
        if document is None:
            return None
        try:
            return decode(document)
        except (KeyError, ValueError):
            self._store.refuse(key)
            return None

    def _decode(self, document: Any, task: LibraryTask) -> Fixed:
        findings, changes, declined, suppressed, errors = document
        phase = task.phase.number
        return Fixed(
            tuple(_finding(phase, *each) for each in findings),
            {path: Change(self._source(path), after.encode("latin-1")) for path, after in changes.items()},
            tuple(_finding(phase, *each) for each in declined),
            tuple(_finding(phase, *each) for each in suppressed),
            tuple(InputError(*each) for each in errors),
        )

    def _source(self, path: str) -> bytes:
        return self._tree.modules[path] if path in self._tree.modules else self._tree.tests[path]


def _encode(fixed: Fixed) -> object:
    return (
        [_finding_row(each) for each in fixed.findings],
        {path: change.after.decode("latin-1") for path, change in fixed.changes.items()},
        [_finding_row(each) for each in fixed.declined],
        [_finding_row(each) for each in fixed.suppressed],
        [_error(each) for each in fixed.errors],
    )


def _finding_row(finding: Finding) -> object:
    return (
        finding.rule,
        finding.path,
        finding.line,
        finding.column,
        finding.function,
        finding.message,
        finding.verdict.value,
        [(each.start, each.end, each.text) for each in finding.edits],
    )


def _finding(
    phase: int,
    rule: str,
    path: str,
    line: int,
    column: int,
    function: str,
    message: str,
    verdict: str,
    edits: Iterable[tuple[int, int, str]],
) -> Finding:
    made = tuple(Edit(*each) for each in edits)
    return Finding(phase, rule, path, line, column, function, message, Verdict(verdict), made)


def _error(error: InputError) -> object:
    return error.path, error.message, error.line, error.column


def _encoded(words: Iterable[str]) -> frozenset[bytes]:
    return frozenset(word.encode("utf-8", "surrogateescape") for word in words)


def _digest(described: object) -> str:
    document = json.dumps(described, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(document.encode("ascii")).hexdigest()


@cache
def _tool() -> str:
    """What this tool is made of: another version, released or not, knows nothing of its results."""
    digest = hashlib.sha256(sys.version.encode())
    for package in _PACKAGES:
        for name, entry in _parts(files(package), package):
            digest.update(f"{name} ".encode() + hashlib.sha256(entry.read_bytes()).digest())
    return digest.hexdigest()


def _parts(folder: Traversable, name: str) -> Iterable[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _parts(entry, f"{name}/{entry.name}")
        else:
            yield f"{name}/{entry.name}", entry
