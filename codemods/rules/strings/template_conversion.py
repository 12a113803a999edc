"""template-conversion: a template literal turns a number into a string that nothing frees."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import NOT_EVALUATED_ONCE, bind_before, statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import names_like, short_code
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.nodes import Expression

_NUMBERS = frozenset("I8 I16 I32 I64 U8 U16 U32 U64 F32 F64".split())


def check(context: Context) -> Iterator[Diagnostic]:
    """The numbers in the holes of template literals."""
    if b"`" not in context.file.source:
        return
    for _, graph in context.graphs():
        taken: set[str] = set()
        for node in graph.nodes_of(nodes.InterpolatedString):
            if node.first_token.type == "STRING_START":
                continue
            for hole in node.holes:
                type_ = graph.type_of(hole)
                if type_ is not None and type_.name in _NUMBERS:
                    number = short_code(hole.text)
                    message = f"the string that the template makes from the number `{number}` is never freed"
                    yield context.fix(graph, hole, message, _repair(context, graph, hole, taken))


def _repair(context: Context, graph: ControlFlowGraph, hole: Expression, taken: set[str]) -> Repair | Refusal:
    place = statement_to_bind_before(context, graph, hole)
    if place is None:
        return NOT_EVALUATED_ONCE
    stem = f"shown_{hole.text}" if isinstance(hole, nodes.Path) and hole.identifier else "digits"
    name = context.names.for_dropped(graph.function, *names_like(graph.function, stem, hole), taken=taken)
    taken.add(name)
    receiver = hole.text if isinstance(hole, nodes.Path | nodes.MethodCall | nodes.Call) else f"({hole.text})"
    return bind_before(context, place, hole, name, type_="Str", value=f"{receiver}.to_string()")


RULE = Rule(
    name="template-conversion",
    summary="A template literal turns a number into a string that nothing frees.",
    reason=(
        "A template literal copies what its holes show. Of a number it makes a string first, and never "
        "frees it. A string bound to a let is dropped at the end of its block, so the number is converted "
        "before, and the template shows the string."
    ),
    check=check,
    examples=(
        Fixed(
            "A number in a template",
            """\
@test
func test_price() -> I32 {
    let price: I64 = 12
    let line = `costs {price}`
    assert(line.len() == 8, "length")
    return 0
}
""",
            """\
@test
func test_price() -> I32 {
    let price: I64 = 12
    let shown_price: Str = price.to_string()
    let line = `costs {shown_price}`
    assert(line.len() == 8, "length")
    return 0
}
""",
        ),
        Untouched(
            "Strings and truth values",
            """\
@test
func test_name() -> I32 {
    let name: Str = "Ada"
    let is_known: Bool = true
    let line = `{name}: {is_known}`
    assert(line.len() == 9, "length")
    return 0
}
""",
        ),
    ),
)
