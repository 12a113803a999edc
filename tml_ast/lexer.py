"""Bytes to tokens, losing nothing.

Every byte of a file belongs to exactly one token: whitespace, comments and preprocessor lines
are the *trivia* of the token they precede, and the EOF token carries what follows the last one.
So ``b"".join(t.trivia + t.lexeme for t in tokenize(source)) == source`` for every input.

The rules are those of the compiler's own lexer and preprocessor: preprocessor lines are trivia
and every branch of an ``#if`` is kept; identifiers may hold any byte from 0x80 on; a brace in a
string opens a hole only before a letter or underscore.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

KEYWORDS = frozenset(
    """func type enum union behavior impl mod use pub decorator crate super let var const
    if then else when loop while for in to through break continue return
    and or not xor shl shr this This as is mut ref life volatile
    do move async await with where dyn lowlevel unsafe quote true false null
    class interface extends implements override virtual abstract sealed namespace
    base protected private static prop throw""".split()
)
"""All keywords; none of them is contextual."""

_TYPES = {
    **{keyword: keyword for keyword in KEYWORDS},
    **{"enum": "type", "unsafe": "lowlevel"},
    **{"__FILE__": "STRING", "__DIRNAME__": "STRING", "__LINE__": "INT"},
}
SPELLED_TWICE = frozenset(type for spelling, type in _TYPES.items() if spelling != type)
"""The types of tokens that are not only spelled as the type is."""

_KNOWN = {spelling.encode(): (type, spelling.encode()) for spelling, type in _TYPES.items()}
"""The token type and the lexeme of keywords and other names that are not identifiers, by spelling."""
_A_NAME = ("IDENT", b"")

MAX_NESTING = 1000
"""Brackets nested deeper than this are an error instead of a risk for the stack."""


@final
class Token:
    """A lexeme with the trivia before it.

    ``type`` is the spelling of a keyword or operator, or one of IDENT, INT, FLOAT, CHAR, STRING,
    STRING_START, STRING_MIDDLE, STRING_END, TEMPLATE, TEMPLATE_START, TEMPLATE_MIDDLE,
    TEMPLATE_END, ERROR, EOF. ``enum`` has type ``type`` and ``unsafe`` has type ``lowlevel``,
    as in the compiler. ``start`` is the byte offset of the lexeme; ``newline_before`` says whether
    the trivia holds a line end that the grammar can see. ``closes_before_call`` is a note of the
    grammar's about a ``[``.
    """

    __slots__ = ("closes_before_call", "lexeme", "newline_before", "start", "trivia", "type")

    def __init__(self, type: str, start: int, lexeme: bytes, trivia: bytes, newline_before: bool) -> None:
        self.type = type
        self.start = start
        self.lexeme = lexeme
        self.trivia = trivia
        self.newline_before = newline_before
        self.closes_before_call: bool | None = None

    @property
    def end(self) -> int:
        """Byte offset just after the lexeme."""
        return self.start + len(self.lexeme)

    @property
    def text(self) -> str:
        """The lexeme as text; bytes that are not UTF-8 become surrogates."""
        return self.lexeme.decode("utf-8", "surrogateescape")

    def code(self) -> bytes:
        """Trivia and lexeme, verbatim."""
        return self.trivia + self.lexeme

    def __repr__(self) -> str:
        return f"Token({self.type!r}, {self.start}, {self.lexeme!r})"


class TmlSyntaxError(Exception):
    """The source is not TML: where (1-based line, 1-based column in characters) and what is wrong."""

    def __init__(self, message: str, line: int, column: int, offset: int) -> None:
        super().__init__(f"{line}:{column}: {message}")
        self.message = message
        self.line = line
        self.column = column
        self.offset = offset


def position(source: bytes, offset: int) -> tuple[int, int]:
    """The 1-based line and 1-based column in characters of a byte offset."""
    line_start = source.rfind(b"\n", 0, offset) + 1
    line = source.count(b"\n", 0, line_start) + 1
    return line, len(source[line_start:offset].decode("utf-8", "replace")) + 1


def syntax_error(source: bytes, offset: int, message: str) -> TmlSyntaxError:
    """A TmlSyntaxError at a byte offset of ``source``."""
    line, column = position(source, offset)
    return TmlSyntaxError(message, line, column, offset)


_DIRECTIVE = rb"(?m:^)[ \t\r]*\#[^\n]*(?:\n|\Z)"
_MOST_AT_ONCE = 4096
"""Pieces of trivia or of a text that one match takes: it keeps some 500 bytes of memory for each."""

_AT_ONCE = rb"{0,%d}" % _MOST_AT_ONCE
_TRIVIA = re.compile(
    rb"(?:[ \t\r\n]*\n|" + _DIRECTIVE + rb"|[ \t\r]+|//[^\n]*)" + _AT_ONCE,
    re.VERBOSE,
)
_DOC_COMMENT = re.compile(rb"///(?!/)|//!")
_BLOCK_COMMENT_PIECE = re.compile(rb"/\*|\*/|" + _DIRECTIVE, re.VERBOSE)

_ESCAPE = rb"\\(?:[nrt\\'\"0]|x[0-9A-Fa-f]{2}|u\{[0-9A-Fa-f]{1,6}\})"


@dataclass(frozen=True, slots=True)
class _Scanner:
    """The expressions that read one token, or the text up to a quote or hole."""

    token: re.Pattern[bytes]
    string: re.Pattern[bytes]
    template: re.Pattern[bytes]


def _string_text(hole_start: bytes) -> bytes:
    # An atomic group, because Python 3.11.2 takes the equivalent ``*+`` of a group for less than it matches.
    return rb"(?>(?:[^\"\\\n{]+|" + _ESCAPE + rb"|\\[{}]|\{(?![" + hole_start + rb"]))" + _AT_ONCE + rb")"


def _template_text(hole_start: bytes) -> bytes:
    return rb"(?>(?:[^`\\{]+|" + _ESCAPE + rb"|\\[{}`]|\{(?![" + hole_start + rb"]))" + _AT_ONCE + rb")"


def _scanner(hole_start: bytes) -> _Scanner:
    """``hole_start``: the characters that open a hole after a brace, as in a character class."""
    string_text, template_text = _string_text(hole_start), _template_text(hole_start)
    string_end, template_end = rb"\"|\{(?=[" + hole_start + rb"])", rb"`|\{(?=[" + hole_start + rb"])"
    token = re.compile(
        rb"""
          (?P<RAW> r"[^"\n]*" )
        | (?P<IDENT> (?!r")[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]* )
        | (?P<NUMBER> 0[xX][0-9A-Fa-f_]+(?P<hex_suffix>[iu][A-Za-z0-9_]*)?
            | 0[bB][01_]+(?P<binary_suffix>[iu][A-Za-z0-9_]*)?
            | 0[oO][0-7_]+(?P<octal_suffix>[iu][A-Za-z0-9_]*)?
            | [0-9][0-9_]* (?P<fraction>\.[0-9][0-9_]*)? (?P<exponent>[eE](?:[+-]?[0-9][0-9_]*)?)?
              (?P<suffix>[iuf][A-Za-z0-9_]*)? )
        | (?P<OPERATOR> <<= | >>= | \*\* | \+\+ | -- | -> | => | == | != | <= | >= | << | >> | && | \|\| | \+=
            | -= | \*= | /= | %= | &= | \|= | \^= | \.\. | :: | \$\{ | [-+*/%=!<>&|^~.:?@$()\[\]{},;] )
        | (?P<STRING> "(?P<string_text>"""
        + string_text
        + rb""")(?P<string_end>"""
        + string_end
        + rb""")? )
        | (?P<TEMPLATE> `(?P<template_text>"""
        + template_text
        + rb""")(?P<template_end>"""
        + template_end
        + rb""")? )
        | (?P<CHAR> '(?:[\x00-\x7f] | [\xc0-\xff][\x80-\xbf]*)??(?<!')(?<!\\)' | '"""
        + _ESCAPE
        + rb"""' )
        """,
        re.VERBOSE | re.DOTALL,
    )
    flags = re.VERBOSE | re.DOTALL
    return _Scanner(
        token,
        re.compile(string_text, flags),
        re.compile(template_text, flags),
    )


_USUAL = re.compile(
    rb"""
      ( (?> [ \t\r\n]* (?: //[^\n]* [ \t\r\n]* )"""
    + _AT_ONCE
    + rb""" ) )
      ( (?!r")[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*
      | [(){},;\[\]@?~]
      | (?> [0-9][0-9A-Za-z_]* )(?!\.)
      | "[^"\\\n{]*"
      | =[=>]? | [!%^]=? | ::? | \.\.? | -[->=]? | \+[+=]? | \*[*=]? | /(?![/*])=?
      | <<=? | <=? | >>=? | >=? | &[&=]? | \|[|=]?
      | )
    """,
    re.VERBOSE,
)
"""Trivia and a lexeme of the most common kinds; the lexeme is empty where another kind of token follows."""

_LETTERS = rb"A-Za-z_"
_SCANNER = _scanner(_LETTERS)
_PATTERN_SCANNER = _scanner(_LETTERS + rb"$")
_PATTERN_VARIABLE = re.compile(rb"\$(?:\.\.\.|\$\$)?[A-Za-z_][A-Za-z0-9_]*")

_TEXTS = {
    b'"': ("string", _SCANNER.string),
    b"`": ("template", _SCANNER.template),
    b"}": ("string or template", _SCANNER.template),
}
"""The text after a quote or hole, by which an error says why the text does not end."""

_INT_SUFFIXES = frozenset(f"{sign}{bits}".encode() for sign in "iu" for bits in (8, 16, 32, 64, 128))
_FLOAT_SUFFIXES = frozenset((b"f32", b"f64"))
_MOST_SHOWN = 60
_OFFSETS = list(range(1 << 16))
"""The offsets in files of usual size: integers that the tokens of all files share."""

_new = object.__new__
"""Makes a token without calling ``__init__``, which would cost a Python call for each token."""
_OPENERS = frozenset("([{")
_CLOSERS = frozenset(")]}")


def tokenize(source: bytes) -> list[Token]:
    """All tokens of ``source``, the last one EOF. Never raises; see ``first_error``."""
    return _Lexer(source, pattern_variables=False).run()


def tokenize_pattern(source: bytes) -> list[Token]:
    """Like ``tokenize``, for a pattern: ``$name`` and ``$...name`` (or ``$$$name``) are identifiers."""
    return _Lexer(source, pattern_variables=True).run()


def first_error(source: bytes, tokens: list[Token]) -> TmlSyntaxError | None:
    """The first thing in ``tokens`` that the compiler's lexer refuses, or None."""
    if not source.isascii():
        try:
            source.decode("utf-8")
        except UnicodeDecodeError as error:
            return syntax_error(source, error.start, "this byte is not valid UTF-8")
    if source.startswith(b"\xef\xbb\xbf"):
        return syntax_error(source, 0, "the file starts with a byte order mark; TML files have none")
    types = [token.type for token in tokens]
    if "ERROR" not in types and sum(map(types.count, _OPENERS)) <= MAX_NESTING:
        return None
    depth = 0
    for token in tokens:
        kind = token.type
        if kind in _OPENERS:
            depth += 1
            if depth > MAX_NESTING:
                return syntax_error(
                    source, token.start, f"brackets nested more than {MAX_NESTING} levels deep"
                )
        elif kind in _CLOSERS:
            depth -= 1
        elif kind == "ERROR":
            return syntax_error(source, token.start, _describe_error(token.lexeme))
    return None


def shortened(lexeme: bytes) -> str:
    """A lexeme as an error message shows it."""
    text = lexeme.decode("utf-8", "replace")
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _describe_error(lexeme: bytes) -> str:
    first = lexeme[:1]
    if first == b"\x00":
        return "a NUL byte is not allowed in TML source"
    if first in _TEXTS:
        kind, text = _TEXTS[first]
        known = _end_of_all(text, lexeme, 1)
        is_last = known + 1 >= len(lexeme)
        if lexeme.startswith(b"\\", known) and not is_last:
            return f"unknown escape sequence in a {kind}"
        return f"unterminated {kind}"
    if lexeme.startswith(b'r"'):
        return "unterminated raw string"
    if first == b"'":
        return "a character literal holds exactly one character"
    if lexeme.startswith(b"/*"):
        return "unterminated block comment"
    if first.isdigit():
        return f"invalid number {shortened(lexeme)}"
    return f"unexpected character {shortened(lexeme)!r}"


def _end_of_all(pattern: re.Pattern[bytes], source: bytes, offset: int) -> int:
    """Where the last of the matches ends that take all of what the pattern repeats, piece by piece."""
    while True:
        found = pattern.match(source, offset)
        assert found is not None
        if found.end() - offset < _MOST_AT_ONCE:
            return found.end()
        offset = found.end()


class _Lexer:
    def __init__(self, source: bytes, *, pattern_variables: bool) -> None:
        self.source = source
        self.pattern_variables = pattern_variables
        self.scanner = _PATTERN_SCANNER if pattern_variables else _SCANNER
        self.holes: list[str] = []
        self.tokens: list[Token] = []
        self.known = dict(_KNOWN)
        self.known_trivia: dict[bytes, tuple[bytes, bool]] = {}

    def run(self) -> list[Token]:
        offset: int | None = 0
        while offset is not None:
            if not self.holes and not self.pattern_variables:
                offset = self._usual_tokens(offset)
            offset = self._any_token(offset)
        return self.tokens

    def _usual_tokens(self, offset: int) -> int:
        """Add the tokens from the offset on that ``_USUAL`` matches; the offset after them.

        The type of a lexeme does not depend on its surroundings, so each distinct lexeme is classified once.
        Equal ones share their bytes.
        """
        add = self.tokens.append
        known, known_trivia = self.known, self.known_trivia
        get_known, get_trivia = known.get, known_trivia.get
        fits = len(self.source) < len(_OFFSETS)
        offsets: Sequence[int] = _OFFSETS if fits else range(len(self.source) + 1)
        for found in _USUAL.finditer(self.source, offset):
            trivia, lexeme = found.groups()
            kind = get_known(lexeme)
            if kind is None:
                if not lexeme:
                    break
                start = offset + len(trivia)
                type, end = self._token_at(start)
                if end != start + len(lexeme) or type == "ERROR":
                    break
                known[lexeme] = kind = (type, lexeme)
            noted = get_trivia(trivia)
            if noted is None:
                known_trivia[trivia] = noted = (trivia, b"\n" in trivia)
            offset += len(trivia)
            token = _new(Token)
            token.type, token.lexeme = kind
            token.trivia, token.newline_before = noted
            token.start = offsets[offset]
            token.closes_before_call = None
            add(token)
            offset += len(lexeme)
        return offset

    def _any_token(self, offset: int) -> int | None:
        """Add the token at the offset, of whatever kind; the offset after it, or None at the end."""
        source, add = self.source, self.tokens.append
        size = len(source)
        start = _end_of_all(_TRIVIA, source, offset)
        if source.startswith(b"/*", start):
            start, newline = self._skip_block_comments(offset)
            if source.startswith(b"/*", start):
                add(Token("ERROR", start, source[start:], source[offset:start], newline))
                add(Token("EOF", size, b"", b"", False))
                return None
            trivia = source[offset:start]
        else:
            trivia = source[offset:start]
            newline = b"\n" in trivia
        if start >= size:
            add(Token("EOF", size, b"", trivia, newline))
            return None
        if self.holes and source[start] == 0x7D:
            kind, end = self._close_hole(start)
        else:
            kind, end = self._token_at(start)
        add(Token(kind, start, source[start:end], trivia, newline))
        return end

    def _token_at(self, start: int) -> tuple[str, int]:
        """The type and end of the token that starts there; one that opens a hole is noted."""
        matched = self.scanner.token.match(self.source, start)
        if matched is None:
            return self._no_match(start)
        group = matched.lastgroup
        if group == "IDENT":
            return _KNOWN.get(matched.group(), _A_NAME)[0], matched.end()
        if group == "OPERATOR":
            kind, end = matched.group().decode(), matched.end()
            if kind == "$" and self.pattern_variables:
                variable = _PATTERN_VARIABLE.match(self.source, start)
                if variable is not None:
                    return "IDENT", variable.end()
            return kind, end
        return self._literal(matched, start)

    def _skip_block_comments(self, offset: int) -> tuple[int, bool]:
        """Where the trivia at ``offset`` ends, and whether it holds a line end outside comments.

        It ends in front of a comment that has no end itself.
        """
        source = self.source
        newline = False
        while True:
            start = _end_of_all(_TRIVIA, source, offset)
            newline = newline or b"\n" in source[offset:start]
            if not source.startswith(b"/*", start):
                return start, newline
            depth, offset = 1, start + 2
            while depth:
                found = _BLOCK_COMMENT_PIECE.search(source, offset)
                if found is None:
                    return start, newline
                offset = found.end()
                if found.group() == b"/*":
                    depth += 1
                elif found.group() == b"*/":
                    depth -= 1

    def _close_hole(self, start: int) -> tuple[str, int]:
        prefix = self.holes[-1]
        closer, end = self._text_end(prefix, start + 1)
        if closer == b"{":
            return f"{prefix}_MIDDLE", end
        self.holes.pop()
        if closer is None:
            return "ERROR", self._line_end(end)
        return f"{prefix}_END", end

    def _text_end(self, prefix: str, offset: int) -> tuple[bytes | None, int]:
        """The quote or brace that ends the text at ``offset``, and the offset after it.

        None, and where the text breaks off, if it is neither of them.
        """
        text, quote = (self.scanner.string, b'"') if prefix == "STRING" else (self.scanner.template, b"`")
        end = _end_of_all(text, self.source, offset)
        closer = self.source[end : end + 1]
        return (closer, end + 1) if closer in (quote, b"{") else (None, end)

    def _literal(self, matched: re.Match[bytes], start: int) -> tuple[str, int]:
        end = matched.end()
        if matched.group("RAW") is not None:
            return "STRING", end
        if matched.group("CHAR") is not None:
            return "CHAR", end
        if matched.group("NUMBER") is not None:
            return _number_type(matched), end
        prefix = "STRING" if matched.group("STRING") is not None else "TEMPLATE"
        closer = matched.group("string_end" if prefix == "STRING" else "template_end")
        if closer is None:
            closer, end = self._text_end(prefix, end)
        if closer is None:
            return "ERROR", self._line_end(end)
        if closer == b"{":
            self.holes.append(prefix)
            return f"{prefix}_START", end
        return prefix, end

    def _no_match(self, start: int) -> tuple[str, int]:
        return "ERROR", self._line_end(start + 1) if self.source[start] in b"'r" else start + 1

    def _line_end(self, offset: int) -> int:
        end = self.source.find(b"\n", offset)
        return len(self.source) if end < 0 else max(end, offset)


def _number_type(matched: re.Match[bytes]) -> str:
    text = matched.group()
    for group in ("hex_suffix", "binary_suffix", "octal_suffix"):
        suffix = matched.group(group)
        if suffix is not None:
            return "INT" if suffix in _INT_SUFFIXES and _fits(text[: -len(suffix)]) else "ERROR"
    suffix = matched.group("suffix") or b""
    fraction, exponent = matched.group("fraction"), matched.group("exponent")
    if exponent is not None and len(exponent) == 1:
        return "ERROR"
    if fraction or exponent or suffix in _FLOAT_SUFFIXES:
        return "FLOAT" if not suffix or suffix in _FLOAT_SUFFIXES else "ERROR"
    if suffix and suffix not in _INT_SUFFIXES:
        return "ERROR"
    return "INT" if _fits(text[: len(text) - len(suffix)]) else "ERROR"


def _fits(digits: bytes) -> bool:
    text = digits.replace(b"_", b"")
    if len(text) > 1 and text[:1] == b"0" and text[1:2] in b"xXbBoO":
        base = {b"x": 16, b"b": 2, b"o": 8}[text[1:2].lower()]
        text = text[2:]
        if not text:
            return False
    else:
        base = 10
    significant = text.lstrip(b"0")
    return len(significant) <= 64 and int(significant or b"0", base) < 1 << 64
