"""Bind returned: a value that leaves is bound first, so that something can be done before it leaves."""

from __future__ import annotations

from collections.abc import Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.one_line_block import fits_line
from codemods.ownership.cfg.graph import ControlFlowGraph
from tml_ast import nodes
from tml_ast.edit import INDENT, SourceEdit, after_comment, lay_out, line_start
from tml_ast.nodes import Expression, Node

_LEVEL = INDENT.decode()
JUMPS = nodes.Return | nodes.Break | nodes.Continue


def bind_before_leaving(
    context: Context, leaving: Expression, value: Expression, binding: str, between: Sequence[str], last: str
) -> Repair | None:
    """Bind the value that leaves, then do what is ``between``, then leave as ``last`` says.

    ``leaving`` is the jump, or the value itself. On a line of its own it becomes several; inside a line
    all of it stays there, and an arm becomes a block. None where there is no room for that.
    """
    source = context.file.source
    parent = context.parent(leaving)
    if isinstance(parent, nodes.Arm):
        lines = [f"let {binding} = ", *between, last]
        return open_block(context, parent, lines, value)
    if not isinstance(parent, nodes.ExpressionStatement):
        return None
    first = SourceEdit(leaving.start, value.start, f"let {binding} = ".encode())
    if starts_line(source, parent):
        offset = after_comment(source, value.end)
        after = lay_out(source, parent.start, "\n".join(("", *between, last)))
    elif any("\n" in statement for statement in between):
        return None
    else:
        offset = value.end
        after = "; ".join(("", *between, last)).encode()
    return Repair((first, SourceEdit(offset, offset, after)))


def open_block(
    context: Context, arm: nodes.Arm, lines: Sequence[str], value: Expression | None, *, keeps: bool = False
) -> Repair:
    """Turn the body of an arm into a block of ``lines``, the first of which ends in its ``value``.

    Without a value the body itself is the last line, or with ``keeps`` the first. A jump stays on its line
    where one more statement fits in front of it.
    """
    source, body = context.file.source, arm.body
    before = "; ".join((*lines, ""))
    if (
        value is None
        and len(lines) == 1
        and isinstance(body, JUMPS)
        and fits_line(source, arm, f"[ {before} ]")
    ):
        edits = (
            SourceEdit(body.start, body.start, f"{{ {before}".encode()),
            SourceEdit(body.end, body.end, b" }"),
        )
        return Repair(edits, opens_block=True)
    separator = f"\n{_LEVEL}"
    statements = separator.join("\n".join(lines).split("\n"))
    if value is not None:
        start, _, rest = statements.partition("\n")
        head, tail = f"{{{separator}{start}", f"\n{rest}\n}}"
    elif keeps:
        # two arms that end in a lowlevel block do not compile where that could be their value
        end = ";" if lines[-1].startswith("lowlevel") else ""
        head, tail = f"{{{separator}", f"{separator}{statements}{end}\n}}"
    else:
        head, tail = f"{{{separator}{statements}{separator}", "\n}"
    kept = value or body
    edits = (
        SourceEdit(body.start, kept.start, lay_out(source, arm.start, head)),
        SourceEdit(kept.end, body.end, lay_out(source, arm.start, tail)),
    )
    return Repair(edits, opens_block=True)


def annotation(graph: ControlFlowGraph, jump: Node) -> str:
    """The declared type of what a function returns, for a binding of it."""
    if any(closure.start <= jump.start < closure.end for closure in graph.nodes_of(nodes.Closure)):
        return ""
    returned = graph.function.node.return_type
    if returned is None or isinstance(returned, nodes.TupleType) or not isinstance(jump, nodes.Return):
        return ""
    return f": {returned.text}"


def starts_line(source: bytes, node: Node) -> bool:
    """Whether nothing but spaces and tabs stands in front of a node on its line."""
    return not source[line_start(source, node.start) : node.start].strip(b" \t")
