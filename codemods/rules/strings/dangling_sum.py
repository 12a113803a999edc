"""dangling-sum: a concatenation is freed while the value that holds it lives on."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import NOT_EVALUATED_ONCE, bind_before, place_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.interpolation import shown_in_one
from codemods.fixes.naming import names_like, short_code
from codemods.fixes.string_misuses import COPY
from codemods.fixes.workarounds import BOUND_IS_NOT, COPIES_ARE_NOT, explained
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def check(context: Context) -> Iterator[Diagnostic]:
    """The concatenations that are written inside a struct, a tuple, a Maybe or an Outcome."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        taken: dict[int, set[str]] = {}
        for node in graph.nodes_of(nodes.Binary) if graph.has_any(b"+") else ():
            site = graph.site_of(node)
            if site is not None and _dangles(context, graph, node, site):
                message = (
                    f"the compiler frees `{short_code(node.text)}` at the end of its statement, "
                    "and again with the value that holds it"
                )
                yield context.fix(graph, node, message, _repair(context, graph, node, site, taken))


def _dangles(context: Context, graph: ControlFlowGraph, node: nodes.Binary, site: Site) -> bool:
    if site.role not in (Role.ELEMENT, Role.CONSTRUCTED) or site.through is not None:
        return False
    if isinstance(site.parent, nodes.Array) or graph.type_of(node) != STR:
        return False
    return node.operator == "+" and context.analysis.drops.makes_string(node)


def _repair(
    context: Context,
    graph: ControlFlowGraph,
    node: nodes.Binary,
    site: Site,
    taken: dict[int, set[str]],
) -> Repair | Refusal:
    """``taken`` are the new names in each block: where all of them move, others may use them too."""
    shown = shown_in_one(context, graph, node)
    if shown is not None and _is_dropped_there(context, graph, site):
        repair = Repair((SourceEdit(node.start, node.end, shown.encode()),))
        if COPY.decode() in shown:
            return explained(context, graph.function, node, COPIES_ARE_NOT, repair)
        return repair
    place = place_to_bind_before(context, graph, node)
    if place is None:
        return NOT_EVALUATED_ONCE
    block = place if isinstance(place, nodes.Arm) else context.parent(place)
    beside = taken.setdefault(id(block), set())
    field = site.parent if isinstance(site.parent, nodes.FieldInit) else None
    stem = field.name if field is not None else "message"
    literal = context.parent(field) if field is not None else None
    holder = literal if isinstance(literal, nodes.StructLiteral) else None
    name = context.names.for_consumed(graph.function, *names_like(graph.function, stem, holder), taken=beside)
    beside.add(name)
    bound = bind_before(context, place, node, name, type_="Str")
    return explained(context, graph.function, place, BOUND_IS_NOT, bound)


def _is_dropped_there(context: Context, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether the compiler frees a string with the value that holds it: not with an object of a class.

    The tracker does not see that a sum leaks, and would see an interpolation.
    """
    if not isinstance(site.parent, nodes.FieldInit):
        return True
    literal = context.parent(site.parent)
    type_ = graph.type_of(literal) if isinstance(literal, nodes.StructLiteral) else None
    return type_ is not None and context.analysis.drops.drops_field(type_, site.parent.name)


RULE = Rule(
    name="dangling-sum",
    summary="A concatenation is freed while the value that holds it lives on.",
    reason=(
        "The compiler frees the string of every `+` at the end of its statement, unless a variable holds "
        "it. Inside a struct, a tuple, a Maybe or an Outcome it is gone before anybody can read it, and "
        "whoever drops or opens the value frees it a second time. The string of an interpolation is not "
        "freed, so the value owns it. What cannot be shown in one is moved into the value by a variable."
    ),
    check=check,
    examples=(
        Fixed(
            "Inside a struct",
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
    // compiler defect joined-strings-are-freed-early: interpolated copies are not
    return Refusal { reason: "refused: {name.duplicate()}" }
}
""",
        ),
        Fixed(
            "Inside an Outcome",
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
    // compiler defect joined-strings-are-freed-early: interpolated copies are not
    return Err("unknown: {name.duplicate()}")
}
""",
        ),
        Untouched(
            "Returned itself",
            """\
pub func greet(name: Str) -> Str {
    return "hello " + name
}
""",
        ),
    ),
)
