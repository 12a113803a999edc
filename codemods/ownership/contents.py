"""Who owns the strings in a value, followed through every function that makes the value.

A struct, a tuple, a Maybe or an Outcome can be the only holder of a string, and yet nothing frees it.
Freeing it by hand is right only if it was made for the value on every path, and if the compiler did
not free it on the way: the string of a variable that is dropped, or of ``a + b`` at the end of its
statement, is gone when the value arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import or_

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    CallSite,
    ControlFlowGraph,
    Exit,
    ExitKind,
    Role,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect, extern_symbol, makes_string
from codemods.ownership.compiler.consumption import consumes
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.fields import FieldOrigin, Holds
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression

_NOTHING = FieldOrigin(frozenset())
_OWNED = FieldOrigin(frozenset((Holds.OWNED,)))
_BORROWED = FieldOrigin(frozenset((Holds.BORROWED,)))
_UNKNOWN = FieldOrigin(frozenset((Holds.UNKNOWN,)))
_LEAVING = (ExitKind.RETURN, ExitKind.TAIL)
_TAKEN_OUT = {
    "unwrap": ("Just", "Ok"),
    "expect": ("Just", "Ok"),
    "unwrap_err": ("Err",),
    "expect_err": ("Err",),
}
_GOOD = ("Just", "Ok")
_KEPT = frozenset((Effect.BORROWS, Effect.RETURNS))


@dataclass(frozen=True, slots=True)
class _Given:
    """An argument of a call, in the function that makes the call."""

    frame: _Frame
    value: Expression


@dataclass(frozen=True, slots=True)
class _Frame:
    """A function that the search is in: its arguments, and the calls that led there."""

    graph: ControlFlowGraph
    given: Mapping[str, _Given]
    calls: tuple[FunctionInfo, ...] = ()
    sole: bool = False
    """Whether a string counts as shared if another variable here holds it as well."""


class Contents:
    """The strings in the values of an analysis."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self._bearing = Fixpoints()

    def strings(self, graph: ControlFlowGraph, value: Expression, variant: str | None = None) -> FieldOrigin:
        """What the strings in a value are; ``variant`` limits that to the payload of a variant.

        A string that a variable of the function holds as well is not the value's alone.
        """
        return self._of(_Frame(graph, {}, sole=True), value, (variant,) if variant else ())

    def field(self, graph: ControlFlowGraph, literal: nodes.StructLiteral, name: str) -> FieldOrigin:
        """What the strings are that a struct literal puts into a field."""
        frame = _Frame(graph, {})
        entry = next((field for field in literal.fields if field.name == name), None)
        return self._entry(frame, entry) if entry is not None else _UNKNOWN

    def bears_strings(self, type_: Type | None, variants: tuple[str, ...] = ()) -> bool:
        """Whether values of a type hold strings that go with them; true where that is not known."""
        if type_ is None:
            return True
        if type_.name in ("ref", "*", "func"):
            return False
        if type_.is_str:
            return True
        if type_.name == "()":
            return any(self.bears_strings(argument) for argument in type_.arguments)
        if type_.name in BUILTIN_VARIANTS:
            payloads = self.analysis.index.variants(type_)
            wanted = [payload for variant, payload in payloads.items() if not variants or variant in variants]
            return any(self.bears_strings(payload_type) for payload in wanted for payload_type in payload)
        if type_.name in self.analysis.index.drops:
            return False
        info = self.analysis.index.type_info(type_)
        if info is None:
            return type_.name.isidentifier() and len(type_.name) == 1
        return self._bearing.find(type_, lambda: self._declared_bears_strings(type_), False, or_)

    def _declared_bears_strings(self, type_: Type) -> bool:
        held = [*self.analysis.index.fields(type_).values()]
        held += (
            payload_type
            for payload in self.analysis.index.variants(type_).values()
            for payload_type in payload
        )
        return any(self.bears_strings(held_type) for held_type in held)

    def _of(self, frame: _Frame, value: Expression, variants: tuple[str, ...]) -> FieldOrigin:
        graph = frame.graph
        if not self.bears_strings(graph.type_of(value), variants):
            return _NOTHING
        match value:
            case nodes.Group():
                return self._of(frame, value.inner, variants)
            case nodes.Literal():
                return FieldOrigin(frozenset((Holds.CONSTANT,)), frozenset((value.text,)))
            case nodes.InterpolatedString():
                return self._interpolated(graph, value)
            case nodes.Block():
                return self._of(frame, value.value, variants) if value.value is not None else _NOTHING
            case nodes.LowlevelBlock():
                return self._of(frame, value.block, variants)
            case nodes.Ternary():
                return self._join(frame, value.branches, variants)
            case nodes.If() if value.alternative is not None:
                return self._join(frame, (value.branch, value.alternative), variants)
            case nodes.When():
                return self._join(frame, (arm.body for arm in value.arms), variants)
            case nodes.Return() | nodes.Break() | nodes.Continue() | nodes.Throw():
                return _NOTHING
            case nodes.Tuple():
                return self._join(frame, value.elements, ())
            case nodes.StructLiteral():
                return self._struct(frame, value)
            case nodes.Path():
                return self._path(frame, value, variants)
            case nodes.Propagate():
                return self._of(frame, value.operand, _GOOD)
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
                return self._call(frame, value, variants)
            case nodes.Binary():
                return self._sum(graph, value)
            case nodes.FieldAccess() | nodes.Index() | nodes.This():
                return _BORROWED
            case _:
                return _UNKNOWN

    def _join(self, frame: _Frame, values: Iterable[Expression], variants: tuple[str, ...]) -> FieldOrigin:
        result = _NOTHING
        for value in values:
            result |= self._of(frame, value, variants)
        return result

    def _interpolated(self, graph: ControlFlowGraph, value: nodes.InterpolatedString) -> FieldOrigin:
        """A string of its own, unless a test frees it at the end of the statement; a lone hole is no copy."""
        site = graph.site_of(value)
        bound = site is not None and site.role is Role.BOUND and site.through is None
        alone = len(value.holes) == 1 and value.text.startswith('"{') and value.text.endswith('}"')
        if alone or (graph.function.file.is_test and not bound):
            return _UNKNOWN
        return _OWNED

    def _sum(self, graph: ControlFlowGraph, value: nodes.Binary) -> FieldOrigin:
        """A sum of strings lasts only in a variable or as a result; elsewhere its statement frees it."""
        site = graph.site_of(value)
        lasts = site is not None and site.role in (Role.BOUND, Role.RETURNED) and site.through is None
        return _OWNED if lasts and self.analysis.drops.makes_string(value) else _UNKNOWN

    def _struct(self, frame: _Frame, literal: nodes.StructLiteral) -> FieldOrigin:
        result = _NOTHING
        built = frame.graph.type_of(literal)
        fields = self.analysis.index.fields(built) if built is not None else {}
        for entry in literal.fields:
            if self.bears_strings(fields.get(entry.name)):
                result |= self._entry(frame, entry)
        return result if literal.base is None else result | _UNKNOWN

    def _entry(self, frame: _Frame, entry: nodes.FieldInit) -> FieldOrigin:
        if entry.value is not None:
            return self._of(frame, entry.value, ())
        use = frame.graph.use_at(entry)
        return self._variable(frame, use, ()) if use is not None else _UNKNOWN

    def _path(self, frame: _Frame, path: nodes.Path, variants: tuple[str, ...]) -> FieldOrigin:
        use = frame.graph.use_at(path)
        if use is None:
            return _NOTHING if path.segments[-1][:1].isupper() else _UNKNOWN
        return self._variable(frame, use, variants)

    def _variable(self, frame: _Frame, use: Use, variants: tuple[str, ...]) -> FieldOrigin:
        graph, variable = frame.graph, use.variable
        if self._is_taken_again(graph, use):
            return _UNKNOWN
        if variable.kind is VariableKind.PARAMETER:
            given = frame.given.get(variable.name)
            return self._of(given.frame, given.value, variants) if given is not None else _BORROWED
        if variable.kind not in (VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD):
            return _UNKNOWN
        if variable.value is None or graph.is_assigned(variable):
            return _UNKNOWN
        opened_here = variable.type is not None and variable.type.name in BUILTIN_VARIANTS
        if frame.sole and not opened_here and len(graph.uses(variable)) > 1:
            return _UNKNOWN
        if self.analysis.drops.is_registered(variable) and not consumes(graph, use):
            return _BORROWED
        if not (opened_here and _is_only_opening(graph, use, variants)):
            fate = self.analysis.summaries.fate(graph, variable)
            if not fate.effects <= _KEPT:
                return _UNKNOWN
        if variable.kind is VariableKind.PAYLOAD:
            opened = variant_of(graph, variable)
            return self._of(frame, variable.value, (opened,)) if opened is not None else _UNKNOWN
        return self._of(frame, variable.value, variants)

    def _is_taken_again(self, graph: ControlFlowGraph, use: Use) -> bool:
        """Whether some path goes through this use and another that takes the same string over."""
        others = [other for other in graph.uses(use.variable) if other is not use and self._takes(other)]
        if not others:
            return False
        if any(later in others for later in graph.uses_after(use, use.variable)):
            return True
        return any(use in graph.uses_after(other, use.variable) for other in others)

    def _takes(self, use: Use) -> bool:
        match use.site.role:
            case Role.ELEMENT | Role.CONSTRUCTED | Role.STORED | Role.ASSIGNED | Role.BOUND | Role.CAPTURED:
                return True
            case Role.ARGUMENT:
                return not self.analysis.summaries.call_effects(use.site) <= {Effect.BORROWS}
            case _:
                return False

    def _call(
        self, frame: _Frame, node: nodes.Call | nodes.StaticCall | nodes.MethodCall, variants: tuple[str, ...]
    ) -> FieldOrigin:
        graph = frame.graph
        call = graph.call_at(node)
        if call is None or (call.type is not None and call.type.name == "Never"):
            return _UNKNOWN if call is None else _NOTHING
        if call.constructor:
            name = called_name(node) or ""
            if variants and any(name in names for _, names in BUILTIN_VARIANTS.values()):
                return self._join(frame, call.arguments if name in variants else (), ())
            return self._join(frame, call.arguments, ())
        if isinstance(node, nodes.MethodCall) and node.name in _TAKEN_OUT:
            receiver = graph.type_of(node.receiver)
            if receiver is not None and receiver.name in BUILTIN_VARIANTS:
                return self._of(frame, node.receiver, _TAKEN_OUT[node.name])
        if graph.function.file.is_test and self._is_freed_temporary(call):
            return _UNKNOWN
        if call.callee is None:
            return _OWNED if makes_string(called_name(node) or "") else _UNKNOWN
        return self._result(frame, call, call.callee, variants)

    def _is_freed_temporary(self, call: CallSite) -> bool:
        """Whether a test frees the string of a call at the end of its statement."""
        if call.type is None or not call.type.is_str or call.site.role is Role.BOUND:
            return False
        return called_name(call.node) in self.analysis.drops.allocating_names

    def _result(
        self, frame: _Frame, call: CallSite, callee: FunctionInfo, variants: tuple[str, ...]
    ) -> FieldOrigin:
        inner = self.analysis.summaries.graph(callee)
        made = self.analysis.summaries.result(callee)
        if callee.allocates and made.is_fresh and callee.returns.is_str:
            constant = frozenset((Holds.CONSTANT,)) if made.literals else frozenset()
            return FieldOrigin(_OWNED.holds | constant, made.literals)
        if inner is None:
            return _OWNED if callee.is_extern and makes_string(extern_symbol(callee)) else _UNKNOWN
        if callee in frame.calls:
            return _NOTHING
        given = {
            parameter.name: _Given(frame, argument)
            for parameter, argument in zip(callee.values, call.arguments, strict=False)
            if parameter.name is not None
        }
        within = _Frame(inner, given, (*frame.calls, callee))
        result = _NOTHING
        for block in inner.reachable:
            for action in block.actions:
                if not isinstance(action, Exit):
                    continue
                if action.kind in _LEAVING and action.value is not None:
                    result |= self._of(within, action.value, variants)
                elif action.kind is ExitKind.PROPAGATE and (not variants or "Err" in variants):
                    assert isinstance(action.node, nodes.Propagate)
                    result |= self._of(within, action.node.operand, ("Err",))
        return result


def _is_only_opening(graph: ControlFlowGraph, use: Use, variants: tuple[str, ...]) -> bool:
    """Whether nothing else takes one of these variants out of a Maybe or Outcome, however it takes others."""
    return bool(variants) and all(
        other is use or _leaves_in_place(other, variants) for other in graph.uses(use.variable)
    )


def _leaves_in_place(use: Use, variants: tuple[str, ...]) -> bool:
    call = use.site.parent
    if use.site.role is not Role.RECEIVER or not isinstance(call, nodes.MethodCall):
        return False
    taken = _TAKEN_OUT.get(call.name)
    return call.name.startswith("is_") if taken is None else set(taken).isdisjoint(variants)


def variant_of(graph: ControlFlowGraph, payload: Variable) -> str | None:
    """The variant whose payload an arm binds to a variable."""
    for node in graph.nodes_of(nodes.When):
        if node.subject is payload.value:
            for arm in node.arms:
                for pattern in arm.patterns:
                    if isinstance(pattern, nodes.VariantPattern) and payload.node in pattern.payload:
                        return pattern.segments[-1]
    return None
