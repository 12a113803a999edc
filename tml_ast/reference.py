"""The reference engine: parsimonious itself runs the grammar, slowly."""

from __future__ import annotations

from collections.abc import Sequence

from parsimonious.exceptions import ParseError
from parsimonious.expressions import Lookahead, TokenMatcher
from parsimonious.nodes import Node as ParseNode

from tml_ast.grammar import MODULE, fold_of, load_grammar
from tml_ast.lexer import Token
from tml_ast.nodes import Module
from tml_ast.precedence import Piece


def parse_tokens(tokens: Sequence[Token]) -> Module | None:
    """The tree of a file's tokens, or None when they do not parse."""
    found = parse_rule(tokens, MODULE)
    if found is None:
        return None
    (module,) = found
    assert isinstance(module, Module)
    return module


def parse_rule(tokens: Sequence[Token], rule: str) -> list[Piece] | None:
    """What ``rule`` makes of all the tokens; None when it does not match them."""
    try:
        found = load_grammar()[rule].parse(tokens)
    except (ParseError, IndexError):
        return None
    return _pieces(found, tokens)


def _pieces(found: ParseNode, tokens: Sequence[Token]) -> list[Piece]:
    expression = found.expr
    if isinstance(expression, Lookahead):
        return []
    if found.children:
        pieces = [piece for child in found.children for piece in _pieces(child, tokens)]
    elif isinstance(expression, TokenMatcher) or expression.name == "any_token":
        pieces = [tokens[found.start]]
    else:
        pieces = []
    fold = fold_of(expression.name)
    return fold(pieces) if fold else pieces
