"""Accesses: which functions reach through the handle of a value that they are given."""

from __future__ import annotations

from operator import or_

from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, VariableKind
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes


class Accesses:
    """Whether a function needs what the release of its argument gives back."""

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries
        self._found = Fixpoints()

    def reaches(self, use: Use) -> bool:
        """Whether a use passes a value to a function that reads or writes through its handle."""
        site = use.site
        if site.callee is None or site.role not in (Role.RECEIVER, Role.ARGUMENT):
            return False
        return self._function_reaches(site.callee, -1 if site.role is Role.RECEIVER else site.position)

    def _function_reaches(self, function: FunctionInfo, position: int) -> bool:
        return self._found.find((function, position), lambda: self._compute(function, position), False, or_)

    def _compute(self, function: FunctionInfo, position: int) -> bool:
        graph = self._summaries.graph(function)
        parameters = function.parameters if position < 0 else function.values
        index = max(position, 0)
        if graph is None or index >= len(parameters):
            return False
        name = parameters[index].name
        kinds = (VariableKind.PARAMETER, VariableKind.RECEIVER)
        return any(
            self._use_reaches(graph, use)
            for use in graph.all_uses
            if use.variable.name == name and use.variable.kind in kinds
        )

    def _use_reaches(self, graph: ControlFlowGraph, use: Use) -> bool:
        if use.site.role is not Role.FIELD:
            return self.reaches(use)
        access = use.site.parent
        assert isinstance(access, nodes.FieldAccess)
        owner = use.variable.type
        if owner is None or access.name not in self._summaries.handles.fields(owner.target()):
            return False
        outer = graph.site_of(access)
        while outer is not None and outer.role is Role.CAST:
            outer = graph.site_of(outer.parent)
        if outer is None:
            return False
        return outer.role is Role.ARGUMENT or (
            outer.role is Role.OPERAND and isinstance(outer.parent, nodes.Unary | nodes.Index)
        )
