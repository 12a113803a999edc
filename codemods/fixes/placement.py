"""Where a release goes: the edits that put statements in front of an exit.

When the value that leaves still needs what is released, it is bound first. Where there is no block
to put a statement in, one is opened.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.naming import result_name
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Variable, VariableKind
from tml_ast import nodes
from tml_ast.edit import (
    INDENT,
    SourceEdit,
    indentation_of,
    insert_before_block_end,
    insert_statement_after,
    insert_statement_before,
    line_ending_of,
)
from tml_ast.nodes import Expression, Node

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Placement:
    """The edits for one exit, and whether they open a block."""

    edits: tuple[SourceEdit, ...]
    opens_block: bool = False


@dataclass(frozen=True, slots=True)
class Placements:
    """The edits for all exits of a variable's scope, and the exits that have no room for any."""

    edits: tuple[SourceEdit, ...]
    opens_block: bool
    unplaced: tuple[Exit, ...]


@dataclass(frozen=True, slots=True)
class Cleanup:
    """The statements that release a variable, and the variables that must be read before."""

    statement: str
    owner: Variable
    needed_by: frozenset[Variable]

    @property
    def lines(self) -> list[bytes]:
        """The statements, a line each."""
        return self.statement.encode().split(b"\n")


def mentions(graph: ControlFlowGraph, node: Node, variables: Container[Variable]) -> bool:
    """Whether any of the variables is read inside of ``node``."""
    return any(use.variable in variables for use in graph.uses_in(node))


def exits_of(graph: ControlFlowGraph, variable: Variable) -> list[Exit]:
    """The exits from the scope of a variable that control can get to."""
    return [
        action
        for block in graph.reachable()
        for action in block.actions
        if isinstance(action, Exit) and variable in action.variables
    ]


def before_exits(
    context: Context, graph: ControlFlowGraph, release: Cleanup, exits: Sequence[Exit] | None = None
) -> Placements:
    """Put a release in front of every exit from the scope of its variable, or of those given."""
    edits: list[SourceEdit] = []
    unplaced: list[Exit] = []
    opens_block = False
    result = ""
    for exit_ in exits_of(graph, release.owner) if exits is None else exits:
        if exit_.value is not None and mentions(graph, exit_.value, release.needed_by):
            result = result or result_name(context, graph.function, exit_.value)
        placement = before_exit(context, graph, exit_, release, result)
        if placement is None:
            unplaced.append(exit_)
        else:
            edits += placement.edits
            opens_block = opens_block or placement.opens_block
    return Placements(tuple(edits), opens_block, tuple(unplaced))


def after_last_use(context: Context, graph: ControlFlowGraph, release: Cleanup) -> Placement | None:
    """Put a release behind the last use of its variable; None unless every path goes through there."""
    let = next((each for each in context.ancestors(release.owner.node) if isinstance(each, nodes.Let)), None)
    block = context.parent(let) if let is not None else None
    if let is None or not isinstance(block, nodes.Block) or len(exits_of(graph, release.owner)) != 1:
        return None
    using = [each for each in block.statements if mentions(graph, each, release.needed_by)]
    last = using[-1] if using else let
    if last is block.statements[-1] or any(isinstance(each, nodes.Return) for each in last.walk()):
        return None
    if is_hidden(graph, release.owner, release.statement, last.end):
        return None
    edit = insert_statement_after(context.file.source, context.file.tree, last, release.statement)
    return Placement((edit,))


def is_hidden(graph: ControlFlowGraph, owner: Variable, text: str, place: int) -> bool:
    """Whether a name in ``text`` means another variable at a place than where ``owner`` is declared.

    The compiler does not forget the variables of an inner block at its end, so that any later
    declaration of a name hides the earlier one for the rest of the function; payloads apart.
    """
    names = set(_IDENTIFIER.findall(text))
    return any(
        each is not owner
        and each.name in names
        and each.kind is not VariableKind.PAYLOAD
        and owner.offset < each.offset < place
        for each in graph.variables
    )


