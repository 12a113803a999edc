"""The functions that do the jobs of an analysis, in this process or any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import RLock
from typing import Any

from codemods.engine.attempt import Fault
from codemods.engine.declaration_rows import declaration_rows, declarations_of
from codemods.engine.fix_loop import MAX_ROUNDS, FixLoop, View
from codemods.engine.gc_tuning import ignore_objects_so_far, rare_collections
from codemods.engine.jobs import (
    FilesResult,
    FixId,
    LibraryJob,
    LibraryResult,
    Needs,
    NeedsJob,
    TestsJob,
    Tree,
)
from codemods.engine.requirements import Search
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.facts import Facts
from codemods.model.findings import InputError
from codemods.model.progress import Progress, unwatched
from codemods.model.settings import Settings
from codemods.ownership.analysis import Analysis
from codemods.ownership.dependent_tests import Sources
from codemods.semantics.catalogue import catalogue_files
from codemods.semantics.configurations import Configurations, Overflow, configurations, own_variants
from codemods.semantics.symbols import Declarations, Index, SourceFile
from tml_ast import TmlSyntaxError
from tml_ast.edit import apply
from tml_ast.preprocessor import Assignment, directives_of, settle


class Library:
    """One state of the library of a tree, parsed, with its analysis, where some symbols are defined."""

    def __init__(
        self,
        files: Mapping[str, SourceFile],
        tree: Tree,
        sources: Sources,
        analysis: Analysis,
        symbols: Assignment,
        before: Facts | None = None,
    ) -> None:
        self.files = files
        self.sources = sources
        self.analysis = analysis
        self.symbols = symbols
        self._tree = tree
        self._facts: tuple[frozenset[str], Facts] | None = None
        self._before = before
        """The facts about the state before this one."""

    def facts(self, paths: frozenset[str], before: Facts | None = None) -> Facts:
        """The facts for rules when these files get fixes; those of ``before`` that hold are reused."""
        if self._facts is None or self._facts[0] != paths:
            known = before or (self._facts[1] if self._facts is not None else self._before)
            self._facts = paths, Facts(self.analysis, self.sources, paths, before=known)
            self._before = None
        return self._facts[1]

    def forget_facts(self) -> None:
        """Free the memory of the facts; they are computed anew when rules ask again."""
        self._facts = self._before = None

    def with_files(self, files: Mapping[str, SourceFile]) -> Library:
        """The state in which these files replace those of the same path."""
        if all(self.files[path] is file for path, file in files.items()):
            return self
        merged = {**self.files, **files}
        analysis = analysis_of(merged, self._tree.settings, self.analysis)
        before = self._facts[1] if self._facts is not None else None
        return Library(merged, self._tree, self.sources, analysis, self.symbols, before)


Defined = frozenset[str]
"""Those symbols that are defined of the ones that the library depends on."""


@dataclass(slots=True)
class Memory:
    """What a process keeps from one job to the next: the last states of the library."""

    lock: RLock = field(default_factory=RLock)
    configurations: Configurations = field(default_factory=Configurations)
    """Those of the library."""
    _tree: Tree | None = None
    _unread: tuple[InputError, ...] = ()
    _original: Library | None = None
    _variants: dict[Defined, Library] = field(default_factory=dict)
    """The library as it is in the tree, where other symbols are defined."""
    _states: list[tuple[dict[str, bytes], Defined, Library]] = field(default_factory=list)
    """States that fixes have made, each with the files that they have changed; the last used one is last."""
    _texts: dict[tuple[SourceFile, bytes], SourceFile] = field(default_factory=dict)
    """Files with another text; the last used one is last."""

    def original(self, tree: Tree, report: Progress) -> tuple[Library, tuple[InputError, ...]]:
        """The library as it is in the tree, and its files that cannot be parsed."""
        if self._original is None or self._tree != tree:
            before = self._original
            self._states.clear()
            self._texts.clear()
            self._variants.clear()
            files, errors = _parse(tree.modules, before.files if before is not None else {}, report)
            self.configurations = configurations(tree.modules, files.get)
            symbols = self.configurations.symbols[0]
            conditional, refused = self._parse_conditional(tree, symbols)
            files, errors = {**files, **conditional}, (*errors, *refused)
            unread = {error.path: tree.modules[error.path] for error in errors}
            sources = _sources({**tree.tests, **unread}, symbols)
            ordered = dict(sorted(files.items()))
            analysis = analysis_of(ordered, tree.settings, before.analysis if before is not None else None)
            self._tree, self._unread = tree, tuple(sorted(errors, key=lambda error: error.place))
            self._original = Library(ordered, tree, sources, analysis, symbols)
        return self._original, self._unread

    def _parse_conditional(
        self, tree: Tree, symbols: Assignment
    ) -> tuple[dict[str, SourceFile], list[InputError]]:
        """The files with directives; one that depends on no other symbols may be read with any."""
        found: dict[str, SourceFile] = {}
        errors: list[InputError] = []
        for path in self.configurations.directives:
            numbers = self.configurations.of(path)
            others: list[Assignment] = [self.configurations.symbols[number] for number in sorted(numbers)]
            if len(numbers) == 1:
                others = own_variants(tree.modules[path])
            first, error = _read_first(path, tree.modules[path], [symbols, *others])
            if first is None:
                assert error is not None
                errors.append(_unreadable(path, error))
            elif first.symbols is symbols or len(numbers) == 1:
                found[path] = first
        return found, errors

    def state(
        self,
        tree: Tree,
        changed: Mapping[str, bytes],
        report: Progress = unwatched,
        symbols: Assignment | None = None,
    ) -> Library:
        """The library with some files changed, where these symbols are defined."""
        original, _ = self.original(tree, report)
        defined = self._defined(original.symbols if symbols is None else symbols)
        if defined != self._defined(original.symbols):
            original = self._variant(tree, defined)
        if not changed:
            return original
        for position, (known, of, library) in enumerate(self._states):
            if known == changed and of == defined:
                self._states.append(self._states.pop(position))
                return library
        files = {
            path: self._read(original.files[path], source)
            for path, source in changed.items()
            if path in original.files
        }
        library = original.with_files(files)
        self.keep(changed, library)
        return library

    def _read(self, file: SourceFile, source: bytes) -> SourceFile:
        """A file of the library with another text; those that were read last are kept."""
        key = file, source
        known = self._texts.pop(key, None) or file.with_source(source)
        self._texts[key] = known
        if len(self._texts) > _TEXTS_KEPT:
            del self._texts[next(iter(self._texts))]
        return known

    def _defined(self, symbols: Assignment) -> Defined:
        deciding = self.configurations.deciding
        return frozenset(symbol for symbol, value in symbols.items() if value and symbol in deciding)

    def _variant(self, tree: Tree, defined: Defined) -> Library:
        """The library as it is in the tree; what has no directives is shared with the first variant."""
        if defined not in self._variants:
            assert self._original is not None
            symbols = dict.fromkeys(sorted(defined), True)
            files = dict(self._original.files)
            for path in self.configurations.by_path.keys() & self.configurations.directives.keys():
                files.pop(path, None)
                read, _ = _read_first(path, tree.modules[path], [symbols])
                if read is not None:
                    files[path] = read
            ordered = dict(sorted(files.items()))
            analysis = analysis_of(ordered, tree.settings, self._original.analysis)
            sources = _sources(self._original.sources.contents, symbols)
            self._variants[defined] = Library(ordered, tree, sources, analysis, symbols)
        return self._variants[defined]

    def keep(self, changed: Mapping[str, bytes], library: Library) -> None:
        """Remember a state."""
        defined = self._defined(library.symbols)
        if changed and all((known, of) != (changed, defined) for known, of, _ in self._states):
            kept = _STATES_KEPT * (1 + len(self._variants))
            self._states = [*self._states[1 - kept :], (dict(changed), defined, library)]


_STATES_KEPT = 4
"""The fixed library, and what it is with some of its fixes."""

_TEXTS_KEPT = 200
"""Files of a fixed library."""

PROCESS = Memory()
"""What this process remembers."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one thread at a time use what this process remembers: facts are computed step by step."""
    with PROCESS.lock, rare_collections():
        yield


