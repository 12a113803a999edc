"""discarded-element: a string is taken out of the list that owned it, and lost."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import short_code
from codemods.fixes.string_code import free_address, free_unless_empty
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.fields import FieldOrigin, only_empty_constants
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of

NAME = "discarded-element"


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls of the file that take an owned string out of a list and drop it on the floor."""
    if b"pop" not in context.file.source:
        return
    for _, graph in context.graphs():
        for call in graph.calls():
            origin = _lost_element(context, graph, call)
            if origin is not None:
                yield _proposal(context, graph, call, origin)


def _lost_element(context: Context, graph: ControlFlowGraph, call: CallSite) -> FieldOrigin | None:
    """What the list holds that a discarded ``pop()`` takes its last element from, if it owned that."""
    if call.site.role is not Role.DISCARDED or not isinstance(call.node, nodes.MethodCall):
        return None
    if call.node.name != "pop" or call.type is None or call.type.name != "Str":
        return None
    list_ = _list_variable(graph, call)
    if list_ is None or list_.type is None or list_.type.bare != "List":
        return None
    origin = context.fields.list_elements(graph, list_)
    return origin if origin.is_owned and only_empty_constants(origin) else None


def _list_variable(graph: ControlFlowGraph, call: CallSite) -> Variable | None:
    receiver = call.receiver
    if not isinstance(receiver, nodes.Path):
        return None
    return graph.variable_at(receiver)


def _is_still_read(context: Context, graph: ControlFlowGraph, list_: Variable) -> bool:
    """Whether something else may hold one of the list's strings."""
    fate = context.analysis.fate(graph, list_)
    return (
        bool(fate.views - {list_})
        or fate.view_escapes
        or bool(fate.effects & {Effect.SHARES, Effect.UNKNOWN})
    )


def _proposal(context: Context, graph: ControlFlowGraph, call: CallSite, origin: FieldOrigin) -> Diagnostic:
    node = call.node
    function = graph.function.qualified_name
    message = f"`{short_code(node.text)}` takes a string out of the list that owned it, and nothing frees it"
    list_ = _list_variable(graph, call)
    refusal = None
    if context.file.is_test:
        refusal = "in a test the compiler may free it already"
    elif list_ is None or _is_still_read(context, graph, list_):
        refusal = "a variable may still hold it"
    if refusal is not None:
        return Diagnostic(NAME, node.start, function, f"{message}; {refusal}", Verdict.REPORTED)
    name = context.names.for_consumed(graph.function, "popped_word", "taken_word")
    free = free_address(name)
    lines = [f"let {name}: I64 = {node.text} as I64", free]
    if '""' in origin.literals:
        lines[1:] = free_unless_empty(context, f"{name} as Str", free).split("\n")
    source = context.file.source
    separator = (line_ending_of(source, node.start) + indentation_of(source, node.start)).decode()
    edit = SourceEdit(node.start, node.end, separator.join(lines).encode())
    return Diagnostic(NAME, node.start, function, message, Verdict.FIXED, (edit,))


RULE = Rule(
    name=NAME,
    summary="A string is taken out of the list that owned it, and lost.",
    reason=(
        "A list of strings that were made for it owns them. A call that takes one out without looking at it "
        "leaves it to nobody: the compiler does not note the result of pop() for a drop, and the list forgot "
        "it. It is freed right there, unless some variable may still hold it."
    ),
    check=check,
    examples=(
        Fixed(
            "",
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
    let popped_word: I64 = words.pop() as I64
    if str::len(popped_word as Str) > 0 {
        lowlevel { mem_free(popped_word as *Unit) }
    }
    return words
}
""",
        ),
        Untouched(
            "",
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
            "",
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
