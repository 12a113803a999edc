"""What must hold for any bytes: checks that the property tests and the long runs share."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tests.tml_ast.notation import shape
from tml_ast import Module, TmlSyntaxError, engine, position, reference, tokenize
from tml_ast.parser import parse_tokens

SECONDS_ANYWAY = 2.0
SECONDS_PER_BYTE = 200e-6
"""Some fifty times what a byte takes, so that neither a slow machine nor instrumentation matters."""

LONGEST_MESSAGE = 300
DEEP_ENOUGH = 60_000
"""A recursion limit for the reference engine, which sets none of its own."""


def check_round_trip(source: bytes) -> Module | None:
    """The tree of the source, whose code is the source; None for a syntax error inside of it.

    In both cases the tokens hold every byte, in order.
    """
    tokens = tokenize(source)
    assert b"".join(token.code() for token in tokens) == source, "tokens do not hold the source"
    offset = 0
    for token in tokens:
        assert token.start == offset + len(token.trivia), f"{token} starts elsewhere"
        offset = token.end
    assert [token.type for token in tokens].index("EOF") == len(tokens) - 1, "EOF is not the last token"
    try:
        module = parse_tokens(source, tokens)
    except TmlSyntaxError as error:
        assert 0 <= error.offset <= len(source), f"{error} lies outside of the source"
        assert (error.line, error.column) == position(source, error.offset), f"{error} has another place"
        assert 0 < len(str(error)) <= LONGEST_MESSAGE, "the message is too long"
        return None
    assert list(module.tokens()) == tokens, "the tree does not hold the tokens"
    assert module.code() == source, "the tree does not hold the source"
    return module


def check_engines_agree(source: bytes) -> bool:
    """Whether the source parses; both engines say the same and build the same tree."""
    tokens = tokenize(source)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEP_ENOUGH))
    try:
        fast, slow = engine.parse_tokens(tokens), reference.parse_tokens(tokens)
    finally:
        sys.setrecursionlimit(limit)
    assert (fast and shape(fast)) == (slow and shape(slow)), "the engines differ"
    return fast is not None


def check_time(source: bytes) -> float:
    """The seconds that lexing and parsing take, which the length of the source bounds."""
    with at_most(SECONDS_ANYWAY + SECONDS_PER_BYTE * len(source)):
        started = time.process_time()
        check_round_trip(source)
        return time.process_time() - started


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fails when what is done takes more processor time, even where it would never end."""

    def fail(signal_number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"not done after {seconds:.1f} seconds of processor time")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
