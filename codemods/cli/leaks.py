"""``tmlfix leaks``: the leaks that ``tml test`` measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from codemods.app.requests import ALL_FINDINGS, Filter
from codemods.cli.base import ExitZero, Output, PageFormat, PageFormats, examples, finish, printed_to
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.cli.statuses import FOUND
from codemods.model.errors import UserError
from codemods.reports import documents, leaks, pages
from codemods.reports.pages import Part
from codemods.verification.criteria import all_met, judge
from codemods.verification.leak_comparison import compare as compare_runs
from codemods.verification.leak_report import combine
from codemods.verification.log_files import read_logs
from codemods.verification.tree_findings import Tree, read_tree, tree_files

NoFindings = Annotated[
    bool, typer.Option("--no-findings", help="Leave out the findings of tmlfix in the current folder.")
]


@commands.command(
    "leaks",
    epilog=examples(
        "tml test --no-cache --log-filter=test=info 2>&1 | tee tests.log",
        "tmlfix leaks tests.log",
        "tmlfix leaks --compare before.log after.log",
    ),
)
def leaks_command(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG", help="The output of tml test; - is standard input.")
    ],
    compare: Annotated[
        bool, typer.Option("--compare", help="Show what changed from the first log to the second.")
    ] = False,
    no_findings: NoFindings = False,
    no_criteria: Annotated[
        bool, typer.Option("--no-criteria", help="Do not judge the criteria of the leak plan.")
    ] = False,
    format: PageFormats = PageFormat.TEXT,
    output: Output = None,
    exit_zero: ExitZero = False,
) -> None:
    """Count the leaks in logs of tml test, and judge the criteria of the leak plan.

    The leaks of different test files add up; of one file, only the last run counts.

    Exit status: 0 every criterion is met and no file leaks more, 1 a criterion is missed or not measured, or
    a file leaks more (with --compare), 2 a log could not be read.
    """
    if compare and len(logs) != 2:
        raise UserError("--compare takes two logs: the one before and the one after")
    measured = read_logs(logs)
    tree = None if no_findings or compare else findings_here()
    files = tree.files if tree else tree_files()
    if compare:
        before, after = measured
        comparison = compare_runs(before, after, files)
        criteria = () if no_criteria else judge(comparison.after, files)
        page = leaks.comparison_page(str(logs[0]), str(logs[1]), comparison, criteria)
        document = leaks.comparison_document(comparison, criteria)
        good = all_met(criteria) and not comparison.rises
    else:
        report = combine((run for runs in measured for run in runs), files)
        criteria = () if no_criteria else judge(report, files)
        name = str(logs[0]) if len(logs) == 1 else f"{len(logs)} logs"
        page = leaks.leaks_page(name, report, tree, criteria)
        document = leaks.leaks_document(report, tree, criteria)
        good = all_met(criteria)
    with printed_to(output):
        print_result(page, document, format)
    finish(tree.errors if tree else (), 0 if good or exit_zero else FOUND)


def findings_here(filter: Filter = ALL_FINDINGS) -> Tree | None:
    """What tmlfix finds in the tree of the current folder, if it is in one."""
    with progress_bar() as progress:
        return read_tree(progress, filter)


def print_result(page: tuple[str, Sequence[Part]], document: dict[str, Any], format: PageFormat) -> None:
    """Print a page as text or Markdown, or the document that has the same for programs."""
    match format:
        case PageFormat.JSON:
            documents.print_json(document)
        case PageFormat.MARKDOWN:
            print(pages.markdown(*page), end="")
        case PageFormat.TEXT:
            pages.print_page(*page)
