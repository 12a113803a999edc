"""Blocks on one line: where one fits, and how its statements are put on lines of their own."""

from __future__ import annotations

from collections.abc import Iterable

from tml_ast import nodes
from tml_ast.edit import SourceEdit, lay_out, line_start
from tml_ast.nodes import Node

WIDEST = 100
"""The columns that a line of new code may take."""


def fits_line(source: bytes, node: Node, added: str) -> bool:
    """Whether the line of a node, which is on no other, has room for more code that is one line as well."""
    start, end = line_start(source, node.start), source.find(b"\n", node.end)
    line = source[start : end if end >= 0 else len(source)].rstrip()
    is_simple = b"\n" not in line and b"//" not in line and b"/*" not in line
    return is_simple and not set("\n{}/") & set(added) and len(line.decode()) + len(added) <= WIDEST


def is_one_line(source: bytes, block: Node) -> bool:
    """Whether a block stands on one line, with no comment in it that would be lost."""
    text = source[block.start : block.end]
    return b"\n" not in text and b"/*" not in text


def spread_out(source: bytes, block: nodes.Block, statements: Iterable[str]) -> SourceEdit:
    """Give a block other statements, each on lines of its own.

    A lowlevel block at its end must not count as its value: two branches that end so do not compile.
    """
    *others, last = statements
    lines = [*map(_without_semicolon, others, (*others[1:], last)), last]
    code = "\n".join(("", *lines))
    code += ";" if code.rpartition("\n")[2].startswith("lowlevel") else ""
    interior = "\n\t".join(code.split("\n")) + "\n"
    return SourceEdit(block.start + 1, block.end - 1, lay_out(source, block.start, f"{interior}}}")[:-1])


def _without_semicolon(statement: str, following: str) -> str:
    """A statement for a line of its own: it needs no ``;`` before a line that cannot continue it."""
    return statement.removesuffix(";") if following[:1].isalpha() else statement
