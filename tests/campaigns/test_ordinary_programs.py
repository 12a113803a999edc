"""The ordinary programs: tmlfix ends on each without a fault, and a second run has nothing to do."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import pytest

from codemods.engine import analyse
from codemods.model.phases import PHASES
from codemods.verification.processes import read_command
from tests.campaigns.ordinary_programs import (
    Outcome,
    Program,
    analysed,
    fixed,
    measured,
    read_programs,
    summary,
)
from tml_ast import parse

PROGRAMS = read_programs()


def test_the_programs_are_all_there() -> None:
    assert len(PROGRAMS) == 108
    assert all(program.leaks.keys() <= program.files.keys() for program in PROGRAMS)
    assert sum(program.total for program in PROGRAMS) == 731


@pytest.mark.parametrize("program", [pytest.param(program, id=program.name) for program in PROGRAMS])
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


# -- measuring ------------------------------------------------------------------------------------

STAND_IN = Path(__file__).parents[1] / "programs" / "stand_in_tml.py"
COMMAND = f"{quote(sys.executable)} {quote(str(STAND_IN))} test"

LIBRARY = b"""\
pub type Response { memory: *Unit }

impl Response {
    pub func new(size: I64) -> Response {
        return Response { memory: lowlevel { mem_alloc(size) } }
    }

    pub func size(this) -> I64 {
        return this.memory as I64
    }

    pub func destroy(mut this) {
        if this.memory == (0 as *Unit) { return }
        lowlevel { mem_free(this.memory) }
        this.memory = 0 as *Unit
    }
}
"""
TEST = b"""\
use test
use std::web::web::{Response}

@test
func test_size() -> I32 {
    let resp: Response = Response::new(8)
    assert(resp.size() > 0, "size")
    return 0
}
"""


def program(test: bytes, leaks: int) -> Program:
    files = {"lib/std/src/web/web.tml": LIBRARY, "lib/std/tests/web/web.test.tml": test}
    return Program("some-author/01-web", files, {"lib/std/tests/web/web.test.tml": leaks})


def test_a_program_is_run_as_it_is_and_with_its_fixes(tmp_path: Path) -> None:
    outcome = measured(program(TEST, 1), tmp_path, read_command(COMMAND, tmp_path), 60)

    assert (outcome.before, outcome.after) == ("1", "0")
    assert outcome.is_as_expected and not outcome.is_broken
    assert not list(tmp_path.rglob("*.tml")), "the programs are gone again"


@pytest.mark.parametrize(
    ("behavior", "why"), [("fail", "test fails"), ("does-not-compile", "does not compile")]
)
def test_a_program_that_ends_badly_is_broken(tmp_path: Path, behavior: str, why: str) -> None:
    bad = program(TEST + f"// stand-in: {behavior}\n".encode(), 1)
    outcome = measured(bad, tmp_path, read_command(COMMAND, tmp_path), 60)

    assert (outcome.before, outcome.after) == (why, why)
    assert outcome.is_broken and not outcome.is_as_expected


def test_other_counts_than_recorded_are_noticed(tmp_path: Path) -> None:
    assert not measured(program(TEST, 3), tmp_path, read_command(COMMAND, tmp_path), 60).is_as_expected


def test_a_file_of_the_tree_is_never_overwritten(tmp_path: Path) -> None:
    taken = tmp_path / "lib/std/src/web/web.tml"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")

    with pytest.raises(SystemExit, match="exists; give a tree without the programs"):
        measured(program(TEST, 1), tmp_path, read_command(COMMAND, tmp_path), 60)
    assert taken.read_text() == "mine"
