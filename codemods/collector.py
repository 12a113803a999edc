"""Python's collector of cyclic garbage, kept from looking through a workspace again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 100_000
"""New objects between two collections: a file has some thousands, and they live on."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect seldom: trees and facts are millions of objects, and hardly any is garbage."""
    before = gc.get_threshold()
    gc.set_threshold(FEW, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
