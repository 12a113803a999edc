"""The results of earlier runs of an analysis, and those of this run that are kept for the next.

A key covers everything that a result depends on: the tool itself, the settings, and the content of the files.
Of the tests, a library depends on those with one of the identifiers that its rules search for.
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

from codemods.engine.cache_rows import (
    ERROR,
    NEEDS,
    RESULT,
    error_rows,
    errors_of,
    needs_of,
    needs_rows,
    result_of,
    result_row,
)
from codemods.engine.jobs import FilesResult, LibraryJob, LibraryResult, Needs, Tree
from codemods.engine.result_cache import ResultCache
from codemods.semantics.identifiers import identifiers_in
from codemods.semantics.module_paths import is_helper_path

T = TypeVar("T")

_PACKAGES = ("codemods", "tml_ast")

_LIBRARY = {"asked": [str], "tests": {str: (str, bool, bool)}, "unread": [ERROR], "fixed": RESULT}
_TESTS = {str: (str, RESULT)}
_LIBRARY_NEEDS = {"needs": NEEDS}
_TEST_NEEDS = {str: (str, NEEDS)}
_TYPE = (str, int, [str], {str: int}, [(str, [int])], int)
_FUNCTION = (str, int, [str], int, [str], [(str, int, bool, bool)], int, str, bool)
_FILE = ({str: bool}, {str: str}, [str], [_TYPE], [_FUNCTION])
_DECLARATIONS = {"symbols": {str: bool}, "types": [(str, [int])], "files": {str: _FILE}}
"""The shapes of the documents that are kept."""


class AnalysisCache:
    """The results of the jobs of one tree that a cache holds."""

    def __init__(self, store: ResultCache, tree: Tree) -> None:
        self._store = store
        self._tree = tree
        self._sources = {**tree.modules, **tree.tests}
        self._library_hits = 0
        self._test_hits = 0
        self._tests = 0
        """How many tests there are to know."""
        self._rows: dict[str, dict[str, Any]] = {}
        """The rows of unchanged tests, by the key of their document."""
        self._identifiers: dict[str, frozenset[bytes]] = {}

    def note_hits(self) -> None:
        """Note how many results were known."""
        self._store.note(
            f"known from earlier runs: library {self._library_hits} of 1, "
            f"tests {self._test_hits} of {self._tests}"
        )

    # -- libraries ----------------------------------------------------------------------------

    def of_library(self, job: LibraryJob) -> LibraryResult | None:
        """The result of the library, if it is known."""

        def decode(document: Any) -> LibraryResult | None:
            asked = frozenset(document["asked"])
            if self._tests_differ(document["tests"], _encoded(asked), job.paths):
                return None
            result = result_of(document["fixed"], self._sources)
            return LibraryResult(result, errors_of(document["unread"]), asked)

        known = self._read(self._library_key(job), _LIBRARY, decode)
        self._library_hits = int(known is not None)
        return known

    def keep_library(self, job: LibraryJob, result: LibraryResult) -> None:
        """Keep the result of the library."""
        asked = _encoded(result.asked)
        tests = {
            path: (self._digests[path], path in job.paths, self._matters(path, asked))
            for path in self._tree.tests
        }
        document = {
            "asked": sorted(result.asked),
            "tests": tests,
            "unread": error_rows(result.unread),
            "fixed": result_row(result.files),
        }
        self._store.put(self._library_key(job), document)
        if result.declared is not None:
            self.keep_declarations(result.declared)

    def _tests_differ(
        self, known: Mapping[str, Sequence[Any]], asked: frozenset[bytes], paths: frozenset[str]
    ) -> bool:
        """Whether a test that matters to a library has changed."""
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
        """Whether a test has an identifier that a library asks for, or may be imported by one that has."""
        if is_helper_path(path):
            return True
        if path not in self._identifiers:
            self._identifiers[path] = identifiers_in(self._tree.tests[path])
        return not self._identifiers[path].isdisjoint(asked)

    def _library_key(self, job: LibraryJob) -> str:
        return self._key("library", job, self._library)

    def library(self, decode: Callable[[Any], T]) -> T | None:
        """The library as its declarations say, if they are known."""
        return self._read(self._declarations_key, _DECLARATIONS, decode)

    def keep_declarations(self, document: Mapping[str, object]) -> None:
        """Keep what the library declares."""
        self._store.put(self._declarations_key, document)

    @property
    def _declarations_key(self) -> str:
        return f"declarations-{_digest((tool_digest(), self._settings, self._library))}"

    # -- tests --------------------------------------------------------------------------------

    def tests(self, job: LibraryJob, changed: Mapping[str, bytes]) -> dict[str, FilesResult]:
        """The results of the tests beside a library with these files ``changed``, as far as known."""
        rows = self._known_rows(
            self._tests_key("tests", job, changed), _TESTS, lambda row: result_of(row, self._sources)
        )
        results = {path: result for path, result in rows.items() if path in job.paths}
        self._test_hits, self._tests = len(results), len(job.paths & self._tree.tests.keys())
        return results

    def keep_tests(
        self, job: LibraryJob, changed: Mapping[str, bytes], results: Mapping[str, FilesResult]
    ) -> None:
        """Keep results of tests."""
        rows = {path: result_row(result) for path, result in results.items()}
        self._keep_rows(self._tests_key("tests", job, changed), rows)

    # -- what fixes need ----------------------------------------------------------------------

    def needs_of_library(self, job: LibraryJob, result: LibraryResult) -> Needs | None:
        """What the fixes of the library need, if it is known."""
        key = self._library_needs_key(job, result)
        return self._read(key, _LIBRARY_NEEDS, lambda document: needs_of(document["needs"]))

    def keep_needs_of_library(self, job: LibraryJob, result: LibraryResult, needs: Needs) -> None:
        """Keep what the fixes of the library need."""
        self._store.put(self._library_needs_key(job, result), {"needs": needs_rows(needs)})

    def _library_needs_key(self, job: LibraryJob, result: LibraryResult) -> str:
        asked = _encoded(result.asked)
        tests = [(path, self._digests[path]) for path in self._tree.tests if self._matters(path, asked)]
        return self._key("library-needs", job, (tests, *self._states(result.changed)))

    def test_needs(self, job: LibraryJob, changed: Mapping[str, bytes]) -> dict[str, Needs]:
        """What the fixes of tests need, as far as known."""
        return self._known_rows(self._tests_key("test-needs", job, changed), _TEST_NEEDS, needs_of)

    def keep_test_needs(
        self, job: LibraryJob, changed: Mapping[str, bytes], needs: Mapping[str, Needs]
    ) -> None:
        """Keep what the fixes of tests need."""
        rows = {path: needs_rows(known) for path, known in needs.items()}
        self._keep_rows(self._tests_key("test-needs", job, changed), rows)

    # -- rows of tests ------------------------------------------------------------------------

    def _known_rows(self, key: str, shape: object, decode: Callable[[Any], T]) -> dict[str, T]:
        """The results of the tests that are as they were."""

        def decoded(document: Any) -> dict[str, T]:
            same = {path: row for path, row in document.items() if row[0] == self._digests.get(path)}
            results = {path: decode(row[1]) for path, row in same.items()}
            self._rows[key] = same
            return results

        return self._read(key, shape, decoded) or {}

    def _keep_rows(self, key: str, rows: Mapping[str, object]) -> None:
        made = {path: (self._digests[path], row) for path, row in rows.items()}
        self._store.put(key, {**self._rows.get(key, {}), **made})

    def _tests_key(self, kind: str, job: LibraryJob, changed: Mapping[str, bytes]) -> str:
        return self._key(kind, job, (self._helpers, *self._states(changed)))

    @cached_property
    def _helpers(self) -> list[tuple[str, str]]:
        return [(path, self._digests[path]) for path in self._tree.tests if is_helper_path(path)]

    # -- what both depend on ------------------------------------------------------------------

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {path: hashlib.sha256(source).hexdigest() for path, source in self._sources.items()}

    @cached_property
    def _settings(self) -> object:
        described = asdict(self._tree.settings)
        described["disabled_rules"] = sorted(described["disabled_rules"])
        compiler = self._tree.settings.compiler
        described["compiler"] = sorted(compiler.mended), sorted(compiler.changed)
        return described

    @cached_property
    def _library(self) -> list[tuple[str, str]]:
        return [(path, self._digests[path]) for path in self._tree.modules]

    def _key(self, kind: str, job: LibraryJob, states: object) -> str:
        scope = sorted(job.paths & self._tree.modules.keys())
        return f"{kind}-{_digest((tool_digest(), self._settings, scope, states))}"

    def _states(self, changed: Mapping[str, bytes]) -> tuple[object, object]:
        changes = sorted((path, hashlib.sha256(source).hexdigest()) for path, source in changed.items())
        return self._library, changes

    # -- documents ----------------------------------------------------------------------------

    def _read(self, key: str, shape: object, decode: Callable[[Any], T]) -> T | None:
        document = self._store.get(key, shape)
        if document is None:
            return None
        try:
            return decode(document)
        except (LookupError, ValueError):
            self._store.refuse(key)
            return None


def _encoded(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.encode("utf-8", "surrogateescape") for name in names)


def _digest(described: object) -> str:
    document = json.dumps(described, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(document.encode("ascii")).hexdigest()


@cache
def tool_digest() -> str:
    """A digest of the tool's own files: no other version, released or not, uses its results."""
    digest = hashlib.sha256(sys.version.encode())
    for package in _PACKAGES:
        for name, entry in _files_below(files(package), package):
            digest.update(f"{name} ".encode() + hashlib.sha256(entry.read_bytes()).digest())
    return digest.hexdigest()


def _files_below(folder: Traversable, name: str) -> Iterable[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files_below(entry, f"{name}/{entry.name}")
        else:
            yield f"{name}/{entry.name}", entry
