"""The command line: options in, reports out. Everything it does is done elsewhere.

Each command stands in a module of its own, which adds it to the program when it is imported. Only that
of the command that runs is, for most of what the others need takes its time to import.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise, takewhile

from codemods.cli.base import FAILED, FOUND, app
from codemods.files.repository import LOCATION_VARIABLES
from codemods.model.errors import UserError, write_failure
from codemods.reports import console

__all__ = ["FAILED", "FOUND", "app", "load_commands", "main"]

INTERRUPTED = 130
"""The exit status that shells use for a command that was interrupted."""

COMPLETION_OPTIONS = ("--install-completion", "--show-completion")
NO_DETECTION = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"

MODULES = {
    "apply": "apply",
    "status": "apply",
    "review": "review",
    "explain": "explain",
    "check": "check",
    "merge": "merge",
    "lsp": "lsp",
    "config": "config",
    "rules": "rules",
    "init": "init",
    "leaks": "leaks",
    "plan": "plan",
    "verify": "verify",
    "compiler-report": "compiler_report",
    "parse": "parse",
}
"""The commands in the order of the help, each with its module."""


def load_commands(name: str | None = None) -> None:
    """Add the command of that name to the program; all commands if there is none of the name."""
    for module in {MODULES[name]} if name in MODULES else dict.fromkeys(MODULES.values()):
        import_module(f"codemods.cli.{module}")
    order = [f"codemods.cli.{module}" for module in MODULES.values()]
    app.registered_commands.sort(key=lambda command: order.index(getattr(command.callback, "__module__", "")))


def _refuse_unprintable_options(arguments: Sequence[str]) -> None:
    """Refuse unprintable options: a shell may make one of a file name, and typer would print it unescaped."""
    for argument in takewhile(lambda argument: argument != "--", arguments):
        name = argument.partition("=")[0]
        if name.startswith("-") and console.visible(name) != name:
            raise UserError(f"there is no option {name}; write -- before names that start with -")


def _let_shells_be_named(arguments: Sequence[str]) -> None:
    """Let the name of a shell follow ``--show-completion`` and ``--install-completion``.

    Typer accepts the name of a shell only if a variable disables the detection of the shell.
    """
    os.environ.pop(NO_DETECTION, None)
    for option, value in pairwise(arguments):
        if option in COMPLETION_OPTIONS and not value.startswith("-"):
            os.environ[NO_DETECTION] = "1"


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
        _let_shells_be_named(arguments)
        load_commands(next((argument for argument in arguments if not argument.startswith("-")), None))
        app(args=arguments, prog_name="tmlfix")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except UserError as error:
        console.print_failure(str(error))
    except OSError as error:
        console.print_failure(write_failure(error, "a temporary file"))
    except UnicodeError as error:
        console.print_failure(f"{type(error).__name__}: {error}")
    return FAILED
