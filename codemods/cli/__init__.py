"""The command line: options in, reports out. Everything it does is done elsewhere.

Most of what a command needs takes its time to import. So each command stands in a module of its own, and
nothing is imported before it is known to be needed.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from codemods import __version__
from codemods.cli.statuses import FAILED, INTERRUPTED
from codemods.model.errors import UserError, write_failure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line ``arguments`` (default: those of this process); the exit status.

    Bad input ends in one line on standard error and status 2, never in a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except UserError as error:
        message = str(error)
    except OSError as error:
        message = write_failure(error, "a temporary file")
    except UnicodeError as error:
        message = f"{type(error).__name__}: {error}"
    else:
        return 0
    from codemods.reports.console import print_failure

    print_failure(message)
    return FAILED


def _run(arguments: Sequence[str]) -> None:
    if list(arguments) == ["--version"]:
        # Scripts ask for it often, and what reads a command line takes several times as long to import.
        print(f"tmlfix {__version__}", flush=True)
        return
    from codemods.cli.program import run

    run(arguments)
