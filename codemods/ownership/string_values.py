"""Which strings a value holds: made where it is computed, held by a variable, or a part of an argument.

A struct value is a bit copy. So a function that builds a struct out of the fields of another leaves two
owners of the same strings, and only what is in which field tells whether both free one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, ExitKind, Variable, VariableKind
from codemods.ownership.compiler.builtins import ALLOCATING, makes_string
from codemods.ownership.compiler.drops import DropKind, Drops
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.summaries.handles import is_scalar, may_be_address
from codemods.ownership.summaries.origins import HANDING_OUT
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.layers import Layer, by_function
from codemods.semantics.symbols import FunctionInfo, Index, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression, Pattern

Path = tuple[str, ...]
"""What leads to a string: a field, ``0`` of a tuple, ``Ok.0`` of an enum."""

Span = tuple[int, int]
_LONGEST_PATH = 4
_MOST_STRINGS = 32
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Made:
    """A string that an expression makes; ``node`` is the span of the expression."""

    node: Span
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What a variable holds at a path, at the time when the value is computed."""

    variable: Variable
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A part of an argument; position -1 is the receiver."""

    position: int
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A string of what a call returns that comes from memory; ``node`` is the span of the call."""

    node: Span
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Other:
    """A constant, or nothing that is known."""


Source = Made | Held | Given | Read | Other
Strings = Mapping[Path, frozenset[Source]]
"""The sources of the strings of a value, by path. A shorter path stands for all that it leads to."""

NO_STRINGS: Strings = MappingProxyType({})
OTHER = Other()
_ONLY_OTHER: Strings = MappingProxyType({(): frozenset((OTHER,))})


def one(source: Source) -> Strings:
    """A value that is one string, or all that a source holds."""
    return {(): frozenset((source,))}


def below(strings: Strings, path: Path) -> Strings:
    """The strings of a part of a value."""
    found: dict[Path, frozenset[Source]] = {}
    for key, sources in strings.items():
        if key[: len(path)] == path:
            inner = key[len(path) :]
            found[inner] = found.get(inner, frozenset()) | sources
        elif path[: len(key)] == key:
            extended = frozenset(_extended(source, path[len(key) :]) for source in sources)
            found[()] = found.get((), frozenset()) | extended
    return found


def inside(strings: Strings, path: Path) -> Strings:
    """The strings of a value that has another one at a path."""
    return {
        (*path, *key): sources for key, sources in strings.items() if len(path) + len(key) <= _LONGEST_PATH
    }


def either(values: Iterable[Strings]) -> Strings:
    """The strings of one of several values: where they differ, of each it is only possible."""
    values = list(values)
    if all(value == values[0] for value in values[1:]):
        return values[0] if values else NO_STRINGS
    found: dict[Path, frozenset[Source]] = {}
    for value in values:
        for key, sources in value.items():
            found[key] = found.get(key, frozenset((OTHER,))) | sources
    return found if len(found) <= _MOST_STRINGS else NO_STRINGS


def _extended(source: Source, path: Path) -> Source:
    if isinstance(source, Other) or len(source.path) + len(path) > _LONGEST_PATH:
        return OTHER
    match source:
        case Made():
            return Made(source.node, (*source.path, *path))
        case Held():
            return Held(source.variable, (*source.path, *path))
        case Given():
            return Given(source.position, (*source.path, *path))
        case Read():
            return Read(source.node, (*source.path, *path))


@dataclass
class _Known:
    """What was found about one graph."""

    values: dict[int, Strings] = field(default_factory=dict)


