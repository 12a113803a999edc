"""What commands share: the program that they belong to, common options, exit statuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from codemods.cli.options import complete_rules
from codemods.engine.resources import Resources, ignore_note
from codemods.files.writing import write_file
from codemods.model.findings import Cause, InputError
from codemods.model.findings import Paths as LeakPaths
from codemods.reports import console

FOUND = 1
FAILED = 2

FIX = "Find and fix"
REVIEW = "Review"
PREVENT = "Keep leaks out"
MEASURE = "Measure"
LANGUAGE = "The language"
"""The panels of the help, each with its commands."""


class OutputFormat(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


class PageFormat(StrEnum):
    """How pages of results are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def examples(*lines: str) -> str:
    """The end of a help text, one example a line."""
    return "\n\n".join(("Examples:", *lines))


WORKFLOW = (
    "1. tmlfix status                            what there is to fix",
    "2. tmlfix review --phase 1 -o review.html   approve fixes in a browser",
    "3. tmlfix apply --selection FILE            a branch with what you approved",
    "   tmlfix apply --phase 1                   or one with all of phase 1",
    "4. tmlfix verify --phase 1 --tml 'tml test' see your own tests pass",
    "5. git diff main...tmlfix/phase-1-http      the branch, to merge",
)
"""The steps to a reviewed branch, as the help shows them."""

app = typer.Typer(
    name="tmlfix",
    help="Find memory leaks in TML source and write the fixes, one git branch per phase.",
    epilog="\n\n".join(("The way to a reviewed branch:", *WORKFLOW)),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH", help="Only files at or below these paths.")
]
Format = Annotated[
    OutputFormat, typer.Option("--format", metavar="FORMAT", help="Print text, or json for programs.")
]
PageFormats = Annotated[
    PageFormat,
    typer.Option(
        "--format", metavar="FORMAT", help="Print text, json for programs, or markdown for a comment."
    ),
]
Select = Annotated[
    str | None,
    typer.Option(
        "--select",
        metavar="RULE,...",
        help="Look for findings of these rules only, whatever the settings say.",
        autocompletion=complete_rules,
    ),
]
Ignore = Annotated[
    str | None,
    typer.Option(
        "--ignore",
        metavar="RULE,...",
        help="Look for no findings of these rules, nor of those that the settings turn off.",
        autocompletion=complete_rules,
    ),
]
OfCause = Annotated[
    Cause | None,
    typer.Option(
        "--cause",
        metavar="CAUSE",
        help="Only findings that are mistakes of the code (library), or that a defect of the compiler "
        "causes (compiler).",
    ),
]
OnPaths = Annotated[
    LeakPaths | None,
    typer.Option(
        "--paths",
        metavar="PATHS",
        help="Only what leaks on paths on which nothing fails (normal), or only on others (error).",
    ),
]
Statistics = Annotated[
    bool, typer.Option("--statistics", help="Count the findings of each rule, and do not list them.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result to this file.")
]
OutputWithCounts = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the result to this file, and print only the counts."
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print what was found and errors; no counts, no advice, no progress."),
]
OnlyErrors = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
ExitZero = Annotated[
    bool, typer.Option("--exit-zero", help="Exit 0 also where it would be 1; errors still end with 2.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Use N processes, not one per core."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor store results of earlier runs.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Report on standard error how the work went.")]


def resources(jobs: int | None, no_cache: bool, verbose: bool) -> Resources:
    """How much of the machine to use, and what to say about it, as the options ask."""
    return Resources(jobs, not no_cache, console.print_note if verbose else ignore_note)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tmlfix {version('tmlfix')}")
        raise typer.Exit


@app.callback()
def start(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find memory leaks in TML source and write the fixes, one git branch per phase."""


@contextmanager
def printed_to(file: Path | None) -> Iterator[None]:
    """Let what is printed go to the file, whole or not at all; to standard output if there is none."""
    if file is None:
        yield
        return
    text = console.FileText()
    with redirect_stdout(text):
        yield
    write_file(file, text.content())


def finish(errors: Sequence[InputError], code: int = 0, notes: Iterable[str] = ()) -> NoReturn:
    """Print notes and errors and end the command: with ``code``, or as failed if there are errors."""
    for note in notes:
        console.print_note(note)
    console.print_errors(errors)
    raise typer.Exit(FAILED if errors else code)
