"""``tmlfix doctor``: does the compiler in use behave as tmlfix believes?"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from codemods.cli.base import ExitZero, Format, Output, OutputFormat, examples, finish, printed_to
from codemods.cli.program import commands
from codemods.cli.statuses import FOUND
from codemods.cli.test_runs import Links, Logs, Runs, TestCommand, TimeLimit, running
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
    tml: TestCommand,
    write: Annotated[
        bool, typer.Option("--write", help="Write what is seen to tmlfix.toml, for all other commands.")
    ] = False,
    jobs: Runs = 2,
    timeout: TimeLimit = 300.0,
    link: Links = None,
    logs: Logs = None,
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
    with running() as progress:
        diagnosis = diagnose(request, date.today(), progress)
    with printed_to(output):
        if format is OutputFormat.JSON:
            reports.print_document(diagnosis)
        else:
            reports.print_text(diagnosis)
    finish(diagnosis.errors, 0 if diagnosis.agrees or diagnosis.written or exit_zero else FOUND)