class StringValues(Layer):
    """The strings of expressions and of the results of functions."""

    def __init__(
        self, index: Index, summaries: Summaries, drops: Drops, library: StringValues | None = None
    ) -> None:
        super().__init__(index, library)
        self._summaries = summaries
        self._drops = drops
        self._results = Fixpoints()
        self._known: dict[ControlFlowGraph, _Known] = {}

    # -- expressions --------------------------------------------------------------------------

    def of(self, graph: ControlFlowGraph, node: Expression) -> Strings:
        """The strings of an expression; what a variable holds is left open."""
        known = self._known.setdefault(graph, _Known()).values
        if id(node) in known:
            return known[id(node)]
        found = self._of(graph, node)
        if self._results.is_idle:
            known[id(node)] = found
        return found

    def _of(self, graph: ControlFlowGraph, node: Expression) -> Strings:
        match node:
            case nodes.Group():
                return self.of(graph, node.inner)
            case nodes.Cast():
                type_ = graph.type_of(node)
                return (
                    self.of(graph, node.operand)
                    if refers_to_str(type_) or may_be_address(type_)
                    else NO_STRINGS
                )
            case nodes.InterpolatedString():
                return self._of_interpolation(graph, node)
            case nodes.Literal():
                return _ONLY_OTHER
            case nodes.Binary():
                is_sum = node.operator == "+" and refers_to_str(graph.type_of(node))
                if not is_sum:
                    return NO_STRINGS
                return one(Made(span(node))) if self._drops.makes_string(node) else _ONLY_OTHER
            case nodes.Path() | nodes.This():
                use = graph.use_at(node)
                return one(Held(use.variable)) if use is not None else NO_STRINGS
            case nodes.FieldAccess():
                return below(self.of(graph, node.object), (node.name,))
            case nodes.StructLiteral():
                return self._of_struct(graph, node)
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
                return self._of_call(graph, node)
            case nodes.Propagate():
                return below(self.of(graph, node.operand), success_path(graph.type_of(node.operand)))
            case nodes.Tuple():
                found: dict[Path, frozenset[Source]] = {}
                for position, element in enumerate(node.elements):
                    found |= inside(self.of(graph, element), (str(position),))
                return found
            case nodes.Block():
                return self.of(graph, node.value) if node.value is not None else NO_STRINGS
            case nodes.LowlevelBlock():
                return self.of(graph, node.block)
            case nodes.Unary() if "ref" in node.operator or node.operator in ("&", "& mut"):
                return self.of(graph, node.operand)
            case nodes.Ternary():
                return self._either(graph, node.branches)
            case nodes.If():
                branches = [node.branch, *([node.alternative] if node.alternative else [])]
                return self._either(graph, branches)
            case nodes.When():
                return self._either(graph, [arm.body for arm in node.arms])
            case _:
                return NO_STRINGS

    def _either(self, graph: ControlFlowGraph, branches: Iterable[Expression]) -> Strings:
        leaving = nodes.Return | nodes.Break | nodes.Continue | nodes.Throw
        return either(self.of(graph, branch) for branch in branches if not isinstance(branch, leaving))

    def _of_interpolation(self, graph: ControlFlowGraph, node: nodes.InterpolatedString) -> Strings:
        if node.first_token.type != "STRING_START":
            return NO_STRINGS
        hole = node.only_hole
        if hole is not None and not is_scalar(graph.type_of(hole)):
            return self.of(graph, hole)
        return one(Made(span(node)))

    def _of_struct(self, graph: ControlFlowGraph, node: nodes.StructLiteral) -> Strings:
        found: dict[Path, frozenset[Source]] = {}
        for entry in node.fields:
            if entry.value is not None:
                found |= inside(self.of(graph, entry.value), (entry.name,))
            elif (use := graph.use_at(entry)) is not None:
                found[(entry.name,)] = frozenset((Held(use.variable),))
        built = graph.type_of(node)
        if node.base is not None and built is not None:
            base = self.of(graph, node.base)
            for name in self.index.fields(built):
                if not any(entry.name == name for entry in node.fields):
                    found |= inside(below(base, (name,)), (name,))
        return found if len(found) <= _MOST_STRINGS else NO_STRINGS

    def _of_call(
        self, graph: ControlFlowGraph, node: nodes.Call | nodes.StaticCall | nodes.MethodCall
    ) -> Strings:
        call = graph.call_at(node)
        if call is None or (is_scalar(call.type) and not may_be_address(call.type)):
            return NO_STRINGS
        if call.constructor:
            name = (
                node.function.segments[-1]
                if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path)
                else getattr(node, "name", "")
            )
            found: dict[Path, frozenset[Source]] = {}
            for position, argument in enumerate(call.arguments):
                found |= inside(self.of(graph, argument), (f"{name}.{position}",))
            return found
        if call.callee is None:
            return self._of_unresolved(graph, node, call)
        if call.callee.allocates and refers_to_str(call.callee.returns):
            return one(Made(span(node)))
        result = self.result(call.callee)
        if not result:
            return self._of_unfollowed(node, call)
        found = {}
        for path, sources in result.items():
            for source in sources:
                for key, given in self._given(graph, node, call, path, source).items():
                    whole = (*path, *key)
                    if len(sources) > 1:
                        given |= {OTHER}
                    found[whole] = found.get(whole, frozenset()) | given
        return found if len(found) <= _MOST_STRINGS else NO_STRINGS

    def _of_unfollowed(self, node: Expression, call: CallSite) -> Strings:
        """The result of a function with a body that is not followed, or without one."""
        assert call.callee is not None
        if refers_to_str(call.callee.returns):
            return one(Made(span(node))) if self._summaries.result(call.callee).is_fresh else NO_STRINGS
        if self._drops.kind(call.type) is DropKind.FIELDS:
            return one(Read(span(node)))
        return NO_STRINGS

    def _given(
        self, graph: ControlFlowGraph, node: Expression, call: CallSite, path: Path, source: Source
    ) -> Strings:
        """What the source of a part of a result is where the function is called."""
        match source:
            case Made():
                return one(Made(span(node), path))
            case Read():
                return one(Read(span(node), path))
            case Given():
                argument = argument_at(call, source.position)
                return below(self.of(graph, argument), source.path) if argument is not None else _ONLY_OTHER
            case _:
                return _ONLY_OTHER

    def _of_unresolved(
        self, graph: ControlFlowGraph, node: nodes.Call | nodes.StaticCall | nodes.MethodCall, call: CallSite
    ) -> Strings:
        if isinstance(node, nodes.MethodCall):
            if node.name in HANDING_OUT:
                path = (
                    ("Err.0",) if node.name.endswith("_err") else success_path(graph.type_of(node.receiver))
                )
                handed = below(self.of(graph, node.receiver), path)
                defaults = (
                    [self.of(graph, argument) for argument in node.arguments]
                    if node.name == "unwrap_or"
                    else []
                )
                return either([handed, *defaults])
            if node.name == "duplicate" and refers_to_str(graph.type_of(node.receiver)):
                return one(Made(span(node)))
            return NO_STRINGS
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
            name = node.function.segments[-1]
            if name in ALLOCATING or makes_string(name):
                return one(Made(span(node)))
        return NO_STRINGS

    # -- variables ----------------------------------------------------------------------------

    def bound(self, graph: ControlFlowGraph, variable: Variable) -> Strings:
        """The strings that a variable is declared with."""
        if variable.value is None or variable.kind is VariableKind.LOOP:
            return NO_STRINGS
        path = graph.ask(_pattern_paths).get(id(variable.node), ())
        if path is None:
            return NO_STRINGS
        return below(self.of(graph, variable.value), path)

    def origins(
        self, graph: ControlFlowGraph, strings: Strings, seen: frozenset[Held] = frozenset()
    ) -> Strings:
        """The same strings, with what variables hold traced back to where it came from, on any path."""
        found: dict[Path, frozenset[Source]] = {}
        for path, sources in strings.items():
            for source in sources:
                traced = self._traced(graph, source, seen) if isinstance(source, Held) else one(source)
                for key, origins in traced.items():
                    whole = (*path, *key)
                    if len(whole) <= _LONGEST_PATH:
                        more = {OTHER} if len(sources) > 1 else set()
                        found[whole] = found.get(whole, frozenset()) | origins | more
        return found if len(found) <= _MOST_STRINGS else NO_STRINGS

    def _traced(self, graph: ControlFlowGraph, source: Held, seen: frozenset[Held]) -> Strings:
        variable = source.variable
        if source in seen or len(seen) > _DEEPEST:
            return NO_STRINGS
        seen |= {source}
        values = [
            below(self.of(graph, assign.node.value), source.path) for assign in graph.assignments_to(variable)
        ]
        if variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            position = argument_position(graph.function, variable)
            values.append(one(Given(position, source.path)) if position is not None else _ONLY_OTHER)
        else:
            values.append(below(self.bound(graph, variable), source.path))
        for access, value in graph.ask(_field_assignments):
            path = assigned_path(graph, access, variable)
            if path is None:
                continue
            if path == source.path[: len(path)]:
                values.append(below(self.of(graph, value), source.path[len(path) :]))
            elif path[: len(source.path)] == source.path:
                values.append(inside(self.of(graph, value), path[len(source.path) :]))
        return either(self.origins(graph, value, seen) for value in values)

    # -- results ------------------------------------------------------------------------------

    @by_function
    def result(self, function: FunctionInfo) -> Strings:
        """The strings of what a function returns: made by it, or parts of its arguments."""
        return self._results.find(function, lambda: self._compute_result(function), NO_STRINGS, _join)

    def _compute_result(self, function: FunctionInfo) -> Strings:
        graph = self._summaries.graph(function)
        if graph is None or (is_scalar(function.returns) and not may_be_address(function.returns)):
            return NO_STRINGS
        values = [
            self.origins(graph, self.of(graph, exit_.value))
            for exit_ in graph.exits
            if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL)
            and exit_.value is not None
            and not isinstance(exit_.value, nodes.Return)
        ]
        return {
            path: frozenset(_summarised(source) for source in sources)
            for path, sources in either(values).items()
        }


