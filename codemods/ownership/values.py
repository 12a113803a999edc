"""Lists of structs that own their strings: what such a list loses when it is destroyed."""

from __future__ import annotations

from codemods.ownership.drops import DropKind
from codemods.ownership.fields import Fields, only_empty_constants
from codemods.ownership.flow import Flow, Variable
from codemods.ownership.obligations import Analysis
from codemods.symbols import Type


def owned_texts(analysis: Analysis, fields: Fields, type_: Type) -> list[str]:
    """The string fields of a struct that are its own; none if it has anything else that is dropped."""
    if analysis.drops.kind(type_) is not DropKind.FIELDS or type_.arguments:
        return []
    declared = analysis.index.fields(type_)
    dropped = [name for name in declared if analysis.drops.drops_field(type_, name)]
    for name in dropped:
        origin = fields.origin(type_, name)
        if declared[name].name != "Str" or not origin.is_owned or not only_empty_constants(origin):
            return []
    return dropped


def element_type(analysis: Analysis, fields: Fields, flow: Flow, variable: Variable) -> Type | None:
    """The struct type of a local list whose elements were all made for it, and own strings."""
    type_ = variable.type
    if type_ is None or type_.bare != "List" or len(type_.arguments) != 1:
        return None
    element = type_.arguments[0]
    if not owned_texts(analysis, fields, element):
        return None
    return element if fields.list_elements(flow, variable).is_owned else None
