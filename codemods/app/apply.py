"""Fix a tree: in place, or on one branch for each phase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from codemods.app.preview import analyse
from codemods.app.requests import Report, Request
from codemods.app.sources import Head, read_head, read_working_tree, working_tree_root
from codemods.files.branches import check_remote, deliver
from codemods.files.repository import identities
from codemods.files.writing import finish_interrupted, write_changes
from codemods.model.errors import UserError
from codemods.model.findings import Change, PhaseResult
from codemods.model.progress import Progress

PATCH_FOLDER = "patches"


def fix_in_place(request: Request, *, progress: Progress | None = None) -> Report:
    """Fix the working tree itself, without git. First finish what a killed run left undone."""
    finished = finish_interrupted(working_tree_root(request.paths))
    source = read_working_tree(request.paths)
    report = analyse(source, request, in_place=True, progress=progress)
    written = write_changes(source.root, _last_state(report.phases))
    return replace(
        report,
        errors=(*finished.errors, *report.errors, *written.errors),
        finished=finished.paths,
        written=written.paths,
    )


def _last_state(phases: Iterable[PhaseResult]) -> dict[str, Change]:
    """The changes of stacked phases taken together."""
    changes: dict[str, Change] = {}
    for phase in phases:
        for path, change in phase.changes.items():
            before = changes[path].before if path in changes else change.before
            changes[path] = Change(before, change.after)
    return {path: change for path, change in changes.items() if change.before != change.after}


def check_branches(paths: Sequence[Path], *, patches: Path | None = None, remote: str | None = None) -> Head:
    """The commit HEAD, if branches can be opened on it.

    Raises `UserError` if there is no repository, no commit, no identity or no such remote.
    """
    source = read_head(paths)
    identities(source.repository)
    if remote is not None:
        check_remote(source.repository, remote)
    patch_folder(source, patches)
    return source


def open_branches(
    request: Request,
    *,
    patches: Path | None = None,
    force: bool = False,
    remote: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Fix the commit HEAD on one branch for each phase, and write the patches (see `branches.deliver`).

    Raises `UserError` as `check_branches` does.
    """
    source = check_branches(request.paths, patches=patches, remote=remote)
    report = analyse(source, request, in_place=False, progress=progress)
    delivery = deliver(
        source.repository,
        report.phases,
        base=source.commit,
        patches=patch_folder(source, patches),
        stacked=request.stacked,
        force=force,
        remote=remote,
    )
    return replace(report, errors=(*report.errors, *delivery.errors), branches=delivery.branches)


def patch_folder(source: Head, named: Path | None) -> Path:
    """Where the patches go. If the tree itself has something in that place, it must not lead elsewhere."""
    folder = named or source.root / PATCH_FOLDER
    if named is None and folder.is_symlink():
        raise UserError(f"{folder} is a symbolic link; name a folder for the patches with --patches")
    return folder
