"""The program: what the help says of each command, and the import of the one that runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise, takewhile
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from codemods import __version__
from codemods.files.repository import LOCATION_VARIABLES
from codemods.model.errors import UserError

COMPLETION_OPTIONS = ("--install-completion", "--show-completion")
NO_DETECTION = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"

FIX = "Find and fix"
REVIEW = "Review"
PREVENT = "Keep leaks out"
MEASURE = "Measure"
LANGUAGE = "The language"
"""The panels of the help, each with its commands."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A command as the help of the program lists it."""

    panel: str
    summary: str
    """The first line of its own help."""


COMMANDS = {
    "apply": Listed(FIX, "Fix phases of the commit HEAD: one branch, one commit and one patch each."),
    "status": Listed(FIX, "Count the findings of every phase of the commit HEAD."),
    "review": Listed(
        REVIEW, "Write a page for reviewing fixes: approve or reject each finding in a browser."
    ),
    "explain": Listed(
        REVIEW, "Explain a rule, or a line: who frees its values, and why it has a finding or none."
    ),
    "check": Listed(
        PREVENT, "Check that no leak is left to fix, for CI jobs and commit hooks. Changes nothing."
    ),
    "merge": Listed(PREVENT, "Join the results of the shards of a check into the result of the whole check."),
    "lsp": Listed(
        PREVENT, "Serve an editor over standard input and output, with the Language Server Protocol."
    ),
    "config": Listed(PREVENT, "Print the settings that apply, and where each is set."),
    "rules": Listed(PREVENT, "List the rules: what each finds, and which are turned off here."),
    "init": Listed(PREVENT, "Write a first tmlfix.toml, and print what runs tmlfix in hooks and CI jobs."),
    "leaks": Listed(MEASURE, "Count the leaks in logs of tml test, and judge the criteria of the leak plan."),
    "plan": Listed(
        MEASURE,
        "Show the leak plan: leaks by phase, module and file, the findings of tmlfix, and the progress.",
    ),
    "verify": Listed(
        MEASURE, "Run your own tests on HEAD and on a phase's branch, and compare tests and leaks."
    ),
    "doctor": Listed(MEASURE, "Check that the compiler in use has the defects that tmlfix works around."),
    "compiler-report": Listed(
        MEASURE, "Report the compiler's defects that cause leaks here, each with a program that shows it."
    ),
    "search": Listed(LANGUAGE, "Find code by its shape, whatever its layout."),
    "rewrite": Listed(
        LANGUAGE, "Replace code by its shape: show a diff, or write it with --in-place or --patch."
    ),
    "codemod": Listed(
        LANGUAGE, "Write, test and apply changes of your own, as patches that match code by its shape."
    ),
    "parse": Listed(LANGUAGE, "Check that files parse and survive the round trip, or print a syntax tree."),
}
"""The commands in the order of the help; each has a module of its name."""

WORKFLOW = (
    "1. tmlfix status                            what there is to fix",
    "2. tmlfix review --phase 1 -o review.html   approve fixes in a browser",
    "3. tmlfix apply --selection FILE            a branch with what you approved",
    "   tmlfix apply --phase 1                   or one with all of phase 1",
    "4. tmlfix verify --phase 1 --tml 'tml test' see your own tests pass",
    "5. git diff main...tmlfix/phase-1-http      the branch, to merge",
)
"""The steps to a reviewed branch, as the help shows them."""


Command = TyperCommand | TyperGroup
"""A command, or a group of commands of its own."""


class Program(TyperGroup):
    """All commands, as they are listed. Only one that runs, or whose options are completed, is imported."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {
            name: TyperCommand(name, help=listed.summary, rich_help_panel=listed.panel)
            for name, listed in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command that the arguments begin with, imported."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name is not None else None, rest


def load_command(name: str) -> Command:
    """The command of that name with its options. Imports its module."""
    import_module(f"codemods.cli.{name.replace('-', '_')}")
    command = typer.main.get_group(commands).commands[name]
    assert isinstance(command, TyperCommand | TyperGroup)
    return command


commands = typer.Typer(rich_markup_mode="rich")
"""Where the modules of the commands add them when they are imported."""

app = typer.Typer(
    name="tmlfix",
    cls=Program,
    help="Find memory leaks in TML source and write the fixes, one git branch per phase.",
    epilog="\n\n".join(("The way to a reviewed branch:", *WORKFLOW)),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tmlfix {__version__}")
        raise typer.Exit


@app.callback()
def start(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find memory leaks in TML source and write the fixes, one git branch per phase."""


def run(arguments: Sequence[str]) -> None:
    """Run the command line; ends with `SystemExit`."""
    for variable in LOCATION_VARIABLES:
        os.environ.pop(variable, None)
    if "PATH" in os.environ:
        # A relative folder would find programs in the tree that is analysed.
        programs = os.environ["PATH"].split(os.pathsep)
        os.environ["PATH"] = os.pathsep.join(filter(os.path.isabs, programs))
    _refuse_unprintable_options(arguments)
    _let_shells_be_named(arguments)
    app(args=arguments, prog_name="tmlfix")


def _refuse_unprintable_options(arguments: Sequence[str]) -> None:
    """Refuse unprintable options: a shell may make one of a file name, and typer would print it unescaped."""
    for argument in takewhile(lambda argument: argument != "--", arguments):
        name = argument.partition("=")[0]
        if name.startswith("-") and not name.isprintable():
            from codemods.reports.console import visible  # imports rich, which completion does without

            if visible(name) == name:
                continue
            raise UserError(f"there is no option {name}; write -- before names that start with -")


def _let_shells_be_named(arguments: Sequence[str]) -> None:
    """Let the name of a shell follow ``--show-completion`` and ``--install-completion``.

    Typer accepts the name of a shell only if a variable disables the detection of the shell.
    """
    os.environ.pop(NO_DETECTION, None)
    for option, value in pairwise(arguments):
        if option in COMPLETION_OPTIONS and not value.startswith("-"):
            os.environ[NO_DETECTION] = "1"
