"""``tmlfix status``: count what there is to fix."""

from __future__ import annotations

from codemods.app.preview import preview
from codemods.app.requests import Filter, Report, Request
from codemods.cli.base import (
    Format,
    Ignore,
    Jobs,
    NoCache,
    OfCause,
    OnPaths,
    Output,
    OutputFormat,
    Paths,
    Select,
    Statistics,
    Verbose,
    examples,
    finish,
    printed_to,
    resources,
)
from codemods.cli.options import phases_of, rules_of
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.reports import documents, text


@commands.command(
    epilog=examples(
        "tmlfix status", "tmlfix status --statistics lib/std/src/http", "tmlfix status lib/std --format json"
    ),
)
def status(
    paths: Paths = None,
    select: Select = None,
    ignore: Ignore = None,
    cause: OfCause = None,
    on_paths: OnPaths = None,
    statistics: Statistics = False,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    verbose: Verbose = False,
) -> None:
    """Count the findings of every phase of the commit HEAD."""
    request = Request(
        phases_of(None),
        tuple(paths or ()),
        rules=rules_of(select, ignore),
        filter=Filter(cause, on_paths),
        resources=resources(jobs, no_cache, verbose),
    )
    with progress_bar() as progress:
        report = preview(request, findings_only=True, progress=progress)
    with printed_to(output):
        if statistics:
            print_statistics(report, format, quiet=False)
        elif format is OutputFormat.JSON:
            documents.print_json(documents.report_document(report))
        else:
            text.print_status(report)
    finish(report.errors, 0, report.notes)


def print_statistics(report: Report, format: OutputFormat, *, quiet: bool) -> None:
    """Print how many findings each rule has."""
    findings = [finding for phase in report.phases for finding in phase.findings]
    if format is OutputFormat.JSON:
        documents.print_json(documents.statistics_document(findings, report.errors))
    else:
        text.print_statistics(findings)
        if not quiet:
            text.print_summary(report)
