"""double-release: a value is released that is released already."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.misuses import harmful_misuses, release_statement, released_on, without
from codemods.fixes.naming import short_code
from codemods.fixes.string_misuses import described, without_release
from codemods.ownership.cfg.graph import ControlFlowGraph, VariableKind
from codemods.ownership.obligations import Misuse, ObligationReport
from codemods.rules.rule import Fixed, Offered, Reported, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression

_CALLERS_FREE = "every caller frees what it gets, as one that does not would lose the copy"


def check(context: Context) -> Iterator[Diagnostic]:
    """The releases that find their value released."""
    for _, graph in context.graphs():
        for report, misuse in harmful_misuses(context, graph, releases=True):
            name = misuse.use.variable.name
            may = "is" if misuse.is_certain else "may be"
            message = (
                f"`{name}` ({report.variable.type}) {may} freed twice: it was "
                f"{released_on(context, misuse)}, and {name}.{report.release.name}() releases it again"
            )
            yield context.fix(graph, misuse.use.node, message, _without_second(context, report, misuse))
        taken: set[int] = set()
        for freed in context.analysis.string_lifetimes.misuses(graph):
            if freed.is_release:
                repair = without_release(context, graph, freed, taken)
                yield context.fix(graph, freed.node, described(context, freed), repair)
        for value, owner in context.analysis.string_lifetimes.handed_out(graph):
            message = (
                f"`{short_code(value.text)}` is no new string, but @allocates makes the compiler free it for "
                f"every caller; {owner} frees it again, unless it is a constant"
            )
            yield context.fix(graph, value, message, _copied(graph, value))


def _copied(graph: ControlFlowGraph, value: Expression) -> Repair | Refusal:
    """Return a copy of what an argument holds, which is right if nobody loses it."""
    variable = graph.variable_at(value)
    is_given = variable is not None and variable.kind is VariableKind.PARAMETER
    if not is_given and not isinstance(value, nodes.FieldAccess):
        return Refusal("return a copy where it is not new")
    return Repair((SourceEdit(value.end, value.end, b".duplicate()"),), assumption=_CALLERS_FREE)


def _without_second(context: Context, report: ObligationReport, misuse: Misuse) -> Repair | Refusal:
    if not misuse.is_certain:
        return Refusal("only on some paths: release it where they meet, and nowhere before")
    statement = release_statement(context, misuse.use, report)
    edit = without(context, statement) if statement is not None else None
    return Repair((edit,)) if edit is not None else Refusal("its line holds more than the release")


RULE = Rule(
    name="double-release",
    summary="A value is released that is released already.",
    reason=(
        "A struct value is a bit copy: every variable that holds it has the same handle. Releasing it "
        "twice, by one name or by two, gives the same memory back twice. That crashes, or corrupts "
        "whatever was put there in between, and is worse than a leak. A release that comes after another "
        "one on every path is removed. One that comes after another on some paths only is reported with "
        "both places. Strings are freed by hand, by the compiler with the variable or struct that holds "
        "them, and by every interpolation that shows them beside something else: two of these free a "
        "string twice. In a library the interpolation gets a copy instead. "
        "What @allocates lets every caller free must be new: a copy of what is handed back is offered for "
        "review, because a caller that frees nothing would lose it."
    ),
    check=check,
    examples=(
        Fixed(
            "Released by two names",
            """\
use demo::prelude::Reel

pub func measured(count: I64) -> I64 {
    let reel = Reel::new(count)
    let same = reel
    let size: I64 = same.size()
    reel.destroy()
    same.destroy()
    return size
}
""",
            """\
use demo::prelude::Reel

pub func measured(count: I64) -> I64 {
    let reel = Reel::new(count)
    let same = reel
    let size: I64 = same.size()
    reel.destroy()
    return size
}
""",
        ),
        Offered(
            "Handed back as if it were new",
            """\
use core::str

@allocates
pub func trimmed(text: Str, count: I64) -> Str {
    if count == 0 {
        return text
    }
    return str::substring(text, count, str::len(text))
}
""",
            """\
use core::str

@allocates
pub func trimmed(text: Str, count: I64) -> Str {
    if count == 0 {
        return text.duplicate()
    }
    return str::substring(text, count, str::len(text))
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
    reel.destroy()
    return count
}
""",
        ),
        Untouched(
            "Once on every path",
            """\
use demo::prelude::Reel

pub func measured(count: I64) -> I64 {
    let reel = Reel::new(count)
    if count > 10 {
        reel.destroy()
        return 10
    }
    reel.destroy()
    return count
}
""",
        ),
    ),
)
