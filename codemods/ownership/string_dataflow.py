"""Strings that a local variable holds: where each path leaves its scope, and who owns the string there.

A string has no release of its own to look for; it is freed by the compiler where the variable is
registered, by hand where a number holds it, and given away by being returned or put into a struct.
"""

from __future__ import annotations

from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Site, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.dataflow.solver import solve
from codemods.ownership.summaries.summaries import Summaries
from codemods.ownership.variable_states import OwnershipProblem, State
from tml_ast import nodes

_READING = frozenset((Role.OPERAND, Role.CONDITION, Role.DISCARDED))
_MOVING = frozenset((Role.RETURNED, Role.ELEMENT, Role.CONSTRUCTED))


def states_at_exits(
    summaries: Summaries, graph: ControlFlowGraph, variable: Variable
) -> list[tuple[Exit, frozenset[State]]]:
    """What the variable may be at each reachable exit of its scope."""
    solution = solve(graph, _StringOwnership(summaries, graph, variable))
    return [
        (step.action, step.before)
        for step in solution.steps()
        if isinstance(step.action, Exit) and step.before
    ]


class _StringOwnership(OwnershipProblem):
    def __init__(self, summaries: Summaries, graph: ControlFlowGraph, variable: Variable) -> None:
        super().__init__(graph, variable)
        self._summaries = summaries

    def after_use(self, site: Site) -> State | None:
        if site.through is not None:
            return State.UNKNOWN
        if site.role in _READING:
            return None
        if site.role in _MOVING:
            return State.MOVED
        if site.role in (Role.ARGUMENT, Role.RECEIVER):
            return None if self._summaries.call_effects(site) <= {Effect.BORROWS} else State.UNKNOWN
        if (
            site.role is Role.CAST
            and isinstance(site.parent, nodes.Cast)
            and site.parent.annotation.text == "Str"
        ):
            outer = self.graph.site_of(site.parent)
            return self.after_use(outer) if outer is not None else State.UNKNOWN
        return State.UNKNOWN
