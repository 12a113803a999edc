"""use-after-release: a value is used after it was released."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.misuses import harmful_misuses, release_statement, released_on, without
from codemods.fixes.release_at_exits import Cleanup, after_last_use
from codemods.fixes.string_misuses import described, unmovable
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.obligations import Misuse, ObligationReport
from codemods.rules.rule import Fixed, Reported, Rule, Untouched


def check(context: Context) -> Iterator[Diagnostic]:
    """The uses that reach memory which is given back."""
    for _, graph in context.graphs():
        moved: set[int] = set()
        for report, misuse in harmful_misuses(context, graph, releases=False):
            name = misuse.use.variable.name
            may = "is" if misuse.is_certain else "may be"
            message = (
                f"`{name}` ({report.variable.type}) {may} used after it was {released_on(context, misuse)}"
            )
            repair = _released_later(context, graph, report, misuse, moved)
            yield context.fix(graph, misuse.use.node, message, repair)
        for freed in context.analysis.string_lifetimes.misuses(graph):
            if not freed.is_release:
                yield context.report(graph, freed.node, described(context, freed), because=unmovable(freed))


def _released_later(
    context: Context, graph: ControlFlowGraph, report: ObligationReport, misuse: Misuse, moved: set[int]
) -> Repair | Refusal:
    """Move the only release after the last use."""
    if not misuse.is_certain or len(misuse.releases) != 1:
        return Refusal("only on some paths: release it after its last use")
    release = misuse.releases[0]
    if release.variable is not report.variable or id(release) in moved:
        return Refusal("release it after its last use")
    statement = release_statement(context, release, report)
    gone = without(context, statement) if statement is not None else None
    let = context.parent(report.variable.node)
    if (
        statement is None
        or gone is None
        or let is None
        or context.parent(statement) is not context.parent(let)
    ):
        return Refusal("its release stands in another block; release it after its last use")
    later = after_last_use(context, graph, Cleanup.of(report))
    if isinstance(later, Refusal):
        return Refusal(f"{later.reason}; release it after its last use")
    moved.add(id(release))
    return Repair((gone, *later.edits))


RULE = Rule(
    name="use-after-release",
    summary="A value is used after it was released.",
    reason=(
        "A release gives back the memory that the handle refers to. A method that reads or writes through "
        "the handle afterwards meets what somebody else has put there by then, or crashes. That is worse "
        "than a leak. The release moves after the last use where all paths go through both; everything "
        "else is reported with both places. Reading a plain field of a released value is harmless. A string "
        "that is used after it was freed, by hand or by the compiler, is reported."
    ),
    check=check,
    examples=(
        Fixed(
            "Asked after it was released",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    let reel = Reel::new(4)
    reel.destroy()
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
        Reported(
            "Released on one of the paths",
            """\
use demo::prelude::Reel

pub func measured(count: I64) -> I64 {
    let reel = Reel::new(count)
    if count > 10 {
        reel.destroy()
    }
    return reel.size()
}
""",
        ),
        Untouched(
            "Released after the last use",
            """\
use demo::prelude::Reel

pub func measured(count: I64) -> I64 {
    let reel = Reel::new(count)
    let size: I64 = reel.size()
    reel.destroy()
    return size
}
""",
        ),
    ),
)
