"""overwritten-owner: a variable gets a new value while it owns one."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import can_be_freed, free_number
from codemods.fixes.grow_string import grow_string, grows_by_itself
from codemods.fixes.naming import count_name
from codemods.fixes.release_afterwards import LEAVING, do_around, name_of_old, release_afterwards
from codemods.fixes.release_at_exits import mentions
from codemods.fixes.replace_string import free_replaced, grows_from_empty, replaces_another
from codemods.fixes.string_code import free_string, free_unless_empty
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    ControlFlowGraph,
    Declare,
    Role,
    Site,
    Use,
    Variable,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.obligations import ObligationReport
from codemods.ownership.summaries.origins import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before
from tml_ast.nodes import Expression

_MADE_FROM_OLD = Refusal("the new value is made from the old one: bind it by hand")


def check(context: Context) -> Iterator[Diagnostic]:
    """The assignments that lose the value that the variable has."""
    for _, graph in context.graphs():
        plain = (action for action in graph.assignments if action.node.operator == "=")
        assignments = [action for action in plain if not grows_by_itself(graph, action)]
        if not assignments:
            continue
        owed = {id(obligation.variable): obligation for obligation in context.obligations(graph)}
        refused: set[Variable] = set()
        names: dict[int, set[str]] = {}
        for action in assignments:
            variable = action.variable
            # what is bound is used up at once, so that another block may use its name
            taken = names.setdefault(id(context.parent(context.statement_of(action.node))), set())
            obligation = owed.get(id(variable))
            if obligation is not None:
                if action.node not in (*obligation.overwritten, *obligation.maybe_overwritten):
                    continue
                repair = _released(context, graph, action, obligation, taken)
            elif variable in refused:
                continue
            elif _is_returned_when_grown(context, graph, variable):
                if not replaces_another(context, graph, variable, action.node):
                    continue
                origin = context.analysis.summaries.variable_origin(graph, variable)
                repair = free_replaced(context, graph, action, origin, taken) or _MADE_FROM_OLD
            elif not _is_lost(context, graph, variable):
                continue
            else:
                repair = _freed(context, graph, action, taken)
                if isinstance(repair, Refusal):
                    refused.add(variable)
            message = (
                f"`{variable.name}` ({variable.type}) gets a new value while it owns one, "
                "which nothing releases"
            )
            yield context.fix(graph, action.node, message, repair)


def _statement(context: Context, action: Assign) -> nodes.ExpressionStatement | None:
    """The assignment as a statement of a block."""
    parent = context.parent(action.node)
    if isinstance(parent, nodes.ExpressionStatement) and isinstance(context.parent(parent), nodes.Block):
        return parent
    return None


def _is_read_later(graph: ControlFlowGraph, action: Assign, views: frozenset[Variable]) -> bool:
    """Whether a variable that refers to the old value is read after the assignment, before it is set anew."""
    for view in views - {action.variable}:

        def is_set(later: Action, view: Variable = view) -> bool:
            return isinstance(later, Declare | Assign) and later.variable is view

        after = graph.actions_after(action, is_set)
        if any(isinstance(later, Use) and later.variable is view for later in after):
            return True
    return False


# -- values with a release ------------------------------------------------------------------------


def _released(
    context: Context, graph: ControlFlowGraph, action: Assign, obligation: ObligationReport, taken: set[str]
) -> Repair | Refusal:
    """Release the old value in front of the assignment; what the new one reads from it is bound before."""
    refusal = _refusal(context, graph, action, obligation)
    if refusal is not None:
        return refusal
    statement = _statement(context, action)
    readings = _readings(context, graph, action.node.value, obligation.views)
    if statement is None:
        return _MADE_FROM_OLD
    if readings is None:
        return release_afterwards(context, graph, action, statement, obligation, taken) or _MADE_FROM_OLD
    lines: list[str] = []
    edits: list[SourceEdit] = []
    for reading in readings:
        if statement_to_bind_before(context, graph, reading) is not statement:
            return Refusal("the old value is read at a point that cannot be moved: bind it by hand")
        name = count_name(context, graph.function, reading, taken)
        taken.add(name)
        lines.append(f"let {name} = {reading.text}")
        edits.append(SourceEdit(reading.start, reading.end, name.encode()))
    lines.append(obligation.release.statement_on(action.variable.name))
    edits.append(insert_statement_before(context.file.source, context.file.tree, statement, "\n".join(lines)))
    return Repair(tuple(edits))


def _refusal(
    context: Context, graph: ControlFlowGraph, action: Assign, obligation: ObligationReport
) -> Refusal | None:
    """Why the old value cannot be released in front of the assignment."""
    uncallable = context.refusal_to_call(obligation.release)
    if uncallable is not None:
        return uncallable
    if action.node not in obligation.overwritten:
        return Refusal("some path has released it or given it away by then, or a part of it lives on")
    if isinstance(action.node.value, nodes.Path):
        return Refusal("another variable holds the new one as well")
    if _is_read_later(graph, action, obligation.views):
        return Refusal("a part of the old one is read later")
    type_, drops = action.variable.type, context.analysis.drops
    assert type_ is not None
    if drops.kind(type_) is not DropKind.FIELDS:
        return None
    done = context.analysis.releases.fields_released(type_, obligation.release)
    left = [
        name
        for name in context.analysis.index.fields(type_)
        if drops.drops_field(type_, name) and not (name in done and done[name].freed and done[name].blanked)
    ]
    if left:
        return Refusal(f"its {obligation.release.name}() leaves {', '.join(left)} to the compiler")
    return None


def _readings(
    context: Context, graph: ControlFlowGraph, value: Expression, views: frozenset[Variable]
) -> list[Expression] | None:
    """The calls in a new value that read a number from the old one; None where it is used otherwise."""
    readings: list[Expression] = []
    for use in graph.uses_in(value):
        if use.variable not in views:
            continue
        call = use.site.parent
        if not isinstance(call, Expression) or not _only_reads(context, graph, use.site):
            return None
        readings.append(call)
    return readings


def _only_reads(context: Context, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether a call reads a value and returns a plain number."""
    if site.role not in (Role.RECEIVER, Role.ARGUMENT) or site.callee is None:
        return False
    summaries = context.analysis.summaries
    result = graph.type_of(site.parent)
    if result is None or result.name not in SCALARS or summaries.call_effects(site) != {Effect.BORROWS}:
        return False
    position = -1 if site.role is Role.RECEIVER else site.position
    origins = summaries.result(site.callee).origins
    return not summaries.lends(site.callee, position) and not origins & {Origin.VIEW, Origin.PASSED}