@one_at_a_time()
def fix_library(job: LibraryJob, report: Progress = unwatched) -> LibraryResult:
    """Fix the library."""
    original, unread = PROCESS.original(job.tree, report)
    asked: list[set[str]] = []
    states = _library_states(job, {}, asked)
    ignore_objects_so_far()
    views = [each.view() for each in states]
    fixed = FixLoop(views, job.tree.settings, report, PROCESS.configurations.overflows).run()
    for each in states:
        each.start.forget_facts()
        each.latest.forget_facts()
        each.start.sources.forget_all()
        PROCESS.keep(fixed.changed, each.latest)
    return LibraryResult(fixed, unread, frozenset().union(*asked), _declared(original))


def _library_states(
    job: LibraryJob, changed: Mapping[str, bytes], asked: list[set[str]]
) -> list[_LibraryStates]:
    """The variants of the library that have files to look at, with some files changed."""
    known = PROCESS.configurations
    states: list[_LibraryStates] = []
    for number, symbols in enumerate(known.symbols):
        looked_at = frozenset(path for path in job.paths if number in known.of(path))
        if number == 0 or looked_at:
            start = PROCESS.state(job.tree, changed, symbols=symbols)
            states.append(_LibraryStates(start, job, looked_at, asked))
    return states


@dataclass(slots=True)
class _LibraryStates:
    """The states of one variant of the library while it is fixed."""

    start: Library
    job: LibraryJob
    looked_at: frozenset[str]
    asked: list[set[str]]
    """What tests are searched for."""
    latest: Library = field(init=False)

    def __post_init__(self) -> None:
        self.latest = self.start

    def view(self) -> View:
        """The library files that get fixes."""
        files = {path: file for path, file in self.start.files.items() if path in self.job.paths}
        return View(self.start.symbols, files, self.looked_at, self._facts_of, lambda: self.start.analysis)

    def _facts_of(self, files: Mapping[str, SourceFile], before: Facts | None) -> Facts:
        self.latest = self.latest.with_files(files)
        facts = self.latest.facts(self.job.paths, before)
        self.asked.append(facts.tests.asked)
        return facts


