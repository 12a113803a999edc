"""What the commands share that change code by its shape: their options, and where the changes go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from codemods.app.apply import check_branches
from codemods.app.codemod_delivery import (
    CodemodText,
    branch_of,
    findings_of,
    only_selected,
    open_codemod_branch,
    review_of,
)
from codemods.app.codemods import Codemod, CodemodReport, apply_codemod
from codemods.app.sources import Head, WorkingTree, read_working_tree, working_tree_root
from codemods.checks.leak_guard import new_findings
from codemods.cli.base import finish, printed_to, resources
from codemods.cli.progress_bar import progress_bar
from codemods.cli.statuses import FAILED, FOUND
from codemods.files.branches import OpenedBranch
from codemods.files.writing import finish_interrupted, write_changes, write_file
from codemods.model.findings import Finding, InputError
from codemods.reports import codemods as reports
from codemods.reports import console, documents


class ChangeFormat(StrEnum):
    """How changes are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


InPlace = Annotated[bool, typer.Option("--in-place", help="Rewrite the files of the working tree.")]
PatchFile = Annotated[
    Path | None, typer.Option("--patch", metavar="FILE", help="Write the changes to a patch for git apply.")
]
CheckLeaks = Annotated[
    bool,
    typer.Option(
        "--check-leaks",
        help="Refuse changes that make new findings, such as leaks and double releases; the default where "
        "library code is written.",
    ),
]
NoCheckLeaks = Annotated[
    bool, typer.Option("--no-check-leaks", help="Write changes whatever findings they make.")
]


@dataclass(frozen=True, slots=True)
class BranchOptions:
    """How a branch is made of the changes."""

    patches: Path | None = None
    force: bool = False
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which changes are made, where they go (if nowhere, to the screen), and how they are shown."""

    check_leaks: bool | None
    """None is where library code is written."""
    output: Path | None
    jobs: int | None
    quiet: bool
    in_place: bool = False
    patch: Path | None = None
    branch: BranchOptions | None = None
    review: Path | None = None
    selection: Path | None = None
    dry_run: bool = False
    diff: bool = False
    format: ChangeFormat = ChangeFormat.TEXT
    command: str = ""
    """The command that makes the changes which are selected on a review page."""

    @property
    def writes(self) -> bool:
        """Whether the changes go anywhere but to the screen."""
        goes_on = self.in_place or self.patch is not None or self.branch is not None
        return goes_on and not self.dry_run and self.review is None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: files of the working tree, a patch, a branch; and what could not be."""

    paths: tuple[str, ...] = ()
    patch: Path | None = None
    branch: OpenedBranch | None = None
    errors: tuple[InputError, ...] = ()


def leak_check(check: bool, no_check: bool) -> bool | None:
    """Whether changes are checked for leaks; None is where library code is written."""
    return True if check else False if no_check else None


def change_tree(codemod: Codemod, paths: Sequence[Path], delivery: Delivery) -> None:
    """Apply a codemod to the tree as the options say, and end the command."""
    source = _read(paths, delivery)
    report = apply_codemod(codemod, source, paths, delivery.jobs)
    if delivery.selection is not None:
        report = only_selected(report, delivery.selection, source.workspace.files)
    refused = _refused(source, report, delivery)
    written = Written() if refused or not delivery.writes else _write(source, report, delivery)
    if delivery.review is not None:
        _write_page(report, source, delivery.review, delivery.command)
    with printed_to(delivery.output):
        _print(report, source, delivery, written, refused)
    if refused:
        reports.print_new_findings(refused)
        console.print_failure(
            "nothing was written: the changes would make what is named above; see it with tmlfix explain, "
            "leave files out, or say --no-check-leaks"
        )
        raise typer.Exit(FAILED)
    is_done = delivery.writes or delivery.review is not None or not report.changes
    finish((*report.errors, *written.errors), 0 if is_done else FOUND)


def _read(paths: Sequence[Path], delivery: Delivery) -> Head | WorkingTree:
    """The tree to change: the commit HEAD where a branch is made of it, otherwise the working tree."""
    if delivery.branch is not None:
        return check_branches(paths, patches=delivery.branch.patches, remote=delivery.branch.remote)
    if delivery.in_place and not delivery.dry_run:
        finish_interrupted(working_tree_root(paths))
    return read_working_tree(paths)


def _refused(source: Head | WorkingTree, report: CodemodReport, delivery: Delivery) -> tuple[Finding, ...]:
    """The findings that the changes would make, where these are checked."""
    is_wanted = delivery.check_leaks
    if is_wanted is None:
        is_wanted = report.changes_library and delivery.writes
    if not is_wanted or not report.changes:
        return ()
    with progress_bar(quiet=delivery.quiet) as progress:
        return new_findings(
            source,
            report.changes,
            resources=resources(delivery.jobs, False, False),
            progress=progress,
        )


def _write(source: Head | WorkingTree, report: CodemodReport, delivery: Delivery) -> Written:
    """Write the changes to where they go."""
    if delivery.branch is not None and isinstance(source, Head):
        options = delivery.branch
        branch = open_codemod_branch(
            report, source, patches=options.patches, force=options.force, remote=options.remote
        )
        return Written(branch=branch)
    paths: tuple[str, ...] = ()
    errors: tuple[InputError, ...] = ()
    if delivery.in_place:
        outcome = write_changes(source.root, report.changes)
        paths, errors = outcome.paths, outcome.errors
    if delivery.patch is not None and report.changes:
        write_file(delivery.patch, reports.diff_of(report))
        return Written(paths, delivery.patch, errors=errors)
    return Written(paths, errors=errors)


def _write_page(report: CodemodReport, source: Head | WorkingTree, file: Path, command: str) -> None:
    from codemods.reports.page import review_page

    text = CodemodText.of(report)
    review = review_of(report, source.workspace.files)
    write_file(file, review_page(review, str(source), {text.name: text}, command).encode())


def _print(
    report: CodemodReport,
    source: Head | WorkingTree,
    delivery: Delivery,
    written: Written,
    refused: Sequence[Finding],
) -> None:
    if delivery.format is ChangeFormat.JSON:
        branch = branch_of(report) if written.branch is not None else None
        documents.print_json(reports.changes_document(report, written.paths, refused, branch, written.branch))
    elif delivery.format is ChangeFormat.SARIF:
        documents.print_json(_sarif(report, source))
    elif refused:
        return
    elif delivery.review is not None:
        reports.print_page(report, delivery.review, quiet=delivery.quiet)
    elif delivery.dry_run:
        reports.print_places(report, quiet=delivery.quiet)
    elif delivery.diff or not delivery.writes:
        reports.print_changes(report, quiet=delivery.quiet)
    elif not delivery.quiet:
        reports.print_left(report)
        if written.branch is not None:
            remote = delivery.branch.remote if delivery.branch is not None else None
            reports.print_branch(report, branch_of(report), written.branch, remote)
        else:
            changed = written.paths if delivery.in_place else [*report.changes]
            where = f", in {written.patch}" if written.patch is not None else ""
            reports.print_written(report, where, changed)


def _sarif(report: CodemodReport, source: Head | WorkingTree) -> dict[str, Any]:
    from codemods.checks.check import as_check
    from codemods.reports import sarif

    text = CodemodText.of(report)
    check = as_check(str(source), findings_of(report), report.errors, source.workspace.files)
    return sarif.document(check, {text.name: text})
