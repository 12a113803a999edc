"""A progress bar on standard error, for people only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from codemods.model import progress


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[progress.Progress | None]:
    """A function to call as work advances, drawn as one bar that never runs backwards.

    The bar is there from the start: until something is reported, files are read. None if ``quiet``, and
    without a terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    # Hooks and CI jobs have no terminal and need none of this.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading files", total=None)
        way = progress.Way()

        def advance(activity: str, done: int, total: int) -> None:
            bar.update(task, description=activity, completed=way.report(activity, done, total), total=1.0)

        yield advance
