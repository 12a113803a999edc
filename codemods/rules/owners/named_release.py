"""named-release: the plan wants a value released by name, and the compiler drops it silently."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.naming import quoted_names
from codemods.fixes.release_at_exits import Cleanup, before_every_exit, mentions
from codemods.model.phases import RELEASED_BY_NAME
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.fields import Holds
from codemods.ownership.obligations import ObligationReport
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import Type, TypeInfo
from codemods.semantics.words import words_in


def check(context: Context) -> Iterator[Diagnostic]:
    """The values in tests that the plan names, and the types of the library that have no release for it."""
    if context.file.is_test:
        for _, graph in context.graphs():
            for obligation in context.obligations(graph):
                if obligation.dropped and _is_named(obligation.variable.type):
                    yield from _dropped(context, graph, obligation)
        return
    for info in context.analysis.index.types_in(context.file):
        type_ = Type(info.name)
        if info.fields and _is_named(type_):
            yield from _without_release(context, info, type_)


def _is_named(type_: Type | None) -> bool:
    """Whether a type is one of a response, map, URL or JSON value, as its name and module say."""
    if type_ is None:
        return False
    words = words_in(type_.bare)
    around = {*words, *(word for module in type_.name.split("::")[:-1] for word in words_in(module))}
    return any(
        words[-len(ending.split()) :] == tuple(ending.split()) and (not domain or domain in around)
        for ending, domain in RELEASED_BY_NAME
    )


def _dropped(context: Context, graph: ControlFlowGraph, obligation: ObligationReport) -> Iterator[Diagnostic]:
    """Release the value at every exit, unless that would need more than a call."""
    variable = obligation.variable
    if obligation.leaks or obligation.unclear or obligation.overwritten or obligation.maybe_overwritten:
        return
    drops = context.analysis.drops
    if not all(drops.covers(graph, variable, exit_) for exit_ in obligation.dropped):
        return  # another variable holds the same value, and that one is dropped
    if not context.analysis.releases.is_idempotent(Type(variable.type.name if variable.type else "")):
        return
    values = (exit_.value for exit_ in obligation.dropped)
    if any(value is not None and mentions(graph, value, obligation.views) for value in values):
        return
    release = Cleanup.of(obligation)
    repair = before_every_exit(context, graph, release, obligation.dropped)
    if isinstance(repair, Repair):
        message = (
            f"`{variable.name}` ({variable.type}) is dropped by the compiler; the plan wants "
            f"{release.statement}, which is harmless before that"
        )
        yield context.fix(graph, variable, message, repair)


def _without_release(context: Context, info: TypeInfo, type_: Type) -> Iterator[Diagnostic]:
    """The finding that a type named by the plan has no release, and why it gets none."""
    analysis = context.analysis
    if analysis.releases.release_of(type_) is not None or analysis.drops.kind(type_) is not DropKind.FIELDS:
        return
    shared = [
        name
        for name in info.fields
        if analysis.drops.drops_field(type_, name)
        and context.fields.origin(type_, name).holds & {Holds.SHARED, Holds.BORROWED, Holds.UNKNOWN}
    ]
    message = (
        f"{type_.bare} has no release by name: the compiler frees its strings with it, "
        "and nothing is left to do"
    )
    because = f"a release would free {quoted_names(shared)}, which another value may hold as well"
    yield context.report(type_.bare, info.node, message, because=because if shared else "")


RULE = Rule(
    name="named-release",
    summary="A value that the plan names is left to the compiler in a test.",
    reason=(
        "The plan wants responses, maps, URLs and JSON values released by name in tests, so that a reader "
        "sees where they end. Where the compiler drops such a value anyway, the release is written if it "
        "leaves nothing behind that the drop would free again. A type whose strings the compiler frees, and "
        "that other values may share, gets no release: it would be a double free."
    ),
    check=check,
    examples=(
        Fixed(
            "A map in a test",
            """\
use std::collections::HashMap

@test
func test_one_entry() -> I32 {
    let scores = HashMap[I64, I64]::new(4)
    scores.set(1, 10)
    assert(scores.get(1) == 10, "the score")
    return 0
}
""",
            """\
use std::collections::HashMap

@test
func test_one_entry() -> I32 {
    let scores = HashMap[I64, I64]::new(4)
    scores.set(1, 10)
    assert(scores.get(1) == 10, "the score")
    scores.destroy()
    return 0
}
""",
        ),
        Untouched(
            "A list, which the plan does not name",
            """\
use std::collections::{HashMap, List}

@test
func test_no_map() -> I32 {
    let scores: List[I64] = List[I64]::new(4)
    scores.push(1)
    return 0
}
""",
        ),
        Untouched(
            "The value that leaves still needs it",
            """\
use std::collections::HashMap

@test
func test_returns_what_it_reads() -> I32 {
    let scores = HashMap[I64, I32]::new(4)
    scores.set(1, 0)
    return scores.get(1)
}
""",
        ),
    ),
)
