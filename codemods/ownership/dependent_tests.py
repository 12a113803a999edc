"""The tests that use a library: each is read when a name in it matters, and seen beside the library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

from codemods.ownership.analysis import Analysis, Kept
from codemods.semantics.configurations import each_branch
from codemods.semantics.identifiers import identifiers_in
from codemods.semantics.module_paths import is_test_path, module_path
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import TmlSyntaxError, nodes

Read = Callable[[str, bytes], SourceFile]
"""Parses a file. Raises TmlSyntaxError."""


class Sources:
    """The files beside a library by their path, each parsed when it is first asked for.

    They are the tests, and the files of the library itself that cannot be parsed.
    """

    def __init__(self, sources: Mapping[str, bytes], read: Read = SourceFile.read) -> None:
        self._sources = dict(sources)
        self._read = read
        self._parsed: dict[str, SourceFile | TmlSyntaxError] = {}

    @property
    def contents(self) -> Mapping[str, bytes]:
        """What is in the files."""
        return self._sources

    def file(self, path: str) -> SourceFile:
        """The parsed file. Raises TmlSyntaxError."""
        if path not in self._parsed:
            try:
                self._parsed[path] = self._read(path, self._sources[path])
            except TmlSyntaxError as error:
                self._parsed[path] = error
        found = self._parsed[path]
        if isinstance(found, TmlSyntaxError):
            raise found
        return found

    def others(self, file: SourceFile) -> list[SourceFile]:
        """The variants of a file in which branches are left in that are left out of it."""
        if file.variant is None:
            return []
        found: list[SourceFile] = []
        for symbols in each_branch(file.source):
            try:
                found.append(SourceFile.read(file.path, file.source, symbols))
            except TmlSyntaxError:
                continue
        return [other for other in found if other.variant != file.variant]

    def forget(self, path: str) -> None:
        """Let go of the tree of a file; it is parsed again if it is asked for again."""
        self._parsed.pop(path, None)

    def forget_all(self) -> None:
        """Let go of all trees."""
        self._parsed.clear()

    def mentioning(self, names: Collection[str]) -> list[str]:
        """The paths of the files with one of the names in them, in order."""
        wanted = {name.encode("utf-8", "surrogateescape") for name in names}
        return [path for path, known in self._identifiers.items() if not known.isdisjoint(wanted)]

    def is_in_broken(self, name: str) -> bool:
        """Whether a file that cannot be parsed has the name in it."""
        return any(self._is_broken(path) for path in self.mentioning([name]))

    def companions(self, file: SourceFile) -> list[SourceFile]:
        """The other test files whose modules a test imports from, and those that they import from."""
        found = {file.path: file}
        pending = [file]
        while pending:
            for path in self._imported(pending.pop()):
                if path not in found and not self._is_broken(path):
                    found[path] = self.file(path)
                    pending.append(found[path])
        return [companion for path, companion in sorted(found.items()) if path != file.path]

    def _imported(self, file: SourceFile) -> Iterator[str]:
        for item in file.tree.items:
            if isinstance(item, nodes.Use):
                path = tuple(item.path)
                for length in (len(path), len(path) - 1):
                    yield from self._test_modules.get(path[:length][-1:], ())

    def _is_broken(self, path: str) -> bool:
        try:
            self.file(path)
        except TmlSyntaxError:
            return True
        return False

    @cached_property
    def _identifiers(self) -> dict[str, frozenset[bytes]]:
        return {path: identifiers_in(source) for path, source in sorted(self._sources.items())}

    @cached_property
    def _test_modules(self) -> dict[tuple[str, ...], list[str]]:
        """The paths of the tests by the last name of their module."""
        found: dict[tuple[str, ...], list[str]] = {}
        for path in sorted(self._sources):
            if is_test_path(path):
                found.setdefault(module_path(path)[-1:], []).append(path)
        return found


NO_SOURCES = Sources({})


class DependentTests:
    """The tests beside one state of a library; what ``before`` found is reused where it holds."""

    def __init__(self, library: Analysis, sources: Sources, before: DependentTests | None = None) -> None:
        self._library = library
        self._sources = sources
        self._kept = before._keep_for(library) if before is not None else {}
        self._known: dict[str, Analysis | None] = {}
        self._others: dict[str, list[Analysis]] = {}
        self.asked: set[str] = set()
        """The names that files were searched for: a file without any of them cannot change the results."""

    def mentioning(self, names: Collection[str]) -> Iterator[tuple[Analysis, SourceFile]]:
        """The tests with one of the names in them, each with what is known about it beside the library."""
        for path in self.paths_mentioning(names):
            analysis = self.analysis(path)
            if analysis is not None:
                for each in (analysis, *self._of_others(path, analysis)):
                    yield each, each.index.files[path]

    def paths_mentioning(self, names: Collection[str]) -> list[str]:
        """The paths of the tests with one of the names in them."""
        self.asked.update(names)
        return [path for path in self._sources.mentioning(names) if is_test_path(path)]

    def functions_beside(self, names: Collection[str]) -> Iterator[tuple[Analysis, FunctionInfo]]:
        """The functions of the tests with one of the names in them, those without it included."""
        for analysis, file in self.mentioning(names):
            for function in analysis.index.functions_in(file):
                yield analysis, function

    def functions_mentioning(self, names: Collection[str]) -> Iterator[tuple[Analysis, FunctionInfo]]:
        """The functions of the tests with one of the names in their own text."""
        sought = [name.encode("utf-8", "surrogateescape") for name in names]
        for analysis, function in self.functions_beside(names):
            source, node = function.file.source, function.node
            if any(source.find(name, node.start, node.end) >= 0 for name in sought):
                yield analysis, function

    def _of_others(self, path: str, analysis: Analysis) -> list[Analysis]:
        """What is known about the other variants of a test."""
        if path not in self._others:
            file = analysis.index.files[path]
            companions = self._sources.companions(file) if file.variant is not None else []
            self._others[path] = [
                self._library.beside([other, *companions]) for other in self._sources.others(file)
            ]
        return self._others[path]

    def analysis(self, path: str) -> Analysis | None:
        """What is known about one test beside the library; None for one that cannot be parsed."""
        if path not in self._known:
            self._known[path] = self._analyse(path)
        return self._known[path]

    def forget(self, path: str) -> None:
        """Let go of what is known about a test, and of its tree."""
        self._known.pop(path, None)
        self._others.pop(path, None)
        self._kept.pop(path, None)
        self._sources.forget(path)

    def is_in_broken(self, name: str) -> bool:
        """Whether a file that cannot be parsed has the name in it."""
        self.asked.add(name)
        return self._sources.is_in_broken(name)

    def _analyse(self, path: str) -> Analysis | None:
        try:
            file = self._sources.file(path)
        except TmlSyntaxError:
            return None
        return self._library.beside([file, *self._sources.companions(file)], self._kept.pop(path, None))

    def _keep_for(self, library: Analysis) -> dict[str, Kept]:
        """What was found of the tests, as far as it holds for another state of the library."""
        found = {path: analysis.keep() for path, analysis in self._known.items() if analysis is not None}
        found = {**self._kept, **found}
        if library is self._library:
            return found
        replaced = library.summaries.graphs.replaced
        if replaced is None or library.follows != id(self._library):
            return {}
        return {path: Kept(kept.functions, replaced.leaves(kept.graphs)) for path, kept in found.items()}
