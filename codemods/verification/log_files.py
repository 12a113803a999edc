"""Reading the logs of ``tml test`` from files or standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from codemods.model.errors import UserError
from codemods.verification.leak_log import Run, read_log

STANDARD_INPUT = "-"
ADVICE = "make the log with: tml test --no-cache --log-filter=test=info 2>&1 | tee tests.log"


def read_logs(paths: Sequence[Path]) -> list[list[Run]]:
    """The runs of each log. Raises `UserError` for a log that cannot be read or has no run."""
    if sum(str(path) == STANDARD_INPUT for path in paths) > 1:
        raise UserError("standard input can be read only once; name it only once")
    return [_read(path) for path in paths]


def _read(path: Path) -> list[Run]:
    try:
        if str(path) == STANDARD_INPUT:
            runs = read_log(sys.stdin.buffer)  # type: ignore[arg-type]
        else:
            with path.open("rb") as stream:
                runs = read_log(stream)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    if not runs:
        raise UserError(f"{path}: has no output of `tml test` in it; {ADVICE}")
    return runs
