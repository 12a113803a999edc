"""library-temporary: in a library body nothing frees a string that a call makes and no variable holds."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import bind_between, split_before, statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import short_code, string_name
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import called_name
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.rules.strings.consumed_by_return import bind_returned
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before

NAME = "library-temporary"

_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that library code makes in the middle of an expression."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        done: set[int] = set()
        taken: set[str] = set()
        calls = list(graph.calls)
        for call in calls:
            if id(call.node) in done or not _is_temporary(context, graph, call):
                continue
            same = _same_in_statement(context, graph, call, calls)
            done.update(id(each.node) for each in same)
            yield _proposal(context, graph, call, same, taken)


def _is_temporary(context: Context, graph: ControlFlowGraph, call: CallSite) -> bool:
    if call.callee is None or call.type is None or call.type.name != "Str":
        return False
    if called_name(call.node) not in context.analysis.drops.allocating_names:
        return False
    if not context.analysis.summaries.makes_string(call.callee):
        return False
    site = call.site
    if site.through is not None:
        return False
    match site.role:
        case Role.ARGUMENT | Role.RECEIVER:
            return context.analysis.call_effects(site) <= {Effect.BORROWS}
        case Role.OPERAND:
            return isinstance(site.parent, nodes.Binary) and site.parent.operator in _COMPARISONS
        case _:
            return False


def _same_in_statement(
    context: Context, graph: ControlFlowGraph, call: CallSite, calls: list[CallSite]
) -> list[CallSite]:
    """The call and those like it in the same statement, which one binding can serve."""
    place = statement_to_bind_before(context, graph, call.node)
    if place is None or not context.purity.is_pure(graph, call.node):
        return [call]
    return [
        each
        for each in calls
        if each.node.text == call.node.text
        and _is_temporary(context, graph, each)
        and statement_to_bind_before(context, graph, each.node) is place
    ]


def _proposal(
    context: Context,
    graph: ControlFlowGraph,
    call: CallSite,
    same: list[CallSite],
    taken: set[str],
) -> Diagnostic:
    node = call.node
    message = (
        f"nothing frees the string of `{short_code(node.text)}`: a library body drops strings only from a let"
    )
    place = statement_to_bind_before(context, graph, node)
    split = split_before(context, graph, node)
    if split is not None:
        name = string_name(context, graph.function, node, frozenset(taken))
        taken.add(name)
        return context.fix(graph, node, message, bind_between(context, split, node, name))
    refusal = None
    if place is None:
        refusal = "it is evaluated again or only sometimes, so it cannot be bound before its statement"
    returned: list[SourceEdit] | None = None
    if _is_returned_argument(graph, call):
        assert isinstance(call.site.parent, nodes.Expression)
        returned = bind_returned(context, graph, call.site.parent)
        if returned is None:
            refusal = (
                "a name in a returned call is never dropped, and there is no block to bind the result in"
            )
    if refusal is not None or place is None:
        return Diagnostic(
            NAME, node.start, graph.function.qualified_name, f"{message}; {refusal}", Verdict.REPORTED
        )
    name = string_name(context, graph.function, node, frozenset(taken))
    taken.add(name)
    source = context.file.source
    binding = insert_statement_before(source, context.file.tree, place, f"let {name}: Str = {node.text}")
    uses = [SourceEdit(each.node.start, each.node.end, name.encode()) for each in same]
    if returned is not None:
        uses += returned
    return Diagnostic(
        NAME, node.start, graph.function.qualified_name, message, Verdict.FIXED, (binding, *uses)
    )


def _is_returned_argument(graph: ControlFlowGraph, call: CallSite) -> bool:
    """Whether the call is an argument of a call that is returned: there a name would not be dropped."""
    if call.site.role is not Role.ARGUMENT:
        return False
    outer = graph.site_of(call.site.parent)
    return outer is not None and isinstance(outer.parent, nodes.Return)


RULE = Rule(
    name=NAME,
    summary="In a library body nothing frees a string that a call makes and no variable holds.",
    reason=(
        "In tests the compiler frees the temporary strings of a statement; in library bodies it does not, "
        "because a getter there may hand out a string that it does not own. Bound to a let, the string is "
        "dropped at the end of its block. It is bound only where the consumer does not keep it and where "
        "evaluating it earlier changes nothing; an if whose condition is tested step by step becomes two."
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
    let render_text: Str = label.render()
    let open: Bool = render_text == "open"
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
        let substring_text: Str = str::substring(line, at, at + 1)
        if substring_text == "*" {
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
