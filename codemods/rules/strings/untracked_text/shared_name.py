"""A ``let`` is dropped once its maker is marked, unless another function gives its name away: rename it."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.makers import maker_of, will_be_marked
from codemods.fixes.naming import other_names
from codemods.fixes.rename import rename
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.semantics.symbols import STR


def diagnose(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic | None:
    """The finding about a let in a method whose name another function gives away.

    Between methods the compiler does not forget the names that were given away.
    """
    if variable.kind is not VariableKind.LET or variable.type != STR or graph.function.owner is None:
        return None
    if context.analysis.drops.is_registered(variable):
        return None
    maker = maker_of(graph, variable)
    if maker is None or not will_be_marked(context, maker):
        return None
    if not context.names.is_consumed(variable.name, graph.function):
        return None
    names = other_names(graph.function, variable.name, variable.value)
    name = context.names.for_dropped(graph.function, *names)
    message = (
        f"`{variable.name}` gets a name of its own: another function gives the old name away, and the "
        "compiler does not forget that between methods"
    )
    return context.fix(graph, variable, message, rename(graph, variable, name))
