"""What commands that run programs with the user's compiler share: their options, and how they are stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from codemods.cli.progress_bar import progress_bar
from codemods.model.errors import UserError
from codemods.model.progress import Progress

TestCommand = Annotated[
    str,
    typer.Option(
        "--tml",
        metavar="COMMAND",
        help="The command that runs one test file; its path replaces {}, or is added at the end.",
    ),
]
Runs = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Do N runs at a time.")]
TimeLimit = Annotated[
    float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="The time limit of one run.")
]
Links = Annotated[
    list[Path] | None,
    typer.Option(
        "--link", help="Link this file or folder, which git ignores and no run writes to, into the trees."
    ),
]
Logs = Annotated[
    Path | None,
    typer.Option("--logs", metavar="DIR", help="Keep the output of every run in this folder."),
]


@contextmanager
def running() -> Iterator[Progress | None]:
    """A progress bar around the runs, None without a terminal. Raises `UserError` if they are interrupted."""
    try:
        with progress_bar() as progress:
            yield progress
    except KeyboardInterrupt:
        raise UserError("interrupted; everything that it had started or made is removed") from None
