"""break-path: a break or continue leaves a block whose strings it does not drop."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import free_as_number
from codemods.fixes.owners import is_freed_by_drop, only_drop_frees_strings
from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Variable, VariableKind
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.contents import variant_of
from codemods.ownership.error_paths import paths_of_leaks
from codemods.rules.rule import Fixed, Reported, Rule, Untouched
from codemods.semantics.symbols import STR

_JUMPS = {ExitKind.BREAK: "break", ExitKind.CONTINUE: "continue"}


def check(context: Context) -> Iterator[Diagnostic]:
    """What the compiler drops at the end of its block, and not where a jump leaves it."""
    if Trait.JUMP not in context.analysis.drops.traits:
        return
    for _, graph in context.graphs():
        if not graph.has_any(b"break", b"continue"):
            continue
        jumps = [
            action for action in graph.reachable_actions if isinstance(action, Exit) and action.kind in _JUMPS
        ]
        for variable in graph.variables:
            leaving = [jump for jump in jumps if variable in jump.variables]
            if leaving and _is_lost(context, graph, variable):
                yield _diagnostic(context, graph, variable, leaving)


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether only the compiler's drop frees what was made for a variable."""
    return (
        context.analysis.drops.is_registered(variable)
        and variable.value is not None
        and context.analysis.summaries.variable_origin(graph, variable).is_fresh
        and _is_freed_by_drop(context, graph, variable)
        and context.analysis.aliases.is_only_read(graph, variable)
    )


def _is_freed_by_drop(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    if variable.kind is not VariableKind.PAYLOAD:
        return is_freed_by_drop(context, graph, variable)
    opened = variant_of(graph, variable)
    return (
        context.analysis.drops.kind(variable.type) in (DropKind.STRING, DropKind.FIELDS)
        and opened is not None
        and only_drop_frees_strings(context, graph, variable, opened)
    )


def _diagnostic(
    context: Context, graph: ControlFlowGraph, variable: Variable, jumps: list[Exit]
) -> Diagnostic:
    jump = jumps[0]
    keyword = _JUMPS[jump.kind]
    message = (
        f"`{variable.name}` leaks where the {keyword} on line {context.line(jump.node.start)} "
        "leaves its block"
    )
    repair: Repair | Refusal = Refusal(f"end its block before the {keyword}")
    if not context.file.is_test and variable.type == STR and variable.kind is not VariableKind.PAYLOAD:
        repair = free_as_number(context, graph, variable)
    return context.fix(graph, variable, message, repair, paths=paths_of_leaks(graph, variable, jumps))


RULE = Rule(
    name="break-path",
    summary="A break or continue leaves a block without dropping its strings.",
    reason=(
        "The compiler drops the variables of a block at its end and before a return, but not where a break "
        "or continue leaves it. In library code a number holds the string instead, which the compiler never "
        "drops, and the string is freed after its last use. A condition that reads it is evaluated first."
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
        let raw_mark: I64 = str::substring(line, count, count + 1) as I64
        let condition: Bool = (raw_mark as Str) != "*"
        if str::len(raw_mark as Str) > 0 { lowlevel { mem_free(raw_mark as *Unit) } }
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
