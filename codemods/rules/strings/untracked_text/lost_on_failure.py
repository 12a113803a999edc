"""A variable that starts empty and is given away in the end loses its string at exits before."""

from __future__ import annotations

from codemods.fixes.choices import choosing_if, only_assignment
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import can_be_freed, free_variable
from codemods.fixes.release_at_exits import Cleanup, before_exit, mentions
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.error_paths import paths_of_leaks
from codemods.ownership.string_dataflow import states_at_exits
from codemods.ownership.variable_states import State
from codemods.semantics.symbols import STR
from tml_ast import nodes


def diagnose(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic | None:
    """The finding about the exits that lose a string, if each of them has room to free it."""
    assignment = only_assignment(graph, variable)
    if assignment is None or not _is_given_away(context, graph, variable, assignment):
        return None
    losing = _losing_exits(context, graph, variable, assignment)
    repair = _free_before(context, graph, variable, losing)
    if not losing or repair is None:
        return None
    lines = sorted(context.line(exit_.node.start) for exit_ in losing)
    message = (
        f"the string that `{variable.name}` gets on line {context.line(assignment.start)} is given away "
        f"in the end, and lost at the exit on line {', '.join(map(str, lines))}"
    )
    return context.fix(graph, variable, message, repair, paths=paths_of_leaks(graph, variable, losing))


def _is_given_away(
    context: Context, graph: ControlFlowGraph, variable: Variable, assignment: nodes.Assignment
) -> bool:
    """Whether an empty variable may get a new string, and the function returns it if all goes well."""
    if variable.kind is not VariableKind.VAR or variable.type != STR:
        return False
    if variable.value is None or variable.value.text != '""':
        return False
    if not isinstance(assignment.value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return False
    made = context.analysis.summaries.origin(graph, assignment.value)
    if not made.is_fresh or not can_be_freed(made):
        return False
    fate = context.analysis.summaries.fate(graph, variable)
    if fate.view_escapes or fate.effects != {Effect.RETURNS} or fate.views != {variable}:
        return False
    return choosing_if(context, variable, assignment) is not None


def _losing_exits(
    context: Context, graph: ControlFlowGraph, variable: Variable, assignment: nodes.Assignment
) -> list[Exit]:
    """The exits that a new string may reach; none where it is not known who owns it at some exit."""
    exits = states_at_exits(context.analysis.summaries, graph, variable)
    if any(len(states) > 1 for _, states in exits):
        return []
    return [
        exit_
        for exit_, states in exits
        if states == {State.OWNED}
        and exit_.node.start >= assignment.start
        and not is_only_reached_empty(graph, exit_.node, variable.name)
    ]


def _free_before(
    context: Context, graph: ControlFlowGraph, variable: Variable, exits: list[Exit]
) -> Repair | None:
    """Free the string in front of the exits, where that takes no new binding or block."""
    origin = context.analysis.summaries.variable_origin(graph, variable)
    free = free_variable(context, variable.name, origin)
    release = Cleanup(free, variable, frozenset((variable,)))
    repairs = []
    for exit_ in exits:
        if exit_.value is not None and mentions(graph, exit_.value, {variable}):
            return None
        placed = before_exit(context, graph, exit_, release, "")
        if isinstance(placed, Refusal) or placed.opens_block:
            return None
        repairs.append(placed)
    return Repair.of(repairs)
