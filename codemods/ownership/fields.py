"""Who owns what a struct's fields hold, found from every place that builds such a struct.

A string parameter that is stored unchanged belongs to the caller: the compiler never moves a string that is
passed to a function it can see. A number field may hold a string that was cast away from the
compiler's bookkeeping; then nobody but the struct can free it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.conditions import is_impossible
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Exit, ExitKind, Role, Site, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.handovers import Parameter, handed_over, replaces_element, stays_in_place
from codemods.ownership.summaries.origins import Origin
from codemods.ownership.summaries.takeovers import moves_last
from codemods.semantics.layers import Layer, by_type
from codemods.semantics.symbols import FunctionInfo, SourceFile, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


class Holds(Enum):
    """What one constructor puts into a field."""

    OWNED = auto()
    CONSTANT = auto()
    BORROWED = auto()
    """A string of the caller, or of something else that lives on."""
    SHARED = auto()
    """The same field of another value of the type, as builder methods do."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """What a field may hold over all constructors."""

    holds: frozenset[Holds]
    literals: frozenset[str] = frozenset()
    is_string: bool = False
    """A number or pointer field that holds a string."""
    givers: frozenset[Parameter] = frozenset()
    """The parameters, received by value, that owners among it come from."""

    @property
    def is_owned(self) -> bool:
        """Whether what it holds is the struct's own, wherever it is not a constant."""
        return Holds.OWNED in self.holds and self.holds <= {Holds.OWNED, Holds.CONSTANT, Holds.SHARED}

    @property
    def is_borrowed(self) -> bool:
        """Whether what it holds is never the struct's own."""
        return Holds.BORROWED in self.holds and self.holds <= {Holds.BORROWED, Holds.CONSTANT, Holds.SHARED}

    def __or__(self, other: FieldOrigin) -> FieldOrigin:
        return FieldOrigin(
            self.holds | other.holds,
            self.literals | other.literals,
            self.is_string or other.is_string,
            self.givers | other.givers,
        )


_NOTHING = FieldOrigin(frozenset())
_UNKNOWN = FieldOrigin(frozenset((Holds.UNKNOWN,)))
_LEAVING = (ExitKind.RETURN, ExitKind.TAIL)
_CONSTANTS = frozenset(("0", "null", '""', "false"))


