"""Tuning of Python's collector of cyclic garbage, which would search a whole workspace again and again."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 500_000
"""New objects between two collections: a file makes some thousands, and most of them stay."""

GROWTH = 1.25
"""How much larger the memory may become from run to run before what earlier runs left is searched."""

_blocks_kept = 0
"""How many blocks of memory were in use when that was last done; before the first run: none."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect rarely: trees and facts are millions of objects, and few of them become garbage."""
    threshold = gc.get_threshold()
    frozen_before = gc.get_freeze_count()
    if not frozen_before:
        _collect_what_earlier_runs_left()
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


def _collect_what_earlier_runs_left() -> None:
    """Collect garbage if there is much. Python would never: freezing restarts what it counts for that."""
    global _blocks_kept
    if _blocks_kept and sys.getallocatedblocks() <= GROWTH * _blocks_kept:
        return
    if _blocks_kept:
        gc.collect()
    _blocks_kept = sys.getallocatedblocks()
