"""Free as a number: hold a string as a number, which the compiler never drops, and free it by hand.

Only a library body may do so: in a test the string of a cast is freed at the end of the statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.naming import raw_names, result_name
from codemods.fixes.release_at_exits import Cleanup, before_exit, exits_of, is_hidden, mentions
from codemods.fixes.string_code import free_address, free_string, string_length
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Variable
from codemods.ownership.summaries.origins import Result
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after, lay_out
from tml_ast.nodes import Expression, Node

_NOTHING = Repair(())
_NO_PLACE = Refusal("there is no place to free it")
MAY_BE_CONSTANT = Refusal("what it holds is not always a new string, and a constant must not be freed")


def free_as_number(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal:
    """Let a number hold the string of a ``let`` that is only read, and free it after its last use."""
    origin = context.analysis.summaries.variable_origin(graph, variable)
    if graph.is_assigned(variable) or not can_be_freed(origin):
        return MAY_BE_CONSTANT
    name = number_name(context, graph, variable)
    held = hold_as_number(context, graph, variable, name)
    if isinstance(held, Refusal):
        return held
    return free_after_last_use(context, graph, variable, free_number(context, name, origin), held)


def can_be_freed(origin: Result) -> bool:
    """Whether the value is new or the empty constant, which its length distinguishes from a new string."""
    return origin.literals <= {'""'}


def free_number(context: Context, name: str, origin: Result) -> str:
    """The statement that frees the string in a number; an empty one may be a constant."""
    return _free(context, f"{name} as Str", free_address(name), origin)


def free_variable(context: Context, name: str, origin: Result) -> str:
    """The statement that frees the string in a variable; an empty one may be a constant."""
    return _free(context, name, free_string(name), origin)


def _free(context: Context, string: str, free: str, origin: Result) -> str:
    return f"if {string_length(context, string)} > 0 {{ {free} }}" if origin.literals else free


def number_name(context: Context, graph: ControlFlowGraph, variable: Variable) -> str:
    """A name for the number that holds the string of a variable."""
    return context.names.for_consumed(graph.function, *raw_names(variable.name))


def hold_as_number(
    context: Context, graph: ControlFlowGraph, variable: Variable, name: str
) -> Repair | Refusal:
    """``let x: Str = make()`` becomes ``let name: I64 = make() as I64``, and its uses a cast of that."""
    declaration = context.parent(variable.node)
    value = variable.value
    if not isinstance(declaration, nodes.Let) or declaration.pattern is not variable.node:
        return _NO_PLACE
    if not isinstance(value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return _NO_PLACE
    edits = [
        SourceEdit(declaration.pattern.start, value.start, f"{name}: I64 = ".encode()),
        SourceEdit(value.end, value.end, b" as I64"),
    ]
    for use in graph.uses(variable):
        if not isinstance(use.node, nodes.Path):
            return _NO_PLACE
        cast = f"{name} as Str"
        bare = use.site.role in (Role.ARGUMENT, Role.BOUND, Role.ASSIGNED) and not isinstance(
            context.parent(use.node), nodes.Group
        )
        edits.append(SourceEdit(use.node.start, use.node.end, (cast if bare else f"({cast})").encode()))
    return Repair(tuple(edits))


def free_after_last_use(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    free: str,
    held: Repair = _NOTHING,
) -> Repair | Refusal:
    """Write ``free`` after the statement that uses or assigns it last, and in front of every exit before.

    ``held`` are the edits that hold the string as a number; those in a condition move with it.
    """
    source, tree = context.file.source, context.file.tree
    block = context.parent(context.statement_of(variable.node))
    assert isinstance(block, nodes.Block)
    places: list[Node] = [use.node for use in graph.uses(variable)]
    places += [assign.node for assign in graph.assignments_to(variable)]
    last = next(
        (
            statement
            for statement in reversed(block.statements)
            if any(statement.start <= place.start < statement.end for place in places)
        ),
        context.statement_of(variable.node),
    )
    if is_hidden(graph, variable, free, last.end):
        return _NO_PLACE
    exits = exits_of(graph, variable)
    release = Cleanup(free, variable, frozenset((variable,)))
    test = _deciding_condition(last, places)
    if test is not None and any(exit_.node.start < last.end for exit_ in exits):
        return _free_after_condition(context, graph, release, held, exits, test, last)
    is_value = isinstance(last, nodes.ExpressionStatement) and last.expression is block.value
    repairs = [held]
    is_left_after = False
    for exit_ in exits:
        is_after = exit_.node.start >= last.end or exit_.node.start < last.start < exit_.node.end
        leaves_there = is_value and exit_.node is block and exit_.kind is not ExitKind.END
        if is_after and not (leaves_there and (exit_.value is not None or exit_.kind is ExitKind.TAIL)):
            is_left_after = True
            continue
        name = ""
        if exit_.value is not None and mentions(graph, exit_.value, {variable}):
            name = result_name(context, graph.function, exit_.value)
        placed = before_exit(context, graph, exit_, release, name)
        if isinstance(placed, Refusal):
            return _NO_PLACE
        repairs.append(placed)
    if is_left_after:
        repairs.append(Repair((insert_statement_after(source, tree, last, free),)))
    return _joined(Repair.of(repairs))


def _joined(repair: Repair) -> Repair:
    """The same with one edit in the place of two where one replaces what follows what another replaces."""
    joined: list[SourceEdit] = []
    for edit in sorted(repair.edits, key=lambda edit: (edit.start, edit.end)):
        last = joined[-1] if joined else None
        if last is not None and last.start < last.end == edit.start < edit.end:
            joined[-1] = SourceEdit(last.start, edit.end, last.text + edit.text)
        else:
            joined.append(edit)
    return replace(repair, edits=tuple(joined))


def _deciding_condition(last: Node, places: Sequence[Node]) -> Expression | None:
    """The condition of an ``if``, or the call that a ``when`` opens, if all places of it are in that."""
    if not isinstance(last, nodes.ExpressionStatement):
        return None
    test: Expression | None = None
    if isinstance(last.expression, nodes.If):
        test = last.expression.condition
    elif isinstance(last.expression, nodes.When):
        subject = last.expression.subject
        test = subject if isinstance(subject, nodes.Call | nodes.MethodCall | nodes.StaticCall) else None
    if test is None:
        return None
    inside = [place for place in places if last.start <= place.start < last.end]
    return test if all(test.start <= place.start < test.end for place in inside) else None


def _free_after_condition(
    context: Context,
    graph: ControlFlowGraph,
    release: Cleanup,
    held: Repair,
    exits: list[Exit],
    test: Expression,
    last: Node,
) -> Repair | Refusal:
    """Decide first, then free, then branch: one place instead of one for every exit in the branches."""
    edits = list(held.edits)
    for exit_ in exits:
        if exit_.node.start >= last.start or exit_.node.end >= last.end:
            continue
        if exit_.value is not None and mentions(graph, exit_.value, {release.owner}):
            return _NO_PLACE
        placed = before_exit(context, graph, exit_, release, "")
        if isinstance(placed, Refusal) or placed.opens_block:
            return _NO_PLACE
        edits += placed.edits
    keyword = last.first_token.text
    if keyword == "when":
        name = binding = result_name(context, graph.function, test)
    else:
        given = context.conditions.setdefault(graph.function, set())
        name = context.names.for_consumed(
            graph.function, "condition", "holds", "is_met", "applies", taken=given
        )
        given.add(name)
        binding = f"{name}: Bool"
    source = context.file.source
    before = source[: last.start].rsplit(b"\n", 1)[-1]
    if before.strip():
        return _NO_PLACE
    inside = [edit for edit in edits if test.start <= edit.start and edit.end <= test.end]
    edits = [edit for edit in edits if edit not in inside]
    between = lay_out(source, last.start, f"\n{release.statement}\n{keyword} {name}")
    decided = f"let {binding} = {_edited(test, inside)}".encode() + between
    return Repair((*edits, SourceEdit(last.start, test.end, decided)))


def _edited(node: Node, edits: list[SourceEdit]) -> str:
    """The code of a node after edits inside it."""
    text = node.text.encode()
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start - node.start] + edit.text + text[edit.end - node.start :]
    return text.decode()
