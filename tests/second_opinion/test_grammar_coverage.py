"""The generated programs reach every part of the grammar but those that are listed with a reason."""

from __future__ import annotations

import random

from tests.second_opinion.generated_functions import made
from tests.second_opinion.grammar_coverage import parts, reached, unreached
from tests.second_opinion.unreached import UNREACHED

ENOUGH = 400
"""So many programs reach what generated programs reach at all; most often far fewer do."""


def missing_in_a_sample() -> list[str]:
    """What the programs of a seeded sample leave out; it ends early where they reach all that they should."""
    found: set[str] = set()
    for seed in range(ENOUGH):
        for source in made(random.Random(seed).choice).values():
            found |= reached(source)
        missing = unreached(found)
        if set(missing) <= UNREACHED.keys() and seed > ENOUGH / 10:
            break
    return missing


def test_generated_programs_reach_all_but_what_is_listed() -> None:
    missing = missing_in_a_sample()

    not_listed = sorted(set(missing) - UNREACHED.keys())
    needless = sorted(UNREACHED.keys() - set(missing))
    assert not not_listed, "\n".join(["reached by no program and not listed:", *not_listed])
    assert not needless, "\n".join(["listed, but reached, or no longer a part:", *needless])


def test_a_program_reaches_what_it_contains() -> None:
    plain = reached(b"func f() {\n    if a() {\n    }\n}\n")
    assert "If: expression (then_branch / block_branch)" in plain
    assert "block_branch: ('else' (If / Block)) / Glued" not in plain

    both = reached(b"func f() {\n    if a then b else P { x: 1, ..c }\n}\n")
    assert "StructBody: '..' expression" in both
    assert "then_branch: If" not in both
    assert "then_branch: plain_expression" in both


def test_a_rule_stands_for_its_parts() -> None:
    missing = unreached(reached(b"func f() {\n}\n"))

    assert "Impl" in missing
    assert not [part for part in missing if part.startswith("Impl:")]
    assert "item: Impl" not in missing
    assert "Function: 'async'" in missing
    assert "SequenceVariable" not in parts()
