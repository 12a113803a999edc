"""``tmlfix apply``: fix phases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from codemods.app.apply import check_branches, fix_in_place, open_branches
from codemods.app.preview import preview, preview_for_review
from codemods.app.requests import Filter, Report, Request, choose_selected
from codemods.cli.base import (
    Diff,
    ExitZero,
    Force,
    Format,
    Ignore,
    Jobs,
    NoCache,
    OfCause,
    OnPaths,
    Output,
    OutputFormat,
    Patches,
    Paths,
    Push,
    Quiet,
    Select,
    Statistics,
    Verbose,
    examples,
    finish,
    printed_to,
    resources,
)
from codemods.cli.interactive import ask
from codemods.cli.options import APPLY, check_options, complete_phases, phases_of, rules_of
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.cli.status import print_statistics
from codemods.cli.statuses import FOUND
from codemods.files.writing import write_file
from codemods.reports import documents, markdown, text

STANDARD_OUTPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the fixes go: to branches, into the working tree, or nowhere."""

    dry_run: bool
    in_place: bool
    patches: Path | None
    force: bool
    remote: str | None
    quiet: bool
    """Whether only findings and errors are printed."""


@commands.command(
    epilog=examples(
        "tmlfix apply --phase 1",
        "tmlfix apply --all --stacked --push origin --pr-body texts",
        "tmlfix apply --all --dry-run --format json",
        "tmlfix apply --phase http --in-place lib/std/src/http",
    ),
)
def apply(
    context: typer.Context,
    paths: Paths = None,
    phase: Annotated[
        str | None,
        typer.Option(
            metavar="N,...", help="The phases to fix, by number or name.", autocompletion=complete_phases
        ),
    ] = None,
    all_phases: Annotated[bool, typer.Option("--all", help="Fix all phases.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    cause: OfCause = None,
    on_paths: OnPaths = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Rewrite the working tree instead of making branches; needs no git."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Write nothing; print the findings, and exit 1 if there are fixes to make."
        ),
    ] = False,
    diff: Diff = False,
    statistics: Statistics = False,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
    stacked: Annotated[
        bool, typer.Option("--stacked", help="Base each branch on the one before it, not on HEAD.")
    ] = False,
    push: Push = None,
    patches: Patches = None,
    force: Force = False,
    selection: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Fix exactly what was approved on the page that tmlfix review wrote."
        ),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Ask about each fix, also about those for review.")
    ] = False,
    pr_body: Annotated[
        Path | None,
        typer.Option(
            "--pr-body",
            metavar="FILE|DIR",
            help="Write a description for a pull request; to a folder one for each phase; - prints it.",
        ),
    ] = None,
    exit_zero: ExitZero = False,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fix phases of the commit HEAD: one branch, one commit and one patch each.

    Your files, index and stash stay as they are. The patches, for [bold]git am --keep-cr[/bold], go to the
    folder patches/ of the checkout, or where --patches says. Findings for review are applied only where you
    approve them.

    Exit status: 0 done, 1 fixes remain (with --dry-run), 2 something asked for was not possible.
    """
    check_options(context, APPLY)
    request = Request(
        phases_of(phase),
        tuple(paths or ()),
        stacked,
        rules=rules_of(select, ignore),
        filter=Filter(cause, on_paths),
        resources=resources(jobs, no_cache, verbose),
    )
    delivery = Delivery(dry_run, in_place, patches, force, push, quiet)
    if selection is not None:
        request = choose_selected(request, selection)
    elif interactive:
        request = _choose(request, delivery)
    report = _fix(request, delivery)
    with printed_to(output):
        if pr_body == STANDARD_OUTPUT:
            typer.echo(markdown.pull_request_body(_proposed(report, delivery)), nl=False)
        elif statistics:
            print_statistics(report, format, quiet=quiet)
        elif format is OutputFormat.JSON:
            documents.print_json(documents.report_document(report))
        elif diff:
            text.print_diff(report)
        else:
            _print_result(report, delivery)
    if pr_body is not None and pr_body != STANDARD_OUTPUT:
        proposed = _proposed(report, delivery)
        if proposed.phases or not report.errors:
            _write_bodies(proposed, pr_body)
    status = FOUND if dry_run and report.fixes_remain and not exit_zero else 0
    finish(report.errors, status, () if quiet else report.notes)


def _proposed(report: Report, delivery: Delivery) -> Report:
    """What pull requests can be about: where branches were to be made, the phases of those that were."""
    if delivery.dry_run or delivery.in_place:
        return report
    made = {branch.phase.number for branch in report.branches if branch.commit is not None}
    return replace(report, phases=tuple(phase for phase in report.phases if phase.phase in made))


def _write_bodies(report: Report, target: Path) -> None:
    """Write the texts of pull requests: a folder gets one for each phase, a file all in one.

    What is not there yet becomes a file if its name has a suffix, such as .md.
    """
    is_folder = target.is_dir() or not (target.exists() or target.suffix)
    bodies = (
        [(target / name, body) for name, body in markdown.pull_request_bodies(report)]
        if is_folder
        else [(target, markdown.pull_request_body(report))]
    )
    for file, body in bodies:
        write_file(file, body.encode("utf-8", "backslashreplace"))


def _choose(request: Request, delivery: Delivery) -> Request:
    """The request limited to what the user approves, hunk by hunk. Ends the command if that is nothing."""
    if not delivery.in_place:
        check_branches(request.paths, patches=delivery.patches, remote=delivery.remote)
    with progress_bar(quiet=delivery.quiet) as progress:
        found, review = preview_for_review(request, in_place=delivery.in_place, progress=progress)
    chosen = ask(review)
    if not chosen.approved:
        text.print_nothing_chosen(found)
        finish(found.errors, 0, found.notes)
    return replace(request, selection=chosen, phases=chosen.phases)


def _fix(request: Request, delivery: Delivery) -> Report:
    with progress_bar(quiet=delivery.quiet) as progress:
        if delivery.dry_run:
            return preview(request, in_place=delivery.in_place, progress=progress)
        if delivery.in_place:
            return fix_in_place(request, progress=progress)
        return open_branches(
            request,
            patches=delivery.patches,
            force=delivery.force,
            remote=delivery.remote,
            progress=progress,
        )


def _print_result(report: Report, delivery: Delivery) -> None:
    if delivery.dry_run:
        text.print_preview(report, quiet=delivery.quiet)
    elif delivery.quiet:
        return
    elif delivery.in_place:
        text.print_rewritten(report)
    else:
        text.print_branches(report)
