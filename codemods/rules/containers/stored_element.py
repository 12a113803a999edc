"""stored-element: a struct owns its strings, but one place gives it a string that a list owns."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.cast_view import cast_view
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.string_code import copy_of
from codemods.model.fix_plan import EVERY_FILE
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.fields import only_empty_constants
from codemods.ownership.summaries.origins import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression


def check(context: Context) -> Iterator[Diagnostic]:
    """The struct fields of library code that get an element of a local list of strings."""
    if context.file.is_test or b"get" not in context.file.source:
        return
    for _, graph in context.graphs():
        for struct in graph.nodes_of(nodes.StructLiteral):
            for entry in struct.fields:
                element = _element(context, graph, entry.value)
                if element is not None and _is_owned_elsewhere(context, graph, struct, entry.name):
                    assert entry.value is not None
                    message = (
                        f"`{entry.name}` gets a string of its own everywhere else, but here "
                        f"`{element.name}`, which belongs to a list: neither can free it"
                    )
                    repair = _copied(context, graph, entry.value, element)
                    # The copy is released by fixes that the copy makes right.
                    yield context.fix(graph, entry.value, message, repair, relies_on=(EVERY_FILE,))


def _element(context: Context, graph: ControlFlowGraph, value: Expression | None) -> Variable | None:
    """The variable that a field is set to, if it holds an element of a list that owns its elements."""
    use = graph.use_at(value) if value is not None else None
    variable = use.variable if use is not None else None
    if variable is None or variable.kind is not VariableKind.LET or variable.type != STR:
        return None
    if not isinstance(variable.value, nodes.MethodCall):
        return None
    call = variable.value
    list_ = next((use.variable for use in graph.all_uses if use.node is call.receiver), None)
    if call.name != "get" or list_ is None or list_.type is None or str(list_.type) != "List[Str]":
        return None
    if list_.kind not in (VariableKind.LET, VariableKind.VAR):
        return None
    if graph.is_assigned(list_) or graph.is_assigned(variable):
        return None
    strings = context.fields.list_elements(graph, list_)
    return variable if strings.is_owned and only_empty_constants(strings) else None


def _is_owned_elsewhere(
    context: Context, graph: ControlFlowGraph, struct: nodes.StructLiteral, field: str
) -> bool:
    """Whether every other place that builds such a struct gives the field a string of its own."""
    type_ = graph.type_of(struct)
    if type_ is None:
        return False
    origins = [
        context.analysis.summaries.origin(constructor, entry.value).origins
        for constructor, literal in context.fields.constructors(type_)
        if literal is not struct
        for entry in literal.fields
        if entry.name == field and entry.value is not None
    ]
    return bool(origins) and all(
        Origin.FRESH in origin and origin <= {Origin.FRESH, Origin.LITERAL} for origin in origins
    )


def _copied(context: Context, graph: ControlFlowGraph, value: Expression, element: Variable) -> Repair:
    """Store a copy; the cast keeps the compiler from dropping the list's string."""
    assert element.value is not None
    copied = SourceEdit(value.start, value.end, copy_of(context, element.name).encode())
    return Repair.of((cast_view(context, graph.function, element.value), Repair((copied,))))


RULE = Rule(
    name="stored-element",
    summary="A struct owns its strings, but one place gives it a string that a list owns.",
    reason=(
        "A string can be freed by the struct that holds it or by the list it came from, but not by both, "
        "so neither frees it. The struct gets a copy. The variable in between is cast to Str: where a "
        "unit uses a getter of the same name that is marked @allocates, the compiler would drop the "
        "list's string."
    ),
    check=check,
    examples=(
        Fixed(
            "A copy in one branch, the list's own string in the other",
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

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

/// Destroys a list of strings that were made for it, the strings first.
func destroy_parts(parts: ref List[Str]) {
    loop (parts.len() > 0) {
        let part: I64 = parts.pop() as I64
        // an empty part is a constant
        if str::len(part as Str) > 0 {
            lowlevel { mem_free(part as *Unit) }
        }
    }
    parts.destroy()
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    let words: List[Str] = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    var i: I64 = 0
    loop (i < words.len()) {
        // compiler defect allocates-goes-by-bare-name: the cast keeps it from being freed
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
            "No other place gives the field a string of its own",
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
