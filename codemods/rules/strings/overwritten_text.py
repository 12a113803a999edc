"""overwritten-text: a variable that took over a string gets another one, and the first is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codemods.fixes.choices import choosing_if, only_assignment
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import (
    can_be_freed,
    free_number,
    free_variable,
    hold_as_number,
    number_name,
)
from codemods.fixes.release_at_exits import Cleanup, before_exit, exits_of, mentions
from codemods.fixes.replace_string import may_hand_back
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.error_paths import paths_of_place
from codemods.ownership.string_dataflow import states_at_exits
from codemods.ownership.summaries.origins import Result
from codemods.ownership.variable_states import State
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import insert_before_block_end, insert_statement_after
from tml_ast.nodes import Node

_BY_HAND = Refusal("free it there by hand")


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of library code that are lost where the variable that took them over gets another."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            handover = _handover(context, graph, variable)
            if handover is not None:
                message = (
                    f"the string of `{handover.first.name}`, which `{variable.name}` took over, is lost "
                    f"where `{variable.name}` gets another on line {context.line(handover.assignment.start)}"
                )
                repair = _repair(context, graph, handover)
                paths = paths_of_place(graph, handover.assignment)
                yield context.fix(graph, variable, message, repair, paths=paths)


# -- what is lost ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Handover:
    """A string made for ``first``, taken over by ``second``, and replaced there in ``branch``."""

    first: Variable
    second: Variable
    assignment: nodes.Assignment
    branch: nodes.Block


def _handover(context: Context, graph: ControlFlowGraph, second: Variable) -> _Handover | None:
    if second.kind is not VariableKind.VAR or second.type != STR or not isinstance(second.value, nodes.Path):
        return None
    first = graph.variable_at(second.value)
    assignment = only_assignment(graph, second)
    if first is None or assignment is None or not _is_made(context, graph, first):
        return None
    choice = choosing_if(context, second, assignment)
    if choice is None or choosing_if(context, first, assignment) is not choice:
        return None
    if not isinstance(choice.branch, nodes.Block):
        return None
    if not context.analysis.summaries.origin(graph, assignment.value).is_fresh:
        return None
    if may_hand_back(context, graph, assignment.value):
        return None
    fate = context.analysis.summaries.fate(graph, first)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RETURNS}:
        return None
    return _Handover(first, second, assignment, choice.branch) if fate.views <= {first, second} else None


def _is_made(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a call makes the one value of a let."""
    return (
        variable.kind is VariableKind.LET
        and isinstance(variable.value, nodes.Call | nodes.MethodCall | nodes.StaticCall)
        and context.analysis.summaries.variable_origin(graph, variable).is_fresh
        and not graph.is_assigned(variable)
    )


# -- the repair -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Owner:
    """A variable, the statement that frees its string, and the origin of the string."""

    variable: Variable
    free: str
    origin: Result


def _repair(context: Context, graph: ControlFlowGraph, handover: _Handover) -> Repair | Refusal:
    """Hold the first string as a number and free it wherever the second variable does not give it away."""
    summaries = context.analysis.summaries
    origin = context.analysis.summaries.variable_origin(graph, handover.first)
    other = summaries.origin(graph, handover.assignment.value)
    reads = [use for use in graph.uses(handover.first) if use.site.role is not Role.BOUND]
    if (
        not can_be_freed(origin)
        or not can_be_freed(other)
        or any(use.node.start >= handover.branch.end for use in reads)
    ):
        return _BY_HAND
    name = number_name(context, graph, handover.first)
    held = hold_as_number(context, graph, handover.first, name)
    if isinstance(held, Refusal):
        return _BY_HAND
    first = _Owner(handover.first, free_number(context, name, origin), origin)
    second = _Owner(handover.second, free_variable(context, handover.second.name, other), other)
    last = _last_to_read(reads, handover)
    is_simple = not any(isinstance(node, nodes.Block) for node in last.walk())
    end_of_reads = last.end if is_simple else handover.branch.end
    states_of = {id(exit_): states for exit_, states in states_at_exits(summaries, graph, handover.second)}
    repairs = [held]
    for exit_ in exits_of(graph, handover.first):
        states = states_of.get(id(exit_), frozenset((State.OWNED,)))
        if exit_.node.start >= handover.branch.end or exit_.node.start <= handover.first.node.start:
            if states != {State.MOVED}:
                return _BY_HAND
            continue
        if states != {State.OWNED} or exit_.kind is ExitKind.PROPAGATE:
            return _BY_HAND
        owners = [first] if exit_.node.start < end_of_reads else []
        owners += [second] if exit_.node.start > handover.assignment.start else []
        freed = _free_before(context, graph, exit_, handover, owners)
        if freed is None:
            return _BY_HAND
        repairs.append(freed)
    source, tree = context.file.source, context.file.tree
    if is_simple:
        repairs.append(Repair((insert_statement_after(source, tree, last, first.free),)))
    elif _is_left(graph, handover.branch):
        repairs.append(Repair((insert_before_block_end(source, tree, handover.branch, first.free),)))
    return Repair.of(repairs)


