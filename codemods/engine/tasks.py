"""The functions that do the jobs of an analysis, in this process or any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from codemods.engine.fix_loop import FixLoop
from codemods.engine.gc_tuning import ignore_objects_so_far, rare_collections
from codemods.engine.jobs import FilesResult, LibraryJob, LibraryResult, TestsJob, Tree
from codemods.fixes.facts import Facts
from codemods.model.findings import InputError
from codemods.model.progress import Progress, unwatched
from codemods.model.settings import Settings
from codemods.ownership.analysis import Analysis
from codemods.ownership.dependent_tests import Sources
from codemods.semantics.catalogue import catalogue_files
from codemods.semantics.symbols import Index, SourceFile
from tml_ast import TmlSyntaxError


class Library:
    """One state of the library of a tree, parsed, with its analysis."""

    def __init__(
        self, files: Mapping[str, SourceFile], tree: Tree, sources: Sources, analysis: Analysis
    ) -> None:
        self.files = files
        self.sources = sources
        self.analysis = analysis
        self._tree = tree
        self._facts: tuple[frozenset[str], Facts] | None = None

    def facts(self, paths: frozenset[str], before: Facts | None = None) -> Facts:
        """The facts for rules when these files get fixes; those of ``before`` that hold are reused."""
        if self._facts is None or self._facts[0] != paths:
            known = before or (self._facts[1] if self._facts is not None else None)
            self._facts = paths, Facts(self.analysis, self.sources, paths, before=known)
        return self._facts[1]

    def forget_facts(self) -> None:
        """Free the memory of the facts; they are computed anew when rules ask again."""
        self._facts = None

    def with_files(self, files: Mapping[str, SourceFile]) -> Library:
        """The state in which these files replace those of the same path."""
        if all(self.files[path] is file for path, file in files.items()):
            return self
        merged = {**self.files, **files}
        return Library(
            merged, self._tree, self.sources, analysis_of(merged, self._tree.settings, self.analysis)
        )


@dataclass(slots=True)
class Memory:
    """What a process keeps from one job to the next: the last states of the library."""

    lock: RLock = field(default_factory=RLock)
    _tree: Tree | None = None
    _unread: tuple[InputError, ...] = ()
    _original: Library | None = None
    _states: list[tuple[dict[str, bytes], Library]] = field(default_factory=list)
    """States that phases have made, each with the files that they have changed; the last used one is last."""

    def original(self, tree: Tree, report: Progress) -> tuple[Library, tuple[InputError, ...]]:
        """The library as it is in the tree, and its files that cannot be parsed."""
        if self._original is None or self._tree != tree:
            before = self._original
            self._states.clear()
            files, errors = _parse(tree.modules, before.files if before is not None else {}, report)
            sources = Sources({**tree.tests, **{error.path: tree.modules[error.path] for error in errors}})
            analysis = analysis_of(files, tree.settings, before.analysis if before is not None else None)
            self._tree, self._unread = tree, errors
            self._original = Library(files, tree, sources, analysis)
        return self._original, self._unread

    def state(self, tree: Tree, changed: Mapping[str, bytes], report: Progress = unwatched) -> Library:
        """The library with some files changed."""
        original, _ = self.original(tree, report)
        if not changed:
            return original
        for position, (known, library) in enumerate(self._states):
            if known == changed:
                self._states.append(self._states.pop(position))
                return library
        files = {path: SourceFile.read(path, source) for path, source in changed.items()}
        library = original.with_files(files)
        self.keep(changed, library)
        return library

    def keep(self, changed: Mapping[str, bytes], library: Library) -> None:
        """Remember a state."""
        if changed and all(known != changed for known, _ in self._states):
            self._states = [*self._states[1 - _STATES_KEPT :], (dict(changed), library)]


_STATES_KEPT = 2
"""The state that a phase starts from, and the one that it leaves."""

PROCESS = Memory()
"""What this process remembers."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one thread at a time use what this process remembers: facts are computed step by step."""
    with PROCESS.lock, rare_collections():
        yield


