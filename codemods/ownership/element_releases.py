"""Releases of the elements of a list at two places of one path: what no fix may add to.

A loop may release each element once. Where another place has released elements of the same list before, some
are released twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import Action, ControlFlowGraph, Role, Site, Use, Variable
from codemods.ownership.dataflow.lattices import Flag
from codemods.ownership.dataflow.solver import solve
from codemods.ownership.drained import is_freed
from codemods.ownership.variable_states import VariableProblem
from tml_ast import nodes
from tml_ast.nodes import Node

_READING = frozenset(("get", "first", "last"))


def element_misuses(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> int:
    """How many reads of a list release an element where another read may have released it."""
    if variable.type is None or variable.type.target().bare != "List":
        return 0
    releasing = [use for use in graph.uses(variable) if _releases_element(analysis, graph, use)]
    return sum(_follows_another(graph, variable, use, releasing) for use in releasing)


def _releases_element(analysis: Analysis, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a use of a list reads an element that is then released."""
    read = use.site.parent
    if use.site.role is not Role.RECEIVER or not isinstance(read, nodes.MethodCall):
        return False
    if read.name not in _READING:
        return False
    return any(is_freed(analysis.summaries, graph, site) for site in _sites(graph, read))


def _sites(graph: ControlFlowGraph, value: Node) -> Iterator[Site]:
    """Where a value goes, or a cast of it, by itself or by the name of a variable."""
    site = graph.site_of(value)
    while site is not None and site.role is Role.CAST:
        value, site = site.parent, graph.site_of(site.parent)
    if site is not None:
        yield site
    for variable in graph.variables:
        if variable.value is value:
            yield from (use.site for use in graph.uses(variable))


def _follows_another(graph: ControlFlowGraph, variable: Variable, use: Use, releasing: list[Use]) -> bool:
    """Whether another of the releasing uses may come before a use, of the same value of the variable."""
    others = frozenset(id(other.node) for other in releasing if other is not use)
    if not others:
        return False
    solution = solve(graph, _Released(graph, variable, others))
    return any(step.before for step in solution.steps() if step.action is use)


class _Released(VariableProblem[bool]):
    """Whether elements of a list may be released already; ``uses`` are identities of nodes that release."""

    def __init__(self, graph: ControlFlowGraph, variable: Variable, uses: frozenset[int]) -> None:
        super().__init__(graph, variable, Flag(), boundary=False)
        self._uses = uses

    def transfer(self, action: Action, state: bool) -> bool:
        """Only a use releases; a new list has its elements."""
        return isinstance(action, Use) and (state or id(action.node) in self._uses)
