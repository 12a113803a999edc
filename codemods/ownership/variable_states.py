"""Dataflow about one variable: what its value may be at each point of a function."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from enum import Enum, auto
from typing import TypeVar

from codemods.ownership.cfg.graph import Action, Assign, ControlFlowGraph, Declare, Exit, Site, Use, Variable
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.dataflow.lattices import Lattice, Powerset
from codemods.ownership.dataflow.solver import Problem

S = TypeVar("S")


class State(Enum):
    """What a variable may be at a point: several at once where paths meet."""

    OWNED = auto()
    RELEASED = auto()
    MOVED = auto()
    UNKNOWN = auto()


class VariableProblem(Problem[Action, S]):
    """A problem that only actions on one variable matter to, and the exits of its scope."""

    def __init__(self, graph: ControlFlowGraph, variable: Variable, lattice: Lattice[S], boundary: S) -> None:
        super().__init__(lattice, boundary)
        self.graph = graph
        self.variable = variable
        self._actions = graph.actions_on.get(variable, {})

    def actions(self, block: BasicBlock[Action]) -> Sequence[Action]:
        """Those of the variable."""
        return self._actions.get(block, ())


class OwnershipProblem(VariableProblem[frozenset[State]]):
    """What a variable that gets an owned value may be; nothing where it is not in scope."""

    def __init__(
        self, graph: ControlFlowGraph, variable: Variable, boundary: frozenset[State] = frozenset()
    ) -> None:
        super().__init__(graph, variable, Powerset(), boundary)

    def transfer(self, action: Action, state: frozenset[State]) -> frozenset[State]:
        """A declaration or assignment brings a value, an exit ends the scope, a use may take the value."""
        if isinstance(action, Declare | Assign):
            return _OWNED
        if isinstance(action, Exit):
            return frozenset()
        if not isinstance(action, Use) or not state:
            return state
        becomes = self.after_use(action.site)
        return state if becomes is None else frozenset((becomes,))

    @abstractmethod
    def after_use(self, site: Site) -> State | None:
        """What a use makes of the variable; None where it leaves it as it is."""


_OWNED = frozenset((State.OWNED,))
