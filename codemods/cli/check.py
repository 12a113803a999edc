"""``tmlfix check``: does the working tree leak? For CI jobs and commit hooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from codemods.app.requests import Filter, Request
from codemods.app.shards import Shard
from codemods.checks import check as checking
from codemods.checks.check import FailOn, Standing
from codemods.cli.base import (
    ExitZero,
    Ignore,
    Jobs,
    NoCache,
    OfCause,
    OnPaths,
    OutputWithCounts,
    Quiet,
    Select,
    Statistics,
    Verbose,
    examples,
    finish,
    printed_to,
    resources,
)
from codemods.cli.options import CHECK, check_options, complete_phases, phases_of, rules_of
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.cli.statuses import FOUND
from codemods.files.safe_open import LARGEST_FILE, TOO_LARGE
from codemods.files.writing import append_file
from codemods.model.errors import UserError
from codemods.reports import text

STANDARD_INPUT = Path("-")


class CheckFormat(StrEnum):
    """How the result of a check is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    MARKDOWN = "markdown"
    JUNIT = "junit"


@commands.command(
    epilog=examples(
        "tmlfix check",
        "tmlfix check --format sarif -o tmlfix.sarif",
        "tmlfix check --changed-since origin/main --format github",
        "tmlfix check --write-baseline tmlfix-baseline.json",
        "tmlfix check --baseline tmlfix-baseline.json --fail-on findings",
        "tmlfix check --shard 2/8 --format sarif -o shard-2.sarif",
        "tmlfix check - --stdin-filename lib/std/src/http/client.tml < edited.tml",
    ),
)
def check(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH", help="Only files at or below these paths; - is one file from standard input."
        ),
    ] = None,
    stdin_filename: Annotated[
        Path | None,
        typer.Option(
            "--stdin-filename",
            metavar="FILE",
            help="With -: the file of the tree that standard input replaces. Only its findings are reported.",
        ),
    ] = None,
    phase: Annotated[
        str | None,
        typer.Option(
            metavar="N,...", help="The phases to check, by number or name.", autocompletion=complete_phases
        ),
    ] = None,
    all_phases: Annotated[bool, typer.Option("--all", help="Check all phases; this is the default.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    cause: OfCause = None,
    on_paths: OnPaths = None,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            "--fail-on",
            metavar="WHAT",
            help="Fail on what can be fixed (fixes), or on all findings (findings).",
        ),
    ] = FailOn.FIXES,
    changed_since: Annotated[
        str | None,
        typer.Option(
            "--changed-since",
            metavar="REV",
            help="Only findings in functions and types that changed since the branch left REV.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="N/COUNT",
            help="Check only part N of COUNT of the files; tmlfix merge joins the results.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Do not fail on findings in this file.")
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write the current findings to this file."),
    ] = None,
    statistics: Statistics = False,
    format: Annotated[
        CheckFormat,
        typer.Option("--format", metavar="FORMAT", help="One of text, json, sarif, github, markdown, junit."),
    ] = CheckFormat.TEXT,
    output: OutputWithCounts = None,
    exit_zero: ExitZero = False,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check that no leak is left to fix, for CI jobs and commit hooks. Changes nothing.

    Checks the files of the working tree, committed or not: in a CI job those of the commit, in a hook of
    [bold]pre-commit[/bold] those that are staged. The format github also appends a table to the file that
    [bold]GITHUB_STEP_SUMMARY[/bold] names.

    Exit status: 0 no new finding fails the check, 1 some do, 2 something asked for was not possible.
    """
    check_options(context, CHECK)
    text_of_one = _standard_input(paths or (), stdin_filename)
    request = Request(
        phases_of(phase),
        tuple(paths or ()) if stdin_filename is None else (stdin_filename,),
        text=text_of_one,
        shard=Shard.parse(shard) if shard is not None else None,
        rules=rules_of(select, ignore),
        filter=Filter(cause, on_paths),
        resources=resources(jobs, no_cache, verbose),
    )
    if write_baseline is not None:
        _write_baseline(request, write_baseline, quiet=quiet)
    with progress_bar(quiet=quiet) as progress:
        result = checking.check(
            request, fail_on=fail_on, changed_since=changed_since, baseline=baseline, progress=progress
        )
    with printed_to(output):
        if statistics:
            _print_statistics(result, format, quiet=quiet)
        elif format is CheckFormat.TEXT:
            text.print_check(result, quiet=quiet)
        else:
            sys.stdout.write(_content(result, format))
    if output is not None and not quiet:
        text.print_check_counts(result)
    if format is CheckFormat.GITHUB:
        _append_job_summary(result)
    status = FOUND if result.failing and not exit_zero else 0
    finish(result.report.errors, status, () if quiet else result.report.notes)


def _standard_input(paths: Sequence[Path], file: Path | None) -> bytes | None:
    """The text of the one file that is checked as it is on standard input; None without ``-``."""
    if STANDARD_INPUT not in paths:
        if file is not None:
            raise UserError(f"--stdin-filename goes with -: tmlfix check - --stdin-filename {file}")
        return None
    if file is None:
        raise UserError("say which file standard input is: tmlfix check - --stdin-filename FILE")
    if len(paths) > 1:
        raise UserError("- is one file, and goes without other paths")
    content = sys.stdin.buffer.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise UserError(f"standard input {TOO_LARGE}")
    return content


def _write_baseline(request: Request, file: Path, *, quiet: bool) -> NoReturn:
    with progress_bar(quiet=quiet) as progress:
        written = checking.write_baseline(request, file, progress=progress)
    if not quiet:
        text.print_baseline(written)
    finish(written.report.errors, 0, () if quiet else written.report.notes)


def _append_job_summary(result: checking.Check) -> None:
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        from codemods.reports import markdown

        append_file(Path(summary), markdown.check_text(result).encode("utf-8", "backslashreplace"))


def _print_statistics(result: checking.Check, format: CheckFormat, *, quiet: bool) -> None:
    found = result.of(Standing.NEW)
    if format is CheckFormat.JSON:
        from codemods.reports import documents

        documents.print_json(documents.statistics_document(found, result.report.errors))
        return
    text.print_statistics(found)
    if not quiet:
        text.print_check_counts(result)


def _content(result: checking.Check, format: CheckFormat) -> str:
    """The result in a format for programs. Each format's module is imported only when it is needed."""
    match format:
        case CheckFormat.JSON:
            from codemods.reports import documents

            return documents.json_text(documents.check_document(result))
        case CheckFormat.SARIF:
            from codemods.reports import documents, sarif

            return documents.json_text(sarif.document(result))
        case CheckFormat.GITHUB:
            from codemods.reports import github

            return github.commands(result)
        case CheckFormat.MARKDOWN:
            from codemods.reports import markdown

            return markdown.check_text(result)
        case CheckFormat.JUNIT:
            from codemods.reports import junit

            return junit.document(result)
        case CheckFormat.TEXT:
            raise ValueError(format)
