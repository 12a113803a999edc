"""What holds for every input: no byte is lost, and both engines build the same trees."""

from __future__ import annotations

from hypothesis import given, settings
from tml_programs import BYTES, PROGRAMS, SOUPS
from tml_text import shape

from tml_ast import TmlSyntaxError, engine, parse, reference, tokenize


@given(BYTES)
@settings(max_examples=500, deadline=None)
def test_tokens_hold_every_byte(source: bytes) -> None:
    tokens = tokenize(source)
    assert b"".join(token.code() for token in tokens) == source
    offset = 0
    for token in tokens:
        offset += len(token.trivia)
        assert token.start == offset
        offset = token.end
    assert tokens[-1].type == "EOF"


@given(BYTES)
@settings(max_examples=300, deadline=None)
def test_whatever_is_no_tml_is_a_syntax_error_inside_of_the_source(source: bytes) -> None:
    try:
        assert parse(source).code() == source
    except TmlSyntaxError as error:
        assert 0 <= error.offset <= len(source)
        assert 1 <= error.line <= source.count(b"\n") + 1
        assert error.column >= 1


@given(PROGRAMS)
@settings(max_examples=300, deadline=None)
def test_programs_round_trip_and_both_engines_agree(program: str) -> None:
    tokens = tokenize(program.encode())
    fast, slow = engine.parse_tokens(tokens), reference.parse_tokens(tokens)
    assert (fast and shape(fast)) == (slow and shape(slow))
    if fast is not None:
        assert fast.code() == program.encode()


@given(SOUPS)
@settings(max_examples=1000, deadline=None)
def test_both_engines_agree_on_soups(source: str) -> None:
    tokens = tokenize(source.encode())
    fast, slow = engine.parse_tokens(tokens), reference.parse_tokens(tokens)
    assert (fast and shape(fast)) == (slow and shape(slow))


def test_most_generated_programs_are_programs() -> None:
    """The other properties would say little if the generated programs were refused."""
    verdicts: list[bool] = []

    @given(PROGRAMS)
    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    def collect(program: str) -> None:
        verdicts.append(engine.parse_tokens(tokenize(program.encode())) is not None)

    collect()
    assert sum(verdicts) > len(verdicts) / 2
