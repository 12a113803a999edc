"""What the commands do: read a tree, analyse it, deliver the fixes, and report."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Protocol

from codemods import engine
from codemods.app.configuration import read_configuration
from codemods.app.shards import Shard
from codemods.app.sources import (
    Head,
    WorkingTree,
    path_below,
    read_head,
    read_head_or_working_tree,
    read_working_tree,
    select,
    working_tree_root,
)
from codemods.engine.resources import RESOURCES, Resources
from codemods.engine.suppressions import CommentRule
from codemods.files.branches import PhaseBranch, check_remote, deliver
from codemods.files.repository import identities
from codemods.files.writing import finish_interrupted, is_interrupted, write_changes
from codemods.model.errors import UserError
from codemods.model.findings import AnalysisResult, Change, InputError, PhaseResult, Verdict
from codemods.model.phases import PHASES, Plan
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.review.explanations import Explanation, explain_line
from codemods.review.hunks import Review, make_review
from codemods.review.selection import Selection, analyse_selected, read_selection
from tml_ast import TmlSyntaxError

PATCH_FOLDER = "patches"
COMMENTS = CommentRule()
"""Stands beside the rules: what findings about comments that suppress findings are."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one run found and did.

    ``errors`` are the problems with what was asked for; files that no phase covers and that cannot be
    read are only counted, as ``unread_elsewhere``.
    """

    source: str
    phases: tuple[PhaseResult, ...]
    errors: tuple[InputError, ...]
    unread_elsewhere: int = 0
    branches: tuple[PhaseBranch, ...] = ()
    written: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    """What a run that was killed had begun to write."""
    files: tuple[str, ...] = ()
    """The .tml files of the tree."""

    @property
    def fixes_remain(self) -> bool:
        """Whether there is a fix that could be applied."""
        return any(phase.changes or phase.by_verdict()[Verdict.FIXED] for phase in self.phases)

    @property
    def fixes_written(self) -> int:
        """How many findings were fixed in files of the working tree."""
        return sum(
            finding.verdict is Verdict.FIXED and finding.path in self.written
            for phase in self.phases
            for finding in phase.findings
        )


@dataclass(frozen=True, slots=True)
class Request:
    """What to analyse: the phases by number, and what limits the findings (see `engine.analyse`).

    With a selection, exactly what was approved is fixed. With a shard, only what is found in its files is
    told.
    """

    phases: tuple[int, ...]
    paths: tuple[Path, ...] = ()
    stacked: bool = False
    selection: Selection | None = None
    shard: Shard | None = None
    resources: Resources = RESOURCES


class RuleText(Protocol):
    """What a rule tells about itself."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str | None: ...


def rules() -> Mapping[str, RuleText]:
    """The rules by name, in the order in which they have their turn."""
    known: Mapping[str, RuleText] = importlib.import_module("codemods.rules").RULES
    return known


