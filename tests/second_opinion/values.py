"""What variables hold. A struct is copied bit by bit, as the compiler does it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tests.second_opinion.heap import Pointer


@dataclass(slots=True, eq=False)
class Cell:
    """A place in memory that holds a value."""

    value: Any


@dataclass(slots=True, eq=False)
class Struct:
    """A value with fields."""

    type: str
    fields: dict[str, Cell]


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A value of Maybe, Outcome or another enum."""

    name: str
    payload: tuple[Any, ...] = ()


def copied(value: Any) -> Any:
    """What a load yields: a copy of the same machine words."""
    if isinstance(value, Struct):
        return Struct(value.type, {name: Cell(copied(cell.value)) for name, cell in value.fields.items()})
    if isinstance(value, Variant):
        return Variant(value.name, tuple(copied(part) for part in value.payload))
    if isinstance(value, tuple):
        return tuple(copied(part) for part in value)
    return value


def equal(left: Any, right: Any) -> bool:
    """Whether numbers or addresses are equal; null is the number 0."""
    return bool(_word(left) == _word(right))


def _word(value: Any) -> Any:
    if isinstance(value, Pointer):
        return (id(value.block), value.offset) if value.block else value.offset
    return value


def base_and_arguments(type_text: str) -> tuple[str, list[str]]:
    """``Map[K, V]`` as its name and its arguments; a tuple's name is empty."""
    text = re.sub(r"^(mut )?(ref|&) ?", "", type_text.strip())
    match = re.fullmatch(r"(?s)([^\[(]*)[\[(](.*)[\])]", text)
    if match is None or text.startswith("*"):
        return text.rpartition("::")[2], []
    return match[1].rpartition("::")[2], _split(match[2])


def substituted(type_text: str, bindings: Mapping[str, str]) -> str:
    """The type with other types in place of its parameters."""
    return re.sub(r"\w+", lambda name: bindings.get(name[0], name[0]), type_text) if bindings else type_text


def bind_parameters(pattern: str, type_text: str, names: Collection[str], bindings: dict[str, str]) -> None:
    """Find out which types the parameters in ``pattern`` stand for where a value has the type."""
    if pattern in names:
        bindings.setdefault(pattern, type_text)
        return
    parts = zip(base_and_arguments(pattern)[1], base_and_arguments(type_text)[1], strict=False)
    for part, argument in parts:
        bind_parameters(part, argument, names, bindings)


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[(") - (character in "])")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def is_address(type_text: str) -> bool:
    """Whether a value of this type is one bare pointer."""
    return type_text == "Str" or type_text.startswith(("*", "ref ", "mut ref "))
