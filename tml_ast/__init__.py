"""TML as text and tree: a lossless parser, visitors, patterns and edits. Knows nothing about leaks."""

from tml_ast.lexer import TmlSyntaxError, Token, position, tokenize
from tml_ast.nodes import Module, Node
from tml_ast.parser import parse

__all__ = ["Module", "Node", "TmlSyntaxError", "Token", "parse", "position", "tokenize"]
