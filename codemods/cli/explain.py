"""``tmlfix explain``: why a rule is there."""

from __future__ import annotations

from typing import Annotated

import typer

from codemods import commands
from codemods.cli.base import REVIEW, app, examples
from codemods.output import text


@app.command(rich_help_panel=REVIEW, epilog=examples("tmlfix explain missing-release"))
def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="The name of a rule.")]) -> None:
    """Tell what a rule finds and why, with the code before and after its fix."""
    text.print_rule(commands.find_rule(rule))
