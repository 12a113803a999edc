"""A sum of strings as one interpolation: ``"{line}, {word.duplicate()}"`` for ``line + ", " + word``.

The compiler frees what an interpolation shows. So all that it shows must be new, a constant, or to be freed:
of a variable or field that others read, a copy is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.one_line_block import WIDEST
from codemods.fixes.release_at_exits import mentions
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import line_start
from tml_ast.nodes import Expression

_MADE = nodes.Call | nodes.MethodCall | nodes.StaticCall
_ESCAPED = re.compile(r"\\(?:u\{[0-9A-Fa-f]+\}|.)")
_SHOWN = frozenset("I8 I16 I32 I64 U8 U16 U32 U64".split())
"""The numbers that an interpolation shows as their ``to_string()`` does."""


def is_sum_with(graph: ControlFlowGraph, variable: Variable, value: Expression) -> bool:
    """Whether a value is the string of a variable with more around it."""
    if not isinstance(value, nodes.Binary) or value.operator != "+":
        return False
    return sum(_is_read(graph, variable, operand) for operand in _operands(value)) == 1


def shown_in_one(
    context: Context, graph: ControlFlowGraph, value: Expression, freed: Variable | None = None
) -> str | None:
    """A sum as an interpolation, which frees the string of a variable in it if one is given.

    None in a test, where the compiler frees what calls in it make a second time, if a part cannot be shown,
    and if the line would get too wide.
    """
    if context.file.is_test or not isinstance(value, nodes.Binary) or value.operator != "+":
        return None
    if freed is not None and not is_sum_with(graph, freed, value):
        return None
    parts = [_part(context, graph, freed, operand) for operand in _operands(value)]
    if None in parts:
        return None
    text = f'"{"".join(filter(None, parts))}"'
    source, start = context.file.source, line_start(context.file.source, value.start)
    line = source[start : value.end].decode() + source[value.end :].partition(b"\n")[0].decode().rstrip()
    return text if len(line) - len(value.text) + len(text) <= max(WIDEST, len(line)) else None


def _operands(value: Expression) -> Iterator[Expression]:
    if isinstance(value, nodes.Binary) and value.operator == "+":
        yield from _operands(value.left)
        yield from _operands(value.right)
    else:
        yield value


def _is_read(graph: ControlFlowGraph, variable: Variable | None, operand: Expression) -> bool:
    use = graph.use_at(operand)
    return use is not None and use.variable is variable


def _part(
    context: Context, graph: ControlFlowGraph, freed: Variable | None, operand: Expression
) -> str | None:
    """An operand as a part of an interpolation; None if it cannot be one."""
    text = operand.text
    if isinstance(operand, nodes.Literal) and operand.kind == "STRING" and text.startswith('"'):
        return None if re.search("[{}]", _ESCAPED.sub("", text)) else text[1:-1]
    if _is_read(graph, freed, operand):
        return f"{{{text}}}"
    if not text[0].islower() or '"' in text or "\n" in text:
        return None
    if freed is not None and mentions(graph, operand, {freed}):
        return None
    if _is_plain(operand):
        # what is added to a string is one: a type that is not known here must be that
        return f"{{{text}.duplicate()}}" if graph.type_of(operand) in (STR, None) else None
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
