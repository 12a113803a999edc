"""``tmlfix config``: which settings apply, and where each is set."""

from __future__ import annotations

from pathlib import Path

from codemods.app.configuration import read_configuration
from codemods.app.idle_settings import idle_settings
from codemods.app.sources import read_working_tree
from codemods.cli.base import Format, Output, OutputFormat, examples, finish, printed_to
from codemods.cli.options import Folder
from codemods.cli.program import commands
from codemods.reports import documents, text


@commands.command(epilog=examples("tmlfix config", "tmlfix config --format json"))
def config(
    folder: Folder = Path(),
    format: Format = OutputFormat.TEXT,
    output: Output = None,
) -> None:
    """Print the settings that apply, and where each is set."""
    tree = read_working_tree([folder])
    configuration = read_configuration(tree.root)
    with printed_to(output):
        if format is OutputFormat.JSON:
            documents.print_json(documents.configuration_document(configuration))
        else:
            text.print_configuration(configuration)
    finish((), 0, idle_settings(configuration, tree.root, tree.workspace))
