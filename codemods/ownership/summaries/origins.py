"""Where values come from: made for whoever receives them, a part of something else, or a constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from codemods.ownership.cfg.conditions import is_null
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import ALLOCATING, Effect, is_constant_sum, makes_string
from codemods.ownership.summaries.handles import Handles, is_scalar, may_be_address
from codemods.ownership.summaries.takeovers import is_moved_out
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression


class Origin(Enum):
    """Where a value comes from."""

    FRESH = auto()
    """Made for whoever receives it."""
    VIEW = auto()
    """Part of something that lives on."""
    LITERAL = auto()
    """A constant; freeing it is wrong but losing it is harmless."""
    PASSED = auto()
    """One of the arguments, or holding parts of one."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Result:
    """What a function may return: the origins, and the literals among them."""

    origins: frozenset[Origin]
    literals: frozenset[str] = frozenset()

    @property
    def is_fresh(self) -> bool:
        """Every value returned is made for the caller, apart from literals."""
        return Origin.FRESH in self.origins and self.origins <= {Origin.FRESH, Origin.LITERAL}

    @property
    def is_view(self) -> bool:
        """Some value returned belongs to something else."""
        return Origin.VIEW in self.origins

    def __or__(self, other: Result) -> Result:
        return Result(self.origins | other.origins, self.literals | other.literals)


NOTHING = Result(frozenset())
FRESH = Result(frozenset((Origin.FRESH,)))
FRESH_OR_EMPTY = Result(frozenset((Origin.FRESH, Origin.LITERAL)), frozenset(('""',)))
"""Made for the caller, unless it is the empty constant."""
VIEW = Result(frozenset((Origin.VIEW,)))
PASSED = Result(frozenset((Origin.PASSED,)))
UNKNOWN = Result(frozenset((Origin.UNKNOWN,)))


HANDING_OUT = frozenset(("unwrap", "expect", "unwrap_or", "unwrap_or_default", "unwrap_err", "expect_err"))
"""The methods of Maybe and Outcome that hand out the payload."""


def _constant(text: str) -> Result:
    return Result(frozenset((Origin.LITERAL,)), frozenset((text,)))