@one_at_a_time()
def fix_tests(job: TestsJob, report: Progress = unwatched) -> tuple[FilesResult, ...]:
    """Fix tests, each by itself: what became of them, in their order."""
    PROCESS.state(job.base.tree, {}, report)
    PROCESS.state(job.base.tree, job.changed)
    ignore_objects_so_far()
    results = []
    for done, path in enumerate(job.tests):
        report("tests", done, len(job.tests))
        results.append(_fix_test(path, job))
    return tuple(results)


@one_at_a_time()
def find_needs(job: NeedsJob, report: Progress = unwatched) -> Needs:
    """What the fixes of the library, or those of some tests, need."""
    PROCESS.original(job.base.tree, report)
    ignore_objects_so_far()
    if job.module_needs is None:
        return Search(job.modules.fixes, [job.modules], _Trials(job.base).found, {}).needs(report)
    needs: dict[FixId, frozenset[FixId]] = {}
    trials = _Trials(job.base)
    for done, result in enumerate(job.tests):
        report("what fixes need", done, len(job.tests))
        # The library was fixed first.
        later = (replace(fix, round=fix.round + MAX_ROUNDS) for fix in result.fixes)
        fixes = (*job.modules.fixes, *later)
        search = Search(fixes, [job.modules, result], trials.found, job.module_needs)
        needs |= search.needs(unwatched)
    return needs


