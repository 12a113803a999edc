"""Handles: the fields, numbers among them, that stand for what the release of a type gives back."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.semantics.layers import Layer, by_type
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, FunctionInfo, Index, Type
from tml_ast import nodes

_ADDRESS_NAMES = ("handle", "address", "addr", "ptr", "raw")
"""What the names of numbers that are handles have in them."""


class Handles(Layer):
    """Which types are released, and which of their fields are handles."""

    def __init__(self, index: Index, library: Handles | None = None) -> None:
        super().__init__(index, library)
        self._fields: dict[str, frozenset[str]] = {}

    @by_type
    def fields(self, type_: Type) -> frozenset[str]:
        """The fields of a struct that hold what its release gives back, as a raw address or a number.

        Pointers are; a number is where methods turn it into a string or an address, or where the struct has
        nothing else that could be released.
        """
        if type_.name not in self._fields:
            self._fields[type_.name] = self._find_fields(type_)
        return self._fields[type_.name]

    def _find_fields(self, type_: Type) -> frozenset[str]:
        types = self.index.fields(type_)
        found = {name for name, field_type in types.items() if field_type.name == "*"}
        numbers = [name for name, field_type in types.items() if field_type.name in ("I64", "U64")]
        found |= self.pointer_fields(type_).intersection(numbers)
        if found or any(self.is_released(field_type) for field_type in types.values()):
            return frozenset(found)
        return frozenset(numbers[:1]) if len(numbers) == 1 or _is_address_name(numbers) else frozenset()

    def pointer_fields(self, type_: Type) -> set[str]:
        """The fields that methods of a type turn from a number into a string or an address."""
        return {
            node.operand.name
            for methods in self.index.methods.get(type_.name, {}).values()
            for method in methods
            for node in method.node.walk()
            if isinstance(node, nodes.Cast)
            and isinstance(node.operand, nodes.FieldAccess)
            and isinstance(node.operand.object, nodes.This)
            and node.annotation.text.startswith(("Str", "*"))
        }

    def hands_out(self, graph: ControlFlowGraph, access: nodes.FieldAccess) -> bool:
        """Whether reading a field hands out a part of the struct: of numbers only a handle is one."""
        type_, owner = graph.type_of(access), graph.type_of(access.object)
        if type_ is None or owner is None or type_.name not in ("I64", "U64"):
            return True
        return access.name in self.fields(owner.target())

    def keeps_handles(self, type_: Type | None, given: AbstractSet[str]) -> bool:
        """Whether a struct that takes its other fields from another one gets a handle from there.

        ``given`` are the fields that it does not take.
        """
        if type_ is None:
            return True
        if not self.is_released(type_):
            return True
        handles = self.fields(type_)
        owning = {name for name, field in self.index.fields(type_).items() if self.is_released(field)}
        return not handles | owning or not handles | owning <= given

    def release_of(self, type_: Type | None) -> FunctionInfo | None:
        """The method that releases a value of this type: no arguments, and no result that matters."""
        if type_ is None or type_.name in ("ref", "*", "Str"):
            return None
        other = self.index.other_release(type_)
        for name in self.index.release_names(type_):
            found = self.index.method(type_, name)
            if found is not None and (found.has_shape_of_release or name == other):
                return found
        return None

    def is_release(self, function: FunctionInfo) -> bool:
        """Whether a method is a type's own release, by its shape and name."""
        return self.release_of(function.owner) is function

    def is_released(self, type_: Type | None) -> bool:
        """Whether values of a type, or its payload, are released, by hand or by Drop."""
        if type_ is None:
            return False
        if type_.name in BUILTIN_VARIANTS:
            return any(self.is_released(argument) for argument in type_.arguments)
        return type_.name in self.index.drops or any(
            self.index.method(type_, name) for name in self.index.release_names(type_)
        )


def _is_address_name(names: list[str]) -> bool:
    """Whether the first name says that it is an address."""
    return bool(names) and any(part in names[0] for part in _ADDRESS_NAMES)


def may_be_address(type_: Type | None) -> bool:
    """Whether values of a type may be addresses."""
    return type_ is not None and type_.name in ("*", "I64", "U64")


def is_scalar(type_: Type | None) -> bool:
    """Whether a type is known to be a number, a truth value or the like."""
    return type_ is not None and type_.name in SCALARS


def is_list(type_: Type | None) -> bool:
    """Whether values of a type are lists, which free their own storage and never their elements."""
    return type_ is not None and type_.bare == "List"


def carries_ownership(type_: Type | None) -> bool:
    """Whether a value of this type can hold or refer to something that is released."""
    return type_ is None or type_.name not in SCALARS - {"I64", "U64", "Usize"}
