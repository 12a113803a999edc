"""Least fixpoints that are found on demand, the same whatever is asked for first.

In the manner of top-down solvers (Le Charlier and Van Hentenryck 1992; Fecht and Seidl 1999): what is asked
for while it is being found counts as what is known of it so far, and is found again until nothing is added.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

V = TypeVar("V")

_NOTHING_OPEN = 1 << 60


@dataclass(slots=True)
class _Open:
    """A value that is being found: its depth in the recursion, and whether it was asked for meanwhile."""

    depth: int
    was_asked: bool = False


class Fixpoints:
    """Values by their keys; values may depend on each other in cycles."""

    def __init__(self) -> None:
        self.known: dict[Hashable, Any] = {}
        """The values that are found."""
        self._open: dict[Hashable, _Open] = {}
        self._so_far: dict[Hashable, Any] = {}
        """What is known so far of values in a cycle that is not solved yet."""
        self._tentative: dict[Hashable, tuple[Any, int]] = {}
        """The values that were found in this pass of the cycle, with the least depth that they depend on."""
        self._lowest = _NOTHING_OPEN
        """The least depth of the open values that were asked for."""
        self._changes = 0

    @property
    def is_idle(self) -> bool:
        """Whether no value is being found."""
        return not self._open

    def find(self, key: Hashable, compute: Callable[[], V], least: V, join: Callable[[V, V], V]) -> V:
        """The value of a key: ``compute`` may ask for others, which may ask for this one.

        ``least`` is the bottom of the lattice, and ``join`` its least upper bound.
        """
        if key in self.known:
            known: V = self.known[key]
            return known
        if key in self._open or key in self._tentative:
            unfinished: V = self._unfinished(key, least)
            return unfinished
        entry = _Open(len(self._open))
        outer, made = self._lowest, len(self._tentative)
        self._open[key] = entry
        try:
            while True:
                changes = self._changes
                self._lowest = _NOTHING_OPEN
                before = self._so_far.get(key, least)
                value = join(before, compute())
                if value != before:
                    self._so_far[key] = value
                    self._changes += 1
                # The first value of a cycle repeats the cycle until a pass changes nothing.
                if self._lowest < entry.depth or not entry.was_asked or self._changes == changes:
                    break
                self._forget_pass(made)
        except BaseException:
            self._forget_pass(made)
            self._lowest = outer
            raise
        finally:
            del self._open[key]
        if self._lowest < entry.depth:
            for inner_key in [*self._tentative][made:]:
                inner_value, lowest = self._tentative[inner_key]
                self._tentative[inner_key] = inner_value, min(lowest, self._lowest)
            self._tentative[key] = value, self._lowest
            self._lowest = min(outer, self._lowest)
        else:
            for inner_key in [*self._tentative][made:]:
                self.known[inner_key], _ = self._tentative.pop(inner_key)
                self._so_far.pop(inner_key, None)
            self.known[key] = value
            self._so_far.pop(key, None)
            self._lowest = outer
        return value

    def _unfinished(self, key: Hashable, least: V) -> Any:
        if key in self._open:
            entry = self._open[key]
            entry.was_asked = True
            self._lowest = min(self._lowest, entry.depth)
            return self._so_far.get(key, least)
        value, lowest = self._tentative[key]
        self._lowest = min(self._lowest, lowest)
        return value

    def _forget_pass(self, kept: int) -> None:
        for tentative_key in [*self._tentative][kept:]:
            del self._tentative[tentative_key]
