"""Choices: an ``if`` that may give a variable another value."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from tml_ast import nodes


def only_assignment(graph: ControlFlowGraph, variable: Variable) -> nodes.Assignment | None:
    """The one assignment to a variable; None where there is none or another one."""
    assignments = graph.assignments_to(variable)
    return assignments[0].node if len(assignments) == 1 else None


def choosing_if(context: Context, variable: Variable, assignment: nodes.Assignment) -> nodes.If | None:
    """The ``if`` without ``else``, beside the declaration of a variable, that holds an assignment to it."""
    branch = context.parent(context.parent(assignment) or assignment)
    choice = context.parent(branch) if isinstance(branch, nodes.Block) else None
    if not isinstance(choice, nodes.If) or choice.alternative is not None or choice.condition is None:
        return None
    statement = context.parent(choice)
    if branch is not choice.branch or not isinstance(statement, nodes.ExpressionStatement):
        return None
    declared_in = context.parent(context.statement_of(variable.node))
    return choice if context.parent(statement) is declared_in else None
