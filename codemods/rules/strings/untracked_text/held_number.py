"""A number holds a new string, which the compiler does not see and nothing frees."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import can_be_freed, free_after_last_use, free_number
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.semantics.symbols import STR
from tml_ast import nodes


def diagnose(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic | None:
    """The finding about a number whose string nothing keeps or frees."""
    if not _is_lost(context, graph, variable):
        return None
    message = (
        f"nothing frees `{variable.name}`: a number holds its string, "
        "and the compiler never drops what a number holds"
    )
    return context.fix(graph, variable, message, _repair(context, graph, variable))


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    value = variable.value
    if variable.kind is not VariableKind.LET or variable.type is None or variable.type.name != "I64":
        return False
    if not isinstance(value, nodes.Cast) or graph.type_of(value.operand) != STR:
        return False
    if not isinstance(value.operand, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return False
    origin = context.analysis.summaries.origin(graph, value.operand)
    return origin.is_fresh and context.analysis.aliases.is_only_read(graph, variable)


def _repair(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal:
    origin = context.analysis.summaries.variable_origin(graph, variable)
    if not can_be_freed(origin):
        return Refusal("free it by hand where it is not a constant")
    return free_after_last_use(context, graph, variable, free_number(context, variable.name, origin))
