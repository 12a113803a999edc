"""overwritten-text: a variable that took over a string gets another one, and the first is lost."""

from __future__ import annotations

from collections.abc import Iterator
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
from codemods.fixes.release_at_exits import Cleanup, before_exit, mentions
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.obligations import State
from codemods.ownership.string_dataflow import states_at_exits
from codemods.ownership.summaries.summaries import Result
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_before_block_end
from tml_ast.nodes import Expression, Node

NAME = "overwritten-text"


@dataclass(frozen=True, slots=True)
class _Handover:
    """A string that ``first`` was made to hold, ``second`` took over, and ``choice`` replaces in it."""

    first: Variable
    second: Variable
    assignment: nodes.Assignment
    choice: nodes.If
    branch: nodes.Block


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of library code that are lost where the variable that took them over gets another."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            handover = _handover(context, graph, variable)
            if handover is not None:
                yield _diagnostic(context, graph, handover)


def _handover(context: Context, graph: ControlFlowGraph, second: Variable) -> _Handover | None:
    value = second.value
    if second.kind is not VariableKind.VAR or not isinstance(value, nodes.Path):
        return None
    if second.type is None or second.type.name != "Str":
        return None
    first = graph.variable_at(value)
    assignment = only_assignment(graph, second)
    if first is None or first.kind is not VariableKind.LET or assignment is None:
        return None
    if not isinstance(first.value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return None
    choice = choosing_if(context, second, assignment)
    if choice is None or choosing_if(context, first, assignment) is not choice:
        return None
    if not isinstance(choice.branch, nodes.Block):
        return None
    summaries = context.analysis.summaries
    if not context.analysis.variable_origin(graph, first).is_fresh:
        return None
    if not summaries.origin(graph, assignment.value).is_fresh or graph.is_assigned(first):
        return None
    if _may_be_argument(context, graph, assignment.value):
        return None
    fate = context.analysis.fate(graph, first)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RETURNS}:
        return None
    return (
        _Handover(first, second, assignment, choice, choice.branch) if fate.views <= {first, second} else None
    )


def _may_be_argument(context: Context, graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether a call may return one of its arguments instead of a string of its own."""
    call = graph.call_at(value)
    if call is None or call.callee is None:
        return True
    positions = [*range(len(call.arguments)), *([-1] if call.receiver is not None else [])]
    effects = context.analysis.summaries.effects
    return any(Effect.RETURNS in effects(call.callee, each) for each in positions)


def _diagnostic(context: Context, graph: ControlFlowGraph, handover: _Handover) -> Diagnostic:
    first, second = handover.first, handover.second
    message = (
        f"the string of `{first.name}`, which `{second.name}` took over, is lost where `{second.name}` gets "
        f"another on line {context.line(handover.assignment.start)}"
    )
    edits = _edits(context, graph, handover)
    repair = Refusal("free it there by hand") if edits is None else Repair(tuple(edits))
    return context.fix(graph, second, message, repair)


def _edits(context: Context, graph: ControlFlowGraph, handover: _Handover) -> list[SourceEdit] | None:
    """Hold the first string as a number and free it wherever the second variable does not give it away."""
    first, second = handover.first, handover.second
    summaries = context.analysis.summaries
    origin = context.analysis.variable_origin(graph, first)
    other = summaries.origin(graph, handover.assignment.value)
    if not can_be_freed(origin) or not can_be_freed(other) or not _is_read_before(graph, handover):
        return None
    name = number_name(context, graph, first)
    held = hold_as_number(context, graph, first, name)
    if isinstance(held, Refusal):
        return None
    edits = list(held.edits)
    behind = handover.branch.end
    given = {id(exit_): states for exit_, states in states_at_exits(summaries, graph, second)}
    for block in graph.reachable:
        for exit_ in block.actions:
            if not isinstance(exit_, Exit) or first not in exit_.variables:
                continue
            states = given.get(id(exit_), frozenset((State.OWNED,)))
            if exit_.node.start >= behind or exit_.node.start <= first.node.start:
                if states != {State.MOVED}:
                    return None
                continue
            if states != {State.OWNED} or exit_.kind is ExitKind.PROPAGATE:
                return None
            owners = [(first, free_number(context, name, origin), origin)]
            if exit_.node.start > handover.assignment.start and second in exit_.variables:
                owners.append((second, free_variable(context, second.name, other), other))
            lost = [each for each in owners if not _is_freed_in_vain(graph, exit_.node, each[0], each[2])]
            if not lost:
                continue
            if exit_.value is not None and mentions(graph, exit_.value, {first, second}):
                return None
            statement = "\n".join(each[1] for each in lost)
            release = Cleanup(statement, lost[-1][0], frozenset((first, second)))
            placement = before_exit(context, graph, exit_, release, "")
            if isinstance(placement, Refusal) or placement.opens_block:
                return None
            edits += placement.edits
    if _is_left(graph, handover.branch):
        statement = free_number(context, name, origin)
        edits.append(
            insert_before_block_end(context.file.source, context.file.tree, handover.branch, statement)
        )
    return edits


def _is_read_before(graph: ControlFlowGraph, handover: _Handover) -> bool:
    """Whether the first variable is only read, and not behind the choice; and the second not misused."""
    reads = [use for use in graph.uses(handover.first) if use.site.role is not Role.BOUND]
    return all(use.node.start < handover.branch.end for use in reads)


def _is_freed_in_vain(graph: ControlFlowGraph, place: Node, owner: Variable, origin: Result) -> bool:
    """Whether a place is only reached with an empty string, which is a constant."""
    return bool(origin.literals) and is_only_reached_empty(graph, place, owner.name)


def _is_left(graph: ControlFlowGraph, block: nodes.Block) -> bool:
    """Whether control can get to the end of a block."""
    return any(
        isinstance(action, Exit) and action.kind is ExitKind.SCOPE and action.node is block
        for part in graph.reachable
        for action in part.actions
    )


RULE = Rule(
    name=NAME,
    summary="A variable that took over a string gets another one, and the first is lost.",
    reason=(
        "Assigning to a string variable does not free what it held. Where it had taken over the string of "
        "another variable, that variable still names the old one: it is held as a number, which the compiler "
        "never drops, and freed on the paths where the string was replaced or is not given away."
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
    let trimmed_i64: I64 = str::trim(line) as I64
    let size: I64 = str::len(trimmed_i64 as Str)
    if limit < 1 {
        if str::len(trimmed_i64 as Str) > 0 { lowlevel { mem_free(trimmed_i64 as *Unit) } }
        return Err("no room")
    }
    var text: Str = trimmed_i64 as Str
    if size > limit {
        text = str::substring(trimmed_i64 as Str, 0, limit)
        if str::len(line) > 900 {
            if str::len(trimmed_i64 as Str) > 0 { lowlevel { mem_free(trimmed_i64 as *Unit) } }
            if str::len(text) > 0 { lowlevel { mem_free(text as I64 as *Unit) } }
            return Err("too long")
        }
        if str::len(trimmed_i64 as Str) > 0 { lowlevel { mem_free(trimmed_i64 as *Unit) } }
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
