"""Flags: variables that only ever hold ``true`` or ``false`` as written, and that decide where paths go."""

from __future__ import annotations

from codemods.ownership.cfg.graph import (
    Assign,
    Assume,
    ControlFlowGraph,
    Declare,
    Use,
    Variable,
    VariableKind,
)
from tml_ast import nodes
from tml_ast.nodes import Expression

Flags = frozenset[tuple[Variable, bool]]
"""The flags whose value is known on a path."""


def flags_after(graph: ControlFlowGraph, action: Declare | Assign, known: Flags) -> Flags:
    """What is known of flags once a variable has a new value."""
    variable = action.variable
    if variable not in graph.ask(flags):
        return known
    value = _value(variable.value if isinstance(action, Declare) else action.node.value)
    rest = frozenset(flag for flag in known if flag[0] is not variable)
    return rest if value is None else rest | {(variable, value)}


def may_hold(graph: ControlFlowGraph, assume: Assume, known: Flags) -> bool:
    """Whether a path on which these flags are known may go where a name is true, or false."""
    use = graph.use_at(assume.node)
    return use is None or (use.variable, not assume.holds) not in known


def flags(graph: ControlFlowGraph) -> frozenset[Variable]:
    """The variables that only ever hold ``true`` or ``false`` as written, and that a condition asks."""
    asked = {
        use.variable
        for action in graph.actions()
        if isinstance(action, Assume)
        and not isinstance(action.node, nodes.Arm)
        and (use := graph.use_at(action.node)) is not None
    }
    return frozenset(
        variable
        for variable in asked
        if variable.kind in (VariableKind.LET, VariableKind.VAR)
        and _value(variable.value) is not None
        and all(
            assignment.node.operator == "=" and _value(assignment.node.value) is not None
            for assignment in graph.assignments_to(variable)
        )
        and not any(use.site.parent is not None and _is_reference(use) for use in graph.uses(variable))
    )


def _is_reference(use: Use) -> bool:
    parent = use.site.parent
    return isinstance(parent, nodes.Closure) or (isinstance(parent, nodes.Unary) and "ref" in parent.operator)


def _value(value: Expression | None) -> bool | None:
    """The truth value that an expression writes out."""
    if isinstance(value, nodes.Literal) and value.kind in ("true", "false"):
        return value.kind == "true"
    return None