class Fields(Layer):
    """The fields of the structs of an index."""

    def __init__(self, analysis: Analysis, library: Fields | None = None) -> None:
        super().__init__(analysis.index, library)
        self.analysis = analysis
        self._literals: dict[str, list[tuple[ControlFlowGraph, nodes.StructLiteral]]] = {}
        self._writes: dict[str, list[tuple[ControlFlowGraph, nodes.Assignment, nodes.FieldAccess]]] = {}
        self._accesses: dict[str, list[tuple[ControlFlowGraph, nodes.FieldAccess]]] = {}
        self._owned_strings: dict[Type, list[str]] = {}
        self._functions: dict[SourceFile, list[tuple[int, int, FunctionInfo]]] = {}

    @by_type
    def constructors(self, type_: Type) -> list[tuple[ControlFlowGraph, nodes.StructLiteral]]:
        """Every struct literal of the type in the library, with the function that holds it."""
        if type_.name not in self._literals:
            names = self.index.fields(type_)
            self._literals[type_.name] = [
                (graph, node)
                for graph in self._mentioning(max(names, key=len, default=type_.bare))
                for node in graph.nodes_of(nodes.StructLiteral)
                if (built := graph.type_of(node)) is not None and built.name == type_.name
            ]
        return self._literals[type_.name]

    @by_type
    def origin(self, type_: Type, name: str, besides: FunctionInfo | None = None) -> FieldOrigin:
        """What field ``name`` of the type holds, by its constructors and by every assignment to it.

        Those ``besides`` are in a function that leaves nothing in it, as a release does.
        """
        result = _NOTHING
        for graph, literal in self.constructors(type_):
            entry = next((field for field in literal.fields if field.name == name), None)
            if entry is None:
                return _UNKNOWN
            value = entry.value
            held = self._value(graph, type_, name, value) if value is not None else self._short(graph, entry)
            if Holds.SHARED in held.holds and self._owns_besides(graph, literal, name):
                site = graph.site_of(literal)
                if site is None or not stays_in_place(self.analysis, graph, site.parent, value or entry):
                    return _UNKNOWN
            result |= held
        for graph, assignment in self.assignments(type_, name):
            if graph.function is besides:
                continue
            result |= self._value(graph, type_, name, assignment.value)
        return result

    def _owns_besides(self, graph: ControlFlowGraph, literal: nodes.StructLiteral, name: str) -> bool:
        """Whether a struct that shares a field owns something of its own: then both will be released."""
        summaries = self.analysis.summaries
        built = graph.type_of(literal)
        handles = summaries.handles.fields(built) if built is not None else frozenset()
        return any(
            entry.value is not None
            and entry.name != name
            and (entry.name in handles or summaries.handles.is_released(graph.type_of(entry.value)))
            and Origin.FRESH in summaries.origin(graph, entry.value).origins
            for entry in literal.fields
        )

    def assignments(self, type_: Type, name: str) -> list[tuple[ControlFlowGraph, nodes.Assignment]]:
        """Every assignment to the field in the library, wherever the type of the target allows it."""
        return [
            (graph, node)
            for graph, node, target in self._field_writes(name)
            if (owner := _owner_type(graph, target)) is None or owner.target().name == type_.name
        ]

    def _field_writes(self, name: str) -> list[tuple[ControlFlowGraph, nodes.Assignment, nodes.FieldAccess]]:
        """Every assignment in the library to a field of this name."""
        if name not in self._writes:
            self._writes[name] = [
                (graph, node, node.target)
                for graph in self._mentioning(name)
                for node in graph.nodes_of(nodes.Assignment)
                if isinstance(node.target, nodes.FieldAccess) and node.target.name == name
            ]
        return self._writes[name]

    def _mentioning(self, identifier: str) -> Iterator[ControlFlowGraph]:
        """The functions of the library whose body contains this identifier."""
        code = identifier.encode("utf-8", "surrogateescape")
        for file in self._own_files:
            if code not in file.identifiers:
                continue
            for start, end, function in self._functions_in(file):
                if file.source.find(code, start, end) >= 0:
                    graph = self.analysis.summaries.graph(function)
                    if graph is not None:
                        yield graph

    @cached_property
    def _own_files(self) -> list[SourceFile]:
        """The files of this layer: those of the library, or those beside it."""
        if self._library is None:
            return [file for file in self.index.files.values() if not file.is_test]
        return [file for path, file in self.index.files.items() if path not in self._library.index.files]

    def _functions_in(self, file: SourceFile) -> list[tuple[int, int, FunctionInfo]]:
        """The functions of a file, with the spans of their text."""
        if file not in self._functions:
            functions = self.index.functions_in(file)
            self._functions[file] = [
                (function.node.start, function.node.end, function) for function in functions
            ]
        return self._functions[file]

    def _short(self, graph: ControlFlowGraph, entry: nodes.FieldInit) -> FieldOrigin:
        variable = next(iter(graph.named(entry.name)), None)
        if variable is None:
            return _UNKNOWN
        return self._from_origins(
            self.analysis.summaries.variable_origin(graph, variable).origins, frozenset()
        )

    def _value(self, graph: ControlFlowGraph, type_: Type, name: str, value: Expression) -> FieldOrigin:
        if isinstance(value, nodes.FieldAccess) and value.name == name:
            owner = graph.type_of(value.object)
            if owner is not None and owner.target().name == type_.name:
                return FieldOrigin(frozenset((Holds.SHARED,)))
        found = self.analysis.summaries.origin(graph, value)
        return self._from_origins(found.origins, found.literals, is_string=self._is_string_cast(graph, value))

    def _from_origins(
        self, origins: frozenset[Origin], literals: frozenset[str], *, is_string: bool = False
    ) -> FieldOrigin:
        meaning = {
            Origin.FRESH: Holds.OWNED,
            Origin.LITERAL: Holds.CONSTANT,
            Origin.VIEW: Holds.BORROWED,
            Origin.PASSED: Holds.BORROWED,
            Origin.UNKNOWN: Holds.UNKNOWN,
        }
        return FieldOrigin(frozenset(meaning[origin] for origin in origins), literals, is_string)

    def _is_string_cast(self, graph: ControlFlowGraph, value: Expression) -> bool:
        """Whether a number is a string cast, directly, through a variable, or by a function."""
        candidates = [value]
        if isinstance(value, nodes.Path) and value.identifier:
            candidates += [variable.value for variable in graph.named(value.identifier) if variable.value]
            candidates += [
                assignment.value
                for assignment in graph.nodes_of(nodes.Assignment)
                if assignment.target.text == value.identifier
            ]
        return any(self._casts_string(graph, candidate) for candidate in candidates)

    def _casts_string(self, graph: ControlFlowGraph, value: Expression) -> bool:
        if isinstance(value, nodes.Cast):
            type_ = graph.type_of(value.operand)
            return type_ is not None and type_.is_str
        call = graph.call_at(value)
        callee = call.callee if call is not None else None
        inner = self.analysis.summaries.graph(callee) if callee is not None else None
        if inner is None:
            return False
        return any(
            exit_.value is not None and self._casts_string(inner, exit_.value)
            for exit_ in inner.exits
            if not isinstance(exit_.value, nodes.Call)
        )

    def borrowed_strings(self, type_: Type) -> list[str]:
        """The string fields that are the caller's, though the compiler would free them with a value."""
        return [
            name
            for name, field_type in self.index.fields(type_).items()
            if field_type.is_str
            and self.analysis.drops.drops_field(type_, name)
            and self.origin(type_, name).is_borrowed
        ]

    @by_type
    def owned_strings(self, type_: Type) -> list[str]:
        """The string fields of a struct that are its own; none if it has anything else that is dropped."""
        if type_ not in self._owned_strings:
            self._owned_strings[type_] = self._find_owned_strings(type_)
        return self._owned_strings[type_]

    def _find_owned_strings(self, type_: Type) -> list[str]:
        drops = self.analysis.drops
        if drops.kind(type_) is not DropKind.FIELDS or type_.arguments:
            return []
        declared = self.index.fields(type_)
        dropped = [name for name in declared if drops.drops_field(type_, name)]
        for name in dropped:
            origin = self.origin(type_, name)
            if not declared[name].is_str or not origin.is_owned or not only_empty_constants(origin):
                return []
        return dropped

    # -- elements -----------------------------------------------------------------------------

    @by_type
    def elements(self, type_: Type, name: str) -> FieldOrigin:
        """What the elements of a list field hold, over all constructors."""
        result = _NOTHING
        for graph, literal in self.constructors(type_):
            entry = next((field for field in literal.fields if field.name == name), None)
            result |= self._first_elements(graph, entry) if entry is not None else _UNKNOWN
        for graph, _ in self.assignments(type_, name):
            if graph.function.owner is None or not self.index.has_release_name(graph.function):
                return _UNKNOWN
        for graph, access in self.accesses(name):
            owner = _owner_type(graph, access)
            if owner is None or owner.target().name == type_.name:
                result |= self._added_through(graph, access)
        return result

    def _first_elements(self, graph: ControlFlowGraph, entry: nodes.FieldInit) -> FieldOrigin:
        """What the list holds that a struct literal puts into a field."""
        use = graph.use_at(entry if entry.value is None else entry.value)
        if use is not None:
            return self.list_elements(graph, use.variable)
        if entry.value is None or not self.analysis.summaries.origin(graph, entry.value).is_fresh:
            return _UNKNOWN
        return self._made(graph, entry.value, {})

    def _added_through(self, graph: ControlFlowGraph, access: nodes.FieldAccess) -> FieldOrigin:
        """What is put into the list in a field where the field is named."""
        site = graph.site_of(access)
        if site is not None and site.role is Role.REFERENCED:
            site = graph.site_of(site.parent)
        if site is None:
            return _NOTHING
        match site.role:
            case Role.RECEIVER if site.callee is not None:
                return self._received(graph, site.callee, site.parent)
            case Role.ARGUMENT if site.callee is not None:
                return self._handed_on(site.callee, site.position, frozenset())
            case Role.BOUND:
                result = _NOTHING
                for variable in graph.bound_by(site.parent):
                    result |= self._put_in(graph, variable, {}, frozenset((id(variable),)))
                return result
            case Role.FIELD | Role.ELEMENT | Role.OPERAND | Role.CONDITION | Role.DISCARDED:
                return _NOTHING
            case _:
                return _UNKNOWN

    def accesses(self, name: str) -> list[tuple[ControlFlowGraph, nodes.FieldAccess]]:
        """Every place in the library that names a field of this name, but for those that assign to it."""
        if name not in self._accesses:
            self._accesses[name] = [
                (graph, node)
                for graph in self._mentioning(name)
                for node in graph.nodes_of(nodes.FieldAccess)
                if node.name == name
            ]
        return self._accesses[name]

    def _variable(self, graph: ControlFlowGraph, value: Expression) -> Variable | None:
        if isinstance(value, nodes.Assignment):
            return next(
                (assignment.variable for assignment in graph.assignments if assignment.node is value), None
            )
        use = graph.use_at(value)
        return use.variable if use is not None else None

    def list_elements(self, graph: ControlFlowGraph, variable: Variable) -> FieldOrigin:
        """What the elements of a local list hold: what its maker put in and what is pushed later."""
        value = variable.value
        if value is None or not self.analysis.summaries.variable_origin(graph, variable).is_fresh:
            return _UNKNOWN
        return self._made(graph, value, {}) | self._put_in(graph, variable, {}, frozenset((id(variable),)))

    def made_elements(self, graph: ControlFlowGraph, value: Expression) -> FieldOrigin:
        """What the list that an expression makes holds already."""
        return self._made(graph, value, {})

    def _made(
        self, graph: ControlFlowGraph, value: Expression, given: Mapping[str, Expression]
    ) -> FieldOrigin:
        """What the list that an expression makes holds already."""
        match value:
            case nodes.Group():
                return self._made(graph, value.inner, given)
            case nodes.Block():
                return self._made(graph, value.value, given) if value.value is not None else _UNKNOWN
            case nodes.If() if value.alternative is not None:
                return self._made(graph, value.branch, given) | self._made(graph, value.alternative, given)
            case nodes.Path():
                return self._made_before(graph, value, given)
            case _:
                call = graph.call_at(value)
                return self._made_by(call, given) if call is not None else _UNKNOWN

    def _made_before(
        self, graph: ControlFlowGraph, path: nodes.Path, given: Mapping[str, Expression]
    ) -> FieldOrigin:
        variable = self._variable(graph, path)
        if variable is None or variable.value is None or isinstance(variable.value, nodes.Path):
            return _UNKNOWN
        made = self._made(graph, variable.value, given)
        return made | self._put_in(graph, variable, given, frozenset((id(variable),)))

    def _made_by(self, call: CallSite, outer: Mapping[str, Expression]) -> FieldOrigin:
        """What the list that a call returns holds already."""
        callee = call.callee
        if callee is not None and callee.owner is not None and callee.owner.bare == callee.returns.bare:
            return _NOTHING
        graph = self.analysis.summaries.graph(callee) if callee is not None else None
        if callee is None or graph is None:
            return _UNKNOWN
        given = {
            parameter.name: outer.get(argument.text, argument)
            for parameter, argument in zip(callee.values, call.arguments, strict=False)
            if parameter.name is not None
        }
        result = _NOTHING
        for block in graph.reachable:
            for action in block.actions:
                if isinstance(action, Exit) and action.kind in _LEAVING and action.value is not None:
                    result |= self._made(graph, action.value, given)
        return result

    def _put_in(
        self,
        graph: ControlFlowGraph,
        variable: Variable,
        given: Mapping[str, Expression],
        seen: frozenset[int],
    ) -> FieldOrigin:
        """What a function puts into the list of a variable, and those it hands the list to.

        ``given`` are the arguments of the call, as far as they are known.
        """
        result = _NOTHING
        for use in graph.uses(variable):
            site = use.site
            if site.role is Role.REFERENCED:
                site = graph.site_of(site.parent) or site
            match site.role:
                case Role.ELEMENT | Role.RETURNED:
                    continue
                case Role.RECEIVER if site.callee is not None:
                    if not is_impossible(graph, site.parent, given):
                        result |= self._received(graph, site.callee, site.parent)
                case Role.ARGUMENT if site.callee is not None:
                    result |= self._handed_on(site.callee, site.position, seen)
                case _:
                    return _UNKNOWN
        return result

    def _received(self, graph: ControlFlowGraph, method: FunctionInfo, call: Node) -> FieldOrigin:
        """What a method call puts into its receiver."""
        summaries = self.analysis.summaries
        assert isinstance(call, nodes.MethodCall)
        result = _NOTHING
        for position, argument in enumerate(call.arguments):
            if Effect.RETAINS in summaries.effects(method, position):
                if self._may_own(graph.type_of(argument)):
                    result |= self._owner(graph, call, argument)
                    continue
                if self._is_shared(graph, argument):
                    return _UNKNOWN
                found = summaries.origin(graph, argument)
                result |= self._from_origins(found.origins, found.literals, is_string=True)
        return result

    def _may_own(self, type_: Type | None) -> bool:
        """Whether values of a type are released, or hold something that is."""
        return type_ is not None and not type_.is_str and self.analysis.obligations.may_own(type_)

    def _owner(self, graph: ControlFlowGraph, call: nodes.MethodCall, argument: Expression) -> FieldOrigin:
        """What a list holds once an owner is put into it; one that moves within the list is nothing new."""
        if moves_last(graph, call) is not None:
            return _NOTHING
        parameters = replaces_element(self.analysis, graph, call, argument)
        if parameters is None:
            parameters = handed_over(self.analysis, graph, argument)
        return _UNKNOWN if parameters is None else FieldOrigin(frozenset((Holds.OWNED,)), givers=parameters)

    def _is_shared(self, graph: ControlFlowGraph, argument: Expression) -> bool:
        """Whether a variable that is put into a list is also freed by the compiler, or put elsewhere."""
        variable = self._variable(graph, argument)
        if variable is None:
            return False
        keeps = [use for use in graph.uses(variable) if use.node is not argument and self._is_kept(use.site)]
        return bool(keeps) or self.analysis.drops.is_registered(variable)

    def _is_kept(self, site: Site) -> bool:
        if site.role in (Role.STORED, Role.ELEMENT, Role.CONSTRUCTED, Role.RETURNED, Role.ASSIGNED):
            return True
        if site.role is not Role.ARGUMENT:
            return False
        return not self.analysis.summaries.call_effects(site) <= {Effect.BORROWS}

    def _handed_on(self, callee: FunctionInfo, position: int, seen: frozenset[int]) -> FieldOrigin:
        """What a function puts into the list that it is given."""
        graph = self.analysis.summaries.graph(callee)
        name = callee.values[position].name if position < len(callee.values) else None
        variable = None
        if graph is not None:
            variable = next(iter(graph.named(name)), None) if name is not None else None
        if graph is None or variable is None:
            return _UNKNOWN
        if id(variable) in seen:
            return _NOTHING
        return self._put_in(graph, variable, {}, seen | {id(variable)})


def _owner_type(graph: ControlFlowGraph, access: nodes.FieldAccess) -> Type | None:
    """The type whose field is accessed; that of ``this`` is the function's owner in any case."""
    found = graph.type_of(access.object)
    return graph.function.owner if found is None and isinstance(access.object, nodes.This) else found


def only_empty_constants(origin: FieldOrigin) -> bool:
    """Whether the only constants are zero and the empty string, which a length test tells apart."""
    return origin.literals <= _CONSTANTS
