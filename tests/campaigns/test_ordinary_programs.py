"""The ordinary programs: tmlfix ends on each without a fault, and a second run has nothing to do."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.phases import PHASES
from tests.campaigns.ordinary_programs import Outcome, Program, analysed, fixed, read_programs, summary
from tml_ast import parse

PROGRAMS = read_programs()

REFUSED = {"first-author/20-wrap-text": "a fix is refused because it would release a string twice"}
"""Programs in which the self-check stops a fix that should not have been written."""


def test_the_programs_are_all_there() -> None:
    assert len(PROGRAMS) == 84
    assert all(program.leaks.keys() <= program.files.keys() for program in PROGRAMS)
    assert sum(program.total for program in PROGRAMS) == 580


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            program, id=program.name, marks=pytest.mark.xfail(strict=True, reason=REFUSED[program.name])
        )
        if program.name in REFUSED
        else pytest.param(program, id=program.name)
        for program in PROGRAMS
    ],
)
def test_a_program_is_fixed_once_and_for_all(program: Program) -> None:
    result = analysed(program)
    assert not result.errors

    after = fixed(program.files, result)
    for content in after.values():
        parse(content)
    again = analyse(after, [phase.number for phase in PHASES])
    assert not again.errors
    assert fixed(after, again) == after


def test_the_summary_counts_a_broken_program_as_it_was() -> None:
    program = Program("a/1-x", {}, {"x.test.tml": 4})
    outcomes = [Outcome(program, "4", "1"), Outcome(program, "4", "test fails"), Outcome(program, "4", "5")]

    assert [outcome.is_broken for outcome in outcomes] == [False, True, True]
    assert summary(outcomes) == "3 programs: 12 leaks before, 9 after, 25% gone; 2 broken"
