"""dangling-sum: a sum of strings is freed while the value that it went into lives on."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import short_code
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before

NAME = "dangling-sum"


def check(context: Context) -> Iterator[Diagnostic]:
    """The sums of strings that are written inside of a struct, a tuple, a Maybe or an Outcome."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        taken: dict[int, set[str]] = {}
        for node in graph.nodes_of(nodes.Binary) if graph.has_any(b"+") else ():
            if _dangles(context, graph, node):
                yield _proposal(context, graph, node, taken)


def _dangles(context: Context, graph: ControlFlowGraph, node: nodes.Binary) -> bool:
    site = graph.site_of(node)
    if site is None or site.role not in (Role.ELEMENT, Role.CONSTRUCTED) or site.through is not None:
        return False
    type_ = graph.type_of(node)
    if isinstance(site.parent, nodes.Array) or type_ is None or type_.name != "Str":
        return False
    return node.operator == "+" and context.analysis.drops.makes_string(node)


def _proposal(
    context: Context, graph: ControlFlowGraph, node: nodes.Binary, taken: dict[int, set[str]]
) -> Diagnostic:
    """``taken`` are the new names in each block: where all of them move, others may use them too."""
    function = graph.function.qualified_name
    message = (
        f"the compiler frees `{short_code(node.text)}` at the end of its statement, and what holds it later"
    )
    place = statement_to_bind_before(context, graph, node)
    if place is None:
        message += "; it is evaluated again or only sometimes: bind it by hand"
        return Diagnostic(NAME, node.start, function, message, Verdict.REPORTED)
    beside = taken.setdefault(id(context.parent(place)), set())
    site = graph.site_of(node)
    holder = site.parent if site is not None else None
    stem = holder.name if isinstance(holder, nodes.FieldInit) else "text"
    candidates = (stem, f"{stem}_text") if stem != "text" else ("text", "full_text", "new_text")
    name = context.names.for_consumed(graph.function, *candidates, taken=beside)
    beside.add(name)
    edits = (
        insert_statement_before(
            context.file.source, context.file.tree, place, f"let {name}: Str = {node.text}"
        ),
        SourceEdit(node.start, node.end, name.encode()),
    )
    return Diagnostic(NAME, node.start, function, message, Verdict.FIXED, edits)


RULE = Rule(
    name=NAME,
    summary="A sum of strings is freed while the value that it went into lives on.",
    reason=(
        "The compiler frees every sum of strings at the end of its statement unless a variable holds it. "
        "Inside of a struct, a tuple, a Maybe or an Outcome it is gone before anybody can use it, and "
        "whoever drops or opens the value frees it again. In a variable it moves into the value, which then "
        "owns it like the rest."
    ),
    check=check,
    examples=(
        Fixed(
            "A sum in a struct",
            """\
pub type Refusal {
    reason: Str,
}

pub func refuse(name: Str) -> Refusal {
    return Refusal { reason: "refused: " + name }
}
""",
            """\
pub type Refusal {
    reason: Str,
}

pub func refuse(name: Str) -> Refusal {
    let reason_text: Str = "refused: " + name
    return Refusal { reason: reason_text }
}
""",
        ),
        Fixed(
            "A sum in an Outcome",
            """\
pub func greet(name: Str) -> Outcome[I64, Str] {
    if name == "" {
        return Ok(0)
    }
    return Err("unknown: " + name)
}
""",
            """\
pub func greet(name: Str) -> Outcome[I64, Str] {
    if name == "" {
        return Ok(0)
    }
    let text: Str = "unknown: " + name
    return Err(text)
}
""",
        ),
        Untouched(
            "A sum that is returned itself",
            """\
pub func greet(name: Str) -> Str {
    return "hello " + name
}
""",
        ),
    ),
)
