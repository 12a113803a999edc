"""Bind in a loop: what a loop's condition asks for each time gets a name at the start of the body.

It is asked there, too: ``loop (take().is_just()) {`` becomes ``loop (true) {``, a ``let``, what opens it, and
an ``if`` with a ``break``.
"""

from __future__ import annotations

from codemods.fixes.bind_before import is_harmless_in
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.one_line_block import is_one_line, spread_out
from codemods.ownership.cfg.graph import ControlFlowGraph
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before
from tml_ast.nodes import Expression

_AND = ("and", "&&")
_OPPOSITES = {"is_just": "is_nothing", "is_nothing": "is_just", "is_ok": "is_err", "is_err": "is_ok"}


def bind_in_loop(
    context: Context,
    graph: ControlFlowGraph,
    node: Expression,
    name: str,
    annotation: str,
    opened: list[str],
) -> Repair | None:
    """Bind ``node`` in the body of the loop whose condition asks for its variant; ``opened`` comes after it.

    None where that changes what the loop does.
    """
    around = (outer for outer in context.ancestors(node) if isinstance(outer, nodes.Loop | nodes.While))
    loop = next(around, None)
    condition = loop.condition if loop is not None else None
    if loop is None or condition is None or not condition.start <= node.start < condition.end:
        return None
    asked, kept = condition, "true"
    if isinstance(condition, nodes.Binary) and condition.operator in _AND:
        if node.start < condition.right.start:
            return None
        asked, kept = condition.right, condition.left.text
    opposite = _opposite(asked, node)
    if opposite is None or "\n" in condition.text or not is_harmless_in(context, graph, node, asked):
        return None
    typed = f": {annotation}" if annotation else ""
    over = context.names.for_dropped(graph.function, "is_over", "is_at_end", "has_ended")
    lines = [f"let {name}{typed} = {node.text}", f"let {over} = {name}.{opposite}()", *opened]
    lines.append(f"if {over} {{ break }}")
    edits = [SourceEdit(condition.start, condition.end, kept.encode("utf-8", "surrogateescape"))]
    statements = loop.body.statements
    if not statements or is_one_line(context.file.source, loop.body):
        lines += (statement.text for statement in statements)
        edits.append(spread_out(context.file.source, loop.body, lines))
    else:
        edits.append(
            insert_statement_before(context.file.source, context.file.tree, statements[0], "\n".join(lines))
        )
    return Repair(tuple(edits))


def _opposite(asked: Expression, node: Expression) -> str | None:
    """The method that says whether what a condition asks does not hold; None for another condition."""
    is_denied = isinstance(asked, nodes.Unary) and asked.operator in ("not", "!")
    if isinstance(asked, nodes.Unary) and is_denied:
        asked = asked.operand
    if not isinstance(asked, nodes.MethodCall) or asked.receiver is not node:
        return None
    return asked.name if is_denied else _OPPOSITES.get(asked.name)
