"""Dataflow over a flow graph: a problem says how actions change a state, and ``solve`` finds all states.

The monotone framework of Kildall (1973) and Kam and Ullman (1977), in the shape of rustc's ``Analysis`` and
the Checker Framework's ``TransferFunction`` and ``Store``. What is reported is no part of a problem: who
wants to report something walks over the steps of a solution.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from heapq import heappop, heappush
from typing import ClassVar, Generic, NamedTuple, TypeVar

from codemods.ownership.dataflow.flow_graph import BasicBlock, FlowGraph
from codemods.ownership.dataflow.lattices import Lattice

A = TypeVar("A")
S = TypeVar("S")


class Direction(Enum):
    """Whether states flow from the entry on, or from the ends of the function back."""

    FORWARD = auto()
    BACKWARD = auto()


class Problem(ABC, Generic[A, S]):
    """What is to be found: states of a lattice, and how actions change them.

    ``transfer`` must be monotone: a greater state gives no lesser one. Then the solution is the least
    fixpoint, whatever the order of the work. It must end: the lattice has finite height.
    """

    direction: ClassVar[Direction] = Direction.FORWARD

    def __init__(self, lattice: Lattice[S], boundary: S) -> None:
        """``boundary`` is the state where control enters; of a backward problem, where it ends."""
        self.lattice = lattice
        self.boundary = boundary

    @abstractmethod
    def transfer(self, action: A, state: S) -> S:
        """The state on the far side of an action."""

    def actions(self, block: BasicBlock[A]) -> Sequence[A]:
        """The actions of a block that matter, in the order they were written; the others are passed over."""
        return block.actions


class Step(NamedTuple, Generic[A, S]):
    """An action with the states on both sides: ``before`` is where the flow comes from."""

    action: A
    before: S
    after: S


@dataclass(frozen=True, slots=True)
class Solution(Generic[A, S]):
    """The states of a graph, least for each block; blocks that control cannot reach have none."""

    graph: FlowGraph[A]
    problem: Problem[A, S]
    states: Mapping[BasicBlock[A], S]
    """The state where the flow comes into each block: at its start, or its end if it goes backward."""

    def steps_of(self, block: BasicBlock[A]) -> Iterator[Step[A, S]]:
        """The steps through a block, in the direction of the flow."""
        state = self.states[block]
        for action in _ordered(self.problem, block):
            before, state = state, self.problem.transfer(action, state)
            yield Step(action, before, state)

    def steps(self) -> Iterator[Step[A, S]]:
        """The steps through all blocks, these in the order they were written."""
        for block in self.graph.reachable:
            yield from self.steps_of(block)


def solve(graph: FlowGraph[A], problem: Problem[A, S]) -> Solution[A, S]:
    """The least solution of a problem, by a worklist in reverse postorder."""
    is_forward = problem.direction is Direction.FORWARD
    order = graph.reverse_postorder if is_forward else graph.reverse_postorder[::-1]
    join = problem.lattice.join
    states = dict.fromkeys(order, problem.lattice.bottom)
    for block in _boundaries(graph, problem):
        states[block] = problem.boundary
    rank = {block: place for place, block in enumerate(order)}
    pending = list(range(len(order)))
    is_pending = [True] * len(order)
    while pending:
        place = heappop(pending)
        is_pending[place] = False
        block = order[place]
        state = states[block]
        for action in _ordered(problem, block):
            state = problem.transfer(action, state)
        for successor in block.successors if is_forward else graph.predecessors[block]:
            known = states[successor]
            joined = join(known, state)
            if joined != known:
                states[successor] = joined
                if not is_pending[rank[successor]]:
                    is_pending[rank[successor]] = True
                    heappush(pending, rank[successor])
    return Solution(graph, problem, states)


def _boundaries(graph: FlowGraph[A], problem: Problem[A, S]) -> Sequence[BasicBlock[A]]:
    """The blocks that the flow starts in."""
    if problem.direction is Direction.FORWARD:
        return [graph.entry]
    return [block for block in graph.reachable if not block.successors]


def _ordered(problem: Problem[A, S], block: BasicBlock[A]) -> Sequence[A]:
    actions = problem.actions(block)
    return actions if problem.direction is Direction.FORWARD else actions[::-1]
