"""What a function does with the parts of a tuple or array."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site
from codemods.ownership.compiler.builtins import Effect
from tml_ast import nodes
from tml_ast.nodes import Node


def is_only_read(context: Context, graph: ControlFlowGraph, part: Node) -> bool:
    """Whether an expression that names a part only reads it, so that nothing else keeps or releases it."""
    site = graph.site_of(part)
    if site is None:
        return False
    if site.role is Role.REFERENCED:
        site = graph.site_of(site.parent)
    return site is not None and _borrows(context, graph, site)


def _borrows(context: Context, graph: ControlFlowGraph, site: Site) -> bool:
    match site.role:
        case Role.RECEIVER | Role.ARGUMENT:
            if not context.analysis.summaries.call_effects(site) <= {Effect.BORROWS}:
                return False
            result = graph.type_of(site.parent)
            return result is not None and not context.analysis.summaries.handles.is_released(result)
        case Role.OPERAND | Role.CONDITION:
            return isinstance(site.parent, nodes.Binary)
        case _:
            return False
