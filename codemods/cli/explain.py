"""``tmlfix explain``: what a rule is for, or why a line has a finding or none."""

from __future__ import annotations

from typing import Annotated

import typer

from codemods.app.explain import explain_place, parse_place
from codemods.app.rule_texts import find_rule, rules
from codemods.cli.base import Format, Output, OutputFormat, examples, printed_to
from codemods.cli.options import complete_rules
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.reports import documents, explanation, text


@commands.command(
    epilog=examples(
        "tmlfix explain",
        "tmlfix explain missing-release",
        "tmlfix explain lib/std/src/http/client.tml:120",
        "tmlfix explain lib/std/src/http/client.tml:120:9 --format json",
    ),
)
def explain(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="RULE|PLACE",
            help="The name of a rule, or a place in the working tree: PATH:LINE or PATH:LINE:COLUMN. "
            "The default is a list of the rules.",
            autocompletion=complete_rules,
        ),
    ] = None,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
) -> None:
    """Explain a rule, or a line: who frees its values, and why it has a finding or none."""
    json = format is OutputFormat.JSON
    place = parse_place(subject) if subject is not None else None
    if place is not None:
        with progress_bar() as progress:
            found = explain_place(place, progress=progress)
        with printed_to(output):
            if json:
                documents.print_json(documents.explanation_document(found))
            else:
                explanation.print_explanation(found)
        return
    with printed_to(output):
        if subject is not None:
            rule = find_rule(subject)
            if json:
                documents.print_json(documents.rule_document(rule))
            else:
                text.print_rule(rule)
        elif json:
            documents.print_json({"rules": [documents.rule_document(rule) for rule in rules().values()]})
        else:
            text.print_rules(rules().values())
