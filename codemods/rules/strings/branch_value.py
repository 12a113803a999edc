"""branch-value: a string that comes out of the branches of an ``if`` is never freed."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import can_be_freed, free_after_last_use, free_variable
from codemods.fixes.workarounds import BRANCHES_COPY, explained
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import called_name, values_of
from codemods.ownership.string_drops import drop_hazard, held_at
from codemods.ownership.summaries.origins import Origin, Result
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression

_COPY = "duplicate"
"""The method of the language's behavior for copying."""
_EMPTY = '""'
"""The constant that is told from a string by its length."""
_OTHER_HOLDER = "something that outlives it holds its string as well"


def check(context: Context) -> Iterator[Diagnostic]:
    """The variables of library code that hold what a branch makes."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            if _is_lost(context, graph, variable):
                message = (
                    f"`{variable.name}` is never freed: the compiler drops a string that one call makes, "
                    "not one that comes out of branches"
                )
                yield context.fix(graph, variable, message, _repair(context, graph, variable))


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.type != STR:
        return False
    if not isinstance(variable.value, nodes.If | nodes.When | nodes.Ternary):
        return False
    if context.analysis.drops.is_registered(variable):
        return False
    summaries = context.analysis.summaries
    is_made = Origin.FRESH in summaries.origin(graph, variable.value).origins or any(
        isinstance(value, nodes.Binary) and context.analysis.drops.makes_string(value)
        for value in values_of(variable.value)
    )
    if Effect.RELEASES in summaries.fate(graph, variable).effects:
        return False
    return is_made and any(held_at(context.analysis, graph, variable))


def _repair(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal:
    assert variable.value is not None
    hazard = drop_hazard(context.analysis, graph, variable)
    repair = _one_call(context, graph, variable.value) if hazard is None else None
    return repair or _always_made(context, graph, variable) or Refusal(hazard or _OTHER_HOLDER)


def _one_call(context: Context, graph: ControlFlowGraph, value: Expression) -> Repair | Refusal | None:
    """Take the call that all branches make around them; each branch keeps the argument."""
    values = values_of(value)
    calls = [call for call in values if isinstance(call, nodes.Call) and len(call.arguments) == 1]
    if len(calls) != len(values) or len({call.function.text for call in calls}) != 1:
        return None
    name = called_name(calls[0])
    is_marked = name in context.analysis.drops.allocating_names
    if not is_marked and not _will_be_marked(context, graph, calls[0]):
        return None
    arguments = [call.arguments[0] for call in calls]
    types = {graph.type_of(argument) for argument in arguments}
    # a string that a branch makes would be freed before the call; a bare number would get another type
    if any(type_ is None or type_.name not in SCALARS for type_ in types) or len(types) != 1:
        return None
    if any(isinstance(argument, nodes.Literal) for argument in arguments):
        return None
    # on one line, a name in braces after another name would read as a struct
    if "\n" not in value.text and any(isinstance(argument, nodes.Path) for argument in arguments):
        return None
    if not is_marked:
        return Refusal(f"all its branches call {name}(), which lacks @allocates")
    head = SourceEdit(value.start, value.start, f"{calls[0].function.text}(".encode())
    edits = [head, SourceEdit(value.end, value.end, b")")]
    for call, argument in zip(calls, arguments, strict=True):
        edits.append(SourceEdit(call.start, argument.start, b""))
        edits.append(SourceEdit(argument.end, call.end, b""))
    return Repair(tuple(edits))


def _will_be_marked(context: Context, graph: ControlFlowGraph, node: nodes.Call) -> bool:
    """Whether another fix marks the called function, after which its calls can be taken together."""
    call = graph.call_at(node)
    if call is None or call.callee is None or not context.reservations.loses_strings(call.callee):
        return False
    return context.reservations.refusal(call.callee.name) is None


def _always_made(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal | None:
    """Let every branch make a string of its own, and free it by hand after its last use."""
    assert variable.value is not None
    if graph.is_assigned(variable) or not context.analysis.aliases.is_only_read(graph, variable):
        return None
    if context.analysis.index.method(STR, _COPY) is None:
        return Refusal("one of its branches makes no string, and no way to copy one is known")
    edits: list[SourceEdit] = []
    for value in values_of(variable.value):
        made = _made(context, graph, value)
        if made is None:
            return Refusal("one of its branches may hand out a string that something else frees")
        if made != value.text:
            edits.append(SourceEdit(value.start, value.end, made.encode()))
    origin = context.analysis.summaries.origin(graph, variable.value)
    own = Result(frozenset((Origin.FRESH,)), origin.literals & {_EMPTY})
    free = free_variable(context, variable.name, own)
    repair = explained(context, graph.function, variable.node, BRANCHES_COPY, Repair(tuple(edits)))
    return free_after_last_use(context, graph, variable, free, repair)


def _made(context: Context, graph: ControlFlowGraph, value: Expression) -> str | None:
    """The code of a branch's value as a string of its own; the empty constant may stay."""
    summaries = context.analysis.summaries
    copied = f"{value.text}.{_COPY}()"
    match value:
        case nodes.Return() | nodes.Break() | nodes.Continue() | nodes.Throw():
            return value.text
        case nodes.Literal():
            return value.text if value.text == _EMPTY else copied
        case nodes.Binary():
            # the compiler frees a sum at the end of its branch, and this one is read later
            return f"({value.text}).{_COPY}()"
        case nodes.Path() | nodes.FieldAccess():
            return None if Origin.FRESH in summaries.origin(graph, value).origins else copied
    call = graph.call_at(value)
    if call is None or call.callee is None or not summaries.result(call.callee).is_fresh:
        return None
    return value.text if can_be_freed(summaries.origin(graph, value)) else None


