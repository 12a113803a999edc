"""void-tail: a function without a result ends without a return, so nothing is dropped or freed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import assumed_of, listed, short_code, unknown_call
from codemods.fixes.owners import holds_views, is_freed_by_drop, is_only_holder, may_hold_variable
from codemods.fixes.temporaries import string_temporaries
from codemods.fixes.workarounds import RETURN_DROPS, explained_beside
from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import consumptions
from codemods.ownership.compiler.drops import DropKind, called_name
from codemods.ownership.error_paths import paths_of_leaks
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import insert_before_block_end
from tml_ast.nodes import Expression


def check(context: Context) -> Iterator[Diagnostic]:
    """The functions whose end loses what a return would drop or free."""
    for function, graph in context.graphs():
        if function.owner is not None or not function.returns_nothing or graph.function is not function:
            continue
        body = function.node.body
        end = _end(graph)
        if body is None or end is None:
            continue
        is_skipped = Trait.VOID_END in graph.traits
        lost = _lost_variables(context, graph, end) if is_skipped else []
        undropped = _undropped_strings(context, graph, body)
        if lost or undropped:
            names = [f"`{variable.name}`" for variable in reversed(lost)]
            names += [f"the string of `{short_code(string.text)}`" for string in undropped]
            message = (
                f"falling off the end of {function.name}() drops nothing, not even {listed(names)}; "
                "a return would"
            )
            at = lost[-1] if lost else undropped[0]
            repair = _repair(context, graph, body, end)
            paths = paths_of_leaks(graph, lost[-1], [end]) if lost else None
            yield context.fix(graph, at, message, repair, paths=paths)


def _end(graph: ControlFlowGraph) -> Exit | None:
    """The end of the body, where control can get there."""
    exits = (action for action in graph.reachable_actions if isinstance(action, Exit))
    return next((exit_ for exit_ in exits if exit_.kind is ExitKind.END), None)


# -- what is lost ---------------------------------------------------------------------------------


def _lost_variables(context: Context, graph: ControlFlowGraph, end: Exit) -> list[Variable]:
    """The variables that nothing but the compiler's drop would release."""
    given_away = {name for name, _ in consumptions(graph)}
    return [
        variable
        for variable in end.variables
        if variable.name not in given_away
        and context.analysis.drops.is_registered(variable)
        and _is_made(context, graph, variable)
        and (is_freed_by_drop(context, graph, variable) or _holds_owners(context, graph, variable))
    ]


