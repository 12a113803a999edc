"""Files in, a plan out: the work of an analysis, run job by job and joined."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from codemods.engine.analysis_cache import AnalysisCache
from codemods.engine.jobs import (
    FilesResult,
    FixId,
    LibraryJob,
    LibraryResult,
    Needs,
    NeedsJob,
    TestsJob,
    Tree,
    in_batches,
)
from codemods.engine.result_cache import ResultCache
from codemods.model.findings import AnalysisResult, Finding, FindingKey, Verdict
from codemods.model.fix_plan import EVERY_FILE, FixPlan, Keys, divides, everywhere, never
from codemods.model.progress import Progress, unwatched
from codemods.model.settings import Settings
from codemods.semantics.module_paths import is_test_path

if TYPE_CHECKING:
    from codemods.ownership.analysis import Analysis

BATCH = 256 * 1024
"""Bytes of tests that one job of an executor fixes."""


def plan_fixes(
    files: Mapping[str, bytes],
    *,
    settings: Settings | None = None,
    share: Callable[[str], bool] = everywhere,
    requirements: Callable[[Keys], bool] = never,
    progress: Progress | None = None,
    executor: Executor | None = None,
    cache: ResultCache | None = None,
) -> FixPlan:
    """Find and fix what there is to fix in the tree ``files`` (posix path to content).

    ``share`` limits the files that the plan reports on, and does not change what it reports. What fixes need
    is found out if ``requirements`` says so of the fixable findings. A file that does not parse becomes an
    error of the plan, never an exception. An ``executor`` does the work in other processes or on other
    machines, and a ``cache`` spares what an earlier run has done; the plan is the same.
    """
    settings = settings or Settings()
    tree = _tree(files, settings)
    known = AnalysisCache(cache, tree) if cache is not None else None
    run = _Run(LibraryJob(tree, _scope(tree)), share, requirements, known)
    run.look_up()
    if executor is not None and not run.is_quick:
        _run_on(executor, run, progress or unwatched)
    else:
        _run_here(run, progress or unwatched)
    run.keep()
    return run.plan()


def analyse(
    files: Mapping[str, bytes],
    phases: Sequence[int],
    *,
    stacked: bool = False,
    includes: Callable[[str], bool] = everywhere,
    settings: Settings | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    cache: ResultCache | None = None,
) -> AnalysisResult:
    """The plan of a tree as one branch a phase would have it: see `plan_fixes` and `FixPlan.on_branches`."""
    plan = plan_fixes(
        files,
        settings=settings,
        requirements=lambda keys: divides(keys, phases, includes, apart=True),
        progress=progress,
        executor=executor,
        cache=cache,
    )
    results = plan.on_branches(phases, includes=lambda each: includes(each.path), stacked=stacked)
    return AnalysisResult(results, plan.errors)


def facts(
    files: Mapping[str, bytes],
    path: str,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
    cache: ResultCache | None = None,
) -> Analysis:
    """The analysis of a file and all that it may use, before any fix. Raises TmlSyntaxError.

    With a ``cache`` the library is parsed once, and then only what is looked at.
    """
    tree, tasks = _tree(files, settings or Settings()), _tasks()
    known = AnalysisCache(cache, tree) if cache is not None else None
    library = known.library(partial(tasks.library_of, tree)) if known is not None else None
    if library is not None:
        analysis: Analysis = tasks.facts_of(library, path)
        return analysis
    analysis = tasks.facts(tree, path, progress or unwatched)
    if known is not None:
        known.keep_declarations(tasks.declared(tree))
    return analysis


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


def _scope(tree: Tree) -> frozenset[str]:
    return frozenset(path for path in (*tree.modules, *tree.tests) if tree.settings.covers(path))


@dataclass(slots=True)
class _Run:
    """The results of the jobs so far."""

    job: LibraryJob
    share: Callable[[str], bool]
    requirements: Callable[[Keys], bool]
    cache: AnalysisCache | None
    modules: LibraryResult | None = None
    tests: dict[str, FilesResult] = field(default_factory=dict)
    module_needs: Needs | None = None
    test_needs: dict[str, Needs] = field(default_factory=dict)
    _new_tests: bool = False
    _new_needs: bool = False

    # -- the library --------------------------------------------------------------------------

    def look_up(self) -> None:
        """Take what earlier runs have found."""
        if self.cache is not None:
            self.modules = self.cache.of_library(self.job)
            self._look_up_tests()

    def take_library(self, result: LibraryResult) -> None:
        """Take the result of the library job."""
        self.modules = result
        if self.cache is not None:
            self.cache.keep_library(self.job, result)
            self._look_up_tests()

    def _look_up_tests(self) -> None:
        if self.cache is not None and self.modules is not None:
            self.tests = self.cache.tests(self.job, self.modules.changed)

    @property
    def is_quick(self) -> bool:
        """Whether the remaining work takes less time than starting another process."""
        if self.modules is None:
            return False
        sources = self.job.tree.tests
        return sum(len(sources[path]) for path in self._missing_tests) <= BATCH

    # -- tests --------------------------------------------------------------------------------

    @property
    def _missing_tests(self) -> list[str]:
        tests = sorted(self.job.paths & self.job.tree.tests.keys())
        return [path for path in tests if self.share(path) and path not in self.tests]

    def test_jobs(self, size: int) -> list[TestsJob]:
        """The jobs for the tests without a result, each of ``size`` bytes."""
        assert self.modules is not None
        changed = self.modules.changed
        batches = in_batches(self._missing_tests, self.job.tree.tests, size)
        return [TestsJob(self.job, changed, batch) for batch in batches]

    def take_tests(self, job: TestsJob, results: Iterable[FilesResult]) -> None:
        """Take the results of tests."""
        self.tests.update(zip(job.tests, results, strict=True))
        self._new_tests = True

    # -- what fixes need ----------------------------------------------------------------------

    def needs_job_of_library(self) -> NeedsJob | None:
        """The job that finds out what the fixes of the library need, if that is not known."""
        assert self.modules is not None
        if self.cache is not None:
            self.module_needs = self.cache.needs_of_library(self.job, self.modules)
            self.test_needs = self.cache.test_needs(self.job, self.modules.changed)
        if self.module_needs is not None:
            return None
        return NeedsJob(self.job, self.modules.files, None)

    def take_needs_of_library(self, needs: Needs) -> None:
        """Take what the fixes of the library need."""
        assert self.modules is not None
        self.module_needs = needs
        if self.cache is not None:
            self.cache.keep_needs_of_library(self.job, self.modules, needs)

    def test_needs_jobs(self, size: int) -> list[NeedsJob]:
        """The jobs that find out what the fixes of tests need, where that is not known."""
        assert self.modules is not None
        new = [
            path
            for path, result in sorted(self.tests.items())
            if result.fixes and self.share(path) and path not in self.test_needs
        ]
        return [
            NeedsJob(
                self.job, self.modules.files, self.module_needs, tuple(self.tests[path] for path in batch)
            )
            for batch in in_batches(new, self.job.tree.tests, size)
        ]

    def take_test_needs(self, needs: Needs) -> None:
        """Take what the fixes of some tests need."""
        by_path: dict[str, dict[FixId, frozenset[FixId]]] = {}
        for fix, needed in needs.items():
            by_path.setdefault(fix.path, {})[fix] = needed
        self.test_needs.update(by_path)
        self._new_needs = True

    # -- the result ---------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep the results for the next run."""
        if self.cache is None or self.modules is None:
            return
        changed = self.modules.changed
        if self._new_tests:
            self.cache.keep_tests(self.job, changed, self.tests)
        if self._new_needs:
            self.cache.keep_test_needs(self.job, changed, self.test_needs)
        self.cache.note_hits()

    @property
    def needs_are_asked_for(self) -> bool:
        """Whether somebody wants to know what fixes need."""
        findings = (finding for result in self._results for finding in result.findings)
        return self.requirements(
            frozenset(finding.key for finding in findings if finding.verdict is Verdict.FIXABLE)
        )

    @property
    def _results(self) -> list[FilesResult]:
        assert self.modules is not None
        tests = [self.tests[path] for path in sorted(self.tests) if self.share(path)]
        return [self.modules.files, *tests]

    def plan(self) -> FixPlan:
        """The results of all jobs as one."""
        assert self.modules is not None
        results = self._results
        keys = {fix.id: fix.key for result in results for fix in result.fixes}
        findings = self._reported(finding for result in results for finding in result.findings)
        suppressed = self._reported(finding for result in results for finding in result.suppressed)
        errors = [*self.modules.unread, *(error for result in results for error in result.errors)]
        histories = {
            path: history.renamed({number: keys[FixId(path, number)] for number in history.owners})
            for result in results
            for path, history in result.histories.items()
        }
        return FixPlan(
            tuple(sorted(findings, key=lambda finding: finding.place)),
            dict(sorted(histories.items())),
            tuple(sorted(suppressed, key=lambda finding: finding.key)),
            tuple(sorted({each for each in errors if self.share(each.path)}, key=lambda error: error.place)),
            self._requires(results, keys) if self.module_needs is not None else None,
        )

    def _reported(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        return (finding for finding in findings if self.share(finding.path))

    def _requires(
        self, results: Sequence[FilesResult], keys: Mapping[FixId, FindingKey]
    ) -> dict[FindingKey, frozenset[FindingKey]]:
        """What each finding needs so that its fixes are made and do no harm."""
        requires: dict[FindingKey, frozenset[FindingKey]] = {}
        for needs in (self.module_needs or {}, *self.test_needs.values()):
            for fix, needed in needs.items():
                if fix in keys:
                    others = frozenset(keys[other] for other in needed if other in keys) - {keys[fix]}
                    requires[keys[fix]] = requires.get(keys[fix], frozenset()) | others
        graph = FixPlan(requires=requires)
        findings = [finding for result in results for finding in result.findings]
        fixable = {finding.key for finding in findings if finding.verdict is Verdict.FIXABLE}
        for made in (fix for result in results for fix in result.fixes if fix.relies_on):
            followers = {
                key
                for key in graph.dependents([made.key]) & fixable
                if key.path in made.relies_on or EVERY_FILE in made.relies_on
            }
            requires[made.key] = requires.get(made.key, frozenset()) | (followers - {made.key})
        return requires


def _run_here(run: _Run, report: Progress) -> None:
    if run.modules is None:
        run.take_library(_tasks().fix_library(run.job, report))
    everything = sum(map(len, run.job.tree.tests.values())) + 1
    for tests in run.test_jobs(everything):
        run.take_tests(tests, _tasks().fix_tests(tests, report))
    if run.needs_are_asked_for:
        library = run.needs_job_of_library()
        if library is not None:
            run.take_needs_of_library(_tasks().find_needs(library, report))
        for needs in run.test_needs_jobs(everything):
            run.take_test_needs(_tasks().find_needs(needs, report))


def _run_on(executor: Executor, run: _Run, report: Progress) -> None:
    """Do the work in other processes: the library first, then all else as soon as it can be."""
    if run.modules is None:
        report("analysing", 0, 1)
        run.take_library(executor.submit(_tasks().fix_library, run.job).result())
    tests = {executor.submit(_tasks().fix_tests, job): job for job in run.test_jobs(BATCH)}
    _take_all(tests, run.take_tests, report)
    if run.needs_are_asked_for:
        if (job := run.needs_job_of_library()) is not None:
            report("what fixes need", 0, 1)
            run.take_needs_of_library(executor.submit(_tasks().find_needs, job).result())
        needs = {executor.submit(_tasks().find_needs, job): job for job in run.test_needs_jobs(BATCH // 4)}
        _take_all(needs, lambda _, found: run.take_test_needs(found), report)


def _take_all(started: Mapping[Future[Any], Any], take: Callable[[Any, Any], None], report: Progress) -> None:
    """Take each result as soon as it is there."""
    left = set(started)
    while left:
        finished, left = wait(left, return_when=FIRST_COMPLETED)
        for future in finished:
            take(started[future], future.result())
        report("analysing", len(started) - len(left), len(started))
