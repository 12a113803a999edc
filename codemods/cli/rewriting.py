"""What the commands share that change code by its shape: their options, and where the changes go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from codemods.app.codemods import Codemod, CodemodReport, apply_codemod
from codemods.app.sources import WorkingTree, read_working_tree, working_tree_root
from codemods.checks.leak_guard import new_findings
from codemods.cli.base import OutputFormat, finish, printed_to, resources
from codemods.cli.progress_bar import progress_bar
from codemods.cli.statuses import FAILED, FOUND
from codemods.files.writing import finish_interrupted, write_changes, write_file
from codemods.model.errors import UserError
from codemods.model.findings import Finding, InputError
from codemods.reports import codemods as reports
from codemods.reports import console, documents

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


def leak_check(check: bool, no_check: bool) -> bool | None:
    """Whether changes are checked for leaks; None is where library code is written.

    Raises `UserError` for both options at once.
    """
    if check and no_check:
        raise UserError("--check-leaks and --no-check-leaks exclude each other")
    return True if check else False if no_check else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the changes go: into the files, to a patch, or only to the screen; and how they are shown."""

    in_place: bool
    patch: Path | None
    check_leaks: bool | None
    """None is where library code is written."""
    format: OutputFormat
    output: Path | None
    jobs: int | None
    quiet: bool

    @property
    def writes(self) -> bool:
        """Whether the changes go anywhere but to the screen."""
        return self.in_place or self.patch is not None


def change_tree(codemod: Codemod, paths: Sequence[Path], delivery: Delivery) -> None:
    """Apply a codemod to the working tree as the options say, and end the command."""
    if delivery.in_place:
        finish_interrupted(working_tree_root(paths))
    source = read_working_tree(paths)
    report = apply_codemod(codemod, source, paths, delivery.jobs)
    refused = _refused(source, report, delivery)
    written: tuple[str, ...] = ()
    errors: tuple[InputError, ...] = report.errors
    if not refused and delivery.in_place:
        outcome = write_changes(source.root, report.changes)
        written, errors = outcome.paths, (*errors, *outcome.errors)
    if not refused and delivery.patch is not None and report.changes:
        write_file(delivery.patch, reports.diff_of(report))
    with printed_to(delivery.output):
        _print(report, delivery, written, refused)
    if refused:
        reports.print_new_findings(refused)
        console.print_failure(
            "nothing was written: the changes would make what is named above; see it with tmlfix explain, "
            "leave files out, or say --no-check-leaks"
        )
        raise typer.Exit(FAILED)
    finish(errors, 0 if delivery.writes or not report.changes else FOUND)


def _refused(source: WorkingTree, report: CodemodReport, delivery: Delivery) -> tuple[Finding, ...]:
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


def _print(
    report: CodemodReport, delivery: Delivery, written: Sequence[str], refused: Sequence[Finding]
) -> None:
    if delivery.format is OutputFormat.JSON:
        documents.print_json(reports.changes_document(report, written, refused))
    elif refused:
        return
    elif delivery.writes:
        if not delivery.quiet:
            reports.print_left(report)
            changed = written if delivery.in_place else [*report.changes]
            where = f", in {delivery.patch}" if delivery.patch is not None and report.changes else ""
            reports.print_written(report, where, changed)
    else:
        reports.print_changes(report, quiet=delivery.quiet)
