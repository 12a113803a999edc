"""``tmlfix compiler-report``: the defects of the compiler that make programs leak."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from codemods.app.compiler_report import compiler_report as report_defects
from codemods.cli.base import MEASURE, Paths, app, examples, finish
from codemods.cli.progress_bar import progress_bar
from codemods.files.writing import write_file
from codemods.reports import defects


class Style(StrEnum):
    """How the report is written."""

    MARKDOWN = "markdown"
    JSON = "json"


@app.command(
    name="compiler-report",
    rich_help_panel=MEASURE,
    epilog=examples("tmlfix compiler-report -o compiler.md", "tmlfix compiler-report --format json lib/std"),
)
def compiler_report(
    paths: Paths = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report to this file.")
    ] = None,
    format: Annotated[
        Style, typer.Option("--format", help="Write a Markdown page, or JSON for programs.")
    ] = Style.MARKDOWN,
) -> None:
    """Report the compiler's defects that cause leaks here, each with a program that shows it.

    Looks at the commit HEAD as it is, without any fix.
    """
    with progress_bar() as progress:
        report = report_defects(paths or (), progress)
    page = defects.markdown_page(report) if format is Style.MARKDOWN else defects.json_document(report)
    if output is None:
        sys.stdout.write(page)
    else:
        write_file(output, page.encode())
    finish(report.errors)