def _last_to_read(reads: Sequence[Use], handover: _Handover) -> Node:
    """The last statement of the branch with the assignment or with a use of the first variable in it."""
    places = [handover.assignment.start, *(use.node.start for use in reads)]
    return next(
        statement
        for statement in reversed(handover.branch.statements)
        if any(statement.start <= place < statement.end for place in places)
    )


def _free_before(
    context: Context, graph: ControlFlowGraph, exit_: Exit, handover: _Handover, owners: list[_Owner]
) -> Repair | None:
    """Free before an exit what is not known to be the empty constant there."""
    lost = [
        owner
        for owner in owners
        if not owner.origin.literals or not is_only_reached_empty(graph, exit_.node, owner.variable.name)
    ]
    if not lost:
        return Repair(())
    held = frozenset((handover.first, handover.second))
    if exit_.value is not None and mentions(graph, exit_.value, held):
        return None
    release = Cleanup("\n".join(owner.free for owner in lost), lost[-1].variable, held)
    placed = before_exit(context, graph, exit_, release, "")
    return None if isinstance(placed, Refusal) or placed.opens_block else placed


def _is_left(graph: ControlFlowGraph, block: nodes.Block) -> bool:
    """Whether control can get to the end of a block."""
    return any(
        isinstance(action, Exit) and action.kind is ExitKind.SCOPE and action.node is block
        for action in graph.reachable_actions
    )


RULE = Rule(
    name="overwritten-text",
    summary="A variable that took over a string gets another one, and the first is lost.",
    reason=(
        "Assigning to a string variable does not free what it held. If it had taken over the string of "
        "another variable, that one still refers to the old string: a number holds the old string instead, "
        "which the compiler never drops, and it is freed on the paths where it was replaced or is not given "
        "away."
    ),
    check=check,
    examples=(
        Fixed(
            "Freed where it was replaced",
            """\
use core::str

pub type Title {
    text: Str,
}

pub func title_of(line: Str, limit: I64) -> Outcome[Title, Str] {
    let trimmed: Str = str::trim(line)
    let size: I64 = str::len(trimmed)
    if limit < 1 {
        return Err("no room")
    }
    var text: Str = trimmed
    if size > limit {
        text = str::substring(trimmed, 0, limit)
        if str::len(line) > 900 {
            return Err("too long")
        }
    }
    return Ok(Title { text: text })
}
""",
            """\
use core::str

pub type Title {
    text: Str,
}

pub func title_of(line: Str, limit: I64) -> Outcome[Title, Str] {
    let raw_trimmed: I64 = str::trim(line) as I64
    let size: I64 = str::len(raw_trimmed as Str)
    if limit < 1 {
        if str::len(raw_trimmed as Str) > 0 { lowlevel { mem_free(raw_trimmed as *Unit) } }
        return Err("no room")
    }
    var text: Str = raw_trimmed as Str
    if size > limit {
        text = str::substring(raw_trimmed as Str, 0, limit)
        if str::len(raw_trimmed as Str) > 0 { lowlevel { mem_free(raw_trimmed as *Unit) } }
        if str::len(line) > 900 {
            if str::len(text) > 0 { lowlevel { mem_free(text as I64 as *Unit) } }
            return Err("too long")
        }
    }
    return Ok(Title { text: text })
}
""",
        ),
        Untouched(
            "A parameter is replaced",
            """\
use core::str

pub type Title {
    text: Str,
}

pub func title_of(line: Str, limit: I64) -> Title {
    var text: Str = line
    if str::len(line) > limit {
        text = str::substring(line, 0, limit)
    }
    return Title { text: text }
}
""",
        ),
    ),
)
