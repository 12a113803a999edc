"""Holding a string as a number, which the compiler never drops, and freeing it by hand.

Only a library body may do so: in a test the string of a cast is freed at the end of the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal
from codemods.fixes.naming import result_name
from codemods.fixes.release_at_exits import Cleanup, before_exit, is_hidden, mentions
from codemods.fixes.string_code import free_address, free_string, string_length
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Use, Variable
from codemods.ownership.summaries.summaries import Result
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after
from tml_ast.nodes import Expression, Node


@dataclass(frozen=True, slots=True)
class Escape:
    """The edits that keep a string as a number and free it, and whether they open a block."""

    edits: tuple[SourceEdit, ...]
    opens_block: bool = False


def proposal(
    rule: str, graph: ControlFlowGraph, variable: Variable, message: str, edited: Escape | None
) -> Diagnostic:
    """The finding about a variable: fixed by the edits, or reported where there are none."""
    function = graph.function.qualified_name
    if edited is None:
        return Diagnostic(rule, variable.offset, function, message, Verdict.REPORTED)
    return Diagnostic(
        rule, variable.offset, function, message, Verdict.FIXED, edited.edits, edited.opens_block
    )


def assignments(graph: ControlFlowGraph, variable: Variable) -> list[nodes.Assignment]:
    """The assignments to a variable."""
    return [each.node for each in graph.assignments_to(variable)]


def choosing_if(context: Context, variable: Variable, assignment: nodes.Assignment) -> nodes.If | None:
    """The ``if`` without ``else``, beside the declaration of a variable, that only assigns to it."""
    branch = context.parent(context.parent(assignment) or assignment)
    choice = context.parent(branch) if isinstance(branch, nodes.Block) else None
    if not isinstance(choice, nodes.If) or choice.alternative is not None or choice.condition is None:
        return None
    statement = context.parent(choice)
    if branch is not choice.branch or not isinstance(statement, nodes.ExpressionStatement):
        return None
    declared_in = context.parent(_statement_of(context, variable.node))
    return choice if context.parent(statement) is declared_in else None


def only_empty_literals(origin: Result) -> bool:
    """Whether a test of the length tells the constants among the values from what was made."""
    return origin.literals <= {'""'}


def free_statement(context: Context, name: str, origin: Result, *, is_number: bool = True) -> str:
    """The statement that frees the string of a variable; an empty one may be a constant."""
    free = free_address(name) if is_number else free_string(name)
    if not origin.literals:
        return free
    return f"if {string_length(context, f'{name} as Str' if is_number else name)} > 0 {{ {free} }}"


def escape(context: Context, graph: ControlFlowGraph, variable: Variable, origin: Result) -> Escape | None:
    """Make a let that is only read a number, and free it behind its last use; None where there is no room."""
    name = context.names.for_consumed(graph.function, f"{variable.name}_i64", f"{variable.name}_word")
    renamed = as_number(context, graph, variable, name)
    if renamed is None:
        return None
    freed = free_at_end_of_use(context, graph, variable, free_statement(context, name, origin), renamed)
    if freed is None:
        return None
    return freed


def as_number(
    context: Context, graph: ControlFlowGraph, variable: Variable, name: str
) -> list[SourceEdit] | None:
    """``let x: Str = make()`` becomes ``let x_i64: I64 = make() as I64``, and its uses a cast of that."""
    declaration = context.parent(variable.node)
    value = variable.value
    if not isinstance(declaration, nodes.Let) or declaration.pattern is not variable.node or value is None:
        return None
    if not isinstance(value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return None
    edits = [
        SourceEdit(declaration.pattern.start, value.start, f"{name}: I64 = ".encode()),
        SourceEdit(value.end, value.end, b" as I64"),
    ]
    for use in graph.uses(variable):
        if not isinstance(use.node, nodes.Path):
            return None
        cast = f"{name} as Str"
        bare = use.site.role in (Role.ARGUMENT, Role.BOUND, Role.ASSIGNED) and not isinstance(
            context.parent(use.node), nodes.Group
        )
        edits.append(SourceEdit(use.node.start, use.node.end, (cast if bare else f"({cast})").encode()))
    return edits


def free_at_end_of_use(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    statement: str,
    edits: Iterable[SourceEdit] = (),
) -> Escape | None:
    """Free behind the statement of the last use, and in front of every exit that comes before."""
    source, tree = context.file.source, context.file.tree
    block = context.parent(_statement_of(context, variable.node))
    assert isinstance(block, nodes.Block)
    uses = graph.uses(variable)
    last = next(
        (
            each
            for each in reversed(block.statements)
            if any(each.start <= use.node.start < each.end for use in uses)
        ),
        _statement_of(context, variable.node),
    )
    if is_hidden(graph, variable, statement, last.end):
        return None
    found = list(edits)
    exits = [
        action
        for part in graph.reachable
        for action in part.actions
        if isinstance(action, Exit) and variable in action.variables
    ]
    test = _deciding_condition(last, uses)
    if test is not None and any(exit_.node.start < last.end for exit_ in exits):
        return _free_behind_condition(context, graph, variable, statement, found, exits, test, last)
    release = Cleanup(statement, variable, frozenset((variable,)))
    is_value = isinstance(last, nodes.ExpressionStatement) and last.expression is block.value
    opens_block = behind = False
    for exit_ in exits:
        is_behind = exit_.node.start >= last.end or exit_.node.start < last.start < exit_.node.end
        if is_behind and not (is_value and exit_.value is block.value and exit_.value is not None):
            behind = True
            continue
        name = ""
        if exit_.value is not None and mentions(graph, exit_.value, {variable}):
            name = result_name(context, graph.function, exit_.value)
            if any(each.start == exit_.value.start for each in found):
                return None
        placement = before_exit(context, graph, exit_, release, name)
        if isinstance(placement, Refusal):
            return None
        found += placement.edits
        opens_block = opens_block or placement.opens_block
    if behind:
        found.append(insert_statement_after(source, tree, last, statement))
    return Escape(tuple(found), opens_block)


def _statement_of(context: Context, node: Node) -> Node:
    """The statement of a block that a node is or belongs to."""
    current = node
    for parent in context.ancestors(node):
        if isinstance(parent, nodes.Block):
            return current
        current = parent
    return current


def _deciding_condition(last: Node, uses: Sequence[Use]) -> Expression | None:
    """The condition of an ``if``, or the call that a ``when`` opens, that holds all uses of the statement."""
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
    inside = [use for use in uses if last.start <= use.node.start < last.end]
    return test if all(test.start <= use.node.start < test.end for use in inside) else None


def _free_behind_condition(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    statement: str,
    edits: list[SourceEdit],
    exits: list[Exit],
    test: Expression,
    last: Node,
) -> Escape | None:
    """Decide first, then free, then branch: one place instead of one for every exit in the branches."""
    release = Cleanup(statement, variable, frozenset((variable,)))
    found = list(edits)
    for exit_ in exits:
        if exit_.node.start >= last.start or exit_.node.end >= last.end:
            continue
        if exit_.value is not None and mentions(graph, exit_.value, {variable}):
            return None
        placement = before_exit(context, graph, exit_, release, "")
        if isinstance(placement, Refusal) or placement.opens_block:
            return None
        found += placement.edits
    word = _keyword(last)
    if word == "when":
        name = binding = result_name(context, graph.function, test)
    else:
        name = context.names.for_consumed(graph.function, "condition", "holds")
        binding = f"{name}: Bool"
    outer = [each for each in found if test.start <= each.start and each.end <= test.end]
    text = _edited(test, outer)
    found = [each for each in found if each not in outer]
    source = context.file.source
    starts = source[: last.start].rsplit(b"\n", 1)[-1]
    if starts.strip():
        return None
    ending = "\r\n" if source[: last.start].endswith(b"\r\n" + starts) else "\n"
    indentation = starts.decode()
    lines = [f"let {binding} = {text}", *statement.split("\n"), f"{word} {name}"]
    found.append(SourceEdit(last.start, test.end, (ending + indentation).join(lines).encode()))
    return Escape(tuple(found))


def _keyword(statement: Node) -> str:
    """The keyword that a statement starts with."""
    return statement.first_token.text


def _edited(node: Node, edits: list[SourceEdit]) -> str:
    """The text of a node with edits made in it."""
    text = node.text.encode()
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: edit.start - node.start] + edit.text + text[edit.end - node.start :]
    return text.decode()
