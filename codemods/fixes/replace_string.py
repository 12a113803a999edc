"""Replace a string: the old one is freed in front of the assignment that puts a new one in its place."""

from __future__ import annotations

from collections.abc import Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.free_as_number import free_variable
from codemods.fixes.release_at_exits import mentions
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.summaries.origins import Result
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before
from tml_ast.nodes import Expression, Node

_LOOP = nodes.Loop | nodes.While | nodes.For


def grows_from_empty(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a var starts as the empty constant, and all that it gets are new strings of its own."""
    if variable.kind is not VariableKind.VAR or variable.type != STR or variable.value is None:
        return False
    if variable.value.text != '""' or any(use.site.role is Role.INTERPOLATED for use in graph.uses(variable)):
        return False
    values = [assign.node.value for assign in graph.assignments_to(variable)]
    return bool(values) and all(_is_new(context, graph, value) for value in values)


def _is_new(context: Context, graph: ControlFlowGraph, value: Expression) -> bool:
    if not isinstance(value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return False
    origin = context.analysis.summaries.origin(graph, value)
    return origin.is_fresh and origin.literals <= {'""'} and not may_hand_back(context, graph, value)


def may_hand_back(context: Context, graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether a call may return one of its arguments instead of a string of its own."""
    call = graph.call_at(value)
    if call is None or call.callee is None:
        return True
    positions = [*range(len(call.arguments)), *([-1] if call.receiver is not None else [])]
    effects = context.analysis.summaries.effects
    return any(Effect.RETURNS in effects(call.callee, position) for position in positions)


def replaces_another(
    context: Context, graph: ControlFlowGraph, variable: Variable, assignment: nodes.Assignment
) -> bool:
    """Whether an assignment may find the string of another one, or its own of an earlier iteration."""
    around = _around(context, assignment)
    declared = set(_around(context, variable.node))
    if any(isinstance(node, _LOOP) and node not in declared for node in around):
        return True
    return any(
        other.node.start < assignment.start and not _excludes(_around(context, other.node), around)
        for other in graph.assignments_to(variable)
    )


def _around(context: Context, node: Node) -> list[Node]:
    return list(context.ancestors(node))


def _excludes(first: Sequence[Node], second: Sequence[Node]) -> bool:
    """Whether only one of two places is reached: they are in different branches of one choice."""
    common = next(node for node in first if node in second)
    return isinstance(common, nodes.If | nodes.When | nodes.Ternary)


def free_replaced(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    assignment: nodes.Assignment,
    origin: Result,
) -> Repair | None:
    """Free the old string of a library's variable; a new one that is made from it is made first."""
    statement = context.parent(assignment)
    if not isinstance(statement, nodes.ExpressionStatement):
        return None
    if not isinstance(context.parent(statement), nodes.Block):
        return None
    source, tree, value = context.file.source, context.file.tree, assignment.value
    lines = free_variable(context, variable.name, origin)
    if not mentions(graph, value, {variable}):
        return Repair((insert_statement_before(source, tree, statement, lines),))
    name = context.names.for_consumed(graph.function, f"next_{variable.name}", f"{variable.name}_next")
    lines = f"let {name}: I64 = {value.text} as I64\n{lines}"
    return Repair(
        (
            insert_statement_before(source, tree, statement, lines),
            SourceEdit(value.start, value.end, f"{name} as Str".encode()),
        )
    )
