"""``tmlfix compiler-report``: the defects of the compiler that make programs leak."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from codemods.app.compiler_report import compiler_report as report_defects
from codemods.cli.base import Output, Paths, examples, finish, printed_to
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.reports import defects


class Style(StrEnum):
    """How the report is written."""

    MARKDOWN = "markdown"
    JSON = "json"


@commands.command(
    name="compiler-report",
    epilog=examples("tmlfix compiler-report -o compiler.md", "tmlfix compiler-report --format json lib/std"),
)
def compiler_report(
    paths: Paths = None,
    output: Output = None,
    format: Annotated[
        Style, typer.Option("--format", metavar="FORMAT", help="Write a markdown page, or json for programs.")
    ] = Style.MARKDOWN,
) -> None:
    """Report the compiler's defects that cause leaks here, each with a program that shows it.

    Looks at the commit HEAD as it is, without any fix.
    """
    with progress_bar() as progress:
        report = report_defects(paths or (), progress)
    page = defects.markdown_page(report) if format is Style.MARKDOWN else defects.json_document(report)
    with printed_to(output):
        sys.stdout.write(page)
    finish(report.errors)
