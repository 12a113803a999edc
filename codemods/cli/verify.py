"""``tmlfix verify``: the project's own tests, before and after."""

from __future__ import annotations

from typing import Annotated

import typer

from codemods.cli.base import ExitZero, Output, PageFormat, PageFormats, Paths, examples, finish, printed_to
from codemods.cli.options import VERIFY, check_options, complete_phases, phases_of
from codemods.cli.program import commands
from codemods.cli.statuses import FAILED, FOUND
from codemods.cli.test_runs import Links, Logs, Runs, TestCommand, TimeLimit, running
from codemods.model.errors import UserError
from codemods.reports import verification
from codemods.verification.verify import VerifyRequest
from codemods.verification.verify import verify as run_tests
from codemods.verification.verify_report import Unit


@commands.command(
    epilog=examples(
        'tmlfix verify --tml "tml test" --phase 1',
        'tmlfix verify --tml "tml test {} --no-cache" --all --by suite --jobs 4',
        'tmlfix verify --tml "tml test" --phase 1 --link build/debug/libtml_runtime.a tests/http',
    ),
)
def verify(
    context: typer.Context,
    tml: TestCommand,
    paths: Paths = None,
    phase: Annotated[
        str | None,
        typer.Option(
            metavar="N,...", help="The phases whose branches to verify.", autocompletion=complete_phases
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Verify the branches of all phases that have one.")
    ] = False,
    branch: Annotated[
        str | None, typer.Option(metavar="NAME", help="Verify this branch or commit instead of a phase's.")
    ] = None,
    by: Annotated[
        Unit, typer.Option("--by", metavar="UNIT", help="Run one file at a time, or one suite: a folder.")
    ] = Unit.FILE,
    jobs: Runs = 2,
    timeout: TimeLimit = 300.0,
    link: Links = None,
    logs: Logs = None,
    format: PageFormats = PageFormat.TEXT,
    output: Output = None,
    exit_zero: ExitZero = False,
) -> None:
    """Run your own tests on HEAD and on a phase's branch, and compare tests and leaks.

    The tests run in copies of the two trees; your checkout stays as it is.

    Exit status: 0 no test is lost and no file leaks more, 1 otherwise, 2 something asked for was not
    possible, or no run reports leaks.
    """
    check_options(context, VERIFY)
    phases = phases_of(phase) if every or phase is not None else ()
    if branch is not None and len(phases) > 1:
        raise UserError("--branch goes with one phase")
    request = VerifyRequest(
        command=tml,
        phases=phases,
        every=every,
        branch=branch,
        paths=tuple(paths or ()),
        unit=by,
        jobs=jobs,
        seconds=timeout,
        links=tuple(link or ()),
        logs=logs,
    )
    with running() as progress:
        report = run_tests(request, progress)
    with printed_to(output):
        match format:
            case PageFormat.JSON:
                verification.print_document(report)
            case PageFormat.MARKDOWN:
                verification.print_markdown(report)
            case PageFormat.TEXT:
                verification.print_text(report)
    if not report.harmful:
        finish(report.errors, 0 if report.measured else FAILED)
    finish(report.errors, 0 if exit_zero else FOUND)
