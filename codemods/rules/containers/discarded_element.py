"""discarded-element: a string is popped off the list that owned it, and nothing frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import free_after_last_use, hold_as_number, number_name
from codemods.fixes.naming import short_code
from codemods.fixes.stale_readers import stale_reader
from codemods.fixes.string_code import free_address, free_owned
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.fields import FieldOrigin, only_empty_constants
from codemods.ownership.string_drops import bound_variable
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, lay_out
from tml_ast.nodes import Expression


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls of pop() whose result, a string that the list owned, is discarded or only read."""
    if b"pop" not in context.file.source:
        return
    for _, graph in context.graphs():
        for call in graph.calls:
            node = call.node
            if not isinstance(node, nodes.MethodCall) or node.name != "pop" or call.type != STR:
                continue
            variable = _bound(context, graph, call)
            if call.site.role is not Role.DISCARDED and variable is None:
                continue
            strings = _elements(context, graph, node.receiver)
            if strings is None or not strings.is_owned or not only_empty_constants(strings):
                continue
            message = (
                f"`{short_code(node.text)}` takes a string out of the list that owned it, "
                "and nothing frees it"
            )
            yield context.fix(graph, node, message, _repair(context, graph, node, variable, strings))


def _bound(context: Context, graph: ControlFlowGraph, call: CallSite) -> Variable | None:
    """The let that holds the string and only reads it."""
    if call.site.role is not Role.BOUND or call.site.through is not None:
        return None
    variable = bound_variable(graph, call.site.parent)
    if variable is None or variable.type != STR or graph.is_assigned(variable):
        return None
    return variable if context.analysis.aliases.is_only_read(graph, variable) else None


def _elements(context: Context, graph: ControlFlowGraph, list_: Expression) -> FieldOrigin | None:
    """What a list holds that is a variable, or a field of the method's own object."""
    type_ = graph.type_of(list_)
    if type_ is None or type_.bare != "List":
        return None
    if isinstance(list_, nodes.Path):
        variable = graph.variable_at(list_)
        return context.fields.list_elements(graph, variable) if variable is not None else None
    owner = graph.function.owner
    if owner is None or not isinstance(list_, nodes.FieldAccess) or not isinstance(list_.object, nodes.This):
        return None
    if context.analysis.releases.release_of(owner) is graph.function:
        return None
    return context.fields.elements(owner, list_.name)


def _repair(
    context: Context,
    graph: ControlFlowGraph,
    popped: nodes.MethodCall,
    variable: Variable | None,
    strings: FieldOrigin,
) -> Repair | Refusal:
    """Hold what is taken out as a number, and free it."""
    if context.file.is_test:
        return Refusal("in a test the compiler may free it already")
    list_ = graph.variable_at(popped.receiver)
    if list_ is not None and _is_still_read(context, graph, list_, variable):
        return Refusal("a variable may still hold it")
    stale = stale_reader(context, frozenset((graph.function,))) if list_ is None else None
    if stale is not None:
        return stale
    if variable is not None:
        name = number_name(context, graph, variable)
        held = hold_as_number(context, graph, variable, name)
        if isinstance(held, Refusal):
            return held
        free = free_owned(context, f"{name} as Str", strings, free_address(name))
        return free_after_last_use(context, graph, variable, free, held)
    name = context.names.for_consumed(graph.function, "popped", "removed", "last_popped")
    free = free_owned(context, f"{name} as Str", strings, free_address(name))
    source = context.file.source
    lines = lay_out(source, popped.start, f"let {name}: I64 = {popped.text} as I64\n{free}")
    return Repair((SourceEdit(popped.start, popped.end, lines),))


def _is_still_read(
    context: Context, graph: ControlFlowGraph, list_: Variable, popped: Variable | None
) -> bool:
    """Whether something else than what was ``popped`` may hold one of the list's strings."""
    fate = context.analysis.summaries.fate(graph, list_)
    return (
        bool(fate.views - {list_, popped})
        or fate.view_escapes
        or bool(fate.effects & {Effect.SHARES, Effect.UNKNOWN})
    )


RULE = Rule(
    name="discarded-element",
    summary="A string is popped off the list that owned it, and nothing frees it.",
    reason=(
        "A list of strings that were made for it owns them. A pop() whose result is not used leaves the "
        "string to nobody: the compiler does not drop the result of pop(), and the list no longer holds "
        "it. It is freed right there, unless some variable may still hold it."
    ),
    check=check,
    examples=(
        Fixed(
            "The result of pop() is not used",
            """\
use core::str
use std::collections::List

pub func words_but_last(line: Str) -> List[Str] {
    let words: List[Str] = List[Str].new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    words.pop()
    return words
}
""",
            """\
use core::str
use std::collections::List

pub func words_but_last(line: Str) -> List[Str] {
    let words: List[Str] = List[Str].new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    let popped: I64 = words.pop() as I64
    if str::len(popped as Str) > 0 {
        lowlevel { mem_free(popped as *Unit) }
    }
    return words
}
""",
        ),
        Untouched(
            "Strings of the caller",
            """\
use std::collections::List

pub func names_but_last(first: Str, last: Str) -> List[Str] {
    let names: List[Str] = List[Str].new(4)
    names.push(first)
    names.push(last)
    names.pop()
    return names
}
""",
        ),
        Untouched(
            "A variable still holds the string",
            """\
use core::str
use std::collections::List

pub func last_word(line: Str) -> Str {
    let words: List[Str] = List[Str].new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    let last: Str = words.get(1)
    words.pop()
    return last
}
""",
        ),
    ),
)
