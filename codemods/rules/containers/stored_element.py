"""stored-element: a struct owns its strings, but one place gives it a string that a list owns."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.string_code import copy_of
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.fields import only_empty_constants
from codemods.ownership.summaries.summaries import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression

NAME = "stored-element"


def check(context: Context) -> Iterator[Diagnostic]:
    """The struct fields of library code that get an element of a local list of strings."""
    if context.file.is_test or b"get" not in context.file.source:
        return
    for _, graph in context.graphs():
        for node in graph.nodes_of(nodes.StructLiteral):
            for entry in node.fields:
                element = _element(context, graph, entry.value)
                if element is not None and _is_owned_elsewhere(context, graph, node, entry.name):
                    yield _proposal(context, graph, entry, element)


def _element(context: Context, graph: ControlFlowGraph, value: Expression | None) -> Variable | None:
    """The variable that a field is set to, if it holds an element of a list that owns its elements."""
    use = graph.use_at(value) if value is not None else None
    variable = use.variable if use is not None else None
    if variable is None or variable.kind is not VariableKind.LET or variable.type is None:
        return None
    if variable.type.name != "Str" or not isinstance(variable.value, nodes.MethodCall):
        return None
    call = variable.value
    holder = next((use.variable for use in graph.all_uses() if use.node is call.receiver), None)
    if call.name != "get" or holder is None or holder.type is None or str(holder.type) != "List[Str]":
        return None
    if holder.kind not in (VariableKind.LET, VariableKind.VAR):
        return None
    if graph.is_assigned(holder) or graph.is_assigned(variable):
        return None
    origin = context.fields.list_elements(graph, holder)
    return variable if origin.is_owned and only_empty_constants(origin) else None


def _is_owned_elsewhere(
    context: Context, graph: ControlFlowGraph, node: nodes.StructLiteral, name: str
) -> bool:
    """Whether every other place that builds such a struct gives the field a string of its own."""
    type_ = graph.type_of(node)
    if type_ is None:
        return False
    others = [
        (each_flow, entry.value)
        for each_flow, literal in context.fields.constructors(type_)
        if literal is not node
        for entry in literal.fields
        if entry.name == name
    ]
    origins = [
        context.analysis.summaries.origin(each_flow, value).origins
        for each_flow, value in others
        if value is not None
    ]
    return bool(origins) and all(
        Origin.FRESH in each and each <= {Origin.FRESH, Origin.LITERAL} for each in origins
    )


def _proposal(
    context: Context, graph: ControlFlowGraph, entry: nodes.FieldInit, element: Variable
) -> Diagnostic:
    name = element.name
    assert entry.value is not None and element.value is not None
    message = (
        f"`{entry.name}` gets a string of its own everywhere else, but here `{name}`, "
        "which belongs to a list: neither can free it"
    )
    edits = (
        SourceEdit(element.value.end, element.value.end, b" as Str"),
        SourceEdit(entry.value.start, entry.value.end, copy_of(context, name).encode()),
    )
    return Diagnostic(NAME, entry.value.start, graph.function.qualified_name, message, Verdict.FIXED, edits)


RULE = Rule(
    name=NAME,
    summary="A struct owns its strings, but one place gives it a string that a list owns.",
    reason=(
        "A string can be freed by the struct that holds it or by the list it came from, not by both, so "
        "neither does. The struct gets a copy. The variable in between is cast to Str: where a unit uses "
        "a getter of the same name that is marked @allocates, the compiler would drop the list's string."
    ),
    check=check,
    examples=(
        Fixed(
            "",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    let words: List[Str] = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    var i: I64 = 0
    loop (i < words.len()) {
        let word: Str = words.get(i)
        if str::len(word) > 1 {
            found.push(Part { text: str::substring(word, 0, 1) })
        } else {
            found.push(Part { text: word })
        }
        i = i + 1
    }
    return found
}
""",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

/// Destroys a list of strings that were made for it, the strings first.
func destroy_parts(parts: ref List[Str]) {
    var i: I64 = 0
    loop (i < parts.len()) {
        let word: I64 = parts.get(i) as I64
        // an empty part is a constant
        if str::len(word as Str) > 0 {
            lowlevel { mem_free(word as *Unit) }
        }
        i = i + 1
    }
    parts.destroy()
}

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    let words: List[Str] = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    var i: I64 = 0
    loop (i < words.len()) {
        let word: Str = words.get(i) as Str
        if str::len(word) > 1 {
            found.push(Part { text: str::substring(word, 0, 1) })
        } else {
            found.push(Part { text: str::substring(word, 0, str::len(word)) })
        }
        i = i + 1
    }
    destroy_parts(ref words)
    return found
}
""",
        ),
        Untouched(
            "",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

pub func part_of(line: Str) -> Part {
    let words: List[Str] = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    let word: Str = words.get(0)
    return Part { text: word }
}
""",
        ),
    ),
)
