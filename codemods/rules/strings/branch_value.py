"""branch-value: a string that comes out of the branches of an ``if`` is never freed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.string_drops import drop_hazard, held_at
from codemods.ownership.summaries.origins import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression


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
    is_made = Origin.FRESH in context.analysis.summaries.origin(graph, variable.value).origins
    return is_made and any(held_at(context.analysis, graph, variable))


def _repair(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal:
    hazard = drop_hazard(context.analysis, graph, variable)
    if hazard is not None:
        return Refusal(hazard)
    assert variable.value is not None
    repair = _one_call(context, graph, variable.value)
    return repair or Refusal("its branches do not all make it with the same call: make it after them by hand")


def _one_call(context: Context, graph: ControlFlowGraph, value: Expression) -> Repair | None:
    """Take the call that all branches make around them; each branch keeps the argument."""
    values = _values(value)
    calls = [call for call in values if isinstance(call, nodes.Call) and len(call.arguments) == 1]
    if len(calls) != len(values) or len({call.function.text for call in calls}) != 1:
        return None
    if called_name(calls[0]) not in context.analysis.drops.allocating_names:
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
    head = SourceEdit(value.start, value.start, f"{calls[0].function.text}(".encode())
    edits = [head, SourceEdit(value.end, value.end, b")")]
    for call, argument in zip(calls, arguments, strict=True):
        edits.append(SourceEdit(call.start, argument.start, b""))
        edits.append(SourceEdit(argument.end, call.end, b""))
    return Repair(tuple(edits))


def _values(node: Expression) -> list[Expression]:
    """The expressions of which one is the value."""
    branches: Sequence[Expression | None]
    match node:
        case nodes.Block():
            branches = [node.value]
        case nodes.If():
            branches = [node.branch, node.alternative]
        case nodes.Ternary():
            branches = node.branches
        case nodes.When():
            branches = [arm.body for arm in node.arms]
        case _:
            return [node]
    return [value for branch in branches if branch is not None for value in _values(branch)]


RULE = Rule(
    name="branch-value",
    summary="A string that comes out of the branches of an `if` or `when` is never freed.",
    reason=(
        "The compiler drops a string variable only if its initialiser makes the string itself. An `if` or "
        "`when` does not count, whatever its branches do. Where all branches end in the same call, the call "
        "is made once, around them, and the branches choose its argument. In tests the compiler frees such "
        "strings too early, so nothing is changed there."
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
        Untouched(
            "Different calls in the branches",
            """\
use core::str

pub func shown(word: Str, is_plain: Bool) -> I64 {
    let text: Str = if is_plain { str::trim(word) } else { str::to_uppercase(word) }
    return str::len(text as Str)
}
""",
        ),
    ),
)
