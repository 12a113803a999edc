"""A block on one line that gets more statements: each is put on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable

from tml_ast import nodes
from tml_ast.edit import SourceEdit, lay_out
from tml_ast.nodes import Node


def is_one_line(source: bytes, block: Node) -> bool:
    """Whether a block stands on one line, with no comment in it that would be lost."""
    text = source[block.start : block.end]
    return b"\n" not in text and b"/*" not in text


def spread_out(source: bytes, block: nodes.Block, statements: Iterable[str]) -> SourceEdit:
    """Give a block other statements, each on lines of its own.

    A lowlevel block at its end must not count as its value: two branches that end so do not compile.
    """
    code = "\n".join(("", *statements))
    code += ";" if code.rpartition("\n")[2].startswith("lowlevel") else ""
    interior = "\n\t".join(code.split("\n")) + "\n"
    return SourceEdit(block.start + 1, block.end - 1, lay_out(source, block.start, f"{interior}}}")[:-1])