RULE = Rule(
    name="branch-value",
    summary="A string that comes out of the branches of an `if` or `when` is never freed.",
    reason=(
        "The compiler drops a string variable only if its initialiser makes the string itself. An `if` or "
        "`when` does not count, whatever its branches do. Where all branches end in the same call, the call "
        "is made once, around them, and the branches choose its argument. Elsewhere each branch makes a "
        "string of its own, which is freed after its last use. In tests the compiler frees such strings too "
        "early, so nothing is changed there."
    ),
    check=check,
    examples=(
        Fixed(
            "One call around the branches",
            """\
use core::str

@allocates
pub func stars(count: I64) -> Str {
    return str::repeat("*", count)
}

pub func width(count: I64, is_double: Bool) -> I64 {
    let line: Str = if is_double {
        stars(count * 2) // one for each half
    } else {
        stars(count)
    }
    return str::len(line as Str)
}
""",
            """\
use core::str

@allocates
pub func stars(count: I64) -> Str {
    return str::repeat("*", count)
}

pub func width(count: I64, is_double: Bool) -> I64 {
    let line: Str = stars(if is_double {
        count * 2 // one for each half
    } else {
        count
    })
    return str::len(line as Str)
}
""",
        ),
        Untouched(
            "No branch makes a string",
            """\
use core::str

pub func shown(word: Str, is_plain: Bool) -> I64 {
    let text: Str = if is_plain { "" } else { word }
    return str::len(text as Str)
}
""",
        ),
        Fixed(
            "Different calls in the branches",
            """\
use core::str

pub func shown(word: Str, is_plain: Bool) -> I64 {
    let text: Str = if is_plain { str::trim(word) } else { str::to_uppercase(word) }
    return str::len(text as Str)
}
""",
            """\
use core::str

pub func shown(word: Str, is_plain: Bool) -> I64 {
    // compiler defect branch-initialisers: each branch makes one, freed by hand
    let text: Str = if is_plain { str::trim(word) } else { str::to_uppercase(word) }
    let result: I64 = str::len(text as Str)
    if str::len(text) > 0 { lowlevel { mem_free(text as I64 as *Unit) } }
    return result
}
""",
        ),
    ),
)
