"""How long-running work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, how much of it is done, and how much there is in all."""


def unwatched(_activity: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""
