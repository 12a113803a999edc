"""Replace a string: the old one is freed where an assignment puts a new one in its place."""

from __future__ import annotations

from collections.abc import Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.free_as_number import free_number, free_variable
from codemods.fixes.grow_string import grow_string, grows_by_itself
from codemods.fixes.release_afterwards import do_around, name_of_old
from codemods.fixes.release_at_exits import mentions
from codemods.ownership.cfg.graph import Assign, ControlFlowGraph, Role, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.summaries.origins import Result
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_LOOP = nodes.Loop | nodes.While | nodes.For


def grows_from_empty(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a var starts as the empty constant, and all that it gets are new strings of its own."""
    if variable.kind is not VariableKind.VAR or variable.type != STR or variable.value is None:
        return False
    if variable.value.text != '""':
        return False
    assigns = graph.assignments_to(variable)
    grown = {id(assign.node.value) for assign in assigns if grows_by_itself(graph, assign)}
    if any(
        use.site.role is Role.INTERPOLATED and id(use.site.parent) not in grown
        for use in graph.uses(variable)
    ):
        return False
    values = [assign.node.value for assign in assigns if id(assign.node.value) not in grown]
    return bool(values) and all(_is_new(context, graph, value) for value in values)


def _is_new(context: Context, graph: ControlFlowGraph, value: Expression) -> bool:
    if isinstance(value, nodes.Binary):
        return value.operator == "+" and context.analysis.drops.makes_string(value)
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
    context: Context, graph: ControlFlowGraph, action: Assign, origin: Result, taken: set[str]
) -> Repair | Refusal | None:
    """Free the old string of a library's variable, after the assignment if the new one is made from it."""
    statement, variable = context.parent(action.node), action.variable
    if not isinstance(statement, nodes.ExpressionStatement):
        return None
    if not isinstance(context.parent(statement), nodes.Block):
        return None
    if not mentions(graph, action.node.value, {variable}):
        return do_around(context, statement, free_variable(context, variable.name, origin))
    grown = grow_string(context, graph, action)
    if grown is not None:
        return grown
    old = name_of_old(context, graph, action, taken)
    binding = f"let {old}: I64 = {variable.name} as I64"
    return do_around(context, statement, binding, free_number(context, old, origin))
