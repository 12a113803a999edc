"""The one kind of failure that ends a command with a message instead of a result."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

ADVICE = {
    errno.ENOSPC: "make room there and run the same command again",
    errno.EDQUOT: "make room there and run the same command again",
    errno.EFBIG: "allow larger files there and run the same command again",
    errno.EACCES: "allow writing there and run the same command again",
    errno.EPERM: "allow writing there and run the same command again",
    errno.EROFS: "make it writable and run the same command again",
}
"""What to do about a file that cannot be written."""


class UserError(Exception):
    """Something the user can fix; its text is one line, to be shown as it is."""


@contextmanager
def errors_at(place: object) -> Iterator[None]:
    """Let an OSError name ``place``, also where the system call had only a descriptor."""
    try:
        yield
    except OSError as error:
        error.filename = str(place)
        raise


def write_failure(error: OSError, place: object) -> str:
    """Why something could not be written, where (at ``place``, unless the system says), and what to do."""
    reason = f"{error.filename or place}: {error.strerror or error}"
    # An error that names no file comes from writing to an open one, or from finding no place for it.
    advice = ADVICE.get(error.errno or 0) or (ADVICE[errno.ENOSPC] if error.filename is None else None)
    return f"{reason}; {advice}" if advice else reason