def before_exit(
    context: Context, graph: ControlFlowGraph, exit_: Exit, release: Cleanup, result: str
) -> Placement | None:
    """Put a release in front of an exit; None where that cannot be done.

    ``result`` names the binding of the value that leaves, if it reads what is released.
    """
    node, value = exit_.node, exit_.value
    leaves = exit_.kind in (ExitKind.RETURN, ExitKind.BREAK, ExitKind.CONTINUE)
    if is_hidden(graph, release.owner, release.statement, node.start if leaves else node.end):
        return None
    match exit_.kind:
        case ExitKind.RETURN | ExitKind.BREAK | ExitKind.CONTINUE:
            keep = value if value is not None and mentions(graph, value, release.needed_by) else None
            return _before_jump(context, graph, node, release, keep, result)
        case ExitKind.END:
            assert isinstance(node, nodes.Block)
            return _at_end(context, graph, node, release)
        case ExitKind.TAIL | ExitKind.SCOPE if isinstance(node, nodes.Block):
            return _before_value(context, graph, node, value, release, result)
        case ExitKind.ARM:
            return _in_arm(context, graph, node, release, result)
        case _:
            return None


def _before_jump(
    context: Context,
    graph: ControlFlowGraph,
    node: Node,
    release: Cleanup,
    value: Expression | None,
    result: str,
) -> Placement | None:
    parent = context.parent(node)
    source = context.file.source
    if isinstance(parent, nodes.ExpressionStatement):
        if value is None:
            if len(release.lines) > 1 and not _starts_line(source, parent):
                return None
            place = _before_releases(context, graph, parent, release.owner)
            return Placement((insert_statement_before(source, context.file.tree, place, release.statement),))
        if not _starts_line(source, parent) or _mixes_numbers(value):
            return None
        binding = result + annotation(graph, node)
        return Placement(_bound_value(source, node, value, release, f"return {result}", binding))
    if value is not None and _mixes_numbers(value):
        return None
    if isinstance(parent, nodes.Arm) and isinstance(node, Expression):
        binding = result + annotation(graph, node)
        return _open_block(context, parent, node, value, release, f"return {result}", binding)
    return None


def annotation(graph: ControlFlowGraph, jump: Node) -> str:
    """The declared type of what a function returns, for a binding of it."""
    if any(each.start <= jump.start < each.end for each in graph.nodes_of(nodes.Closure)):
        return ""
    returned = graph.function.node.return_type
    if returned is None or isinstance(returned, nodes.TupleType) or not isinstance(jump, nodes.Return):
        return ""
    return f": {returned.text}"


def _mixes_numbers(value: Expression) -> bool:
    """Whether a tuple holds bare numbers, whose type is only right where it is returned at once."""
    return isinstance(value, nodes.Tuple) and any(
        isinstance(each, nodes.Literal) and each.kind in ("INT", "FLOAT") for each in value.elements
    )


def _before_releases(
    context: Context, graph: ControlFlowGraph, statement: nodes.ExpressionStatement, owner: Variable
) -> Node:
    """The first of the releases right in front of a statement that ``owner`` comes before, or the statement.

    What was made last is released first, as a reader expects.
    """
    block = context.parent(statement)
    assert isinstance(block, nodes.Block)
    siblings = block.statements
    index = siblings.index(statement)
    while index > 0 and _releases_older(context, graph, siblings[index - 1], owner):
        index -= 1
    return siblings[index]


def _releases_older(context: Context, graph: ControlFlowGraph, statement: Node, owner: Variable) -> bool:
    """Whether a statement is the release of a variable that was declared before ``owner``."""
    if not isinstance(statement, nodes.ExpressionStatement) or not _starts_line(
        context.file.source, statement
    ):
        return False
    call = statement.expression
    if not isinstance(call, nodes.MethodCall) or call.arguments:
        return False
    return any(
        use.node is call.receiver and use.variable.node.start < owner.node.start
        for variable in graph.variables
        if variable.type is not None and call.name in context.analysis.index.release_names(variable.type)
        for use in graph.uses(variable)
    )


def _starts_line(source: bytes, node: Node) -> bool:
    start = node.start
    return not source[source.rfind(b"\n", 0, start) + 1 : start].strip(b" \t")


def _bound_value(
    source: bytes, node: Node, value: Expression, release: Cleanup, last: str, binding: str
) -> tuple[SourceEdit, ...]:
    """Bind the value that leaves, then the statement, then leave with the binding."""
    ending = line_ending_of(source, value.end)
    separator = ending + indentation_of(source, node.start)
    after = separator.join([b"", *release.lines, last.encode()])
    return (
        SourceEdit(node.start, value.start, f"let {binding} = ".encode()),
        SourceEdit(value.end, value.end, after),
    )


