"""Python's collector of cyclic garbage, kept from looking through a workspace again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 500_000
"""New objects between two collections: a file has some thousands, and they live on."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect seldom: trees and facts are millions of objects, and hardly any is garbage."""
    threshold = gc.get_threshold()
    spared = gc.get_freeze_count()
    gc.set_threshold(FEW, *threshold[1:])
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        if not spared:
            gc.unfreeze()


def spare_what_lives() -> None:
    """Let the collector pass over all there is by now, until `rare_collections` ends."""
    gc.freeze()
