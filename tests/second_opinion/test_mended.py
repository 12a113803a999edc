"""The second opinion does what a compiler would whose makers mended a defect."""

from __future__ import annotations

import random

import pytest

from codemods.compiler_defects import DEFECTS
from codemods.model.compiler_profile import ALL_TRAITS
from tests.second_opinion.afflicted_functions import afflicted
from tests.second_opinion.generated_functions import ENTRY
from tests.second_opinion.machine import Machine
from tests.second_opinion.mended import MENDABLE
from tests.second_opinion.paths import names_given_away_in_methods, paths
from tests.second_opinion.program import Program
from tests.second_opinion.running import body, leaks, run_program, runs

COMPILERS = {**{name: frozenset({name}) for name in sorted(MENDABLE)}, "all": MENDABLE}
"""Compilers that have mended one defect, and one that has mended all that can be simulated."""


def is_harmful(defect: str, mended: frozenset[str] = frozenset()) -> bool:
    """Whether the program of a defect leaks or misuses anything."""
    ended = run_program(DEFECTS[defect], mended)
    return bool(ended.leaks or ended.faults)


def test_every_defect_of_the_drop_rules_can_be_mended() -> None:
    assert ALL_TRAITS <= MENDABLE <= DEFECTS.keys()


@pytest.mark.parametrize("defect", sorted(MENDABLE))
def test_a_program_is_harmless_with_the_one_compiler_that_has_mended_its_defect(defect: str) -> None:
    assert is_harmful(defect)
    harmless = {name for name, mended in COMPILERS.items() if not is_harmful(defect, mended)}

    assert harmless == {defect, "all"}


MADE = 'str::repeat("a", 2)'


@pytest.mark.parametrize(
    ("defect", "code", "before", "after"),
    [
        # a jump drops what it leaves, and nothing around the loop
        (
            "break-skips-drops",
            "let o = Chest::new(1)\nloop (true) { let c = Chest::new(2)\nbreak }\nnote(o.size())\n0",
            [1],
            [0],
        ),
        (
            "break-skips-drops",
            "loop (true) { let c = Chest::new(1)\nloop (true) { break }\nbreak }\n0",
            [1],
            [0],
        ),
        # a variable owns a string from the assignment on that gives it one, until it gets another's
        (
            "late-strings-are-unwatched",
            f'var s: Str = ""\nif decide(1) {{ s = {MADE} }}\nif decide(2) {{ s = "b" }}\n0',
            [0, 1, 1, 0],
            [0, 0, 1, 0],
        ),
        (
            "late-strings-are-unwatched",
            f'let l = Label::new("a")\nvar s: Str = l.peek()\nif decide(1) {{ s = {MADE}\ns = l.peek() }}\n0',
            [0, 1],
            [0, 1],
        ),
        # an assignment drops an owner; a container that nobody drops stays as it was
        ("assignment-frees-nothing", "var c = Chest::new(1)\nc = Chest::new(2)\n0", [1], [0]),
        ("assignment-frees-nothing", "var r = Reel::new(1)\nr = Reel::new(2)\nr.destroy()\n0", [1], [1]),
        (
            "assignment-frees-nothing",
            f"var s: Str = {MADE}\nlet l = Label {{ text: s }}\ns = {MADE}\nnote_text(s)\n0",
            [1],
            [1],
        ),
        # what stands for a payload is dropped with or without a name of its own, once
        (
            "ignored-payloads",
            "when open_chest(1) { Ok(_) => note(1), Err(e) => note(e), }\n0",
            [1, 0],
            [0, 0],
        ),
        (
            "ignored-payloads",
            "when open_chest(1) { Ok(c) => note(1), Err(e) => note(e), }\n0",
            [0, 0],
            [0, 0],
        ),
        (
            "ignored-payloads",
            "let c = Chest::new(1)\nwhen open_chest(2) { Ok(c) => note(1), Err(e) => note(e), }\n0",
            [1, 0],
            [0, 0],
        ),
        ("ignored-payloads", "when read_text(1) { Ok(_) => note(1), Err(e) => note(e), }\n0", [1, 0], [0, 0]),
        # a returned call takes what any call takes
        ("returned-call-cancels-drop", f"let s: Str = {MADE}\nreturn str::len(s)", [1], [0]),
        ("void-end-drops-nothing", f"let s: Str = {MADE}\nlet r = Reel::new(1)", [2], [1]),
    ],
)
def test_what_leaks(defect: str, code: str, before: list[int], after: list[int]) -> None:
    test = body(code, "" if defect.startswith("void") else "-> I32 ")

    assert leaks(test) == before
    assert leaks(test, mended={defect}) == after


