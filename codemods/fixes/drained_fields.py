"""The lists in fields whose elements the release of their struct releases: it owns each element in them."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_READING = ("get", "pop")
_FREEING = frozenset((Effect.RELEASES, Effect.DRAINS))


def element_releases(context: Context, owner: Type, field: str) -> tuple[str, ...]:
    """What the release of a struct calls on every element of a list in a field: ``.part.destroy()``.

    Empty if it does not release them all, or in another way than by methods without arguments.
    """
    release = context.analysis.releases.release_of(owner)
    found = []
    for graph in _works(context, release) if release is not None else ():
        for call in graph.calls:
            element = _element(graph, call, field)
            if element is None:
                continue
            if not _is_release(context, call) or not _is_for_every_element(context, call.node):
                return ()
            found.append(call.node.text[len(element.text) :])
    return tuple(found)


def _works(context: Context, release: FunctionInfo) -> list[ControlFlowGraph]:
    """A release and the methods that it calls on its receiver."""
    graph = context.analysis.summaries.graph(release)
    if graph is None:
        return []
    called = [call.callee for call in graph.calls if isinstance(call.receiver, nodes.This)]
    inner = [context.analysis.summaries.graph(callee) for callee in called if callee is not None]
    return [graph, *(found for found in inner if found is not None)]


def _element(graph: ControlFlowGraph, call: CallSite, field: str) -> Expression | None:
    """The element of a list in a field of ``this`` that is given to a call, or a part of which is."""
    for value in (call.receiver, *call.arguments):
        while isinstance(value, nodes.FieldAccess | nodes.Cast | nodes.Group):
            match value:
                case nodes.FieldAccess():
                    value = value.object
                case nodes.Cast():
                    value = value.operand
                case _:
                    value = value.inner
        use = graph.use_at(value) if value is not None else None
        read = value
        if use is not None and use.variable.kind in (VariableKind.LET, VariableKind.VAR):
            read = use.variable.value
        if value is not None and isinstance(read, nodes.MethodCall) and read.name in _READING:
            list_ = read.receiver
            if isinstance(list_, nodes.FieldAccess) and list_.text == f"this.{field}":
                return value
    return None


def _is_release(context: Context, call: CallSite) -> bool:
    if call.callee is None or call.receiver is None or call.arguments or not call.callee.returns_nothing:
        return False
    if context.refusal_to_call(call.callee) is not None:
        return False
    effects = context.analysis.summaries.effects(call.callee, -1)
    return bool(_FREEING & effects) or context.analysis.index.has_release_name(call.callee)


def _is_for_every_element(context: Context, node: Node) -> bool:
    """Whether a call is a statement of a loop, under no condition but one around that loop."""
    around = list(_constructs_around(context, node))
    return bool(around) and isinstance(around[0], nodes.Loop | nodes.While | nodes.For)


def _constructs_around(context: Context, node: Node) -> Iterator[Node]:
    return (
        outer
        for outer in context.ancestors(node)
        if not isinstance(outer, nodes.Block | nodes.ExpressionStatement)
    )
