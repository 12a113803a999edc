"""overwritten-owner: a variable gets a new value while it owns one."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import count_name
from codemods.fixes.release_at_exits import mentions
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    ControlFlowGraph,
    Declare,
    Role,
    Site,
    Use,
    Variable,
    actions_behind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.obligations import Obligation
from codemods.ownership.summaries.summaries import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before
from tml_ast.nodes import Expression

NAME = "overwritten-owner"

_LEAVING = nodes.Propagate | nodes.Return | nodes.Break | nodes.Continue | nodes.Throw


def check(context: Context) -> Iterator[Diagnostic]:
    """The assignments that lose the value that the variable has."""
    for _, graph in context.graphs():
        if not graph.assignments():
            continue
        owed = {id(each.variable): each for each in context.obligations(graph)}
        told: set[Variable] = set()
        taken: set[str] = set()
        for action in graph.assignments():
            if action.node.operator != "=":
                continue
            obligation = owed.get(id(action.variable))
            if obligation is not None:
                if action.node in obligation.overwritten or action.node in obligation.maybe_overwritten:
                    yield _owner(context, graph, action, obligation, taken)
            elif action.variable not in told and _is_lost(context, graph, action):
                proposal = _unowed(context, graph, action)
                if proposal.verdict is not Verdict.FIXED:
                    told.add(action.variable)
                yield proposal


def _finding(
    context: Context,
    graph: ControlFlowGraph,
    action: Assign,
    refusal: str | None,
    edits: tuple[SourceEdit, ...] = (),
) -> Diagnostic:
    variable, node = action.variable, action.node
    message = (
        f"`{variable.name}` ({variable.type}) gets a new value while it owns one, which nothing releases"
    )
    verdict = Verdict.FIXED
    if refusal is not None:
        message, verdict = f"{message}; {refusal}", Verdict.REPORTED
    return Diagnostic(NAME, node.start, graph.function.qualified_name, message, verdict, edits)


# -- values with a release ------------------------------------------------------------------------


def _owner(
    context: Context, graph: ControlFlowGraph, action: Assign, obligation: Obligation, taken: set[str]
) -> Diagnostic:
    refusal = _refusal(context, graph, action, obligation)
    if refusal is not None:
        return _finding(context, graph, action, refusal)
    statement = _statement(context, action)
    readings = _readings(context, graph, action.node.value, obligation.views)
    if statement is None or readings is None:
        return _finding(context, graph, action, "the new value is made from the old one: bind it by hand")
    source, tree = context.file.source, context.file.tree
    lines: list[str] = []
    edits: list[SourceEdit] = []
    for reading in readings:
        if statement_to_bind_before(context, graph, reading) is not statement:
            refusal = "the old value is asked at a point that cannot be moved: bind it by hand"
            return _finding(context, graph, action, refusal)
        name = count_name(context, graph.function, reading, taken)
        taken.add(name)
        lines.append(f"let {name} = {reading.text}")
        edits.append(SourceEdit(reading.start, reading.end, name.encode()))
    lines.append(f"{action.variable.name}.{obligation.release.name}()")
    edits.append(insert_statement_before(source, tree, statement, "\n".join(lines)))
    return _finding(context, graph, action, None, tuple(edits))


def _refusal(context: Context, graph: ControlFlowGraph, action: Assign, obligation: Obligation) -> str | None:
    """Why the old value cannot be released in front of the assignment."""
    if action.node not in obligation.overwritten:
        return "some path has released it or given it away by then, or a part of it lives on"
    if isinstance(action.node.value, nodes.Path):
        return "another variable holds the new one as well"
    if _is_read_later(graph, action, obligation.views):
        return "a part of the old one is read later"
    type_ = action.variable.type
    assert type_ is not None
    if context.analysis.drops.kind(type_) is DropKind.FIELDS:
        done = context.analysis.releases.fields_released(type_, obligation.release)
        left = [
            name
            for name in context.analysis.index.fields(type_)
            if context.analysis.drops.drops_field(type_, name)
            and not (name in done and done[name].freed and done[name].blanked)
        ]
        if left:
            return f"its {obligation.release.name}() leaves {', '.join(left)} to the compiler"
    return None


def _statement(context: Context, action: Assign) -> nodes.ExpressionStatement | None:
    """The assignment as a statement of a block."""
    parent = context.parent(action.node)
    if isinstance(parent, nodes.ExpressionStatement) and isinstance(context.parent(parent), nodes.Block):
        return parent
    return None


def _is_read_later(graph: ControlFlowGraph, action: Assign, views: set[Variable]) -> bool:
    """Whether a variable that refers to the old value is read behind the assignment before it is set anew."""
    for block in graph.reachable():
        for position, each in enumerate(block.actions):
            if each is not action:
                continue
            for view in views - {action.variable}:

                def is_set(later: Action, view: Variable = view) -> bool:
                    return isinstance(later, Declare | Assign) and later.variable is view

                behind = actions_behind(block, position, is_set)
                if any(isinstance(later, Use) and later.variable is view for later in behind):
                    return True
    return False


def _readings(
    context: Context, graph: ControlFlowGraph, value: Expression, views: set[Variable]
) -> list[Expression] | None:
    """The calls in a new value that ask the old one for a number; None where it is used in another way."""
    readings: list[Expression] = []
    for use in graph.uses_in(value):
        if use.variable not in views:
            continue
        call = use.site.parent
        if not isinstance(call, Expression) or not _only_asks(context, graph, use.site):
            return None
        readings.append(call)
    return readings


def _only_asks(context: Context, graph: ControlFlowGraph, site: Site) -> bool:
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


def _is_lost(context: Context, graph: ControlFlowGraph, action: Assign) -> bool:
    """Whether the compiler would free the variable's value, and so only its last one."""
    variable = action.variable
    if not context.analysis.drops.is_registered(variable):
        return False
    if not context.analysis.variable_origin(graph, variable).is_fresh:
        return False
    effects = context.analysis.fate(graph, variable).effects
    return effects <= {Effect.BORROWS, Effect.RETURNS}


