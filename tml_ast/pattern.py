"""Patterns of code: TML with ``$metavariables``, to find a shape and to write its replacement.

For example::

    pattern = CodePattern("let $v = $map.get($...keys)")
    for match in pattern.search(parse(source)):
        print(match.bindings["v"].text, match.bindings["keys"].text)

A pattern is ordinary TML, parsed by the same grammar, so what it matches is decided by the tree and not
by layout: whitespace, comments, optional commas and ``;`` do not count. Everything else must be
the same, names included, except for metavariables:

``$name``
    One piece of code: an expression, a type, a pattern or a whole statement, whichever belongs where it
    is written. Where only a name can stand (``$x.$method()``, ``func $f()``, ``var $v = 1``) it matches a
    name.
``$...name``
    Any number of neighbours: statements, arguments, elements, arms, parameters, fields, members. It takes
    as few as it can. ``$$$name`` is the same.
``$_`` and ``$..._``
    The same, without being bound.

A metavariable that occurs twice must match the same code twice: ``$x = $x`` finds an assignment to
itself. An item without decorators or ``pub`` in the pattern matches items that have them. More patterns::

    $list.push($x.clone())                      a call inside anything
    $x.open(); $...between; $x.close()          statements of one block, in this order
    when $value { Ok($p) => $body, $...arms }   the first arm of several
    func $name($...parameters) { $...body }     a function that returns nothing
    impl Drop for $T { $...members }

Case separates values from types, as in the compiler: ``$x[$i]`` is an index and ``$x[$T]`` has a type
argument; ``if $c { $x }`` is a block and ``$T { $x }`` a struct literal. ``type $T { $...fields }``
is a struct, ``enum $T { $...variants }`` has variants. Inside a string ``$`` is plain text, except in its
holes: ``"{$x}"``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tml_ast import nodes
from tml_ast.edit import DEFAULT_UNIT, INDENT, indentation_of, reindent
from tml_ast.lexer import SPELLED_TWICE, TmlSyntaxError, Token, tokenize_pattern
from tml_ast.nodes import Node
from tml_ast.parser import SnippetKind, parse_snippet_tokens
from tml_ast.precedence import PRECEDENCE

_LEVELS = re.compile(rb"^(?:    )+", re.MULTILINE)
"""The levels of indentation of a line of a template."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a metavariable stands for: the nodes, and where they are in the source.

    ``nodes`` holds a single token for a name. A ``$...name`` that stands for nothing has no nodes,
    and ``start`` and ``end`` are where they would be.
    """

    nodes: tuple[Node | Token, ...]
    start: int
    end: int
    text: str
    indentation: bytes
    """The indentation of the line that it starts on."""


@dataclass(frozen=True, slots=True)
class Match:
    """One place that a pattern matches: a node, or neighbouring statements of one block."""

    nodes: tuple[Node, ...]
    bindings: Mapping[str, Binding]

    @property
    def start(self) -> int:
        """Byte offset of the first lexeme."""
        return self.nodes[0].start

    @property
    def end(self) -> int:
        """Byte offset after the last lexeme."""
        return self.nodes[-1].end


class CodePattern:
    """A piece of TML with metavariables; see the module for what may be in it.

    Without a ``kind`` it is an expression if it can be, else an item, else statements. Raises
    TmlSyntaxError, with the position in ``text``, for what is none of them.
    """

    def __init__(self, text: str, kind: SnippetKind | None = None) -> None:
        self.text = textwrap.dedent(text).strip()
        self.kind, parsed = _parse(self.text, kind)
        self._parts = [_compile(node) for node in parsed]
        if not self._parts:
            raise ValueError("the pattern is empty")
        sequences = frozenset(_names(self._parts, _Sequence)) - {"_"}
        singles = frozenset(_names(self._parts, _Any, _Name)) - {"_"}
        if sequences & singles:
            raise ValueError(f"${min(sequences & singles)} is used with and without dots")
        self.variables = sequences | singles

    def search(self, tree: Node) -> Iterator[Match]:
        """Every match in a parsed tree, outermost and leftmost first; matches may overlap."""
        layout = _Layout(tree)
        if self.kind == "statements":
            for node in tree.walk():
                if isinstance(node, nodes.Block):
                    yield from self._match_statements(node, layout)
            return
        first = self._parts[0]
        kind = first.kind if isinstance(first, _Branch) else None
        for node in tree.walk():
            if kind is None or type(node) is kind:
                found = self._match_node(node, layout)
                if found is not None:
                    yield found

    def match(self, node: Node) -> Match | None:
        """The match at this very node, not below it; for statements, at the start of this block."""
        layout = _Layout(node)
        if self.kind != "statements":
            return self._match_node(node, layout)
        if isinstance(node, nodes.Block):
            return next(self._match_statements(node, layout), None)
        return None

    def _match_node(self, node: Node, layout: _Layout) -> Match | None:
        for found in _match(self._parts[0], node, {}):
            return Match((node,), layout.bindings(found))
        return None

    def _match_statements(self, block: nodes.Block, layout: _Layout) -> Iterator[Match]:
        statements = block.statements
        pieces = _Pieces(statements, block.first_token.end)
        is_anchored = isinstance(self._parts[0], _Sequence)
        for first in range(1 if is_anchored else len(statements)):
            for found, end in _match_list(self._parts, pieces, first, {}, whole=False):
                if end > first:
                    yield Match(tuple(statements[first:end]), layout.bindings(found))
                break

    def __repr__(self) -> str:
        return f"CodePattern({self.text!r}, {self.kind!r})"


def names_in(pattern: str) -> frozenset[bytes]:
    """The names in all code that matches a pattern, found without parsing it."""
    tokens = tokenize_pattern(pattern.encode())
    return frozenset(token.lexeme for token in tokens if token.type == "IDENT" and not _is_variable(token))


def filter_for(pattern: str) -> Callable[[bytes], bool]:
    """Whether a source may have code that matches a pattern; found without parsing either.

    It must have what the pattern spells, and a parenthesis where the pattern calls something.
    """
    tokens = tokenize_pattern(pattern.encode())
    spelled = {token.lexeme for token in tokens if not _is_variable(token) and _is_always_spelled(token)}
    calls = [
        re.compile(rb"(?<!\w)" + re.escape(name.lexeme) + rb"\s*[(/#]")  # a comment may stand between
        for name, following in pairwise(tokens)
        if name.type == "IDENT" and not _is_variable(name) and following.type == "("
    ]

    def may_match(source: bytes) -> bool:
        return all(lexeme in source for lexeme in spelled) and all(call.search(source) for call in calls)

    return may_match


def _is_always_spelled(token: Token) -> bool:
    """Whether what matches a token of a pattern is there, and has its spelling."""
    return token.type in _SPELLED or (
        token.type == token.text and token.type not in _OPTIONAL | SPELLED_TWICE
    )


def render(
    template: str,
    bindings: Mapping[str, Binding | str],
    indentation: bytes = b"",
    ending: bytes = b"\n",
    unit: bytes = DEFAULT_UNIT,
) -> str:
    """The template with every ``$name`` and ``$...name`` replaced by what it is bound to.

    Lines after the first get ``indentation`` on top of their own, in which four spaces of the template
    are one ``unit``, and end in ``ending``; code of
    several lines moves to where it is put. An operand that would fall apart there gets parentheses. A
    ``$...name`` without nodes goes together with its comma, or with its line. Values may also be plain
    text. Raises ValueError for a metavariable that is not bound.
    """
    code = _LEVELS.sub(
        lambda levels: INDENT * (len(levels[0]) // 4), textwrap.dedent(template).strip().encode()
    )
    tokens = tokenize_pattern(code)
    pieces: list[str] = []
    line_indentation = b""
    previous: Token | None = None
    skips_comma = False
    for index, token in enumerate(tokens):
        trivia = token.trivia.decode()
        if b"\n" in token.trivia:
            line_indentation = token.trivia.rpartition(b"\n")[2]
        if skips_comma:
            skips_comma = False
            continue
        following = tokens[index + 1] if index + 1 < len(tokens) else token
        text: str | None = token.text
        if token.lexeme.startswith(b"$") and token.type == "IDENT":
            text = _replacement(token, previous, following, bindings, line_indentation)
        if text is not None:
            pieces.append(trivia + text)
            previous = token
            continue
        if previous is not None and previous.type == ",":
            pieces.pop()
        elif following.type == ",":
            skips_comma = True
        if "//" in trivia or "/*" in trivia:
            pieces.append(trivia)
    return reindent("".join(pieces), b"", indentation, ending, unit)


def _replacement(
    variable: Token,
    previous: Token | None,
    following: Token,
    bindings: Mapping[str, Binding | str],
    indentation: bytes,
) -> str | None:
    """What takes the place of a metavariable between its neighbours; None if it is bound to nothing."""
    name = variable.text.lstrip("$.")
    if name not in bindings:
        raise ValueError(f"nothing is bound to {variable.text}")
    value = bindings[name]
    text = value if isinstance(value, str) else reindent(value.text, value.indentation, indentation)
    if not text:
        return None
    if following.type == ";":
        text = text.removesuffix(";")
    if isinstance(value, Binding) and _needs_parentheses(value, previous, following):
        text = f"({text})"
    return text


# ---- a compiled pattern ----


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A token that is no metavariable; its spelling matters unless its type says it all."""

    type: str
    lexeme: bytes | None


