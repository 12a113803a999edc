"""Files in, findings and changed files out: the phases of an analysis, run job by job and joined."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codemods.engine.analysis_cache import AnalysisCache
from codemods.engine.jobs import FilesResult, LibraryJob, LibraryResult, TestsJob, Tree, in_batches
from codemods.engine.result_cache import ResultCache
from codemods.model.findings import AnalysisResult, Finding, FindingKey, InputError, PhaseResult
from codemods.model.phases import Phase
from codemods.model.progress import Progress, unwatched
from codemods.model.settings import Settings
from codemods.semantics.module_paths import is_test_path

if TYPE_CHECKING:
    from codemods.ownership.analysis import Analysis

BATCH = 256 * 1024
"""Bytes of tests that one job of an executor fixes."""


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

    Each phase starts from ``files`` alone, or from the result of the phase before it when ``stacked``.
    ``only`` limits which files may get findings; all of them inform the analysis. ``share`` limits the
    files that the result reports on, and does not change what it reports: other files are fixed as far as
    these need it. With ``wanted``, exactly the findings that it names are fixed, those for review included;
    what follows only from others is not found. A file that does not parse becomes an error of the result,
    never an exception. An ``executor`` does the work in other processes or on other machines, and a
    ``cache`` spares what an earlier run has done; the result is the same.
    """
    settings = settings or Settings()
    report = progress or unwatched
    tree = _tree(files, settings)
    known = AnalysisCache(cache, tree) if cache is not None and wanted is None else None
    chosen = [phase for phase in settings.plan.phases if phase.number in phases]
    runs = [_PhaseRun(tree, phase, _scope(tree, phase, only), share, wanted, known) for phase in chosen]
    needed = _needed(runs, stacked=stacked)
    if executor is None or _is_quick(needed, stacked=stacked):
        _run_here(needed, report, stacked=stacked)
    else:
        _run_on(executor, needed, report, stacked=stacked)
    if known is not None:
        known.note_hits()
    unread = dict.fromkeys(error for run in runs for error in run.unread if run.reports_on(error.path))
    errors = [error for run in runs for error in run.errors]
    ordered = sorted(unread, key=lambda error: error.place)
    return AnalysisResult(tuple(run.result() for run in runs), (*ordered, *errors))


