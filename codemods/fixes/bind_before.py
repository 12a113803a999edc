"""Bind before: an expression is bound in front of the statement that holds it, where nothing else changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codemods.fixes.bind_returned import open_block
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.workarounds import stands_below_workaround
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable, VariableKind
from codemods.ownership.summaries.purity import Purity
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type
from tml_ast import nodes
from tml_ast.edit import (
    SourceEdit,
    indentation_of,
    indentation_unit,
    insert_statement_before,
    line_ending_of,
    line_start,
)
from tml_ast.nodes import Expression, Node

NOT_EVALUATED_ONCE = Refusal("nothing can come right before it: it may be evaluated again, or not at all")
"""Why there is no statement to bind an expression before."""

_SHORT_CIRCUIT = frozenset(("and", "or", "&&", "||"))
_HANDED_ON = frozenset((Role.RECEIVER, Role.REFERENCED, Role.CAPTURED, Role.FIELD, Role.INTERPOLATED))
_EVALUATED = nodes.Call | nodes.MethodCall | nodes.StaticCall | nodes.Assignment | nodes.Propagate


def bind_before(
    context: Context,
    statement: Node,
    node: Expression,
    name: str,
    *,
    type_: str = "",
    value: str = "",
    comment: str = "",
    used: str = "",
) -> Repair:
    """``let name: type_ = value`` in front of a statement, and the name in the place of ``node``.

    Without a ``value`` it is the code of ``node``; with ``used``, that stands in the place of ``node``.
    An arm becomes a block in which it is bound first. A ``comment`` stands above. The comment on a cast
    goes with the cast.
    """
    annotation = f": {type_}" if type_ else ""
    above = f"{comment}\n" if comment else ""
    binding = f"{above}let {name}{annotation} = {value or node.text}"
    use = SourceEdit(node.start, node.end, (used or name).encode())
    if isinstance(statement, nodes.Arm):
        opened = open_block(context, statement, [binding], None)
        return Repair((*opened.edits, use), opens_block=True)
    source = context.file.source
    if " as " in node.text and stands_below_workaround(source, statement.start):
        start = line_start(source, statement.start)
        indentation = indentation_of(source, start)
        line = indentation + binding.encode() + line_ending_of(source, start)
        return Repair((SourceEdit(start, start, line), use))
    return Repair((insert_statement_before(source, context.file.tree, statement, binding), use))


def needed_annotation(context: Context, type_: Type) -> str | Refusal:
    """The type to write in a ``let``; empty where the compiler infers it.

    It infers ``Maybe[List[I64]]`` wrongly, and then does not compile what is called on the variable.
    """
    if type_.name not in BUILTIN_VARIANTS or not any(
        part.arguments and part.name != "()" for part in type_.arguments
    ):
        return ""
    pending = [*type_.arguments]
    for part in pending:
        pending += part.arguments
        info = context.analysis.index.type_named([part.bare], context.file)
        if part.name != (part.bare if info is None else info.name):
            return Refusal(f"another {part.bare} than this one is known here: bind it by hand")
    return str(type_)


def statement_to_bind_before(context: Context, graph: ControlFlowGraph, node: Expression) -> Node | None:
    """The statement that ``node`` can be evaluated in front of; None where that changes what is done."""
    place = place_to_bind_before(context, graph, node)
    return None if isinstance(place, nodes.Arm) else place


def place_to_bind_before(context: Context, graph: ControlFlowGraph, node: Expression) -> Node | None:
    """The statement that ``node`` can be evaluated in front of, or the arm that it can be evaluated first in.

    None where that changes what the code does: whatever is evaluated before ``node`` in its statement must
    be free of effects, and must not see any of ``node``; only a pure expression may leave a place that is
    evaluated on a condition.
    """
    pure = context.purity.is_pure(graph, node)
    movable = context.purity if context.purity.is_pure(graph, node, may_leave=True) else None
    child: Node = node
    for parent in context.ancestors(node):
        match parent:
            case nodes.Let() | nodes.Var() | nodes.ExpressionStatement():
                return parent if isinstance(context.parent(parent), nodes.Block) else None
            case nodes.If():
                if child is not parent.condition or isinstance(context.parent(parent), nodes.If):
                    return None
            case nodes.When():
                if child is not parent.subject:
                    return None
            case nodes.Binary() if parent.operator in _SHORT_CIRCUIT and child is parent.right:
                if not pure or not _is_plain_call(graph, node) or _may_guard(graph, parent.left, node):
                    return None
            case nodes.Ternary() if child is not parent.condition:
                return None
            case nodes.Arm() if child is parent.body:
                return parent
            case (
                nodes.Block()
                | nodes.Arm()
                | nodes.Loop()
                | nodes.While()
                | nodes.For()
                | nodes.Closure()
                | nodes.LetCondition()
                | nodes.Guard()
            ):
                return None
            case _:
                pass
        if not _harmless_before(graph, parent, child, node, movable):
            return None
        child = parent
    return None


def is_harmless_in(
    context: Context, graph: ControlFlowGraph, node: Expression, condition: Expression
) -> bool:
    """Whether ``node`` can be evaluated in front of a condition that always evaluates it."""
    movable = context.purity if context.purity.is_pure(graph, node, may_leave=True) else None
    child: Node = node
    if node is condition:
        return False
    for parent in context.ancestors(node):
        if not _is_step(parent) and not (
            isinstance(parent, nodes.Binary) and parent.operator in _SHORT_CIRCUIT and child is parent.left
        ):
            return False
        if not _harmless_before(graph, parent, child, node, movable):
            return False
        if parent is condition:
            return True
        child = parent
    return False


def _may_guard(graph: ControlFlowGraph, condition: Expression, node: Expression) -> bool:
    """Whether a condition reads a variable that ``node`` uses, and so may be what makes ``node`` safe."""
    tested = _variables_in(graph, condition)
    return any(
        used in tested and used.kind is not VariableKind.RECEIVER for used in _variables_in(graph, node)
    )


def _variables_in(graph: ControlFlowGraph, node: Expression) -> set[Variable]:
    return {use.variable for use in graph.uses_in(node)}


@dataclass(frozen=True, slots=True)
class Split:
    """An ``if`` whose condition can be cut in two, so that something is bound between."""

    statement: Node
    branch: nodes.Block
    before: Expression
    """The last operand of ``and`` that is evaluated before."""
    after: Expression
    """The operand that holds what is to be bound."""


def split_before(context: Context, graph: ControlFlowGraph, node: Expression) -> Split | None:
    """Where to cut the condition of an ``if`` without ``else`` that evaluates ``node`` only sometimes."""
    movable = context.purity if context.purity.is_pure(graph, node, may_leave=True) else None
    child: Node = node
    operand: Expression | None = None
    before: Expression | None = None
    for parent in context.ancestors(node):
        if isinstance(parent, nodes.Binary) and parent.operator in ("and", "&&"):
            if operand is None and child is parent.right:
                operand = parent.right
                before = _last_operand(parent.left)
        elif isinstance(parent, nodes.If):
            return _split_of(context, parent, child, before, operand)
        elif (
            operand is not None
            or not _is_step(parent)
            or not _harmless_before(graph, parent, child, node, movable)
        ):
            return None
        child = parent
    return None


def _is_step(node: Node) -> bool:
    """Whether a step of a condition may consist of a node: it evaluates all of its parts."""
    if isinstance(node, nodes.Binary):
        return node.operator not in _SHORT_CIRCUIT
    return isinstance(node, nodes.Unary | nodes.Group | nodes.Call | nodes.MethodCall | nodes.Cast)


def _last_operand(node: Expression) -> Expression:
    return node.right if isinstance(node, nodes.Binary) and node.operator in ("and", "&&") else node


def _split_of(
    context: Context, node: nodes.If, condition: Node, before: Expression | None, operand: Expression | None
) -> Split | None:
    statement = context.parent(node)
    if condition is not node.condition or node.alternative is not None or before is None or operand is None:
        return None
    if not isinstance(statement, nodes.ExpressionStatement) or not isinstance(node.branch, nodes.Block):
        return None
    source = context.file.source
    gap = source[before.end : operand.start].split()
    starts_line = not source[line_start(source, statement.start) : statement.start].strip()
    if gap not in ([b"and"], [b"&&"]) or not starts_line:
        return None
    if any(b"\n" in source[token.start : token.end] for token in node.branch.tokens()):
        return None
    return Split(statement, node.branch, before, operand)


def bind_between(context: Context, split: Split, node: Expression, name: str, comment: str = "") -> Repair:
    """Cut the condition, bind the string of ``node`` between the halves, below a comment, and use that."""
    source = context.file.source
    ending = line_ending_of(source, split.statement.start)
    outer = indentation_of(source, split.statement.start)
    unit = indentation_unit(source, split.statement.start)
    inner = ending + outer + unit
    above = comment.encode() + inner if comment else b""
    binding = above + f"let {name}: Str = {node.text}".encode()
    unchanged = source[split.after.start : node.start]
    cut = b" {" + inner + binding + inner + b"if " + unchanged + name.encode()
    edits = [
        SourceEdit(split.before.end, node.end, cut),
        SourceEdit(split.branch.end, split.branch.end, ending + outer + b"}"),
    ]
    for match in re.finditer(rb"\n(?=[^\r\n])", source[node.end : split.branch.end]):
        offset = node.end + match.end()
        edits.append(SourceEdit(offset, offset, unit))
    return Repair(tuple(edits), opens_block=True)


def _is_plain_call(graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a call reads only names and is not recursive, so that an extra evaluation is harmless."""
    inner = any(isinstance(part, _EVALUATED) and part is not node for part in node.walk())
    call = graph.call_at(node)
    calls_itself = call is not None and call.callee is graph.function
    return not inner and not calls_itself


