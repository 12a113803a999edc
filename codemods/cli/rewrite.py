"""``tmlfix rewrite``: replace code by its shape."""

from __future__ import annotations

from typing import Annotated

import typer

from codemods.app.codemods import one_liner
from codemods.cli.base import Format, Jobs, Output, OutputFormat, Paths, Quiet, examples
from codemods.cli.options import REWRITE, check_options
from codemods.cli.program import commands
from codemods.cli.rewriting import (
    ChangeFormat,
    CheckLeaks,
    Delivery,
    InPlace,
    NoCheckLeaks,
    PatchFile,
    change_tree,
    leak_check,
)


@commands.command(
    epilog=examples(
        "tmlfix rewrite '$list.len() == 0' '$list.is_empty()' lib/std",
        "tmlfix rewrite 'print($...arguments)' '' lib/std/tests --in-place",
    ),
)
def rewrite(
    context: typer.Context,
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="TML with $metavariables; $...name is any number.")
    ],
    replacement: Annotated[
        str, typer.Argument(metavar="REPLACEMENT", help="What takes its place; '' takes statements out.")
    ],
    paths: Paths = None,
    in_place: InPlace = False,
    patch: PatchFile = None,
    check_leaks: CheckLeaks = False,
    no_check_leaks: NoCheckLeaks = False,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Replace code by its shape: show a diff, or write it with --in-place or --patch.

    Comments stay. What would not parse, would never end or would make new findings is not written.

    Exit status: 0 done or nothing to change, 1 the diff has changes, 2 something asked for was not possible.
    """
    check_options(context, REWRITE)
    delivery = Delivery(
        leak_check(check_leaks, no_check_leaks),
        output,
        jobs,
        quiet,
        in_place=in_place,
        patch=patch,
        format=ChangeFormat(format),
    )
    change_tree(one_liner(pattern, replacement), paths or (), delivery)
