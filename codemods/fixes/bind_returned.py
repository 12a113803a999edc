"""Bind returned: the value of a ``return`` is bound first, so that the names in it are only read."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.naming import result_name
from codemods.fixes.release_at_exits import annotation
from codemods.ownership.cfg.graph import ControlFlowGraph
from tml_ast import nodes
from tml_ast.edit import INDENT, SourceEdit, indentation_of, line_ending_of
from tml_ast.nodes import Expression


def bind_returned(context: Context, graph: ControlFlowGraph, value: Expression) -> Repair | None:
    """``return value`` becomes a binding and a return of the binding; None where there is no room."""
    site = graph.site_of(value)
    if site is None or not isinstance(site.parent, nodes.Return) or site.parent.value is not value:
        return None
    jump = site.parent
    source = context.file.source
    name = result_name(context, graph.function, value)
    binding = name + annotation(graph, jump)
    ending = line_ending_of(source, value.end)
    match context.parent(jump):
        case nodes.ExpressionStatement():
            indentation = indentation_of(source, jump.start)
            return Repair(
                (
                    SourceEdit(jump.start, value.start, f"let {binding} = ".encode()),
                    SourceEdit(value.end, value.end, ending + indentation + f"return {name}".encode()),
                )
            )
        case nodes.Arm() as arm:
            outer = indentation_of(source, arm.start)
            inner = ending + outer + INDENT
            head = b"{" + inner + f"let {binding} = ".encode()
            tail = inner + f"return {name}".encode() + ending + outer + b"}"
            return Repair((SourceEdit(jump.start, value.start, head), SourceEdit(value.end, jump.end, tail)))
        case _:
            return None
