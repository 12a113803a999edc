"""Write other code around parts of a construct, which stay as they are, on several lines if need be."""

from __future__ import annotations

from collections.abc import Sequence

from tml_ast.edit import SourceEdit, lay_out
from tml_ast.nodes import Node

PART = "\0"
"""Stands for the next of the parts in the code around them."""


def write_around(source: bytes, whole: Node, parts: Sequence[Node], text: str) -> tuple[SourceEdit, ...]:
    """The edits that put ``text``, in which each part has its place in their order, where ``whole`` is."""
    pieces = lay_out(source, whole.start, text).split(PART.encode())
    starts = [whole.start, *(part.end for part in parts)]
    ends = [*(part.start for part in parts), whole.end]
    return tuple(
        SourceEdit(start, end, piece) for start, end, piece in zip(starts, ends, pieces, strict=True)
    )
