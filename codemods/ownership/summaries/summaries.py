"""Summaries of functions: what they do with each argument, and whether their result is fresh.

Computed on demand from the bodies, callees first; a call back into a function that is being
summarised counts as a borrow, so recursion settles on the least effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise

from codemods.ownership.cfg.conditions import is_impossible, is_null
from codemods.ownership.cfg.graph import (
    CallSite,
    ControlFlowGraph,
    ExitKind,
    Role,
    Site,
    Variable,
    VariableKind,
)
from codemods.ownership.cfg.lowering import lower
from codemods.ownership.compiler.builtins import (
    ALLOCATING,
    Effect,
    bodyless_effect,
    builtin_effect,
    extern_symbol,
    is_foreign,
    makes_string,
    returns_receiver,
)
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, FunctionInfo, Index, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


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
VIEW = Result(frozenset((Origin.VIEW,)))
PASSED = Result(frozenset((Origin.PASSED,)))
UNKNOWN = Result(frozenset((Origin.UNKNOWN,)))


@dataclass(slots=True)
class Fate:
    """What happens to a value that a variable holds, in the whole of a function."""

    effects: set[Effect] = field(default_factory=set)
    views: set[Variable] = field(default_factory=set)
    """Variables that hold the value or a part of it."""
    view_escapes: bool = False
    """A part of it is returned or stored where it outlives the function."""
    lends: bool = False
    """A part of it is returned, alone or in something else."""


_ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "shl", "shr"))


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of the functions of an index: those that are gone, and the names that mean others now."""

    gone: frozenset[FunctionInfo]
    names: frozenset[str]

    @classmethod
    def between(cls, before: Index, after: Index) -> Replaced:
        """What differs between two states of the same types."""
        old, new = set(before.functions), set(after.functions)
        gone = {each.signature: each.name for each in old - new}
        come = {each.signature: each.name for each in new - old}
        differing = gone.keys() ^ come.keys()
        names = {name for signature, name in (*gone.items(), *come.items()) if signature in differing}
        return cls(frozenset(old - new), frozenset(names))

    def leaves(
        self, graphs: Mapping[FunctionInfo, ControlFlowGraph | None]
    ) -> dict[FunctionInfo, ControlFlowGraph | None]:
        """The control-flow graphs that are still right: a graph names what it calls.

        One is left out when a function that it calls was replaced, or when a name that it calls may mean
        another function now.
        """
        return {
            function: graph
            for function, graph in graphs.items()
            if function not in self.gone and (graph is None or self._leaves(graph))
        }

    def _leaves(self, graph: ControlFlowGraph) -> bool:
        return not any(
            call.callee in self.gone or (self.names and called_name(call.node) in {None, *self.names})
            for each in graph.with_closures()
            for call in each.calls
        )


@dataclass(frozen=True, slots=True)
class _Passing:
    """What a function does with an argument, and whether it may return a part of it."""

    effects: frozenset[Effect]
    lends: bool = False

    def join(self, other: _Passing) -> _Passing:
        """What covers both."""
        effects = (self.effects | other.effects) - {Effect.BORROWS}
        return _Passing(effects or self.effects, self.lends or other.lends)


_BORROWED = _Passing(frozenset((Effect.BORROWS,)))


