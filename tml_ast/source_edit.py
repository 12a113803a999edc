"""Edits as spans of the original bytes. What they mean does not matter here, so no parser is needed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

NO_OWNERS: frozenset[Hashable] = frozenset()


class EditConflict(ValueError):
    """Raised for two edits that claim the same bytes."""

    def __init__(self, first: SourceEdit, second: SourceEdit) -> None:
        super().__init__(
            f"the edits of bytes {first.start} to {first.end} and {second.start} to {second.end} overlap"
        )
        self.first = first
        self.second = second


@dataclass(frozen=True, slots=True)
class SourceEdit:
    """Replace the bytes from ``start`` to ``end`` by ``text``; an insertion when both are equal.

    ``owners`` are those who asked for the edit; they are passed on and have no other meaning.
    """

    start: int
    end: int
    text: bytes
    owners: frozenset[Hashable] = NO_OWNERS

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start} to {self.end}")


def in_order(edits: Iterable[SourceEdit]) -> list[SourceEdit]:
    """The edits from left to right; insertions at one point keep the order they came in.

    An insertion at the start of a replaced span comes before the replacement. Raises EditConflict
    when two replaced spans overlap or an insertion lies inside one.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for first, second in pairwise(ordered):
        if second.start < first.end:
            raise EditConflict(first, second)
    return ordered


def collide(edits: Iterable[SourceEdit]) -> bool:
    """Whether edits overlap, or replacements touch so that their order would matter."""
    try:
        ordered = in_order(edits)
    except EditConflict:
        return True
    return any(
        first.end == second.start and first.start < first.end and second.start < second.end
        for first, second in pairwise(ordered)
    )


def apply(source: bytes, edits: Iterable[SourceEdit]) -> bytes:
    """The source with all the edits made. Raises EditConflict as ``in_order`` does."""
    pieces: list[bytes] = []
    done = 0
    for edit in in_order(edits):
        if edit.end > len(source):
            raise ValueError(f"an edit ends at byte {edit.end}, after the end of the source")
        pieces += (source[done : edit.start], edit.text)
        done = edit.end
    return b"".join([*pieces, source[done:]])


def compose(first: Iterable[SourceEdit], second: Iterable[SourceEdit]) -> list[SourceEdit]:
    """One list of edits with the effect of ``first`` and then ``second`` on what ``first`` made.

    ``apply(source, compose(first, second)) == apply(apply(source, first), second)``. An edit of
    ``first`` and one of ``second`` that overlap or touch become one edit that has the owners of both.
    """
    placed: list[_Placed] = []
    grown = 0
    for edit in in_order(first):
        start = edit.start + grown
        placed.append(_Placed(start, start + len(edit.text), edit, True))
        grown += len(edit.text) - (edit.end - edit.start)
    placed += [_Placed(edit.start, edit.end, edit, False) for edit in in_order(second)]
    placed.sort(key=lambda edit: (edit.start, edit.end))

    composed: list[SourceEdit] = []
    group: list[_Placed] = []
    reach_of_first = reach_of_second = -1
    grown = 0
    for part in placed:
        if group and part.start > (reach_of_second if part.is_first else reach_of_first):
            merged, growth = _merge(group, grown)
            composed.append(merged)
            grown += growth
            group = []
            reach_of_first = reach_of_second = -1
        group.append(part)
        if part.is_first:
            reach_of_first = part.end
        else:
            reach_of_second = part.end
    if group:
        composed.append(_merge(group, grown)[0])
    return composed


@dataclass(frozen=True, slots=True)
class _Placed:
    """An edit and the span it has in the text between ``first`` and ``second``."""

    start: int
    end: int
    edit: SourceEdit
    is_first: bool


def _merge(group: Sequence[_Placed], grown: int) -> tuple[SourceEdit, int]:
    """One edit for a group that touches, and by how much its ``first`` edits grew the source."""
    start = min(part.start for part in group)
    end = max(part.end for part in group)
    middle = bytearray(end - start)
    growth = 0
    for part in group:
        if part.is_first:
            middle[part.start - start : part.end - start] = part.edit.text
            growth += len(part.edit.text) - (part.edit.end - part.edit.start)
    text = apply(
        bytes(middle),
        [
            SourceEdit(part.start - start, part.end - start, part.edit.text)
            for part in group
            if not part.is_first
        ],
    )
    owners = NO_OWNERS.union(*(part.edit.owners for part in group))
    return SourceEdit(start - grown, end - grown - growth, text, owners), growth
