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
)
from tml_ast.lexer import Token, tokenize_pattern
from tml_ast.nodes import Node
from tml_ast.parser import SnippetKind
from tml_ast.pattern import Binding, CodePattern, Match, render

_MARKS = " -+"


@dataclass(frozen=True, slots=True)
class _Line:
    mark: str
    text: str

    @property
    def indentation(self) -> int:
        return len(self.text) - len(self.text.lstrip())


class CodeChange:
    """A pattern and what becomes of its lines; see the module for how it is written.

    Raises ValueError for a line without a mark, and TmlSyntaxError for a pattern that is no TML.
    """

    def __init__(self, text: str, kind: SnippetKind | None = None) -> None:
        self._lines = _lines(text)
        before = [line.text if line.mark != "+" else "" for line in self._lines]
        self.before = CodePattern("\n".join(before), kind)
        self._tokens = tokenize_pattern("\n".join(before).encode())[:-1]
        self._numbers = _line_numbers("\n".join(before), self._tokens)

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
                edits.append(SourceEdit(tokens[0].start - len(tokens[0].trivia), tokens[-1].end, b""))
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
            return SourceEdit(tokens[0].start, tokens[-1].end, text)
        before = [token for number, tokens in found.items() if number < run[0][0] for token in tokens]
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
            if not lexemes:
                continue
            taken = found.setdefault(number, [])
            for lexeme in lexemes:
                while source[position].lexeme != lexeme:
                    position += 1
                taken.append(source[position])
                position += 1
        return dict(sorted(found.items()))


def _lexemes(binding: Binding) -> list[bytes]:
    return [
        token.lexeme
        for piece in binding.nodes
        for token in ([piece] if isinstance(piece, Token) else piece.tokens())
    ]


def _lines(text: str) -> list[_Line]:
    """The lines without their marks and without the indentation that all of them share."""
    lines = textwrap.dedent(text.rstrip()).removeprefix("\n").split("\n")
    if not any(line[:1] in ("-", "+") for line in lines):
        lines = [f" {line}" for line in lines]
    for line in lines:
        if line and line[0] not in _MARKS:
            raise ValueError(f"this line has no mark: {line}")
    shared = min(len(line[1:]) - len(line[1:].lstrip()) for line in lines if line[1:].strip())
    return [_Line(line[:1] or " ", line[1:][shared:]) for line in lines]


def _line_numbers(text: str, tokens: Iterable[Token]) -> list[int]:
    code = text.encode()
    return [code.count(b"\n", 0, token.start) for token in tokens]


def _blank_lines(lines: Sequence[str]) -> int:
    """How many lines are blank before the first that is not."""
    return next(count for count, line in enumerate(lines) if line.strip())
