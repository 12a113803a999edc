"""unfreed-memory: memory that a number or pointer stands for is not given back on some path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import free_number
from codemods.fixes.imports import path_to
from codemods.fixes.naming import describe_exits
from codemods.fixes.release_at_exits import Cleanup, before_exits, mentions
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.memory import MemoryReport
from codemods.ownership.summaries.origins import FRESH, Result
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit

_SEVERAL = Refusal("it is given back in several ways")
_NO_WAY = Refusal("it is not known what gives it back")
_WORDS_LIVE_ON = Refusal("what its release frees may live on elsewhere")
_PLAIN = SCALARS - {"I64", "U64", "Usize"}
"""The types of values that cannot be the address of something."""


@dataclass(frozen=True, slots=True)
class _Release:
    """How memory is given back."""

    call: str
    statement: str
    frees_more: bool = False
    """Whether memory that its words lead to is freed as well."""
    edits: tuple[SourceEdit, ...] = ()
    """What the file needs before it can call it."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The numbers and pointers whose memory is lost at some exit."""
    for _, graph in context.graphs():
        for report in context.memory.reports(graph):
            variable = report.variable
            release = _release_of(context, report)
            missing = "" if isinstance(release, Refusal) else f": {release.call} is missing"
            message = (
                f"the memory of `{variable.name}` ({variable.type}), made on line "
                f"{context.line(variable.offset)}, leaks at "
                f"{describe_exits(report.leaks, context.line)}{missing}"
            )
            yield context.fix(graph, variable, message, _repair(context, graph, report, release))


def _repair(
    context: Context, graph: ControlFlowGraph, report: MemoryReport, release: _Release | Refusal
) -> Repair | Refusal:
    if isinstance(release, Refusal):
        return release
    making = report.making
    if release.frees_more and (report.is_shared or making.holds_others or making.holds_arguments):
        return _WORDS_LIVE_ON
    unsafe = [exit_ for exit_ in report.leaks if release.frees_more and _may_lead_out(graph, report, exit_)]
    safe = [exit_ for exit_ in report.leaks if exit_ not in unsafe]
    needed_by = report.views if release.frees_more else report.holders
    cleanup = Cleanup(release.statement, report.variable, needed_by)
    placed = before_exits(context, graph, cleanup, safe, unsafe=unsafe)
    return (
        placed if isinstance(placed, Refusal) else Repair.of([placed, Repair(release.edits)], placed.remark)
    )


def _may_lead_out(graph: ControlFlowGraph, report: MemoryReport, exit_: Exit) -> bool:
    """Whether the value that leaves may be, or hold, something that the memory leads to."""
    if exit_.value is None or not mentions(graph, exit_.value, report.views):
        return False
    type_ = graph.type_of(exit_.value)
    return type_ is None or type_.name not in _PLAIN


def _release_of(context: Context, report: MemoryReport) -> _Release | Refusal:
    """What gives the memory back: what does elsewhere in the function, or what belongs to its maker."""
    called = {call.callee for call in report.releases}
    if len(called) > 1:
        return _SEVERAL
    makers = {context.memory.release_of(maker) for maker in report.making.makers}
    functions = {function for function in called or makers if function is not None and function.node.body}
    if len(functions) > 1 or (functions and None in makers and not called):
        return _SEVERAL
    if functions:
        return _by_function(context, report, next(iter(functions)))
    if not called and any(context.memory.has_release(maker) for maker in report.making.makers):
        return _NO_WAY
    variable = report.variable
    cast = "" if str(variable.type) == "*Unit" else " as *Unit"
    call = f"mem_free({variable.name}{cast})"
    if report.making.literals:
        origin = Result(FRESH.origins, report.making.literals)
        return _Release(call, free_number(context, variable.name, origin))
    return _Release(call, f"lowlevel {{ {call} }}")


def _by_function(context: Context, report: MemoryReport, function: FunctionInfo) -> _Release | Refusal:
    given = function.values[0].type
    if given != report.variable.type:
        return _NO_WAY
    frees_more = Effect.DRAINS in context.analysis.summaries.effects(function, 0)
    name = report.variable.name
    for call in report.releases:
        if isinstance(call.node, nodes.Call) and len(call.arguments) == 1:
            written = f"{call.node.function.text}({name})"
            return _Release(written, written, frees_more)
    refusal = context.refusal_to_call(function)
    if refusal is not None and function.file is not context.file:
        return refusal
    path = path_to(context, function)
    if path is None:
        return _NO_WAY
    call_of_function = f"{path.text}({name})"
    return _Release(call_of_function, call_of_function, frees_more, path.edits)


RULE = Rule(
    name="unfreed-memory",
    summary="Memory that a number or a pointer stands for is not given back on some path.",
    reason=(
        "The compiler knows nothing of memory that a number or a pointer stands for: a block of mem_alloc(), "
        "what a function made of one, or a string that library code holds as a number. Somebody has to give "
        "it back on every path: an early return and the failure that `!` returns are paths too. It is given "
        "back in the way that the function does elsewhere, by the function that stands beside its maker, "
        "or by mem_free()."
    ),
    check=check,
    examples=(
        Fixed(
            "A string held as a number",
            """\
use core::str

pub func starts_with_x(name: Str) -> Bool {
    let lower: I64 = str::to_lowercase(name) as I64
    if str::len(lower as Str) < 2 {
        return false
    }
    let found: Bool = str::starts_with(lower as Str, "x")
    lowlevel { mem_free(lower as *Unit) }
    return found
}
""",
            """\
use core::str

pub func starts_with_x(name: Str) -> Bool {
    let lower: I64 = str::to_lowercase(name) as I64
    if str::len(lower as Str) < 2 {
        if str::len(lower as Str) > 0 { lowlevel { mem_free(lower as *Unit) } }
        return false
    }
    let found: Bool = str::starts_with(lower as Str, "x")
    lowlevel { mem_free(lower as *Unit) }
    return found
}
""",
        ),
        Fixed(
            "A maker and the function that stands beside it",
            """\
func new_cell(value: I64) -> I64 {
    let block: *Unit = lowlevel { mem_alloc(16) }
    let cell: I64 = block as I64
    lowlevel { *(cell as *I64) = value }
    return cell
}

func free_cell(cell: I64) {
    lowlevel { mem_free(cell as *Unit) }
}

func read(cell: I64) -> I64 {
    return lowlevel { *(cell as *I64) }
}

pub func twice(value: I64) -> I64 {
    let cell: I64 = new_cell(value)
    return read(cell) * 2
}
""",
            """\
func new_cell(value: I64) -> I64 {
    let block: *Unit = lowlevel { mem_alloc(16) }
    let cell: I64 = block as I64
    lowlevel { *(cell as *I64) = value }
    return cell
}

func free_cell(cell: I64) {
    lowlevel { mem_free(cell as *Unit) }
}

func read(cell: I64) -> I64 {
    return lowlevel { *(cell as *I64) }
}

pub func twice(value: I64) -> I64 {
    let cell: I64 = new_cell(value)
    let result: I64 = read(cell) * 2
    free_cell(cell)
    return result
}
""",
        ),
        Untouched(
            "Kept elsewhere",
            """\
pub type Arena {
    first: I64,
}

impl Arena {
    pub func grow(mut this, size: I64) -> I64 {
        let block: *Unit = lowlevel { mem_alloc(size) }
        this.first = block as I64
        return this.first
    }
}
""",
        ),
    ),
)
