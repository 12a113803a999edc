"""Fields whose value changes hands within a few statements, read off the statements that follow."""

from __future__ import annotations

from itertools import pairwise

from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


def is_moved_out(graph: ControlFlowGraph, access: nodes.FieldAccess) -> bool:
    """Whether a new struct takes over what a field holds: the field is blanked right after.

    In between nothing may leave the function or use the field.
    """
    site = graph.site_of(access)
    if site is None or site.role is not Role.ELEMENT or not isinstance(site.parent, nodes.FieldInit):
        return False
    return any(_is_blanked_after(block, access) for block in graph.nodes_of(nodes.Block))


def _is_blanked_after(block: nodes.Block, access: nodes.FieldAccess) -> bool:
    """Whether a statement of the block reads a field and a later one blanks it."""
    rest = [statement for statement in block.statements if statement.end >= access.end]
    if not rest or rest[0].start > access.start:
        return False
    reader, *later = rest
    repeating = nodes.Loop | nodes.While | nodes.For | nodes.Closure
    if _leaves(reader) or any(isinstance(node, repeating) for node in reader.walk()):
        return False
    for statement in later:
        if _blanks(statement, access):
            return True
        if _leaves(statement) or any(node.text == access.text for node in statement.walk()):
            return False
    return False


def _blanks(statement: Node, access: nodes.FieldAccess) -> bool:
    """Whether a statement sets a field to zero or null."""
    if not isinstance(statement, nodes.ExpressionStatement):
        return False
    assignment = statement.expression
    if not isinstance(assignment, nodes.Assignment) or assignment.target.text != access.text:
        return False
    value = assignment.value
    while isinstance(value, nodes.Cast | nodes.Group):
        value = value.operand if isinstance(value, nodes.Cast) else value.inner
    return isinstance(value, nodes.Literal) and value.text in ("0", "null")


def _leaves(statement: Node) -> bool:
    """Whether control may go elsewhere than to the next statement."""
    return any(
        isinstance(node, nodes.Return | nodes.Break | nodes.Continue | nodes.Throw | nodes.Propagate)
        for node in statement.walk()
    )


def assigned_after(graph: ControlFlowGraph, call: Node, target: str) -> Expression | None:
    """What the statement after that of a call assigns to ``target``."""
    for block in graph.nodes_of(nodes.Block):
        for statement, following in pairwise(block.statements):
            if not _is_only(statement, call) or not isinstance(following, nodes.ExpressionStatement):
                continue
            assignment = following.expression
            if isinstance(assignment, nodes.Assignment) and assignment.target.text == target:
                return assignment.value
    return None


def _is_only(statement: Node, call: Node) -> bool:
    """Whether a statement is nothing but a call, in a lowlevel block or not."""
    if not isinstance(statement, nodes.ExpressionStatement):
        return False
    if isinstance(statement.expression, nodes.LowlevelBlock):
        inner = statement.expression.block.statements
        return len(inner) == 1 and _is_only(inner[0], call)
    return statement.expression is call


def is_taken_out(graph: ControlFlowGraph, call: nodes.MethodCall) -> bool:
    """Whether an element leaves its container: it is popped, or read where another one takes its place.

    In between nothing may leave the function.
    """
    if call.name == "pop" and not call.arguments:
        return True
    if call.name != "get" or len(call.arguments) != 1:
        return False
    return any(_is_replaced_after(block, call) for block in graph.nodes_of(nodes.Block))


def _is_replaced_after(block: nodes.Block, read: nodes.MethodCall) -> bool:
    """Whether a later statement of a block puts another element where one was read."""
    reader, *later = [statement for statement in block.statements if statement.end >= read.end] or (None,)
    if not isinstance(reader, nodes.Let) or reader.start > read.start:
        return False
    for statement in later:
        if _sets(statement, read):
            return True
        if _leaves(statement):
            return False
    return False


def _sets(statement: Node, read: nodes.MethodCall) -> bool:
    """Whether a statement sets the element that was read to another value."""
    call = statement.expression if isinstance(statement, nodes.ExpressionStatement) else None
    if not isinstance(call, nodes.MethodCall) or call.name != "set" or len(call.arguments) != 2:
        return False
    return call.receiver.text == read.receiver.text and call.arguments[0].text == read.arguments[0].text
