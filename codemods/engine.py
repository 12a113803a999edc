"""Files in, findings and changed files out: the phases of an analysis, done in parts and put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from codemods.activity import Progress, unwatched
from codemods.findings import AnalysisResult, FindingKey, InputError, PhaseResult
from codemods.ownership.obligations import Analysis
from codemods.phases import Phase
from codemods.rounds import Fixed
from codemods.settings import Settings
from codemods.symbols import is_test_path
from codemods.tasks import (
    PROCESS,
    LibraryTask,
    MendedLibrary,
    TestsTask,
    Tree,
    in_batches,
    mend_library,
    mend_tests,
    one_at_a_time,
)
from tml_ast import TmlSyntaxError

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
) -> AnalysisResult:
    """Find and fix what the ``phases`` cover in the tree ``files`` (posix path to content).

    Each phase starts from ``files`` alone, or from the result of the phase before it when
    ``stacked``. ``only`` limits which files may get findings; all of them inform the analysis. ``share``
    limits what the result tells of, and changes nothing of that: other files are looked at and fixed as far
    as these need. With ``wanted``, exactly the findings that it names are fixed, those for review included;
    what follows only from others is not found. A file that does not parse becomes an error of the result,
    never an exception. An ``executor`` does the work in other processes or on other machines; the result
    is the same.
    """
    settings = settings or Settings()
    report = progress or unwatched
    tree = _tree(files, settings)
    chosen = [phase for phase in settings.plan.phases if phase.number in phases]
    parts = [_Part(tree, phase, _scope(tree, phase, only), share, wanted) for phase in chosen]
    needed = _needed(parts, stacked=stacked)
    if executor is None:
        _run_here(needed, report, stacked=stacked)
    else:
        _run_on(executor, needed, report, stacked=stacked)
    shared = share or (lambda _path: True)
    unread = dict.fromkeys(each for part in parts for each in part.unread if shared(each.path))
    broken = [each for part in parts for each in part.broken]
    return AnalysisResult(tuple(part.result() for part in parts), (*sorted(unread, key=_place), *broken))


@one_at_a_time()
def facts(
    files: Mapping[str, bytes],
    path: str,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """What is known about a file and all that it may use, before any fix. Raises TmlSyntaxError."""
    tree = _tree(files, settings or Settings())
    library, unread = PROCESS.original(tree, progress or unwatched)
    if path in library.files:
        return library.analysis
    for error in unread:
        if error.path == path:
            raise TmlSyntaxError(error.message, error.line, error.column, 0)
    file = library.sources.file(path)
    return library.analysis.beside([file, *library.sources.companions(file)])


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
        for path in (*tree.library, *tree.tests)
        if settings.plan.phase_of(path) is phase and settings.covers(path) and (only is None or only(path))
    )


def _place(error: InputError) -> tuple[str, int, int, str]:
    return error.path, error.line, error.column, error.message


@dataclass(slots=True)
class _Part:
    """One phase: what is to be done for it, and what has come of it."""

    tree: Tree
    phase: Phase
    paths: frozenset[str]
    share: Callable[[str], bool] | None
    wanted: frozenset[FindingKey] | None
    changed: dict[str, bytes] = field(default_factory=dict)
    """The library files that phases before have changed."""
    library: MendedLibrary | None = None
    tests: dict[tuple[str, ...], tuple[Fixed, ...]] = field(default_factory=dict)

    def library_task(self) -> LibraryTask:
        return LibraryTask(self.tree, self.changed, self.phase, self.paths, self.wanted)

    def test_tasks(self, size: int) -> list[TestsTask]:
        assert self.library is not None
        tests = [path for path in sorted(self.paths & self.tree.tests.keys()) if self._is_shared(path)]
        base, mended = self.library_task(), self.library.changed
        return [TestsTask(base, mended, batch) for batch in in_batches(tests, self.tree.tests, size)]

    @property
    def left(self) -> dict[str, bytes]:
        """The library files that are changed when the phase is done."""
        assert self.library is not None
        return {**self.changed, **self.library.changed}

    @property
    def unread(self) -> tuple[InputError, ...]:
        return self.library.unread if self.library is not None else ()

    @property
    def broken(self) -> list[InputError]:
        """What is wrong with files of the phase."""
        return [each for fixed in self._fixed() for each in fixed.errors if self._is_shared(each.path)]

    def result(self) -> PhaseResult:
        fixed = self._fixed()
        return PhaseResult(
            self.phase.number,
            tuple(
                each
                for each in sorted(
                    (one for part in fixed for one in part.findings),
                    key=lambda each: (each.path, each.line, each.column, each.rule),
                )
                if self._is_shared(each.path)
            ),
            {
                path: change
                for path, change in sorted(pair for part in fixed for pair in part.changes.items())
                if self._is_shared(path)
            },
            tuple(
                sorted(
                    (one for part in fixed for one in part.declined if self._is_shared(one.path)),
                    key=lambda each: each.key,
                )
            ),
            tuple(
                sorted(
                    (one for part in fixed for one in part.suppressed if self._is_shared(one.path)),
                    key=lambda each: each.key,
                )
            ),
        )

    def _fixed(self) -> list[Fixed]:
        library = [self.library.fixed] if self.library is not None else []
        return [*library, *(each for _, batch in sorted(self.tests.items()) for each in batch)]

    def _is_shared(self, path: str) -> bool:
        return self.share is None or self.share(path)


def _needed(parts: Sequence[_Part], *, stacked: bool) -> list[_Part]:
    """The phases that the result tells of, and where they are stacked those before them."""
    told = [
        number for number, part in enumerate(parts) if part.share is None or any(map(part.share, part.paths))
    ]
    return list(parts[: max(told, default=-1) + 1]) if stacked else [parts[number] for number in told]


def _run_here(parts: Sequence[_Part], report: Progress, *, stacked: bool) -> None:
    before: dict[str, bytes] = {}
    for part in parts:
        part.changed = before
        part.library = mend_library(part.library_task(), report)
        for task in part.test_tasks(sum(map(len, part.tree.tests.values())) + 1):
            part.tests[task.tests] = mend_tests(task, report)
        before = part.left if stacked else {}


def _run_on(executor: Executor, parts: Sequence[_Part], report: Progress, *, stacked: bool) -> None:
    """Mend the largest libraries first, stacked ones one behind the other; tests as soon as they can be."""
    libraries: dict[Future[Any], _Part] = {}
    tests: dict[Future[Any], tuple[_Part, TestsTask]] = {}

    def begin(part: _Part) -> None:
        libraries[executor.submit(mend_library, part.library_task())] = part

    waiting = list(parts) if stacked else []
    first = waiting[:1] if stacked else sorted(parts, key=_work, reverse=True)
    del waiting[:1]
    for part in first:
        begin(part)
    done = 0
    while libraries or tests:
        finished, _ = wait([*libraries, *tests], return_when=FIRST_COMPLETED)
        for future in finished:
            if future in libraries:
                part = libraries.pop(future)
                part.library = future.result()
                if waiting:
                    following = waiting.pop(0)
                    following.changed = part.left
                    begin(following)
                for task in part.test_tasks(BATCH):
                    tests[executor.submit(mend_tests, task)] = part, task
            else:
                part, task = tests.pop(future)
                part.tests[task.tests] = future.result()
            done += 1
            report("analysing", done, done + len(libraries) + len(tests) + len(waiting))


def _work(part: _Part) -> int:
    return sum(len(source) for path, source in part.tree.library.items() if path in part.paths)
