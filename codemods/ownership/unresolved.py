"""What the compiler would refuse, and so no fix may add.

Names that nothing declares, methods, fields and parts of tuples that a type does not have, and numbers for
other values or the reverse.
"""

from __future__ import annotations

from collections import Counter

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, VariableKind
from codemods.semantics.symbols import SCALARS, Type
from tml_ast import nodes

_BOUND = (VariableKind.LET, VariableKind.VAR)


def unresolved(analysis: Analysis, graph: ControlFlowGraph) -> Counter[str]:
    """How often a function uses what is not there, or binds another value than it declares."""
    graphs = list(graph.with_closures())
    resolved = {id(use.node) for inner in graphs for use in inner.all_uses}
    resolved |= {id(node.target) for node in graph.nodes_of(nodes.Assignment)}
    resolved |= {id(node.function) for node in graph.nodes_of(nodes.Call)}
    found = Counter(
        f"`{node.identifier}`"
        for node in graph.nodes_of(nodes.Path)
        if node.identifier is not None and node.identifier[:1].islower() and id(node) not in resolved
    )
    accesses = graph.nodes_of(nodes.FieldAccess)
    for inner in graphs:
        for access in accesses:
            owner = inner.type_of(access.object)
            if owner is not None and not _may_have_field(analysis, owner.target(), access.name):
                found[f".{access.name} of {owner}"] += 1
        for call in inner.calls:
            node = call.node
            if isinstance(node, nodes.MethodCall) and call.callee is None:
                type_ = inner.type_of(node.receiver)
                if type_ is not None and _has_methods(analysis, type_.target().name):
                    found[f"{node.name}() of {type_}"] += 1
        for variable in inner.variables:
            if variable.kind in _BOUND and variable.value is not None:
                declared, given = variable.type, inner.type_of(variable.value)
                if declared and given and (declared.name in SCALARS) != (given.name in SCALARS):
                    found[f"{given} as {declared}"] += 1
    return found


def _may_have_field(analysis: Analysis, type_: Type, name: str) -> bool:
    """Whether a type has a field or a part of this name, as far as it is known."""
    if type_.name == "()":
        return not name.isdigit() or int(name) < len(type_.arguments)
    info = analysis.index.type_info(type_)
    if info is not None and isinstance(info.node, nodes.Struct):
        return name in info.fields
    return type_.name not in SCALARS


def _has_methods(analysis: Analysis, name: str) -> bool:
    """Whether all methods of a type are known."""
    return name in SCALARS or name in analysis.index.methods
