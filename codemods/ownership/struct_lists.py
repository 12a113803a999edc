"""Lists of structs that own their strings: what such a list loses when it is destroyed."""

from __future__ import annotations

from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.ownership.fields import Fields
from codemods.semantics.symbols import Type


def element_type(fields: Fields, graph: ControlFlowGraph, variable: Variable) -> Type | None:
    """The struct type of a local list whose elements were all made for it, and own strings."""
    type_ = variable.type
    if type_ is None or len(type_.arguments) != 1 or type_.bare != "List":
        return None
    element = type_.arguments[0]
    if not fields.owned_strings(element):
        return None
    return element if fields.list_elements(graph, variable).is_owned else None
