"""``tmlfix plan``: the leak plan and its progress."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codemods.cli.base import FOUND, MEASURE, PageFormat, PageFormats, app, examples, finish
from codemods.cli.leaks import NoFindings
from codemods.cli.options import PLAN, check_options
from codemods.cli.progress_bar import progress_bar
from codemods.files.writing import write_file
from codemods.reports import documents, pages, plan
from codemods.verification import measurements
from codemods.verification.leak_plan import all_met, judge


@app.command(
    "plan",
    rich_help_panel=MEASURE,
    epilog=examples(
        "tmlfix plan",
        "tmlfix plan --leaks tests.log --svg leaks.svg",
        "tmlfix plan --before main.log --leaks branch.log --format markdown",
    ),
)
def plan_command(
    context: typer.Context,
    leaks: Annotated[
        list[Path] | None,
        typer.Option("--leaks", metavar="LOG", help="What tml test prints now; can be given several times."),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(metavar="LOG", help="Measure progress from this log instead of the plan's figures."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a chart of the leaks by module, before and now.")
    ] = None,
    no_findings: NoFindings = False,
    format: PageFormats = PageFormat.TEXT,
) -> None:
    """Show the leak plan: leaks by phase, module and file, the findings of tmlfix, and the progress.

    Exit status: 0 done, and with --leaks every criterion of the plan is met; 1 a criterion is missed or not
    measured; 2 a log could not be read or the chart could not be written.
    """
    check_options(context, PLAN)
    read = measurements.read_logs([*(leaks or ()), *([before] if before else ())])
    *now, earlier = read if before else (*read, [])
    with progress_bar() as bar:
        tree = None if no_findings else measurements.read_tree(bar)
    files = tree.files if tree else measurements.tree_files()
    progress = measurements.progress_of([run for runs in now for run in runs], earlier, tree, files)
    report = progress.report
    criteria = judge(report, files) if report else ()
    notes = [
        *([] if before else plan.plan_notes()),
        *(() if report is None else (*report.gaps, *report.notes)),
    ]
    names = (str(before) if before else "the plan", ", ".join(map(str, leaks or ())))
    if svg is not None:
        write_file(svg, plan.plan_chart(progress, names))
    if format is PageFormat.JSON:
        documents.print_json(plan.plan_document(progress, notes, criteria))
    else:
        page = plan.plan_page(progress, names, notes, criteria)
        if format is PageFormat.MARKDOWN:
            print(pages.markdown(*page), end="")
        else:
            pages.print_page(*page)
    finish(tree.errors if tree else (), 0 if all_met(criteria) else FOUND)
