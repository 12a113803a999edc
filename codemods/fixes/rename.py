"""Rename: give a variable another name, where it is declared and wherever it is used."""

from __future__ import annotations

from codemods.fixes.diagnostics import Repair
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def rename(graph: ControlFlowGraph, variable: Variable, name: str) -> Repair:
    """One edit for the declaration, each use and each assignment; a short field gets its name written out."""
    token = variable.node.last_token if isinstance(variable.node, nodes.BindingPattern) else None
    if token is None and isinstance(variable.node, nodes.Var):
        token = variable.node.token("IDENT")
    assert token is not None
    edits = {token.start: SourceEdit(token.start, token.end, name.encode())}
    for use in graph.uses(variable):
        is_short_field = isinstance(use.node, nodes.FieldInit)
        text = f"{variable.name}: {name}" if is_short_field else name
        edits[use.node.start] = SourceEdit(use.node.start, use.node.end, text.encode())
    for assignment in graph.assignments_to(variable):
        target = assignment.node.target
        edits[target.start] = SourceEdit(target.start, target.end, name.encode())
    return Repair(tuple(edits.values()))
