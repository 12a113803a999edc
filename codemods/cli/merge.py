"""``tmlfix merge``: the results of a check's shards as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codemods.checks.shard_merge import merge
from codemods.cli.base import ExitZero, OutputWithCounts, Quiet, examples, finish, printed_to
from codemods.cli.program import commands
from codemods.cli.statuses import FOUND
from codemods.reports import documents, text
from codemods.reports.shard_documents import merged_document, read_shard


@commands.command(
    "merge",
    epilog=examples(
        "tmlfix check --shard 1/2 --format sarif -o shard-1.sarif",
        "tmlfix check --shard 2/2 --format sarif -o shard-2.sarif",
        "tmlfix merge shard-1.sarif shard-2.sarif -o tmlfix.sarif",
    ),
)
def merge_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="What tmlfix check --shard wrote, in JSON or SARIF."),
    ],
    output: OutputWithCounts = None,
    exit_zero: ExitZero = False,
    quiet: Quiet = False,
) -> None:
    """Join the results of the shards of a check into the result of the whole check.

    All shards must be there, in any order. They must have checked the same files with the same options.

    Exit status, as of the whole check: 0 no new finding fails it, 1 some do, 2 a shard had errors, or the
    files are not the results of all shards of one check.
    """
    merged = merge([read_shard(file) for file in files])
    with printed_to(output):
        documents.print_json(merged_document(merged))
    if output is not None and not quiet:
        text.print_merged(merged)
    finish(tuple(merged.errors), FOUND if merged.failing and not exit_zero else 0)
