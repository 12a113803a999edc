"""The function that makes the string of a variable, and whether it will be marked."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.semantics.symbols import FunctionInfo


def maker_of(graph: ControlFlowGraph, variable: Variable) -> FunctionInfo | None:
    """The function that the initialiser of a variable calls."""
    call = graph.call_at(variable.value) if variable.value is not None else None
    return call.callee if call is not None else None


def will_be_marked(context: Context, maker: FunctionInfo) -> bool:
    """Whether the function gets its ``@allocates`` in this phase, and so needs nothing else."""
    reservations = context.reservations
    return (
        maker.file.path in context.lists.paths
        and reservations.loses_strings(maker)
        and reservations.refusal(maker.name) is None
    )
