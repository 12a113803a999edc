"""unopened-payload: a Maybe or Outcome is never opened, and what it holds is lost."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.open_payload import opening, owed_payloads
from codemods.fixes.owners import may_hold_variable
from codemods.fixes.release_at_exits import Cleanup, before_exits, exits_of
from codemods.fixes.variants import known_variant, only_asks, settled_variant
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable, VariableKind
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS
from tml_ast import nodes

NAME = "unopened-payload"


def check(context: Context) -> Iterator[Diagnostic]:
    """The variables that are only asked which variant they are."""
    for _, graph in context.graphs():
        taken: set[str] = set()
        for variable in graph.variables:
            if _is_unopened(context, graph, variable):
                proposal = _proposal(context, graph, variable, taken)
                if proposal is not None:
                    yield proposal


def _is_unopened(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.value is None:
        return False
    if variable.type is None or variable.type.name not in BUILTIN_VARIANTS:
        return False
    if isinstance(variable.value, nodes.Path) or graph.is_assigned(variable):
        return False
    if not all(use.site.role is Role.RECEIVER and only_asks(use.site) for use in graph.uses(variable)):
        return False
    if may_hold_variable(context, graph, variable.value):
        return False
    analysis = context.analysis
    return not analysis.others_released(graph, variable) and not analysis.may_be_taken_elsewhere(
        graph, variable
    )


def _proposal(
    context: Context, graph: ControlFlowGraph, variable: Variable, taken: set[str]
) -> Diagnostic | None:
    """Open the variable before each exit, and release what it holds."""
    assert variable.type is not None and variable.value is not None
    owed = owed_payloads(context, graph, variable.value, variable.type, taken)
    if not owed:
        return None
    settled = settled_variant(context, graph, variable)
    if settled is not None:
        owed = {variant: each for variant, each in owed.items() if variant == settled}
    exits = [
        exit_
        for exit_ in exits_of(graph, variable)
        if (known := known_variant(context, exit_.node, variable)) is None or known in owed
    ]
    if not owed or not exits:
        return None
    taken |= {each.name for each in owed.values()}
    lines = opening(context, variable.name, variable.type, owed)
    opened = Cleanup("\n".join(lines), variable, frozenset((variable,)))
    held = " or ".join(str(each.payload) for each in owed.values())
    message = f"`{variable.name}` is never opened, so the {held} in it is never released"
    return context.fix(graph, variable, message, before_exits(context, graph, opened, exits))


RULE = Rule(
    name=NAME,
    summary="A Maybe or Outcome is never opened, and what it holds is lost.",
    reason=(
        "The compiler never drops a Maybe or Outcome, and asking which variant it is takes nothing out. So "
        "what it holds leaks unless it is opened, once. A `when` gives it a name: with that it is released "
        "by its own release, or by the compiler at the end of the arm. An assertion that leaves one variant "
        "is believed, and what cannot be there is not released."
    ),
    check=check,
    examples=(
        Fixed(
            "only asked whether it is there",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let opened = open_reel(3)
    assert(opened.is_ok(), "opened")
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let opened = open_reel(3)
    assert(opened.is_ok(), "opened")
    when opened {
        Ok(reel) => reel.destroy(),
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Fixed(
            "a string that the compiler frees once it has a name",
            """\
use demo::prelude::read_mark

@test
func test_read() -> I32 {
    let mark = read_mark(3)
    assert(mark.is_ok(), "read")
    return 0
}
""",
            """\
use demo::prelude::read_mark

@test
func test_read() -> I32 {
    let mark = read_mark(3)
    assert(mark.is_ok(), "read")
    // What it holds is freed only where it has a name.
    when mark {
        Ok(text) => {},
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Untouched(
            "an assertion rules the owner out",
            """\
use demo::prelude::open_reel

@test
func test_refused() -> I32 {
    let opened = open_reel(0)
    assert(opened.is_err(), "refused")
    return 0
}
""",
        ),
    ),
)