# -- what only the compiler releases --------------------------------------------------------------


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the compiler would free the variable's value, and so only its last one."""
    if not context.analysis.drops.is_registered(variable):
        return False
    if not context.analysis.summaries.variable_origin(graph, variable).is_fresh:
        return False
    return context.analysis.summaries.fate(graph, variable).effects <= {Effect.BORROWS, Effect.RETURNS}


def _is_returned_when_grown(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a var of a library gets ever new strings, the last of which the function returns."""
    if context.file.is_test or not grows_from_empty(context, graph, variable):
        return False
    fate = context.analysis.summaries.fate(graph, variable)
    if fate.view_escapes or fate.views - {variable} or Effect.RETURNS not in fate.effects:
        return False
    returned = [use for use in graph.uses(variable) if use.site.role is Role.RETURNED]
    return fate.effects <= {Effect.BORROWS, Effect.RETURNS} and all(
        use.site.through is None for use in returned
    )


def _freed(context: Context, graph: ControlFlowGraph, action: Assign, taken: set[str]) -> Repair | Refusal:
    """Free the old string in front of the assignment, or after it if the new one is made from it."""
    variable, value = action.variable, action.node.value
    if variable.type != STR:
        return Refusal("its type has no release that could be called here")
    fate = context.analysis.summaries.fate(graph, variable)
    origin = context.analysis.summaries.variable_origin(graph, variable)
    statement = _statement(context, action)
    if (
        statement is None
        or fate.view_escapes
        or not can_be_freed(origin)
        or any(isinstance(node, LEAVING) for node in value.walk())
        or _is_read_later(graph, action, fate.views)
    ):
        return Refusal("the old one is not proven to be a new string of its own")
    if mentions(graph, value, fate.views):
        if not _is_new(context, graph, value):
            return Refusal("the new one may be the old one")
        grown = grow_string(context, graph, action)
        if grown is not None:
            return grown
        old = name_of_old(context, graph, action, taken)
        return do_around(
            context, statement, f"let {old}: I64 = {variable.name} as I64", free_number(context, old, origin)
        )
    free = free_string(variable.name)
    if origin.literals:
        free = free_unless_empty(context, variable.name, free)
    return do_around(context, statement, free)


def _is_new(context: Context, graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether an expression makes a string that is never one of those that it is made from."""
    if isinstance(value, nodes.Group):
        return _is_new(context, graph, value.inner)
    if isinstance(value, nodes.Binary):
        return True
    call = graph.call_at(value)
    return (
        call is not None
        and call.callee is not None
        and context.analysis.summaries.result(call.callee).is_fresh
    )


RULE = Rule(
    name="overwritten-owner",
    summary="A variable that owns a value gets another one.",
    reason=(
        "An assignment does not release what the variable held, and at the end of the scope the compiler "
        "drops only the last value. The old one is released in front of the assignment; what the new value "
        "reads from the old one is bound before. That is written only where every path owns the old value "
        "and nothing refers to it afterwards, and for a struct only if its release blanks what it frees."
    ),
    check=check,
    examples=(
        Fixed(
            "The old value is released first",
            """\
use demo::prelude::Reel

@test
func test_two_sizes() -> I32 {
    var reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    reel = Reel::new(8)
    assert(reel.size() == 8, "size")
    reel.destroy()
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_two_sizes() -> I32 {
    var reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    reel.destroy()
    reel = Reel::new(8)
    assert(reel.size() == 8, "size")
    reel.destroy()
    return 0
}
""",
        ),
        Fixed(
            "The new value asks the old one for a number",
            """\
use demo::prelude::Reel

pub func doubled(size: I64, times: I64) -> Reel {
    var reel = Reel::new(size)
    var i: I64 = 0
    loop (i < times) {
        reel = Reel::new(reel.size() * 2)
        i = i + 1
    }
    return reel
}
""",
            """\
use demo::prelude::Reel

pub func doubled(size: I64, times: I64) -> Reel {
    var reel = Reel::new(size)
    var i: I64 = 0
    loop (i < times) {
        let size_before = reel.size()
        reel.destroy()
        reel = Reel::new(size_before * 2)
        i = i + 1
    }
    return reel
}
""",
        ),
        Untouched(
            "Released in between",
            """\
use demo::prelude::Reel

@test
func test_released_in_between() -> I32 {
    var reel = Reel::new(4)
    reel.destroy()
    reel = Reel::new(8)
    reel.destroy()
    return 0
}
""",
        ),
    ),
)
