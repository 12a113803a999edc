"""missing-release: an owner leaves its scope unreleased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.leaks import leak_of, leak_paths
from codemods.fixes.naming import assumed_of, describe_exits, short_code, unknown_call
from codemods.fixes.release_at_exits import Cleanup, before_every_exit
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use
from codemods.ownership.obligations import ObligationReport
from codemods.rules.rule import Fixed, Offered, Rule, Untouched
from tml_ast import nodes


def check(context: Context) -> Iterator[Diagnostic]:
    """The leaks that a release in an existing block fixes, and those that cannot be fixed."""
    for _, graph in context.graphs():
        # what was made last is released first
        for obligation in reversed(context.obligations(graph)):
            if obligation.leaks or obligation.unclear:
                leak = leak_of(context, graph, obligation)
                if not isinstance(leak.repair, Repair) or not leak.repair.opens_block:
                    yield context.fix(graph, obligation.variable, leak.message, leak.repair, paths=leak.paths)
            elif obligation.unfollowed:
                yield _unfollowed(context, graph, obligation)


def _unfollowed(context: Context, graph: ControlFlowGraph, obligation: ObligationReport) -> Diagnostic:
    """A value that nothing releases and that cannot be followed."""
    variable = obligation.variable
    lost = min(obligation.lost, key=lambda use: use.node.start)
    message = (
        f"`{variable.name}` ({variable.type}), created on line {context.line(variable.offset)}, may leak at "
        f"{describe_exits(obligation.unfollowed, context.line)}: what becomes of it on line "
        f"{context.line(lost.node.start)} cannot be followed{_unknown_call(lost)}"
    )
    paths = leak_paths(obligation, obligation.unfollowed)
    calls = [unknown_call(use) for use in obligation.lost]
    repair = before_every_exit(context, graph, Cleanup.of(obligation), obligation.unfollowed)
    if isinstance(repair, Repair) and all(calls):
        assumption = assumed_of(sorted({call for call in calls if call}), "it")
        return context.fix(graph, variable, message, replace(repair, assumption=assumption), paths=paths)
    missing = f"if nothing else releases it, {variable.name}.{obligation.release.name}() is missing"
    return context.report(graph, variable, message, because=missing, paths=paths)


def _unknown_call(use: Use) -> str:
    """Which call is given a value that is not known, if one is."""
    site = use.site
    match site.parent:
        case nodes.Call() if site.role is Role.ARGUMENT and site.callee is None:
            return f", because it is not known which function {short_code(site.parent.function.text)}() calls"
        case nodes.MethodCall() | nodes.StaticCall() if site.callee is None:
            return f", because it is not known which method {site.parent.name}() calls"
        case _:
            return ""


RULE = Rule(
    name="missing-release",
    summary="An owned value leaves its scope unreleased.",
    reason=(
        "The compiler drops a variable only if its type has Drop, and not even then when its name was given "
        "away, when control leaves by break or continue, or at the end of a void function. A value with a "
        "release of its own that nothing calls on some path leaks there. The release goes in front of that "
        "exit; a returned value that still needs it is bound first. Where it is not known what a call does "
        "with the value, the release is offered for review: it is right if the call neither keeps nor frees "
        "the value."
    ),
    check=check,
    examples=(
        Fixed(
            "An owner that nothing releases",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    let reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    let reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    reel.destroy()
    return 0
}
""",
        ),
        Fixed(
            "The value that leaves still needs it",
            """\
use demo::prelude::{Reel, measure}

pub func fresh_size(count: I64) -> I64 {
    let reel = Reel::new(count)
    return measure(reel)
}
""",
            """\
use demo::prelude::{Reel, measure}

pub func fresh_size(count: I64) -> I64 {
    let reel = Reel::new(count)
    let result: I64 = measure(reel)
    reel.destroy()
    return result
}
""",
        ),
        Offered(
            "Given to a function that is not known",
            """\
use demo::prelude::Reel

@test
func test_elsewhere(later: func(Reel)) -> I32 {
    let reel = Reel::new(4)
    later(reel)
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_elsewhere(later: func(Reel)) -> I32 {
    let reel = Reel::new(4)
    later(reel)
    reel.destroy()
    return 0
}
""",
        ),
        Untouched(
            "Released on every path",
            """\
use demo::prelude::Reel

@test
func test_released_on_every_path() -> I32 {
    let reel = Reel::new(4)
    if reel.size() == 0 {
        reel.destroy()
        return 1
    }
    reel.destroy()
    return 0
}
""",
        ),
    ),
)
