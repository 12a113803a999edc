"""returned-argument: a function makes a string on some paths and hands its argument back on others."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.conditions import is_only_reached_empty
from codemods.ownership.flow import ExitKind, Flow, Role, Use, VariableKind
from codemods.ownership.summaries import Origin
from codemods.rules.base import Context, Proposal, Rule
from codemods.symbols import FunctionInfo
from tml_ast.edit import SourceEdit

NAME = "returned-argument"

_MAKING = frozenset((Origin.FRESH, Origin.LITERAL, Origin.PASSED))


def check(context: Context) -> Iterator[Proposal]:
    """The private functions of the library whose string is the caller's only sometimes."""
    if context.file.is_test:
        return
    for function, flow in context.flows():
        if function.owner is not None or function.is_public or flow.function.returns.name != "Str":
            continue
        origins = context.analysis.summaries.result(function).origins
        if (
            {Origin.FRESH, Origin.PASSED} <= origins <= _MAKING
            and flow is context.analysis.summaries.flow(function)
            and not _replaces_something(context, function)
        ):
            yield from _proposals(context, flow)


def _replaces_something(context: Context, function: FunctionInfo) -> bool:
    """Whether a caller assigns the result to a variable, whose earlier string nobody would free."""
    return any(
        call.callee is function and call.site.role is Role.ASSIGNED
        for _, flow in context.flows()
        for call in flow.calls()
    )


def _proposals(context: Context, flow: Flow) -> Iterator[Proposal]:
    for use in _handed_back(flow):
        name = use.variable.name
        message = (
            f"{flow.function.name}() hands `{name}` back here and makes a string elsewhere, so no caller "
            "can tell whether to free the result"
        )
        if is_only_reached_empty(flow, use.node, name):
            text = '""'
        elif _imports_str(context):
            text = f"str::substring({name}, 0, str::len({name}))"
        else:
            text = f"{name}.duplicate()"
        edit = SourceEdit(use.node.start, use.node.end, text.encode())
        yield Proposal(NAME, use.node.start, flow.function.qualified_name, message, Verdict.FIXED, (edit,))


def _handed_back(flow: Flow) -> Iterator[Use]:
    """The uses of string parameters as the function's result."""
    results = {
        id(exit_.value)
        for exit_ in flow.exits()
        if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL) and exit_.value is not None
    }
    for use in flow.all_uses():
        if use.site.role is not Role.RETURNED:
            continue
        variable = use.variable
        if (
            variable.kind is not VariableKind.PARAMETER
            or variable.type is None
            or variable.type.name != "Str"
        ):
            continue
        if flow.is_assigned(variable):
            continue
        if id(use.node) in results:
            yield use


def _imports_str(context: Context) -> bool:
    return context.text_length("").startswith("str::")


RULE = Rule(
    name=NAME,
    summary="A private function makes a string on some paths and hands its argument back on others.",
    reason=(
        "Such a result must be freed when it was made, and must not be when it is the argument, and no "
        "caller can tell which it is. The function returns a copy of its argument instead, or the empty "
        "constant where the argument is empty."
    ),
    check=check,
    invalid=(
        (
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
    ),
    valid=(
        """\
use core::str

func same(name: Str) -> Str {
    if str::len(name) == 0 {
        return "none"
    }
    return name
}
""",
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
)