class Summaries:
    """The summaries of all functions of an index; those of its ``library`` are taken from there."""

    def __init__(
        self, index: Index, previous: Summaries | None = None, library: Summaries | None = None
    ) -> None:
        self.index = index
        self._library = library
        self.graphs: dict[FunctionInfo, ControlFlowGraph | None] = {}
        """The control-flow graphs that are made already."""
        self.replaced: Replaced | None = None
        """What differs from the previous state; None where nothing of that holds."""
        if previous is not None and index.continues is previous.index:
            self.replaced = Replaced.between(previous.index, index)
            self.graphs = self.replaced.leaves(previous.graphs)
        self._found = Fixpoints()
        """What functions return, and what they do with their arguments."""
        self._handle_fields: dict[str, frozenset[str]] = {}

    def graph(self, function: FunctionInfo) -> ControlFlowGraph | None:
        """The control-flow graph of a function, made once."""
        if self._library is not None and not self.index.is_own(function):
            return self._library.graph(function)
        if function not in self.graphs:
            self.graphs[function] = lower(self.index, function)
        return self.graphs[function]

    # -- arguments ----------------------------------------------------------------------------

    def effects(self, function: FunctionInfo, position: int) -> frozenset[Effect]:
        """What ``function`` does with its argument; position -1 is the receiver."""
        if self._library is not None and not self.index.is_own(function):
            return self._library.effects(function, position)
        return self._passing(function, position).effects

    def _passing(self, function: FunctionInfo, position: int) -> _Passing:
        """What becomes of an argument of a function of its own."""
        key = function, position
        found: _Passing | None = self._found.known.get(key)
        if found is None:
            found = self._found.find(
                key, lambda: self._compute_passing(function, position), _BORROWED, _Passing.join
            )
        return found

    def _compute_passing(
        self, function: FunctionInfo, position: int, given: Mapping[str, Expression] | None = None
    ) -> _Passing:
        graph = self.graph(function)
        if graph is None:
            return _Passing(frozenset((bodyless_effect(function, position),)))
        if position < 0 and returns_receiver(function):
            return _Passing(frozenset((Effect.RETURNS,)))
        if position < 0 and self._is_release(function):
            return _Passing(frozenset((Effect.RELEASES,)))
        parameters = function.parameters if position < 0 else function.values
        index = max(position, 0)
        if index >= len(parameters):
            return _Passing(frozenset((Effect.UNKNOWN,)))
        name = parameters[index].name
        given_by_name = graph.named(name) if name is not None else []
        variable = next(
            (each for each in given_by_name if each.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER)),
            None,
        )
        if variable is None:
            return _BORROWED if name == "_" else _Passing(frozenset((Effect.UNKNOWN,)))
        fate = self.fate(graph, variable, given)
        return _Passing(frozenset(fate.effects or {Effect.BORROWS}), fate.lends)

    def lends(self, function: FunctionInfo, position: int) -> bool:
        """Whether the result of a function may be, or hold, a part of its argument."""
        if self._library is not None and not self.index.is_own(function):
            return self._library.lends(function, position)
        return self._passing(function, position).lends

    def fate(
        self, graph: ControlFlowGraph, variable: Variable, given: Mapping[str, Expression] | None = None
    ) -> Fate:
        """What becomes of the value of ``variable``, its copies and its parts.

        ``given`` are arguments of the call, as far as they are known.
        """
        fate = Fate()
        _FateSearch(self, graph, fate, given or {}).follow(variable, partial=False)
        return fate

    def temporary_fate(self, graph: ControlFlowGraph, call: CallSite) -> Fate:
        """What becomes of the result of a call that no variable holds."""
        fate = Fate()
        _FateSearch(self, graph, fate, {}).temporary(call)
        return fate

    def call_effects(self, site: Site) -> frozenset[Effect]:
        """The effect of the call at a site on the argument or receiver that goes there."""
        position = -1 if site.role is Role.RECEIVER else site.position
        if site.callee is not None:
            effects = self.effects(site.callee, position)
            given = _literals_given(site)
            if effects <= {Effect.BORROWS} or not given:
                return effects
            return self._compute_passing(site.callee, position, given).effects
        parent = site.parent
        if isinstance(parent, nodes.MethodCall):
            return frozenset((_unknown_method_effect(parent.name),))
        if isinstance(parent, nodes.Call) and isinstance(parent.function, nodes.Path):
            return frozenset((builtin_effect(parent.function.segments[-1], site.position),))
        return frozenset((Effect.UNKNOWN,))

    # -- results ------------------------------------------------------------------------------

    def result(self, function: FunctionInfo) -> Result:
        """What a function returns."""
        if self._library is not None and not self.index.is_own(function):
            return self._library.result(function)
        found: Result | None = self._found.known.get(function)
        if found is None:
            found = self._found.find(function, lambda: self._compute_result(function), NOTHING, Result.__or__)
        return found

    def _compute_result(self, function: FunctionInfo) -> Result:
        if not carries_ownership(function.returns):
            return NOTHING
        if returns_receiver(function):
            return PASSED
        graph = self.graph(function)
        if graph is None:
            return self._declared_result(function)
        result = NOTHING
        for exit_ in graph.exits:
            if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL) and exit_.value:
                result |= self.origin(graph, exit_.value)
        if result == NOTHING and function.allocates:
            return FRESH
        return result

    def _declared_result(self, function: FunctionInfo) -> Result:
        if function.node.decorator("view") is not None:
            return VIEW
        if function.is_extern:
            is_ours = not refers_to_str(function.returns) or makes_string(extern_symbol(function))
            return FRESH if is_ours else UNKNOWN
        if function.node.decorator("catalogued") is not None:
            return FRESH
        return FRESH if function.name in ALLOCATING else UNKNOWN

    def makes_string(self, function: FunctionInfo) -> bool:
        """Whether a function's string is its caller's: by its body, or because C made it of a number."""
        if self.result(function).is_fresh:
            return True
        graph = self.graph(function)
        if graph is None or not function.allocates or not _is_scalar(function.owner):
            return False
        callees = {id(call.node): call.callee for call in graph.calls}
        return all(
            self.origin(graph, exit_.value).is_fresh or _is_foreign_call(exit_.value, callees)
            for exit_ in graph.exits
            if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL)
            and exit_.value is not None
            and not isinstance(exit_.value, nodes.Return)
        )

    def origin(self, graph: ControlFlowGraph, node: Expression, seen: frozenset[int] = frozenset()) -> Result:
        """Where the value of an expression comes from."""
        match node:
            case nodes.Group():
                return self.origin(graph, node.inner, seen)
            case nodes.Literal() if node.kind != "TEMPLATE":
                return Result(frozenset((Origin.LITERAL,)), frozenset((node.text,)))
            case nodes.Literal() | nodes.InterpolatedString() | nodes.Array():
                return FRESH
            case nodes.StructLiteral():
                return self._struct_origin(graph, node, seen)
            case nodes.Binary():
                return FRESH if node.operator == "+" and refers_to_str(graph.type_of(node)) else UNKNOWN
            case nodes.Cast():
                return self.origin(graph, node.operand, seen)
            case nodes.FieldAccess():
                if is_moved_out(graph, node):
                    return FRESH
                return VIEW if self.hands_out_part(graph, node) else NOTHING
            case nodes.Index():
                return VIEW
            case nodes.This():
                return self._path_origin(graph, node, seen)
            case nodes.Path():
                return self._path_origin(graph, node, seen)
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
                return self._call_origin(graph, node, seen)
            case nodes.Propagate():
                return self.origin(graph, node.operand, seen)
            case nodes.Tuple():
                return self._join(graph, node.elements, seen)
            case nodes.Block():
                return self.origin(graph, node.value, seen) if node.value is not None else NOTHING
            case nodes.LowlevelBlock():
                return self.origin(graph, node.block, seen)
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

    def _struct_origin(
        self, graph: ControlFlowGraph, node: nodes.StructLiteral, seen: frozenset[int]
    ) -> Result:
        """A new struct is fresh unless it shares a part, or a handle, with something else."""
        result = FRESH
        built = graph.type_of(node)
        handles = self.handle_fields(built) if built is not None and self.is_released(built) else frozenset()
        for entry in node.fields:
            value = entry.value
            if value is None:
                if entry.name in handles:
                    result |= self._named_origin(graph, entry, seen)
                continue
            type_ = graph.type_of(value)
            if isinstance(value, nodes.FieldAccess) and is_moved_out(graph, value):
                continue
            if isinstance(value, nodes.FieldAccess) and (_is_handle(type_) or self.is_released(type_)):
                owner = self.origin(graph, value.object, seen)
                result |= PASSED if owner == PASSED else VIEW
            elif self.is_released(type_) or entry.name in handles:
                result |= self.origin(graph, value, seen)
        return result

    def _named_origin(self, graph: ControlFlowGraph, entry: nodes.FieldInit, seen: frozenset[int]) -> Result:
        use = graph.use_at(entry)
        return self.variable_origin(graph, use.variable, seen) if use is not None else UNKNOWN

    def hands_out_part(self, graph: ControlFlowGraph, access: nodes.FieldAccess) -> bool:
        """Whether reading a field hands out a part: a number is one only where it is the handle."""
        type_, owner = graph.type_of(access), graph.type_of(access.object)
        if type_ is None or owner is None or type_.name not in ("I64", "U64"):
            return True
        return access.name in self.handle_fields(owner.target())

    def is_replaced(self, graph: ControlFlowGraph, access: nodes.FieldAccess) -> bool:
        """Whether what a field holds is freed and the next statement puts something new in its place.

        That is how storage grows: the owner has as much to release as before.
        """
        site = graph.site_of(access)
        while site is not None and site.role is Role.CAST:
            site = graph.site_of(site.parent)
        if site is None or site.role is not Role.ARGUMENT:
            return False
        if self.call_effects(site) != {Effect.RELEASES}:
            return False
        replacement = _assigned_behind(graph, site.parent, access.text)
        return (
            replacement is not None
            and access.text not in replacement.text
            and self.origin(graph, replacement).is_fresh
        )

    def handle_fields(self, type_: Type) -> frozenset[str]:
        """The fields of a struct that hold what its release gives back, as a raw address or a number.

        Pointers are; a number is where methods turn it into a string or an address, or where the struct has
        nothing else that could be released.
        """
        if self._library is not None and type_.name not in self.index.own_types:
            return self._library.handle_fields(type_)
        if type_.name not in self._handle_fields:
            self._handle_fields[type_.name] = self._find_handle_fields(type_)
        return self._handle_fields[type_.name]

    def _find_handle_fields(self, type_: Type) -> frozenset[str]:
        fields = self.index.fields(type_)
        found = {name for name, each in fields.items() if each.name == "*"}
        numbers = [name for name, each in fields.items() if each.name in ("I64", "U64")]
        found |= {name for name in numbers if name in self.pointer_fields(type_)}
        if found or any(self.is_released(each) for each in fields.values()):
            return frozenset(found)
        return frozenset(numbers[:1]) if len(numbers) == 1 or _speaks_of_handle(numbers) else frozenset()

    def pointer_fields(self, type_: Type) -> set[str]:
        """The fields that methods of a type turn from a number into a string or an address."""
        found = set()
        for methods in self.index.methods.get(type_.name, {}).values():
            for method in methods:
                for node in method.node.walk():
                    if (
                        isinstance(node, nodes.Cast)
                        and isinstance(node.operand, nodes.FieldAccess)
                        and isinstance(node.operand.object, nodes.This)
                        and node.annotation.text.startswith(("Str", "*"))
                    ):
                        found.add(node.operand.name)
        return found

    def _is_release(self, function: FunctionInfo) -> bool:
        """Whether a method is a type's own release, by its shape and name."""
        if function.owner is None or not function.has_receiver or function.values:
            return False
        return (
            self.index.has_release_name(function) and function.returns_nothing and function.behavior is None
        )

    def is_released(self, type_: Type | None) -> bool:
        """Whether values of a type, or its payload, are released, by hand or by Drop."""
        if type_ is None:
            return False
        if type_.name in BUILTIN_VARIANTS:
            return any(self.is_released(argument) for argument in type_.arguments)
        return type_.name in self.index.drops or any(
            self.index.method(type_, each) for each in self.index.release_names(type_)
        )

    def _join(self, graph: ControlFlowGraph, parts: Iterable[Expression], seen: frozenset[int]) -> Result:
        result = NOTHING
        for part in parts:
            result |= self.origin(graph, part, seen)
        return result

    def _path_origin(
        self, graph: ControlFlowGraph, node: nodes.Path | nodes.This, seen: frozenset[int]
    ) -> Result:
        use = graph.use_at(node)
        if use is None and isinstance(node, nodes.This):
            return PASSED
        if use is None:
            return Result(frozenset((Origin.LITERAL,)), frozenset((node.text,)))
        if is_null(graph, node):
            return Result(frozenset((Origin.LITERAL,)), frozenset(("0",)))
        return self.variable_origin(graph, use.variable, seen)

    def variable_origin(
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
        result = self.origin(graph, variable.value, seen)
        for assignment in graph.assignments_to(variable):
            result |= self.origin(graph, assignment.node.value, seen)
        return result

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
            owning = (each for each in call.arguments if not _is_scalar(graph.type_of(each)))
            return self._join(graph, owning, seen)
        if call.callee is None:
            if isinstance(node, nodes.MethodCall) and node.name in _HANDING_OUT:
                return self.origin(graph, node.receiver, seen)
            if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
                name = node.function.segments[-1]
                return FRESH if name in ALLOCATING or makes_string(name) else UNKNOWN
            return UNKNOWN
        result = self.result(call.callee)
        passed = NOTHING
        for position, argument in self._passed_arguments(call.callee, node):
            type_ = graph.type_of(argument)
            if refers_to_str(type_) and not refers_to_str(call.type):
                continue
            may_be_it = Origin.PASSED in result.origins or self.is_released(type_)
            if may_be_it and Effect.RETURNS in self.effects(call.callee, position):
                passed |= self.origin(graph, argument, seen)
        return Result(result.origins - {Origin.PASSED}, result.literals) | passed

    def _passed_arguments(
        self, callee: FunctionInfo, node: nodes.Call | nodes.StaticCall | nodes.MethodCall
    ) -> Iterator[tuple[int, Expression]]:
        if isinstance(node, nodes.MethodCall) and callee.has_receiver:
            yield -1, node.receiver
        yield from enumerate(node.arguments)


_HANDING_OUT = frozenset(("unwrap", "expect", "unwrap_or", "unwrap_or_default", "unwrap_err", "expect_err"))


def _is_foreign_call(node: Expression, callees: Mapping[int, FunctionInfo | None]) -> bool:
    """Whether a value is the result of a C function; in a lowlevel block those need no declaration."""
    lowlevel = False
    while isinstance(node, nodes.LowlevelBlock) and node.block.value is not None:
        node = node.block.value
        lowlevel = True
    callee = callees.get(id(node))
    if callee is not None:
        return is_foreign(callee)
    return lowlevel and id(node) in callees


def _literals_given(site: Site) -> dict[str, Expression]:
    """The arguments of a call that are string literals, by the name of the parameter."""
    assert site.callee is not None
    call = site.parent
    if not isinstance(call, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return {}
    return {
        parameter.name: argument
        for parameter, argument in zip(site.callee.values, call.arguments, strict=False)
        if parameter.name is not None and isinstance(argument, nodes.Literal) and argument.kind == "STRING"
    }


_READING_METHODS = frozenset(("len", "get", "has", "contains", "duplicate", "hash", "to_string"))


def _unknown_method_effect(name: str) -> Effect:
    if name in _HANDING_OUT:
        return Effect.RETURNS
    if name.startswith("is_") or name in _READING_METHODS:
        return Effect.BORROWS
    return Effect.UNKNOWN


def is_moved_out(graph: ControlFlowGraph, access: nodes.FieldAccess) -> bool:
    """Whether a new struct takes over what a field holds: the field is blanked right behind.

    In between nothing may leave the function or use the field.
    """
    site = graph.site_of(access)
    if site is None or site.role is not Role.ELEMENT or not isinstance(site.parent, nodes.FieldInit):
        return False
    for block in graph.nodes_of(nodes.Block):
        behind = [each for each in block.statements if each.end >= access.end]
        if not behind or behind[0].start > access.start:
            continue
        reader, *rest = behind
        if any(
            isinstance(each, nodes.Loop | nodes.While | nodes.For | nodes.Closure) for each in reader.walk()
        ):
            continue
        for statement in [reader, *rest]:
            if statement is not reader and _blanks(statement, access):
                return True
            used = statement is not reader and any(each.text == access.text for each in statement.walk())
            if used or _leaves(statement):
                break
    return False


def _assigned_behind(graph: ControlFlowGraph, call: Node, target: str) -> Expression | None:
    """What the statement behind that of a call assigns to ``target``."""
    for block in graph.nodes_of(nodes.Block):
        for statement, behind in pairwise(block.statements):
            if not _is_only(statement, call) or not isinstance(behind, nodes.ExpressionStatement):
                continue
            assignment = behind.expression
            if isinstance(assignment, nodes.Assignment) and assignment.target.text == target:
                return assignment.value
    return None


def _is_only(statement: Node, call: Node) -> bool:
    """Whether a statement is nothing but a call, in a lowlevel block or not."""
    if not isinstance(statement, nodes.ExpressionStatement):
        return False
    if isinstance(statement.expression, nodes.LowlevelBlock):
        inner = statement.expression.block.statements
        return len(inner) == 1 and _is_only(inner[0], call)
    return statement.expression is call


def _blanks(statement: Node, access: nodes.FieldAccess) -> bool:
    if not isinstance(statement, nodes.ExpressionStatement):
        return False
    assignment = statement.expression
    if not isinstance(assignment, nodes.Assignment) or assignment.target.text != access.text:
        return False
    value = assignment.value
    while isinstance(value, nodes.Cast | nodes.Group):
        value = value.operand if isinstance(value, nodes.Cast) else value.inner
    return isinstance(value, nodes.Literal) and value.text in ("0", "null")


def _leaves(statement: Node) -> bool:
    return any(
        isinstance(each, nodes.Return | nodes.Break | nodes.Continue | nodes.Throw | nodes.Propagate)
        for each in statement.walk()
    )


def _speaks_of_handle(names: list[str]) -> bool:
    return bool(names) and any(word in names[0] for word in ("handle", "address", "addr", "ptr", "raw"))


def _is_handle(type_: Type | None) -> bool:
    """Whether values of a type may be addresses."""
    return type_ is not None and type_.name in ("*", "I64", "U64")


def _is_scalar(type_: Type | None) -> bool:
    return type_ is not None and type_.name in SCALARS


def carries_ownership(type_: Type | None) -> bool:
    """Whether a value of this type can hold or refer to something that is released."""
    return type_ is None or (type_.name not in SCALARS - {"I64", "U64", "Usize"})


class _FateSearch:
    """Follows a value through the variables, casts and calls it flows through."""

    def __init__(
        self, summaries: Summaries, graph: ControlFlowGraph, fate: Fate, given: Mapping[str, Expression]
    ) -> None:
        self.summaries = summaries
        self.graph = graph
        self.fate = fate
        self.given = given
        self.root: Variable | None = None
        """The variable that is followed, or the first that holds a temporary."""
        self.is_temporary = False
        self.followed: set[tuple[int, bool]] = set()

    def follow(self, variable: Variable, *, partial: bool) -> None:
        """``partial``: the variable holds a part of the value, or a view into it."""
        if self.root is None:
            self.root = variable
        if (id(variable), partial) in self.followed:
            return
        self.followed.add((id(variable), partial))
        self.fate.views.add(variable)
        for use in self.graph.uses(variable):
            if self.given and is_impossible(self.graph, use.node, self.given):
                continue
            if not is_null(self.graph, use.node):
                self._value(use.node, use.site, variable.type, partial)

    def temporary(self, call: CallSite) -> None:
        """Follow the result of a call."""
        self.is_temporary = True
        self._value(call.node, call.site, call.type, partial=False)

    def _effect(self, effect: Effect, partial: bool) -> None:
        if partial and effect in (Effect.RETURNS, Effect.RETAINS, Effect.SHARES):
            self.fate.view_escapes = True
            if effect is Effect.RETURNS:
                self.fate.lends = True
            else:
                self.fate.effects.add(Effect.SHARES)
        elif partial and effect is Effect.RELEASES:
            self.fate.effects.add(Effect.DRAINS)
        else:
            self.fate.effects.add(effect)

    def _value(self, node: Node, site: Site, type_: Type | None, partial: bool) -> None:
        """The value of ``node`` goes to ``site``."""
        if partial and site.through is not None and (self.is_temporary or self._is_declared_in(site.through)):
            self.fate.view_escapes = True
        match site.role:
            case Role.BOUND | Role.SCRUTINEE:
                for variable in self._bound_by(site):
                    if carries_ownership(variable.type):
                        self.follow(variable, partial=partial)
            case Role.ASSIGNED:
                for action in self.graph.assignments:
                    if action.node is site.parent:
                        outlives = self.root is not None and action.variable.depth < self.root.depth
                        if outlives or self.is_temporary:
                            self._effect(Effect.RETAINS, partial)
                        self.follow(action.variable, partial=partial)
            case Role.RETURNED:
                if carries_ownership(self.graph.function.returns):
                    self._effect(Effect.RETURNS, partial)
            case Role.STORED | Role.CAPTURED:
                self._effect(Effect.RETAINS, partial)
            case Role.ELEMENT | Role.CONSTRUCTED:
                self._placed(site, type_, partial)
            case Role.ARGUMENT | Role.RECEIVER:
                self._passed(site, type_, partial)
            case Role.FIELD:
                field_type = self.graph.type_of(site.parent)
                access = site.parent
                assert isinstance(access, nodes.FieldAccess)
                if is_moved_out(self.graph, access) or self.summaries.is_replaced(self.graph, access):
                    return
                if carries_ownership(field_type) and self.summaries.hands_out_part(self.graph, access):
                    self._onwards(site.parent, field_type, partial=True)
            case Role.CAST | Role.REFERENCED | Role.PROPAGATED:
                self._onwards(site.parent, self.graph.type_of(site.parent), partial)
            case Role.OPERAND:
                self._operand(site, type_, partial)
            case Role.INTERPOLATED:
                if refers_to_str(type_) and not partial and _frees_holes(site.parent):
                    self._effect(Effect.RELEASES, partial)
            case Role.CONDITION | Role.DISCARDED:
                pass

    def _is_declared_in(self, block: Node) -> bool:
        """Whether the variable that is followed ends with a block."""
        return self.root is not None and block.start <= self.root.node.start < block.end

    def _onwards(self, node: Node, type_: Type | None, partial: bool) -> None:
        site = self.graph.site_of(node)
        if site is not None:
            self._value(node, site, type_, partial)

    def _bound_by(self, site: Site) -> Sequence[Variable]:
        """The variables that a let, var or arm binds to the value."""
        parent = site.parent
        if isinstance(parent, nodes.When):
            patterns = {
                id(each) for arm in parent.arms for pattern in arm.patterns for each in pattern.walk()
            }
        elif isinstance(parent, nodes.LetCondition | nodes.Let):
            patterns = {id(each) for each in parent.pattern.walk()}
        else:
            return self.graph.declared_at(parent)
        return [variable for variable in self.graph.variables if id(variable.node) in patterns]

    def _placed(self, site: Site, type_: Type | None, partial: bool) -> None:
        """The value becomes part of a struct, tuple, array or enum."""
        literal: Node = site.parent
        entry: str | None = None
        if isinstance(literal, nodes.FieldInit):
            entry = literal.name
            literal = next(
                each for each in self.graph.nodes_of(nodes.StructLiteral) if site.parent in each.fields
            )
        target = self.graph.site_of(literal)
        built = self.graph.type_of(literal)
        if entry is not None and built is not None and self._is_plain_number(built, entry, type_):
            return
        partial = partial and not self._takes_ownership(built, entry, type_)
        if target is None:
            self._effect(Effect.RETAINS, partial)
        elif target.role is Role.RETURNED:
            self._effect(Effect.RETURNS, partial)
        else:
            self._value(literal, target, built, partial)

    def _is_plain_number(self, built: Type, entry: str, type_: Type | None) -> bool:
        """Whether a number goes into a field that holds a number and no handle."""
        if type_ is None or type_.name not in ("I64", "U64") or not self.summaries.is_released(built):
            return False
        return entry not in self.summaries.handle_fields(built)

    def _takes_ownership(self, built: Type | None, entry: str | None, type_: Type | None) -> bool:
        """Whether a part put into a struct takes the right to release with it."""
        if built is None or not self.summaries.is_released(built):
            return False
        return self.summaries.is_released(type_) or entry in self.summaries.handle_fields(built)

    def _passed(self, site: Site, type_: Type | None, partial: bool) -> None:
        result = self.graph.type_of(site.parent)
        for effect in self.summaries.call_effects(site):
            if effect is Effect.RETURNS:
                owns = _is_handle(type_) or self.summaries.is_released(type_)
                self._onwards(
                    site.parent, result, partial and not (owns and self.summaries.is_released(result))
                )
            elif effect is not Effect.BORROWS:
                self._effect(effect, partial)
        position = -1 if site.role is Role.RECEIVER else site.position
        if site.callee is not None and self.summaries.lends(site.callee, position):
            self._onwards(site.parent, result, partial=True)
        elif site.role is Role.RECEIVER or _is_unknown_call(site) or self._hands_out_handle(site, type_):
            self._view_result(site)

    def _view_result(self, site: Site) -> None:
        """A method may hand out a part of its receiver."""
        callee = site.callee
        result_type = self.graph.type_of(site.parent)
        if result_type is None or not carries_ownership(result_type):
            return
        if result_type.name in SCALARS and (callee is None or not self.summaries.result(callee).is_view):
            return
        if callee is not None and not self.summaries.result(callee).origins & {Origin.VIEW, Origin.UNKNOWN}:
            return
        self._onwards(site.parent, result_type, partial=True)

    def _hands_out_handle(self, site: Site, type_: Type | None) -> bool:
        """Whether a function that is given an owner returns an address or a part of it."""
        if site.callee is None or not self.summaries.is_released(type_):
            return False
        return bool(self.summaries.result(site.callee).origins & {Origin.VIEW, Origin.UNKNOWN})

    def _operand(self, site: Site, type_: Type | None, partial: bool) -> None:
        parent = site.parent
        if isinstance(parent, nodes.Binary) and parent.operator in _ARITHMETIC and not refers_to_str(type_):
            if parent.operator == "-" and self._both_followed(parent):
                return
            self._onwards(parent, self.graph.type_of(parent), partial)
        elif isinstance(parent, nodes.Index | nodes.Unary):
            self._onwards(parent, self.graph.type_of(parent), partial=True)

    def _both_followed(self, node: nodes.Binary) -> bool:
        """A difference of two addresses is a number again."""
        followed = {key for key, _ in self.followed}
        used = {
            id(variable)
            for variable, uses in self.graph.uses_by_variable.items()
            if any(node.right.start <= use.node.start < node.right.end for use in uses)
        }
        return bool(used & followed)


def _frees_holes(node: Node) -> bool:
    """A string that is interpolated frees the strings it shows; a template copies them."""
    return node.first_token.type == "STRING_START"


def _is_unknown_call(site: Site) -> bool:
    """Whether nothing is known about the function that the value is given to."""
    return site.role is Role.ARGUMENT and site.callee is None
