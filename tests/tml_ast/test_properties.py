"""What holds for every input: no byte is lost, and both engines build the same trees.

`tests.campaigns.attack_grammar` checks the same with as many inputs as there is time for.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.corpus import corpus_files
from tests.support.work import work
from tests.tml_ast.damage import example_files, mutated
from tests.tml_ast.generated_programs import BYTES, PROGRAMS, SOUPS, constructs, deeply_nested
from tests.tml_ast.laws import check_engines_agree, check_round_trip
from tml_ast import Node, engine, tokenize

CHANCES = st.randoms(use_true_random=False)
FILES = st.sampled_from(example_files())
CALLS_PER_BYTE = 200
"""More than any source needs, far less than what is read again at each level takes."""


@given(BYTES | st.binary())
@settings(max_examples=800, deadline=None)
def test_bytes_come_back_or_are_a_syntax_error_inside_of_the_source(source: bytes) -> None:
    check_round_trip(source)


@given(FILES, FILES, CHANCES)
@settings(max_examples=250, deadline=None)
def test_so_do_damaged_files(source: bytes, other: bytes, chance: Random) -> None:
    check_round_trip(mutated(source, other, chance))


@given(CHANCES)
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_nested_is_read_again_at_each_level(chance: Random) -> None:
    source = deeply_nested(25, chance).encode()
    work(lambda: check_round_trip(source), at_most=CALLS_PER_BYTE * len(source))


def test_so_does_every_construct_wherever_it_breaks_off() -> None:
    for construct in constructs():
        source = construct.encode()
        assert check_engines_agree(source), construct
        for token in tokenize(source):
            check_round_trip(source[: token.start])


@pytest.mark.parametrize("seed", range(4))
def test_so_do_damaged_files_of_the_library(seed: int) -> None:
    files = [path.read_bytes() for path in corpus_files()]
    chance = Random(seed)
    for _ in range(50):
        check_round_trip(mutated(chance.choice(files), chance.choice(files), chance))


@given(PROGRAMS)
@settings(max_examples=300, deadline=None)
def test_programs_round_trip_and_both_engines_agree(program: str) -> None:
    check_round_trip(program.encode())
    check_engines_agree(program.encode())


@given(SOUPS)
@settings(max_examples=1000, deadline=None)
def test_both_engines_agree_on_soups(source: str) -> None:
    check_engines_agree(source.encode())


@given(FILES, FILES, CHANCES)
@settings(max_examples=60, deadline=None)
def test_both_engines_agree_on_damaged_files(source: bytes, other: bytes, chance: Random) -> None:
    check_engines_agree(mutated(source, other, chance))


@given(PROGRAMS, st.integers(1, 25))
@settings(max_examples=200, deadline=None)
def test_the_first_node_below_is_found_without_looking_at_all(program: str, levels: int) -> None:
    tree = engine.parse_tokens(tokenize(program.encode()))
    if tree is not None:
        level: list[Node] = [tree]
        for _ in range(levels):
            level = [child for node in level for child in node.nodes()]
        assert tree.node_below(levels) is (level[0] if level else None)


def test_most_generated_programs_are_programs() -> None:
    """The other properties would say little if the generated programs were refused."""
    verdicts: list[bool] = []

    @given(PROGRAMS)
    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    def collect(program: str) -> None:
        verdicts.append(engine.parse_tokens(tokenize(program.encode())) is not None)

    collect()
    assert sum(verdicts) > len(verdicts) / 2
