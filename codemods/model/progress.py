"""How long-running work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, how much of it is done, and how much there is in all."""


def unwatched(_activity: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


class Way:
    """How much of all work is done, as one number that only grows, whatever is reported.

    Nobody knows beforehand which work there will be. So each kind of work takes half of what is left when it
    begins, and work of which more turns up waits until it gets further than it was.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._activity: str | None = None
        self._start = 0.0

    def report(self, activity: str, done: int, total: int) -> float:
        """Take a report, and return the share of the work that is done: at least 0, less than 1."""
        if activity != self._activity:
            self._activity, self._start = activity, self.share
        part = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
        self.share = max(self.share, self._start + (1 - self._start) / 2 * part)
        return self.share