@pytest.mark.parametrize(
    ("defect", "code", "before", "after"),
    [
        # only what is returned moves, and only where it is
        (
            "early-return-cancels-later-drops",
            f"let s: Str = {MADE}\nif decide(1) {{ return s }}\n"
            f"if decide(2) {{ let s: Str = {MADE}\nreturn {MADE} }}\nreturn {MADE}",
            [1, 0, 2],
            [0, 0, 0],
        ),
        # a string of each branch has an owner; where one branch makes none, none is dropped
        (
            "branch-initialisers",
            f"let s: Str = if decide(1) {{ {MADE} }} else {{ when decide(2) {{ true => {MADE}, "
            f"false => {{ return {MADE} }}, }} }}\nreturn {MADE}",
            [0, 1, 1],
            [0, 0, 0],
        ),
        (
            "branch-initialisers",
            f'let s: Str = if decide(1) {{ {MADE} }} else {{ "b" }}\nreturn {MADE}',
            [0, 1],
            [0, 1],
        ),
        # a private function takes a struct, as a public one does
        ("private-callee-takes-strings", f"let s: Str = {MADE}\nlet n = peek(s)\nreturn {MADE}", [1], [0]),
        ("private-callee-takes-strings", f"let c = Chest::new(1)\nlet n = keep(c)\nreturn {MADE}", [1], [1]),
    ],
)
def test_what_leaks_in_a_library(defect: str, code: str, before: list[int], after: list[int]) -> None:
    library = (
        "func peek(text: Str) -> I64 {\n    return str::len(text)\n}\n"
        "func keep(chest: Chest) -> I64 {\n    return 1\n}\n"
        f"@allocates\npub func made() -> Str {{\n{code}\n}}\n"
    )
    test = body("let m: Str = made()\n0")

    assert leaks(test, library) == before
    assert leaks(test, library, mended={defect}) == after


@pytest.mark.parametrize("hole", ["s", "l.text", MADE])
def test_an_interpolation_frees_only_what_nobody_owns(hole: str) -> None:
    code = f'let s: Str = {MADE}\nlet l = Label::new("a")\nreturn "{{{hole}}}-"'
    library = f"@allocates\npub func made() -> Str {{\n{code}\n}}\n"
    test = body("let m: Str = made()\n0")
    (before,) = runs(test, library)

    assert bool(before.faults) is (hole != MADE)
    assert leaks(test, library, mended={"interpolation-frees-operands"}) == [0]


@pytest.mark.parametrize(
    ("defect", "code"),
    [
        ("interpolation-frees-operands", f'let m: Str = "{{{MADE}}}-"'),
        ("branch-initialisers", f"let m: Str = if decide(1) {{ {MADE} }} else {{ {MADE} }}"),
    ],
)
def test_a_temporary_string_of_a_test_is_freed_once(defect: str, code: str) -> None:
    assert not any(leaks(body(f"{code}\nnote_text(m)\n0"), mended={defect}))


def outcomes(files: dict[str, bytes], mended: frozenset[str] = frozenset()) -> list[tuple[int, int]]:
    """How many leaks and misuses each path of a generated program has."""
    program = Program(files, mended)
    machine = Machine(program, program.observable(), names_given_away_in_methods(program))
    return [(len(run.leaks), len(run.faults)) for run in paths(machine, ENTRY, 16)]


def test_each_defect_shows_on_random_programs_and_nothing_is_misused_without_it() -> None:
    shown: set[str] = set()

    chance = random.Random(1)

    for _ in range(150):
        files = afflicted(chance.choice, MENDABLE).files
        before = outcomes(files)
        shown.update(name for name in MENDABLE - shown if outcomes(files, COMPILERS[name]) != before)
        assert not any(faults for _, faults in outcomes(files, MENDABLE))
        if shown == MENDABLE:
            break

    assert shown == MENDABLE
