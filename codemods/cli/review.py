"""``tmlfix review``: a page on which to approve and reject findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from codemods.app.preview import preview_for_review
from codemods.app.requests import Filter, Request
from codemods.app.rule_texts import summaries
from codemods.cli.base import (
    Ignore,
    Jobs,
    NoCache,
    OfCause,
    OnlyErrors,
    OnPaths,
    Paths,
    Select,
    Verbose,
    check_page_name,
    examples,
    finish,
    resources,
)
from codemods.cli.options import REVIEW as REVIEW_RULES
from codemods.cli.options import check_options, complete_phases, phases_of, rules_of
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.files.writing import write_file
from codemods.reports import text
from codemods.reports.page import review_page


@commands.command(
    epilog=examples(
        "tmlfix review -o review.html",
        "tmlfix review --phase http --in-place -o /tmp/http.html lib/std/src/http",
    ),
)
def review(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.html", help="Where to write the page.")
    ],
    paths: Paths = None,
    phase: Annotated[
        str | None,
        typer.Option(
            metavar="N,...",
            help="The phases to review, by number or name.",
            autocompletion=complete_phases,
        ),
    ] = None,
    all_phases: Annotated[
        bool, typer.Option("--all", help="Review all phases; this is the default.")
    ] = False,
    select: Select = None,
    ignore: Ignore = None,
    cause: OfCause = None,
    on_paths: OnPaths = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Review the working tree, not the commit HEAD.")
    ] = False,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    quiet: OnlyErrors = False,
    verbose: Verbose = False,
) -> None:
    """Write a page for reviewing fixes: approve or reject each finding in a browser.

    The page is one file that loads nothing. It saves a selection for [bold]tmlfix apply --selection[/bold].
    """
    check_options(context, REVIEW_RULES)
    check_page_name(output)
    request = Request(
        phases_of(phase),
        tuple(paths or ()),
        rules=rules_of(select, ignore),
        filter=Filter(cause, on_paths),
        resources=resources(jobs, no_cache, verbose),
    )
    with progress_bar(quiet=quiet) as progress:
        report, found = preview_for_review(request, in_place=in_place, progress=progress)
    page = review_page(found, report.source, summaries(request.resources.cache()))
    write_file(output, page.encode())
    if not quiet:
        text.print_review(replace(report, phases=found.phases(report.phases)), output)
    finish(report.errors, 0, () if quiet else report.notes)
