r"""Edits as spans of the original bytes: apply, compose, and insert statements where they are valid.

All offsets are bytes. An edit never touches a byte outside its span, so every other line of the
file stays as it was, line ending included::

    source = b"func f() {\n    let a = open()\n    use_it(a)\n}\n"
    module = parse(source)
    let = module.items[0].body.statements[0]
    edit = insert_statement_after(source, module, let, "check(a)")
    apply(source, [edit])   # ... b"    let a = open()\n    check(a)\n    use_it(a)\n" ...
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable
from functools import cached_property

from tml_ast.lexer import Token, tokenize
from tml_ast.nodes import Arm, Block, If, LowlevelBlock, Module, Node
from tml_ast.parser import parse_snippet
from tml_ast.precedence import PRECEDENCE
from tml_ast.source_edit import NO_OWNERS, EditConflict, SourceEdit, apply, collide, compose, in_order

__all__ = [
    "DEFAULT_UNIT",
    "INDENT",
    "EditConflict",
    "SourceEdit",
    "after_comment",
    "apply",
    "collide",
    "comments_start",
    "compose",
    "documentation_start",
    "in_order",
    "indentation_of",
    "indentation_unit",
    "indented",
    "insert_before_block_end",
    "insert_statement_after",
    "insert_statement_before",
    "lay_out",
    "line_ending_of",
    "line_start",
    "reindent",
]

INDENT = b"\t"
"""One level of indentation in code to insert; it becomes the unit that the file has there."""
DEFAULT_UNIT = b"    "
"""One level of indentation where a file shows none."""

_GLUED_ANYWHERE = (frozenset(PRECEDENCE) | {".", "as", "is"}) - {"*"}
"""Tokens that continue the expression before them from a later line."""
_GLUED_TO_OPEN_IF = frozenset(("(", "[", "!", "++", "--", "*"))
"""Tokens that do so only after an ``if`` without ``else``."""

_REST_OF_LINE = re.compile(rb"[ \t\r]*(?://[^\n]*)?(?=\n)")
_LINE_BREAK = re.compile(rb"\r?\n")
_OPENED = re.compile(
    rb"^([ \t]*)(?:\S[^\n]*)?\{[ \t\r]*(?://[^\n]*)?\n(?:[ \t\r]*\n)*([ \t]+)(?=\S)", re.MULTILINE
)
"""A line that ends in a brace, and the first line inside."""


# ---- layout ----


def line_start(source: bytes, offset: int) -> int:
    """Where the line that holds ``offset`` starts."""
    return source.rfind(b"\n", 0, offset) + 1


def indentation_of(source: bytes, offset: int) -> bytes:
    """The spaces and tabs that start the line that holds ``offset``."""
    start = line_start(source, offset)
    end = start
    while end < len(source) and source[end] in b" \t":
        end += 1
    return source[start:end]


def indentation_unit(source: bytes, offset: int) -> bytes:
    """One level of indentation as the braces nearest to ``offset`` have it, those above first.

    Four spaces where no brace of the file shows one.
    """
    end_of_line = source.find(b"\n", offset)
    brace = source.rfind(b"{", 0, end_of_line if end_of_line >= 0 else len(source))
    while brace >= 0:
        start = line_start(source, brace)
        opened = _OPENED.match(source, start)
        if opened is not None and (unit := _unit(opened)):
            return unit
        brace = source.rfind(b"{", 0, start)
    below = map(_unit, _OPENED.finditer(source, offset))
    return next(filter(None, below), DEFAULT_UNIT)


def _unit(opened: re.Match[bytes]) -> bytes:
    """How much further the line inside is indented, if it starts like the one that ends in the brace."""
    outer, inner = opened.groups()
    return inner.removeprefix(outer) if inner.startswith(outer) else b""


def lay_out(source: bytes, offset: int, text: str) -> bytes:
    """Code of several lines as it stands at ``offset``, its further lines indented like the line there.

    A tab at the start of a line of ``text`` is one level.
    """
    indentation, ending = indentation_of(source, offset), line_ending_of(source, offset)
    text = reindent(text, b"", indentation, ending, indentation_unit(source, offset))
    return text.encode("utf-8", "surrogateescape")


def line_ending_of(source: bytes, offset: int) -> bytes:
    r"""The line ending, ``\n`` or ``\r\n``, of the line that holds ``offset``.

    A last line without one gets that of the line before it, and a lone line ``\n``.
    """
    end = source.find(b"\n", offset)
    if end < 0:
        end = source.rfind(b"\n", 0, offset)
    return b"\r\n" if end > 0 and source[end - 1] == 0x0D else b"\n"


def documentation_start(source: bytes, item: Node) -> int:
    """The start of the first line of an item's documentation, or of the item when it has none."""
    start = line_start(source, item.start)
    while start > 0:
        previous = line_start(source, start - 1)
        if not source[previous:start].lstrip().startswith(b"///"):
            break
        start = previous
    return start


