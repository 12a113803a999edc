"""library-temporary: in a library body nothing frees a string that a call makes and no variable holds."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import (
    NOT_EVALUATED_ONCE,
    bind_before,
    bind_between,
    split_before,
    statement_to_bind_before,
)
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import short_code, string_name
from codemods.fixes.temporaries import is_read_in_place
from codemods.fixes.workarounds import ONLY_VARIABLES, needs_comment
from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that library code makes in the middle of an expression."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        done: set[int] = set()
        taken: set[str] = set()
        made = [node for node in _made(graph) if _is_temporary(context, graph, node)]
        for node in made:
            if id(node) in done:
                continue
            same = _same_in_statement(context, graph, node, made)
            done.update(id(other) for other in same)
            message = (
                f"nothing frees the string of `{short_code(node.text)}`: "
                "a library body drops strings only from a let"
            )
            yield context.fix(graph, node, message, _repair(context, graph, same, taken))


def _made(graph: ControlFlowGraph) -> list[Expression]:
    """The calls and interpolations of a function, in the order they were written."""
    calls = (call.node for call in graph.calls if not call.constructor)
    shown = (node for node in graph.nodes_of(nodes.InterpolatedString) if graph.site_of(node) is not None)
    return sorted((*calls, *shown), key=lambda node: (node.end, -node.start))


def _is_temporary(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    if graph.type_of(node) != STR or not _is_seen_as_made(context, graph, node):
        return False
    return is_read_in_place(context, graph, node)


def _is_seen_as_made(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether an expression makes a string that the compiler would drop from a let."""
    if not context.analysis.drops.makes_string(node):
        return False
    call = graph.call_at(node)
    if call is None:
        return context.analysis.summaries.origin(graph, node).is_fresh
    return call.callee is not None and context.analysis.summaries.makes_string(call.callee)


def _same_in_statement(
    context: Context, graph: ControlFlowGraph, node: Expression, made: list[Expression]
) -> list[Expression]:
    """The expression, and then those like it in the same statement, which one binding can serve."""
    place = statement_to_bind_before(context, graph, node)
    if place is None or not context.purity.is_pure(graph, node):
        return [node]
    return [
        other
        for other in made
        if other.text == node.text and statement_to_bind_before(context, graph, other) is place
    ]


def _repair(
    context: Context, graph: ControlFlowGraph, same: list[Expression], taken: set[str]
) -> Repair | Refusal:
    node = same[0]
    site = graph.site_of(node)
    assert site is not None
    name = string_name(context, graph.function, node, taken, site)
    split = split_before(context, graph, node)
    if split is not None:
        taken.add(name)
        return bind_between(context, split, node, name, _comment(context, graph))
    place = statement_to_bind_before(context, graph, node)
    if place is None:
        return NOT_EVALUATED_ONCE
    taken.add(name)
    comment = _comment(context, graph)
    used = [_name_in(graph, other, name) for other in same]
    bound = bind_before(context, place, node, name, type_="Str", comment=comment, used=used[0])
    others = (
        SourceEdit(other.start, other.end, text.encode())
        for other, text in zip(same[1:], used[1:], strict=True)
    )
    return Repair((*bound.edits, *others))


def _comment(context: Context, graph: ControlFlowGraph) -> str:
    return ONLY_VARIABLES if needs_comment(context, graph.function, ONLY_VARIABLES) else ""


def _name_in(graph: ControlFlowGraph, node: Expression, name: str) -> str:
    """A name in the place of an expression: cast in a returned call, where a bare one is not dropped."""
    site = graph.site_of(node)
    outer = graph.site_of(site.parent) if site is not None and site.role is Role.ARGUMENT else None
    is_returned = outer is not None and isinstance(outer.parent, nodes.Return)
    return f"{name} as Str" if is_returned else name


RULE = Rule(
    name="library-temporary",
    summary="In a library body nothing frees a string that a call makes and no variable holds.",
    reason=(
        "In tests the compiler frees the temporary strings of a statement. In library bodies it does not, "
        "because a getter there may return a string that it does not own. Bound to a let, the string is "
        "dropped at the end of its block. That is done only where the consumer does not keep the string and "
        "evaluating it earlier changes nothing. An `if` that evaluates it only after another condition is "
        "split in two."
    ),
    check=check,
    examples=(
        Fixed(
            "Bound to a let",
            """\
use demo::prelude::Label

pub func is_open(label: Label) -> Bool {
    let open: Bool = label.render() == "open"
    return open
}
""",
            """\
use demo::prelude::Label

pub func is_open(label: Label) -> Bool {
    // compiler defect library-temporaries: only a variable is freed
    let rendered: Str = label.render()
    let open: Bool = rendered == "open"
    return open
}
""",
        ),
        Fixed(
            "A condition that is tested step by step",
            """\
use core::str

pub func marks(line: Str, at: I64) -> I64 {
    var count: I64 = 0
    if at < str::len(line) and str::substring(line, at, at + 1) == "*" {
        // one more
        count = count + 1

        count = count * 2
    }
    return count
}
""",
            """\
use core::str

pub func marks(line: Str, at: I64) -> I64 {
    var count: I64 = 0
    if at < str::len(line) {
        // compiler defect library-temporaries: only a variable is freed
        let ch: Str = str::substring(line, at, at + 1)
        if ch == "*" {
            // one more
            count = count + 1

            count = count * 2
        }
    }
    return count
}
""",
        ),
        Untouched(
            "In a test the compiler frees it",
            """\
use demo::prelude::Label

@test
func test_render() -> I32 {
    let label = Label { text: "a" }
    assert(label.render() == "a", "text")
    return 0
}
""",
        ),
    ),
)
