"""lingering-temporary: a test makes a string for a statement that some paths never end."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import bind_before, statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import short_code, string_name
from codemods.fixes.temporaries import string_temporaries
from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import is_visible
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression, Node

_LEAVING = nodes.Return | nodes.Break | nodes.Continue | nodes.Throw


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings in tests that the compiler frees on some paths only."""
    if not context.file.is_test:
        return
    for _, graph in context.graphs():
        taken: set[str] = set()
        branching = graph.nodes_of(nodes.If, nodes.When, nodes.Loop, nodes.While, nodes.For)
        loops = (node for node in branching if isinstance(node, nodes.Loop | nodes.While | nodes.For))
        ends = {id(loop.body.value) for loop in loops}
        for node in branching:
            tested = _tested(node)
            if tested is not None and (id(node) in ends or _is_lost_somewhere(node)):
                made = string_temporaries(context, graph, tested)
                if made:
                    yield _in_condition(context, graph, node, tested, made, taken)
            if isinstance(node, nodes.Loop | nodes.While | nodes.For):
                last = node.body.value
                if isinstance(last, nodes.Call | nodes.MethodCall | nodes.StaticCall):
                    for string in string_temporaries(context, graph, last):
                        yield _in_loop_body(context, graph, last, string, taken)


# -- conditions -----------------------------------------------------------------------------------


def _tested(node: Node) -> Expression | None:
    """The condition or subject of a node that branches."""
    match node:
        case nodes.If() | nodes.Loop() | nodes.While():
            return node.condition
        case nodes.When():
            return node.subject
        case _:
            return None


def _is_lost_somewhere(node: Node) -> bool:
    """Whether some path from the condition never frees its strings."""
    branches: list[Node | None]
    match node:
        case nodes.If():
            branches = [node.branch, node.alternative]
        case nodes.When():
            branches = [arm.body for arm in node.arms]
        case nodes.Loop() | nodes.While():
            branches = [node.body]
        case _:
            return False
    return any(_frees_or_leaves(part) for branch in branches if branch is not None for part in branch.walk())


def _frees_or_leaves(node: Node) -> bool:
    """Whether a node ends a statement, which frees all temporary strings made so far, or jumps away."""
    if isinstance(node, nodes.Block):
        return any(not _is_value(node, statement) for statement in node.statements)
    return isinstance(node, _LEAVING)


def _is_value(block: nodes.Block, statement: Node) -> bool:
    return isinstance(statement, nodes.ExpressionStatement) and statement.expression is block.value


def _in_condition(
    context: Context,
    graph: ControlFlowGraph,
    node: Node,
    tested: Expression,
    made: list[Expression],
    taken: set[str],
) -> Diagnostic:
    message = (
        f"the string of `{short_code(made[0].text)}` is freed on one path from this condition, "
        "and lost on the others"
    )
    if isinstance(node, nodes.When):
        repair = _bind(context, graph, made[0], taken)
    else:
        repair = _bind_condition(context, graph, node, tested, made, taken)
    return context.fix(graph, made[0], message, repair)


def _bind_condition(
    context: Context,
    graph: ControlFlowGraph,
    node: Node,
    tested: Expression,
    made: list[Expression],
    taken: set[str],
) -> Repair | Refusal:
    """Bind a condition in front of its ``if``, as a statement of its own."""
    if not isinstance(node, nodes.If):
        return Refusal("every iteration makes it: bind it in the loop")
    statement = context.parent(node)
    if not isinstance(statement, nodes.ExpressionStatement | nodes.Let | nodes.Var) or not isinstance(
        context.parent(statement), nodes.Block
    ):
        return Refusal("there is no place to evaluate it before")
    if not all(_is_only_read(context, graph, string) for string in made):
        return Refusal("something may keep it")
    name = context.names.for_consumed(graph.function, "condition", "holds", "is_met", "applies", taken=taken)
    taken.add(name)
    return bind_before(context, statement, tested, name, type_="Bool")


def _is_only_read(context: Context, graph: ControlFlowGraph, made: Expression) -> bool:
    """Whether nothing keeps a string beyond the condition."""
    call = graph.call_at(made)
    if call is not None:
        return context.analysis.summaries.temporary_fate(graph, made).is_only_read
    site = graph.site_of(made)
    if site is None or site.through is not None:
        return False
    if site.role in (Role.ARGUMENT, Role.RECEIVER):
        return context.analysis.summaries.call_effects(site) <= {Effect.BORROWS}
    return site.role is Role.OPERAND


# -- the end of a loop --------------------------------------------------------------------------


def _in_loop_body(
    context: Context, graph: ControlFlowGraph, last: Expression, made: Expression, taken: set[str]
) -> Diagnostic:
    message = (
        f"`{short_code(last.text)}` is the value of the loop's body and no statement, so only the "
        f"string of `{short_code(made.text)}` of the last iteration is freed"
    )
    if made is not last:
        return context.fix(graph, made, message, _bind(context, graph, made, taken))
    name = string_name(context, graph.function, made, taken)
    taken.add(name)
    binding = SourceEdit(made.start, made.start, f"let {name}: Str = ".encode())
    return context.fix(graph, made, message, Repair((binding,)))


def _bind(context: Context, graph: ControlFlowGraph, made: Expression, taken: set[str]) -> Repair | Refusal:
    """Bind a string in front of the statement that reads it."""
    statement = statement_to_bind_before(context, graph, made)
    if statement is None or not _is_only_read(context, graph, made) or _would_be_given_away(graph, made):
        return Refusal("bind it before by hand")
    name = string_name(context, graph.function, made, taken)
    taken.add(name)
    return bind_before(context, statement, made, name, type_="Str")


def _would_be_given_away(graph: ControlFlowGraph, made: Expression) -> bool:
    """Whether a variable in the place of a string would never be dropped, or freed by what reads it."""
    site = graph.site_of(made)
    if site is None or site.through is not None:
        return True
    match site.role:
        case Role.RECEIVER:
            return False
        case Role.ARGUMENT:
            is_method = isinstance(site.parent, nodes.MethodCall)
            return not is_method and (site.callee is None or not is_visible(graph, site.callee))
        case Role.OPERAND:
            return not isinstance(site.parent, nodes.Binary) or site.parent.operator == "+"
        case _:
            return True


RULE = Rule(
    name="lingering-temporary",
    summary="A test makes a string that is freed at the end of a statement, which some paths never reach.",
    reason=(
        "In tests the compiler frees the temporary strings of a statement at its end. A condition does not "
        "end its statement: its strings are freed by the first statement or return of a branch, and by "
        "nothing on the other paths. Bound to a variable before the `if`, the condition is a statement of "
        "its own, and its strings are freed before anything branches. The last expression of a loop's body "
        "is no statement either: a string in it is bound, and dropped in every iteration."
    ),
    check=check,
    examples=(
        Fixed(
            "The condition of an if",
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
        Fixed(
            "The last expression of a loop",
            """\
use demo::prelude::{Label, measure_text}

@test
func test_rounds() -> I32 {
    let label = Label { text: "a" }
    var round: I64 = 0
    loop (round < 9) {
        round = round + 1
        measure_text(label.render())
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
    loop (round < 9) {
        round = round + 1
        let rendered: Str = label.render()
        measure_text(rendered)
    }
    return 0
}
""",
        ),
        Untouched(
            "Every branch ends a statement",
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
        ),
    ),
)