def find_rule(name: str) -> RuleText:
    """The rule of that name. Raises `UserError` if there is none."""
    if name == COMMENTS.name:
        return COMMENTS
    known = rules()
    if name not in known:
        if "/" in name or name.endswith(".tml"):
            raise UserError(f"say which line: {name}:LINE")
        close = get_close_matches(name, (*known, COMMENTS.name), n=1)
        advice = f"did you mean {close[0]}?" if close else "tmlfix explain lists them"
        raise UserError(f"there is no rule {name!r}; {advice}")
    return known[name]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, and a column of it if one is named."""

    path: Path
    line: int
    column: int | None


def parse_place(text: str) -> Place | None:
    """The place that ``PATH:LINE`` or ``PATH:LINE:COLUMN`` names; None for any other text."""
    parts = re.fullmatch(r"(?s)(.+?):(\d{1,9})(?::(\d{1,9}))?", text)
    return Place(Path(parts[1]), int(parts[2]), int(parts[3]) if parts[3] else None) if parts else None


def explain_place(place: Place, *, progress: Progress | None = None) -> Explanation:
    """What there is to say about a line of the working tree.

    The findings are those of the whole phase that the file belongs to, for a fix in another file may call
    for one in this. Raises `UserError` for a place that is not there and for a file that no phase covers.
    """
    source = read_working_tree([place.path])
    name = path_below(source.root, place.path)
    errors = {error.path: error for error in source.workspace.errors}
    if name is None or name not in source.workspace.files:
        known = errors.get(name or "")
        (error,) = select(source, [place.path]).errors or (InputError(str(place.path), "is no .tml file"),)
        raise UserError(str(known or error))
    lines = source.workspace.files[name].removesuffix(b"\n").split(b"\n")
    if not 1 <= place.line <= len(lines):
        raise UserError(f"{name} has no line {place.line}; it has {len(lines)}")
    width = len(lines[place.line - 1].decode("utf-8", "surrogateescape"))
    if place.column is not None and not 1 <= place.column <= width + 1:
        raise UserError(f"line {place.line} of {name} has no column {place.column}; it has {width}")
    settings = read_configuration(source.root).settings
    phase = settings.plan.phase_of(name)
    if phase is None:
        raise UserError(f"{name} is in no phase: tmlfix neither fixes it nor reads it")
    try:
        analysis = engine.facts(source.workspace.files, name, settings=settings, progress=progress)
    except TmlSyntaxError as error:
        raise UserError(f"{name}:{error}") from None
    found = engine.analyse(source.workspace.files, [phase.number], settings=settings, progress=progress)
    return explain_line(
        analysis, analysis.index.files[name], found.phases[0], place.line, place.column, settings
    )


def choose_phases(text: str) -> tuple[int, ...]:
    """The phases that ``text`` names by number or name, separated by commas, in the order of the plan.

    Raises `UserError` for an unknown one.
    """
    names = {name: phase.number for phase in PHASES for name in (str(phase.number), phase.slug)}
    chosen = set[int]()
    for name in (part.strip() for part in text.split(",")):
        if name not in names:
            close = get_close_matches(name, names, n=1)
            known = ", ".join(f"{phase.number} {phase.slug}" for phase in PHASES)
            advice = f"Did you mean {close[0]}? " if close else ""
            raise UserError(f"there is no phase {name!r}. {advice}The phases are: {known}")
        chosen.add(names[name])
    return tuple(sorted(chosen))


def preview(request: Request, *, in_place: bool = False, progress: Progress | None = None) -> Report:
    """Find what remains to be fixed, and write nothing.

    Looks at the commit HEAD, or at the working tree if ``in_place`` or if there is no repository.
    Raises `UserError` if neither can be read.
    """
    return preview_of(_source(request, in_place=in_place), request, progress=progress)


def review(
    request: Request, *, in_place: bool = False, progress: Progress | None = None
) -> tuple[Report, Review]:
    """What `preview` finds, and for a reviewer which findings change which lines and hang together."""
    source = _source(request, in_place=in_place)
    report = preview_of(source, request, progress=progress)
    nothing = replace(request, selection=Selection({}, {}))
    unfixed = _analyse(source, nothing, in_place=False, progress=progress)
    alone = {finding.key for phase in unfixed.phases for finding in phase.declined}
    return report, make_review(report.phases, source.workspace.files, alone=alone)


def _source(request: Request, *, in_place: bool) -> Head | WorkingTree:
    return read_working_tree(request.paths) if in_place else read_head_or_working_tree(request.paths)


def preview_of(source: Head | WorkingTree, request: Request, *, progress: Progress | None = None) -> Report:
    """Find what remains to be fixed in the tree that was read, and write nothing.

    Raises `UserError` for a tree without .tml files: whoever asks means another one.
    """
    if not source.workspace.files and not source.workspace.errors:
        raise UserError(f"there is no .tml file in {source}, which is {source.root}")
    report = _analyse(source, request, in_place=isinstance(source, WorkingTree), progress=progress)
    if isinstance(source, WorkingTree) and is_interrupted(source.root):
        message = "an interrupted run has not written all of its files; tmlfix apply --in-place finishes it"
        report = replace(report, errors=(*report.errors, InputError(str(source.root), message)))
    return report


def choose_selected(request: Request, file: Path) -> Request:
    """The request limited to what the selection in ``file`` approves. Raises `UserError` for a bad one."""
    selection = read_selection(file)
    phases = tuple(number for number in request.phases if number in selection.phases)
    if not phases:
        raise UserError(f"{file}: approves no finding of the phases that are asked for")
    return replace(request, phases=phases, selection=selection)


def fix_in_place(request: Request, *, progress: Progress | None = None) -> Report:
    """Fix the working tree itself; git plays no part. First finish what a killed run has left."""
    finished = finish_interrupted(working_tree_root(request.paths))
    source = read_working_tree(request.paths)
    report = _analyse(source, request, in_place=True, progress=progress)
    written = write_changes(source.root, _last_state(report.phases))
    return replace(
        report,
        errors=(*finished.errors, *report.errors, *written.errors),
        finished=finished.paths,
        written=written.paths,
    )


def check_branches(request: Request, *, patches: Path | None = None, remote: str | None = None) -> Head:
    """The commit HEAD, if branches can be opened on it.

    Raises `UserError` if there is no repository, no commit, no identity or no such remote.
    """
    source = read_head(request.paths)
    identities(source.repository)
    if remote is not None:
        check_remote(source.repository, remote)
    _patch_folder(source, patches)
    return source


def open_branches(
    request: Request,
    *,
    patches: Path | None = None,
    force: bool = False,
    remote: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Fix the commit HEAD on one branch a phase, and write the patches (see `branches.deliver`).

    Raises `UserError` as `check_branches` does.
    """
    source = check_branches(request, patches=patches, remote=remote)
    report = _analyse(source, request, in_place=False, progress=progress)
    delivery = deliver(
        source.repository,
        report.phases,
        base=source.commit,
        patches=_patch_folder(source, patches),
        stacked=request.stacked,
        force=force,
        remote=remote,
    )
    return replace(report, errors=(*report.errors, *delivery.errors), branches=delivery.branches)


