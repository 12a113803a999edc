"""Functions whose every new string is a sum: its block is from ``malloc``, which no tracker sees leak.

What interpolation, copying and conversion make comes from ``mem_alloc``.
"""

from __future__ import annotations

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, ExitKind
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression


def makes_only_sums(analysis: Analysis, function: FunctionInfo, seen: frozenset[int] = frozenset()) -> bool:
    """Whether a function returns nothing new but sums of strings."""
    graph = analysis.summaries.graph(function)
    if graph is None or id(function) in seen or function.node.decorator("catalogued") is not None:
        return False
    seen |= {id(function)}
    returned = [
        exit_.value
        for exit_ in graph.exits
        if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL)
        and exit_.value is not None
        and not isinstance(exit_.value, nodes.Return | nodes.Literal)
    ]
    return bool(returned) and all(_is_sum(analysis, graph, value, seen) for value in returned)


def _is_sum(analysis: Analysis, graph: ControlFlowGraph, value: Expression, seen: frozenset[int]) -> bool:
    match value:
        case nodes.Group():
            return _is_sum(analysis, graph, value.inner, seen)
        case nodes.Binary():
            return value.operator == "+"
        case nodes.Path():
            use = graph.use_at(value)
            if use is None or use.variable.value is None:
                return False
            given = [use.variable.value, *(each.node.value for each in graph.assignments_to(use.variable))]
            return all(isinstance(part, nodes.Binary | nodes.Literal) for part in given)
        case _:
            call = graph.call_at(value)
            return (
                call is not None and call.callee is not None and makes_only_sums(analysis, call.callee, seen)
            )