class _Trials:
    """What the rules find to fix in a tree that has only some of the fixes."""

    def __init__(self, base: LibraryJob) -> None:
        self._base = base

    def found(self, path: str, rule: str, texts: Mapping[str, bytes]) -> list[bytes]:
        """What each fix of this rule would make of a file; the other files of the tree are as in ``texts``.

        Files without one are as they are.
        """
        tree = self._base.tree
        changed = {name: text for name, text in texts.items() if name in tree.modules}
        originals = tree.modules if path in tree.modules else tree.tests
        source = texts.get(path, originals[path])
        try:
            if path in tree.modules:
                diagnostics = self._library_loop(changed).found(path, {rule})
            else:
                diagnostics = self._found_in_test(path, rule, source, changed)
        except (Fault, TmlSyntaxError):
            return []
        return [apply(source, diagnostic.edits) for diagnostic in diagnostics]

    def _library_loop(self, changed: Mapping[str, bytes]) -> FixLoop:
        views = [each.view() for each in _library_states(self._base, changed, [])]
        return FixLoop(views, self._base.tree.settings, unwatched, PROCESS.configurations.overflows)

    def _found_in_test(
        self, path: str, rule: str, source: bytes, changed: Mapping[str, bytes]
    ) -> list[Diagnostic]:
        job = TestsJob(self._base, changed, (path,))
        chosen, overflows = _symbols_of_test(path, self._base)
        tests = [_Test(path, job, symbols) for symbols in chosen]
        views = [test.view() for test in tests]
        if source != self._base.tree.tests[path]:
            views = [view.with_source(path, source) for view in views]
        found = FixLoop(views, self._base.tree.settings, unwatched, overflows).found(path, {rule})
        for test in tests:
            test.forget()
        return found


@one_at_a_time()
def facts(tree: Tree, path: str, report: Progress) -> Analysis:
    """The analysis of a file and all that it may use, before any fix. Raises TmlSyntaxError."""
    library, _ = PROCESS.original(tree, report)
    return facts_of(library, path)


@one_at_a_time()
def declared(tree: Tree) -> Mapping[str, object]:
    """What the library of a tree declares, as a document for `library_of`."""
    library, _ = PROCESS.original(tree, unwatched)
    return _declared(library)


def _declared(library: Library) -> Mapping[str, object]:
    rows = declaration_rows(library.analysis.index, library.files)
    return {"symbols": dict(library.symbols), **rows}


def library_of(tree: Tree, document: Any) -> Library:
    """The library of a tree whose declarations are known; its files are parsed as far as they are looked at.

    Raises KeyError, ValueError or IndexError for a bad document.
    """
    symbols: Assignment = document["symbols"]
    declarations = declarations_of(document, tree.modules)
    files = {file.path: file for file in declarations}
    unread = {path: source for path, source in tree.modules.items() if path not in files}
    analysis = analysis_of(files, tree.settings, known=declarations)
    return Library(files, tree, _sources({**tree.tests, **unread}, symbols), analysis, symbols)


@one_at_a_time()
def facts_of(library: Library, path: str) -> Analysis:
    """The analysis of a file beside or in a library. Raises TmlSyntaxError."""
    if path in library.files:
        return library.analysis
    file = library.sources.file(path)
    return library.analysis.beside([file, *library.sources.companions(file)])


def _fix_test(path: str, job: TestsJob) -> FilesResult:
    base = job.base
    views: list[View] = []
    error: TmlSyntaxError | None = None
    tests = []
    chosen, overflows = _symbols_of_test(path, base)
    for symbols in chosen:
        test = _Test(path, job, symbols)
        try:
            views.append(test.view())
            tests.append(test)
        except TmlSyntaxError as failure:
            error = error or failure
    if not views:
        assert error is not None
        return FilesResult(errors=(_unreadable(path, error),))
    result = FixLoop(views, base.tree.settings, unwatched, overflows).run()
    for test in tests:
        test.forget()
    return result


def _symbols_of_test(path: str, base: LibraryJob) -> tuple[list[Assignment], Sequence[Overflow]]:
    """The sets of symbols to look at a test with, and what has more of them."""
    original, _ = PROCESS.original(base.tree, unwatched)
    known, first = PROCESS.configurations, original.symbols
    file = _first_file(path, base, original)
    if file is None:
        return [first], ()
    files = {each.path: each for each in (file, *original.sources.companions(file))}
    if not any(known.matters_to(each.source) for each in files.values()):
        return [first], ()
    found = configurations({path: each.source for path, each in files.items()}, files.get, known)
    if path not in found.by_path:
        return [file.symbols], ()
    chosen = [found.symbols[number] for number in sorted(found.of(path))]
    overflows = [overflow for overflow in found.overflows if overflow.path == path]
    return [settle(symbols, first) or symbols for symbols in chosen], overflows


