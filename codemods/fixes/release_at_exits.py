"""Release at exits: the edits that put statements in front of the exits from a variable's scope.

A value that leaves and still needs what is released is bound first. Where there is no block to put a
statement in, one is opened.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from codemods.fixes.bind_returned import annotation, bind_before_leaving, open_block, starts_line
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.naming import describe_exits, result_name
from codemods.fixes.one_line_block import is_one_line, spread_out
from codemods.fixes.open_error_exit import Release, open_error_exit
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Variable, VariableKind
from codemods.ownership.obligations import ObligationReport
from codemods.semantics.symbols import SCALARS, UNIT, FunctionInfo
from tml_ast import nodes
from tml_ast.edit import (
    collide,
    insert_before_block_end,
    insert_statement_after,
    insert_statement_before,
)
from tml_ast.nodes import Expression, Node

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_ZEROS = dict.fromkeys(SCALARS - {"Char", "Unit", "Never"}, "0") | {
    "Bool": "false",
    "F32": "0.0",
    "F64": "0.0",
}
"""What the compiler returns where the value is missing."""
_HIDDEN = Refusal("its name means another variable there")
_NO_ROOM = Refusal("there is no block to release it in")
_NO_VALUE = Refusal("the function ends without the value that it declares")
_NESTED = Refusal("one exit lies inside of another")
_NO_EXIT = Refusal("control never leaves its scope")


@dataclass(frozen=True, slots=True)
class Cleanup:
    """The statements that release a variable, and the variables that must be read before."""

    statement: str
    owner: Variable
    needed_by: frozenset[Variable]
    method: FunctionInfo | None = None
    """The release that they call."""

    @classmethod
    def of(cls, obligation: ObligationReport) -> Cleanup:
        """The call that releases an owner."""
        owner = obligation.variable
        release = obligation.release
        return cls(release.statement_on(owner.name), owner, frozenset(obligation.views), release)

    @property
    def lines(self) -> list[str]:
        """The lines of the statements."""
        return self.statement.split("\n")


def mentions(graph: ControlFlowGraph, node: Node, variables: Container[Variable]) -> bool:
    """Whether any of the variables is read inside of ``node``."""
    return any(use.variable in variables for use in graph.uses_in(node))


def exits_of(graph: ControlFlowGraph, variable: Variable) -> list[Exit]:
    """The reachable exits from the scope of a variable."""
    return [
        action
        for action in graph.reachable_actions
        if isinstance(action, Exit) and variable in action.variables
    ]


@dataclass(frozen=True, slots=True)
class Placed:
    """The releases in front of some exits, and the exits that get none."""

    repairs: tuple[Repair, ...]
    missed: Mapping[Exit, Refusal]


def before_exits(
    context: Context, graph: ControlFlowGraph, release: Cleanup, exits: Sequence[Exit] | None = None
) -> Repair | Refusal:
    """Release a variable in front of every exit from its scope, or of those given, that has room for it.

    The remark of the repair names the exits without room.
    """
    placed = placed_before(context, graph, release, exits)
    if isinstance(placed, Refusal):
        return placed
    remark = described_misses(context, placed.missed)
    return Repair.of(placed.repairs, remark) if placed.repairs else Refusal(remark or _NO_EXIT.reason)


def placed_before(
    context: Context, graph: ControlFlowGraph, release: Cleanup, exits: Sequence[Exit] | None = None
) -> Placed | Refusal:
    """A release in front of every exit from the scope of a variable, or of those given, that has room."""
    uncallable = context.refusal_to_call(release.method) if release.method is not None else None
    if uncallable is not None:
        return uncallable
    repairs: list[Repair] = []
    missed: dict[Exit, Refusal] = {}
    for exit_, placed in _placed(context, graph, release, exits):
        if isinstance(placed, Refusal):
            missed[exit_] = placed
        elif collide(edit for repair in (*repairs, placed) for edit in repair.edits):
            missed[exit_] = _NESTED
        else:
            repairs.append(placed)
    return Placed(tuple(repairs), missed)


def described_misses(context: Context, missed: Mapping[Exit, Refusal]) -> str:
    """At which exits there is no release, and why."""
    exits: dict[Refusal, list[Exit]] = {}
    for exit_, refusal in missed.items():
        exits.setdefault(refusal, []).append(exit_)
    return "; ".join(
        f"not fixed at {describe_exits(there, context.line)}: {refusal.reason}"
        for refusal, there in exits.items()
    )


def before_every_exit(
    context: Context,
    graph: ControlFlowGraph,
    release: Cleanup,
    exits: Sequence[Exit] | None = None,
    *,
    in_place: bool = False,
) -> Repair | Refusal:
    """The same, refused unless each exit has room; ``in_place``: without a new binding or block."""
    uncallable = context.refusal_to_call(release.method) if release.method is not None else None
    if uncallable is not None:
        return uncallable
    repairs: list[Repair] = []
    for exit_, placed in _placed(context, graph, release, exits):
        if isinstance(placed, Refusal):
            return placed
        if collide(edit for repair in (*repairs, placed) for edit in repair.edits):
            return _NESTED
        if in_place and (placed.opens_block or _is_needed(graph, exit_, release)):
            return _NO_ROOM
        repairs.append(placed)
    return Repair.of(repairs) if repairs else _NO_EXIT


def _placed(
    context: Context, graph: ControlFlowGraph, release: Cleanup, exits: Sequence[Exit] | None
) -> Iterator[tuple[Exit, Repair | Refusal]]:
    exits = exits_of(graph, release.owner) if exits is None else exits
    kept = (exit_.value for exit_ in exits if _is_needed(graph, exit_, release))
    value = next(kept, None)
    result = result_name(context, graph.function, value) if value is not None else ""
    for exit_ in exits:
        yield exit_, before_exit(context, graph, exit_, release, result)


def _is_needed(graph: ControlFlowGraph, exit_: Exit, release: Cleanup) -> bool:
    """Whether the value that leaves is made from what is released."""
    return exit_.value is not None and mentions(graph, exit_.value, release.needed_by)


def after_last_use(context: Context, graph: ControlFlowGraph, release: Cleanup) -> Repair | Refusal:
    """Release a variable after its last use; refused unless every path goes through there."""
    around = context.ancestors(release.owner.node)
    let = next((node for node in around if isinstance(node, nodes.Let)), None)
    block = context.parent(let) if let is not None else None
    if let is None or not isinstance(block, nodes.Block) or len(exits_of(graph, release.owner)) != 1:
        return _NO_ROOM
    using = [statement for statement in block.statements if mentions(graph, statement, release.needed_by)]
    last = using[-1] if using else let
    if last is block.statements[-1] or any(isinstance(node, nodes.Return) for node in last.walk()):
        return _NO_ROOM
    if is_hidden(graph, release.owner, release.statement, last.end):
        return _HIDDEN
    edit = insert_statement_after(context.file.source, context.file.tree, last, release.statement)
    return Repair((edit,))


def is_hidden(graph: ControlFlowGraph, owner: Variable, text: str, place: int) -> bool:
    """Whether a name in ``text`` means another variable at a place than where ``owner`` is declared.

    The compiler does not forget the variables of an inner block at its end, so that any later
    declaration of a name hides the earlier one for the rest of the function; payloads apart.
    """
    names = set(_IDENTIFIER.findall(text))
    return any(
        variable is not owner
        and variable.name in names
        and variable.kind is not VariableKind.PAYLOAD
        and owner.offset < variable.offset < place
        for variable in graph.variables
    )


def before_exit(
    context: Context, graph: ControlFlowGraph, exit_: Exit, release: Cleanup, result: str
) -> Repair | Refusal:
    """Release a variable in front of one exit.

    ``result`` names the binding of the value that leaves, if it reads what is released.
    """
    node, value = exit_.node, exit_.value
    leaves = exit_.kind in (ExitKind.RETURN, ExitKind.BREAK, ExitKind.CONTINUE)
    if is_hidden(graph, release.owner, release.statement, node.start if leaves else node.end):
        return _HIDDEN
    match exit_.kind:
        case ExitKind.RETURN | ExitKind.BREAK | ExitKind.CONTINUE:
            keep = value if _is_needed(graph, exit_, release) else None
            return _before_jump(context, graph, node, release, keep, result)
        case ExitKind.END:
            assert isinstance(node, nodes.Block)
            return _at_end(context, graph, node, release)
        case ExitKind.TAIL | ExitKind.SCOPE if isinstance(node, nodes.Block):
            return _before_value(context, graph, node, value, release, result)
        case ExitKind.ARM:
            return _in_arm(context, graph, node, release, result)
        case ExitKind.PROPAGATE if isinstance(node, nodes.Propagate):
            done = Release(release.lines, release.owner, release.needed_by)
            return open_error_exit(context, graph, node, done)
        case _:
            return _NO_ROOM


def _before_jump(
    context: Context,
    graph: ControlFlowGraph,
    node: Node,
    release: Cleanup,
    value: Expression | None,
    result: str,
) -> Repair | Refusal:
    parent = context.parent(node)
    source = context.file.source
    if value is None:
        if isinstance(parent, nodes.Arm):
            return open_block(context, parent, release.lines, None)
        if not isinstance(parent, nodes.ExpressionStatement):
            return _NO_ROOM
        block = context.parent(parent)
        if isinstance(block, nodes.Block) and is_one_line(source, block):
            statements = [statement.text for statement in block.statements]
            if len(release.lines) > 1 or len(statements) > 1:
                place = _before_releases(context, graph, parent, release.owner)
                index = block.statements.index(place)
                statements[index:index] = release.lines
                return Repair((spread_out(source, block, statements),))
        if len(release.lines) > 1 and not starts_line(source, parent):
            return _NO_ROOM
        return _in_front(context, graph, parent, release)
    if _mixes_numbers(value) or not isinstance(node, Expression):
        return _NO_ROOM
    binding = result + annotation(graph, node)
    bound = bind_before_leaving(context, node, value, binding, release.lines, f"return {result}")
    return bound or _NO_ROOM


def _in_front(context: Context, graph: ControlFlowGraph, statement: Node, release: Cleanup) -> Repair:
    """In front of a statement, and of the releases before it of what was made earlier."""
    place = _before_releases(context, graph, statement, release.owner)
    edit = insert_statement_before(
        context.file.source,
        context.file.tree,
        place,
        release.statement,
        below_comments=_releases_older(context, graph, place, release.owner),
    )
    return Repair((edit,))


def _mixes_numbers(value: Expression) -> bool:
    """Whether a tuple holds bare numbers, whose type is only right where it is returned at once."""
    return isinstance(value, nodes.Tuple) and any(
        isinstance(element, nodes.Literal) and element.kind in ("INT", "FLOAT") for element in value.elements
    )


def _before_releases(context: Context, graph: ControlFlowGraph, statement: Node, owner: Variable) -> Node:
    """The first of the releases right in front of a statement that ``owner`` comes before, or the statement.

    What was made last is released first, as a reader expects.
    """
    block = context.parent(statement)
    assert isinstance(block, nodes.Block)
    siblings = block.statements
    index = siblings.index(statement)
    source = context.file.source
    while index > 0 and _releases_older(context, graph, siblings[index - 1], owner):
        if starts_line(source, siblings[index]) and not starts_line(source, siblings[index - 1]):
            break
        index -= 1
    return siblings[index]


def _releases_older(context: Context, graph: ControlFlowGraph, statement: Node, owner: Variable) -> bool:
    """Whether a statement is the release of a variable that was declared before ``owner``."""
    if not isinstance(statement, nodes.ExpressionStatement):
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


def _at_end(context: Context, graph: ControlFlowGraph, block: nodes.Block, release: Cleanup) -> Repair:
    last = block.statements[-1] if block.statements else None
    if last is not None and _releases_older(context, graph, last, release.owner):
        return _in_front(context, graph, last, release)
    edit = insert_before_block_end(context.file.source, context.file.tree, block, release.statement)
    return Repair((edit,))


def _should_have_a_value(context: Context, graph: ControlFlowGraph, block: nodes.Block) -> bool:
    """Whether a function returns what a block ends in: it is the body, or a bare block at its end."""
    node: Node = block
    while node is not graph.function.node.body:
        holder = context.parent(node)
        if isinstance(holder, nodes.ExpressionStatement):
            outer = context.parent(holder)
            if not isinstance(outer, nodes.Block) or outer.value is not node:
                return False
            holder = outer
        elif not isinstance(holder, nodes.LowlevelBlock):
            return False
        node = holder
    return not graph.function.returns_nothing


def _at_missing_value(
    context: Context, graph: ControlFlowGraph, block: nodes.Block, release: Cleanup
) -> Repair | Refusal:
    """At the end of a function that declares a value, and ends in something of type Unit.

    The compiler returns a zero there, except after a method without a result, which it does not compile.
    """
    last = block.statements[-1]
    if not mentions(graph, last, release.needed_by):
        return _in_front(context, graph, last, release)
    zero = _ZEROS.get(graph.function.returns.name)
    if zero is None:
        return _NO_VALUE
    text = f"{release.statement}\nreturn {zero}"
    edit = insert_before_block_end(context.file.source, context.file.tree, block, text)
    return Repair((edit,), opens_block=True)


def _before_value(
    context: Context,
    graph: ControlFlowGraph,
    block: nodes.Block,
    value: Expression | None,
    release: Cleanup,
    result: str,
) -> Repair | Refusal:
    """In front of the value of a block, or at its end when it has none."""
    if value is None and _gives_an_arm_its_type(context, graph, block):
        value = block.value
        assert value is not None
        if any(isinstance(node, nodes.Block) for node in value.walk()):
            return _NO_ROOM
        result = result or result_name(context, graph.function, value)
    if value is None:
        if _should_have_a_value(context, graph, block):
            return _at_missing_value(context, graph, block, release)
        return _at_end(context, graph, block, release)
    holder = context.parent(value)
    if not isinstance(holder, nodes.ExpressionStatement):
        return _NO_ROOM
    if not mentions(graph, value, release.needed_by):
        return _in_front(context, graph, holder, release)
    return bind_before_leaving(context, value, value, result, release.lines, result) or _NO_ROOM


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
) -> Repair | Refusal:
    """At the end of an arm, in whose scope its payload lives."""
    assert isinstance(arm, nodes.Arm)
    body = arm.body
    site = graph.site_of(body)
    discarded = site is None or site.role is Role.DISCARDED or graph.type_of(body) == UNIT
    if isinstance(body, nodes.Block):
        return _before_value(context, graph, body, None if discarded else body.value, release, result)
    if discarded:
        return open_block(context, arm, release.lines, None, keeps=True)
    if mentions(graph, body, release.needed_by):
        return bind_before_leaving(context, body, body, result, release.lines, result) or _NO_ROOM
    return open_block(context, arm, release.lines, None)
