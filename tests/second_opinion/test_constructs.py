"""The second opinion runs the constructs of the language as TML's compiler was seen to do it."""

from __future__ import annotations

import pytest

from tests.second_opinion.drops import Refused
from tests.second_opinion.heap import Fault
from tests.second_opinion.machine import Machine
from tests.second_opinion.paths import paths
from tests.second_opinion.program import Program
from tests.second_opinion.running import body, leaks, runs
from tests.second_opinion.writing.support import SUPPORT


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("var n: I64 = 0\nwhile n < 2 {\nlet r = Reel::new(n)\nn = n + 1\n}\n0", [2]),
        ("var n: I64 = 0\nwhile n < 2 {\nlet c = Chest::new(n)\nn = n + 1\n}\n0", [0]),
        ('var n: I64 = 0\nwhile str::len(str::repeat("a", n)) < 2 {\nn = n + 1\n}\n0', [1]),
        ("loop (var i: I64 < 2) {\nlet r = Reel::new(i)\ni = i + 1\n}\n0", [2]),
        ("for i in 0 to 3 {\nlet r = Reel::new(i)\n}\n0", [3]),
        ("for i in 0 through 3 {\nlet r = Reel::new(i)\n}\n0", [4]),
        ("for i in 0 to 3 {\nlet c = Chest::new(i)\nif i == 1 then continue\nnote(i)\n}\n0", [1]),
        ("for i in 0 to 3 {\nlet c = Chest::new(i)\nif i == 1 { break }\n}\n0", [1]),
        ('for i in 0 to str::len(str::repeat("a", 2)) {\nnote(i)\n}\n0', [0]),
    ],
)
def test_loops(code: str, expected: list[int]) -> None:
    assert leaks(body(code)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let c: Chest = if decide(1) then Chest::new(1) else Chest::new(2)\n0", [0, 0]),
        ("let c: Chest = decide(1) ? Chest::new(1) : Chest::new(2)\n0", [0, 0]),
        ("let r: Reel = decide(1) ? Reel::new(1) : Reel::new(2)\n0", [1, 1]),
        ("if let Err(e) = open_reel(1) {\nnote(1)\n} else {\nnote(2)\n}\n0", [1, 0]),
        ("let Ok(r): Outcome[Reel, I64] = open_reel(1) else {\nreturn 0\n}\nr.destroy()\n0", [0, 0]),
        ("let Ok(c): Outcome[Chest, I64] = open_chest(1) else {\nreturn 0\n}\nnote(c.size())\n0", [1, 0]),
        (
            "let c = Chest::new(1)\nlet Ok(r): Outcome[Reel, I64] = open_reel(1) else { return 0 }\n0",
            [1, 0],
        ),
    ],
)
def test_branches(code: str, expected: list[int]) -> None:
    assert leaks(body(code)) == expected


@pytest.mark.parametrize(
    ("operator", "leaking"), [("and", [2, 2, 2, 1]), ("&&", [2, 2, 2, 1]), ("or", [2, 1, 1, 1])]
)
def test_both_sides_of_and_and_or_are_evaluated(operator: str, leaking: list[int]) -> None:
    code = f"let r = Reel::new(1)\nif decide(1) {operator} decide(2) {{\nr.destroy()\n}}\n"
    code += "let s = Reel::new(2)\n0"

    assert sorted(leaks(body(code)), reverse=True) == leaking
    assert [len(run.answers) for run in runs(body(code))] == [2, 2, 2, 2]


def test_what_the_condition_of_an_else_if_makes_is_made_on_its_line() -> None:
    on_paths = runs(body("if decide(1) {\n} else if Reel::new(2).size() == 0 {\n}\n0"))
    lines = [[leak.made_outside(SUPPORT).line for leak in run.leaks] for run in on_paths]

    assert lines == [[4], []]


def test_a_ternary_frees_at_the_end_of_the_statement_what_only_one_side_made() -> None:
    on_paths = runs(body('note_text(decide(1) ? str::repeat("a", 2) : "b")\n0'))

    assert [[fault.kind for fault in run.faults] for run in on_paths] == [[Fault.NEVER_MADE], []]


