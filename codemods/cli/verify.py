"""``tmlfix verify``: the project's own tests, before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codemods.app import commands
from codemods.cli.base import FAILED, FOUND, MEASURE, PageFormat, PageFormats, Paths, app, examples, finish
from codemods.cli.progress_bar import progress_bar
from codemods.model.errors import UserError
from codemods.model.phases import PHASES
from codemods.reports import verification
from codemods.verification.verify import Unit, VerifyRequest
from codemods.verification.verify import verify as run_tests


@app.command(
    rich_help_panel=MEASURE,
    epilog=examples(
        'tmlfix verify --tml "tml test" --phase 1',
        'tmlfix verify --tml "tml test {} --no-cache" --all --by suite --jobs 4',
        'tmlfix verify --tml "tml test" --phase 1 --link build/debug/libtml_runtime.a tests/http',
    ),
)
def verify(
    tml: Annotated[
        str,
        typer.Option(
            "--tml",
            metavar="COMMAND",
            help="What runs one test file; {} stands for its path, else it is added.",
        ),
    ],
    paths: Paths = None,
    phase: Annotated[
        str | None, typer.Option(metavar="N[,N]...", help="The phases whose branches to verify.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Verify all branches that there are.")] = False,
    branch: Annotated[
        str | None, typer.Option(metavar="NAME", help="Verify this branch or commit, not that of a phase.")
    ] = None,
    by: Annotated[Unit, typer.Option("--by", help="Run one file at a time, or one folder.")] = Unit.FILE,
    jobs: Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="How many run at a time.")] = 2,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long one run may take.")
    ] = 300.0,
    link: Annotated[
        list[Path] | None,
        typer.Option("--link", help="Give the trees a link to this file or folder that git ignores."),
    ] = None,
    logs: Annotated[
        Path | None, typer.Option("--logs", metavar="DIR", help="Keep here what every run prints.")
    ] = None,
    format: PageFormats = PageFormat.TEXT,
) -> None:
    """Run your own tests on HEAD and on a phase's branch, and compare tests and leaks.

    The tests run in copies of the two trees; your checkout stays as it is.

    Exit status: 0 no test lost and no file leaks more, 1 otherwise, 2 something asked for was not possible,
    or no run tells of leaks.
    """
    if every and (phase is not None or branch is not None):
        raise UserError("--all goes with neither --phase nor --branch")
    if not every and phase is None and branch is None:
        raise UserError("say which branch: --phase N, --all or --branch NAME")
    phases = (
        tuple(each.number for each in PHASES) if every else commands.choose_phases(phase) if phase else ()
    )
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
    try:
        with progress_bar() as progress:
            report = run_tests(request, progress)
    except KeyboardInterrupt:
        raise UserError("interrupted; all that it had started and made is gone") from None
    match format:
        case PageFormat.JSON:
            verification.print_document(report)
        case PageFormat.MARKDOWN:
            verification.print_markdown(report)
        case PageFormat.TEXT:
            verification.print_text(report)
    finish(report.errors, FOUND if report.harmful else 0 if report.measured else FAILED)