@dataclass(frozen=True, slots=True)
class _Name:
    """A metavariable in place of a name."""

    name: str


@dataclass(frozen=True, slots=True)
class _Any:
    """A metavariable for one node of some classes."""

    name: str
    kinds: tuple[type[Node], ...]


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A metavariable for neighbours."""

    name: str


@dataclass(frozen=True, slots=True)
class _Branch:
    """A node of a class with these children."""

    kind: type[Node]
    children: tuple[_Part, ...]


_DOTS = (b"$...", b"$$$")
"""How a metavariable for neighbours begins."""

_Part = _Leaf | _Name | _Any | _Sequence | _Branch

_ONE_OF: dict[type[Node], tuple[type[Node], ...]] = {
    nodes.Path: (nodes.Expression,),
    nodes.NamedType: (nodes.TypeNode,),
    nodes.BindingPattern: (nodes.Pattern,),
    nodes.ExpressionStatement: (nodes.Statement, nodes.Item),
}
"""What a metavariable matches that stands alone as a node of a class; elsewhere it is a name."""

_OPTIONAL = frozenset((",", ";", "|"))
"""Tokens that code may have more or less of than the pattern that it matches."""

_SPELLED = frozenset(
    "IDENT INT FLOAT CHAR STRING STRING_START STRING_MIDDLE STRING_END TEMPLATE TEMPLATE_START"
    " TEMPLATE_MIDDLE TEMPLATE_END".split()
)


def _parse(text: str, kind: SnippetKind | None) -> tuple[SnippetKind, list[Node]]:
    source = text.encode()
    tokens = tokenize_pattern(source)
    kinds: tuple[SnippetKind, ...] = (kind,) if kind else ("expression", "item", "statements")
    errors: list[TmlSyntaxError] = []
    for candidate in kinds:
        try:
            return candidate, parse_snippet_tokens(source, tokens, candidate)
        except TmlSyntaxError as error:
            errors.append(error)
    raise max(errors, key=lambda error: error.offset)


def _compile(piece: Node | Token) -> _Part:
    if isinstance(piece, Token):
        if _is_variable(piece):
            name = _variable_name(piece)
            return _Sequence(name) if piece.lexeme.startswith(_DOTS) else _Name(name)
        return _Leaf(piece.type, piece.lexeme if piece.type in _SPELLED else None)
    only = _only_token(piece)
    if only is not None and _is_variable(only):
        if only.lexeme.startswith(_DOTS):
            return _Sequence(_variable_name(only))
        if type(piece) in _ONE_OF:
            return _Any(_variable_name(only), _ONE_OF[type(piece)])
    return _Branch(type(piece), tuple(_compile(child) for child in _significant(piece)))


def _is_variable(token: Token) -> bool:
    return token.type == "IDENT" and token.lexeme.startswith(b"$")


def _variable_name(token: Token) -> str:
    return token.text.lstrip("$.")


def _only_token(node: Node) -> Token | None:
    """The one token that a node consists of, but for a ``;``."""
    child: Node | Token = node
    while isinstance(child, Node):
        children = [part for part in child.children if not (isinstance(part, Token) and part.type == ";")]
        if len(children) != 1:
            return None
        child = children[0]
    return child


def _names(parts: Sequence[_Part], *kinds: type[_Name | _Any | _Sequence]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, kinds):
            yield part.name
        elif isinstance(part, _Branch):
            yield from _names(part.children, *kinds)


# ---- matching ----


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Neighbours to match, and the offset where they start."""

    all: Sequence[Node | Token]
    start: int
    verdicts: dict[tuple[int, int], bool] = field(default_factory=dict)

    def can_match(self, part: _Part, index: int) -> bool:
        """Whether ``part`` matches the piece at ``index`` when no metavariable is bound yet."""
        if index == len(self.all):
            return False
        key = (id(part), index)
        if key not in self.verdicts:
            self.verdicts[key] = any(True for _ in _match(part, self.all[index], {}))
        return self.verdicts[key]


