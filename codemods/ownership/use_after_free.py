"""Releases and uses that find their value released: what no fix may add to.

Three kinds of values are followed: those that owe a release; strings, which the compiler frees where their
variable is registered and the program frees by hand where it is not; and each Maybe and Outcome, whose
payload may be released once.
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
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.obligations import Analysis
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS
from tml_ast import nodes

_WORDS = SCALARS - {"Bool", "F32", "F64"}


def misuses(analysis: Analysis, graph: ControlFlowGraph) -> int:
    """How many places of a function may release a value twice, or use it afterwards."""
    owed = sum(len(each.released_twice) + len(each.used_released) for each in analysis.obligations(graph))
    return owed + sum(_freed_misuses(analysis, graph, each) for each in graph.variables)


def _freed_misuses(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> int:
    """The places where a variable is used, or dropped, when what it holds is freed already.

    It may be a string, a number that holds the address of one, or a Maybe or Outcome with its payload.
    """
    if variable.type is None:
        return 0
    if variable.type.name in BUILTIN_VARIANTS:
        frees = _emptied_at(analysis, graph, variable)
    elif variable.type.is_str or variable.type.name in _WORDS:
        frees = {id(use.node) for use in graph.uses(variable) if _is_freed_at(analysis, graph, use.site)}
    else:
        return 0
    if not frees:
        return 0
    reaching: dict[int, bool] = {id(graph.entry): False}
    pending: list[BasicBlock[Action]] = [graph.entry]
    while pending:
        block = pending.pop()
        freed = reaching[id(block)]
        for action in block.actions:
            freed = _after(action, variable, frees, freed)
        for successor in block.successors:
            if id(successor) not in reaching or (freed and not reaching[id(successor)]):
                reaching[id(successor)] = freed
                pending.append(successor)
    wrong = 0
    for block in graph.blocks:
        freed = reaching.get(id(block), False)
        for action in block.actions:
            wrong += freed and _touches(analysis, graph, variable, action)
            freed = _after(action, variable, frees, freed)
    return wrong


def _touches(analysis: Analysis, graph: ControlFlowGraph, variable: Variable, action: Action) -> bool:
    """Whether an action reads the variable, or is an exit where the compiler frees it."""
    if isinstance(action, Exit) and variable in action.variables:
        return analysis.drops.covers(graph, variable, action)
    return isinstance(action, Use) and action.variable is variable


def _after(action: Action, variable: Variable, frees: set[int], freed: bool) -> bool:
    if isinstance(action, Declare | Assign) and action.variable is variable:
        return False
    if isinstance(action, Use) and action.variable is variable:
        return freed or id(action.node) in frees
    if isinstance(action, Exit) and variable in action.variables:
        return False
    return freed


def _emptied_at(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> set[int]:
    """The uses of a Maybe or Outcome that open it with an arm which releases the payload."""
    emptied = set()
    for use in graph.uses(variable):
        opening = use.site.parent
        if use.site.role is not Role.SCRUTINEE or not isinstance(opening, nodes.When):
            continue
        payloads = [
            each
            for each in graph.variables
            if each.kind is VariableKind.PAYLOAD and opening.start <= each.offset < opening.end
        ]
        if any(Effect.RELEASES in analysis.fate(graph, each).effects for each in payloads):
            emptied.add(id(use.node))
    return emptied


def _is_freed_at(analysis: Analysis, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether a use hands the string itself to something that frees it."""
    while site.role is Role.CAST:
        further = graph.site_of(site.parent)
        if further is None:
            return False
        site = further
    return site.role is Role.ARGUMENT and Effect.RELEASES in analysis.call_effects(site)
