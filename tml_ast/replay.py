r"""Edits that were made one after the other, and the text with only some of them.

A text is kept as the pieces that were ever in it. A piece that is removed stays in its place, as in the
sequences of collaborative editors (WOOT, Oster et al., CSCW 2006), so each piece knows who made it and who
removed it, and any choice of edits has a text::

    history = History(b"let a = open()\n")
    history.make([SourceEdit(15, 15, b"close(a)\n", frozenset(("close",)))])
    history.make([SourceEdit(15, 23, b"a.close()", frozenset(("rename",)))])
    history.text()                    # b"let a = open()\na.close()\n"
    history.text({"close"})           # b"let a = open()\nclose(a)\n"
    history.needs("rename")           # {"close"}
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Generic, TypeVar

from tml_ast.source_edit import SourceEdit, in_order

Owner = TypeVar("Owner", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Piece(Generic[Owner]):
    """Bytes that are or were in a text."""

    text: bytes
    makers: frozenset[Owner] = frozenset()
    """Those with an edit that inserted it; none for a piece of the original."""
    removers: frozenset[Owner] = frozenset()
    """Those with an edit that removed it."""

    def is_in(self, chosen: Collection[Owner]) -> bool:
        """Whether the text with the edits of those chosen has it."""
        is_made = not self.makers or any(owner in chosen for owner in self.makers)
        return is_made and not any(owner in chosen for owner in self.removers)

    @property
    def owners(self) -> frozenset[Owner]:
        """Those with an edit that inserted or removed it."""
        return self.makers | self.removers


class History(Generic[Owner]):
    """A text, and the edits that were made in it. Every edit needs an owner."""

    def __init__(
        self,
        original: bytes,
        pieces: Iterable[Piece[Owner]] | None = None,
        offers: frozenset[Owner] = frozenset(),
    ) -> None:
        self._original = original
        self._pieces: list[Piece[Owner]] = [Piece(original)] if pieces is None else list(pieces)
        self._offers = offers

    @property
    def original(self) -> bytes:
        """The text without any edit."""
        return self._original

    @property
    def pieces(self) -> Sequence[Piece[Owner]]:
        """All pieces, in the order of the text."""
        return self._pieces

    @property
    def offers(self) -> frozenset[Owner]:
        """Those whose edits are not made unless they are chosen."""
        return self._offers

    @property
    def owners(self) -> frozenset[Owner]:
        """All who have an edit."""
        return frozenset().union(*(piece.owners for piece in self._pieces))

    def text(self, chosen: Collection[Owner] | None = None) -> bytes:
        """The text with the edits of those chosen; by default of all but the offers."""
        made = self.owners - self._offers if chosen is None else chosen
        return b"".join(piece.text for piece in self._pieces if piece.is_in(made))

    def edits(self, chosen: Collection[Owner]) -> list[SourceEdit]:
        """The edits of the original that make the text with the edits of those chosen."""
        made: list[SourceEdit] = []
        offset = start = 0
        text = b""
        for piece in self._pieces:
            length = 0 if piece.makers else len(piece.text)
            if not piece.is_in(chosen):
                offset += length
            elif piece.makers:
                text += piece.text
            elif length:
                if text or start < offset:
                    made.append(SourceEdit(start, offset, text))
                offset += length
                start, text = offset, b""
        return [*made, SourceEdit(start, offset, text)] if text or start < offset else made

    def renamed(self, names: Mapping[Owner, Other]) -> History[Other]:
        """The same history with other owners; two that get one name become one."""

        def named(owners: frozenset[Owner]) -> frozenset[Other]:
            return frozenset(names[owner] for owner in owners)

        pieces = (Piece(piece.text, named(piece.makers), named(piece.removers)) for piece in self._pieces)
        return History(self._original, pieces, named(self._offers))

    def make(self, edits: Iterable[SourceEdit]) -> None:
        """Make edits, whose offsets are those of `text`. Raises EditConflict as `in_order` does."""
        self._add(edits)

    def offer(self, edits: Iterable[SourceEdit]) -> None:
        """Add edits, with offsets of `text`, that are made only where they are chosen."""
        edits = list(edits)
        self._offers |= frozenset().union(*map(_owners, edits))
        self._add(edits)

    def _add(self, edits: Iterable[SourceEdit]) -> None:
        made = self.owners - self._offers
        left = list(reversed(self._pieces))
        done: list[Piece[Owner]] = []
        offset = 0
        for edit in in_order(edits):
            while offset < edit.start or (left and not left[-1].text):
                piece = left.pop()
                if piece.is_in(made):
                    piece = self._cut(piece, edit.start - offset, left)
                    offset += len(piece.text)
                done.append(piece)
            if edit.text:
                done.append(Piece(edit.text, _owners(edit)))
            while offset < edit.end:
                piece = left.pop()
                if piece.is_in(made):
                    piece = self._cut(piece, edit.end - offset, left)
                    offset += len(piece.text)
                    piece = replace(piece, removers=piece.removers | _owners(edit))
                done.append(piece)
        self._pieces = [*done, *reversed(left)]

    @staticmethod
    def _cut(piece: Piece[Owner], length: int, left: list[Piece[Owner]]) -> Piece[Owner]:
        """The first bytes of a piece; the others go back to those that are left."""
        if len(piece.text) <= length:
            return piece
        left.append(replace(piece, text=piece.text[length:]))
        return replace(piece, text=piece.text[:length])

    def needs(self, owner: Owner) -> frozenset[Owner]:
        """Those without whose edits an owner's make no sense: it removes what they inserted, or is inside."""
        needed: set[Owner] = set()
        for number, piece in enumerate(self._pieces):
            if owner in piece.removers:
                needed |= piece.makers
            if owner in piece.makers:
                needed |= self._around(number)
        return frozenset(needed - {owner})

    def _around(self, number: int) -> frozenset[Owner]:
        """Those who inserted text both before and after a piece, with nothing of the original between."""
        before = self._inserters(reversed(self._pieces[:number]))
        return before & self._inserters(self._pieces[number + 1 :])

    @staticmethod
    def _inserters(pieces: Iterable[Piece[Owner]]) -> frozenset[Owner]:
        return frozenset().union(*(piece.makers for piece in takewhile(lambda each: each.makers, pieces)))


def _owners(edit: SourceEdit) -> frozenset[Any]:
    return edit.owners