def _summarised(source: Source) -> Source:
    match source:
        case Made():
            return Made((0, 0))
        case Read():
            return Read((0, 0))
        case Held():
            return OTHER
        case _:
            return source


def _join(left: Strings, right: Strings) -> Strings:
    joined = dict(left)
    for path, sources in right.items():
        joined[path] = joined.get(path, frozenset()) | sources
    return joined


def span(node: Expression) -> Span:
    """The identity of an expression in its file, the same in every run."""
    return node.start, node.end


def success_path(type_: Type | None) -> Path:
    """Where a Maybe or Outcome holds what it hands out."""
    return ("Just.0",) if type_ is not None and type_.target().name == "Maybe" else ("Ok.0",)


def argument_at(call: CallSite, position: int) -> Expression | None:
    """The argument of a call at a position; -1 is the receiver."""
    if position < 0:
        return call.receiver
    return call.arguments[position] if position < len(call.arguments) else None


def argument_position(function: FunctionInfo, variable: Variable) -> int | None:
    """The position of a parameter; -1 is the receiver."""
    if variable.kind is VariableKind.RECEIVER:
        return -1
    names = [parameter.name for parameter in function.values]
    return names.index(variable.name) if variable.name in names else None


def assigned_path(graph: ControlFlowGraph, access: nodes.FieldAccess, variable: Variable) -> Path | None:
    """The fields of a variable that lead to what is assigned; None for those of another."""
    path: list[str] = []
    node: Expression = access
    while isinstance(node, nodes.FieldAccess):
        path.insert(0, node.name)
        node = node.object
    use = graph.use_at(node)
    return tuple(path) if use is not None and use.variable is variable else None


