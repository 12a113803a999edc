"""``tmlfix plan``: the leak plan and its progress."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from codemods.app.requests import Filter
from codemods.checks.baseline import followed, read_baseline
from codemods.cli.base import (
    ExitZero,
    OfCause,
    OnPaths,
    Output,
    PageFormat,
    PageFormats,
    examples,
    finish,
    printed_to,
)
from codemods.cli.leaks import NoFindings, findings_here, print_result
from codemods.cli.options import PLAN, check_options
from codemods.cli.program import commands
from codemods.cli.statuses import FOUND
from codemods.files.writing import write_file
from codemods.reports import plan
from codemods.verification.criteria import all_met, judge
from codemods.verification.log_files import read_logs
from codemods.verification.plan_progress import PlanProgress, progress_of
from codemods.verification.tree_findings import Tree, tree_files


@commands.command(
    "plan",
    epilog=examples(
        "tmlfix plan",
        "tmlfix plan --baseline tmlfix-baseline.json",
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
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Measure progress by how far the number of findings fell since check --write-baseline FILE.",
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a chart of the leaks by module, before and now.")
    ] = None,
    cause: OfCause = None,
    on_paths: OnPaths = None,
    no_findings: NoFindings = False,
    format: PageFormats = PageFormat.TEXT,
    output: Output = None,
    exit_zero: ExitZero = False,
) -> None:
    """Show the leak plan: leaks by phase, module and file, the findings of tmlfix, and the progress.

    Exit status: 0 done, and with --leaks every criterion of the plan is met; 1 a criterion is missed or not
    measured; 2 something could not be read, or the chart could not be written.
    """
    check_options(context, PLAN)
    tree = None if no_findings else findings_here(Filter(cause, on_paths))
    progress, files = _measure(leaks or [], before, baseline, tree)
    criteria = judge(progress.report, files) if progress.report else ()
    notes = [] if before else plan.plan_notes()
    if progress.report:
        notes += (*progress.report.gaps, *progress.report.notes)
    names = (str(before) if before else "the plan", ", ".join(map(str, leaks or ())))
    if svg is not None:
        short = (before.name if before else names[0], ", ".join(log.name for log in leaks or ()))
        write_file(svg, plan.plan_chart(progress, short))
    page = plan.plan_page(progress, names, notes, criteria)
    with printed_to(output):
        print_result(page, plan.plan_document(progress, notes, criteria), format)
    finish(progress.tree.errors if progress.tree else (), 0 if all_met(criteria) or exit_zero else FOUND)


def _measure(
    leaks: list[Path], before: Path | None, baseline: Path | None, tree: Tree | None
) -> tuple[PlanProgress, Collection[str]]:
    """The progress of the plan by the logs or the recorded findings, and the files of the tree."""
    recorded = read_baseline(baseline) if baseline is not None else None
    logs = read_logs([*leaks, *([before] if before else ())])
    *now, earlier = logs if before else (*logs, [])
    files = tree.files if tree else tree_files()
    if recorded and tree:
        recorded = followed(recorded, tree.workspace)
    start = None if recorded is None else [entry.path for entry in recorded]
    runs = [run for runs in now for run in runs]
    return progress_of(runs, earlier, tree, files, start), files
