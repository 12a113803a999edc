"""Short texts for what the tests of tml_ast compare: tokens, trees, groupings and errors."""

from __future__ import annotations

from tml_ast import Node, TmlSyntaxError, Token, nodes, parse, tokenize

LOOSE = (nodes.Binary, nodes.Unary, nodes.Cast, nodes.TypeTest, nodes.Ternary)

TIGHT = (nodes.Call, nodes.Index, nodes.MethodCall, nodes.FieldAccess, nodes.Propagate, nodes.Step)


def lexed(source: str) -> list[str]:
    """The tokens, ``TYPE lexeme`` or just the lexeme where that is its type, without EOF."""
    tokens = tokenize(source.encode())[:-1]
    return [token.text if token.type == token.text else f"{token.type} {token.text}" for token in tokens]


def error_of(source: str | bytes) -> str:
    """The syntax error of a file as ``line:column: message``; empty when it parses."""
    try:
        parse(source.encode() if isinstance(source, str) else source)
    except TmlSyntaxError as error:
        return str(error)
    return ""


def body_of(statements: str) -> list[Node]:
    """The statements of a function that has these, which must print as they were."""
    source = f"func f() {{\n{statements}\n}}\n".encode()
    module = parse(source)
    assert module.code() == source
    function = module.items[0]
    assert isinstance(function, nodes.Function) and function.body is not None
    return function.body.statements


def grouped(statements: str) -> list[str]:
    """Each statement with parentheses around every operator and its operands."""
    return [grouping(statement) for statement in body_of(statements)]


def grouping(piece: Node | Token) -> str:
    """Code with parentheses around every operator and its operands, without ``;`` and line ends."""
    if isinstance(piece, Token):
        return piece.text
    if isinstance(piece, LOOSE):
        return f"({' '.join(grouping(child) for child in piece.children)})"
    text = ""
    for child in piece.children:
        if isinstance(child, Token) and child.type == ";" and isinstance(piece, nodes.Statement):
            continue
        leaf = child if isinstance(child, Token) else child.first_token
        is_spaced = leaf.trivia and not isinstance(piece, TIGHT) and leaf.type not in (",", ")", "]")
        text += " " * bool(text and is_spaced) + grouping(child)
    return text


def kinds(source: str) -> list[str]:
    """The class names of the declarations of a file."""
    module = parse(source.encode())
    assert module.code() == source.encode()
    return [type(item).__name__ for item in module.items]


Shape = str | tuple["Shape", ...]


def shape(piece: Node | Token) -> Shape:
    """A tree as nested tuples of class names and lexemes."""
    if isinstance(piece, Token):
        return piece.text
    return (type(piece).__name__, *(shape(child) for child in piece.children))
