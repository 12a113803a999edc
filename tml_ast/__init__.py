"""TML as text and tree: a lossless parser, visitors, patterns and edits. Knows nothing about leaks.

In short::

    module = parse(source)              # bytes to a tree; module.code() == source
    for item in module.items: ...       # one class per construct
    CodePattern("$x.close()")           # find code by its shape, render() a replacement
    apply(source, edits)                # change spans of the original bytes, nothing else

**Units.** A source is bytes, and every offset (``Token.start``, ``Node.start`` and ``end``, ``SourceEdit``)
counts bytes from its beginning. Lines and columns are for people: both count from 1, columns in characters;
``position`` computes them from an offset. Names and text are ``str``.

**Errors.** ``parse`` and ``parse_snippet`` raise ``TmlSyntaxError``, with line, column and offset, for what
the compiler's parser refuses, and for bytes that are not UTF-8, a byte order mark, or too deep nesting.
``tokenize`` never fails: what is not a token becomes an ERROR token, and all bytes are kept. ``apply`` raises
``EditConflict`` when two edits claim the same bytes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tml_ast.edit import (
        indentation_of,
        insert_before_block_end,
        insert_statement_after,
        insert_statement_before,
        line_ending_of,
    )
    from tml_ast.lexer import TmlSyntaxError, Token, position, tokenize
    from tml_ast.nodes import Module, Node
    from tml_ast.parser import parse, parse_snippet
    from tml_ast.pattern import Binding, CodePattern, Match, render
    from tml_ast.source_edit import EditConflict, SourceEdit, apply, compose, in_order
    from tml_ast.tree_text import dump
    from tml_ast.visitor import REMOVE, Transformer, Visitor

__all__ = [
    "REMOVE",
    "Binding",
    "CodePattern",
    "EditConflict",
    "Match",
    "Module",
    "Node",
    "SourceEdit",
    "TmlSyntaxError",
    "Token",
    "Transformer",
    "Visitor",
    "apply",
    "compose",
    "dump",
    "in_order",
    "indentation_of",
    "insert_before_block_end",
    "insert_statement_after",
    "insert_statement_before",
    "line_ending_of",
    "parse",
    "parse_snippet",
    "position",
    "render",
    "tokenize",
]

_HOMES = {
    "edit": (
        "indentation_of",
        "insert_before_block_end",
        "insert_statement_after",
        "insert_statement_before",
        "line_ending_of",
    ),
    "lexer": ("TmlSyntaxError", "Token", "position", "tokenize"),
    "nodes": ("Module", "Node"),
    "parser": ("parse", "parse_snippet"),
    "pattern": ("Binding", "CodePattern", "Match", "render"),
    "source_edit": ("EditConflict", "SourceEdit", "apply", "compose", "in_order"),
    "tree_text": ("dump",),
    "visitor": ("REMOVE", "Transformer", "Visitor"),
}
"""The names of each module."""


def _lazily(name: str) -> Any:
    """What has this name. Its module is imported only now: who has nothing to parse needs no parser."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not TYPE_CHECKING:
    __getattr__ = _lazily
