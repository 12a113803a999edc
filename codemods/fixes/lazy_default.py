"""Lazy default: ``unwrap_or(make())`` becomes a ``when`` that makes the default only where it is needed.

The argument of a call is made in any case, and nothing releases a default that is not handed out.
"""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.temporaries import is_new, is_owed
from codemods.fixes.write_around import PART, write_around
from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from codemods.ownership.summaries.origins import is_handed_out
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression


def lost_defaults(context: Context, graph: ControlFlowGraph) -> Iterator[tuple[nodes.MethodCall, Expression]]:
    """The calls of ``unwrap_or`` with a default that is made for them and owed a release."""
    for call in graph.nodes_of(nodes.MethodCall):
        if call.name != "unwrap_or" or len(call.arguments) != 1 or not is_handed_out(graph, call):
            continue
        default, type_ = call.arguments[0], graph.type_of(call)
        made = graph.call_at(default)
        if type_ is None or made is None or made.constructor:
            continue
        if is_owed(context, graph, default, type_) and is_new(context, graph, default):
            yield call, default


def make_where_needed(
    context: Context, graph: ControlFlowGraph, call: nodes.MethodCall, default: Expression
) -> Repair | Refusal:
    """Open what ``call`` opens by a ``when``, with the default as the value of the other arm."""
    site, holder, type_ = graph.site_of(call), graph.type_of(call.receiver), graph.type_of(call)
    assert site is not None and holder is not None
    if not context.purity.is_pure(graph, default):
        return Refusal("making it may have effects, so it must be made in any case: release it by hand")
    between = context.file.source[call.receiver.end : default.start]
    if b"//" in between or b"/*" in between:
        return Refusal("open it by hand with a `when`")
    annotation: tuple[SourceEdit, ...] = ()
    match site.parent:
        case nodes.Let() as let if site.role is Role.BOUND and isinstance(let.pattern, nodes.BindingPattern):
            if let.annotation is None:
                end = let.pattern.end
                annotation = (SourceEdit(end, end, f": {type_}".encode()),)
        case nodes.Return():
            pass
        case _:
            return Refusal("open it by hand with a `when`")
    payload = context.names.for_consumed(graph.function, "found", "payload")
    filled, other = ("Just", "Nothing") if holder.name == "Maybe" else ("Ok", "Err(_)")
    text = f"when {PART} {{\n\t{filled}({payload}) => {payload},\n\t{other} => {PART},\n}}"
    return Repair((*annotation, *write_around(context.file.source, call, [call.receiver, default], text)))