def _holds_owners(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a struct without a release has fields with one of their own, which nothing else calls."""
    if variable.type is None or context.analysis.releases.release_of(variable.type) is not None:
        return False
    if not context.analysis.drops.calls_drop_of_field(variable.type) or holds_views(context, variable.type):
        return False
    if not is_only_holder(context, graph, variable):
        return False
    return context.analysis.summaries.fate(graph, variable).effects <= {Effect.BORROWS}


def _is_made(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether what a variable holds was made for it."""
    if context.analysis.summaries.variable_origin(graph, variable).is_fresh:
        return True
    if graph.is_assigned(variable) or variable.value is None:
        return False
    call = graph.call_at(variable.value)
    maker = call.callee if call is not None else None
    return maker is not None and context.analysis.summaries.makes_string(maker)


def _undropped_strings(context: Context, graph: ControlFlowGraph, body: nodes.Block) -> list[Expression]:
    """The strings of a test's last expression, which is no statement whose end would free them."""
    last = body.value
    if not context.file.is_test or not isinstance(last, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return []
    return string_temporaries(context, graph, last)


# -- the repair -----------------------------------------------------------------------------------


def _repair(context: Context, graph: ControlFlowGraph, body: nodes.Block, end: Exit) -> Repair | Refusal:
    assumptions: list[str] = []
    for variable in end.variables:
        if _may_be_dropped(context, graph, variable):
            continue
        taken = _taken(context, graph, variable)
        unknown = [
            use for use in taken if Effect.UNKNOWN in context.analysis.summaries.call_effects(use.site)
        ]
        calls = [unknown_call(use) for use in unknown]
        if not calls or not all(calls) or not _may_be_dropped(context, graph, variable, {Effect.UNKNOWN}):
            return Refusal(f"it would also drop `{variable.name}`, {_hazard(context, taken)}")
        assumptions.append(assumed_of(sorted({call for call in calls if call}), f"`{variable.name}`"))
    *_, last = (body, *body.nodes())
    text = explained_beside(context, last.start, "return", RETURN_DROPS)
    edit = insert_before_block_end(context.file.source, context.file.tree, body, text)
    return Repair((edit,), assumption=listed(assumptions) if assumptions else "")


def _taken(context: Context, graph: ControlFlowGraph, variable: Variable) -> list[Use]:
    """Where a call may keep or free what a variable holds."""
    return [
        use
        for use in graph.uses(variable)
        if use.site.role in (Role.ARGUMENT, Role.RECEIVER)
        and isinstance(use.site.parent, Expression)
        and called_name(use.site.parent) is not None
        and not context.analysis.summaries.call_effects(use.site) <= {Effect.BORROWS}
    ]


def _hazard(context: Context, taken: Sequence[Use]) -> str:
    """Why dropping a variable may be wrong: the call that may keep or free what it holds, if it is one."""
    for use in taken:
        assert isinstance(use.site.parent, Expression)
        called = called_name(use.site.parent)
        return f"which {called}() may keep or free on line {context.line(use.node.start)}"
    return "which may be given away or released already"


def _may_be_dropped(
    context: Context, graph: ControlFlowGraph, variable: Variable, but_for: Set[Effect] = frozenset()
) -> bool:
    """Whether dropping a variable at the end is right, or does nothing, ``but_for`` some effects of calls."""
    analysis, type_ = context.analysis, variable.type
    if variable.kind not in (VariableKind.LET, VariableKind.VAR):
        return True
    if type_ is None:
        return False
    fate = analysis.summaries.fate(graph, variable)
    effects = fate.effects - but_for
    kind = analysis.drops.kind(type_)
    if kind is DropKind.NOTHING and analysis.releases.release_of(type_) is None:
        return True
    if type_ == STR and not analysis.drops.is_registered(variable):
        return True
    if fate.view_escapes or not _is_made(context, graph, variable):
        return False
    if variable.value is not None and may_hold_variable(context, graph, variable.value):
        return False
    if type_ == STR:
        return effects <= {Effect.BORROWS}
    if not effects <= {Effect.BORROWS, Effect.RELEASES}:
        return False
    if any(view is not variable and view.type == type_ for view in fate.views):
        return False
    if Effect.RELEASES in effects and not analysis.releases.is_idempotent(type_):
        return False
    if kind is not DropKind.FIELDS:
        return True
    return not context.fields.borrowed_strings(type_) and not holds_views(context, type_)


RULE = Rule(
    name="void-tail",
    summary="A function without a result falls off its end, where nothing is dropped.",
    reason=(
        "The compiler drops variables before a return. Where a free function without a result simply ends, "
        "it drops none of the variables of its outermost block, and a test frees no string that its last "
        "expression makes. A return as the last statement does both. It is written where every variable of "
        "the function may be dropped. Where it is not known whether a call keeps or releases one, the return "
        "is offered for review."
    ),
    check=check,
    examples=(
        Fixed(
            "A return drops the variables",
            """\
use demo::prelude::Label

@test
func test_render() {
    let label = Label { text: "a" }
    let text: Str = label.render()
    assert(text == "a", "text")
}
""",
            """\
use demo::prelude::Label

@test
func test_render() {
    let label = Label { text: "a" }
    let text: Str = label.render()
    assert(text == "a", "text")
    return  // compiler defect void-end-drops-nothing: a return drops what is left
}
""",
        ),
        Fixed(
            "A string in the last expression",
            """\
use demo::prelude::{Label, measure_text}

@test
func test_width() {
    let label = Label { text: "a" }
    assert(label.peek() == "a", "text")
    measure_text(label.render())
}
""",
            """\
use demo::prelude::{Label, measure_text}

@test
func test_width() {
    let label = Label { text: "a" }
    assert(label.peek() == "a", "text")
    measure_text(label.render())
    return  // compiler defect void-end-drops-nothing: a return drops what is left
}
""",
        ),
        Untouched(
            "A string that the label keeps",
            """\
use demo::prelude::Label

@test
func test_peek() {
    let label = Label { text: "a" }
    let text: Str = label.peek()
    assert(text == "a", "text")
}
""",
        ),
    ),
)
