"""``tmlfix parse``: does every file parse?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codemods.app import parse_check
from codemods.cli.base import ExitZero, Format, Output, OutputFormat, Quiet, examples, finish, printed_to
from codemods.cli.options import PARSE, TREE_OF_ONE_FILE, check_options
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.cli.statuses import FOUND
from codemods.files.workspace import read_paths
from codemods.model.errors import UserError
from codemods.reports import documents, text


@commands.command(
    epilog=examples("tmlfix parse lib --check --format json", "tmlfix parse lib/std/src/url.tml --tree"),
)
def parse(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, or folders with .tml files.")],
    check: Annotated[
        bool, typer.Option("--check", help="Parse every file, print it from its tree, and compare.")
    ] = False,
    tree: Annotated[bool, typer.Option("--tree", help="Print the tree of one file.")] = False,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
    exit_zero: ExitZero = False,
    quiet: Quiet = False,
) -> None:
    """Check that files parse and survive the round trip, or print a syntax tree.

    Exit status: 0 all files do, 1 a file was rejected or changed, 2 a path could not be read.
    """
    check_options(context, PARSE)
    if tree and (len(paths) > 1 or paths[0].is_dir()):
        raise UserError(TREE_OF_ONE_FILE)
    workspace = read_paths(paths)
    if tree:
        trees, errors = parse_check.dump_trees(workspace.files)
        with printed_to(output):
            print(trees, end="")
        finish((*workspace.errors, *errors))
    with progress_bar(quiet=quiet) as progress:
        report = parse_check.check(workspace.files, progress)
    with printed_to(output):
        if format is OutputFormat.JSON:
            documents.print_json(documents.parse_document(report, workspace.errors))
        else:
            text.print_parse_report(report, quiet=quiet)
    finish(workspace.errors, 0 if report.clean or exit_zero else FOUND)
