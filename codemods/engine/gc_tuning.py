"""Tuning of Python's collector of cyclic garbage, which would search a whole workspace again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 500_000
"""New objects between two collections: a file makes some thousands, and most of them stay."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect rarely: trees and facts are millions of objects, and few of them become garbage."""
    threshold = gc.get_threshold()
    frozen_before = gc.get_freeze_count()
    gc.set_threshold(FEW, *threshold[1:])
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        if not frozen_before:
            gc.unfreeze()


def ignore_objects_so_far() -> None:
    """Let the collector skip all objects that exist now, until `rare_collections` ends."""
    gc.freeze()
