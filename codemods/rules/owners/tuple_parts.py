"""tuple-parts: what a tuple holds is never released."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.open_payload import part_releases
from codemods.fixes.owners import is_only_holder
from codemods.fixes.parts import is_only_read
from codemods.fixes.release_at_exits import Cleanup, before_exits
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes


def check(context: Context) -> Iterator[Diagnostic]:
    """The variables that hold tuples whose parts are lost."""
    for _, graph in context.graphs():
        for variable in graph.variables:
            if variable.type is None or variable.type.name != "()":
                continue
            if not all(use.site.role is Role.FIELD for use in graph.uses(variable)):
                continue
            releases = _releases(context, graph, variable)
            if not releases:
                continue
            views = frozenset(context.analysis.summaries.fate(graph, variable).views | {variable})
            release = Cleanup("\n".join(releases.values()), variable, views)
            parts = ", ".join(f"{variable.name}.{number}" for number in releases)
            verb = "is" if len(releases) == 1 else "are"
            message = (
                f"{parts} of the tuple `{variable.name}` {verb} never released: the compiler drops no tuple"
            )
            yield context.fix(graph, variable, message, before_exits(context, graph, release))


def _releases(context: Context, graph: ControlFlowGraph, variable: Variable) -> dict[int, str]:
    """The statements that release the parts which nothing else takes, by the number of the part."""
    if not is_only_holder(context, graph, variable):
        return {}
    assert variable.type is not None and variable.value is not None
    releases = part_releases(context, graph, variable.name, variable.type, variable.value)
    for use in graph.uses(variable) if releases else ():
        if not is_only_read(context, graph, use.site.parent):
            releases.pop(_part(use), None)
    return releases


def _part(use: Use) -> int:
    access = use.site.parent
    return int(access.name) if isinstance(access, nodes.FieldAccess) and access.name.isdigit() else -1


RULE = Rule(
    name="tuple-parts",
    summary="What a tuple holds is never released.",
    reason=(
        "The compiler drops variables, and no tuples: neither a tuple itself nor what it holds is released "
        "at the end of its block. A part that has a release, or a string that was made for the tuple, is "
        "released by hand, once, because a part is a copy that does not remember it. A part that is bound to "
        "a variable of its own is left alone; that variable is dropped."
    ),
    check=check,
    examples=(
        Fixed(
            "Two owners",
            """\
use demo::prelude::Reel

func two_reels(size: I64) -> (Reel, Reel) {
    return (Reel::new(size), Reel::new(size))
}

pub func sizes(count: I64) -> I64 {
    let pair: (Reel, Reel) = two_reels(count)
    return pair.0.size() + pair.1.size()
}
""",
            """\
use demo::prelude::Reel

func two_reels(size: I64) -> (Reel, Reel) {
    return (Reel::new(size), Reel::new(size))
}

pub func sizes(count: I64) -> I64 {
    let pair: (Reel, Reel) = two_reels(count)
    let result: I64 = pair.0.size() + pair.1.size()
    pair.0.destroy()
    pair.1.destroy()
    return result
}
""",
        ),
        Fixed(
            "Two strings",
            """\
use demo::prelude::number_pair

@test
func test_pair() -> I32 {
    let pair = number_pair(1, 2)
    assert(pair.0 == "1", "first")
    return 0
}
""",
            """\
use demo::prelude::number_pair

@test
func test_pair() -> I32 {
    let pair = number_pair(1, 2)
    assert(pair.0 == "1", "first")
    lowlevel { mem_free(pair.0 as I64 as *Unit) }
    lowlevel { mem_free(pair.1 as I64 as *Unit) }
    return 0
}
""",
        ),
        Untouched(
            "Parts with names of their own",
            """\
use demo::prelude::Reel

func two_reels(size: I64) -> (Reel, Reel) {
    return (Reel::new(size), Reel::new(size))
}

pub func first(count: I64) -> Reel {
    let pair: (Reel, Reel) = two_reels(count)
    let second = pair.1
    second.destroy()
    let reel = pair.0
    return reel
}
""",
        ),
    ),
)
