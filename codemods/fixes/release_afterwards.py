"""A value that is needed to make the one that replaces it: kept in a second variable, and released then."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.one_line_block import is_one_line, spread_out
from codemods.ownership.cfg.graph import Assign, ControlFlowGraph, Role, Use
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.obligations import ObligationReport
from codemods.ownership.summaries.origins import Origin
from codemods.semantics.symbols import SCALARS
from tml_ast import nodes
from tml_ast.edit import insert_statement_after, insert_statement_before

LEAVING = nodes.Propagate | nodes.Return | nodes.Break | nodes.Continue | nodes.Throw
"""What may leave a statement before it is done."""


def release_afterwards(
    context: Context,
    graph: ControlFlowGraph,
    action: Assign,
    statement: nodes.ExpressionStatement,
    obligation: ObligationReport,
    taken: set[str],
) -> Repair | None:
    """Release the old value of a variable after an assignment whose value is made from it.

    None if the new value may hold a part of the old one, or may leave the function.

    The compiler may drop both variables, so the one that is released must be the copy.
    """
    value, name = action.node.value, action.variable.name
    if any(isinstance(node, LEAVING) for node in value.walk()):
        return None
    if not context.analysis.summaries.origin(graph, value).is_fresh or not all(
        _only_lends(context, graph, use) for use in graph.uses_in(value) if use.variable in obligation.views
    ):
        return None
    old = name_of_old(context, graph, action, taken)
    return do_around(context, statement, f"let {old} = {name}", obligation.release.statement_on(old))


def name_of_old(context: Context, graph: ControlFlowGraph, action: Assign, taken: set[str]) -> str:
    """A name for the value that a variable has before an assignment."""
    name = action.variable.name
    names = (
        (f"old_{name}", f"previous_{name}", f"former_{name}") if name != "result" else ("previous", "former")
    )
    old = context.names.for_consumed(graph.function, *names, taken=taken)
    taken.add(old)
    return old


def do_around(context: Context, statement: nodes.ExpressionStatement, before: str, after: str = "") -> Repair:
    """Put code in front of a statement and after it; a block on one line is spread out."""
    source, tree = context.file.source, context.file.tree
    block = context.parent(statement)
    if isinstance(block, nodes.Block) and is_one_line(source, block):
        kept = [other.text for other in block.statements]
        index = block.statements.index(statement)
        kept[index : index + 1] = filter(None, (before, statement.text, after))
        return Repair((spread_out(source, block, kept),))
    edits = [insert_statement_before(source, tree, statement, before)]
    if after:
        edits.append(insert_statement_after(source, tree, statement, after))
    return Repair(tuple(edits))


def _only_lends(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether what is made from a value holds no part of it."""
    site, summaries = use.site, context.analysis.summaries
    if site.role is Role.FIELD:
        type_ = graph.type_of(site.parent)
        owner = use.variable.type
        assert isinstance(site.parent, nodes.FieldAccess)
        return (
            type_ is not None
            and type_.name in SCALARS
            and owner is not None
            and site.parent.name not in summaries.handles.fields(owner)
        )
    if site.role is Role.REFERENCED:
        outer = graph.site_of(site.parent)
        if outer is None:
            return False
        site = outer
    if site.role not in (Role.RECEIVER, Role.ARGUMENT) or site.callee is None:
        return False
    position = -1 if site.role is Role.RECEIVER else site.position
    result = summaries.result(site.callee).origins
    return (
        summaries.call_effects(site) == {Effect.BORROWS}
        and not summaries.lends(site.callee, position)
        and not result & {Origin.VIEW, Origin.PASSED}
    )
