"""``tmlfix lsp``: findings, fixes and explanations in an editor."""

from __future__ import annotations

import importlib
import logging

import typer

from codemods.cli.base import examples
from codemods.cli.program import commands
from codemods.model.errors import UserError


@commands.command(epilog=examples("tmlfix lsp"))
def lsp() -> None:
    """Serve an editor over standard input and output, with the Language Server Protocol.

    Needs [bold]pip install 'tmlfix\\[lsp]'[/bold].
    """
    try:
        server = importlib.import_module("codemods.lsp.language_server")
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise UserError("the language server needs pygls: pip install 'tmlfix[lsp]'") from None
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    raise typer.Exit(server.serve())