@pytest.mark.parametrize(
    "code",
    [
        "if let Ok(r) = open_reel(1) {\nnote(1)\n} else {\nnote(2)\n}\n0",
        "if let Err(e) = open_reel(1) {\nnote(1)\n}\n0",
        "let Ok(s): Outcome[Str, I64] = read_text(1) else {\nreturn 0\n}\n0",
        'let f: func(I64) -> Str = do(n: I64) -> Str { str::repeat("a", n) }\n0',
        "let c = Chest::new(1)\nlet f: func(I64) -> I64 = do(n: I64) -> I64 {\nreturn n\n}\n0",
        "let Ok(r): Outcome[Reel, I64] = open_reel(1) else {\nr.destroy()\nreturn 0\n}\nr.destroy()\n0",
    ],
)
def test_what_the_compiler_refuses(code: str) -> None:
    with pytest.raises(Refused):
        runs(body(code))


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("1", [False, True, False]),
        ("0, 2", [True, False, True]),
        ("0 | 1", [True, True, False]),
        ("1 to 2", [False, True, False]),
        ("1 through 2", [False, True, True]),
        ("n", [True, True, True]),
    ],
)
def test_patterns_of_numbers(pattern: str, taken: list[bool]) -> None:
    code = f"when rounds(1) {{\n{pattern} => {{\nlet r = Reel::new(1)\nnote(1)\n}},\n_ => note(2),\n}}\n0"

    answers = [run.answers[0] for run in runs(body(code))]
    assert [count == 1 for count in leaks(body(code))] == [taken[answer] for answer in answers]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            'let s: Str = str::repeat("a", 2)\nwhen s {\n"aa" => note(1),\n_ => note(2),\n}\n0',
            0,
        ),
        ("when true {\ntrue => note(1),\nfalse => note(2),\n}\n0", 0),
        ("when reel_pair(1) {\n(a, b) => note(a.size()),\n}\n0", 2),
        ("when open_reel(1)! {\nr => note(r.size()),\n}\n0", 1),
    ],
)
def test_other_patterns(code: str, expected: int) -> None:
    assert leaks(body(code, "-> Outcome[I64, I64] "))[0] == expected


def guarded_leaks(*, evaluates_guards: bool) -> list[int]:
    """Leaks of a program whose guard never holds."""
    code = "when open_chest(1) {\nOk(c) if c.size() > 5 => return 1,\nOk(c) => note(1),\nErr(e) => 2,\n}\n"
    program = Program({**SUPPORT, "a.test.tml": body(f"{code}let r = Reel::new(1)\n0").encode()})
    machine = Machine(program, frozenset(), evaluates_guards=evaluates_guards)
    return [len(run.leaks) for run in paths(machine, "t")]


def test_the_compiler_forgets_guards() -> None:
    assert guarded_leaks(evaluates_guards=False) == [0, 1]
    assert guarded_leaks(evaluates_guards=True) == [1, 1]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let f: func(I64) -> I64 = do(x: I64) -> I64 { x + 1 }\nnote(f(3))\n0", 0),
        (
            "let r = Reel::new(1)\nlet f: func(I64) -> I64 = do(x: I64) -> I64 { r.size() + x }\nf(3)\n0",
            1,
        ),
        ("let r = Reel::new(1)\nlet f = do(x: I64) -> I64 { r.size() + x }\nnote(f(3))\nr.destroy()\n0", 0),
        ("let f = do(x: I64) -> I64 {\nlet c = Chest::new(x)\nc.size()\n}\nnote(f(3))\n0", 0),
        ("let f = do(x: I64) -> I64 {\nlet r = Reel::new(x)\nr.size()\n}\nnote(f(3) + f(4))\n0", 2),
        ("let f = do(x: I64) -> Chest { Chest::new(x) }\nlet c: Chest = f(2)\n0", 0),
        (
            'let s: Str = str::repeat("a", 2)\nlet f = move do(x: I64) -> I64 { str::len(s) }\nnote(f(1))\n0',
            0,
        ),
    ],
)
def test_closures(code: str, expected: int) -> None:
    assert leaks(body(code)) == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let a: [Reel; 2] = [Reel::new(1), Reel::new(2)]\nnote(a[1].size())\na[0].destroy()\n0", 1),
        ("let a: [Chest; 2] = [Chest::new(1), Chest::new(2)]\nlet c: Chest = a[0]\n0", 1),
        (
            "var n: I64 = 6\nn -= 2\nn *= 3\nn |= 1\nn <<= 1\nn++\nif n == 27 { let r = Reel::new(n) }\n0",
            1,
        ),
        ("var n: I64 = -7\nif n % 5 == -2 and n / 2 == -3 and -n / -2 == -3 { let r = Reel::new(n) }\n0", 1),
        ("const SIZE: I64 = 3\nlet r = Reel::new(SIZE)\n0", 1),
        ("let r = Reel::new(1)\nif r is Reel and not (1 > 2) && true { r.destroy() }\n0", 0),
    ],
)
def test_expressions(code: str, expected: int) -> None:
    assert leaks(body(code)) == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "let a = Rack { reel: Reel::new(1), count: 2 }\nlet b = Rack { ..a }\nb.reel.destroy()\n0",
            0,
        ),
        ("let a = Crate { chest: Chest::new(1), count: 2 }\n0", 0),
        ("let a = Crate { chest: Chest::new(1), count: 2 }\nnote(a.count)\n0", 1),
        ("let a = Crate { count: 3, ..Crate { chest: Chest::new(1), count: 2 } }\na.chest.destroy()\n0", 0),
    ],
)
def test_a_struct_literal_copies_its_base_bit_by_bit(code: str, expected: int) -> None:
    types = "type Rack { reel: Reel, count: I64 }\ntype Crate { chest: Chest, count: I64 }\n"

    assert leaks(types + body(code)) == [expected]
