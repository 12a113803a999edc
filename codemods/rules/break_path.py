"""break-path: a break or continue leaves a block whose strings it does not drop."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.ownership.flow import Assign, Exit, ExitKind, Flow, Variable, VariableKind
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.text_escape import Escape, escape, only_empty_literals, proposal

NAME = "break-path"

_JUMPS = {ExitKind.BREAK: "break", ExitKind.CONTINUE: "continue"}


def check(context: Context) -> Iterator[Proposal]:
    """The strings that the compiler drops at the end of their block, and not where a jump leaves it."""
    for _, flow in context.flows():
        for variable in flow.variables:
            jump = _losing_jump(context, flow, variable)
            if jump is not None:
                yield _proposal(context, flow, variable, jump)


def _losing_jump(context: Context, flow: Flow, variable: Variable) -> Exit | None:
    """The first jump that leaves the block of a string that was made for the variable."""
    if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.type is None:
        return None
    if variable.type.name != "Str" or not context.analysis.drops.is_registered(variable):
        return None
    if not context.analysis.summaries.variable_origin(flow, variable).is_fresh:
        return None
    if not context.analysis.is_only_read(flow, variable):
        return None
    for block in flow.reachable():
        for action in block.actions:
            if isinstance(action, Exit) and action.kind in _JUMPS and variable in action.variables:
                return action
    return None


def _proposal(context: Context, flow: Flow, variable: Variable, jump: Exit) -> Proposal:
    word = _JUMPS[jump.kind]
    message = (
        f"`{variable.name}` leaks where the {word} on line {context.line(jump.node.start)} leaves its block"
    )
    origin = context.analysis.summaries.variable_origin(flow, variable)
    edited: Escape | None = None
    reassigned = any(isinstance(each, Assign) and each.variable is variable for each in flow.actions())
    if context.file.is_test:
        message += f"; end its block before the {word}"
    elif reassigned or not only_empty_literals(origin):
        message += "; it does not always hold a string of its own"
    else:
        edited = escape(context, flow, variable, origin)
        if edited is None:
            message += "; there is no place to free it"
    return proposal(NAME, flow, variable, message, edited)


RULE = Rule(
    name=NAME,
    summary="A break or continue leaves a block without dropping its strings.",
    reason=(
        "The compiler drops the variables of a block at its end and in front of a return, but not where a "
        "break or continue leaves it. In library code the string is held as a number instead, which the "
        "compiler never drops, and freed behind its last use; a condition that needs it is decided first."
    ),
    check=check,
    invalid=(
        (
            """\
use core::str

pub func stars(line: Str) -> I64 {
    var count: I64 = 0
    loop (count < str::len(line)) {
        let mark: Str = str::substring(line, count, count + 1)
        if mark != "*" {
            break
        }
        count = count + 1
    }
    return count
}
""",
            """\
use core::str

pub func stars(line: Str) -> I64 {
    var count: I64 = 0
    loop (count < str::len(line)) {
        let mark_i64: I64 = str::substring(line, count, count + 1) as I64
        let condition: Bool = (mark_i64 as Str) != "*"
        if str::len(mark_i64 as Str) > 0 { lowlevel { mem_free(mark_i64 as *Unit) } }
        if condition {
            break
        }
        count = count + 1
    }
    return count
}
""",
        ),
    ),
    valid=(
        """\
use core::str

pub func stars(line: Str) -> I64 {
    var count: I64 = 0
    loop (count < str::len(line)) {
        let mark: Str = str::substring(line, count, count + 1)
        if mark == "*" {
            count = count + 1
        }
        count = count + 1
    }
    return count
}
""",
        """\
use core::str

@test
func test_stars() -> I32 {
    loop (true) {
        let mark: Str = str::substring("*", 0, 1)
        if mark == "*" {
            break
        }
    }
    return 0
}
""",
    ),
    reported=(
        """\
use core::str

@test
func test_stars() -> I32 {
    loop (true) {
        let mark: Str = str::substring("*", 0, 1)
        if mark == "*" {
            break
        }
    }
    return 0
}
""",
    ),
)