def comments_start(source: bytes, node: Node) -> int:
    """The start of the first of the comment lines right above a node, or of its own line.

    A blank line, a directive, or a comment that ends a line of code belongs to what is above.
    """
    first = node.first_token
    above = first.start - len(first.trivia)
    start = line_start(source, first.start)
    while start > above:
        previous = line_start(source, start - 1)
        if not _is_comment(source[max(previous, above) : start]) or source[previous:above].strip():
            break
        start = previous
    return start


def after_comment(source: bytes, offset: int) -> int:
    """After a comment that ends the line of ``offset``, and a ``;`` before it; ``offset`` without one."""
    end = source.find(b"\n", offset)
    rest = source[offset : end if end >= 0 else len(source)].rstrip(b"\r")
    return offset + len(rest) if rest.lstrip(b" \t;").startswith(b"//") else offset


def _is_comment(line: bytes) -> bool:
    code = line.strip()
    return code.startswith(b"//") or (code.startswith(b"/*") and code.find(b"*/") == len(code) - 2)


def reindent(text: str, old: bytes, new: bytes, ending: bytes = b"\n", unit: bytes = INDENT) -> str:
    """``text`` with the indentation ``old`` of every line but the first changed to ``new``.

    Lines get the line ending ``ending``, and ``unit`` for each tab that is left at their start. Lines
    that start inside a token, in a template literal for instance, and blank lines stay as they are; so
    does a line indented less than ``old``, but for the ``new`` put before it.
    """
    code = text.encode("utf-8", "surrogateescape")
    pieces: list[bytes] = []
    for token in tokenize(code):
        pieces.append(_reindent_trivia(token, old, new, ending, unit))
        pieces.append(token.lexeme)
    return b"".join(pieces).decode("utf-8", "surrogateescape")


def _reindent_trivia(token: Token, old: bytes, new: bytes, ending: bytes, unit: bytes) -> bytes:
    first, *others = _LINE_BREAK.split(token.trivia)
    lines = [first]
    for number, line in enumerate(others, 1):
        line = line.removeprefix(old)
        is_blank = not line and (number < len(others) or token.type == "EOF")
        code = line.lstrip(INDENT)
        lines.append(line if is_blank else new + unit * (len(line) - len(code)) + code)
    return ending.join(lines)


def indented(source: bytes, node: Node, levels: int) -> tuple[SourceEdit, ...]:
    """The edits that indent every line of a node but the first by so many levels more.

    Lines that start inside a token, in a template literal for instance, and blank lines stay as they are.
    """
    unit = indentation_unit(source, node.start) * levels
    _first, *others = node.tokens()
    starts = (
        token.start - len(token.trivia) + line_break.end()
        for token in others
        for line_break in _LINE_BREAK.finditer(token.trivia)
    )
    return tuple(
        SourceEdit(start, start, unit) for start in starts if source[start : start + 1] not in (b"\n", b"\r")
    )


# ---- statements ----


def insert_statement_before(
    source: bytes,
    module: Module,
    statement: Node,
    text: str,
    owners: frozenset[Hashable] = NO_OWNERS,
    *,
    below_comments: bool = False,
) -> SourceEdit:
    """Insert the statements ``text`` in front of a statement of a block.

    They get lines of their own when the statement starts its line, at its indentation and above the
    comments that belong to it, unless ``below_comments``; otherwise they are put in front of it on the
    same line, with ``;`` between. Further lines of ``text`` are indented relative to its first, one level
    for each tab. A ``;`` is added where a neighbour would be absorbed otherwise. ``source`` must be what
    ``module`` was parsed from. Raises ValueError when ``statement`` is not a statement of a block of
    ``module``, and TmlSyntaxError when ``text`` is not statements.
    """
    block, index = _place(module, statement)
    start = statement.start
    new = _Insertion(source, start, text, owners)
    own_line = line_start(source, start)
    before = block.children[index - 1]
    if source[own_line:start].strip(b" \t"):
        lines = new.inline(indentation_of(source, start), line_ending_of(source, start), semicolon=True)
        return new.edit(before, start, lines + b" ")
    indentation = source[own_line:start]
    if not below_comments:
        own_line = comments_start(source, statement)
    ending = line_ending_of(source, start)
    semicolon = new.would_absorb(_first_token(statement))
    return new.edit(before, own_line, new.lines(indentation, ending, semicolon=semicolon) + ending)