@dataclass(frozen=True, slots=True)
class _Found:
    """The neighbours from ``first`` to ``end`` that a metavariable matched, or that there are none."""

    neighbours: _Pieces
    first: int
    end: int

    @property
    def pieces(self) -> Sequence[Node | Token]:
        return self.neighbours.all[self.first : self.end]

    @property
    def at(self) -> int:
        """The offset after the piece before."""
        return self.neighbours.all[self.first - 1].end if self.first else self.neighbours.start


_Bound = dict[str, _Found]


def _significant(node: Node) -> list[Node | Token]:
    """The children that make a difference to what the code means."""
    optional = {",", ";"}
    if isinstance(node, nodes.Array | nodes.ArrayType):
        optional = {","}
    elif isinstance(node, nodes.SumType):
        optional = {"|"}
    return [child for child in node.children if isinstance(child, Node) or child.type not in optional]


def _match(part: _Part, piece: Node | Token, bound: _Bound) -> Iterator[_Bound]:
    """All the ways in which ``part`` matches, as bindings added to ``bound``."""
    if isinstance(part, _Leaf):
        if (
            isinstance(piece, Token)
            and piece.type == part.type
            and (part.lexeme is None or piece.lexeme == part.lexeme)
        ):
            yield bound
    elif isinstance(part, _Name):
        if isinstance(piece, Token) and piece.type == "IDENT":
            yield from _bind(part.name, _one(piece), bound)
    elif isinstance(part, _Any):
        if isinstance(piece, part.kinds):
            yield from _bind(part.name, _one(piece), bound)
    elif isinstance(part, _Branch) and type(piece) is part.kind:
        children = _significant(piece)
        if isinstance(piece, nodes.Item):
            children = _without_unasked(children, part)
        pieces = _Pieces(children, piece.start)
        for found, _ in _match_list(part.children, pieces, 0, bound, whole=True):
            yield found


