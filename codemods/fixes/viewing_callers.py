"""Callers that still read what they took out of a value, when a method of it releases that part."""

from __future__ import annotations

from itertools import chain

from codemods.fixes.context import Context
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Declare, Role, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.semantics.symbols import SCALARS, FunctionInfo
from tml_ast import nodes


def is_viewed_by_callers(context: Context, function: FunctionInfo) -> bool:
    """Whether a caller reads something out of what it gives a function, and uses it after the call.

    A call after a release of the value counts, too: its parts are gone then.
    """
    users = context.tests.functions_mentioning([function.name])
    for analysis, caller in chain(context.functions_of_library(), users):
        outer = analysis.summaries.graph(caller)
        for call in outer.calls if outer is not None else ():
            assert outer is not None
            if call.callee is function and _outlives(analysis, outer, call.node):
                return True
    return False


def _outlives(analysis: Analysis, graph: ControlFlowGraph, call: nodes.Node) -> bool:
    """Whether what was read from a value is used after a call, or kept, or it is released before."""
    for use in graph.uses_in(call):
        if use.variable.type is not None and use.variable.type.name in SCALARS:
            continue
        fate = analysis.summaries.fate(graph, use.variable)
        views = fate.views - {use.variable}
        if fate.view_escapes or any(is_used_after(graph, use, view) for view in views):
            return True
        for earlier in graph.uses(use.variable):
            if (
                earlier.site.role is Role.RECEIVER
                and Effect.RELEASES in analysis.summaries.call_effects(earlier.site)
                and use in graph.uses_after(earlier, use.variable)
            ):
                return True
    return False


def is_used_after(graph: ControlFlowGraph, start: Use, variable: Variable) -> bool:
    """Whether a variable may be read after an action without being declared anew."""
    after = graph.actions_after(
        start, lambda action: isinstance(action, Declare) and action.variable is variable
    )
    return any(isinstance(action, Use) and action.variable is variable for action in after)
