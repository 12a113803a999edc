"""Releases of what a holder took that the compiler has dropped: what no fix may add to.

A struct or an enum that a variable is put into holds a copy of it. Where the compiler drops the holder, what
is in it is released, and the variable does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

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

Held = frozenset[tuple[Variable, bool]]
"""The holders of a value, each with whether it is dropped."""


def holder_misuses(
    analysis: Analysis, graph: ControlFlowGraph, variable: Variable, releases: Callable[[Site], bool]
) -> int:
    """How many uses that release a variable may come after the drop of something that it was put into."""
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
    solution = solve(graph, _Dropped(analysis, graph, variable, holders))
    return sum(
        id(step.action.node) in releasing and any(is_dropped for _, is_dropped in step.before)
        for step in solution.steps()
        if isinstance(step.action, Use)
    )


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


class _Dropped(Problem[Action, Held]):
    """What holds a variable's value, and whether the compiler has dropped it."""

    def __init__(
        self,
        analysis: Analysis,
        graph: ControlFlowGraph,
        variable: Variable,
        holders: Mapping[int, Sequence[Variable]],
    ) -> None:
        super().__init__(Powerset(), frozenset())
        self._analysis = analysis
        self._graph = graph
        self._variable = variable
        self._holders = holders

    def transfer(self, action: Action, state: Held) -> Held:
        """A use hands it to a holder, an exit drops the holder, and a new value is in none."""
        match action:
            case Use() if id(action.node) in self._holders:
                return state | {(holder, False) for holder in self._holders[id(action.node)]}
            case Declare() | Assign() if action.variable is self._variable:
                return frozenset()
            case Exit() if self._variable in action.leaving:
                return frozenset()
            case Exit() if state:
                return frozenset(
                    (holder, is_dropped or self._is_dropped_at(holder, action))
                    for holder, is_dropped in state
                    if is_dropped or holder not in action.leaving or self._is_dropped_at(holder, action)
                )
            case _:
                return state

    def _is_dropped_at(self, holder: Variable, exit_: Exit) -> bool:
        return holder in exit_.leaving and self._analysis.drops.covers(self._graph, holder, exit_)
