"""Find what there is to fix in a tree, and write nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from codemods import engine
from codemods.app.configuration import Configuration, read_configuration
from codemods.app.idle_settings import idle_settings
from codemods.app.requests import ALL_FINDINGS, Filter, Report, Request
from codemods.app.sources import (
    Head,
    PathSelection,
    WorkingTree,
    read_head_or_working_tree,
    read_working_tree,
    select,
)
from codemods.engine.gc_tuning import rare_collections
from codemods.files.writing import is_interrupted
from codemods.model.errors import UserError
from codemods.model.findings import Change, Finding, FindingKey, InputError, PhaseResult
from codemods.model.fix_plan import NOTHING, FixPlan, Keys, always, divides, everything, everywhere
from codemods.model.phases import Plan
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.review.hunks import Review, make_review
from codemods.review.selection import chosen_of


def preview(
    request: Request,
    *,
    in_place: bool = False,
    findings_only: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Find what remains to be fixed, and write nothing (see `analyse`).

    Looks at the commit HEAD, or at the working tree if ``in_place`` or if there is no repository.
    Raises `UserError` if neither can be read.
    """
    source = _source(request, in_place=in_place)
    return preview_of(source, request, findings_only=findings_only, progress=progress)


@rare_collections()
def preview_for_review(
    request: Request, *, in_place: bool = False, progress: Progress | None = None
) -> tuple[Report, Review]:
    """What `preview` finds, and for a reviewer which findings change which lines and need each other."""
    source = _source(request, in_place=in_place)
    _check_there_are_files(source)
    planned = _plan(source, request, requirements=always, progress=progress)
    # What is asked for may need fixes elsewhere, which are then to be judged as well.
    asked_for = frozenset(
        finding.key
        for finding in planned.plan.findings
        if finding.phase in request.phases and planned.includes(finding)
    )
    shown = planned.plan.closed(asked_for)
    phases = planned.plan.together(
        sorted({key.phase for key in shown} | set(request.phases)),
        includes=everything,
    )
    changes = planned.plan.changes(NOTHING, shown & planned.plan.fixable)
    limited = tuple(_limited(phase, shown, changes) for phase in phases)
    review = make_review(limited, source.workspace.files, requires=planned.plan.requires or {})
    return planned.report(source, limited), review


def _limited(phase: PhaseResult, shown: Collection[FindingKey], changes: Mapping[str, Change]) -> PhaseResult:
    """The findings of a phase that are to be judged, and what these alone change."""
    return replace(
        phase,
        findings=tuple(finding for finding in phase.findings if finding.key in shown),
        changes={path: changes[path] for path in phase.changes if path in changes},
    )


def _source(request: Request, *, in_place: bool) -> Head | WorkingTree:
    return read_working_tree(request.paths) if in_place else read_head_or_working_tree(request.paths)