def _patch_folder(source: Head, named: Path | None) -> Path:
    """Where the patches go. What the tree has in that place may not lead elsewhere."""
    folder = named or source.root / PATCH_FOLDER
    if named is None and folder.is_symlink():
        raise UserError(f"{folder} is a symbolic link; name a folder for the patches with --patches")
    return folder


def _analyse(
    source: Head | WorkingTree, request: Request, *, in_place: bool, progress: Progress | None
) -> Report:
    settings = read_configuration(source.root).settings
    selection = select(source, request.paths)
    is_shared = share(source, request, settings)
    result = AnalysisResult(())
    unfixed: tuple[InputError, ...] = ()
    if len(selection.errors) < len(request.paths) or not request.paths:
        analyse = partial(
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
        with request.resources.executor(source.workspace.files) as executor:
            if request.selection is None:
                result = analyse(executor=executor)
            else:
                result, unfixed = analyse_selected(
                    lambda wanted: analyse(wanted=wanted, executor=executor),
                    source.workspace.files,
                    request.selection.limited_to(request.phases, selection.includes),
                )
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
    )


def share(source: Head | WorkingTree, request: Request, settings: Settings) -> Callable[[str], bool] | None:
    """Whether what is found in a file is to be told; None if that is so for all.

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


def _last_state(phases: Iterable[PhaseResult]) -> dict[str, Change]:
    """The changes of stacked phases taken together."""
    changes: dict[str, Change] = {}
    for phase in phases:
        for path, change in phase.changes.items():
            before = changes[path].before if path in changes else change.before
            changes[path] = Change(before, change.after)
    return {path: change for path, change in changes.items() if change.before != change.after}
