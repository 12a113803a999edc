"""Dataflow that keeps paths apart: a set of states, each of which goes its own way.

As property simulation does (Das et al., "ESP: Path-Sensitive Program Verification in Polynomial Time", 2002):
paths are joined only where their states are the same.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable
from typing import TypeVar

from codemods.ownership.dataflow.lattices import BoundedPowerset
from codemods.ownership.dataflow.solver import Problem

A = TypeVar("A")
H = TypeVar("H", bound=Hashable)


class PathSensitiveProblem(Problem[A, frozenset[H]]):
    """What may be so: ``step`` says what an action makes of one state; a path that cannot be has none."""

    def __init__(self, lattice: BoundedPowerset[H], boundary: frozenset[H]) -> None:
        """Nothing is known any more where there are more states than ``lattice`` holds."""
        super().__init__(lattice, boundary)
        self._states = lattice

    @abstractmethod
    def step(self, action: A, state: H) -> Iterable[H]:
        """The states on the far side of an action."""

    def transfer(self, action: A, state: frozenset[H]) -> frozenset[H]:
        """All of the steps."""
        if state == self._states.top:
            return state
        return self._states.bounded(
            frozenset(after for before in state for after in self.step(action, before))
        )
