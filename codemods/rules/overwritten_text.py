"""overwritten-text: a variable that took over a string gets another one, and the first is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codemods.findings import Verdict
from codemods.ownership.builtins import Effect
from codemods.ownership.conditions import is_only_reached_empty
from codemods.ownership.flow import Exit, ExitKind, Flow, Role, Variable, VariableKind
from codemods.ownership.obligations import State
from codemods.ownership.summaries import Result
from codemods.ownership.text_states import states_at_exits
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.placement import Release, before_exit, mentions
from codemods.rules.text_escape import (
    as_number,
    assignments,
    choosing_if,
    free_statement,
    only_empty_literals,
)
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


def check(context: Context) -> Iterator[Proposal]:
    """The strings of library code that are lost where the variable that took them over gets another."""
    if context.file.is_test:
        return
    for _, flow in context.flows():
        for variable in flow.variables:
            handover = _handover(context, flow, variable)
            if handover is not None:
                yield _proposal(context, flow, handover)


def _handover(context: Context, flow: Flow, second: Variable) -> _Handover | None:
    value = second.value
    if second.kind is not VariableKind.VAR or not isinstance(value, nodes.Path):
        return None
    if second.type is None or second.type.name != "Str":
        return None
    first = flow.variable_at(value)
    assigned = assignments(flow, second)
    if first is None or first.kind is not VariableKind.LET or len(assigned) != 1:
        return None
    if not isinstance(first.value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return None
    choice = choosing_if(context, second, assigned[0])
    if choice is None or choosing_if(context, first, assigned[0]) is not choice:
        return None
    if not isinstance(choice.branch, nodes.Block):
        return None
    summaries = context.analysis.summaries
    if not context.analysis.variable_origin(flow, first).is_fresh:
        return None
    if not summaries.origin(flow, assigned[0].value).is_fresh or assignments(flow, first):
        return None
    if _may_be_argument(context, flow, assigned[0].value):
        return None
    fate = context.analysis.fate(flow, first)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RETURNS}:
        return None
    return (
        _Handover(first, second, assigned[0], choice, choice.branch)
        if fate.views <= {first, second}
        else None
    )


def _may_be_argument(context: Context, flow: Flow, value: Expression) -> bool:
    """Whether a call may return one of its arguments instead of a string of its own."""
    call = flow.call_at(value)
    if call is None or call.callee is None:
        return True
    positions = [*range(len(call.arguments)), *([-1] if call.receiver is not None else [])]
    effects = context.analysis.summaries.effects
    return any(Effect.RETURNS in effects(call.callee, each) for each in positions)


def _proposal(context: Context, flow: Flow, handover: _Handover) -> Proposal:
    first, second = handover.first, handover.second
    message = (
        f"the string of `{first.name}`, which `{second.name}` took over, is lost where `{second.name}` gets "
        f"another on line {context.line(handover.assignment.start)}"
    )
    function = flow.function.qualified_name
    edits = _edits(context, flow, handover)
    if edits is None:
        message += "; free it there by hand"
        return Proposal(NAME, second.offset, function, message, Verdict.REPORTED)
    return Proposal(NAME, second.offset, function, message, Verdict.FIXED, tuple(edits))


def _edits(context: Context, flow: Flow, handover: _Handover) -> list[SourceEdit] | None:
    """Hold the first string as a number and free it wherever the second variable does not give it away."""
    first, second = handover.first, handover.second
    summaries = context.analysis.summaries
    origin = context.analysis.variable_origin(flow, first)
    other = summaries.origin(flow, handover.assignment.value)
    if (
        not only_empty_literals(origin)
        or not only_empty_literals(other)
        or not _is_read_before(flow, handover)
    ):
        return None
    name = context.names.for_consumed(flow.function, f"{first.name}_i64", f"{first.name}_word")
    edits = as_number(context, flow, first, name)
    if edits is None:
        return None
    behind = handover.branch.end
    given = {id(exit_): states for exit_, states in states_at_exits(summaries, flow, second)}
    for block in flow.reachable():
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
            owners = [(first, free_statement(context, name, origin), origin)]
            if exit_.node.start > handover.assignment.start and second in exit_.variables:
                held = free_statement(context, second.name, other, is_number=False)
                owners.append((second, held, other))
            lost = [each for each in owners if not _is_freed_in_vain(flow, exit_.node, each[0], each[2])]
            if not lost:
                continue
            if exit_.value is not None and mentions(flow, exit_.value, {first, second}):
                return None
            statement = "\n".join(each[1] for each in lost)
            release = Release(statement, lost[-1][0], frozenset((first, second)))
            placement = before_exit(context, flow, exit_, release, "")
            if placement is None or placement.opens_block:
                return None
            edits += placement.edits
    if _is_left(flow, handover.branch):
        statement = free_statement(context, name, origin)
        edits.append(
            insert_before_block_end(context.file.source, context.file.tree, handover.branch, statement)
        )
    return edits


def _is_read_before(flow: Flow, handover: _Handover) -> bool:
    """Whether the first variable is only read, and not behind the choice; and the second not misused."""
    reads = [use for use in flow.uses(handover.first) if use.site.role is not Role.BOUND]
    return all(use.node.start < handover.branch.end for use in reads)


def _is_freed_in_vain(flow: Flow, place: Node, owner: Variable, origin: Result) -> bool:
    """Whether a place is only reached with an empty string, which is a constant."""
    return bool(origin.literals) and is_only_reached_empty(flow, place, owner.name)


def _is_left(flow: Flow, block: nodes.Block) -> bool:
    """Whether control can get to the end of a block."""
    return any(
        isinstance(action, Exit) and action.kind is ExitKind.SCOPE and action.node is block
        for part in flow.reachable()
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
    invalid=(
        (
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
    ),
    valid=(
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
        """\
use core::str

pub type Pair {
    full: Str,
    short: Str,
}

pub func pair_of(line: Str, limit: I64) -> Pair {
    let trimmed: Str = str::trim(line)
    var short: Str = trimmed
    if str::len(trimmed) > limit {
        short = str::substring(trimmed, 0, limit)
    }
    return Pair { full: trimmed, short: short }
}
""",
    ),
)