def preview_of(
    source: Head | WorkingTree,
    request: Request,
    *,
    findings_only: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Find what remains to be fixed in the tree that was read, and write nothing.

    Raises `UserError` for a tree without .tml files: the user must have meant another one.
    """
    _check_there_are_files(source)
    in_place = isinstance(source, WorkingTree)
    report = analyse(source, request, in_place=in_place, findings_only=findings_only, progress=progress)
    if isinstance(source, WorkingTree) and is_interrupted(source.root):
        message = "an interrupted run has not written all of its files; tmlfix apply --in-place finishes it"
        report = replace(report, errors=(*report.errors, InputError(str(source.root), message)))
    return report


def _check_there_are_files(source: Head | WorkingTree) -> None:
    if not source.workspace.files and not source.workspace.errors:
        raise UserError(f"there is no .tml file in {source}, which is {source.root}")


def analyse(
    source: Head | WorkingTree,
    request: Request,
    *,
    in_place: bool,
    findings_only: bool = False,
    progress: Progress | None,
) -> Report:
    """The part of the plan of a tree that the request asks for.

    It is for one tree if it is to be fixed ``in_place``, and else for one branch a phase. Fixes that need
    others come with these, unless the ``findings_only`` count.
    """
    is_one_tree = in_place or findings_only
    paths = select(source, request.paths)

    def requirements(keys: Keys) -> bool:
        if findings_only or request.selection is not None or request.filter != ALL_FINDINGS:
            return not findings_only
        return divides(keys, request.phases, paths.includes, apart=not is_one_tree)

    planned = _plan(source, request, requirements=requirements, progress=progress)
    chosen, unfixed = None, tuple[InputError, ...]()
    if request.selection is not None:
        chosen, unfixed = chosen_of(planned.plan, source.workspace.files, request.selection)
        unfixed = tuple(each for each in unfixed if paths.includes(each.path))
    if request.paths and len(paths.errors) == len(request.paths):
        phases: tuple[PhaseResult, ...] = ()
    elif is_one_tree:
        phases = planned.plan.together(request.phases, chosen, planned.includes)
    else:
        phases = planned.plan.on_branches(request.phases, chosen, planned.includes, stacked=request.stacked)
    return planned.report(source, phases, unfixed)


@dataclass(frozen=True, slots=True)
class _Planned:
    """The plan of a tree, and the part of it that is asked for."""

    plan: FixPlan
    configuration: Configuration
    selection: PathSelection
    filter: Filter
    share: Callable[[str], bool]

    def includes(self, finding: Finding) -> bool:
        """Whether a finding is asked for."""
        return self.selection.includes(finding.path) and self.filter.includes(finding)

    def report(
        self, source: Head | WorkingTree, phases: tuple[PhaseResult, ...], unfixed: Iterable[InputError] = ()
    ) -> Report:
        """The report of some phases; ``unfixed`` says why approved findings are not fixed."""
        unread = [error for error in (*source.workspace.errors, *self.plan.errors) if self.share(error.path)]
        plan = self.configuration.settings.plan
        covered = [
            error for error in unread if self.selection.includes(error.path) and _is_covered(error.path, plan)
        ]
        return Report(
            source=str(source),
            phases=phases,
            errors=(*self.selection.errors, *unfixed, *covered),
            unread_elsewhere=len(unread) - len(covered),
            files=tuple(source.workspace.files),
            notes=idle_settings(self.configuration, source.root, source.workspace),
            compiler=self.configuration.settings.compiler,
        )


def _plan(
    source: Head | WorkingTree,
    request: Request,
    *,
    requirements: Callable[[Keys], bool],
    progress: Progress | None,
) -> _Planned:
    configuration = read_configuration(source.root, request.rules)
    selection = select(source, request.paths)
    is_shared = share(source, request, configuration.settings)
    plan = FixPlan()
    if not request.paths or len(selection.errors) < len(request.paths):
        files = source.workspace.files
        with request.resources.executor(files) as executor:
            plan = engine.plan_fixes(
                files,
                settings=configuration.settings,
                share=is_shared,
                requirements=requirements,
                progress=progress,
                executor=executor,
                cache=request.resources.cache(),
            )
    return _Planned(plan, configuration, selection, request.filter, is_shared)


def share(source: Head | WorkingTree, request: Request, settings: Settings) -> Callable[[str], bool]:
    """Whether what is found in a file is to be reported.

    The files that can get findings are split, so that the shards are equal whatever was asked for.
    """
    if request.shard is None:
        return everywhere
    selection = select(source, request.paths)
    sizes = {
        path: len(content)
        for path, content in source.workspace.files.items()
        if settings.covers(path)
        and selection.includes(path)
        and (phase := settings.plan.phase_of(path)) is not None
        and phase.number in request.phases
    }
    return request.shard.share(sizes)


def _is_covered(path: str, plan: Plan) -> bool:
    """Whether some phase covers the file, or files of the folder, that could not be read."""
    return plan.phase_of(path if path.endswith(".tml") else f"{path}/any.tml") is not None
