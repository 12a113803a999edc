"""Misuses: values that are used or released once more after they were released."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import ControlFlowGraph, Use
from codemods.ownership.obligations import Misuse, ObligationReport
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def harmful_misuses(
    context: Context, graph: ControlFlowGraph, *, releases: bool
) -> Iterator[tuple[ObligationReport, Misuse]]:
    """The misuses of a function that free memory twice, or that reach freed memory.

    A release that blanks its handle leaves one variable safe to release again, but not a copy of it, and a
    parameter that is no reference is released by a copy.
    """
    for report, misuse in context.analysis.obligations.misuses(graph):
        type_ = report.variable.type
        if misuse.is_release is not releases or type_ is None:
            continue
        same_variable = all(release.variable is misuse.use.variable for release in misuse.releases)
        if same_variable and context.analysis.releases.may_be_repeated_on(report.variable):
            continue
        if releases or context.analysis.accesses.reaches(misuse.use):
            yield report, misuse


def release_statement(
    context: Context, use: Use, report: ObligationReport
) -> nodes.ExpressionStatement | None:
    """The statement that is nothing but the release of a variable, on lines of its own."""
    call = context.parent(use.node)
    statement = context.parent(call) if call is not None else None
    if not isinstance(call, nodes.MethodCall) or use.site.callee is not report.release:
        return None
    if not isinstance(statement, nodes.ExpressionStatement) or call.arguments:
        return None
    return statement if isinstance(context.parent(statement), nodes.Block) else None


def without(context: Context, statement: nodes.Node) -> SourceEdit | None:
    """The edit that removes a statement with its line; None where the line holds anything else."""
    source = context.file.source
    start = source.rfind(b"\n", 0, statement.start) + 1
    end = source.find(b"\n", statement.end)
    end = len(source) if end < 0 else end + 1
    if source[start : statement.start].strip() or source[statement.end : end].strip(b" \t\r\n;"):
        return None
    return SourceEdit(start, end, b"")


def released_on(context: Context, misuse: Misuse) -> str:
    """Where the value was released, for a message."""
    lines = list(dict.fromkeys(context.line(release.node.start) for release in misuse.releases))
    where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
    names = {release.variable.name for release in misuse.releases} - {misuse.use.variable.name}
    by = f", as `{sorted(names)[0]}`" if names else ""
    return f"released on {where}{by}"
