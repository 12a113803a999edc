"""What commands share: common options, and how they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from codemods.cli.options import complete_rules
from codemods.cli.statuses import FAILED
from codemods.engine.resources import Resources, ignore_note
from codemods.files.writing import write_file
from codemods.model.errors import UserError
from codemods.model.findings import Cause, InputError
from codemods.model.findings import Paths as LeakPaths
from codemods.reports import console


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
Diff = Annotated[bool, typer.Option("--diff", help="Print the changes as a unified diff.")]
Push = Annotated[str | None, typer.Option(metavar="REMOTE", help="Push the branches to this remote.")]
Patches = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write the patches to this folder, not to patches/.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace branches even if somebody added commits to them.")
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


def check_page_name(file: Path) -> None:
    """Raise `UserError` for a file that no browser would take for a page."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{file}: the name of the page must end with .html")


def resources(jobs: int | None, no_cache: bool, verbose: bool) -> Resources:
    """How much of the machine to use, and what to say about it, as the options ask."""
    return Resources(jobs, not no_cache, console.print_note if verbose else ignore_note)


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
