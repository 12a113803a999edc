"""Which local variables may hold the same value, and whether a payload is taken out in one place only.

An approximation for a whole function, whatever the order of its statements.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.summaries.handles import is_list
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, Type
from tml_ast import nodes

LOCAL_KINDS = frozenset((VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD, VariableKind.DESTRUCTURED))


class Aliases:
    """What else may hold the value of a variable."""

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries
        self._groups: dict[ControlFlowGraph, dict[Variable, AbstractSet[Variable]]] = {}

    def is_only_read(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether nothing but the variable holds its value or a part of it, at any time."""
        fate = self._summaries.fate(graph, variable)
        return fate.is_only_read and fate.views <= {variable}

    def may_be_taken_elsewhere(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether the value comes out of a Maybe or Outcome that is opened a second time."""
        value = variable.value
        assert value is not None
        start, end = value.start, value.end
        for source, uses in graph.uses_by_variable.items():
            if not _is_variant(source):
                continue
            for use in uses:
                if not start <= use.node.start < end or _only_asks(use.site):
                    continue
                if not self.is_opened_once(graph, source, use):
                    return True
        return False

    def is_opened_once(self, graph: ControlFlowGraph, source: Variable, opening: Use) -> bool:
        """Whether a local Maybe or Outcome is opened at one place only, and there at most once."""
        if source.kind not in LOCAL_KINDS or source.value is None or graph.is_assigned(source):
            return False
        if any(use.node is not opening.node and not _only_asks(use.site) for use in graph.uses(source)):
            return False
        others = self._of(graph, source) - {source}
        if any(_is_variant(other) and not _is_source_of(other, source) for other in others):
            return False
        if self.may_be_taken_elsewhere(graph, source):
            return False
        loops = (
            node
            for node in graph.nodes_of(nodes.Loop, nodes.While, nodes.For)
            if node.start <= opening.node.start < node.end
        )
        return all(loop.start <= source.node.start < loop.end for loop in loops)

    def others_released(
        self, graph: ControlFlowGraph, variable: Variable, followed: AbstractSet[Variable] = frozenset()
    ) -> bool:
        """Whether something else that is released may be the same value, or hold it, or be a part of it.

        The variables that are ``followed`` are known to hold it, and where.
        """
        others = self._of(graph, variable) - {variable} - followed
        return bool(others) and any(
            use.variable in others
            and self._is_released(graph, use.site)
            and not self.only_lists_parts(graph, use.variable, variable)
            for use in graph.all_uses
        )

    def only_lists_parts(self, graph: ControlFlowGraph, variable: Variable, owner: Variable) -> bool:
        """Whether a variable is a list of its own, which frees no part of ``owner`` that is in it."""
        return (
            is_list(variable.type)
            and not is_list(owner.type)
            and self._summaries.is_made_by_call(graph, variable)
            and owner not in self._summaries.fate(graph, variable).views
        )

    def _is_released(self, graph: ControlFlowGraph, site: Site) -> bool:
        """Whether a use, or a cast of it, is handed to something that releases it."""
        while site.role is Role.CAST:
            outer = graph.site_of(site.parent)
            if outer is None:
                return False
            site = outer
        is_passed = site.role in (Role.RECEIVER, Role.ARGUMENT)
        return is_passed and Effect.RELEASES in self._summaries.call_effects(site)

    def _of(self, graph: ControlFlowGraph, variable: Variable) -> AbstractSet[Variable]:
        """The variables that may share a value with one, itself included."""
        if graph not in self._groups:
            self._groups[graph] = self._find_groups(graph)
        return self._groups[graph].get(variable, {variable})

    def _find_groups(self, graph: ControlFlowGraph) -> dict[Variable, AbstractSet[Variable]]:
        groups: dict[Variable, AbstractSet[Variable]] = {}
        for variable in graph.variables:
            if variable.kind is VariableKind.LOOP or not _may_hold(variable.type):
                continue
            if variable.type is not None and variable.type.name in SCALARS:
                continue
            views = {view for view in self._summaries.fate(graph, variable).views if _may_hold(view.type)}
            merged = views.union(*(groups.get(member, {member}) for member in views | {variable}))
            for member in merged:
                groups[member] = merged
        return groups


def _is_source_of(outer: Variable, inner: Variable) -> bool:
    """Whether the value of ``inner`` is taken out of ``outer``, which is checked by itself."""
    value = inner.value
    return value is not None and outer.node.start < inner.node.start and outer.name in value.text


def _is_variant(variable: Variable) -> bool:
    """Whether a variable holds, or refers to, a Maybe or Outcome."""
    return variable.type is not None and variable.type.target().name in BUILTIN_VARIANTS


def _only_asks(site: Site) -> bool:
    """Whether a value is only asked which variant it is."""
    if site.role is not Role.RECEIVER:
        return False
    return isinstance(site.parent, nodes.MethodCall) and site.parent.name.startswith("is_")


def _may_hold(type_: Type | None) -> bool:
    """Whether a variable of this type may hold an owner or its handle, not just a string of it."""
    return type_ is None or (type_.name not in SCALARS - {"I64", "U64"} and not type_.is_str)
