"""Real TML files, damaged: what editors, merges, line-end filters and broken disks make of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from tests.support.project import EXAMPLE
from tests.tml_ast.generated_programs import LEXEMES
from tml_ast import tokenize

LONGEST_SPAN = 200
ODD_BYTES = (b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\x0c", b"\x1a", "\u2028".encode(), "𝄞".encode())
OPENERS_OF_TEXT = (b'"', b"`", b"'", b'r"', b"/*", b"*/", b"//", b"#", b"\\", b"{", b'"{a')
BRACKETS = b"()[]{}"

Mutation = Callable[[bytes, bytes, Random], bytes]


@cache
def example_files() -> tuple[bytes, ...]:
    """The files of the bundled example."""
    return tuple(path.read_bytes() for path in sorted(EXAMPLE.rglob("*.tml")))


def mutated(source: bytes, other: bytes, chance: Random) -> bytes:
    """The source with one to three kinds of damage; ``other`` is a file to take pieces from."""
    for _ in range(chance.randint(1, 3)):
        source = chance.choice(MUTATIONS)(source, other, chance)
    return source


def _span(source: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randint(0, len(source))
    return start, min(len(source), start + chance.randint(1, LONGEST_SPAN))


def _insert(source: bytes, piece: bytes, chance: Random) -> bytes:
    offset = chance.randint(0, len(source))
    return source[:offset] + piece + source[offset:]


def flip_bits(source: bytes, other: bytes, chance: Random) -> bytes:
    """One byte becomes another."""
    start, _ = _span(source, chance)
    changed = bytes(byte ^ chance.randint(1, 255) for byte in source[start : start + 1])
    return source[:start] + changed + source[start + 1 :]


def delete_span(source: bytes, other: bytes, chance: Random) -> bytes:
    """A piece is missing."""
    start, end = _span(source, chance)
    return source[:start] + source[end:]


def repeat_span(source: bytes, other: bytes, chance: Random) -> bytes:
    """A piece stands there several times."""
    start, end = _span(source, chance)
    return source[:start] + source[start:end] * chance.randint(2, 5) + source[end:]


def swap_spans(source: bytes, other: bytes, chance: Random) -> bytes:
    """Two neighbouring pieces change places."""
    start, middle = _span(source, chance)
    end = min(len(source), middle + chance.randint(1, LONGEST_SPAN))
    return source[:start] + source[middle:end] + source[start:middle] + source[end:]


def splice_files(source: bytes, other: bytes, chance: Random) -> bytes:
    """The beginning of one file, the end of another."""
    return source[: chance.randint(0, len(source))] + other[chance.randint(0, len(other)) :]


def insert_from_other(source: bytes, other: bytes, chance: Random) -> bytes:
    """A piece of another file stands in the middle."""
    start, end = _span(other, chance)
    return _insert(source, other[start:end], chance)


def truncate(source: bytes, other: bytes, chance: Random) -> bytes:
    """The end is missing."""
    return source[: chance.randint(0, len(source))]


def insert_odd_byte(source: bytes, other: bytes, chance: Random) -> bytes:
    """A byte that TML does not know, or half a character."""
    return _insert(source, chance.choice(ODD_BYTES), chance)


def insert_opener_of_text(source: bytes, other: bytes, chance: Random) -> bytes:
    """A quote or comment opens or closes where none did."""
    return _insert(source, chance.choice(OPENERS_OF_TEXT), chance)


def change_line_ends(source: bytes, other: bytes, chance: Random) -> bytes:
    """Line ends become others, everywhere or from one place on, or vanish."""
    start = chance.choice([0, chance.randint(0, len(source))])
    new = chance.choice([b"\r\n", b"\r", b"\n\n", b"\n\r", b" ", b"\\\n"])
    return source[:start] + source[start:].replace(b"\n", new)


def change_bracket(source: bytes, other: bytes, chance: Random) -> bytes:
    """A bracket is missing, doubled or another one."""
    places = [offset for offset, byte in enumerate(source) if byte in BRACKETS]
    if not places:
        return source
    offset = chance.choice(places)
    old = source[offset : offset + 1]
    any_bracket = chance.randint(0, len(BRACKETS) - 1)
    new = chance.choice([b"", old * 2, BRACKETS[any_bracket : any_bracket + 1], old * 1200])
    return source[:offset] + new + source[offset + 1 :]


def change_token(source: bytes, other: bytes, chance: Random) -> bytes:
    """A token is missing, is another one, stands twice, or changes places with one nearby."""
    pieces = [(token.trivia, token.lexeme) for token in tokenize(source)]
    index = chance.randint(0, len(pieces) - 1)
    trivia, lexeme = pieces[index]
    kind = chance.randint(0, 4)
    if kind == 0:
        pieces[index] = (trivia, b"")
    elif kind == 1:
        pieces[index] = (trivia, chance.choice(LEXEMES).encode())
    elif kind == 2:
        pieces[index] = (trivia, lexeme + b" " + lexeme)
    elif kind == 3:
        pieces[index] = (trivia + b"\n", lexeme)
    else:
        near = min(len(pieces) - 1, index + chance.randint(1, 5))
        pieces[index], pieces[near] = (trivia, pieces[near][1]), (pieces[near][0], lexeme)
    return b"".join(trivia + lexeme for trivia, lexeme in pieces)


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    delete_span,
    repeat_span,
    swap_spans,
    splice_files,
    insert_from_other,
    truncate,
    insert_odd_byte,
    insert_opener_of_text,
    change_line_ends,
    change_bracket,
    change_token,
    change_token,
    change_token,
)
"""Changing a token is there three times: it alone often leaves a file that parses."""
