"""How much work something is: calls of functions, counted instead of timed, the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def work(run: Callable[[], object], *, at_most: int | None = None) -> int:
    """How many functions ``run`` calls, those of C included. More than ``at_most`` fails at once."""
    count = 0

    def observe(_frame: FrameType, event: str, _function: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            if count == at_most:
                raise AssertionError(f"not done after {count:,} calls")

    before = sys.getprofile()
    sys.setprofile(observe)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count