def insert_statement_after(
    source: bytes,
    module: Module,
    statement: Node,
    text: str,
    owners: frozenset[Hashable] = NO_OWNERS,
) -> SourceEdit:
    """Insert the statements ``text`` after a statement of a block and its ``;``.

    They get lines of their own, below a comment that ends the line of the statement; when more code
    follows on that line they go before it, with ``;`` between. Otherwise like
    ``insert_statement_before``. After the last statement of a block they become its end, and the
    block's value when they end in an expression; a ``;`` that kept the block from having a value is
    repeated for that.
    """
    block, index = _place(module, statement)
    new = _Insertion(source, statement.start, text, owners)
    new.ends_branch = _is_branch(module, block) if new.is_lowlevel else False
    return _insert_after(source, block, index, new)


def insert_before_block_end(
    source: bytes,
    module: Module,
    block: Block,
    text: str,
    owners: frozenset[Hashable] = NO_OWNERS,
) -> SourceEdit:
    """Insert the statements ``text`` in front of the ``}`` of a block, below its last comment.

    A block on one line stays on one line. Otherwise like ``insert_statement_after``: when the block
    has a value, ``text`` takes its place at the end.
    """
    closer = block.last_token
    new = _Insertion(source, closer.start, text, owners)
    new.ends_branch = _is_branch(module, block) if new.is_lowlevel else False
    own_line = line_start(source, closer.start)
    is_first_on_line = not source[own_line : closer.start].strip(b" \t")
    indentation = indentation_of(source, closer.start)
    if len(block.children) == 2:
        ending = line_ending_of(source, block.start)
        if is_first_on_line:
            inserted = new.lines(indentation + new.unit, ending, semicolon=new.ends_branch) + ending
            return SourceEdit(own_line, own_line, inserted, owners)
        start = block.first_token.end
        inserted = b" " + new.inline(indentation, ending, semicolon=new.ends_branch)
        return SourceEdit(start, start, inserted + (b"" if closer.trivia else b" "), owners)
    last = _last_statement(block)
    if not is_first_on_line:
        return _insert_after(source, block, last, new)
    statement = block.children[last]
    if source[line_start(source, statement.start) : statement.start].strip(b" \t"):
        indentation += new.unit
    else:
        indentation = indentation_of(source, statement.start)
    end, _ = _end_with_semicolon(block, last)
    semicolon = new.ends_branch or _ends_with_semicolon(block, last)
    ending = line_ending_of(source, end)
    return new.edit(statement, own_line, new.lines(indentation, ending, semicolon=semicolon) + ending, end)


def _insert_after(source: bytes, block: Block, index: int, new: _Insertion) -> SourceEdit:
    statement = block.children[index]
    end, following = _end_with_semicolon(block, index)
    has_semicolon = _ends_with_semicolon(block, index)
    indentation = indentation_of(source, statement.start)
    ending = line_ending_of(source, end)
    rest = _REST_OF_LINE.match(source, end)
    if rest is None or following.start < rest.end():
        semicolon = has_semicolon or following.type != "}" or new.ends_branch
        lines = new.inline(indentation, ending, semicolon=semicolon)
        return SourceEdit(end, end, (b" " if has_semicolon else b"; ") + lines, new.owners)
    if line_start(source, statement.start) <= block.start:
        indentation += new.unit
    keeps_no_value = (has_semicolon or new.ends_branch) and following.type == "}"
    semicolon = keeps_no_value or new.would_absorb(following)
    line_end = rest.end() - (source[rest.end() - 1] == 0x0D)
    return new.edit(statement, line_end, ending + new.lines(indentation, ending, semicolon=semicolon), end)


