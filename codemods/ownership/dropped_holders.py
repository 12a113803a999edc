"""Releases of what a holder took that the compiler drops: what no fix may add to.

A struct or an enum that a variable is put into holds a copy of it. Where the compiler drops the holder, what
is in it is released, and the variable does not know. Nor does the holder know where the variable is released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from enum import Enum, auto

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    ControlFlowGraph,
    Declare,
    Exit,
    Role,
    Site,
    Use,
    Variable,
)
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.dataflow.lattices import Powerset
from codemods.ownership.dataflow.solver import Problem, solve
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_TAKING = frozenset((Role.ELEMENT, Role.CONSTRUCTED))


class _State(Enum):
    """What became of the value in a holder."""

    OWED = auto()
    RELEASED = auto()
    """By the name of the variable that was put into it."""
    DROPPED = auto()
    """With the holder."""


_Held = frozenset[tuple[Variable, _State]]
"""The holders of a value, each with what became of the value in it."""


def holder_misuses(
    analysis: Analysis, graph: ControlFlowGraph, variable: Variable, releases: Callable[[Site], bool]
) -> int:
    """How often a variable may be released and something dropped that it was put into, in any order."""
    if analysis.drops.kind(variable.type) in (DropKind.NOTHING, DropKind.STRING):
        return 0
    holders = {
        id(use.node): tuple(_holders(analysis, graph, use.node))
        for use in graph.uses(variable)
        if use.site.role in _TAKING
    }
    if not any(holders.values()):
        return 0
    releasing = {id(use.node) for use in graph.uses(variable) if releases(use.site)}
    if not releasing:
        return 0
    problem = _Releases(analysis, graph, variable, holders, releasing)
    return sum(problem.is_second(step.action, step.before) for step in solve(graph, problem).steps())


def _holders(analysis: Analysis, graph: ControlFlowGraph, taken: Node) -> Iterator[Variable]:
    """The variables that are made with a value in them, and that the compiler drops."""
    for variable in graph.variables:
        value = variable.value
        if value is None or not value.start <= taken.start < value.end:
            continue
        if _builds(graph, value) and analysis.drops.is_registered(variable):
            yield variable


def _builds(graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether an expression is a struct, or the variant of an enum, with what stands in it."""
    call = graph.call_at(value)
    return isinstance(value, nodes.StructLiteral) or (call is not None and bool(call.constructor))


class _Releases(Problem[Action, _Held]):
    """What holds a variable's value, and what became of it there; ``releasing`` are identities of nodes."""

    def __init__(
        self,
        analysis: Analysis,
        graph: ControlFlowGraph,
        variable: Variable,
        holders: Mapping[int, Sequence[Variable]],
        releasing: Set[int],
    ) -> None:
        super().__init__(Powerset(), frozenset())
        self._analysis = analysis
        self._graph = graph
        self._variable = variable
        self._holders = holders
        self._releasing = releasing

    def transfer(self, action: Action, state: _Held) -> _Held:
        """A use hands it to a holder or releases it, an exit drops the holder, and a new value is in none."""
        match action:
            case Use() if id(action.node) in self._holders:
                return state | {(holder, _State.OWED) for holder in self._holders[id(action.node)]}
            case Use() if id(action.node) in self._releasing:
                return frozenset(
                    (holder, _State.RELEASED if known is _State.OWED else known) for holder, known in state
                )
            case Declare() | Assign() if action.variable is self._variable:
                return frozenset()
            case Exit() if self._variable in action.leaving:
                return frozenset()
            case Exit() if state:
                return frozenset(
                    (holder, _State.DROPPED if self._drops(holder, action) else known)
                    for holder, known in state
                    if known is _State.DROPPED or holder not in action.leaving or self._drops(holder, action)
                )
            case _:
                return state

    def is_second(self, action: Action, state: _Held) -> bool:
        """Whether an action releases or drops what is released or dropped already."""
        match action:
            case Use():
                is_dropped = any(known is _State.DROPPED for _, known in state)
                return is_dropped and id(action.node) in self._releasing
            case Exit():
                return any(
                    known is _State.RELEASED and self._drops(holder, action) for holder, known in state
                )
            case _:
                return False

    def _drops(self, holder: Variable, exit_: Exit) -> bool:
        return holder in exit_.leaving and self._analysis.drops.covers(self._graph, holder, exit_)
