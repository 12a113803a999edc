"""Strings that a local variable holds: where each path leaves its scope, and who owns the string there.

A string has no release of its own to look for; it is freed by the compiler where the variable is
registered, by hand where a number holds it, and given away by being returned or put into a struct.
"""

from __future__ import annotations

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
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.obligations import State
from codemods.ownership.summaries.summaries import Summaries
from tml_ast import nodes

_READING = frozenset((Role.OPERAND, Role.CONDITION, Role.DISCARDED))
_MOVING = frozenset((Role.RETURNED, Role.ELEMENT, Role.CONSTRUCTED))


def states_at_exits(
    summaries: Summaries, graph: ControlFlowGraph, variable: Variable
) -> list[tuple[Exit, frozenset[State]]]:
    """What the variable may be at each reachable exit of its scope."""
    reaching: dict[int, frozenset[State]] = {id(graph.entry): frozenset()}
    pending: list[BasicBlock[Action]] = [graph.entry]
    while pending:
        block = pending.pop()
        states = reaching[id(block)]
        for action in block.actions:
            states = _after(summaries, graph, variable, action, states)
        for successor in block.successors:
            known = reaching.get(id(successor))
            merged = states if known is None else known | states
            if merged != known:
                reaching[id(successor)] = merged
                pending.append(successor)
    found = []
    for block in graph.blocks:
        states = reaching.get(id(block), frozenset())
        for action in block.actions:
            if isinstance(action, Exit) and variable in action.variables and states:
                found.append((action, states))
            states = _after(summaries, graph, variable, action, states)
    return found


def _after(
    summaries: Summaries,
    graph: ControlFlowGraph,
    variable: Variable,
    action: Action,
    states: frozenset[State],
) -> frozenset[State]:
    if isinstance(action, Declare) and action.variable is variable:
        return frozenset((State.OWNED,))
    if isinstance(action, Assign) and action.variable is variable:
        return frozenset((State.OWNED,))
    if isinstance(action, Exit) and variable in action.variables:
        return frozenset()
    if isinstance(action, Use) and action.variable is variable and states:
        becomes = use_state(summaries, graph, action.site)
        return states if becomes is None else frozenset((becomes,))
    return states


def use_state(summaries: Summaries, graph: ControlFlowGraph, site: Site) -> State | None:
    """What a use of a string makes of its variable; None when it is only read."""
    if site.through is not None:
        return State.UNKNOWN
    if site.role in _READING:
        return None
    if site.role in _MOVING:
        return State.MOVED
    if site.role in (Role.ARGUMENT, Role.RECEIVER):
        return None if summaries.call_effects(site) <= {Effect.BORROWS} else State.UNKNOWN
    if (
        site.role is Role.CAST
        and isinstance(site.parent, nodes.Cast)
        and site.parent.annotation.text == "Str"
    ):
        outer = graph.site_of(site.parent)
        return use_state(summaries, graph, outer) if outer is not None else State.UNKNOWN
    return State.UNKNOWN
