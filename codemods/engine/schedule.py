"""Files in, findings and changed files out: the phases of an analysis, done in parts and put together."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codemods.engine.analysis_cache import KnownParts
from codemods.engine.jobs import Fixed, LibraryTask, MendedLibrary, TestsTask, Tree, in_batches
from codemods.engine.result_cache import ResultCache
from codemods.model.findings import AnalysisResult, Change, Finding, FindingKey, InputError, PhaseResult
from codemods.model.phases import Phase
from codemods.model.progress import Progress, unwatched
from codemods.model.settings import Settings
from codemods.semantics.module_paths import is_test_path

if TYPE_CHECKING:
    from codemods.ownership.obligations import Analysis

BATCH = 256 * 1024
"""Bytes of tests that one task of an executor mends."""


def analyse(
    files: Mapping[str, bytes],
    phases: Sequence[int],
    *,
    stacked: bool = False,
    only: Callable[[str], bool] | None = None,
    share: Callable[[str], bool] | None = None,
    wanted: frozenset[FindingKey] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    cache: ResultCache | None = None,
) -> AnalysisResult:
    """Find and fix what the ``phases`` cover in the tree ``files`` (posix path to content).

    Each phase starts from ``files`` alone, or from the result of the phase before it when
    ``stacked``. ``only`` limits which files may get findings; all of them inform the analysis. ``share``
    limits what the result tells of, and changes nothing of that: other files are looked at and fixed as far
    as these need. With ``wanted``, exactly the findings that it names are fixed, those for review included;
    what follows only from others is not found. A file that does not parse becomes an error of the result,
    never an exception. An ``executor`` does the work in other processes or on other machines, and a
    ``cache`` spares what is known from an earlier run; the result is the same.
    """
    settings = settings or Settings()
    report = progress or unwatched
    tree = _tree(files, settings)
    known = KnownParts(cache, tree) if cache is not None and wanted is None else None
    chosen = [phase for phase in settings.plan.phases if phase.number in phases]
    parts = [_Part(tree, phase, _scope(tree, phase, only), share, wanted, known) for phase in chosen]
    needed = _needed(parts, stacked=stacked)
    if executor is None or _is_little(needed, stacked=stacked):
        _run_here(needed, report, stacked=stacked)
    else:
        _run_on(executor, needed, report, stacked=stacked)
    if known is not None:
        known.tell()
    unread = dict.fromkeys(each for part in parts for each in part.unread if part.reports_on(each.path))
    broken = [each for part in parts for each in part.broken]
    return AnalysisResult(tuple(part.result() for part in parts), (*sorted(unread, key=_place), *broken))


def facts(
    files: Mapping[str, bytes],
    path: str,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """What is known about a file and all that it may use, before any fix. Raises TmlSyntaxError."""
    found: Analysis = _tasks().facts(_tree(files, settings or Settings()), path, progress or unwatched)
    return found


def _tasks() -> Any:
    """The module that does the work; where all is known from an earlier run, it is not even read."""
    return importlib.import_module("codemods.engine.tasks")


def _tree(files: Mapping[str, bytes], settings: Settings) -> Tree:
    covered = [path for path in sorted(files) if settings.plan.phase_of(path)]
    return Tree(
        {path: files[path] for path in covered if not is_test_path(path)},
        {path: files[path] for path in covered if is_test_path(path)},
        settings,
    )


def _scope(tree: Tree, phase: Phase, only: Callable[[str], bool] | None) -> frozenset[str]:
    settings = tree.settings
    return frozenset(
        path
        for path in (*tree.modules, *tree.tests)
        if settings.plan.phase_of(path) is phase and settings.covers(path) and (only is None or only(path))
    )


@dataclass(slots=True)
class _Part:
    """One phase: what is to be done for it, and what has come of it."""

    tree: Tree
    phase: Phase
    paths: frozenset[str]
    share: Callable[[str], bool] | None
    wanted: frozenset[FindingKey] | None
    known: KnownParts | None
    changed: dict[str, bytes] = field(default_factory=dict)
    """The library files that phases before have changed."""
    mended: MendedLibrary | None = None
    tests: dict[str, Fixed] = field(default_factory=dict)
    was_looked_up: bool = False
    """Whether it was asked what an earlier run has found."""
    learned: bool = False
    """Whether something of ``tests`` was not known before."""

    @property
    def task(self) -> LibraryTask:
        return LibraryTask(self.tree, self.changed, self.phase, self.paths, self.wanted)

    def recall(self, before: Mapping[str, bytes]) -> bool:
        """Take what an earlier run found from where phases ``before`` left the library; whether one did."""
        self.changed = dict(before)
        if self.known is not None and not self.was_looked_up:
            self.was_looked_up = True
            self.mended = self.known.mended_library(self.task)
            self._recall_tests()
        return self.mended is not None

    def learn(self, mended: MendedLibrary) -> None:
        """Take what has become of the library."""
        self.mended = mended
        if self.known is not None:
            self.known.keep_library(self.task, mended)
            self._recall_tests()

    def _recall_tests(self) -> None:
        if self.known is not None and self.mended is not None:
            self.tests = self.known.tests(self.task, self.mended.changed)

    def test_tasks(self, size: int) -> list[TestsTask]:
        """What is to be done for the tests that nothing is known of."""
        assert self.mended is not None
        tests = (path for path in sorted(self.paths & self.tree.tests.keys()) if self.reports_on(path))
        new = [path for path in tests if path not in self.tests]
        return [
            TestsTask(self.task, self.mended.changed, batch)
            for batch in in_batches(new, self.tree.tests, size)
        ]

    def learn_tests(self, task: TestsTask, found: Iterable[Fixed]) -> None:
        """Take what has become of tests."""
        self.tests.update(zip(task.tests, found, strict=True))
        self.learned = True

    def keep_tests(self) -> None:
        """Keep what is known of the tests for the next run."""
        if self.learned and self.known is not None and self.mended is not None:
            self.known.keep_tests(self.task, self.mended.changed, self.tests)

    @property
    def left(self) -> dict[str, bytes]:
        """The library files that are changed when the phase is done."""
        assert self.mended is not None
        return {**self.changed, **self.mended.changed}

    @property
    def unread(self) -> tuple[InputError, ...]:
        """The library files that cannot be parsed."""
        return self.mended.unread if self.mended is not None else ()

    @property
    def broken(self) -> list[InputError]:
        """What is wrong with files of the phase."""
        return [each for fixed in self._fixed for each in fixed.errors if self.reports_on(each.path)]

    def result(self) -> PhaseResult:
        findings = sorted(self._told(each.findings for each in self._fixed), key=_finding_place)
        changes = [pair for each in self._fixed for pair in each.changes.items() if self.reports_on(pair[0])]
        return PhaseResult(
            self.phase.number,
            tuple(findings),
            dict[str, Change](sorted(changes)),
            tuple(sorted(self._told(each.declined for each in self._fixed), key=lambda each: each.key)),
            tuple(sorted(self._told(each.suppressed for each in self._fixed), key=lambda each: each.key)),
        )

    def _told(self, findings: Iterable[Iterable[Finding]]) -> list[Finding]:
        return [each for group in findings for each in group if self.reports_on(each.path)]

    @property
    def _fixed(self) -> list[Fixed]:
        library = [self.mended.fixed] if self.mended is not None else []
        return [*library, *(fixed for _, fixed in sorted(self.tests.items()))]

    def reports_on(self, path: str) -> bool:
        """Whether the result tells of a file."""
        return self.share is None or self.share(path)


def _needed(parts: Sequence[_Part], *, stacked: bool) -> list[_Part]:
    """The phases that the result tells of, and where they are stacked those before them."""
    told = [number for number, part in enumerate(parts) if not part.share or any(map(part.share, part.paths))]
    return list(parts[: max(told, default=-1) + 1]) if stacked else [parts[number] for number in told]


def _is_little(parts: Sequence[_Part], *, stacked: bool) -> bool:
    """Whether what is left to do is done before another process has begun."""
    before: dict[str, bytes] = {}
    left = 0
    for part in parts:
        if not part.recall(before):
            return False
        left += sum(len(part.tree.tests[path]) for task in part.test_tasks(BATCH) for path in task.tests)
        before = part.left if stacked else {}
    return left <= BATCH


def _run_here(parts: Sequence[_Part], report: Progress, *, stacked: bool) -> None:
    before: dict[str, bytes] = {}
    for part in parts:
        if not part.recall(before):
            part.learn(_tasks().fix_library(part.task, report))
        for task in part.test_tasks(sum(map(len, part.tree.tests.values())) + 1):
            part.learn_tests(task, _tasks().fix_tests(task, report))
        part.keep_tests()
        before = part.left if stacked else {}


def _run_on(executor: Executor, parts: Sequence[_Part], report: Progress, *, stacked: bool) -> None:
    """Mend the largest libraries first, stacked ones one behind the other; tests as soon as they can be."""
    libraries: dict[Future[Any], _Part] = {}
    tests: dict[Future[Any], tuple[_Part, TestsTask]] = {}
    waiting = list(parts) if stacked else sorted(parts, key=_work)

    def begin(before: Mapping[str, bytes]) -> None:
        part = waiting.pop(0) if stacked else waiting.pop()
        if part.recall(before):
            go_on(part)
        else:
            libraries[executor.submit(_tasks().fix_library, part.task)] = part

    def go_on(part: _Part) -> None:
        if waiting and stacked:
            begin(part.left)
        for task in part.test_tasks(BATCH):
            tests[executor.submit(_tasks().fix_tests, task)] = part, task

    for _ in parts[:1] if stacked else parts:
        begin({})
    done = 0
    while libraries or tests:
        finished, _ = wait([*libraries, *tests], return_when=FIRST_COMPLETED)
        for future in finished:
            if future in libraries:
                part = libraries.pop(future)
                part.learn(future.result())
                go_on(part)
            else:
                part, task = tests.pop(future)
                part.learn_tests(task, future.result())
            done += 1
            report("analysing", done, done + len(libraries) + len(tests) + len(waiting))
    for part in parts:
        part.keep_tests()


def _work(part: _Part) -> int:
    return sum(len(source) for path, source in part.tree.modules.items() if path in part.paths)


def _place(error: InputError) -> tuple[str, int, int, str]:
    return error.path, error.line, error.column, error.message


def _finding_place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.rule
