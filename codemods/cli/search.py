"""``tmlfix search``: find code by its shape."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codemods.app import search as searching
from codemods.cli.base import Format, Jobs, Output, OutputFormat, Quiet, examples, finish, printed_to
from codemods.cli.program import commands
from codemods.cli.statuses import FOUND
from codemods.files.workspace import read_paths
from codemods.reports import search as reports


@commands.command(
    epilog=examples(
        "tmlfix search 'print($...arguments)' lib/std/tests",
        "tmlfix search 'let $v: List[$T] = $value' -C 2",
        "tmlfix search 'func $name($...parameters) -> Str { $...body }' --format json",
    ),
)
def search(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="TML with $metavariables; $...name is any number.")
    ],
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Files, or folders with .tml files.")
    ] = None,
    context: Annotated[
        int, typer.Option("--context", "-C", min=0, metavar="N", help="Print N lines around each place.")
    ] = 0,
    count: Annotated[bool, typer.Option("--count", help="Print how many places each file has.")] = False,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Find code by its shape, whatever its layout.

    Exit status: 0 found, 1 nothing found, 2 a pattern or file could not be read.
    """
    workspace = read_paths(paths or [Path()])
    found = searching.search(pattern, workspace.files, jobs)
    with printed_to(output):
        if format is OutputFormat.JSON:
            from codemods.reports import documents

            documents.print_json(reports.hits_document(found))
        elif count:
            reports.print_hit_counts(found)
        elif not quiet:
            reports.print_hits(found, workspace.files, context)
    finish((*workspace.errors, *found.errors), 0 if found.hits else FOUND)
