"""Compilers that have mended a defect, as the second opinion simulates them: no fix for one does harm."""

from __future__ import annotations

import pytest

from codemods.compiler_defects import DEFECTS, Defect
from codemods.engine import analyse
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.settings import Settings
from codemods.verification.doctor import State, judge
from codemods.verification.leaks import Amount
from codemods.verification.test_runs import Measurement, Status
from tests.campaigns import prove_fixes
from tests.campaigns.prove_fixes import prove
from tests.second_opinion.comparison import compare
from tests.second_opinion.mended import MENDABLE
from tests.second_opinion.running import entry_of, run_program

WORSE_IF_UNKNOWN = {"late-strings-are-unwatched"}
"""The mended defects whose program tmlfix makes worse if it believes that the compiler still has them."""

COMPILERS = {**{name: frozenset({name}) for name in sorted(MENDABLE)}, "all": MENDABLE}
"""Compilers that have mended one defect, and one that has mended all that can be simulated."""


PROGRAMS = 20
"""How many random programs are fixed for each; 260 in all."""


def complaints(defect: str, believed: frozenset[str]) -> list[str]:
    """What is worse about a defect's fixed program, with a compiler that has mended it."""
    before = DEFECTS[defect].files
    result = analyse(before, [5], settings=Settings(compiler=CompilerProfile(believed)))
    after = {path: change.after for phase in result.phases for path, change in phase.changes.items()}
    found = compare(before, {**before, **after}, entry_of(DEFECTS[defect]), library=(), mended=[defect])
    assert found is not None
    return found.complaints + [f"{path} is changed" for path in after if believed]


@pytest.mark.parametrize("defect", sorted(MENDABLE))
def test_the_program_of_a_defect_that_is_known_to_be_mended_stays_as_it_is(defect: str) -> None:
    assert not complaints(defect, frozenset({defect}))


def test_a_mended_defect_that_nobody_tells_tmlfix_of_can_do_harm() -> None:
    assert {defect for defect in MENDABLE if complaints(defect, frozenset())} == WORSE_IF_UNKNOWN


@pytest.mark.parametrize("number", range(len(COMPILERS)), ids=list(COMPILERS))
def test_no_fix_for_a_compiler_is_worse_with_it(number: int) -> None:
    tally, complaint = prove(PROGRAMS, number, mended=list(COMPILERS.values())[number])

    assert not complaint
    assert tally.at_fault < tally.programs / 20
    assert tally.leaks_after < tally.leaks_before


def measured(defect: Defect, mended: frozenset[str]) -> Measurement:
    """What the doctor reads of a run of a defect's program with a simulated compiler.

    It counts other blocks than the real one: as many as without a mended defect stand for what was measured.
    """
    before, now = run_program(defect), run_program(defect, mended)
    if now.faults:
        return Measurement(Status.CRASHED)
    count = defect.leaks if len(now.leaks) == len(before.leaks) else len(now.leaks)
    return Measurement(Status.PASSED, leaks=Amount(count or 0, 0))


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_doctor_names_what_a_compiler_has_mended(compiler: str) -> None:
    mended = COMPILERS[compiler]
    states = {name: judge(DEFECTS[name], measured(DEFECTS[name], mended)) for name in MENDABLE}

    assert states == {name: State.MENDED if name in mended else State.HOLDS for name in MENDABLE}


def test_harm_by_fixes_for_another_compiler_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def harm(*_arguments: object, **_options: object) -> None:
        raise prove_fixes.WorseThanTheLeak

    monkeypatch.setattr(prove_fixes, "judge", harm)
    tally, complaint = prove(2, 1, mended=MENDABLE, believed=frozenset())

    assert (tally.made_worse, complaint) == (2, "")