def _first_file(path: str, base: LibraryJob, original: Library) -> SourceFile | None:
    """A test as it is in the first of its variants that can be parsed."""
    try:
        return original.sources.file(path)
    except TmlSyntaxError:
        source = base.tree.tests[path]
        return _read_first(path, source, own_variants(source))[0]


class _Test:
    """A test in one of its variants, beside the library."""

    def __init__(self, path: str, job: TestsJob, symbols: Assignment) -> None:
        base = job.base
        self._path = path
        self._paths = base.paths
        self._symbols = symbols
        self._start = PROCESS.state(base.tree, {}, symbols=symbols)
        self._library = PROCESS.state(base.tree, job.changed, symbols=symbols)
        self._is_usual = symbols is self._library.symbols
        sources = self._library.sources
        self._sources = sources if self._is_usual else _sources(sources.contents, symbols)
        self._companions: list[SourceFile] = []
        self._file: SourceFile | None = None

    def view(self) -> View:
        """The test alone. Raises TmlSyntaxError."""
        self._file = self._sources.file(self._path)
        self._companions = self._sources.companions(self._file)
        self._library.facts(self._paths)
        return View(self._symbols, {self._path: self._file}, (self._path,), self._facts_of, self._original)

    def _facts_of(self, files: Mapping[str, SourceFile], _before: Facts | None) -> Facts:
        facts = self._library.facts(self._paths)
        if self._is_usual and files[self._path] is self._file:
            known = facts.of_test(self._path)
            assert known is not None
            return known
        return facts.beside(facts.analysis.beside([files[self._path], *self._companions]))

    def _original(self) -> Analysis:
        assert self._file is not None
        return self._start.analysis.beside([self._file, *self._companions])

    def forget(self) -> None:
        """Let go of what is known about it."""
        self._library.facts(self._paths).forget_test(self._path)


def _sources(contents: Mapping[str, bytes], symbols: Assignment) -> Sources:
    """Files beside a library, as they are where these symbols are defined."""
    return Sources(contents, partial(SourceFile.read, symbols=symbols))


def _read_first(
    path: str, source: bytes, choices: Iterable[Assignment]
) -> tuple[SourceFile | None, TmlSyntaxError | None]:
    """The file as it is with the first of these sets of symbols with which it can be parsed, or the error."""
    failure: TmlSyntaxError | None = None
    for symbols in choices:
        try:
            return SourceFile.read(path, source, symbols), None
        except TmlSyntaxError as error:
            failure = failure or error
    return None, failure


def analysis_of(
    files: Mapping[str, SourceFile],
    settings: Settings,
    previous: Analysis | None = None,
    known: Mapping[SourceFile, Declarations] | None = None,
) -> Analysis:
    """The analysis of files; what holds of the ``previous`` one, of an earlier state of them, is reused.

    What is ``known`` to be declared in them is not looked for.
    """
    modules = {file.module for file in files.values()}
    stand_ins = (file for file in catalogue_files() if file.module not in modules)
    before = previous.index if previous is not None else None
    if previous is not None and previous.drops.traits != settings.compiler.traits:
        previous = None  # its graphs are those of another compiler
    index = Index([*files.values(), *stand_ins], settings.owning_types, before, known=known)
    return Analysis(index, previous, traits=settings.compiler.traits)


def _parse(
    sources: Mapping[str, bytes], known: Mapping[str, SourceFile], report: Progress
) -> tuple[dict[str, SourceFile], tuple[InputError, ...]]:
    """The parsed files without directives, and the errors of those that cannot be parsed.

    They are taken from those ``known`` where the source is the same.
    """
    parsed: dict[str, SourceFile] = {}
    errors: list[InputError] = []
    for done, path in enumerate(sorted(sources)):
        report("parsing", done, len(sources))
        source = sources[path]
        before = known.get(path)
        try:
            if directives_of(source) is not None:
                continue
            parsed[path] = before if before and before.source == source else SourceFile.read(path, source)
        except TmlSyntaxError as error:
            errors.append(_unreadable(path, error))
    report("parsing", len(sources), len(sources))
    return parsed, tuple(errors)


def _unreadable(path: str, error: TmlSyntaxError) -> InputError:
    return InputError(path, error.message, error.line, error.column)
