"""What conditions may ask about code beyond its shape. Nothing here knows how it is found out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from tml_ast.lexer import Token
from tml_ast.nodes import Module, Node


class Facts(Protocol):
    """What is known of a file, and of the tree that it is in."""

    def is_owned(self, code: Node | Token) -> bool | None:
        """Whether a variable or expression has a value of its own to free; None where that is not known."""

    def type_of(self, code: Node | Token) -> str | None:
        """The type of the value, as it is written, where it is known."""

    def methods_of(self, code: Node | Token) -> Collection[str] | None:
        """The names of the methods of a type, or of the type of a value; None where the type is not known."""

    def files_with(self, names: Collection[bytes]) -> Iterable[Module]:
        """The files of the tree that hold all of these names."""


class _NothingKnown:
    def is_owned(self, code: Node | Token) -> None:
        """Not known."""

    def type_of(self, code: Node | Token) -> None:
        """Not known."""

    def methods_of(self, code: Node | Token) -> None:
        """Not known."""

    def files_with(self, names: Collection[bytes]) -> Iterable[Module]:
        """No file."""
        return ()


NOTHING_KNOWN: Facts = _NothingKnown()
"""The facts of a file of which only the text is known."""
