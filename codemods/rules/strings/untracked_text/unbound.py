"""A new string, unknown to the compiler, is held by no variable: it is bound, to be freed by hand."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import (
    NOT_EVALUATED_ONCE,
    bind_before,
    bind_between,
    split_before,
    statement_to_bind_before,
)
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import can_be_freed
from codemods.fixes.makers import will_be_marked
from codemods.fixes.naming import short_code, string_name
from codemods.fixes.owners import is_opened_elsewhere
from codemods.fixes.temporaries import handed_out, is_read_in_place
from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from codemods.ownership.fields import Holds
from codemods.ownership.summaries.origins import is_handed_out
from codemods.ownership.sums import makes_only_sums
from codemods.semantics.symbols import BUILTIN_VARIANTS, STR
from tml_ast import nodes
from tml_ast.nodes import Expression


def diagnose(context: Context, graph: ControlFlowGraph) -> Iterator[Diagnostic]:
    """The findings about the strings that are read in the middle of an expression and lost."""
    taken: set[str] = set()
    called = [call.node for call in graph.calls if not call.constructor and call.callee is not None]
    for node in (*called, *handed_out(graph)):
        if graph.type_of(node) != STR:
            continue
        if not is_read_in_place(context, graph, node) and not _is_summand(graph, node):
            continue
        if _is_lost_result(context, graph, node) or _is_lost_payload(context, graph, node):
            message = (
                f"nothing frees the string of `{short_code(node.text)}`: no variable holds it, "
                "and the compiler does not know that it is new"
            )
            yield context.fix(graph, node, message, _bound(context, graph, node, taken))


def _is_summand(graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a string is joined to another: a sum frees only what the compiler knows to be new."""
    site = graph.site_of(node)
    if site is None or site.role is not Role.OPERAND or site.through is not None:
        return False
    return isinstance(site.parent, nodes.Binary) and site.parent.operator == "+"


def _is_lost_result(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a function makes a string, and the compiler neither knows nor will know it."""
    call = graph.call_at(node)
    if call is None or call.callee is None or context.analysis.drops.makes_string(node):
        return False
    owner = call.callee.owner
    if owner is not None and owner.name in BUILTIN_VARIANTS:
        return False
    if not context.analysis.summaries.makes_string(call.callee) or will_be_marked(context, call.callee):
        return False
    if makes_only_sums(context.analysis, call.callee):
        return False
    made = context.analysis.summaries.origin(graph, node)
    return made.is_fresh and can_be_freed(made)


def _is_lost_payload(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a string comes out of a Maybe or Outcome that nothing else opens."""
    if not is_handed_out(graph, node) or is_opened_elsewhere(context, graph, node):
        return False
    return context.contents.strings(graph, node).holds == {Holds.OWNED}


def _bound(context: Context, graph: ControlFlowGraph, node: Expression, taken: set[str]) -> Repair | Refusal:
    name = string_name(context, graph.function, node, taken)
    taken.add(name)
    split = split_before(context, graph, node)
    if split is not None:
        return bind_between(context, split, node, name)
    place = statement_to_bind_before(context, graph, node)
    if place is None:
        return NOT_EVALUATED_ONCE
    return bind_before(context, place, node, name, type_="Str")
