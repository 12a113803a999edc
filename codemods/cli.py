"""The command line: options in, reports out. Everything it does is done elsewhere."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import typer

from codemods import commands, output, parse_check
from codemods.errors import UserError, write_failure
from codemods.findings import InputError
from codemods.phases import PHASES
from codemods.progress import progress_bar
from codemods.repository import LOCATION_VARIABLES
from codemods.workspace import read_paths

FOUND = 1
FAILED = 2


class OutputFormat(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


def _examples(*lines: str) -> str:
    return "\n\n".join(("Examples:", *lines))


app = typer.Typer(
    name="tmlfix",
    help="Find memory leaks in TML source and write the fixes, one git branch per phase.",
    epilog=_examples(
        "tmlfix status",
        "tmlfix apply --phase 1 --dry-run --diff",
        "tmlfix apply --all",
        "tmlfix explain missing-release",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)

Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH", help="Only files at and below these paths.")
]
Format = Annotated[OutputFormat, typer.Option("--format", help="Print text, or JSON for programs.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tmlfix {version('tmlfix')}")
        raise typer.Exit


@app.callback()
def start(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find memory leaks in TML source and write the fixes, one git branch per phase."""


@app.command(
    epilog=_examples(
        "tmlfix apply --phase 1",
        "tmlfix apply --phase 1,3 --stacked --push origin",
        "tmlfix apply --all --dry-run --format json",
        "tmlfix apply --phase http --in-place lib/std/src/http",
    )
)
def apply(
    paths: Paths = None,
    phase: Annotated[
        str | None, typer.Option(metavar="N[,N]...", help="The phases to fix, by number or name.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Fix all phases.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Rewrite the working tree instead; needs no git.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing; print what remains, and exit 1 if fixes do."),
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changes as a unified diff.")] = False,
    format: Format = OutputFormat.TEXT,
    stacked: Annotated[
        bool, typer.Option("--stacked", help="Base each branch on the one before, not on HEAD.")
    ] = False,
    push: Annotated[
        str | None, typer.Option(metavar="REMOTE", help="Push the branches to this remote.")
    ] = None,
    patches: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the patches here, not to patches/.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace branches even if others added to them.")
    ] = False,
) -> None:
    """Fix phases of the commit HEAD: one branch, one commit and one patch each.

    Checkout, index and stash stay as they are. Patches are for [bold]git am --keep-cr[/bold].
    Findings for review are never applied.

    Exit status: 0 done, 1 fixes remain (with --dry-run), 2 something asked for was not possible.
    """
    if (phase is None) is not every:
        raise UserError("say which phases: --phase N or --all")
    if (dry_run or in_place) and (push is not None or patches is not None or force):
        raise UserError("--push, --patches and --force go with neither --dry-run nor --in-place")
    if diff and format is OutputFormat.JSON:
        raise UserError("--diff goes with --format text")
    phases = tuple(each.number for each in PHASES) if phase is None else commands.choose_phases(phase)
    request = commands.Request(phases, tuple(paths or ()), stacked)
    with progress_bar() as progress:
        if dry_run:
            report = commands.preview(request, in_place=in_place, progress=progress)
        elif in_place:
            report = commands.fix_in_place(request, progress=progress)
        else:
            report = commands.open_branches(
                request, patches=patches, force=force, remote=push, progress=progress
            )
    if format is OutputFormat.JSON:
        output.print_json(output.report_document(report))
    elif diff:
        output.print_diff(report)
    elif dry_run:
        output.print_preview(report)
    elif in_place:
        output.print_rewritten(report)
    else:
        output.print_branches(report)
    _finish(report.errors, FOUND if dry_run and report.fixes_remain else 0)


@app.command(epilog=_examples("tmlfix status", "tmlfix status lib/std --format json"))
def status(paths: Paths = None, format: Format = OutputFormat.TEXT) -> None:
    """Count the findings of every phase of the commit HEAD."""
    request = commands.Request(tuple(phase.number for phase in PHASES), tuple(paths or ()))
    with progress_bar() as progress:
        report = commands.preview(request, progress=progress)
    if format is OutputFormat.JSON:
        output.print_json(output.report_document(report))
    else:
        output.print_status(report)
    _finish(report.errors)


@app.command(
    epilog=_examples("tmlfix parse lib --check --format json", "tmlfix parse lib/std/src/url.tml --tree")
)
def parse(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, and folders of .tml files.")],
    check: Annotated[
        bool, typer.Option("--check", help="Parse every file and compare what is printed back.")
    ] = False,
    tree: Annotated[bool, typer.Option("--tree", help="Print the tree of one file.")] = False,
    format: Format = OutputFormat.TEXT,
) -> None:
    """Check that files parse and survive the round trip, or show a tree.

    Exit status: 0 all did, 1 a file was rejected or changed, 2 a path could not be read.
    """
    if check is tree:
        raise UserError("say what to do: --check or --tree")
    if tree and (len(paths) > 1 or paths[0].is_dir() or format is OutputFormat.JSON):
        raise UserError("--tree prints the tree of one file as text")
    workspace = read_paths(paths)
    if tree:
        _finish((*workspace.errors, *output.print_trees(workspace.files)))
    with progress_bar() as progress:
        report = parse_check.check(workspace.files, progress)
    if format is OutputFormat.JSON:
        output.print_json(output.parse_document(report, workspace.errors))
    else:
        output.print_parse_report(report)
    _finish(workspace.errors, 0 if report.clean else FOUND)


@app.command(epilog=_examples("tmlfix explain missing-release"))
def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="The name of a rule.")]) -> None:
    """Tell what a rule finds and why, with the code before and after its fix."""
    output.print_rule(commands.find_rule(rule))


def _finish(errors: Sequence[InputError], code: int = 0) -> None:
    output.print_errors(errors)
    raise typer.Exit(FAILED if errors else code)


def _refuse_unprintable_options(arguments: Sequence[str]) -> None:
    """Refuse a file name that a shell made of ``*`` and that typer would repeat as it is, as an option."""
    for argument in takewhile(lambda each: each != "--", arguments):
        name = argument.partition("=")[0]
        if name.startswith("-") and output.visible(name) != name:
            raise UserError(f"there is no option {name}; write -- before names that start with -")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line ``arguments`` (default: those of this process); the exit status.

    Bad input ends in one line on standard error and status 2, never in a traceback.
    """
    for variable in LOCATION_VARIABLES:
        os.environ.pop(variable, None)
    if "PATH" in os.environ:
        # A relative folder would find programs in the tree that is analysed.
        programs = os.environ["PATH"].split(os.pathsep)
        os.environ["PATH"] = os.pathsep.join(filter(os.path.isabs, programs))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        _refuse_unprintable_options(arguments)
        app(args=arguments, prog_name="tmlfix")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except UserError as error:
        output.print_failure(str(error))
    except OSError as error:
        output.print_failure(write_failure(error, "a temporary file"))
    except UnicodeError as error:
        output.print_failure(f"{type(error).__name__}: {error}")
    return FAILED
