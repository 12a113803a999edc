"""``tmlfix merge``: the results of a check's shards as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codemods.checks.shard_merge import merge
from codemods.cli.base import FOUND, PREVENT, app, examples, finish
from codemods.files.writing import write_file
from codemods.reports import documents, text
from codemods.reports.shard_documents import merged_document, read_shard


@app.command(
    "merge",
    rich_help_panel=PREVENT,
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
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the result to this file, and print only the counts."
        ),
    ] = None,
) -> None:
    """Join the results of the shards of a check into the result of the whole check.

    All shards must be there, in any order. They must have checked the same files with the same options.

    Exit status, as of the whole check: 0 no new finding fails it, 1 some do, 2 a shard had errors, or the
    files are not the results of all shards of one check.
    """
    merged = merge([read_shard(file) for file in files])
    content = documents.json_text(merged_document(merged))
    if output is None:
        typer.echo(content, nl=False)
    else:
        write_file(output, content.encode())
        text.print_merged(merged)
    finish(tuple(merged.errors), FOUND if merged.failing else 0)