def _without_unasked(children: list[Node | Token], part: _Branch) -> list[Node | Token]:
    """An item's children without the decorators and visibility that the pattern does not mention."""
    asked = {child.kind for child in part.children if isinstance(child, _Branch)}
    unasked = tuple({nodes.Decorator, nodes.Visibility} - asked)
    return [child for child in children if not isinstance(child, unasked)]


def _match_list(
    parts: Sequence[_Part], pieces: _Pieces, index: int, bound: _Bound, *, whole: bool
) -> Iterator[tuple[_Bound, int]]:
    """Match ``parts`` one after the other with the pieces from ``index``, to their end if ``whole``.

    Yields the bindings and the index after the last piece matched.
    """
    count = len(pieces.all)
    if not parts:
        if index == count or not whole:
            yield bound, index
        return
    part, others = parts[0], parts[1:]
    if not isinstance(part, _Sequence):
        if index < count:
            for found in _match(part, pieces.all[index], bound):
                yield from _match_list(others, pieces, index + 1, found, whole=whole)
        return
    then = others[0] if others and not isinstance(others[0], _Sequence) else None
    for end in range(index if others else count, count + 1):
        if then is not None and not pieces.can_match(then, end):
            continue
        for found in _bind(part.name, _Found(pieces, index, end), bound):
            yield from _match_list(others, pieces, end, found, whole=whole)


def _one(piece: Node | Token) -> _Found:
    return _Found(_Pieces((piece,), 0), 0, 1)


def _bind(name: str, found: _Found, bound: _Bound) -> Iterator[_Bound]:
    if name == "_":
        yield bound
    elif name not in bound:
        yield {**bound, name: found}
    elif _spelling(bound[name]) == _spelling(found):
        yield bound


def _spelling(found: _Found) -> list[bytes]:
    """The lexemes of what was found; the ``;`` after a statement does not count."""
    return [
        token.lexeme
        for piece in found.pieces
        for token in ([piece] if isinstance(piece, Token) else piece.tokens())
        if token.type != ";"
    ]


class _Layout:
    """The source of a tree, made when it is first needed."""

    def __init__(self, tree: Node) -> None:
        self.tree = tree
        self.source: bytes | None = None

    def bindings(self, bound: _Bound) -> dict[str, Binding]:
        return {name: self._binding(found) for name, found in bound.items()}

    def _binding(self, found: _Found) -> Binding:
        pieces = tuple(found.pieces)
        if not pieces:
            return Binding((), found.at, found.at, "", b"")
        if self.source is None:
            self.source = self.tree.code()
        offset = self.tree.start - len(self.tree.first_token.trivia)
        start, end = pieces[0].start, pieces[-1].end
        text = self.source[start - offset : end - offset].decode("utf-8", "surrogateescape")
        return Binding(pieces, start, end, text, indentation_of(self.source, start - offset))


# ---- rendering ----

_LOOSE = (
    nodes.Binary,
    nodes.Unary,
    nodes.Cast,
    nodes.TypeTest,
    nodes.Ternary,
    nodes.Closure,
    nodes.Return,
    nodes.Break,
    nodes.Throw,
    nodes.If,
)
"""Expressions that a neighbouring operator could take apart or grow into."""

_PREFIXES = frozenset(("-", "not", "!", "~", "*", "await", "ref", "mut", "&"))
_BINARY = (frozenset(PRECEDENCE) | {"as", "is"}) - {"="}
_POSTFIXES = frozenset((".", "(", "[", "!", "++", "--"))


def _needs_parentheses(value: Binding, previous: Token | None, following: Token) -> bool:
    if len(value.nodes) != 1 or not isinstance(value.nodes[0], _LOOSE):
        return False
    if previous is not None and previous.type in _BINARY | _PREFIXES:
        return True
    continues = {".", *_BINARY} - {"*"} if following.newline_before else _BINARY | _POSTFIXES
    return following.type in continues
