"""The maker of a let's string lacks @allocates: the string is held as a number and freed."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import (
    MAY_BE_CONSTANT,
    can_be_freed,
    free_after_last_use,
    free_as_number,
    free_variable,
)
from codemods.fixes.makers import maker_of, will_be_marked
from codemods.fixes.naming import short_code
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.sums import makes_only_sums
from codemods.semantics.symbols import BUILTIN_VARIANTS, STR, FunctionInfo


def diagnose(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic | None:
    """The finding about a let whose string nothing frees."""
    if variable.value is None or not _is_lost(context, graph, variable):
        return None
    message = (
        f"nothing frees `{variable.name}`: the compiler does not know that "
        f"`{short_code(variable.value.text)}` makes its string"
    )
    free = _freed if context.file.is_test else free_as_number
    return context.fix(graph, variable, message, free(context, graph, variable))


def _freed(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal:
    """Free the string that a variable of a test holds."""
    origin = context.analysis.summaries.variable_origin(graph, variable)
    if not can_be_freed(origin):
        return MAY_BE_CONSTANT
    return free_after_last_use(context, graph, variable, free_variable(context, variable.name, origin))


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a call made the string, nothing keeps it, and the compiler does not know that it was made."""
    if variable.kind is not VariableKind.LET or variable.type != STR:
        return False
    if context.analysis.drops.is_registered(variable) or graph.is_assigned(variable):
        return False
    maker = maker_of(graph, variable)
    if maker is None or _is_payload(maker) or will_be_marked(context, maker):
        return False
    if context.file.is_test and makes_only_sums(context.analysis, maker):
        return False
    if _may_be_argument(context, graph, variable):
        return False
    origin = context.analysis.summaries.variable_origin(graph, variable)
    return origin.is_fresh and context.analysis.aliases.is_only_read(graph, variable)


def _may_be_argument(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the call may hand back a string that another variable holds already."""
    uses = graph.uses_in(variable.value) if variable.value is not None else ()
    return any(
        use.site.role in (Role.ARGUMENT, Role.RECEIVER)
        and Effect.RETURNS in context.analysis.summaries.call_effects(use.site)
        for use in uses
    )


def _is_payload(maker: FunctionInfo) -> bool:
    """Whether a method hands out what a Maybe or Outcome holds: it makes nothing itself."""
    return maker.owner is not None and maker.owner.name in BUILTIN_VARIANTS
