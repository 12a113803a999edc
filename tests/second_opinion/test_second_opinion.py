"""The second opinion agrees with what TML's compiler was seen to do."""

from __future__ import annotations

import pytest

from tests.second_opinion.comparison import compare
from tests.second_opinion.compilation import Unsupported
from tests.second_opinion.heap import KINDS, Fault
from tests.second_opinion.paths import Run
from tests.second_opinion.running import TEST, body, leaks, runs
from tests.second_opinion.writing.support import SUPPORT


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let r = Reel::new(1)\nreturn 0", [1]),
        ("let r = Reel::new(1)\nr.destroy()\nreturn 0", [0]),
        ("let c = Chest::new(1)\nreturn 0", [0]),
        ("let c = Chest::new(1)\nc.destroy()\nreturn 0", [0]),
        ('let l = Label::new("a")\nreturn 0', [0]),
        ("let l = List[I64]::new(4)\nreturn 0", [0]),
        ('let l = words_of("a b")\nreturn 0', [2]),
        ('let l = words_of("a b")\nlet first: Str = l.get(0)\nlowlevel { mem_free(first as *Unit) }\n0', [1]),
        ('let s: Str = str::repeat("a", 2)\n0', [0]),
        ("let s: Str = number_text(1)\n0", [1]),
        ("let (a, b) = reel_pair(1)\n0", [2]),
        ("let p: (Reel, Reel) = reel_pair(1)\np.0.destroy()\np.1.destroy()\n0", [0]),
        ("var r = Chest::new(1)\nr = Chest::new(2)\n0", [1]),
        ('var s: Str = ""\ns = str::repeat("a", 2)\nnote_text(s)\n0', [1]),
        ('var s: Str = str::repeat("a", 2)\ns = str::repeat("b", 2)\nnote_text(s)\n0', [1]),
        ("let _ = Chest::new(1)\n0", [0]),
        ("Chest::new(1)\n0", [0]),
        ("Reel::new(1)\n0", [1]),
    ],
)
def test_locals(code: str, expected: list[int]) -> None:
    assert leaks(body(code)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('let s: Str = str::repeat("a", 2)\nreturn str::len(s)', [1]),
        ('let s: Str = str::repeat("a", 2)\nlet n = str::len(s)\nreturn n', [0]),
        ('let s: Str = str::repeat("a", 2)\nreturn str::len(s as Str)', [0]),
        ('let s: Str = str::repeat("a", 2)\nstr::len(s)', [0]),
    ],
)
def test_a_name_in_a_returned_call_is_given_away(code: str, expected: list[int]) -> None:
    assert leaks(body(code)) == expected


@pytest.mark.parametrize(
    ("argument", "visibility", "expected"), [("s", "", [1]), ("s", "pub ", [0]), ("s as Str", "", [0])]
)
def test_a_private_library_function_is_given_what_it_is_called_with(
    argument: str, visibility: str, expected: list[int]
) -> None:
    library = f"""\
{visibility}func peek(text: Str) -> I64 {{
    return str::len(text)
}}
pub func use_it() -> I64 {{
    let s: Str = str::repeat("a", 2)
    let n = peek({argument})
    return n
}}
"""
    assert leaks(body("note(use_it())\n0"), library) == expected


def test_names_are_given_away_in_the_order_of_the_text() -> None:
    early = 'let s: Str = str::repeat("a", 2)\nif decide(1) { return s }\nreturn "b"'
    late = 'let s: Str = str::repeat("a", 2)\nif decide(1) { return "b" }\nreturn s'
    siblings = (
        'if decide(1) { let s: Str = str::repeat("a", 2)\nlet l = Label { text: s } }\n'
        'if decide(2) { let s: Str = str::repeat("b", 2) }\nreturn "c"'
    )

    def made(code: str) -> list[Run]:
        return runs(body("made()\n0"), f"pub func made() -> Str {{\n{code}\n}}\n")

    assert [[block.content for block in run.leaks] for run in made(early)] == [["aa"], ["aa"]]
    assert [[block.content for block in run.leaks] for run in made(late)] == [["aa"], []]
    assert [len(run.leaks) for run in made(siblings)] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("when open_chest(1) { Ok(c) => { note(1) }, Err(e) => { note(e) }, }\n0", [0, 0]),
        ("when open_chest(1) { Ok(_) => { note(1) }, Err(e) => { note(e) }, }\n0", [1, 0]),
        ("when open_reel(1) { Ok(r) => r.destroy(), Err(_) => {}, }\n0", [0, 0]),
        ("when read_text(1) { Ok(s) => { note_text(s) }, Err(e) => { note(e) }, }\n0", [0, 0]),
        ("let o = open_chest(1)\nif o.is_ok() { note(1) }\n0", [1, 0]),
        ("let o = open_chest(1)\nif o.is_ok() { let c: Chest = o.unwrap() }\n0", [0, 0]),
        ("when find_label(1) { Just(l) => { return 1 }, Nothing => { return 0 }, }", [0, 0]),
    ],
)
def test_payloads(code: str, expected: list[int]) -> None:
    assert leaks(body(code)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('note_text(str::repeat("a", 2))\n0', [0]),
        ('note_text("n{1}")\n0', [0]),
        ("note(Chest::new(1).size())\n0", [1]),
        ('if str::repeat("a", 2) == "a" { return 1 }\n0', [1]),
        ('if str::repeat("a", 2) == "aa" { return 1 }\n0', [0]),
        ('let same = str::repeat("a", 2) == "a"\nif same { return 1 }\n0', [0]),
        ('let s: Str = str::repeat("a", 2) + str::repeat("b", 2)\n0', [0]),
    ],
)
def test_temporaries_of_tests(code: str, expected: list[int]) -> None:
    assert leaks(body(code)) == expected


