"""Find what there is to fix in a tree, and write nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from codemods import engine
from codemods.app.configuration import read_configuration
from codemods.app.idle_settings import idle_settings
from codemods.app.requests import Report, Request
from codemods.app.sources import (
    Head,
    PathSelection,
    WorkingTree,
    read_head_or_working_tree,
    read_working_tree,
    select,
)
from codemods.files.writing import is_interrupted
from codemods.model.errors import UserError
from codemods.model.findings import AnalysisResult, InputError
from codemods.model.phases import Plan
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.review.hunks import Review, make_review
from codemods.review.selection import Selection, analyse_selected


def preview(request: Request, *, in_place: bool = False, progress: Progress | None = None) -> Report:
    """Find what remains to be fixed, and write nothing.

    Looks at the commit HEAD, or at the working tree if ``in_place`` or if there is no repository.
    Raises `UserError` if neither can be read.
    """
    return preview_of(_source(request, in_place=in_place), request, progress=progress)


def preview_for_review(
    request: Request, *, in_place: bool = False, progress: Progress | None = None
) -> tuple[Report, Review]:
    """What `preview` finds, and for a reviewer which findings change which lines and belong together."""
    source = _source(request, in_place=in_place)
    report = preview_of(source, request, progress=progress)
    nothing = replace(request, selection=Selection({}, {}))
    unfixed = analyse(source, nothing, in_place=False, progress=progress)
    alone = {finding.key for phase in unfixed.phases for finding in phase.declined}
    return report, make_review(report.phases, source.workspace.files, alone=alone)


def _source(request: Request, *, in_place: bool) -> Head | WorkingTree:
    return read_working_tree(request.paths) if in_place else read_head_or_working_tree(request.paths)


def preview_of(source: Head | WorkingTree, request: Request, *, progress: Progress | None = None) -> Report:
    """Find what remains to be fixed in the tree that was read, and write nothing.

    Raises `UserError` for a tree without .tml files: the user must have meant another one.
    """
    if not source.workspace.files and not source.workspace.errors:
        raise UserError(f"there is no .tml file in {source}, which is {source.root}")
    report = analyse(source, request, in_place=isinstance(source, WorkingTree), progress=progress)
    if isinstance(source, WorkingTree) and is_interrupted(source.root):
        message = "an interrupted run has not written all of its files; tmlfix apply --in-place finishes it"
        report = replace(report, errors=(*report.errors, InputError(str(source.root), message)))
    return report


def analyse(
    source: Head | WorkingTree, request: Request, *, in_place: bool, progress: Progress | None
) -> Report:
    """Find what the request asks for in a tree, with the fixes that remain to be written."""
    configuration = read_configuration(source.root, request.rules)
    settings = configuration.settings
    selection = select(source, request.paths)
    is_shared = share(source, request, settings)
    result, unfixed = AnalysisResult(()), tuple[InputError, ...]()
    if not request.paths or len(selection.errors) < len(request.paths):
        find = partial(
            engine.analyse,
            source.workspace.files,
            request.phases,
            # In one working tree the phases build on each other whatever was asked for.
            stacked=in_place or request.stacked,
            only=selection.only,
            share=is_shared,
            settings=settings,
            progress=progress,
            cache=request.resources.cache(),
        )
        result, unfixed = _find_selected(find, source, request, selection)
    unread = [
        error
        for error in (*source.workspace.errors, *result.errors)
        if is_shared is None or is_shared(error.path)
    ]
    covered = [
        error for error in unread if selection.includes(error.path) and _is_covered(error.path, settings.plan)
    ]
    return Report(
        source=str(source),
        phases=result.phases,
        errors=(*selection.errors, *unfixed, *covered),
        unread_elsewhere=len(unread) - len(covered),
        files=tuple(source.workspace.files),
        notes=idle_settings(configuration, source.root, source.workspace),
    )


def _find_selected(
    find: Callable[..., AnalysisResult],
    source: Head | WorkingTree,
    request: Request,
    selection: PathSelection,
) -> tuple[AnalysisResult, tuple[InputError, ...]]:
    """What ``find`` finds, and why approved findings are not fixed."""
    files = source.workspace.files
    with request.resources.executor(files) as executor:
        if request.selection is None:
            return find(executor=executor), ()
        approved = request.selection.limited_to(request.phases, selection.includes)
        return analyse_selected(lambda wanted: find(wanted=wanted, executor=executor), files, approved)


def share(source: Head | WorkingTree, request: Request, settings: Settings) -> Callable[[str], bool] | None:
    """Whether what is found in a file is to be reported; None if that is so for all.

    The files that can get findings are split, so that the shards are equal whatever was asked for.
    """
    if request.shard is None:
        return None
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
