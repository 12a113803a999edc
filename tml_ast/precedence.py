"""From the flat pieces of an expression to the tree the compiler builds.

The grammar yields operands, operators and suffixes in a row; ``fold_expression`` groups them by the
compiler's own Pratt loop, so that a suffix on a later line binds to the operand with its prefixes,
and a range binds tighter than any other binary operator. Other folds distinguish a group from a tuple and
a binding from a path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tml_ast import nodes
from tml_ast.lexer import Token
from tml_ast.nodes import Node

Piece = Node | Token

PRECEDENCE: dict[str, int] = {
    **dict.fromkeys(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="), 1),
    "?": 2,
    "or": 3,
    "||": 3,
    "and": 4,
    "&&": 4,
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), 5),
    "|": 6,
    "^": 7,
    "xor": 7,
    "&": 8,
    **dict.fromkeys(("<<", ">>", "shl", "shr"), 9),
    "+": 10,
    "-": 10,
    "*": 11,
    "/": 11,
    "%": 11,
    "as": 12,
    "is": 12,
    **dict.fromkeys(("to", "through", ".."), 15),
}
"""Binary operators from loosest to tightest; prefixes bind at 13 and suffixes at 14."""

_ASSIGNMENT = 1
_TERNARY = 2
_CAST = 12


class Suffix(Node):
    """Something after an operand; it becomes part of the node around both."""

    __slots__ = ()


class CallSuffix(Suffix):
    """``(arguments)``."""

    __slots__ = ()


class IndexSuffix(Suffix):
    """``[index]``."""

    __slots__ = ()


class PropagateSuffix(Suffix):
    """``!``."""

    __slots__ = ()


class StepSuffix(Suffix):
    """``++`` or ``--``."""

    __slots__ = ()


class MethodSuffix(Suffix):
    """``.name(arguments)``."""

    __slots__ = ()


class FieldSuffix(Suffix):
    """``.name``."""

    __slots__ = ()


class CastSuffix(Node):
    """``as T`` or ``is T``."""

    __slots__ = ()


class TernaryMiddle(Node):
    """``? value :``."""

    __slots__ = ()


class Prefix(Node):
    """A prefix operator."""

    __slots__ = ()


class StaticSuffix(Node):
    """``::name(arguments)`` after a path with generic arguments."""

    __slots__ = ()


class StructBody(Node):
    """The braces of a struct literal."""

    __slots__ = ()


class Parenthesized(Node):
    """A group or a tuple."""

    __slots__ = ()


class Glued(Node):
    """What a line after an ``if`` without ``else`` adds to it: a suffix, or ``*`` and an operand."""

    __slots__ = ()


class EnumBody(Node):
    """The braces of an enum."""

    __slots__ = ()


class SumTypeBody(Node):
    """``= A | B``."""

    __slots__ = ()


class AliasBody(Node):
    """``= T``."""

    __slots__ = ()


class StructFields(Node):
    """The where clause and braces of a struct."""

    __slots__ = ()


class PatternPath(Node):
    """The path that starts a pattern."""

    __slots__ = ()


class PatternArguments(Node):
    """The parentheses of a variant pattern."""

    __slots__ = ()


class PatternFields(Node):
    """The braces of a struct pattern."""

    __slots__ = ()


_SUFFIX_RESULT: dict[type[Piece], type[Node]] = {
    CallSuffix: nodes.Call,
    IndexSuffix: nodes.Index,
    PropagateSuffix: nodes.Propagate,
    StepSuffix: nodes.Step,
    MethodSuffix: nodes.MethodCall,
    FieldSuffix: nodes.FieldAccess,
}


def fold_expression(pieces: list[Piece]) -> list[Piece]:
    """Group a whole flat expression into one node."""
    if len(pieces) == 1:
        return pieces
    chain = _chain(pieces)
    if chain is not None:
        return [chain]
    if Glued in map(type, pieces):
        pieces = _unglued(pieces)
    expression, index = _climb(pieces, 0, 0)
    assert index == len(pieces)
    return [expression]


def _chain(pieces: Sequence[Piece]) -> Node | None:
    """An operand with suffixes and nothing else, as most expressions are; None for others."""
    left = pieces[0]
    if type(pieces[-1]) not in _SUFFIX_RESULT or type(left) is Prefix:
        return None
    for suffix in pieces[1:]:
        result = _SUFFIX_RESULT.get(type(suffix))
        if result is None:
            return None
        assert isinstance(suffix, Suffix)
        left = result((left, *suffix.children))
    assert isinstance(left, Node)
    return left


def _unglued(pieces: Sequence[Piece]) -> list[Piece]:
    flat: list[Piece] = []
    for piece in pieces:
        flat += _unglued(piece.children) if isinstance(piece, Glued) else [piece]
    return flat


def fold_if(pieces: list[Piece]) -> list[Piece]:
    """An if, and after it what is glued to it or to the last ``else if`` of its chain."""
    last = pieces[-1]
    return [nodes.If(pieces[:-1]), last] if isinstance(last, Glued) else [nodes.If(pieces)]


def _climb(pieces: Sequence[Piece], index: int, minimum: int) -> tuple[Node, int]:
    """The longest expression from ``index`` whose operators bind tighter than ``minimum``."""
    left, index = _operand(pieces, index)
    while index < len(pieces):
        piece = pieces[index]
        if isinstance(piece, Suffix):
            left = _SUFFIX_RESULT[type(piece)]([left, *piece.children])
            index += 1
            continue
        if isinstance(piece, CastSuffix):
            if minimum >= _CAST:
                break
            keyword = piece.children[0]
            assert isinstance(keyword, Token)
            left = (nodes.Cast if keyword.type == "as" else nodes.TypeTest)([left, *piece.children])
            index += 1
            continue
        if isinstance(piece, TernaryMiddle):
            if minimum >= _TERNARY:
                break
            right, index = _climb(pieces, index + 1, _ASSIGNMENT)
            left = nodes.Ternary([left, *piece.children, right])
            continue
        assert isinstance(piece, Token)
        precedence = PRECEDENCE[piece.type]
        if precedence <= minimum:
            break
        if precedence == _ASSIGNMENT:
            right, index = _climb(pieces, index + 1, 0)
            left = nodes.Assignment([left, piece, right])
        else:
            right, index = _climb(pieces, index + 1, precedence)
            left = nodes.Binary([left, piece, right])
    return left, index


def _operand(pieces: Sequence[Piece], index: int) -> tuple[Node, int]:
    """An operand: its prefixes bind looser than the suffixes on the same line."""
    first = index
    while isinstance(pieces[index], Prefix):
        index += 1
    operand = pieces[index]
    assert isinstance(operand, Node)
    index += 1
    if first < index - 1:
        while index < len(pieces):
            suffix = pieces[index]
            if not isinstance(suffix, Suffix) or _is_on_next_line(suffix):
                break
            operand = _SUFFIX_RESULT[type(suffix)]([operand, *suffix.children])
            index += 1
        for prefix in reversed(pieces[first:index]):
            if isinstance(prefix, Prefix):
                operand = nodes.Unary([*prefix.children, operand])
    return operand, index


def _is_on_next_line(suffix: Suffix) -> bool:
    """Whether it is a ``.name`` on a later line; other suffixes there are glued on as if on this one."""
    return isinstance(suffix, MethodSuffix | FieldSuffix) and suffix.first_token.newline_before


def fold_path_primary(pieces: list[Piece]) -> list[Piece]:
    """A path alone, a static call on a type, or a struct literal."""
    if len(pieces) == 1:
        return pieces
    path, rest = pieces
    assert isinstance(rest, Node)
    kind = nodes.StaticCall if isinstance(rest, StaticSuffix) else nodes.StructLiteral
    return [kind([path, *rest.children])]


def fold_parenthesized(pieces: list[Piece]) -> list[Piece]:
    """One expression without a comma is a group; everything else is a tuple."""
    kind = nodes.Group if len(pieces) == 3 and isinstance(pieces[1], Node) else nodes.Tuple
    return [kind(pieces)]


def fold_pattern(pieces: list[Piece]) -> list[Piece]:
    """Alternatives become one pattern."""
    return pieces if len(pieces) == 1 else [nodes.OrPattern(pieces)]


def fold_path_pattern(pieces: list[Piece]) -> list[Piece]:
    """A binding, a wildcard, a unit variant, a variant with payload or a struct."""
    path = pieces[0]
    assert isinstance(path, Node)
    if len(pieces) == 2:
        rest = pieces[1]
        assert isinstance(rest, Node)
        kind = nodes.VariantPattern if isinstance(rest, PatternArguments) else nodes.StructPattern
        return [kind([*path.children, *rest.children])]
    if len(path.children) > 1:
        return [nodes.PathPattern(path.children)]
    only = path.children[0]
    assert isinstance(only, Token)
    return [(nodes.WildcardPattern if only.lexeme == b"_" else nodes.BindingPattern)(path.children)]


_DECLARED: dict[type[Node], type[Node]] = {
    EnumBody: nodes.Enum,
    SumTypeBody: nodes.SumType,
    AliasBody: nodes.Alias,
    StructFields: nodes.Struct,
}


def fold_type_declaration(pieces: list[Piece]) -> list[Piece]:
    """The body of a ``type`` shows what it declares."""
    *head, body = pieces
    assert isinstance(body, Node)
    return [_DECLARED[type(body)]([*head, *body.children])]


def fold_item(pieces: list[Piece]) -> list[Piece]:
    """Decorators, visibility and modifiers become the first children of their item."""
    if len(pieces) == 1:
        return pieces
    item = pieces[-1]
    assert isinstance(item, Node)
    item.children = (*pieces[:-1], *item.children)
    return [item]


FOLDS: dict[str, Callable[[list[Piece]], list[Piece]]] = {
    "expression": fold_expression,
    "conditional_expression": fold_expression,
    "plain_expression": fold_expression,
    "If": fold_if,
    "path_primary": fold_path_primary,
    "Parenthesized": fold_parenthesized,
    "pattern": fold_pattern,
    "path_pattern": fold_path_pattern,
    "type_declaration": fold_type_declaration,
    "declaration": fold_item,
    "behavior_member": fold_item,
    "impl_member": fold_item,
    "class_member": fold_item,
    "interface_member": fold_item,
    "local_declaration": fold_item,
}
"""What becomes of the pieces of a rule; other rules make a node or pass their pieces on."""

PASSING_SINGLES = (fold_expression, fold_path_primary, fold_pattern, fold_item)
"""The folds that pass a single piece on as it is."""


def piece_classes() -> dict[str, type[Node]]:
    """The classes of this module that rules are named after."""
    return {
        name: value
        for name, value in globals().items()
        if isinstance(value, type) and issubclass(value, Node) and value.__module__ == __name__
    }