@one_at_a_time()
def fix_library(job: LibraryJob, report: Progress = unwatched) -> LibraryResult:
    """Fix the library files of a phase."""
    _, unread = PROCESS.original(job.tree, report)
    start = PROCESS.state(job.tree, job.changed)
    ignore_objects_so_far()
    latest = start
    asked: list[set[str]] = []

    def facts_of(files: Mapping[str, SourceFile], before: Facts | None) -> Facts:
        nonlocal latest
        latest = latest.with_files(files)
        facts = latest.facts(job.paths, before)
        asked.append(facts.tests.asked)
        return facts

    def original() -> Analysis:
        return start.analysis

    files = {path: file for path, file in start.files.items() if path in job.paths}
    loop = FixLoop(files, job.phase, job.tree.settings, job.wanted, facts_of, original, report)
    result = LibraryResult(loop.run(), unread, frozenset().union(*asked))
    start.forget_facts()
    latest.forget_facts()
    start.sources.forget_all()
    PROCESS.keep({**job.changed, **result.changed}, latest)
    return result


@one_at_a_time()
def fix_tests(job: TestsJob, report: Progress = unwatched) -> tuple[FilesResult, ...]:
    """Fix tests, each by itself: what became of them, in their order."""
    base = job.base
    start = PROCESS.state(base.tree, base.changed, report)
    library = PROCESS.state(base.tree, {**base.changed, **job.changed})
    ignore_objects_so_far()
    results = []
    for done, path in enumerate(job.tests):
        report(f"tests of phase {base.phase.number}", done, len(job.tests))
        results.append(_fix_test(path, base, start, library))
    return tuple(results)


@one_at_a_time()
def facts(tree: Tree, path: str, report: Progress) -> Analysis:
    """The analysis of a file and all that it may use, before any fix. Raises TmlSyntaxError."""
    library, _ = PROCESS.original(tree, report)
    if path in library.files:
        return library.analysis
    file = library.sources.file(path)
    return library.analysis.beside([file, *library.sources.companions(file)])


def _fix_test(path: str, base: LibraryJob, start: Library, library: Library) -> FilesResult:
    try:
        file = library.sources.file(path)
    except TmlSyntaxError as error:
        return FilesResult(errors=(_unreadable(path, error),))
    companions = library.sources.companions(file)
    facts = library.facts(base.paths)

    def facts_of(files: Mapping[str, SourceFile], _before: Facts | None) -> Facts:
        if files[path] is file:
            known = facts.of_test(path)
            assert known is not None
            return known
        return facts.beside(facts.analysis.beside([files[path], *companions]))

    def original() -> Analysis:
        return start.analysis.beside([file, *companions])

    settings = base.tree.settings
    loop = FixLoop({path: file}, base.phase, settings, base.wanted, facts_of, original, unwatched)
    result = loop.run()
    facts.forget_test(path)
    return result


def analysis_of(
    files: Mapping[str, SourceFile], settings: Settings, previous: Analysis | None = None
) -> Analysis:
    """The analysis of files; what holds of the ``previous`` one, of an earlier state of them, is reused."""
    known = {file.module for file in files.values()}
    stand_ins = (file for file in catalogue_files() if file.module not in known)
    before = previous.index if previous is not None else None
    return Analysis(Index([*files.values(), *stand_ins], settings.owning_types, before), previous)


def _parse(
    sources: Mapping[str, bytes], known: Mapping[str, SourceFile], report: Progress
) -> tuple[dict[str, SourceFile], tuple[InputError, ...]]:
    """The parsed files, taken from those ``known`` where the source is the same; the errors of the others."""
    parsed: dict[str, SourceFile] = {}
    errors: list[InputError] = []
    for done, path in enumerate(sorted(sources)):
        report("parsing", done, len(sources))
        source = sources[path]
        before = known.get(path)
        try:
            parsed[path] = before if before and before.source == source else SourceFile.read(path, source)
        except TmlSyntaxError as error:
            errors.append(_unreadable(path, error))
    report("parsing", len(sources), len(sources))
    return parsed, tuple(errors)


def _unreadable(path: str, error: TmlSyntaxError) -> InputError:
    return InputError(path, error.message, error.line, error.column)
