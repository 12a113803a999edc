"""``tmlfix doctor``: does the compiler in use behave as tmlfix believes?"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from codemods.cli.base import ExitZero, Format, Output, OutputFormat, examples, finish, printed_to
from codemods.cli.program import commands
from codemods.cli.progress_bar import progress_bar
from codemods.cli.statuses import FOUND
from codemods.model.errors import UserError
from codemods.reports import doctor as reports
from codemods.verification.doctor import DoctorRequest, diagnose


@commands.command(
    epilog=examples(
        'tmlfix doctor --tml "tml test"',
        'tmlfix doctor --tml "tml test" --write',
        'tmlfix doctor --tml "tml test {} --no-cache --log-filter=test=info" --jobs 4 --format json',
    ),
)
def doctor(
    tml: Annotated[
        str,
        typer.Option(
            "--tml",
            metavar="COMMAND",
            help="The command that runs one test file; its path replaces {}, or is added at the end.",
        ),
    ],
    write: Annotated[
        bool, typer.Option("--write", help="Write what is seen to tmlfix.toml, for all other commands.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Do N runs at a time.")] = 2,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="The time limit of one run.")
    ] = 300.0,
    link: Annotated[
        list[Path] | None,
        typer.Option(
            "--link", help="Link this file or folder, which git ignores and no run writes to, into the trees."
        ),
    ] = None,
    logs: Annotated[
        Path | None,
        typer.Option("--logs", metavar="DIR", help="Keep the output of every run in this folder."),
    ] = None,
    format: Format = OutputFormat.TEXT,
    output: Output = None,
    exit_zero: ExitZero = False,
) -> None:
    """Check that the compiler in use has the defects that tmlfix works around.

    Runs the program of each defect with your compiler, in a copy of the commit HEAD. Your checkout stays as
    it is.

    Exit status: 0 the compiler behaves as tmlfix believes, or --write made it so, 1 otherwise, 2 something
    could not be judged.
    """
    request = DoctorRequest(tml, write, jobs, timeout, tuple(link or ()), logs)
    try:
        with progress_bar() as progress:
            diagnosis = diagnose(request, date.today(), progress)
    except KeyboardInterrupt:
        raise UserError("interrupted; everything that it had started or made is removed") from None
    with printed_to(output):
        if format is OutputFormat.JSON:
            reports.print_document(diagnosis)
        else:
            reports.print_text(diagnosis)
    finish(diagnosis.errors, 0 if diagnosis.agrees or diagnosis.written or exit_zero else FOUND)
