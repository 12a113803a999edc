"""Which types are released by hand, with what, and whether that is safe beside the compiler's drop."""

from __future__ import annotations

from dataclasses import dataclass
from operator import or_

from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph
from codemods.ownership.compiler.builtins import Effect, bodyless_effect, builtin_effect
from codemods.ownership.compiler.drops import DropKind, Drops, called_name
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.layers import Layer, by_function, by_type
from codemods.semantics.symbols import FunctionInfo, Index, Type
from tml_ast import nodes
from tml_ast.nodes import Expression


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
        if type_ is None or type_.name in ("ref", "*", "Str"):
            return None
        for name in self.index.release_names(type_):
            found = self.index.method(type_, name)
            if found is None or not found.has_receiver or found.values or found.behavior is not None:
                continue
            if found.returns_nothing:
                return found
        return None

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
        fields = self.index.fields(type_)
        for call in graph.calls:
            freed_field = self._delegated_field(call)
            if freed_field is not None:
                field_type = fields.get(freed_field)
                if self.drops.drops_field(type_, freed_field):
                    continue
                if self.drops.kind(field_type) is DropKind.CALL or self.needs_release(field_type):
                    return True
            elif self.frees(call) and not self._frees_dropped_fields_only(type_, call):
                return True
        return False

    def _frees_dropped_fields_only(self, type_: Type, call: CallSite) -> bool:
        """Whether all that a call frees are fields that the compiler frees as well."""
        read = {
            node.name
            for node in call.node.walk()
            if isinstance(node, nodes.FieldAccess) and isinstance(node.object, nodes.This)
        }
        return bool(read) and all(self.drops.drops_field(type_, name) for name in read)

    def _delegated_field(self, call: CallSite) -> str | None:
        """The field whose own release a call in a release is: ``this.field.destroy()``."""
        receiver = call.receiver
        if call.callee is None or not self.index.has_release_name(call.callee):
            return None
        if isinstance(receiver, nodes.FieldAccess) and isinstance(receiver.object, nodes.This):
            return receiver.name
        return None

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
        graph = self.summaries.graph(release)
        fields = self.index.fields(type_)
        if graph is None:
            return {}
        found: dict[str, FieldRelease] = {}
        for name in fields:
            delegated = next(
                (call.callee for call in graph.calls if self._delegated_field(call) == name), None
            )
            freed = delegated is not None or self._frees_field(graph, name)
            found[name] = FieldRelease(freed, delegated, _is_blanked(graph, name))
        return found

    def _frees_field(self, graph: ControlFlowGraph, name: str) -> bool:
        """Whether something read from ``this.name`` is given back."""
        for call in graph.calls:
            if self.frees(call) and any(
                isinstance(node, nodes.FieldAccess)
                and node.name == name
                and isinstance(node.object, nodes.This)
                for node in call.node.walk()
            ):
                return True
        variables = {
            variable
            for variable in graph.variables
            if variable.value is not None
            and any(
                isinstance(node, nodes.FieldAccess) and node.name == name for node in variable.value.walk()
            )
        }
        return any(Effect.RELEASES in self.summaries.fate(graph, variable).effects for variable in variables)

    def is_idempotent(self, type_: Type) -> bool:
        """Whether releasing the same variable twice is harmless: what it frees is overwritten."""
        release = self.release_of(type_)
        return release is not None and self._idempotent(type_, release, frozenset())

    def _idempotent(self, type_: Type, release: FunctionInfo, seen: frozenset[str]) -> bool:
        if type_.name in seen:
            return False
        graph = self.summaries.graph(release)
        if graph is None:
            return release.node.decorator("idempotent") is not None
        if not _starts_with_guard(release) and self._reads_through_field(graph):
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

    def _reads_through_field(self, graph: ControlFlowGraph) -> bool:
        """Whether a release calls a method of a field: a second release would do so on freed memory."""
        return any(
            call.callee is not None
            and not self.index.has_release_name(call.callee)
            and isinstance(call.receiver, nodes.FieldAccess)
            and isinstance(call.receiver.object, nodes.This)
            for call in graph.calls
        )


def _is_blanked(graph: ControlFlowGraph, name: str) -> bool:
    return any(
        isinstance(node, nodes.Assignment)
        and isinstance(node.target, nodes.FieldAccess)
        and node.target.name == name
        and isinstance(node.target.object, nodes.This)
        for node in graph.nodes
    )


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
