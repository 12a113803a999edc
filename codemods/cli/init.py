"""``tmlfix init``: the first settings of a project, and how to run tmlfix in hooks and CI."""

from __future__ import annotations

from pathlib import Path

from codemods.app.sources import working_tree_root
from codemods.app.starter import write_starter_settings
from codemods.cli.base import OnlyErrors, examples
from codemods.cli.options import Folder
from codemods.cli.program import commands
from codemods.reports import text
from codemods.reports.snippets import SNIPPETS


@commands.command(epilog=examples("tmlfix init", "tmlfix init --quiet"))
def init(
    folder: Folder = Path(),
    quiet: OnlyErrors = False,
) -> None:
    """Write a first tmlfix.toml, and print what runs tmlfix in hooks and CI jobs.

    The file has every setting with its default, as a comment, so it changes nothing. One that is there stays.
    """
    written = write_starter_settings(working_tree_root([folder]))
    if not quiet:
        text.print_starter(written, SNIPPETS)