def _harmless_before(
    graph: ControlFlowGraph, parent: Node, child: Node, moved: Expression, purity: Purity | None
) -> bool:
    """Whether what ``parent`` evaluates before ``child`` may as well be evaluated after ``moved`` in it.

    With ``purity``, ``moved`` has no effect and can change places with what has none either, any other only
    with constants and with variables that it cannot change.
    """
    for sibling in parent.nodes():
        if sibling is child:
            return True
        if purity is not None:
            if isinstance(sibling, Expression) and not purity.is_pure(graph, sibling):
                return False
            continue
        if any(isinstance(part, _EVALUATED) for part in sibling.walk()):
            return False
        if not _is_place_of(parent, sibling) and _may_change(graph, moved, sibling):
            return False
    return True


def _is_place_of(parent: Node, node: Node) -> bool:
    """Whether a node is the receiver of a method, which gets its address and reads it later."""
    return isinstance(parent, nodes.MethodCall) and parent.receiver is node


def _may_change(graph: ControlFlowGraph, moved: Expression, read: Node) -> bool:
    """Whether evaluating ``moved`` may change what ``read`` shows: it hands on a variable in it."""
    seen = {use.variable for use in graph.uses_in(read)}
    return any(use.variable in seen and use.site.role in _HANDED_ON for use in graph.uses_in(moved))
