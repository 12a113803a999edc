"""Releases of what a closure releases although it belongs outside: what no fix may add to.

A closure may be called any number of times, and wherever it is handed to. So it is never right to release in
its body what it captured, nor to release outside what its body releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.semantics.symbols import SCALARS

_RELEASING = {Effect.RELEASES, Effect.DRAINS}


def captured_releases(analysis: Analysis, graph: ControlFlowGraph) -> int:
    """How many calls in a function and its closures release what a closure captured and releases."""
    if not graph.closures:
        return 0
    graphs = list(graph.with_closures())
    holders = _holders(analysis, graphs)
    captured: set[Variable] = set()
    for closure in graphs[1:]:
        own = {variable for inner in closure.with_closures() for variable in inner.variables}
        for variable in _released(analysis, closure):
            if not holders[variable] <= own:
                captured |= holders[variable]
    return sum(variable in captured for inner in graphs for variable in _released(analysis, inner))


def _holders(analysis: Analysis, graphs: Sequence[ControlFlowGraph]) -> Mapping[Variable, Set[Variable]]:
    """For each variable those that may hold the same value, or a part of it."""
    holders: dict[Variable, Set[Variable]] = {}
    for graph in graphs:
        for variable in graph.uses_by_variable:
            views = analysis.summaries.fate(graph, variable).views
            if _is_number(variable):
                # It may be an address; what is made with any other number holds none of it.
                views = frozenset(filter(_is_number, views))
            together: Set[Variable] = {variable}.union(*(holders.get(each, {each}) for each in views))
            together |= holders.get(variable, set())
            holders |= dict.fromkeys(together, together)
    return holders


def _is_number(variable: Variable) -> bool:
    return variable.type is not None and variable.type.name in SCALARS


def _released(analysis: Analysis, graph: ControlFlowGraph) -> Iterator[Variable]:
    """The variables in what a call releases, in whole or in part; for each such call."""
    for call in graph.calls:
        for value in [*call.arguments] if call.receiver is None else [call.receiver, *call.arguments]:
            site = graph.site_of(value)
            if site is not None and analysis.summaries.call_effects(site) & _RELEASING:
                yield from dict.fromkeys(use.variable for use in graph.uses_in(value))
