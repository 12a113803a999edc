"""Fields whose value changes hands within a few statements, read off the statements that follow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_ASKING = ("get", "len", "is_empty", "last", "first", "set")
"""Methods of a list that leave its length as it is."""


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


def is_grown_in_place(graph: ControlFlowGraph, call: Node, target: str) -> bool:
    """Whether what a call to ``mem_realloc`` returns goes to ``target``, at once or by a variable."""
    if not isinstance(call, nodes.Call) or call.function.text.rpartition("::")[2] != "mem_realloc":
        return False
    if any(
        assignment.target.text == target and _inner(assignment.value) is call
        for assignment in graph.nodes_of(nodes.Assignment)
    ):
        return True
    return any(_is_bound_for(block, call, target) for block in graph.nodes_of(nodes.Block))


def _is_bound_for(block: nodes.Block, call: Node, target: str) -> bool:
    """Whether a statement of the block names a result, and a later one assigns it to ``target``."""
    name = None
    for statement in block.statements:
        if isinstance(statement, nodes.Let) and statement.value is not None:
            if _inner(statement.value) is call:
                name = statement.pattern.text
        elif name is not None and isinstance(statement, nodes.ExpressionStatement):
            assignment = statement.expression
            if isinstance(assignment, nodes.Assignment) and assignment.target.text == target:
                return _inner(assignment.value).text == name
        if name is not None and _leaves(statement):
            return False
    return False


def _inner(value: Expression) -> Expression:
    """An expression without the casts, groups and blocks around it."""
    match value:
        case nodes.Cast():
            return _inner(value.operand)
        case nodes.Group():
            return _inner(value.inner)
        case nodes.LowlevelBlock() if value.block.value is not None and len(value.block.statements) == 1:
            return _inner(value.block.value)
        case _:
            return value


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
    return any(_is_replaced_after(graph, block, call) for block in graph.nodes_of(nodes.Block))


def _is_replaced_after(graph: ControlFlowGraph, block: nodes.Block, read: nodes.MethodCall) -> bool:
    """Whether a later statement of a block puts another element where one was read."""
    reader, *later = [statement for statement in block.statements if statement.end >= read.end] or (None,)
    if not isinstance(reader, nodes.Let) or reader.start > read.start:
        return False
    for statement in later:
        if _sets(statement, read) or _moves_last_to(graph, statement, read):
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


def moves_last(graph: ControlFlowGraph, call: Node) -> Node | None:
    """The statement in which the last element of a list takes the place of another, and is popped after that.

    It is ``xs.set(at, xs.get(last))``, or that where ``at`` is not the last anyway; then comes ``xs.pop()``.
    """
    if not isinstance(call, nodes.MethodCall) or call.name != "set" or len(call.arguments) != 2:
        return None
    at, moved = call.arguments
    last = _last_index(graph, moved, call.receiver.text)
    if last is None:
        return None
    for block in graph.nodes_of(nodes.Block):
        for position, statement in enumerate(block.statements):
            if _is_only(statement, call) or _is_only_unless(statement, call, {at.text, last}):
                return statement if _pops_next(block.statements[position + 1 :], call.receiver.text) else None
    return None


def _moves_last_to(graph: ControlFlowGraph, statement: Node, read: nodes.MethodCall) -> bool:
    """Whether a statement moves the last element to where one was read, unless that was the last."""
    return any(
        isinstance(node, nodes.MethodCall)
        and node.name == "set"
        and node.arguments[0].text == read.arguments[0].text
        and node.receiver.text == read.receiver.text
        and moves_last(graph, node) is statement
        for node in statement.walk()
    )


def _last_index(graph: ControlFlowGraph, element: Expression, list_: str) -> str | None:
    """How code writes the index of the last element of a list, if that is what it reads."""
    if not isinstance(element, nodes.MethodCall) or element.receiver.text != list_:
        return None
    if element.name != "get" or len(element.arguments) != 1:
        return None
    index = element.arguments[0]
    use = graph.use_at(index)
    value = index if use is None or graph.is_assigned(use.variable) else use.variable.value
    if value is None or value.text != f"{list_}.len() - 1":
        return None
    between = (node for node in graph.nodes_of(nodes.MethodCall) if value.end < node.start < element.start)
    changing = (node for node in between if node.receiver.text in (list_, list_.partition(".")[0]))
    return None if any(node.name not in _ASKING for node in changing) else index.text


def _is_only_unless(statement: Node, call: Node, indices: set[str]) -> bool:
    """Whether a statement is a call where two indices differ, and nothing where they are the same."""
    test = statement.expression if isinstance(statement, nodes.ExpressionStatement) else None
    if (
        not isinstance(test, nodes.If)
        or test.alternative is not None
        or not isinstance(test.branch, nodes.Block)
    ):
        return False
    condition, inner = test.condition, test.branch.statements
    return (
        isinstance(condition, nodes.Binary)
        and condition.operator == "!="
        and {condition.left.text, condition.right.text} == indices
        and len(inner) == 1
        and _is_only(inner[0], call)
    )


def _pops_next(statements: Sequence[Node], list_: str) -> bool:
    """Whether the next statement that names a list pops its last element, and discards that."""
    for statement in statements:
        call = statement.expression if isinstance(statement, nodes.ExpressionStatement) else None
        if isinstance(call, nodes.MethodCall) and call.name == "pop" and call.receiver.text == list_:
            return True
        if _leaves(statement) or any(node.text == list_ for node in statement.walk()):
            return False
    return False
