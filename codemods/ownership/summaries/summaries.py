"""Summaries of functions: what they do with each argument, and whether their result is fresh.

Computed on demand from the bodies, callees first; a call back into a function that is being
summarised counts as a borrow, so recursion settles on the least effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from codemods.ownership.cfg.graph import (
    ControlFlowGraph,
    ExitKind,
    Role,
    Site,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import (
    ALLOCATING,
    Effect,
    bodyless_effect,
    extern_symbol,
    is_foreign,
    makes_string,
    returns_receiver,
)
from codemods.ownership.compiler.drops import Drops
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.summaries.effects import BORROWED, Passing, literals_given, unresolved_effect
from codemods.ownership.summaries.fates import Fate, FateSearch
from codemods.ownership.summaries.graphs import Graphs
from codemods.ownership.summaries.handles import Handles, carries_ownership, is_scalar
from codemods.ownership.summaries.origins import (
    FRESH,
    FRESH_OR_EMPTY,
    NOTHING,
    PASSED,
    UNKNOWN,
    VIEW,
    Origins,
    Result,
)
from codemods.ownership.summaries.released_parts import NO_PARTS, PartsSearch, ReleasedParts
from codemods.semantics.layers import Layer, by_function
from codemods.semantics.symbols import SCALARS, FunctionInfo, Index, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression

K = TypeVar("K")
V = TypeVar("V")


class Summaries(Layer):
    """The summaries of all functions of an index; those of its ``library`` are taken from there.

    What is said of variables and calls is kept once no summary is in progress: then it holds.
    """

    def __init__(
        self,
        index: Index,
        drops: Drops,
        previous: Summaries | None = None,
        library: Summaries | None = None,
    ) -> None:
        super().__init__(index, library)
        self._drops = drops
        self.graphs: Graphs = Graphs(
            index,
            drops.traits,
            previous.graphs if previous is not None else None,
            library.graphs if library is not None else None,
        )
        self.handles: Handles = Handles(index, library.handles if library is not None else None)
        self._search = Origins(self, self.handles)
        self._found = Fixpoints()
        """What functions return, and what they do with their arguments."""
        self._fates: dict[tuple[ControlFlowGraph, Variable], Fate] = {}
        self._origins: dict[tuple[ControlFlowGraph, Variable], Result] = {}
        self._call_effects: dict[Site, frozenset[Effect]] = {}

    def graph(self, function: FunctionInfo) -> ControlFlowGraph | None:
        """The control-flow graph of a function; None if it has no body."""
        return self.graphs.of(function)

    def _keep(self, known: dict[K, V], key: K, compute: Callable[[], V]) -> V:
        if key in known:
            return known[key]
        found = compute()
        if self._found.is_idle:
            known[key] = found
        return found

    # -- arguments ----------------------------------------------------------------------------

    def effects(self, function: FunctionInfo, position: int) -> frozenset[Effect]:
        """What ``function`` does with its argument; position -1 is the receiver."""
        return self._passing(function, position).effects

    def lends(self, function: FunctionInfo, position: int) -> bool:
        """Whether the result of a function may be, or hold, a part of its argument."""
        return self._passing(function, position).lends

    @by_function
    def _passing(self, function: FunctionInfo, position: int) -> Passing:
        return self._found.find(
            (function, position),
            lambda: self._compute_passing(function, position, {}),
            BORROWED,
            Passing.join,
        )

    def _compute_passing(
        self, function: FunctionInfo, position: int, given: Mapping[str, Expression]
    ) -> Passing:
        graph = self.graph(function)
        if graph is None:
            return _does(bodyless_effect(function, position))
        if position < 0 and returns_receiver(function):
            return _does(Effect.RETURNS)
        if position < 0 and self.handles.is_release(function):
            return _does(Effect.RELEASES)
        variable = graph.parameter(position)
        if variable is None:
            parameters = function.parameters if position < 0 else function.values
            is_ignored = max(position, 0) < len(parameters) and parameters[max(position, 0)].name == "_"
            return BORROWED if is_ignored else _does(Effect.UNKNOWN)
        search = self._follow(graph, variable, given)
        fate = search.found()
        effects = fate.effects or BORROWED.effects
        if self._is_dropped_by_another_name(search, variable):
            effects = (effects - BORROWED.effects) | {Effect.UNKNOWN}
        if self._is_copy_of_owner(variable) and self.released_parts(function, position).replaced:
            effects = (effects - BORROWED.effects) | {Effect.UNKNOWN}
        if effects & {Effect.RELEASES, Effect.DRAINS}:
            effects = self._released_as_a_whole(function, position, variable, effects)
        return Passing(effects, fate.lends)

    def _is_dropped_by_another_name(self, search: FateSearch, parameter: Variable) -> bool:
        """Whether the compiler drops a variable that holds what a parameter was given, or a part of it.

        It drops no parameter, and whoever gave the value does not drop it either. Strings that are bound are
        left to those who ask what becomes of the strings in a value.
        """
        if parameter.kind is not VariableKind.PARAMETER or not _is_owner(parameter.type):
            return False
        graph = search.graph
        return any(
            variable is not parameter
            and (variable.kind is VariableKind.PAYLOAD or not refers_to_str(variable.type))
            and self._drops.is_registered(variable)
            and any(
                variable in exit_.leaving and self._drops.covers(graph, variable, exit_)
                for exit_ in graph.exits
            )
            for variable, _ in search.followed
        )

    def _is_copy_of_owner(self, variable: Variable) -> bool:
        """Whether a parameter has fields of its own: what they get is lost on whoever gave the argument."""
        is_value = variable.kind is VariableKind.PARAMETER and variable.type is not None
        return is_value and self.handles.release_of(variable.type) is not None

    def _released_as_a_whole(
        self, function: FunctionInfo, position: int, variable: Variable, effects: frozenset[Effect]
    ) -> frozenset[Effect]:
        """The effects on an argument of which parts are released: is that all that its own release does?"""
        parts = self.released_parts(function, position)
        # An argument that is kept or released is the function's; what it loses elsewhere is its own fault.
        is_taken = Effect.RETAINS in effects and position >= 0
        if parts.is_whole:
            return effects if parts.is_certainly_whole or is_taken else effects | {Effect.UNKNOWN}
        release = self.handles.release_of(variable.type.target() if variable.type is not None else None)
        if release is None or release is function:
            return effects
        done = self.released_parts(release, -1)
        if not done.possible or not parts.touches(done.possible):
            return effects
        whole = Effect.RELEASES if is_taken or parts.covers(done.possible) else Effect.UNKNOWN
        drained = effects & {Effect.RELEASES} or not parts.contents <= done.contents
        partial = {Effect.BORROWS} if drained else {Effect.BORROWS, Effect.DRAINS}
        return (effects - partial) | {whole}

    def is_release(self, function: FunctionInfo) -> bool:
        """Whether a method is a type's own release, by its shape and name."""
        return self.handles.is_release(function)

    @by_function
    def released_parts(self, function: FunctionInfo, position: int) -> ReleasedParts:
        """The parts of an argument that a function releases; position -1 is the receiver."""
        return self._found.find(
            ("parts", function, position),
            lambda: self._find_released_parts(function, position),
            NO_PARTS,
            ReleasedParts.join,
        )

    def _find_released_parts(self, function: FunctionInfo, position: int) -> ReleasedParts:
        graph = self.graph(function)
        variable = graph.parameter(position) if graph is not None else None
        if graph is None or variable is None:
            return NO_PARTS
        return PartsSearch(self, graph, variable).found()

    def fate(self, graph: ControlFlowGraph, variable: Variable) -> Fate:
        """What becomes of the value of ``variable``, its copies and its parts."""
        layer = self.layer_of_function(graph.function)
        return layer._keep(layer._fates, (graph, variable), lambda: layer._find_fate(graph, variable, {}))

    def _find_fate(
        self, graph: ControlFlowGraph, variable: Variable, given: Mapping[str, Expression]
    ) -> Fate:
        return self._follow(graph, variable, given).found()

    def _follow(
        self, graph: ControlFlowGraph, variable: Variable, given: Mapping[str, Expression]
    ) -> FateSearch:
        search = FateSearch(self, self._search, self.handles, graph, given)
        search.follow(variable, partial=False)
        return search

    def temporary_fate(self, graph: ControlFlowGraph, node: Expression) -> Fate:
        """What becomes of the value of an expression that no variable holds."""
        search = FateSearch(self, self._search, self.handles, graph, {})
        search.temporary(node)
        return search.found()

    def call_effects(self, site: Site) -> frozenset[Effect]:
        """The effect of the call at a site on the argument or receiver that goes there."""
        return self._keep(self._call_effects, site, lambda: self._find_call_effects(site))

    def _find_call_effects(self, site: Site) -> frozenset[Effect]:
        if site.callee is None:
            return frozenset((unresolved_effect(site),))
        position = -1 if site.role is Role.RECEIVER else site.position
        effects = self.effects(site.callee, position)
        given = literals_given(site)
        if effects <= BORROWED.effects or not given:
            return effects
        return self._compute_passing(site.callee, position, given).effects

    # -- results ------------------------------------------------------------------------------

    @by_function
    def result(self, function: FunctionInfo) -> Result:
        """What a function returns."""
        return self._found.find(function, lambda: self._compute_result(function), NOTHING, Result.__or__)

    def _compute_result(self, function: FunctionInfo) -> Result:
        if not carries_ownership(function.returns):
            return NOTHING
        if returns_receiver(function):
            return PASSED
        graph = self.graph(function)
        if graph is None:
            return _declared_result(function)
        result = NOTHING
        for exit_ in graph.exits:
            if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL) and exit_.value:
                result |= self.origin(graph, exit_.value)
        if result == NOTHING and function.allocates:
            return FRESH
        return result

    def origin(self, graph: ControlFlowGraph, value: Expression) -> Result:
        """Where the value of an expression comes from."""
        return self._search.of(graph, value)

    def variable_origin(self, graph: ControlFlowGraph, variable: Variable) -> Result:
        """Where the value of a variable comes from, over all its assignments."""
        layer = self.layer_of_function(graph.function)
        return layer._keep(
            layer._origins, (graph, variable), lambda: layer._search.of_variable(graph, variable)
        )

    def is_made_by_call(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether a variable only ever holds what one call made, and no argument of that call."""
        return self._search.is_made_by_call(graph, variable)

    def makes_string(self, function: FunctionInfo) -> bool:
        """Whether a function's string is its caller's: by its body, or because C made it of a number."""
        if self.result(function).is_fresh:
            return True
        graph = self.graph(function)
        if graph is None or not function.allocates or not is_scalar(function.owner):
            return False
        return all(
            self.origin(graph, exit_.value).is_fresh or _is_foreign_call(graph, exit_.value)
            for exit_ in graph.exits
            if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL)
            and exit_.value is not None
            and not isinstance(exit_.value, nodes.Return)
        )


def _does(effect: Effect) -> Passing:
    return Passing(frozenset((effect,)))


def _declared_result(function: FunctionInfo) -> Result:
    """What a function without a body returns."""
    if function.node.decorator("view") is not None:
        return VIEW
    if function.is_extern:
        is_ours = not refers_to_str(function.returns) or makes_string(extern_symbol(function))
        return FRESH if is_ours else UNKNOWN
    if function.node.decorator("may_be_empty") is not None:
        return FRESH_OR_EMPTY
    if function.node.decorator("catalogued") is not None:
        return FRESH
    return FRESH if function.name in ALLOCATING else UNKNOWN


def _is_foreign_call(graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether a value is the result of a C function; in a lowlevel block those need no declaration."""
    lowlevel = False
    while isinstance(value, nodes.LowlevelBlock) and value.block.value is not None:
        value = value.block.value
        lowlevel = True
    call = graph.call_at(value)
    if call is None:
        return False
    return lowlevel if call.callee is None else is_foreign(call.callee)


def _is_owner(type_: Type | None) -> bool:
    """Whether values of a type may own something else than one string."""
    return type_ is not None and type_.name not in {*SCALARS, "Str", "ref", "*", "func"}
