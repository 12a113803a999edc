"""Grow a string: ``text = text + more`` as ``text = "{text}{more.duplicate()}"``, which frees the old one."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.interpolation import is_sum_with, shown_in_one
from codemods.fixes.release_at_exits import mentions
from codemods.fixes.string_misuses import COPY
from codemods.fixes.workarounds import GROWS, GROWS_BY_COPIES, explained
from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import Assign, ControlFlowGraph
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def grow_string(context: Context, graph: ControlFlowGraph, action: Assign) -> Repair | None:
    """Write the sum of an assignment as an interpolation.

    None with a compiler whose interpolations free nothing of a variable's, in a test, where the compiler
    frees what calls in it make a second time, and unless all sums that the variable gets can be written so:
    it is not followed where only some of them free what it held.
    """
    variable, value = action.variable, action.node.value
    if Trait.INTERPOLATION not in graph.traits:
        return None
    if context.file.is_test or not is_sum_with(graph, variable, value):
        return None
    values = [assign.node.value for assign in graph.assignments_to(variable)]
    texts = {
        id(each): each.text
        if isinstance(each, nodes.InterpolatedString)
        else shown_in_one(context, graph, each, variable)
        for each in values
    }
    if not all(texts[id(each)] is not None for each in values if mentions(graph, each, {variable})):
        return None
    text = texts[id(value)]
    if text is None:
        return None
    shows_copies = any(text is not None and COPY.decode() in text for text in texts.values())
    repair = Repair((SourceEdit(value.start, value.end, text.encode()),))
    return explained(context, graph.function, value, GROWS_BY_COPIES if shows_copies else GROWS, repair)


def grows_by_itself(graph: ControlFlowGraph, action: Assign) -> bool:
    """Whether an assignment already shows the old string in an interpolation, and so frees it."""
    value = action.node.value
    if Trait.INTERPOLATION not in graph.traits or not isinstance(value, nodes.InterpolatedString):
        return False
    return any(
        use.variable is action.variable for hole in value.holes if (use := graph.use_at(hole)) is not None
    )