def _unowed(context: Context, graph: ControlFlowGraph, action: Assign) -> Diagnostic:
    variable, value = action.variable, action.node.value
    if variable.type is None or variable.type.name != "Str":
        return _finding(context, graph, action, "its type has no release that could be called here")
    if context.file.is_test:
        return _finding(context, graph, action, "use a second variable")
    fate = context.analysis.fate(graph, variable)
    origin = context.analysis.variable_origin(graph, variable)
    statement = _statement(context, action)
    if mentions(graph, value, fate.views):
        return _finding(context, graph, action, "the new value is made from the old one: bind it by hand")
    if (
        statement is None
        or fate.view_escapes
        or not origin.literals <= {'""'}
        or any(isinstance(each, _LEAVING) for each in value.walk())
        or _is_read_later(graph, action, fate.views)
    ):
        return _finding(context, graph, action, "the old one is not proven to be a new string of its own")
    free = f"lowlevel {{ mem_free({variable.name} as I64 as *Unit) }}"
    if origin.literals:
        free = f"if {context.text_length(variable.name)} > 0 {{\n    {free}\n}}"
    edit = insert_statement_before(context.file.source, context.file.tree, statement, free)
    return _finding(context, graph, action, None, (edit,))


RULE = Rule(
    name=NAME,
    summary="A variable that owns a value gets another one.",
    reason=(
        "An assignment does not release what the variable held, and at the end of the scope the compiler "
        "drops only the last value. The old one is released in front of the assignment; what the new value "
        "asks of the old one is bound before. That is written only where every path owns the old value and "
        "nothing refers to it afterwards, and for a struct only if its release blanks what it frees."
    ),
    check=check,
    examples=(
        Fixed(
            "the old value is released first",
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
            "the new value asks the old one for a number",
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
            "released in between",
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
