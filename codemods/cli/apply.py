"""``tmlfix apply`` and ``tmlfix status``: fix phases, or count what there is to fix."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from codemods.app import commands
from codemods.cli.base import (
    FIX,
    FOUND,
    Format,
    Jobs,
    NoCache,
    OutputFormat,
    Paths,
    Verbose,
    app,
    examples,
    finish,
    resources,
)
from codemods.cli.interactive import ask
from codemods.cli.progress_bar import progress_bar
from codemods.files.writing import write_file
from codemods.model.errors import UserError
from codemods.model.phases import PHASES
from codemods.reports import documents, markdown, text


@app.command(
    rich_help_panel=FIX,
    epilog=examples(
        "tmlfix apply --phase 1",
        "tmlfix apply --phase 1,3 --stacked --push origin",
        "tmlfix apply --all --dry-run --format json",
        "tmlfix apply --phase http --in-place lib/std/src/http",
    ),
)
def apply(
    paths: Paths = None,
    phase: Annotated[
        str | None, typer.Option(metavar="N[,N]...", help="The phases to fix, by number or name.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Fix all phases.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Rewrite the working tree instead; needs no git.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing; print what remains, and exit 1 if fixes do."),
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changes as a unified diff.")] = False,
    format: Format = OutputFormat.TEXT,
    stacked: Annotated[
        bool, typer.Option("--stacked", help="Base each branch on the one before, not on HEAD.")
    ] = False,
    push: Annotated[
        str | None, typer.Option(metavar="REMOTE", help="Push the branches to this remote.")
    ] = None,
    patches: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the patches here, not to patches/.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace branches even if others added to them.")
    ] = False,
    selection: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fix exactly what was approved on the page of tmlfix review."),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Ask about each fix; those for review are offered too.")
    ] = False,
    pr_body: Annotated[
        Path | None,
        typer.Option(
            "--pr-body", metavar="FILE", help="Write the text of a pull request; - prints it alone."
        ),
    ] = None,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    verbose: Verbose = False,
) -> None:
    """Fix phases of the commit HEAD: one branch, one commit and one patch each.

    Checkout, index and stash stay as they are. Patches are for [bold]git am --keep-cr[/bold].
    Findings for review are applied only where you approve them.

    Exit status: 0 done, 1 fixes remain (with --dry-run), 2 something asked for was not possible.
    """
    if (phase is None) is not every and (selection is None or every):
        both = phase is not None and every
        raise UserError(
            "--phase and --all exclude each other" if both else "say which phases: --phase N or --all"
        )
    if interactive and (dry_run or selection is not None or format is OutputFormat.JSON):
        raise UserError("--interactive goes with neither --selection, --dry-run nor --format json")
    if (dry_run or in_place) and (push is not None or patches is not None or force):
        raise UserError("--push, --patches and --force go with neither --dry-run nor --in-place")
    if diff and format is OutputFormat.JSON:
        raise UserError("--diff goes with --format text")
    body_alone = pr_body is not None and str(pr_body) == "-"
    if body_alone and (diff or format is OutputFormat.JSON):
        raise UserError(
            "--pr-body - prints nothing else; name a file to have --diff or --format json as well"
        )
    phases = tuple(each.number for each in PHASES) if phase is None else commands.choose_phases(phase)
    request = commands.Request(
        phases, tuple(paths or ()), stacked, resources=resources(jobs, no_cache, verbose)
    )
    if selection is not None:
        request = commands.choose_selected(request, selection)
    elif interactive:
        if not in_place:
            commands.check_branches(request, patches=patches, remote=push)
        with progress_bar() as progress:
            found, review = commands.review(request, in_place=in_place, progress=progress)
        chosen = ask(review)
        if not chosen.approved:
            text.print_nothing_chosen(found)
            finish(found.errors)
        request = replace(request, selection=chosen, phases=chosen.phases)
    with progress_bar() as progress:
        if dry_run:
            report = commands.preview(request, in_place=in_place, progress=progress)
        elif in_place:
            report = commands.fix_in_place(request, progress=progress)
        else:
            report = commands.open_branches(
                request, patches=patches, force=force, remote=push, progress=progress
            )
    body = markdown.pull_request_body(report) if pr_body is not None else ""
    if pr_body is not None and not body_alone:
        write_file(pr_body, body.encode("utf-8", "backslashreplace"))
    if body_alone:
        typer.echo(body, nl=False)
    elif format is OutputFormat.JSON:
        documents.print_json(documents.report_document(report))
    elif diff:
        text.print_diff(report)
    elif dry_run:
        text.print_preview(report)
    elif in_place:
        text.print_rewritten(report)
    else:
        text.print_branches(report)
    finish(report.errors, FOUND if dry_run and report.fixes_remain else 0)


@app.command(rich_help_panel=FIX, epilog=examples("tmlfix status", "tmlfix status lib/std --format json"))
def status(
    paths: Paths = None,
    format: Format = OutputFormat.TEXT,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    verbose: Verbose = False,
) -> None:
    """Count the findings of every phase of the commit HEAD."""
    phases = tuple(phase.number for phase in PHASES)
    request = commands.Request(phases, tuple(paths or ()), resources=resources(jobs, no_cache, verbose))
    with progress_bar() as progress:
        report = commands.preview(request, progress=progress)
    if format is OutputFormat.JSON:
        documents.print_json(documents.report_document(report))
    else:
        text.print_status(report)
    finish(report.errors)
