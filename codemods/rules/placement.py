"""Where a release goes: the edits that put statements in front of an exit.

When the value that leaves still needs what is released, it is bound first. Where there is no block
to put a statement in, one is opened.
"""

from __future__ import annotations

from dataclasses import dataclass

from codemods.ownership.flow import Exit, ExitKind, Flow, Role, Use, Variable
from codemods.rules.base import Context
from tml_ast import nodes
from tml_ast.edit import (
    INDENT,
    SourceEdit,
    indentation_of,
    insert_before_block_end,
    insert_statement_before,
    line_ending_of,
)
from tml_ast.nodes import Expression, Node


@dataclass(frozen=True, slots=True)
class Placement:
    """The edits for one exit, and whether they open a block."""

    edits: tuple[SourceEdit, ...]
    opens_block: bool = False


def mentions(flow: Flow, node: Node, variables: set[Variable]) -> bool:
    """Whether any of the variables is read inside of ``node``."""
    start, end = node.start, node.end
    return any(
        isinstance(action, Use) and action.variable in variables and start <= action.node.start < end
        for action in flow.actions()
    )


def before_exit(
    context: Context, flow: Flow, exit_: Exit, statement: str, needed_by: set[Variable], result: str
) -> Placement | None:
    """Put ``statement`` in front of an exit; None where that cannot be done.

    ``needed_by`` are the variables that must be read before it; ``result`` names the binding of the
    value that leaves, if it reads one of them.
    """
    node, value = exit_.node, exit_.value
    match exit_.kind:
        case ExitKind.RETURN | ExitKind.BREAK | ExitKind.CONTINUE:
            keep = value if value is not None and mentions(flow, value, needed_by) else None
            return _before_jump(context, node, statement, keep, result)
        case ExitKind.END:
            assert isinstance(node, nodes.Block)
            return _at_end(context, node, statement)
        case ExitKind.TAIL | ExitKind.SCOPE if isinstance(node, nodes.Block):
            return _before_value(context, flow, node, value, statement, needed_by, result)
        case ExitKind.ARM:
            return _in_arm(context, flow, node, statement, needed_by, result)
        case _:
            return None


def _before_jump(
    context: Context, node: Node, statement: str, value: Expression | None, result: str
) -> Placement | None:
    parent = context.parent(node)
    source = context.file.source
    if isinstance(parent, nodes.ExpressionStatement):
        if value is None:
            place = _before_releases(context, parent)
            return Placement((insert_statement_before(source, context.file.tree, place, statement),))
        if not _starts_line(source, parent):
            return None
        return Placement(_bound_value(source, node, value, statement, f"return {result}", result))
    if isinstance(parent, nodes.Arm) and isinstance(node, Expression):
        return _open_block(context, parent, node, value, statement, f"return {result}", result)
    return None


def _before_releases(context: Context, statement: nodes.ExpressionStatement) -> Node:
    """The first of the releases that stand right in front of a statement, or the statement.

    What was made last is released first, as a reader expects.
    """
    block = context.parent(statement)
    assert isinstance(block, nodes.Block)
    siblings = block.statements
    index = siblings.index(statement)
    while index > 0 and _is_release(context, siblings[index - 1]):
        index -= 1
    return siblings[index]


def _is_release(context: Context, statement: Node) -> bool:
    if not isinstance(statement, nodes.ExpressionStatement):
        return False
    call = statement.expression
    if not isinstance(call, nodes.MethodCall) or not isinstance(call.receiver, nodes.Path) or call.arguments:
        return False
    return call.name in ("destroy", "free", "drop") and _starts_line(context.file.source, statement)


def _starts_line(source: bytes, node: Node) -> bool:
    start = node.start
    return not source[source.rfind(b"\n", 0, start) + 1 : start].strip(b" \t")


def _bound_value(
    source: bytes, node: Node, value: Expression, statement: str, last: str, result: str
) -> tuple[SourceEdit, ...]:
    """Bind the value that leaves, then the statement, then leave with the binding."""
    ending = line_ending_of(source, value.end)
    separator = ending + indentation_of(source, node.start)
    after = separator.join([b"", *statement.encode().split(b"\n"), last.encode()])
    return (
        SourceEdit(node.start, value.start, f"let {result} = ".encode()),
        SourceEdit(value.end, value.end, after),
    )


def _open_block(
    context: Context,
    arm: nodes.Arm,
    body: Expression,
    value: Expression | None,
    statement: str,
    last: str,
    result: str,
) -> Placement:
    """Turn the body of an arm into a block that holds ``statement``."""
    source = context.file.source
    outer = indentation_of(source, arm.start)
    ending = line_ending_of(source, arm.start)
    inner = ending + outer + INDENT
    lines = statement.encode().split(b"\n")
    if value is None:
        head = b"{" + inner.join([b"", *lines, b""])
        tail = ending + outer + b"}"
        return Placement(
            (SourceEdit(body.start, body.start, head), SourceEdit(body.end, body.end, tail)), opens_block=True
        )
    head = b"{" + inner + f"let {result} = ".encode()
    tail = inner.join([b"", *lines, last.encode()]) + ending + outer + b"}"
    return Placement(
        (SourceEdit(body.start, value.start, head), SourceEdit(value.end, body.end, tail)), opens_block=True
    )


def _at_end(context: Context, block: nodes.Block, statement: str) -> Placement:
    source = context.file.source
    if block.statements and _is_release(context, block.statements[-1]):
        last = block.statements[-1]
        assert isinstance(last, nodes.ExpressionStatement)
        place = _before_releases(context, last)
        return Placement((insert_statement_before(source, context.file.tree, place, statement),))
    return Placement((insert_before_block_end(source, context.file.tree, block, statement),))


def _before_value(
    context: Context,
    flow: Flow,
    block: nodes.Block,
    value: Expression | None,
    statement: str,
    needed_by: set[Variable],
    result: str,
) -> Placement | None:
    """In front of the value of a block, or at its end when it has none."""
    if value is None:
        return _at_end(context, block, statement)
    holder = context.parent(value)
    if not isinstance(holder, nodes.ExpressionStatement):
        return None
    source = context.file.source
    if not mentions(flow, value, needed_by):
        place = _before_releases(context, holder)
        return Placement((insert_statement_before(source, context.file.tree, place, statement),))
    if not _starts_line(source, holder):
        return None
    return Placement(_bound_value(source, value, value, statement, result, result))


def _in_arm(
    context: Context, flow: Flow, arm: Node, statement: str, needed_by: set[Variable], result: str
) -> Placement | None:
    """At the end of an arm, in whose scope its payload lives."""
    assert isinstance(arm, nodes.Arm)
    body = arm.body
    site = flow.site_of(body)
    discarded = site is None or site.role is Role.DISCARDED
    if isinstance(body, nodes.Block):
        return _before_value(
            context, flow, body, None if discarded else body.value, statement, needed_by, result
        )
    if not discarded:
        return _open_block(context, arm, body, body, statement, result, result)
    source = context.file.source
    outer = indentation_of(source, arm.start)
    ending = line_ending_of(source, arm.start)
    inner = ending + outer + INDENT
    head = SourceEdit(body.start, body.start, b"{" + inner)
    tail = inner.join([b"", *statement.encode().split(b"\n")]) + ending + outer + b"}"
    return Placement((head, SourceEdit(body.end, body.end, tail)), opens_block=True)