class _Insertion:
    """Statements to insert, and what they would do to the statements around them."""

    def __init__(self, source: bytes, offset: int, text: str, owners: frozenset[Hashable]) -> None:
        self.source = source
        self.offset = offset
        self.owners = owners
        code = text.strip().encode("utf-8", "surrogateescape")
        statements = parse_snippet(code, "statements")
        if not statements:
            raise ValueError("there is no statement to insert")
        self.first = statements[0].first_token
        self.last = statements[-1]
        *_, last_token, end_of_file = tokenize(code)
        self.code = code[: last_token.end].decode("utf-8", "surrogateescape")
        self.has_semicolon = last_token.type == ";"
        self.comment = end_of_file.trivia.decode("utf-8", "surrogateescape")
        self.is_lowlevel = any(isinstance(child, LowlevelBlock) for child in self.last.children)
        """Whether the last statement is a lowlevel block."""
        self.ends_branch = False
        """Whether it must have no value there: the compiler finds none where two branches end so."""

    @cached_property
    def unit(self) -> bytes:
        """One level of indentation there."""
        return indentation_unit(self.source, self.offset)

    def lines(self, indentation: bytes, ending: bytes, *, semicolon: bool) -> bytes:
        """The text on lines of its own, without the last line's ending."""
        return indentation + self._text(indentation, ending, semicolon=semicolon)

    def inline(self, indentation: bytes, ending: bytes, *, semicolon: bool) -> bytes:
        """The text between other code of a line; a comment that would swallow the rest ends the line."""
        text = self._text(indentation, ending, semicolon=semicolon)
        return text + ending + indentation if "//" in self.comment else text

    def _text(self, indentation: bytes, ending: bytes, *, semicolon: bool) -> bytes:
        closer = ";" if semicolon and not self.has_semicolon else ""
        text = reindent(self.code + closer + self.comment, b"", indentation, ending, self.unit)
        return text.encode("utf-8", "surrogateescape")

    def would_absorb(self, following: Token) -> bool:
        """Whether ``following``, on a later line, would continue the last statement."""
        return not self.has_semicolon and _continues(self.last, following)

    def edit(
        self, previous: Node | Token, offset: int, inserted: bytes, previous_end: int | None = None
    ) -> SourceEdit:
        """Insert at ``offset``; put a ``;`` after the previous statement if it would absorb the first."""
        if not self._is_absorbed_by(previous):
            return SourceEdit(offset, offset, inserted, self.owners)
        end = previous.end if previous_end is None else previous_end
        return SourceEdit(end, offset, b";" + self.source[end:offset] + inserted, self.owners)

    def _is_absorbed_by(self, previous: Node | Token) -> bool:
        if isinstance(previous, Token) or previous.last_token.type == ";":
            return False
        return _continues(previous, self.first)


def _place(module: Module, statement: Node) -> tuple[Block, int]:
    """The block that holds a statement, and the statement's index among its children."""
    start = statement.start
    node: Node | None = module
    while node is not None:
        if isinstance(node, Block):
            for index, child in enumerate(node.children):
                if child is statement:
                    return node, index
        node = _node_at(node, start)
    raise ValueError(f"{statement!r} is not a statement of a block of this module")


def _node_at(parent: Node, offset: int) -> Node | None:
    """The child that holds a byte, found in a time that hardly grows with the number of children."""
    place = bisect_right(parent.children, offset, key=_start) - 1
    child = parent.children[place] if place >= 0 else None
    return child if isinstance(child, Node) and offset < child.end else None


def _start(piece: Node | Token) -> int:
    return piece.start


def _is_branch(module: Module, block: Block) -> bool:
    """Whether a block is one of several of which one is taken, by an ``else`` or by a ``when``."""
    around: list[Node] = [module]
    node: Node | None = module
    while node is not None and node is not block:
        node = _node_at(node, block.start)
        if node is not None:
            around.append(node)
    *_, second, first = (module, *around[:-1])
    if isinstance(first, If):
        return first.token("else") is not None or isinstance(second, If)
    return isinstance(first, Arm)


def _first_token(piece: Node | Token) -> Token:
    return piece if isinstance(piece, Token) else piece.first_token


def _end_with_semicolon(block: Block, index: int) -> tuple[int, Token]:
    """Where a statement ends, its ``;`` included, and the token after it."""
    following = block.children[index + 1]
    if isinstance(following, Token) and following.type == ";":
        return following.end, _first_token(block.children[index + 2])
    return block.children[index].end, _first_token(following)


def _ends_with_semicolon(block: Block, index: int) -> bool:
    statement, following = block.children[index : index + 2]
    assert isinstance(statement, Node)
    return ";" in (statement.last_token.type, _first_token(following).type)


def _last_statement(block: Block) -> int:
    return max(index for index, child in enumerate(block.children) if isinstance(child, Node))


def _continues(statement: Node, following: Token) -> bool:
    """Whether ``following``, on a later line, would continue a statement that has no ``;``."""
    if following.type in _GLUED_ANYWHERE:
        return True
    last: Node | Token = statement
    while following.type in _GLUED_TO_OPEN_IF and isinstance(last, Node):
        if isinstance(last, If) and last.token("else") is None:
            return True
        last = last.children[-1]
    return False
