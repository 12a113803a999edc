"""returned-argument: a function makes a string on some paths and hands its argument back on others."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.string_code import copy_of
from codemods.model.fix_plan import EVERY_FILE
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import ControlFlowGraph, ExitKind, Role, Use, VariableKind
from codemods.ownership.summaries.origins import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR, FunctionInfo
from tml_ast.edit import SourceEdit

_MAKING = frozenset((Origin.FRESH, Origin.LITERAL, Origin.PASSED))


def check(context: Context) -> Iterator[Diagnostic]:
    """The arguments that private functions of the library return, where other paths return a new string."""
    if context.file.is_test:
        return
    for function, graph in context.graphs():
        if graph is not context.analysis.summaries.graph(function) or not _is_ambiguous(context, function):
            continue
        for use in _handed_back(graph):
            name = use.variable.name
            message = (
                f"{function.name}() hands `{name}` back here and makes a string elsewhere, so no caller "
                "can know whether to free the result"
            )
            copy = '""' if is_only_reached_empty(graph, use.node, name) else copy_of(context, name)
            edit = SourceEdit(use.node.start, use.node.end, copy.encode())
            # The copy is released by fixes of the callers, which it makes right.
            yield context.fix(graph, use.node, message, Repair((edit,)), relies_on=(EVERY_FILE,))


def _is_ambiguous(context: Context, function: FunctionInfo) -> bool:
    """Whether the string of a private function is the caller's only sometimes."""
    if function.owner is not None or function.is_public or function.returns != STR:
        return False
    origins = context.analysis.summaries.result(function).origins
    return {Origin.FRESH, Origin.PASSED} <= origins <= _MAKING and not _replaces_something(context, function)


def _replaces_something(context: Context, function: FunctionInfo) -> bool:
    """Whether a caller assigns the result to a variable, whose earlier string nobody would free."""
    return any(
        call.callee is function and call.site.role is Role.ASSIGNED
        for _, graph in context.graphs()
        for call in graph.calls
    )


def _handed_back(graph: ControlFlowGraph) -> Iterator[Use]:
    """The uses of string parameters as the function's result."""
    results = {
        id(exit_.value)
        for exit_ in graph.exits
        if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL) and exit_.value is not None
    }
    for use in graph.all_uses:
        if use.site.role is not Role.RETURNED or id(use.node) not in results:
            continue
        variable = use.variable
        is_parameter = variable.kind is VariableKind.PARAMETER and variable.type == STR
        if is_parameter and not graph.is_assigned(variable):
            yield use


RULE = Rule(
    name="returned-argument",
    summary="A private function makes a string on some paths and hands its argument back on others.",
    reason=(
        "Such a result must be freed if it was made, and must not be freed if it is the argument, and no "
        "caller can know which it is. The function returns a copy of its argument instead, or the empty "
        "constant where the argument is empty."
    ),
    check=check,
    examples=(
        Fixed(
            "A copy of the argument",
            """\
use core::str

func without_dot(name: Str) -> Str {
    let size: I64 = str::len(name)
    if size == 0 { return name }
    if str::char_at(name, size - 1) == 46 {
        return str::substring(name, 0, size - 1)
    }
    return name
}
""",
            """\
use core::str

func without_dot(name: Str) -> Str {
    let size: I64 = str::len(name)
    if size == 0 { return "" }
    if str::char_at(name, size - 1) == 46 {
        return str::substring(name, 0, size - 1)
    }
    return str::substring(name, 0, str::len(name))
}
""",
        ),
        Untouched(
            "No path makes a string",
            """\
use core::str

func same(name: Str) -> Str {
    if str::len(name) == 0 {
        return "none"
    }
    return name
}
""",
        ),
        Untouched(
            "A public function",
            """\
use core::str

pub func without_dot(name: Str) -> Str {
    let size: I64 = str::len(name)
    if size > 1 {
        return str::substring(name, 0, size - 1)
    }
    return name
}
""",
        ),
    ),
)
