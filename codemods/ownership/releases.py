"""Which types are released by hand, with what, and whether that is safe beside the compiler's drop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import or_

from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Site, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect, bodyless_effect, builtin_effect
from codemods.ownership.compiler.drops import DropKind, Drops, called_name
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.layers import Layer, by_function, by_type
from codemods.semantics.symbols import FunctionInfo, Index, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


@dataclass(frozen=True, slots=True)
class FieldRelease:
    """What a release does to one field."""

    freed: bool
    """Its memory is given back by a call on the field or on something read from it."""
    delegated: FunctionInfo | None
    """The release of the field's own type, when that is what is called."""
    blanked: bool
    """The field is overwritten afterwards."""


class Releases(Layer):
    """What releasing means for each type of an index; what its ``library`` says of types is used."""

    def __init__(
        self, index: Index, summaries: Summaries, drops: Drops, library: Releases | None = None
    ) -> None:
        super().__init__(index, library)
        self.summaries = summaries
        self.drops = drops
        self._needs = Fixpoints()
        self._frees_addresses: dict[FunctionInfo, bool] = {}

    def release_of(self, type_: Type | None) -> FunctionInfo | None:
        """The method that releases a value of this type: no arguments, no result."""
        return self.summaries.handles.release_of(type_)

    def needs_release(self, type_: Type | None) -> bool:
        """Whether a value leaks something, even when the compiler drops it, unless it is released by hand."""
        release = self.release_of(type_)
        if type_ is None or release is None or self.drops.kind(type_) is DropKind.CALL:
            return False
        if self.index.declared_release(type_) == release.name:
            return True
        return self._declared_needs_release(type_, release)

    @by_type
    def _declared_needs_release(self, type_: Type, release: FunctionInfo) -> bool:
        return self._needs.find(type_.name, lambda: self._compute_need(type_, release), False, or_)

    def _compute_need(self, type_: Type, release: FunctionInfo) -> bool:
        graph = self.summaries.graph(release)
        if graph is None:
            return (
                release.node.decorator("catalogued") is not None
                or release.node.decorator("releases") is not None
            )
        parts = self.summaries.released_parts(release, -1)
        if any(self._is_owed(type_, part.path) for part in parts.possible):
            return True
        if any(not path or self._are_contents_owed(type_, path[0]) for path in parts.contents):
            return True
        # What a release frees may come from elsewhere: from memory, or from a function of the library.
        work = next(iter(self._works(release)), None)
        return work is None or any(
            self.frees(call) and not work.reads_field(call.node) and not any(work.handed_on(call))
            for call in graph.calls
        )

    def _are_contents_owed(self, type_: Type, name: str) -> bool:
        """Whether what a field holds leaks with it; a list or map that is dropped frees no elements."""
        field_type = self.index.fields(type_).get(name)
        is_container = field_type is not None and field_type.bare in ("List", "HashMap")
        return is_container or not self.drops.drops_field(type_, name)

    def _is_owed(self, type_: Type, path: Sequence[str]) -> bool:
        """Whether a part that a release frees would leak without it."""
        for position, name in enumerate(path):
            field_type = self.index.fields(type_).get(name)
            if self.drops.drops_field(type_, name):
                return False
            if field_type is None:
                return True
            is_last = position == len(path) - 1
            if is_last and self.release_of(field_type) is not None:
                return self.drops.kind(field_type) is DropKind.CALL or self.needs_release(field_type)
            type_ = field_type.target()
        return True

    def _works(self, release: FunctionInfo) -> Sequence[_Work]:
        """The release and the functions that it hands its receiver on to, in any number of steps."""
        graph = self.summaries.graph(release)
        receiver = graph.parameter(-1) if graph is not None else None
        if graph is None or receiver is None:
            return ()
        found = [_Work(graph, receiver, is_shared=True)]
        for work in found:
            for call in work.graph.calls:
                for site in work.handed_on(call):
                    assert call.callee is not None
                    graph = self.summaries.graph(call.callee)
                    position = -1 if site.role is Role.RECEIVER else site.position
                    variable = graph.parameter(position) if graph is not None else None
                    if graph is None or variable is None:
                        continue
                    by_address = position < 0 or (variable.type is not None and variable.type.name == "ref")
                    following = _Work(graph, variable, is_shared=work.is_shared and by_address)
                    if following not in found:
                        found.append(following)
        return found

    def frees(self, call: CallSite) -> bool:
        """Whether a call gives memory back."""
        if call.callee is None:
            node = call.node
            if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
                return builtin_effect(node.function.segments[-1], 0) is Effect.RELEASES
            return False
        if call.callee.node.body is None:
            return bodyless_effect(call.callee, 0) is Effect.RELEASES
        if self.index.has_release_name(call.callee) and call.receiver is not None:
            return True
        return any(
            Effect.RELEASES in self.summaries.effects(call.callee, position)
            for position in range(len(call.callee.values))
        )

    def frees_stored_addresses(self, type_: Type | None) -> bool:
        """Whether the release of a type frees addresses that it reads from memory, or frees in a loop."""
        release = self.release_of(type_)
        return release is not None and self._release_frees_addresses(release)

    @by_function
    def _release_frees_addresses(self, release: FunctionInfo) -> bool:
        if release not in self._frees_addresses:
            self._frees_addresses[release] = self._frees_read_addresses(release, frozenset())
        return self._frees_addresses[release]

    def _frees_read_addresses(self, function: FunctionInfo, seen: frozenset[FunctionInfo]) -> bool:
        graph = self.summaries.graph(function)
        if graph is None or function in seen:
            return False
        loops = [
            node for node in function.node.walk() if isinstance(node, nodes.Loop | nodes.While | nodes.For)
        ]
        return any(
            (self.frees(call) and any(is_read_from_memory(argument) for argument in call.arguments))
            or (self.frees(call) and any(loop.start <= call.node.start < loop.end for loop in loops))
            or (call.callee is not None and self._frees_read_addresses(call.callee, seen | {function}))
            for call in graph.calls
        )

    def fields_released(self, type_: Type, release: FunctionInfo) -> dict[str, FieldRelease]:
        """What a type's release does to each of its fields."""
        works = self._works(release)
        return {name: self._field_released(works, name) for name in self.index.fields(type_)} if works else {}

    def _field_released(self, works: Sequence[_Work], name: str) -> FieldRelease:
        delegated = next(
            (
                call.callee
                for work in works
                for call in work.graph.calls
                if self.is_release_call(call) and work.field(call.receiver) == name
            ),
            None,
        )
        return FieldRelease(
            delegated is not None or any(self._frees_field(work, name) for work in works),
            delegated,
            any(work.is_shared and work.assigns(name) for work in works),
        )

    def is_release_call(self, call: CallSite) -> bool:
        """Whether a call is of a method named as a release."""
        return call.callee is not None and self.index.has_release_name(call.callee)

    def _frees_field(self, work: _Work, name: str) -> bool:
        """Whether something read from a field of what is released is given back."""
        graph = work.graph
        if any(self.frees(call) and work.reads_field(call.node, name) for call in graph.calls):
            return True
        variables = {
            variable
            for variable in graph.variables
            if variable.value is not None and work.reads_field(variable.value, name)
        }
        return any(Effect.RELEASES in self.summaries.fate(graph, variable).effects for variable in variables)

    def may_precede_drop(self, type_: Type) -> bool:
        """Whether the compiler drops values of a type, or their fields, and does no harm after a release."""
        return self.drops.kind(type_) is not DropKind.NOTHING and self.is_idempotent(type_)

    def may_be_repeated_on(self, variable: Variable) -> bool:
        """Whether releasing a variable twice is harmless.

        A method called on a parameter of a struct type gets a copy, so the parameter itself is not blanked.
        """
        type_ = variable.type
        if type_ is None or (variable.kind is VariableKind.PARAMETER and type_.name != "ref"):
            return False
        return self.is_idempotent(type_)

    def is_idempotent(self, type_: Type) -> bool:
        """Whether releasing the same variable twice is harmless: what it frees is overwritten."""
        release = self.release_of(type_)
        return release is not None and self._idempotent(type_, release, frozenset())

    def _idempotent(self, type_: Type, release: FunctionInfo, seen: frozenset[str]) -> bool:
        if type_.name in seen:
            return False
        works = self._works(release)
        if not works:
            return release.node.decorator("idempotent") is not None
        if not _starts_with_guard(release) and any(self._reads_through_field(work) for work in works):
            return False
        fields = self.index.fields(type_)
        for name, done in self.fields_released(type_, release).items():
            if not done.freed or done.blanked:
                continue
            field_type = fields[name]
            if done.delegated is None or not self._idempotent(
                field_type, done.delegated, seen | {type_.name}
            ):
                return False
        return True

    def _reads_through_field(self, work: _Work) -> bool:
        """Whether a release calls a method of a field: a second release would do so on freed memory."""
        return not _starts_with_guard(work.graph.function) and any(
            call.callee is not None
            and not self.index.has_release_name(call.callee)
            and work.field(call.receiver) is not None
            for call in work.graph.calls
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """A function that does a part of a release."""

    graph: ControlFlowGraph
    owner: Variable
    """What is released."""
    is_shared: bool
    """Whether what is assigned to a field reaches the value itself, and not a copy of it."""

    def is_owner(self, node: Node | None) -> bool:
        """Whether an expression is what is released, or a reference to it."""
        while isinstance(node, nodes.Group | nodes.Cast | nodes.Unary):
            node = node.inner if isinstance(node, nodes.Group) else node.operand
        use = self.graph.use_at(node) if isinstance(node, nodes.Path | nodes.This) else None
        return use is not None and use.variable is self.owner

    def field(self, node: Node | None) -> str | None:
        """The field that an expression reads."""
        return node.name if isinstance(node, nodes.FieldAccess) and self.is_owner(node.object) else None

    def reads_field(self, node: Node, name: str | None = None) -> bool:
        """Whether a field, or that of a name, is read in a node."""
        found = (self.field(inner) for inner in node.walk())
        return any(read is not None and name in (None, read) for read in found)

    def assigns(self, name: str) -> bool:
        """Whether a field gets another value."""
        return any(
            self.field(assignment.target) == name for assignment in self.graph.nodes_of(nodes.Assignment)
        )

    def handed_on(self, call: CallSite) -> Iterator[Site]:
        """The sites at which a function with a body is given the owner itself."""
        if call.callee is None or call.callee.node.body is None:
            return
        for value in [*call.arguments] if call.receiver is None else [call.receiver, *call.arguments]:
            site = self.graph.site_of(value)
            if site is not None and self.is_owner(value):
                yield site


def _starts_with_guard(release: FunctionInfo) -> bool:
    """Whether a release begins by returning when there is nothing to release."""
    body = release.node.body
    first = body.statements[0] if body is not None and body.statements else None
    if not isinstance(first, nodes.ExpressionStatement) or not isinstance(first.expression, nodes.If):
        return False
    return any(isinstance(node, nodes.Return) for node in first.expression.branch.walk())


def is_read_from_memory(node: Expression) -> bool:
    """Whether a number was read from memory."""
    return any(called_name(inner) == "ptr_read" for inner in node.walk() if isinstance(inner, Expression))
