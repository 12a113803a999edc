"""discarded-element: a string is popped off the list that owned it, and nothing frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import short_code
from codemods.fixes.string_code import free_address, free_unless_empty
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.fields import FieldOrigin, only_empty_constants
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, lay_out


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls of pop() whose result, a string that the list owned, is discarded."""
    if b"pop" not in context.file.source:
        return
    for _, graph in context.graphs():
        for call in graph.calls:
            list_ = _popped_list(graph, call)
            strings = context.fields.list_elements(graph, list_) if list_ is not None else None
            if list_ is None or strings is None or not strings.is_owned or not only_empty_constants(strings):
                continue
            message = (
                f"`{short_code(call.node.text)}` takes a string out of the list that owned it, "
                "and nothing frees it"
            )
            yield context.fix(graph, call.node, message, _freed(context, graph, call, list_, strings))


def _popped_list(graph: ControlFlowGraph, call: CallSite) -> Variable | None:
    """The list variable that a discarded ``pop()`` takes a string out of."""
    node = call.node
    if call.site.role is not Role.DISCARDED or not isinstance(node, nodes.MethodCall) or node.name != "pop":
        return None
    if call.type != STR or not isinstance(call.receiver, nodes.Path):
        return None
    list_ = graph.variable_at(call.receiver)
    return list_ if list_ is not None and list_.type is not None and list_.type.bare == "List" else None


def _freed(
    context: Context, graph: ControlFlowGraph, call: CallSite, list_: Variable, strings: FieldOrigin
) -> Repair | Refusal:
    """Hold what is taken out as a number, and free it."""
    if context.file.is_test:
        return Refusal("in a test the compiler may free it already")
    if _is_still_read(context, graph, list_):
        return Refusal("a variable may still hold it")
    name = context.names.for_consumed(graph.function, "popped_word", "taken_word")
    free = free_address(name)
    if '""' in strings.literals:
        free = free_unless_empty(context, f"{name} as Str", free)
    source, node = context.file.source, call.node
    lines = lay_out(source, node.start, f"let {name}: I64 = {node.text} as I64\n{free}")
    return Repair((SourceEdit(node.start, node.end, lines),))


def _is_still_read(context: Context, graph: ControlFlowGraph, list_: Variable) -> bool:
    """Whether something else may hold one of the list's strings."""
    fate = context.analysis.summaries.fate(graph, list_)
    return (
        bool(fate.views - {list_})
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
    let popped_word: I64 = words.pop() as I64
    if str::len(popped_word as Str) > 0 {
        lowlevel { mem_free(popped_word as *Unit) }
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
