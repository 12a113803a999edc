"""branch-value: a string that comes out of the branches of an ``if`` is never freed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.compiler.string_drops import drop_hazard, held_at
from codemods.ownership.summaries.summaries import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression

NAME = "branch-value"


def check(context: Context) -> Iterator[Diagnostic]:
    """The variables of library code that hold what a branch makes."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.type != STR:
                continue
            if isinstance(variable.value, nodes.If | nodes.When | nodes.Ternary) and _is_lost(
                context, graph, variable
            ):
                yield _proposal(context, graph, variable, variable.value)


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    assert variable.value is not None
    made = Origin.FRESH in context.analysis.summaries.origin(graph, variable.value).origins
    return made and any(held_at(context.analysis, graph, variable))


def _proposal(context: Context, graph: ControlFlowGraph, variable: Variable, value: Expression) -> Diagnostic:
    message = (
        f"`{variable.name}` is never freed: the compiler drops a string that one call makes, "
        "not one that comes out of branches"
    )
    refusal = drop_hazard(context.analysis, graph, variable)
    edits = None
    if refusal is None:
        edits = _one_call(context, graph, value)
        refusal = "its branches do not make it with one and the same call; make it behind them by hand"
    function = graph.function.qualified_name
    if edits is None:
        return Diagnostic(NAME, variable.offset, function, f"{message}; {refusal}", Verdict.REPORTED)
    return Diagnostic(NAME, variable.offset, function, message, Verdict.FIXED, tuple(edits))


def _one_call(context: Context, graph: ControlFlowGraph, value: Expression) -> list[SourceEdit] | None:
    """Take the call that all branches make around them; each branch keeps the argument."""
    calls = [each for each in _values(value) if isinstance(each, nodes.Call)]
    if len(calls) != len(_values(value)) or len({each.function.text for each in calls}) != 1:
        return None
    if called_name(calls[0]) not in context.analysis.drops.allocating_names:
        return None
    if not all(len(each.arguments) == 1 for each in calls):
        return None
    arguments = [each.arguments[0] for each in calls]
    types = {graph.type_of(each) for each in arguments}
    # a string that a branch makes would be freed before the call; a bare number would get another type
    if any(each is None or each.name not in SCALARS for each in types) or len(types) != 1:
        return None
    if any(isinstance(each, nodes.Literal) for each in arguments):
        return None
    # on one line a bare name in braces behind another name would read as a struct
    if "\n" not in value.text and any(isinstance(each, nodes.Path) for each in arguments):
        return None
    head = SourceEdit(value.start, value.start, f"{calls[0].function.text}(".encode())
    edits = [head, SourceEdit(value.end, value.end, b")")]
    for call, argument in zip(calls, arguments, strict=True):
        edits.append(SourceEdit(call.start, argument.start, b""))
        edits.append(SourceEdit(argument.end, call.end, b""))
    return edits


def _values(node: Expression) -> Sequence[Expression]:
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
    return [value for each in branches for value in ([] if each is None else _values(each))]


RULE = Rule(
    name=NAME,
    summary="A string that comes out of the branches of an `if` or `when` is never freed.",
    reason=(
        "The compiler notes a string variable for a drop only when its initialiser makes the string itself, "
        "and an `if` or `when` does not count, whatever its branches do. When all branches end in the same "
        "call, the call is made once, around them, and the branches choose its argument. In tests the "
        "compiler frees such strings too early, so there nothing is changed."
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
