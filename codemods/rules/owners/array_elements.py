"""array-elements: the owners in an array are never released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.owners import is_only_holder, release_of_dropped
from codemods.fixes.parts import is_only_read
from codemods.fixes.release_at_exits import Cleanup, before_exits
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.ownership.compiler.drops import DropKind
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, FunctionInfo
from tml_ast import nodes

_ONE_BY_ONE = 4
"""Up to so many elements are released one by one, more in a loop."""

_MORE_TO_FREE = Refusal("its release leaves what the compiler frees only with a variable")
_TOO_MANY = Refusal("only some of its many elements are left to release")


def check(context: Context) -> Iterator[Diagnostic]:
    """The arrays whose elements are owners that nothing releases."""
    for _, graph in context.graphs():
        for variable in graph.variables:
            array = variable.value
            if not isinstance(array, nodes.Array) or array.token(";") is not None:
                continue
            if not is_only_holder(context, graph, variable):
                continue
            releases = _releases(context, graph, variable, array)
            if not releases:
                continue
            owed = ", ".join(f"`{variable.name}[{index}]`" for index in releases)
            if len(releases) == len(array.elements):
                owed = f"what the array `{variable.name}` holds"
            verb = "is" if len(releases) == 1 or owed.startswith("what") else "are"
            message = f"{owed} {verb} never released: the compiler drops no array"
            repair = _repair(context, graph, variable, releases, len(array.elements))
            types = {graph.type_of(array.elements[index]) for index in releases}
            if any(context.analysis.drops.kind(type_) is DropKind.FIELDS for type_ in types):
                repair = _MORE_TO_FREE
            yield context.fix(graph, variable, message, repair)


def _releases(
    context: Context, graph: ControlFlowGraph, variable: Variable, array: nodes.Array
) -> dict[int, FunctionInfo]:
    """How to release the elements that nothing else takes, by their index."""
    found = {}
    for index, element in enumerate(array.elements):
        type_ = graph.type_of(element)
        release = release_of_dropped(context, type_)
        # what a list or map holds is not released with it
        is_alone = type_ is not None and all(part.name in SCALARS for part in type_.arguments)
        if release is not None and is_alone and context.analysis.summaries.origin(graph, element).is_fresh:
            found[index] = release
    for use in graph.uses(variable) if found else ():
        part = use.site.parent
        if not is_only_read(context, graph, part):
            if not isinstance(part, nodes.Index) or part.constant is None:
                return {}
            found.pop(int(part.constant), None)
    return found


def _repair(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    releases: Mapping[int, FunctionInfo],
    count: int,
) -> Repair | Refusal:
    name = variable.name
    if len(releases) <= _ONE_BY_ONE:
        text = "\n".join(release.statement_on(f"{name}[{index}]") for index, release in releases.items())
    elif len(releases) == count and len(set(releases.values())) == 1:
        position = context.names.for_consumed(graph.function, "i", "k", "index")
        release = releases[0].statement_on(f"{name}[{position}]")
        text = f"for {position} in 0 to {count} {{\n\t{release}\n}}"
    else:
        return _TOO_MANY
    views = frozenset(context.analysis.summaries.fate(graph, variable).views | {variable})
    return before_exits(context, graph, Cleanup(text, variable, views))


RULE = Rule(
    name="array-elements",
    summary="The owners in an array are never released.",
    reason=(
        "The compiler drops variables, and no arrays: not even an element of a type that it drops elsewhere "
        "is released at the end of the block. An element that was made for the array, and that nothing takes "
        "out of it, is released by its index."
    ),
    check=check,
    examples=(
        Fixed(
            "Two owners",
            """\
use demo::prelude::Reel

pub func sizes(count: I64) -> I64 {
    let row: [Reel; 2] = [Reel::new(count), Reel::new(2)]
    return row[0].size() + row[1].size()
}
""",
            """\
use demo::prelude::Reel

pub func sizes(count: I64) -> I64 {
    let row: [Reel; 2] = [Reel::new(count), Reel::new(2)]
    let result: I64 = row[0].size() + row[1].size()
    row[0].destroy()
    row[1].destroy()
    return result
}
""",
        ),
        Fixed(
            "One is released already",
            """\
use demo::prelude::Reel

@test
func test_sizes() -> I32 {
    let row = [Reel::new(1), Reel::new(2)]
    row[0].destroy()
    assert(row[1].size() == 2, "size")
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_sizes() -> I32 {
    let row = [Reel::new(1), Reel::new(2)]
    row[0].destroy()
    assert(row[1].size() == 2, "size")
    row[1].destroy()
    return 0
}
""",
        ),
        Fixed(
            "More than a few",
            """\
use demo::prelude::{Reel, measure}

@test
func test_sizes() -> I32 {
    let row: [Reel; 5] = [Reel::new(1), Reel::new(2), Reel::new(3), Reel::new(4), Reel::new(5)]
    for i in 0 to 5 {
        assert(measure(row[i]) > 0, "size")
    }
    return 0
}
""",
            """\
use demo::prelude::{Reel, measure}

@test
func test_sizes() -> I32 {
    let row: [Reel; 5] = [Reel::new(1), Reel::new(2), Reel::new(3), Reel::new(4), Reel::new(5)]
    for i in 0 to 5 {
        assert(measure(row[i]) > 0, "size")
    }
    for k in 0 to 5 {
        row[k].destroy()
    }
    return 0
}
""",
        ),
        Untouched(
            "One that is handed on by a number that is not known",
            """\
use demo::prelude::Reel

pub func pick(chosen: I64) -> Reel {
    let row: [Reel; 2] = [Reel::new(1), Reel::new(2)]
    return row[chosen]
}
""",
        ),
    ),
)