def _field_assignments(graph: ControlFlowGraph) -> list[tuple[nodes.FieldAccess, Expression]]:
    return [
        (node.target, node.value)
        for node in graph.nodes_of(nodes.Assignment)
        if isinstance(node.target, nodes.FieldAccess)
    ]


def _pattern_paths(graph: ControlFlowGraph) -> Mapping[int, Path | None]:
    """Where each variable of a pattern is in the value that it matches; None if that is unclear."""
    found: dict[int, Path | None] = {}

    def walk(pattern: Pattern, path: Path | None) -> None:
        found[id(pattern)] = path
        match pattern:
            case nodes.VariantPattern():
                for position, inner in enumerate(pattern.payload):
                    part = f"{pattern.segments[-1]}.{position}"
                    walk(inner, (*path, part) if path is not None else None)
            case nodes.TuplePattern():
                for position, inner in enumerate(pattern.elements):
                    walk(inner, (*path, str(position)) if path is not None else None)
            case nodes.StructPattern():
                for entry in pattern.all(nodes.FieldPattern):
                    name = entry.token("IDENT")
                    part_path = (*path, name.text) if path is not None and name is not None else None
                    found[id(entry)] = part_path
                    nested = entry.child(Pattern)
                    if nested is not None:
                        walk(nested, part_path)
            case nodes.BindingPattern():
                pass
            case _:
                for inner in pattern.all(Pattern):
                    walk(inner, None)

    for when in graph.nodes_of(nodes.When):
        for arm in when.arms:
            for pattern in arm.patterns:
                walk(pattern, () if len(arm.patterns) == 1 else None)
    for let in graph.nodes_of(nodes.Let):
        walk(let.pattern, ())
    for condition in graph.nodes_of(nodes.LetCondition):
        walk(condition.pattern, ())
    return found
