"""The decisions of TML's syntax that look at tokens ahead instead of at the grammar.

Each predicate gets the tokens and an index and returns the index unchanged when it holds, None
when it does not; ``any_token`` alone consumes one. ``tml.peg`` calls them by name. They repeat the
compiler's own heuristics, odd as some are: whether ``x {`` starts a struct literal or ``x[`` holds
type arguments is decided by a few tokens, the same way everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tml_ast.lexer import Token

Predicate = Callable[[Sequence[Token], int], int | None]

_INDEX_START = frozenset(("INT", "FLOAT", "STRING", "STRING_START", "CHAR", "true", "false", "null"))
_ENUM_FOLLOW = frozenset(("(", "{", ",", "}", "="))
_LIFETIME_FOLLOW = frozenset(("IDENT", "(", "[", "func", "dyn", "impl", "*", "ref", "mut"))


def same_line(tokens: Sequence[Token], index: int) -> int | None:
    """No line end before this token: a ``(``, ``[``, ``!``, ``++``, ``--`` or ``*`` continues."""
    return None if tokens[index].newline_before else index


def next_line(tokens: Sequence[Token], index: int) -> int | None:
    """A line end before this token."""
    return index if tokens[index].newline_before else None


def any_token(tokens: Sequence[Token], index: int) -> int | None:
    """Consumes one token, whatever it is, but never EOF."""
    return None if tokens[index].type == "EOF" else index + 1


def value_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """A value follows ``return`` or ``break``: on the same line, and not the end of a block."""
    return None if tokens[index].newline_before or tokens[index].type in (";", "}", "EOF") else index


def is_self(tokens: Sequence[Token], index: int) -> int | None:
    """The identifier ``self``, an untyped receiver."""
    return index if tokens[index].lexeme == b"self" else None


def is_new(tokens: Sequence[Token], index: int) -> int | None:
    """The identifier ``new`` here, or after a ``func``: a class constructor."""
    if tokens[index].type == "func":
        index += 1
    return index if tokens[index].lexeme == b"new" else None


def is_accessor(tokens: Sequence[Token], index: int) -> int | None:
    """``get`` or ``set`` of a property."""
    return index if tokens[index].lexeme in (b"get", b"set") else None


def function_type_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``Fn(``: a function type spelled as an identifier."""
    return index if tokens[index].lexeme == b"Fn" and tokens[index + 1].type == "(" else None


def generics_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``[`` opens type arguments, not an index: the token after it alone decides."""
    token = tokens[index]
    if token.type != "[" or token.newline_before:
        return None
    following = tokens[index + 1]
    if following.type in _INDEX_START:
        return None
    if following.type == "IDENT" and _starts_in_lower_case(following):
        return None
    return index


def _starts_in_lower_case(name: Token) -> bool:
    """Whether a name does; for a metavariable, whether the name after its ``$`` does."""
    return name.lexeme.lstrip(b"$.")[:1].islower()


def sequence_variable_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``$...name`` or ``$$$name``, which only a pattern of code has."""
    return index if tokens[index].lexeme.startswith((b"$...", b"$$$")) else None


def method_generics_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``.name[...](``: the brackets hold type arguments when a call follows the matching one on its line."""
    opener = tokens[index]
    if opener.type != "[" or opener.newline_before:
        return None
    if opener.closes_before_call is None:
        _match_square_brackets(tokens, index)
    return index if opener.closes_before_call else None


def _match_square_brackets(tokens: Sequence[Token], index: int) -> None:
    """Note for the bracket here, and for all inside it, whether a ``(`` follows its partner on its line.

    Other brackets do not count. Noting the inner ones keeps nested brackets from being scanned again.
    """
    open_ones: list[Token] = []
    for ahead in range(index, len(tokens) - 1):
        token = tokens[ahead]
        if token.type == "[":
            token.closes_before_call = False
            open_ones.append(token)
        elif token.type == "]":
            following = tokens[ahead + 1]
            open_ones.pop().closes_before_call = following.type == "(" and not following.newline_before
            if not open_ones:
                return


def lifetime_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``ref [a] T`` names a lifetime when a type follows the brackets; ``ref [T]`` is a slice."""
    if tokens[index].type != "[" or index + 3 >= len(tokens):
        return None
    name, closer, following = tokens[index + 1 : index + 4]
    if name.type not in ("IDENT", "static") or closer.type != "]":
        return None
    return index if following.type in _LIFETIME_FOLLOW else None


def sum_type_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``= A | B``: a ``|`` outside all brackets before the line ends makes a sum type.

    Stopping at the next declaration too keeps a long line from being scanned again and again.
    """
    if tokens[index].type != "=":
        return None
    depth = 0
    for ahead in range(index + 1, len(tokens)):
        token = tokens[ahead]
        if (ahead > index + 1 and token.newline_before) or token.type in (";", "type"):
            return None
        if token.type in ("(", "[", "{"):
            depth += 1
        elif token.type in (")", "]", "}"):
            depth -= 1
        elif token.type == "|" and depth == 0:
            return index
    return None


def enum_body_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``{`` opens the variants of an enum rather than the fields of a struct."""
    if tokens[index].type != "{" or tokens[index + 1].type != "IDENT":
        return None
    if sequence_variable_ahead(tokens, index + 1) is not None:
        return _keyword_is_enum(tokens, index)
    following = tokens[index + 2]
    return index if following.newline_before or following.type in _ENUM_FOLLOW else None


def _keyword_is_enum(tokens: Sequence[Token], index: int) -> int | None:
    """A pattern that leaves the whole body open says by its keyword what it means."""
    keyword = index
    while tokens[keyword].type != "type":
        keyword -= 1
    return index if tokens[keyword].lexeme == b"enum" else None


def struct_literal_ahead(tokens: Sequence[Token], index: int) -> int | None:
    """``path {`` starts a struct literal, not a block: the compiler's test, in every position."""
    if tokens[index].type != "{" or tokens[index].newline_before:
        return None
    first = tokens[index + 1]
    path_end = tokens[index - 1]
    if b"$" in (path_end.lexeme[:1], first.lexeme[:1]) and _starts_in_lower_case(path_end):
        return None
    if first.type in ("}", ".."):
        return index
    if first.type != "IDENT":
        return None
    following = tokens[index + 2]
    if following.newline_before:
        return None
    if following.type in (":", "}"):
        return index
    if following.type != ",":
        return None
    ahead = index + 2
    while tokens[ahead].type == "," and tokens[ahead + 1].type == "IDENT":
        ahead += 2
    return None if tokens[ahead].type == "=>" else index


PREDICATES: dict[str, Predicate] = {
    predicate.__name__: predicate
    for predicate in (
        same_line,
        next_line,
        any_token,
        value_ahead,
        is_self,
        is_new,
        is_accessor,
        function_type_ahead,
        generics_ahead,
        method_generics_ahead,
        sequence_variable_ahead,
        lifetime_ahead,
        sum_type_ahead,
        enum_body_ahead,
        struct_literal_ahead,
    )
}
"""The predicates by the name that the grammar calls them by."""

STARTS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("is_self", "is_accessor", "function_type_ahead"), frozenset(("IDENT",))),
    "is_new": frozenset(("IDENT", "func")),
    "sequence_variable_ahead": frozenset(("IDENT",)),
    **dict.fromkeys(("generics_ahead", "method_generics_ahead", "lifetime_ahead"), frozenset(("[",))),
    **dict.fromkeys(("enum_body_ahead", "struct_literal_ahead"), frozenset(("{",))),
    "sum_type_ahead": frozenset(("=",)),
}
"""The token types that a predicate holds for at most, where these are few."""
