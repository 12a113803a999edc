"""Where a page goes: to standard output, or whole to a file."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from codemods.errors import UserError, write_failure


def deliver_page(page: str, file: Path | None) -> None:
    """Print the page, or put it in the place of the file at once.

    Raises `UserError` if the file cannot be written; it is as it was then.
    """
    if file is None:
        sys.stdout.write(page)
        return
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(page)
            Path(name).chmod(0o644)
            Path(name).replace(file)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        error.filename = None
        raise UserError(write_failure(error, file)) from error
