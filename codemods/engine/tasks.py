"""What is done for each part of an analysis: functions of plain data, for this process or any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from codemods.engine.fix_loop import FixLoop
from codemods.engine.gc_tuning import rare_collections, spare_what_lives
from codemods.engine.jobs import Fixed, LibraryTask, MendedLibrary, TestsTask, Tree
from codemods.fixes.facts import Facts
from codemods.model.findings import InputError
from codemods.model.progress import Progress, unwatched
from codemods.model.settings import Settings
from codemods.ownership.dependent_tests import Sources
from codemods.ownership.obligations import Analysis
from codemods.semantics.catalogue import catalogue_files
from codemods.semantics.symbols import Index, SourceFile
from tml_ast import TmlSyntaxError


class Library:
    """One state of the library of a tree, parsed, and what is known about it."""

    def __init__(
        self, files: Mapping[str, SourceFile], tree: Tree, sources: Sources, analysis: Analysis
    ) -> None:
        self.files = files
        self.sources = sources
        self.analysis = analysis
        self._tree = tree
        self._facts: tuple[frozenset[str], Facts] | None = None

    def facts(self, paths: frozenset[str], before: Facts | None = None) -> Facts:
        """All that rules may ask, where these files get fixes; ``before`` is what an earlier state knew."""
        if self._facts is None or self._facts[0] != paths:
            known = before or (self._facts[1] if self._facts is not None else None)
            self._facts = paths, Facts(self.analysis, self.sources, paths, before=known)
        return self._facts[1]

    def forget_facts(self) -> None:
        """Let go of what rules have asked; it is found again when they ask again."""
        self._facts = None

    def with_files(self, files: Mapping[str, SourceFile]) -> Library:
        """Another state, in which some files are others."""
        if all(self.files[path] is file for path, file in files.items()):
            return self
        merged = {**self.files, **files}
        return Library(
            merged, self._tree, self.sources, analysis_of(merged, self._tree.settings, self.analysis)
        )


@dataclass(slots=True)
class Memory:
    """What a process keeps from one task to the next: the states of the library it had to do with last."""

    lock: RLock = field(default_factory=RLock)
    _tree: Tree | None = None
    _unread: tuple[InputError, ...] = ()
    _original: Library | None = None
    _states: list[tuple[dict[str, bytes], Library]] = field(default_factory=list)
    """States that phases have made, by the files that they have changed; the last used is the last one."""

    def original(self, tree: Tree, report: Progress) -> tuple[Library, tuple[InputError, ...]]:
        """The library as it is in the tree, and its files that cannot be parsed."""
        if self._original is None or self._tree != tree:
            before = self._original
            self._states.clear()
            files, errors = _parse(tree.modules, before.files if before is not None else {}, report)
            sources = Sources({**tree.tests, **{each.path: tree.modules[each.path] for each in errors}})
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
"""The one that a phase starts from, and the one that it leaves."""

PROCESS = Memory()
"""What this process remembers."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep other threads from what this process remembers: facts that are half found are nothing for them."""
    with PROCESS.lock, rare_collections():
        yield


@one_at_a_time()
def fix_library(task: LibraryTask, report: Progress = unwatched) -> MendedLibrary:
    """Mend the library files of a phase."""
    _, unread = PROCESS.original(task.tree, report)
    start = PROCESS.state(task.tree, task.changed)
    spare_what_lives()
    latest = start
    asked: list[set[str]] = []

    def look(files: Mapping[str, SourceFile], before: Facts | None) -> Facts:
        nonlocal latest
        latest = latest.with_files(files)
        facts = latest.facts(task.paths, before)
        asked.append(facts.tests.asked)
        return facts

    files = {path: file for path, file in start.files.items() if path in task.paths}
    rounds = FixLoop(files, task.phase, task.tree.settings, task.wanted, look, lambda: start.analysis, report)
    fixed = rounds.run()
    mended = MendedLibrary(fixed, unread, frozenset().union(*asked))
    start.forget_facts()
    latest.forget_facts()
    start.sources.forget_all()
    PROCESS.keep({**task.changed, **mended.changed}, latest)
    return mended


@one_at_a_time()
def fix_tests(task: TestsTask, report: Progress = unwatched) -> tuple[Fixed, ...]:
    """Mend tests, each by itself: what became of them, in their order."""
    base = task.base
    start = PROCESS.state(base.tree, base.changed, report)
    library = PROCESS.state(base.tree, {**base.changed, **task.mended})
    spare_what_lives()
    found = []
    for done, path in enumerate(task.tests):
        report(f"tests of phase {base.phase.number}", done, len(task.tests))
        found.append(_mend_test(path, base, start, library))
    return tuple(found)


@one_at_a_time()
def facts(tree: Tree, path: str, report: Progress) -> Analysis:
    """What is known about a file and all that it may use, before any fix. Raises TmlSyntaxError."""
    library, _ = PROCESS.original(tree, report)
    if path in library.files:
        return library.analysis
    file = library.sources.file(path)
    return library.analysis.beside([file, *library.sources.companions(file)])


def _mend_test(path: str, base: LibraryTask, start: Library, library: Library) -> Fixed:
    try:
        file = library.sources.file(path)
    except TmlSyntaxError as error:
        return Fixed(errors=(_unreadable(path, error),))
    companions = library.sources.companions(file)
    facts = library.facts(base.paths)

    def look(files: Mapping[str, SourceFile], _before: Facts | None) -> Facts:
        if files[path] is file:
            known = facts.of_test(path)
            assert known is not None
            return known
        return facts.beside(facts.analysis.beside([files[path], *companions]))

    def original() -> Analysis:
        return start.analysis.beside([file, *companions])

    settings = base.tree.settings
    fixed = FixLoop({path: file}, base.phase, settings, base.wanted, look, original, unwatched).run()
    facts.forget_test(path)
    return fixed


def analysis_of(
    files: Mapping[str, SourceFile], settings: Settings, previous: Analysis | None = None
) -> Analysis:
    """What is known about the files; what an earlier state of them is known for is used where it holds."""
    known = {file.module for file in files.values()}
    stand_ins = (each for each in catalogue_files() if each.module not in known)
    before = previous.index if previous is not None else None
    return Analysis(Index([*files.values(), *stand_ins], settings.owning_types, before), previous)


def _parse(
    sources: Mapping[str, bytes], known: Mapping[str, SourceFile], report: Progress
) -> tuple[dict[str, SourceFile], tuple[InputError, ...]]:
    """The parsed files, taken from those ``known`` where the text is the same; the errors of the others."""
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
