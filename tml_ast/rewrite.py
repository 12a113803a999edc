"""A change as one piece of TML: lines that go are marked ``-``, lines that come are marked ``+``.

For example::

    change = CodeChange('''
         let $copy: I64 = $value.duplicate() as I64
        +let old_word: I64 = lowlevel { ptr_read[I64]($slot as *I64) }
         lowlevel { ptr_write[I64]($slot as *I64, $copy) }
        +lowlevel { mem_free(old_word as *Unit) }
         return
    ''')

The lines without ``+`` are the pattern that is searched for. The others say what it becomes, in the
manner of Coccinelle's semantic patches. Code of an unmarked line stays byte for byte as it is, comments
included; ``$metavariables`` of the new lines are what the pattern bound, or what the caller adds.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from tml_ast.edit import (
    DEFAULT_UNIT,
    SourceEdit,
    after_comment,
    comments_start,
    indentation_of,
    indentation_unit,
    line_ending_of,
    line_start,
)
from tml_ast.lexer import TmlSyntaxError, Token, tokenize_pattern
from tml_ast.nodes import Node
from tml_ast.parser import SnippetKind, parse_snippet_tokens, parse_tokens
from tml_ast.pattern import Binding, CodePattern, Match, render

_MARKS = " -+"
_REST_OF_STATEMENT = re.compile(rb"[ \t]*;?[ \t]*")


@dataclass(frozen=True, slots=True)
class _Line:
    mark: str
    text: str
    column: int
    """The columns before it in the change: the mark, and the indentation that all lines share."""

    @property
    def indentation(self) -> int:
        return len(self.text) - len(self.text.lstrip())


class CodeChange:
    """A pattern and what becomes of its lines; see the module for how it is written.

    Raises ValueError for a line without a mark, and TmlSyntaxError for a pattern that is no TML, with the
    place in the change.
    """

    def __init__(self, text: str, kind: SnippetKind | None = None) -> None:
        self._lines = _lines(text)
        before = [line.text if line.mark != "+" else "" for line in self._lines]
        self.before = self._pattern("+", kind)
        if kind is None and self.before.kind == "expression" and not self._makes_an_expression:
            self.before = self._pattern("+", "statements")
        self._tokens = tokenize_pattern("\n".join(before).encode())[:-1]
        self._numbers = _line_numbers("\n".join(before), self._tokens)

    @property
    def _makes_an_expression(self) -> bool:
        """Whether what it makes can stand for an expression inside of another."""
        made = "\n".join(line.text for line in self._lines if line.mark != "-").encode()
        try:
            parse_snippet_tokens(made, tokenize_pattern(made), "expression")
        except TmlSyntaxError:
            return False
        return True

    def _pattern(self, left_out: str, kind: SnippetKind | None = None) -> CodePattern:
        """The lines without those of a mark, as a pattern."""
        texts = [line.text if line.mark != left_out else "" for line in self._lines]
        try:
            return CodePattern("\n".join(texts), kind)
        except TmlSyntaxError as error:
            raise self._placed(error, texts) from None

    def _placed(self, error: TmlSyntaxError, texts: Sequence[str]) -> TmlSyntaxError:
        """An error in a pattern of these texts, with its place in the change."""
        first = next((number for number, text in enumerate(texts) if text.strip()), 0)
        number = min(first + error.line - 1, len(texts) - 1)
        cut = len(texts[number]) - len(textwrap.dedent("\n".join(texts)).split("\n")[number])
        column = error.column + cut + self._lines[number].column
        return TmlSyntaxError(error.message, number + 1, column, error.offset)

    def check_result(self) -> None:
        """Raise TmlSyntaxError, with the place in the change, if what it makes is no TML."""
        texts = [line.text if line.mark != "-" else "" for line in self._lines]
        if any(text.strip() for text in texts):
            try:
                _parsed(textwrap.dedent("\n".join(texts)).strip(), self.before.kind)
            except TmlSyntaxError as error:
                raise self._placed(error, texts) from None

    @property
    def fits_its_result(self) -> bool:
        """Whether it could be made again in what it makes, and again."""
        code = "\n".join(line.text for line in self._lines if line.mark != "-")
        if self.changes_nothing or not code.strip():
            return False
        try:
            made = _parsed(code, self.before.kind)
        except TmlSyntaxError:
            return False
        return any(True for _ in self.search(made))

    @property
    def added(self) -> str:
        """The lines that come, without their marks."""
        return "\n".join(line.text for line in self._lines if line.mark == "+")

    @property
    def changes_nothing(self) -> bool:
        """Whether no line is marked."""
        return all(line.mark == " " for line in self._lines)

    def search(self, tree: Node) -> Iterator[Match]:
        """Every place in a parsed tree that the change could be made at."""
        return self.before.search(tree)

    def edits(self, source: bytes, match: Match, bindings: Mapping[str, Binding | str]) -> list[SourceEdit]:
        """The edits that make the change at ``match``, with ``bindings`` for the lines that come."""
        found = self._found(match)
        edits: list[SourceEdit] = []
        runs = [
            list(group) for _, group in groupby(enumerate(self._lines), key=lambda numbered: numbered[1].mark)
        ]
        for position, run in enumerate(runs):
            mark = run[0][1].mark
            if mark == "-" and (position + 1 == len(runs) or runs[position + 1][0][1].mark != "+"):
                tokens = [token for number, _ in run for token in found.get(number, ())]
                if tokens:
                    edits.append(_removal(source, tokens[0].start, tokens[-1].end))
            elif mark == "+":
                replaced = runs[position - 1] if position and runs[position - 1][0][1].mark == "-" else []
                edits.append(self._addition(source, found, run, replaced, match, bindings))
        return edits

    def _addition(
        self,
        source: bytes,
        found: Mapping[int, Sequence[Token]],
        run: Sequence[tuple[int, _Line]],
        replaced: Sequence[tuple[int, _Line]],
        match: Match,
        bindings: Mapping[str, Binding | str],
    ) -> SourceEdit:
        lines = [line.text for _, line in run]
        depth = min(line.indentation for _, line in run if line.text.strip())
        ending = line_ending_of(source, match.start)
        unit = indentation_unit(source, match.start)
        indentation = self._indentation(source, found, run[0][0], depth, match, unit)
        text = render("\n".join(lines), bindings, indentation, ending, unit).encode(
            "utf-8", "surrogateescape"
        )
        if replaced:
            tokens = [token for number, _ in replaced for token in found.get(number, ())]
            if tokens:
                return SourceEdit(tokens[0].start, tokens[-1].end, text)
        before = [token for number, tokens in found.items() if number < run[0][0] for token in tokens]
        if not before and text.startswith(b"@"):  # a decorator stands below the comments
            offset = line_start(source, match.start)
            return SourceEdit(offset, offset, indentation + text + ending)
        if not before:
            offset = comments_start(source, match.nodes[0])
            return SourceEdit(offset, offset, indentation + text + ending * (_blank_lines(lines[::-1]) + 1))
        offset = after_comment(source, before[-1].end)
        return SourceEdit(offset, offset, ending * (_blank_lines(lines) + 1) + indentation + text)

    def _indentation(
        self,
        source: bytes,
        found: Mapping[int, Sequence[Token]],
        number: int,
        depth: int,
        match: Match,
        unit: bytes,
    ) -> bytes:
        """That of the nearest line of the pattern at the same depth."""
        nearest = sorted(found, key=lambda line: abs(line - number))
        for line in nearest:
            if found[line] and self._lines[line].indentation == depth:
                return indentation_of(source, found[line][0].start)
        return indentation_of(source, match.start) + unit * (depth // len(DEFAULT_UNIT))

    def _found(self, match: Match) -> dict[int, list[Token]]:
        """The tokens of the source that each line of the pattern matched."""
        source = [token for node in match.nodes for token in node.tokens()]
        position = 0
        found: dict[int, list[Token]] = {}
        spelled: dict[str, list[bytes]] = {}
        for token, number in zip(self._tokens, self._numbers, strict=True):
            lexemes = [token.lexeme]
            if token.type == "IDENT" and token.lexeme.startswith(b"$"):
                name = token.text.lstrip("$.")
                if name not in spelled:
                    spelled[name] = _lexemes(match.bindings[name])
                lexemes = spelled[name]
            if token.lexeme == b"," and source[position].lexeme != b",":
                continue  # beside any number of neighbours that are none, or after the last one
            if not lexemes:
                continue
            taken = found.setdefault(number, [])
            for lexeme in lexemes:
                while source[position].lexeme != lexeme:
                    position += 1
                taken.append(source[position])
                position += 1
        return dict(sorted(found.items()))


def _parsed(code: str, kind: SnippetKind) -> Node:
    """A tree of what a change of a kind makes, which may be more than one piece. Raises TmlSyntaxError."""
    source = code.encode()
    if kind not in ("expression", "statements"):
        return parse_tokens(source, tokenize_pattern(source))
    parse_snippet_tokens(source, tokenize_pattern(source), "statements")
    block = b"func f() {\n" + source + b"\n}"
    return parse_tokens(block, tokenize_pattern(block))


def _removal(source: bytes, start: int, end: int) -> SourceEdit:
    """Take code out with its ``;``, and with its lines if nothing else is on them."""
    rest = _REST_OF_STATEMENT.match(source, end)
    end = rest.end() if rest is not None else end
    own_line = line_start(source, start)
    ending = next((one for one in (b"\r\n", b"\n") if source.startswith(one, end)), None)
    if source[own_line:start].strip(b" \t") or not (ending or end == len(source)):
        while ending and source[start - 1 : start] in (b" ", b"\t"):
            start -= 1
        return SourceEdit(start, end, b"")
    return SourceEdit(own_line, end + len(ending or b""), b"")


def _lexemes(binding: Binding) -> list[bytes]:
    return [
        token.lexeme
        for piece in binding.nodes
        for token in ([piece] if isinstance(piece, Token) else piece.tokens())
    ]


def _lines(text: str) -> list[_Line]:
    """The lines without their marks and without the indentation that all of them share."""
    raw = text.rstrip().removeprefix("\n").split("\n")
    lines = textwrap.dedent(text.rstrip()).removeprefix("\n").split("\n")
    if not any(line[:1] in ("-", "+") for line in lines):
        lines = [f" {line}" for line in lines]
    for line in lines:
        if line and line[0] not in _MARKS:
            raise ValueError(f"this line has no mark: {line}")
    shared = min(len(line[1:]) - len(line[1:].lstrip()) for line in lines if line[1:].strip())
    return [
        _Line(line[:1] or " ", line[1:][shared:], len(whole) - len(line[1:][shared:]))
        for line, whole in zip(lines, raw, strict=True)
    ]


def _line_numbers(text: str, tokens: Iterable[Token]) -> list[int]:
    code = text.encode()
    return [code.count(b"\n", 0, token.start) for token in tokens]


def _blank_lines(lines: Sequence[str]) -> int:
    """How many lines are blank before the first that is not."""
    return next(count for count, line in enumerate(lines) if line.strip())
