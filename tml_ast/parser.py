"""Source to tree: tokens, grammar, and an error that says where and what was expected."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Literal

from tml_ast import engine
from tml_ast.lexer import TmlSyntaxError, Token, first_error, shortened, syntax_error, tokenize
from tml_ast.nodes import Module, Node
from tml_ast.preprocessor import Directives, Variant, directives_of, tokenize_variant, variants_of

SnippetKind = Literal["expression", "statements", "item", "pattern", "type"]
"""What a piece of TML outside a file can be."""

MAX_VARIANTS = 64
"""Variants of a file that are tried."""

_RECURSION_LIMIT = 60_000
"""Room for the deepest nesting that the lexer lets through, in the parser and in every walk."""

_NAMES = {
    "IDENT": "a name",
    "INT": "a number",
    "FLOAT": "a number",
    "STRING": "a string",
    "STRING_START": "a string",
    "CHAR": "a character",
    "EOF": "the end of the file",
    "STRING_MIDDLE": "the end of the hole",
    "STRING_END": "the end of the hole",
    "TEMPLATE_MIDDLE": "the end of the hole",
    "TEMPLATE_END": "the end of the hole",
}
_MOST_EXPECTATIONS = 4


def parse(source: bytes) -> Module:
    """The lossless tree of a file: ``parse(source).code() == source``.

    It holds every branch of an ``#if``, where these make up a tree together; otherwise those of the
    first variant that does, and the other lines are trivia.

    Raises TmlSyntaxError, with line and column, for what the compiler's parser refuses, for bytes
    that are not UTF-8, and for nesting too deep to follow.
    """
    try:
        with _without_collector():
            return parse_tokens(source, tokenize(source))
    except TmlSyntaxError:
        directives = directives_of(source)
        if directives is None:
            raise
        return _first_variant(source, directives)


def _first_variant(source: bytes, directives: Directives) -> Module:
    """The tree of the first variant that has one. Raises TmlSyntaxError if none has."""
    assignments, _ = variants_of([(directives, None)], MAX_VARIANTS)
    errors = []
    for assignment in assignments:
        try:
            return parse_variant(source, directives.variant(assignment))
        except TmlSyntaxError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    offset, message = directives.variant({}, ()).fault or (0, "there is no variant of this file")
    raise syntax_error(source, offset, message)


def parse_variant(source: bytes, variant: Variant) -> Module:
    """The lossless tree of one variant of a file. Raises TmlSyntaxError as ``parse`` does."""
    with _without_collector():
        return parse_tokens(source, tokenize_variant(source, variant))


def parse_tokens(source: bytes, tokens: list[Token]) -> Module:
    """Like ``parse``, for tokens made before."""
    (module,) = _parse_rule(source, tokens, Module.__name__)
    assert isinstance(module, Module)
    return module


def parse_snippet(source: bytes, kind: SnippetKind) -> list[Node]:
    """A piece of TML outside a file: any number of statements, or one node of another kind.

    Raises TmlSyntaxError as ``parse`` does.
    """
    with _without_collector():
        return parse_snippet_tokens(source, tokenize(source), kind)


def parse_snippet_tokens(source: bytes, tokens: list[Token], kind: SnippetKind) -> list[Node]:
    """Like ``parse_snippet``, for tokens made before."""
    pieces = _parse_rule(source, tokens, f"{kind}_snippet")
    return [piece for piece in pieces if isinstance(piece, Node)]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause garbage collection: a tree is many objects and no garbage, so a collection finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parse_rule(source: bytes, tokens: list[Token], rule: str) -> list[Node | Token]:
    error = first_error(source, tokens)
    if error is not None:
        raise error
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))
    try:
        found = engine.parse_rule(tokens, rule)
        if found is not None:
            return found
        raise _failure(source, tokens, rule)
    except RecursionError as error_:
        index = _innermost_index(error_.__traceback__)
        raise syntax_error(source, tokens[index].start, "nested too deeply") from None


def _failure(source: bytes, tokens: list[Token], rule: str) -> TmlSyntaxError:
    index, expected = engine.furthest_failure(tokens, rule)
    token = tokens[index]
    found = "the end of the file" if token.type == "EOF" else repr(shortened(token.lexeme))
    names = sorted({_NAMES.get(type, repr(type)) for type in expected})
    message = f"unexpected {found}"
    if 0 < len(names) <= _MOST_EXPECTATIONS:
        message += f", expected {' or '.join(names)}"
    return syntax_error(source, token.start, message)


def _innermost_index(traceback: TracebackType | None) -> int:
    index = 0
    while traceback is not None:
        found = traceback.tb_frame.f_locals.get("p")
        index = found if isinstance(found, int) and found > index else index
        traceback = traceback.tb_next
    return index
