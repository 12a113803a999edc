"""``tmlfix rules``: which rules there are."""

from __future__ import annotations

from codemods.app.configuration import read_configuration
from codemods.app.rule_texts import described
from codemods.app.sources import working_tree_root
from codemods.cli.base import Format, Output, OutputFormat, examples, printed_to
from codemods.cli.program import commands
from codemods.reports import documents, text


@commands.command(
    "rules",
    epilog=examples("tmlfix rules", "tmlfix rules --format json -o rules.json"),
)
def rules_command(format: Format = OutputFormat.TEXT, output: Output = None) -> None:
    """List the rules: what each finds, and which are turned off here.

    These are the names for --select and --ignore, for the settings and for comments; tmlfix explain RULE says
    more.
    """
    settings = read_configuration(working_tree_root([])).settings
    off = frozenset(name for name in described() if not settings.applies(name))
    with printed_to(output):
        if format is OutputFormat.JSON:
            documents.print_json(documents.rules_document(described().values(), off))
        else:
            text.print_rules(described().values(), off)
