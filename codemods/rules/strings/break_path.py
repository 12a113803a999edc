"""break-path: a break or continue leaves a block whose strings it does not drop."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.free_as_number import free_as_number
from codemods.fixes.owners import owns_strings
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Variable, VariableKind
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.summaries.contents import variant_of
from codemods.rules.rule import Fixed, Reported, Rule, Untouched

NAME = "break-path"

_JUMPS = {ExitKind.BREAK: "break", ExitKind.CONTINUE: "continue"}


def check(context: Context) -> Iterator[Diagnostic]:
    """What the compiler drops at the end of its block, and not where a jump leaves it."""
    if not any(each.encode() in context.file.source for each in _JUMPS.values()):
        return
    for _, graph in context.graphs():
        jumps = _jumps(graph)
        for variable in graph.variables if jumps else ():
            jump = _losing_jump(context, graph, variable, jumps)
            if jump is not None:
                yield _diagnostic(context, graph, variable, jump)


def _jumps(graph: ControlFlowGraph) -> list[Exit]:
    """Each break and continue that control can get to."""
    if not any(each.kind in _JUMPS for each in graph.exits):
        return []
    return [
        action
        for block in graph.reachable
        for action in block.actions
        if isinstance(action, Exit) and action.kind in _JUMPS
    ]


def _losing_jump(
    context: Context, graph: ControlFlowGraph, variable: Variable, jumps: list[Exit]
) -> Exit | None:
    """The first jump that leaves the block of a variable that only the compiler's drop releases."""
    jump = next((each for each in jumps if variable in each.variables), None)
    if jump is None or not context.analysis.drops.is_registered(variable):
        return None
    if not _is_owner(context, graph, variable):
        return None
    return jump if context.analysis.is_only_read(graph, variable) else None


def _is_owner(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a variable holds what was made for it, and nobody releases by hand."""
    if not context.analysis.variable_origin(graph, variable).is_fresh or variable.value is None:
        return False
    if variable.kind is VariableKind.PAYLOAD:
        return _is_text_of_arm(context, graph, variable)
    if _is_text(variable):
        return True
    by_compiler = context.analysis.drops.kind(variable.type) is DropKind.FIELDS
    if not by_compiler or context.analysis.releases.release_of(variable.type) is not None:
        return False
    return owns_strings(context.contents.strings(graph, variable.value))


def _is_text_of_arm(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    assert variable.value is not None
    if context.analysis.drops.kind(variable.type) not in (DropKind.STRING, DropKind.FIELDS):
        return False
    if context.analysis.releases.release_of(variable.type) is not None:
        return False
    opened = variant_of(graph, variable)
    return opened is not None and owns_strings(context.contents.strings(graph, variable.value, opened))


def _is_text(variable: Variable) -> bool:
    return variable.type is not None and variable.type.name == "Str"


def _diagnostic(context: Context, graph: ControlFlowGraph, variable: Variable, jump: Exit) -> Diagnostic:
    word = _JUMPS[jump.kind]
    message = (
        f"`{variable.name}` leaks where the {word} on line {context.line(jump.node.start)} leaves its block"
    )
    if context.file.is_test or not _is_text(variable) or variable.kind is VariableKind.PAYLOAD:
        return context.report(graph, variable, message, because=f"end its block before the {word}")
    return context.fix(graph, variable, message, free_as_number(context, graph, variable))


RULE = Rule(
    name=NAME,
    summary="A break or continue leaves a block without dropping its strings.",
    reason=(
        "The compiler drops the variables of a block at its end and in front of a return, but not where a "
        "break or continue leaves it. In library code the string is held as a number instead, which the "
        "compiler never drops, and freed behind its last use; a condition that needs it is decided first."
    ),
    check=check,
    examples=(
        Fixed(
            "Freed before the condition branches",
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
        Untouched(
            "A loop without a break",
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
        ),
        Reported(
            "Only reported in a test",
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
    ),
)