def facts(
    files: Mapping[str, bytes],
    path: str,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """The analysis of a file and all that it may use, before any fix. Raises TmlSyntaxError."""
    found: Analysis = _tasks().facts(_tree(files, settings or Settings()), path, progress or unwatched)
    return found


def _tasks() -> Any:
    """The module that does the work; it is not imported if an earlier run has done everything."""
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
class _PhaseRun:
    """One phase: its jobs, and their results so far."""

    tree: Tree
    phase: Phase
    paths: frozenset[str]
    share: Callable[[str], bool] | None
    wanted: frozenset[FindingKey] | None
    cache: AnalysisCache | None
    changed: dict[str, bytes] = field(default_factory=dict)
    """The library files that phases before have changed."""
    library: LibraryResult | None = None
    tests: dict[str, FilesResult] = field(default_factory=dict)
    was_looked_up: bool = False
    """Whether the cache was asked."""
    has_new_tests: bool = False
    """Whether ``tests`` holds results that are not in the cache."""

    @property
    def job(self) -> LibraryJob:
        return LibraryJob(self.tree, self.changed, self.phase, self.paths, self.wanted)

    def look_up(self, before: Mapping[str, bytes]) -> bool:
        """Whether an earlier run has the result of the library job, with these files changed ``before``."""
        self.changed = dict(before)
        if self.cache is not None and not self.was_looked_up:
            self.was_looked_up = True
            self.library = self.cache.library(self.job)
            self._look_up_tests()
        return self.library is not None

    def take_library(self, result: LibraryResult) -> None:
        """Take the result of the library job."""
        self.library = result
        if self.cache is not None:
            self.cache.keep_library(self.job, result)
            self._look_up_tests()

    def _look_up_tests(self) -> None:
        if self.cache is not None and self.library is not None:
            self.tests = self.cache.tests(self.job, self.library.changed)

    def test_jobs(self, size: int) -> list[TestsJob]:
        """The jobs for the tests without a result, each of ``size`` bytes."""
        assert self.library is not None
        tests = (path for path in sorted(self.paths & self.tree.tests.keys()) if self.reports_on(path))
        new = [path for path in tests if path not in self.tests]
        return [
            TestsJob(self.job, self.library.changed, batch)
            for batch in in_batches(new, self.tree.tests, size)
        ]

    def take_tests(self, job: TestsJob, results: Iterable[FilesResult]) -> None:
        """Take the results of tests."""
        self.tests.update(zip(job.tests, results, strict=True))
        self.has_new_tests = True

    def keep_tests(self) -> None:
        """Keep the results of the tests for the next run."""
        if self.has_new_tests and self.cache is not None and self.library is not None:
            self.cache.keep_tests(self.job, self.library.changed, self.tests)

    @property
    def changed_after(self) -> dict[str, bytes]:
        """The library files that are changed when the phase is done."""
        assert self.library is not None
        return {**self.changed, **self.library.changed}

    @property
    def unread(self) -> tuple[InputError, ...]:
        """The library files that cannot be parsed."""
        return self.library.unread if self.library is not None else ()

    @property
    def errors(self) -> list[InputError]:
        """What is wrong with files of the phase."""
        return [error for result in self._results for error in result.errors if self.reports_on(error.path)]

    def result(self) -> PhaseResult:
        """The results of all jobs as one."""
        findings = self._reported(result.findings for result in self._results)
        declined = self._reported(result.declined for result in self._results)
        suppressed = self._reported(result.suppressed for result in self._results)
        changes = {
            path: change
            for result in self._results
            for path, change in result.changes.items()
            if self.reports_on(path)
        }
        return PhaseResult(
            self.phase.number,
            tuple(sorted(findings, key=lambda finding: finding.place)),
            dict(sorted(changes.items())),
            tuple(sorted(declined, key=lambda finding: finding.key)),
            tuple(sorted(suppressed, key=lambda finding: finding.key)),
        )

    def _reported(self, groups: Iterable[Iterable[Finding]]) -> list[Finding]:
        return [finding for group in groups for finding in group if self.reports_on(finding.path)]

    @property
    def _results(self) -> list[FilesResult]:
        library = [self.library.files] if self.library is not None else []
        return [*library, *(result for _, result in sorted(self.tests.items()))]

    def reports_on(self, path: str) -> bool:
        """Whether the result reports on a file."""
        return self.share is None or self.share(path)


def _needed(runs: Sequence[_PhaseRun], *, stacked: bool) -> list[_PhaseRun]:
    """The phases that the result reports on, and where they are stacked those before them."""
    numbers = [number for number, run in enumerate(runs) if not run.share or any(map(run.share, run.paths))]
    return list(runs[: max(numbers, default=-1) + 1]) if stacked else [runs[number] for number in numbers]


def _is_quick(runs: Sequence[_PhaseRun], *, stacked: bool) -> bool:
    """Whether the remaining work takes less time than starting another process."""
    before: dict[str, bytes] = {}
    left = 0
    for run in runs:
        if not run.look_up(before):
            return False
        left += sum(len(run.tree.tests[path]) for job in run.test_jobs(BATCH) for path in job.tests)
        before = run.changed_after if stacked else {}
    return left <= BATCH


def _run_here(runs: Sequence[_PhaseRun], report: Progress, *, stacked: bool) -> None:
    before: dict[str, bytes] = {}
    for run in runs:
        if not run.look_up(before):
            run.take_library(_tasks().fix_library(run.job, report))
        for job in run.test_jobs(sum(map(len, run.tree.tests.values())) + 1):
            run.take_tests(job, _tasks().fix_tests(job, report))
        run.keep_tests()
        before = run.changed_after if stacked else {}


def _run_on(executor: Executor, runs: Sequence[_PhaseRun], report: Progress, *, stacked: bool) -> None:
    """Fix the largest libraries first, stacked ones one after the other; tests as soon as they can be."""
    libraries: dict[Future[Any], _PhaseRun] = {}
    tests: dict[Future[Any], tuple[_PhaseRun, TestsJob]] = {}
    waiting = list(runs) if stacked else sorted(runs, key=_library_size)

    def start(before: Mapping[str, bytes]) -> None:
        run = waiting.pop(0) if stacked else waiting.pop()
        if run.look_up(before):
            go_on(run)
        else:
            libraries[executor.submit(_tasks().fix_library, run.job)] = run

    def go_on(run: _PhaseRun) -> None:
        if waiting and stacked:
            start(run.changed_after)
        for job in run.test_jobs(BATCH):
            tests[executor.submit(_tasks().fix_tests, job)] = run, job

    for _ in runs[:1] if stacked else runs:
        start({})
    done = 0
    while libraries or tests:
        finished, _ = wait([*libraries, *tests], return_when=FIRST_COMPLETED)
        for future in finished:
            if future in libraries:
                run = libraries.pop(future)
                run.take_library(future.result())
                go_on(run)
            else:
                run, job = tests.pop(future)
                run.take_tests(job, future.result())
            done += 1
            report("analysing", done, done + len(libraries) + len(tests) + len(waiting))
    for run in runs:
        run.keep_tests()


def _library_size(run: _PhaseRun) -> int:
    """Bytes of the library files that may get fixes."""
    return sum(len(source) for path, source in run.tree.modules.items() if path in run.paths)
