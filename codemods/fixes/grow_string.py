"""Grow a string: ``text = text + more`` as ``text = "{text}{more.duplicate()}"``, which frees the old one.

The compiler frees what an interpolation shows, the old string too, so one line does the work of three. All
else that is shown must be constant or new: of a variable or field, which would be freed too, a copy is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.release_at_exits import mentions
from codemods.ownership.cfg.graph import Assign, ControlFlowGraph, Variable
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, line_start
from tml_ast.nodes import Expression

_MADE = nodes.Call | nodes.MethodCall | nodes.StaticCall
_ESCAPED = re.compile(r"\\(?:u\{[0-9A-Fa-f]+\}|.)")
_WIDEST = 100
_SHOWN = frozenset("I8 I16 I32 I64 U8 U16 U32 U64".split())
"""The numbers that an interpolation shows as their ``to_string()`` does."""


def grow_string(context: Context, graph: ControlFlowGraph, action: Assign) -> Repair | None:
    """Write the sum of an assignment as an interpolation.

    None in a test, where the compiler frees what calls in it make a second time, and unless all sums that the
    variable gets can be written so: it is not followed where only some of them free what it held.
    """
    variable, value = action.variable, action.node.value
    if context.file.is_test or not _is_sum_of(graph, variable, value):
        return None
    values = [assign.node.value for assign in graph.assignments_to(variable)]
    texts = {id(each): _interpolation(context, graph, variable, each) for each in values}
    if not all(texts[id(each)] is not None for each in values if mentions(graph, each, {variable})):
        return None
    text = texts[id(value)]
    if text is None:
        return None
    return Repair((SourceEdit(value.start, value.end, text.encode()),))


def grows_by_itself(graph: ControlFlowGraph, action: Assign) -> bool:
    """Whether an assignment already shows the old string in an interpolation, and so frees it."""
    value = action.node.value
    return isinstance(value, nodes.InterpolatedString) and any(
        use.variable is action.variable for hole in value.holes if (use := graph.use_at(hole)) is not None
    )


def _is_sum_of(graph: ControlFlowGraph, variable: Variable, value: Expression) -> bool:
    """Whether a value is the string of a variable with more around it."""
    if not isinstance(value, nodes.Binary) or value.operator != "+":
        return False
    return sum(_is_read(graph, variable, operand) for operand in _operands(value)) == 1


def _is_read(graph: ControlFlowGraph, variable: Variable, operand: Expression) -> bool:
    use = graph.use_at(operand)
    return use is not None and use.variable is variable


def _operands(value: Expression) -> Iterator[Expression]:
    if isinstance(value, nodes.Binary) and value.operator == "+":
        yield from _operands(value.left)
        yield from _operands(value.right)
    else:
        yield value


def _interpolation(
    context: Context, graph: ControlFlowGraph, variable: Variable, value: Expression
) -> str | None:
    """A sum as an interpolation; None if some part cannot be shown, or not on one line."""
    if not _is_sum_of(graph, variable, value):
        return value.text if isinstance(value, nodes.InterpolatedString) else None
    parts = [_part(context, graph, variable, operand) for operand in _operands(value)]
    if None in parts:
        return None
    text = f'"{"".join(filter(None, parts))}"'
    column = value.start - line_start(context.file.source, value.start)
    return text if column + len(text) <= _WIDEST else None


def _part(context: Context, graph: ControlFlowGraph, variable: Variable, operand: Expression) -> str | None:
    """An operand as a part of an interpolation; None if it cannot be one."""
    text = operand.text
    if isinstance(operand, nodes.Literal) and operand.kind == "STRING" and text.startswith('"'):
        return None if re.search("[{}]", _ESCAPED.sub("", text)) else text[1:-1]
    if _is_read(graph, variable, operand):
        return f"{{{text}}}"
    if not text[0].islower() or '"' in text or "\n" in text or mentions(graph, operand, {variable}):
        return None
    if _is_plain(operand):
        return f"{{{text}.duplicate()}}" if graph.type_of(operand) == STR else None
    if not isinstance(operand, _MADE):
        return None
    if isinstance(operand, nodes.MethodCall) and operand.name == "to_string" and _is_plain(operand.receiver):
        number = graph.type_of(operand.receiver)
        if number is not None and number.name in _SHOWN:
            return f"{{{operand.receiver.text}}}"
    call, summaries = graph.call_at(operand), context.analysis.summaries
    # the compiler does not free what another language has made
    is_made = (
        call is not None
        and call.callee is not None
        and call.callee.node.body is not None
        and summaries.origin(graph, operand).is_fresh
    )
    return f"{{{text}}}" if is_made else None


def _is_plain(value: Expression) -> bool:
    """Whether a value is a variable or a field of one."""
    while isinstance(value, nodes.FieldAccess):
        value = value.object
    return isinstance(value, nodes.This) or (isinstance(value, nodes.Path) and value.text.isidentifier())