def _is_freed_with_branch(graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a new string is the value of a branch or block, whose end frees it.

    That is so for a sum, and in tests also for what an interpolation or a call makes.
    """
    site = graph.site_of(node)
    if site is None or site.through is None:
        return False
    return isinstance(node, nodes.Binary) or graph.function.file.is_test


def is_handed_out(graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a value comes out of a Maybe or Outcome right where it is read."""
    match node:
        case nodes.Propagate():
            holder = node.operand
        case nodes.MethodCall() if node.name in HANDING_OUT:
            holder = node.receiver
        case _:
            return False
    type_ = graph.type_of(holder)
    return type_ is not None and type_.name in BUILTIN_VARIANTS


class Callees(Protocol):
    """What must be known about the functions that an expression calls."""

    def result(self, function: FunctionInfo) -> Result:
        """What a function returns."""

    def effects(self, function: FunctionInfo, position: int) -> frozenset[Effect]:
        """What a function does with its argument; position -1 is the receiver."""


class Origins:
    """Where the values of expressions and variables come from.

    ``seen`` are the variables that are being followed: one that depends on itself adds nothing.
    """

    def __init__(self, callees: Callees, handles: Handles) -> None:
        self._callees = callees
        self._handles = handles

    def of(self, graph: ControlFlowGraph, node: Expression, seen: frozenset[int] = frozenset()) -> Result:
        """Where the value of an expression comes from."""
        match node:
            case nodes.Group():
                return self.of(graph, node.inner, seen)
            case nodes.Literal() if node.kind != "TEMPLATE":
                return _constant(node.text)
            case nodes.InterpolatedString() if node.only_hole is not None:
                return self._only_hole_origin(graph, node.only_hole, seen)
            case nodes.InterpolatedString() if _is_freed_with_branch(graph, node):
                return UNKNOWN
            case nodes.Literal() | nodes.InterpolatedString() | nodes.Array():
                return FRESH
            case nodes.StructLiteral():
                return self._struct_origin(graph, node, seen)
            case nodes.Binary() if node.operator == "+" and refers_to_str(graph.type_of(node)):
                if is_constant_sum(node):
                    return _constant(node.text)
                return UNKNOWN if _is_freed_with_branch(graph, node) else FRESH
            case nodes.Binary():
                return UNKNOWN
            case nodes.Cast():
                return self.of(graph, node.operand, seen)
            case nodes.FieldAccess():
                if is_moved_out(graph, node):
                    return FRESH
                return VIEW if self._handles.hands_out(graph, node) else NOTHING
            case nodes.Index():
                return VIEW
            case nodes.This():
                return self._path_origin(graph, node, seen)
            case nodes.Path():
                return self._path_origin(graph, node, seen)
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
                made = self._call_origin(graph, node, seen)
                is_freed = made.is_fresh and _is_freed_with_branch(graph, node)
                return UNKNOWN if is_freed and refers_to_str(graph.type_of(node)) else made
            case nodes.Propagate():
                return self.of(graph, node.operand, seen)
            case nodes.Tuple():
                return self._join(graph, node.elements, seen)
            case nodes.Block():
                return self.of(graph, node.value, seen) if node.value is not None else NOTHING
            case nodes.LowlevelBlock():
                return self.of(graph, node.block, seen)
            case nodes.Ternary():
                return self._join(graph, node.branches, seen)
            case nodes.If():
                branches = [node.branch, *([node.alternative] if node.alternative else [])]
                return self._join(graph, branches, seen)
            case nodes.When():
                return self._join(graph, (arm.body for arm in node.arms), seen)
            case nodes.Return() | nodes.Break() | nodes.Continue() | nodes.Throw():
                return NOTHING
            case nodes.Unary() if node.operator in ("ref", "mut ref", "&"):
                return VIEW
            case _:
                return UNKNOWN

    def _only_hole_origin(self, graph: ControlFlowGraph, hole: Expression, seen: frozenset[int]) -> Result:
        """A string that shows one string and nothing else is that string, not a copy."""
        type_ = graph.type_of(hole)
        if refers_to_str(type_):
            return self.of(graph, hole, seen)
        return FRESH if is_scalar(type_) else UNKNOWN

    def of_variable(
        self, graph: ControlFlowGraph, variable: Variable, seen: frozenset[int] = frozenset()
    ) -> Result:
        """Where the value of a variable comes from, over all its assignments."""
        if id(variable) in seen:
            return NOTHING
        seen |= {id(variable)}
        if variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            return PASSED
        if variable.kind is VariableKind.LOOP or variable.value is None:
            return UNKNOWN
        result = self.of(graph, variable.value, seen)
        for assignment in graph.assignments_to(variable):
            result |= self.of(graph, assignment.node.value, seen)
        return result

    def is_made_by_call(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether a variable only ever holds what one call made, and no argument of that call."""
        if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.value is None:
            return False
        call = graph.call_at(variable.value)
        if call is None or call.callee is None or graph.is_assigned(variable):
            return False
        return self._callees.result(call.callee).is_fresh

    def _path_origin(
        self, graph: ControlFlowGraph, node: nodes.Path | nodes.This, seen: frozenset[int]
    ) -> Result:
        use = graph.use_at(node)
        if use is None and isinstance(node, nodes.This):
            return PASSED
        if use is None:
            return _constant(node.text)
        if is_null(graph, node):
            return _constant("0")
        return self.of_variable(graph, use.variable, seen)

    def _struct_origin(
        self, graph: ControlFlowGraph, node: nodes.StructLiteral, seen: frozenset[int]
    ) -> Result:
        """A new struct is fresh unless it shares a part, or a handle, with something else.

        It is what it shares where nothing that it owns is made for it.
        """
        built = graph.type_of(node)
        is_released = built is not None and self._handles.is_released(built)
        handles = self._handles.fields(built) if built is not None and is_released else frozenset()
        result = NOTHING
        if node.base is not None and self._handles.keeps_handles(
            built, {entry.name for entry in node.fields}
        ):
            result = self.of(graph, node.base, seen)
        for entry in node.fields:
            value = entry.value
            if value is None:
                if entry.name in handles:
                    result |= self._named_origin(graph, entry, seen)
                continue
            type_ = graph.type_of(value)
            if isinstance(value, nodes.FieldAccess) and is_moved_out(graph, value):
                result |= FRESH
            elif isinstance(value, nodes.FieldAccess) and (
                may_be_address(type_) or self._handles.is_released(type_)
            ):
                owner = self.of(graph, value.object, seen)
                result |= PASSED if owner == PASSED else VIEW
            elif self._handles.is_released(type_) or entry.name in handles:
                result |= self.of(graph, value, seen)
        return result if is_released and result == PASSED else FRESH | result

    def _named_origin(self, graph: ControlFlowGraph, entry: nodes.FieldInit, seen: frozenset[int]) -> Result:
        use = graph.use_at(entry)
        return self.of_variable(graph, use.variable, seen) if use is not None else UNKNOWN

    def _call_origin(
        self,
        graph: ControlFlowGraph,
        node: nodes.Call | nodes.StaticCall | nodes.MethodCall,
        seen: frozenset[int],
    ) -> Result:
        call = graph.call_at(node)
        if call is None:
            return UNKNOWN
        if call.type is not None and call.type.name == "Never":
            return NOTHING
        if call.constructor:
            owning = (argument for argument in call.arguments if not is_scalar(graph.type_of(argument)))
            return self._join(graph, owning, seen)
        if call.callee is None:
            if isinstance(node, nodes.MethodCall) and node.name in HANDING_OUT:
                defaults = node.arguments if node.name == "unwrap_or" else ()
                return self._join(graph, (node.receiver, *defaults), seen)
            if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
                name = node.function.segments[-1]
                return FRESH if name in ALLOCATING or makes_string(name) else UNKNOWN
            return UNKNOWN
        result = self._callees.result(call.callee)
        passed = NOTHING
        for position, argument in _passed_arguments(call.callee, node):
            type_ = graph.type_of(argument)
            if refers_to_str(type_) and not refers_to_str(call.type):
                continue
            may_be_it = Origin.PASSED in result.origins or self._handles.is_released(type_)
            if may_be_it and Effect.RETURNS in self._callees.effects(call.callee, position):
                passed |= self.of(graph, argument, seen)
        return Result(result.origins - {Origin.PASSED}, result.literals) | passed

    def _join(self, graph: ControlFlowGraph, parts: Iterable[Expression], seen: frozenset[int]) -> Result:
        result = NOTHING
        for part in parts:
            result |= self.of(graph, part, seen)
        return result


def _passed_arguments(
    callee: FunctionInfo, node: nodes.Call | nodes.StaticCall | nodes.MethodCall
) -> Iterator[tuple[int, Expression]]:
    if isinstance(node, nodes.MethodCall) and callee.has_receiver:
        yield -1, node.receiver
    yield from enumerate(node.arguments)
