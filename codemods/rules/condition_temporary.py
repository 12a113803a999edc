"""condition-temporary: a test's condition makes a string that not every way from there frees."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.builtins import Effect
from codemods.ownership.flow import Flow, Role
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.naming import short_code
from codemods.rules.owners import text_temporaries
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before
from tml_ast.nodes import Expression, Node

NAME = "condition-temporary"

_LEAVING = nodes.Return | nodes.Break | nodes.Continue | nodes.Throw


def check(context: Context) -> Iterator[Proposal]:
    """The conditions in tests whose strings are lost on some way."""
    if not context.file.is_test:
        return
    for _, flow in context.flows():
        taken: set[str] = set()
        for node in flow.nodes:
            tested = _tested(node)
            if tested is not None and _is_lost_somewhere(context, flow, node):
                made = text_temporaries(context, flow, tested)
                if made:
                    yield _proposal(context, flow, node, tested, made, taken)


def _tested(node: Node) -> Expression | None:
    """What decides where control goes."""
    match node:
        case nodes.If() | nodes.Loop() | nodes.While():
            return node.condition
        case nodes.When():
            return node.subject
        case _:
            return None


def _is_lost_somewhere(context: Context, flow: Flow, node: Node) -> bool:
    """Whether strings of the condition are freed inside, and so nowhere else, or behind it never."""
    match node:
        case nodes.If():
            ways = [node.branch, *([node.alternative] if node.alternative is not None else [])]
        case nodes.When():
            ways = [arm.body for arm in node.arms]
        case nodes.Loop() | nodes.While():
            ways = [node.body]
        case _:
            return False
    return any(_frees_or_leaves(each) for way in ways for each in way.walk())


def _frees_or_leaves(node: Node) -> bool:
    """Whether a node ends a statement, which frees all strings that are waiting, or jumps away."""
    if isinstance(node, nodes.Block):
        return any(not _is_value(node, each) for each in node.statements)
    return isinstance(node, _LEAVING)


def _is_value(block: nodes.Block, statement: Node) -> bool:
    return isinstance(statement, nodes.ExpressionStatement) and statement.expression is block.value


def _proposal(
    context: Context, flow: Flow, node: Node, tested: Expression, made: list[Expression], taken: set[str]
) -> Proposal:
    quoted = short_code(made[0].text)
    message = f"the string of `{quoted}` is freed on one way from this condition, and lost on the others"
    function = flow.function.qualified_name
    place = _statement_of(context, node)
    refusal = None
    if not isinstance(node, nodes.If):
        refusal = "bind the string before"
    elif place is None:
        refusal = "there is no place to evaluate it before"
    elif not all(_is_only_read(context, flow, each) for each in made):
        refusal = "something may keep the string"
    if refusal is not None or place is None:
        return Proposal(NAME, made[0].start, function, f"{message}; {refusal}", Verdict.REPORTED)
    name = context.names.for_consumed(flow.function, "condition", "holds", taken=taken)
    taken.add(name)
    binding = f"let {name}: Bool = {tested.text}"
    edits = (
        insert_statement_before(context.file.source, context.file.tree, place, binding),
        SourceEdit(tested.start, tested.end, name.encode()),
    )
    return Proposal(NAME, made[0].start, function, message, Verdict.FIXED, edits)


def _statement_of(context: Context, node: Node) -> Node | None:
    """The statement that an ``if`` is; None where other code comes before its condition."""
    statement = context.parent(node)
    if not isinstance(statement, nodes.ExpressionStatement | nodes.Let | nodes.Var):
        return None
    return statement if isinstance(context.parent(statement), nodes.Block) else None


def _is_only_read(context: Context, flow: Flow, made: Expression) -> bool:
    """Whether nothing keeps a string beyond the condition."""
    call = next((each for each in flow.calls() if each.node is made), None)
    if call is not None:
        fate = context.analysis.summaries.temporary_fate(flow, call)
        return not fate.view_escapes and fate.effects <= {Effect.BORROWS}
    site = flow.site_of(made)
    if site is None or site.through is not None:
        return False
    if site.role in (Role.ARGUMENT, Role.RECEIVER):
        return context.analysis.summaries.call_effects(site) <= {Effect.BORROWS}
    return site.role is Role.OPERAND


RULE = Rule(
    name=NAME,
    summary="A test's condition makes a string that not every way from there frees.",
    reason=(
        "In tests the compiler frees the temporary strings of a statement at its end. A condition does not "
        "end its statement: its strings are freed by the first statement or return of a branch, and by "
        "nothing where control goes another way. Bound to a variable in front of the `if`, the condition is "
        "a statement of its own, and its strings are freed before anything branches."
    ),
    check=check,
    invalid=(
        (
            """\
use demo::prelude::Label

@test
func test_render() -> I32 {
    let label = Label { text: "a" }
    if label.render() != "a" {
        return 1
    }
    return 0
}
""",
            """\
use demo::prelude::Label

@test
func test_render() -> I32 {
    let label = Label { text: "a" }
    let condition: Bool = label.render() != "a"
    if condition {
        return 1
    }
    return 0
}
""",
        ),
        (
            """\
use demo::prelude::{Reel, measure_text}

@test
func test_reels() -> I32 {
    let count: I64 = 4
    if measure_text("{count} reels") > 3 {
        assert(Reel::new(count).size() == 4, "size")
    }
    return 0
}
""",
            """\
use demo::prelude::{Reel, measure_text}

@test
func test_reels() -> I32 {
    let count: I64 = 4
    let condition: Bool = measure_text("{count} reels") > 3
    if condition {
        let reel = Reel::new(count)
        assert(reel.size() == 4, "size")
        reel.destroy()
    }
    return 0
}
""",
        ),
    ),
    valid=(
        """\
use demo::prelude::Label

pub func is_open(label: Label) -> Bool {
    if label.peek() == "open" {
        return true
    }
    return false
}
""",
        """\
use demo::prelude::Label

@test
func test_single_expressions() -> I32 {
    let label = Label { text: "a" }
    if label.render() == "a" {
        assert(true, "the end of the statement frees the text")
    } else {
        assert(false, "and here as well")
    }
    return 0
}
""",
        """\
use demo::prelude::Label

@test
func test_peek() -> I32 {
    let label = Label { text: "a" }
    if label.peek() != "a" {
        return 1
    }
    return 0
}
""",
    ),
    reported=(
        """\
use demo::prelude::Label

@test
func test_second_condition() -> I32 {
    let label = Label { text: "a" }
    if label.peek() == "b" {
        return 1
    } else if label.render() == "c" {
        return 2
    }
    return 0
}
""",
        """\
use demo::prelude::{Label, measure_text}

@test
func test_rounds() -> I32 {
    let label = Label { text: "a" }
    var round: I64 = 0
    loop (round < measure_text(label.render())) {
        round = round + 1
        assert(round < 9, "not too many")
    }
    return 0
}
""",
    ),
)