def _open_block(
    context: Context,
    arm: nodes.Arm,
    body: Expression,
    value: Expression | None,
    release: Cleanup,
    last: str,
    binding: str,
) -> Placement:
    """Turn the body of an arm into a block that holds ``statement``."""
    source = context.file.source
    outer = indentation_of(source, arm.start)
    ending = line_ending_of(source, arm.start)
    inner = ending + outer + INDENT
    lines = release.lines
    if value is None:
        head = b"{" + inner.join([b"", *lines, b""])
        tail = ending + outer + b"}"
        return Placement(
            (SourceEdit(body.start, body.start, head), SourceEdit(body.end, body.end, tail)), opens_block=True
        )
    head = b"{" + inner + f"let {binding} = ".encode()
    tail = inner.join([b"", *lines, last.encode()]) + ending + outer + b"}"
    return Placement(
        (SourceEdit(body.start, value.start, head), SourceEdit(value.end, body.end, tail)), opens_block=True
    )


def _at_end(context: Context, graph: ControlFlowGraph, block: nodes.Block, release: Cleanup) -> Placement:
    source = context.file.source
    last = block.statements[-1] if block.statements else None
    if isinstance(last, nodes.ExpressionStatement) and _releases_older(context, graph, last, release.owner):
        place = _before_releases(context, graph, last, release.owner)
        return Placement((insert_statement_before(source, context.file.tree, place, release.statement),))
    return Placement((insert_before_block_end(source, context.file.tree, block, release.statement),))


def _before_value(
    context: Context,
    graph: ControlFlowGraph,
    block: nodes.Block,
    value: Expression | None,
    release: Cleanup,
    result: str,
) -> Placement | None:
    """In front of the value of a block, or at its end when it has none."""
    if value is None and _gives_an_arm_its_type(context, graph, block):
        value = block.value
        assert value is not None
        if any(isinstance(each, nodes.Block) for each in value.walk()):
            return None
        result = result or result_name(context, graph.function, value)
    if value is None:
        return _at_end(context, graph, block, release)
    holder = context.parent(value)
    if not isinstance(holder, nodes.ExpressionStatement):
        return None
    source = context.file.source
    if not mentions(graph, value, release.needed_by):
        place = _before_releases(context, graph, holder, release.owner)
        return Placement((insert_statement_before(source, context.file.tree, place, release.statement),))
    if not _starts_line(source, holder):
        return None
    return Placement(_bound_value(source, value, value, release, result, result))


def _gives_an_arm_its_type(context: Context, graph: ControlFlowGraph, block: nodes.Block) -> bool:
    """Whether a block must keep its value although nobody uses it: the arms of a `when` agree on a type."""
    if not _has_value(graph, block):
        return False
    node: Node = block
    while not isinstance(parent := context.parent(node), nodes.Arm):
        if isinstance(parent, nodes.ExpressionStatement):
            holder = context.parent(parent)
            if not isinstance(holder, nodes.Block) or holder.value is not parent.expression:
                return False
            node = holder
        elif isinstance(parent, nodes.If) and parent.branch is node and parent.alternative is not None:
            node = parent
        else:
            return False
    return True


def _has_value(graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether an expression is known to yield more than nothing."""
    match node:
        case nodes.Block():
            return node.value is not None and _has_value(graph, node.value)
        case nodes.If():
            return node.alternative is not None and _has_value(graph, node.branch)
        case nodes.When():
            return any(_has_value(graph, arm.body) for arm in node.arms)
    type_ = graph.type_of(node)
    return type_ is not None and type_.name not in ("Unit", "Never")


def _in_arm(
    context: Context, graph: ControlFlowGraph, arm: Node, release: Cleanup, result: str
) -> Placement | None:
    """At the end of an arm, in whose scope its payload lives."""
    assert isinstance(arm, nodes.Arm)
    body = arm.body
    site = graph.site_of(body)
    discarded = site is None or site.role is Role.DISCARDED
    if isinstance(body, nodes.Block):
        return _before_value(context, graph, body, None if discarded else body.value, release, result)
    if not discarded:
        kept = body if mentions(graph, body, release.needed_by) else None
        return _open_block(context, arm, body, kept, release, result, result)
    source = context.file.source
    outer = indentation_of(source, arm.start)
    ending = line_ending_of(source, arm.start)
    inner = ending + outer + INDENT
    head = SourceEdit(body.start, body.start, b"{" + inner)
    tail = inner.join([b"", *release.lines]) + ending + outer + b"}"
    return Placement((head, SourceEdit(body.end, body.end, tail)), opens_block=True)