def test_temporaries_of_a_library_stay() -> None:
    library = 'pub func f() -> I64 {\n    return note_text(str::repeat("a", 2))\n}\n'
    hoisted = library.replace("return", "let s: Str =").replace("note_text(", "").replace("2))", "2)")
    hoisted = hoisted.replace("\n}", "\n    let n = note_text(s)\n    return n\n}")

    assert leaks(body("note(f())\n0"), library) == [1]
    assert leaks(body("note(f())\n0"), hoisted) == [0]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let c = Chest::new(1)", [1]),
        ("let c = Chest::new(1)\nreturn", [0]),
        ("if decide(1) { let c = Chest::new(1) }", [0, 0]),
        ("let c = Chest::new(1)\nif decide(1) { return }", [1, 0]),
    ],
)
def test_the_end_of_a_function_without_a_result(code: str, expected: list[int]) -> None:
    assert leaks(body(code, "")) == expected


def test_a_jump_drops_nothing() -> None:
    code = """\
var i: I64 = 0
let n: I64 = rounds(1)
loop (i < n) {
    i = i + 1
    let c = Chest::new(i)
    if decide(2) { break }
}
0
"""
    runs_of_it = runs(body(code))

    assert {run.answers: len(run.leaks) for run in runs_of_it} == {
        (0,): 0,
        (1, 0): 0,
        (1, 1): 1,
        (2, 0, 0): 0,
        (2, 0, 1): 1,
        (2, 1): 1,
    }


def test_a_field_given_away_takes_its_variable_along() -> None:
    library = "pub func read_it(handle: *Unit) -> I64 {\n    return 1\n}\n"

    assert leaks(body("let c = Chest::new(1)\nnote(read_it(c.handle))\n0"), library) == [1]


def test_methods_may_inherit_names_that_others_gave_away() -> None:
    library = """\
impl Label {
    pub func twice(this) -> I64 {
        let own: Str = str::repeat("a", 2)
        return 0
    }
}
"""
    test = body('let l = Label::new("x")\nnote(l.twice())\n0')

    assert leaks(test, library) == [0]
    assert leaks(test, library, methods_inherit=True) == [1]


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("let r = Reel::new(1)\nr.destroy()\nr.destroy()\n0", [Fault.RELEASED_TWICE]),
        ("let r = Reel::new(1)\nr.destroy()\nnote(r.size())\n0", [Fault.USED_AFTER_RELEASE]),
        ("let c = Chest::new(1)\nlet d = c\n0", [Fault.RELEASED_TWICE]),
        ('let s: Str = str::repeat("a", 2)\nlowlevel { mem_free(s as *Unit) }\n0', [Fault.RELEASED_TWICE]),
        ('lowlevel { mem_free("a" as *Unit) }\n0', [Fault.NOT_RELEASABLE]),
        (
            'let s: Str = str::repeat("a", 2)\nlet j: Str = "{s}-"\nnote_text(s)\n0',
            [
                Fault.USED_AFTER_RELEASE,
                Fault.USED_AFTER_RELEASE,
                Fault.USED_AFTER_RELEASE,
                Fault.RELEASED_TWICE,
            ],
        ),
        (
            'var i: I64 = 0\nloop (i > 0) { if str::repeat("a", 2) == "b" { i = 1 } }\n0',
            [Fault.NEVER_MADE],
        ),
        (
            'let l = Label::new("a")\nlet v: Str = l.peek()\nlowlevel { mem_free(v as *Unit) }\n0',
            [Fault.RELEASED_TWICE],
        ),
    ],
)
def test_faults(code: str, kinds: list[str]) -> None:
    (run,) = runs(body(code))
    assert sorted({fault.kind for fault in run.faults}) == sorted(set(kinds))


@pytest.mark.parametrize(
    ("fixed", "complaint"),
    [
        ("r.destroy()\nr.destroy()", "words 1 is released twice"),
        ("r.destroy()\nnote(r.size())", "words 1 is used after its release"),
        ("note(3)\nr.destroy()", "behaves differently"),
        ("let q = Reel::new(2)", "leaks 2 instead of 1"),
        ("", "1 of t leaks in spite of its fix"),
        ("if decide(1) { r.destroy() }", "asks other questions"),
    ],
)
def test_what_is_worse_than_before_is_a_complaint(fixed: str, complaint: str) -> None:
    before, after = (
        {**SUPPORT, TEST: body(f"let r = Reel::new(1)\n{inserted}\nreturn 0").encode()}
        for inserted in ("", fixed)
    )

    comparison = compare(before, after, "t", library=SUPPORT, promised={(TEST, 3): KINDS})

    assert comparison is not None
    assert [found for found in comparison.complaints if complaint in found]


@pytest.mark.parametrize(
    "arm", ["note(2)\nr.destroy()", "r.destroy()", "if decide(1) { note(2) }", "let a = note(2)"]
)
def test_a_fix_that_the_compiler_refuses_is_a_complaint(arm: str) -> None:
    before, after = (
        {
            **SUPPORT,
            TEST: body(f"when open_reel(1) {{ Ok(r) => {{ {inside} }}, Err(e) => note(e), }}\n0").encode(),
        }
        for inside in ("note(2)", arm)
    )

    comparison = compare(before, after, "t", library=SUPPORT)

    assert comparison is not None
    assert comparison.complaints == [
        "the compiler refuses the fixed version: the arms of a when in t, line 3, differ in type"
    ]


def test_what_it_does_not_know_is_an_error() -> None:
    with pytest.raises(Unsupported, match="for x in"):
        runs(body("for x in (xs) { }\nreturn 0"))
