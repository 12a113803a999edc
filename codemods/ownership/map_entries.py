"""The strings that hash maps copy when something is put into them: who still reads such a copy, and when.

A map keeps a copy of each key and value that it is given. It frees neither, and hands out the copies
themselves. So they may be freed just before the map is destroyed where all that is read from a map is
only looked at, and not after that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Declare, Role, Site, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.dependent_tests import DependentTests
from codemods.semantics.symbols import SCALARS, FunctionInfo, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression

_MAPS = frozenset(("HashMap", "HashMapIter"))
_READERS = frozenset(("get", "key", "value"))
_LOOKING = frozenset((Role.OPERAND, Role.CONDITION, Role.DISCARDED))
_ONLY_LENT = frozenset((Effect.BORROWS,))


def map_of(type_: Type | None) -> Type | None:
    """The type of a hash map that has strings in it, and else at most scalars; None for other types."""
    target = type_.target() if type_ is not None else None
    if target is None or target.bare != "HashMap" or len(target.arguments) != 2:
        return None
    arguments = target.arguments
    if not any(argument.is_str for argument in arguments):
        return None
    return target if all(argument.is_str or argument.name in SCALARS for argument in arguments) else None


class MapEntries:
    """The strings in the hash maps of a workspace that has the catalogue's map."""

    def __init__(self, analysis: Analysis, tests: DependentTests) -> None:
        self._analysis = analysis
        self._tests = tests

    def may_be_freed(self, map_: Type) -> bool:
        """Whether the strings in maps of a type, as ``map_of`` finds it, can be freed with each map."""
        info = self._analysis.index.type_info(map_)
        if info is None or not info.file.path.startswith("catalogue/"):
            return False
        if not _READERS.isdisjoint(self._analysis.drops.allocating_names):
            return False
        return map_.arguments not in self._kept and () not in self._kept

    @cached_property
    def _functions(self) -> list[tuple[Analysis, ControlFlowGraph]]:
        """The functions that may read from a map; those that destroy it with its strings do no more."""
        found = []
        own = ((self._analysis, function) for function in self._analysis.index.functions)
        for analysis, function in (*own, *self._tests.functions_beside([*_READERS, *self._getter_names])):
            graph = analysis.summaries.graph(function)
            if graph is not None and not frees_entries(function):
                found.append((analysis, graph))
        return found

    @cached_property
    def _getters(self) -> dict[FunctionInfo, frozenset[tuple[Type, ...]]]:
        """The functions of the library that return a string of a map, with the arguments of its type."""
        found: dict[FunctionInfo, frozenset[tuple[Type, ...]]] = {}
        graphs = [self._analysis.summaries.graph(function) for function in self._analysis.index.functions]
        while True:
            before = len(found)
            for graph in graphs:
                if graph is None or not refers_to_str(graph.function.returns):
                    continue
                for read, maps in self._reads(graph, found):
                    if graph.function not in found and self._is_returned(graph, read):
                        found[graph.function] = maps
            if len(found) == before:
                return found

    @property
    def _getter_names(self) -> set[str]:
        return {getter.name for getter in self._getters}

    def _is_returned(self, graph: ControlFlowGraph, read: Expression) -> bool:
        site = graph.site_of(read)
        if site is not None and site.role is Role.BOUND:
            return any(
                self._analysis.summaries.fate(graph, variable).effects & {Effect.RETURNS}
                for variable in graph.bound_by(site.parent)
            )
        return site is not None and site.role is Role.RETURNED

    def _reads(
        self, graph: ControlFlowGraph, getters: dict[FunctionInfo, frozenset[tuple[Type, ...]]]
    ) -> Iterator[tuple[Expression, frozenset[tuple[Type, ...]]]]:
        """The calls that hand out a string of a map, with the arguments of the types of such maps."""
        for call in graph.calls:
            node = call.node
            assert isinstance(node, Expression)
            if call.callee is not None and call.callee in getters:
                yield node, getters[call.callee]
            elif isinstance(node, nodes.MethodCall) and node.name in _READERS:
                type_ = graph.type_of(node.receiver)
                target = type_.target() if type_ is not None else None
                if not _may_be_string(graph, node):
                    continue
                if target is None or target.bare in _MAPS:
                    yield node, frozenset((self._arguments(target),))

    def _arguments(self, map_: Type | None) -> tuple[Type, ...]:
        """The arguments of the type of a map; () if that may be any."""
        arguments = map_.arguments if map_ is not None else ()
        known = (
            argument.is_str
            or argument.name in SCALARS
            or self._analysis.index.type_info(argument) is not None
            for argument in arguments
        )
        return arguments if all(known) else ()

    @cached_property
    def _kept(self) -> frozenset[tuple[Type, ...]]:
        """The arguments of the types of maps whose strings are kept; () stands for every map."""
        kept: set[tuple[Type, ...]] = set()
        for analysis, graph in self._functions:
            for read, maps in self._reads(graph, self._getters):
                if not maps <= kept and self._may_outlive(analysis, graph, read):
                    kept |= maps
        return frozenset(kept)

    def _may_outlive(self, analysis: Analysis, graph: ControlFlowGraph, read: Expression) -> bool:
        """Whether a string that was read from a map may be read after that is destroyed, or freed."""
        if called_name(read) in analysis.drops.allocating_names:
            return True
        site = graph.site_of(read)
        if site is None:
            return True
        match site.role:
            case Role.RETURNED:
                return graph.function not in self._getters
            case Role.ARGUMENT | Role.RECEIVER:
                return not analysis.summaries.call_effects(site) <= _ONLY_LENT or _lends(analysis, site)
            case Role.BOUND:
                bound = graph.bound_by(site.parent)
                return any(self._variable_outlives(analysis, graph, variable) for variable in bound)
            case _:
                return site.role not in _LOOKING

    def _variable_outlives(self, analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> bool:
        fate = analysis.summaries.fate(graph, variable)
        allowed = {Effect.BORROWS, *((Effect.RETURNS,) if graph.function in self._getters else ())}
        if fate.view_escapes or not fate.effects <= allowed or graph.is_assigned(variable):
            return True
        ends = [use for call in self._ending_calls(graph) for use in graph.uses_in(call)]
        for view in fate.views:
            if analysis.drops.is_registered(view) or (view is not variable and graph.is_assigned(view)):
                return True
            if any(use.site.role in (Role.INTERPOLATED, Role.CAST) for use in graph.uses(view)):
                return True
            if any(_is_used_after(graph, end, view) for end in ends):
                return True
        return False

    def _ending_calls(self, graph: ControlFlowGraph) -> Sequence[nodes.Node]:
        """The calls of a function after which a map may be gone."""
        return [call.node for call in graph.calls if call.callee is not None and self._ends_map(call.callee)]

    def _ends_map(self, callee: FunctionInfo) -> bool:
        return callee in self._ending or self._analysis.index.has_release_name(callee)

    @cached_property
    def _ending(self) -> set[FunctionInfo]:
        """The functions that destroy a map, or call one that does."""
        ending: set[FunctionInfo] = set()
        while True:
            before = len(ending)
            for _, graph in self._functions:
                callees = (call.callee for call in graph.calls)
                if any(
                    callee in ending
                    or (
                        callee.owner is not None
                        and callee.owner.bare == "HashMap"
                        and callee.name == "destroy"
                    )
                    or frees_entries(callee)
                    for callee in callees
                    if callee is not None
                ):
                    ending.add(graph.function)
            if len(ending) == before:
                return ending


def frees_entries(function: FunctionInfo) -> bool:
    """Whether a function destroys the map that it is given a reference to, with strings that it frees."""
    type_ = function.values[0].type if len(function.values) == 1 else None
    if function.owner is not None or function.node.body is None or type_ is None or type_.name != "ref":
        return False
    text = function.node.body.text
    return (
        map_of(type_) is not None
        and "mem_free(" in text
        and f"{function.values[0].name}.destroy()" in text
        and any(f".{reader}()" in text for reader in _READERS)
    )


def _may_be_string(graph: ControlFlowGraph, node: Expression) -> bool:
    type_ = graph.type_of(node)
    return type_ is None or refers_to_str(type_)


def _lends(analysis: Analysis, site: Site) -> bool:
    position = -1 if site.role is Role.RECEIVER else site.position
    return site.callee is not None and analysis.summaries.lends(site.callee, position)


def _is_used_after(graph: ControlFlowGraph, start: Use, variable: Variable) -> bool:
    after = graph.actions_after(
        start, lambda action: isinstance(action, Declare) and action.variable is variable
    )
    return any(isinstance(action, Use) and action.variable is variable for action in after)
