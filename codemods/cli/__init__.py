"""The command line: options in, reports out. Everything it does is done elsewhere.

Each command stands in a module of its own, which adds it to the program when it is imported; their
order here is that of the help.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from itertools import takewhile

from codemods.cli.base import FAILED, FOUND, app
from codemods.errors import UserError, write_failure
from codemods.output import console
from codemods.repository import LOCATION_VARIABLES

# isort: off
import codemods.cli.apply
import codemods.cli.review
import codemods.cli.explain
import codemods.cli.check
import codemods.cli.lsp
import codemods.cli.config
import codemods.cli.leaks
import codemods.cli.plan
import codemods.cli.verify
import codemods.cli.compiler_report
import codemods.cli.parse  # noqa: F401  (each adds its commands)
# isort: on

__all__ = ["FAILED", "FOUND", "app", "main"]


def _refuse_unprintable_options(arguments: Sequence[str]) -> None:
    """Refuse a file name that a shell made of ``*`` and that typer would repeat as it is, as an option."""
    for argument in takewhile(lambda each: each != "--", arguments):
        name = argument.partition("=")[0]
        if name.startswith("-") and console.visible(name) != name:
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
        console.print_failure(str(error))
    except OSError as error:
        console.print_failure(write_failure(error, "a temporary file"))
    except UnicodeError as error:
        console.print_failure(f"{type(error).__name__}: {error}")
    return FAILED
