"""unopened-payload: a Maybe or Outcome is never opened, and what it holds is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.open_payload import Owed, held_types, opening, opening_of, owed_payloads
from codemods.fixes.owners import is_only_holder
from codemods.fixes.release_at_exits import Cleanup, before_exits, exits_of, is_hidden
from codemods.fixes.variants import known_variant, only_asks, settled, settled_variant
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Variable, VariableKind
from codemods.ownership.error_paths import paths_of_leaks
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS
from tml_ast import nodes
from tml_ast.edit import insert_statement_after


def check(context: Context) -> Iterator[Diagnostic]:
    """The variables that are only asked which variant they are."""
    for _, graph in context.graphs():
        taken: set[str] = set()
        for variable in graph.variables:
            if not _is_unopened(context, graph, variable):
                continue
            assert variable.type is not None
            settled = settled_variant(context, graph, variable)
            owed = _owed(context, graph, variable, settled, taken)
            exits = _owing_exits(context, variable, owed, exits_of(graph, variable))
            if not exits:
                continue
            if settled is not None:
                taken |= {payload.name for payload in owed.values()}
            lines = opening(context, variable.name, variable.type, owed)
            repair = (
                _where_settled(context, graph, variable, owed, list(exits))
                or _where_asked(context, graph, variable, owed, exits)
                or _at_once(context, graph, variable, "\n".join(lines), list(exits))
                or before_exits(context, graph, _cleanup(variable, lines), list(exits))
            )
            message = f"`{variable.name}` is never opened, so the {held_types(owed)} in it is never released"
            paths = paths_of_leaks(graph, variable, list(exits))
            yield context.fix(graph, variable, message, repair, paths=paths)


def _is_unopened(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    if variable.type is None or variable.type.name not in BUILTIN_VARIANTS:
        return False
    if not all(use.site.role is Role.RECEIVER and only_asks(use.site) for use in graph.uses(variable)):
        return False
    return is_only_holder(context, graph, variable) and not context.analysis.aliases.others_released(
        graph, variable
    )


def _owed(
    context: Context, graph: ControlFlowGraph, variable: Variable, settled: str | None, taken: set[str]
) -> dict[str, Owed]:
    """The payloads to release, of the variants that the variable may hold."""
    assert variable.type is not None and variable.value is not None
    owed = owed_payloads(context, graph, variable.value, variable.type, taken, in_arms=settled is None)
    if settled is None:
        return owed
    return {variant: payload for variant, payload in owed.items() if variant == settled}


def _owing_exits(
    context: Context, variable: Variable, owed: Mapping[str, Owed], exits: Sequence[Exit]
) -> dict[Exit, str | None]:
    """The exits that may be left with something to release, and the variant that is known there."""
    known = {exit_: known_variant(context, exit_.node, variable) for exit_ in exits} if owed else {}
    return {exit_: variant for exit_, variant in known.items() if variant is None or variant in owed}


def _cleanup(variable: Variable, lines: Sequence[str]) -> Cleanup:
    return Cleanup("\n".join(lines), variable, frozenset((variable,)))


def _where_settled(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    owed: Mapping[str, Owed],
    exits: Sequence[Exit],
) -> Repair | None:
    """Open it right after the check that leaves the one variant to release, if all paths go through there.

    What the compiler is to drop from there on must leave in one place: a return in between, or the end of a
    function without a value, would keep it from that.
    """
    found = settled(context, graph, variable)
    if found is None or set(owed) != {found.variant}:
        return None
    place, payload = found.statement, owed[found.variant]
    is_dropped = not payload.statements and (len(exits) > 1 or graph.function.returns_nothing)
    is_left = any(exit_.node.end <= place.end for exit_ in exits)
    if is_dropped or is_left or is_hidden(graph, variable, variable.name, place.end):
        return None
    lines = opening_of(context, place.start, variable.name, found.variant, payload)
    source, tree = context.file.source, context.file.tree
    return Repair((insert_statement_after(source, tree, place, "\n".join(lines)),)) if lines else None


def _where_asked(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    owed: Mapping[str, Owed],
    exits: Mapping[Exit, str | None],
) -> Repair | Refusal | None:
    """Open it in front of its exits without asking again, where an ``if`` around each has asked."""
    (variant, *others) = {*exits.values()}
    if others or variant is None or not owed[variant].statements:
        return None
    lines = opening_of(context, 0, variable.name, variant, owed[variant])
    return before_exits(context, graph, _cleanup(variable, lines), list(exits)) if lines else None


def _at_once(
    context: Context, graph: ControlFlowGraph, variable: Variable, opened: str, exits: Sequence[Exit]
) -> Repair | None:
    """Open it after its declaration rather than in front of each of several exits."""
    declaration = context.parent(variable.node) if variable.kind is VariableKind.LET else None
    if len(exits) < 2 or not isinstance(declaration, nodes.Let):
        return None
    if not isinstance(context.parent(declaration), nodes.Block):
        return None
    source, tree = context.file.source, context.file.tree
    return Repair((insert_statement_after(source, tree, declaration, opened),))


RULE = Rule(
    name="unopened-payload",
    summary="A Maybe or Outcome is never opened, and what it holds is lost.",
    reason=(
        "The compiler never drops a Maybe or Outcome, and asking which variant it is takes nothing out. So "
        "what it holds leaks unless it is opened, once. Taken out, it is released by its own release; named "
        "by an arm of a `when`, it is freed by the compiler at the end of the arm. An assertion that leaves "
        "one variant is believed, and what cannot be there is not released."
    ),
    check=check,
    examples=(
        Fixed(
            "Only asked whether it is there",
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
    opened.unwrap().destroy()
    return 0
}
""",
        ),
        Fixed(
            "A string that the compiler frees once it has a name",
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
    // compiler defect outcomes-are-never-dropped: a variable is
    when mark {
        Ok(text) => {},
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Untouched(
            "An assertion rules the owner out",
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
