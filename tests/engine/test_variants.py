"""Variants: a function is looked at with each combination of the conditions that it depends on."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult, Verdict
from tests.support.demo_code import SOCK

LIBRARY, TEST = "lib/src/dev/sock.tml", "tests/dev/a.test.tml"


def body(*lines: str) -> str:
    """The body of a function, with these lines indented, but for directives."""
    return "".join(f"{line}\n" if line.startswith("#") else f"    {line}\n" for line in lines)


def run(text: str, *, library: str = SOCK, uses: str = "Sock") -> AnalysisResult:
    """Analyse a test with this body beside a library."""
    test = f"use plant::dev::sock::{{{uses}}}\n\n@test\nfunc test_it() -> I32 {{\n{text}}}\n"
    files = {LIBRARY: library.encode(), TEST: test.encode(), "tml.toml": b'[package]\nname = "plant"\n'}
    return analyse(files, range(1, 9))


def fixed(text: str, *, library: str = SOCK, uses: str = "Sock") -> str:
    """What becomes of the body of the test."""
    result = run(text, library=library, uses=uses)
    assert not result.errors
    after = [phase.changes[TEST].after.decode() for phase in result.phases if TEST in phase.changes]
    assert after
    return after[-1].partition("-> I32 {\n")[2].removesuffix("}\n")


def reported(result: AnalysisResult) -> list[str]:
    """The messages of the findings; none of them may be fixed."""
    assert not result.errors
    assert not any(phase.changes for phase in result.phases)
    assert all(finding.verdict is Verdict.REPORTED for finding in result.findings)
    return [finding.message for finding in result.findings]


TWINS = "\n#if WINDOWS\npub func shut(s: Sock) {{ {0} }}\n#else\npub func shut(s: Sock) {{ {1} }}\n#endif\n"
KEEPS, FREES = 'print("kept\\n")', "s.destroy()"
SHUT = "    let s = Sock::open(1)\n    shut(s)\n    return 0\n"


LISTS = """\
use core::intrinsics::{mem_alloc, mem_free}
use std::collections::List

pub type Sock { handle: *Unit }

impl Sock {
    pub func open(port: I64) -> Sock {
        let block: *Unit = lowlevel { mem_alloc(8) }
        return Sock { handle: block }
    }
    pub func destroy(mut this) {
        if this.handle == null {
            return
        }
        lowlevel { mem_free(this.handle) }
        this.handle = null
    }
}

impl Drop for Sock {
    func drop(mut this) {
        this.destroy()
    }
}

pub func filled() -> List[Sock] {
    let socks: List[Sock] = List[Sock]::new(2)
    socks.push(Sock::open(1))
    return socks
}
"""
"""A library with lists of owners that the compiler drops."""


# Twins of a function


@pytest.mark.parametrize(("first", "second", "place"), [(KEEPS, FREES, "without"), (FREES, KEEPS, "with")])
def test_a_twin_that_frees_forbids_the_fix_that_the_other_needs(first: str, second: str, place: str) -> None:
    (message,) = reported(run(SHUT, library=SOCK + TWINS.format(first, second), uses="Sock, shut"))

    assert f"that would be wrong {place} WINDOWS" in message


def test_twins_that_both_keep_need_the_same_fix() -> None:
    library = SOCK + TWINS.format(KEEPS, "")

    assert fixed(SHUT, library=library, uses="Sock, shut").splitlines()[2] == "    s.destroy()"


def test_twins_that_both_free_leave_nothing_to_do() -> None:
    assert not reported(run(SHUT, library=SOCK + TWINS.format(FREES, FREES), uses="Sock, shut"))


def test_what_calls_a_twin_answers_as_the_twin_does() -> None:
    library = SOCK + TWINS.format(KEEPS, FREES) + "\npub func close(s: Sock) { shut(s) }\n"
    text = SHUT.replace("shut(s)", "close(s)")

    (message,) = reported(run(text, library=library, uses="Sock, close"))
    assert "would be wrong without WINDOWS" in message


def test_a_twin_of_a_method_is_one_too() -> None:
    one, other = (f"impl Sock {{ pub func shut(this) {{ {does} }} }}\n" for does in (KEEPS, "this.destroy()"))
    library = f"{SOCK}\n#ifdef SLOW\n{one}#else\n{other}#endif\n"

    (message,) = reported(run(SHUT.replace("shut(s)", "s.shut()"), library=library))
    assert "would be wrong without SLOW" in message


# Branches of a function


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            body("#if WINDOWS", "let s = Sock::open(1)", 'assert(s.port == 1, "port")', "#endif", "return 0"),
            body(
                "#if WINDOWS",
                "let s = Sock::open(1)",
                'assert(s.port == 1, "port")',
                "s.destroy()",
                "#endif",
                "return 0",
            ),
            id="in the branch",
        ),
        pytest.param(
            body("#if WINDOWS", "return 1", "#else", "let s = Sock::open(1)", "return 0", "#endif"),
            body(
                "#if WINDOWS",
                "return 1",
                "#else",
                "let s = Sock::open(1)",
                "s.destroy()",
                "return 0",
                "#endif",
            ),
            id="behind the return of another branch",
        ),
        pytest.param(
            body("#if A", "let s = Sock::open(1)", "#else", "let s = Sock::open(2)", "#endif", "return 0"),
            body(
                "#if A",
                "let s = Sock::open(1)",
                "#else",
                "let s = Sock::open(2)",
                "#endif",
                "s.destroy()",
                "return 0",
            ),
            id="twins of a let",
        ),
        pytest.param(
            body(
                "let s = Sock::open(1)", "#if A", 'print("a")', "#else", "s.destroy()", "#endif", "return 0"
            ),
            body(
                "let s = Sock::open(1)",
                "#if A",
                'print("a")',
                "s.destroy()",
                "#else",
                "s.destroy()",
                "#endif",
                "return 0",
            ),
            id="released in the other branch",
        ),
        pytest.param(
            body("let s = Sock::open(1)", "#if A", "s.destroy()", "#endif", "return 0"),
            body(
                "let s = Sock::open(1)", "#if A", "s.destroy()", "#else", "s.destroy()", "#endif", "return 0"
            ),
            id="released in the only branch",
        ),
        pytest.param(
            body("let s = Sock::open(1)", "#if A", "return 1", "#endif", "return 0"),
            body(
                "let s = Sock::open(1)",
                "#if A",
                "s.destroy()",
                "return 1",
                "#endif",
                "s.destroy()",
                "return 0",
            ),
            id="an exit in a branch",
        ),
        pytest.param(
            body("#if A", "let s = Sock::open(1)", "#endif", 'print("on\\n")', "return 0"),
            body(
                "#if A",
                "let s = Sock::open(1)",
                "#endif",
                'print("on\\n")',
                "#if A",
                "s.destroy()",
                "#endif",
                "return 0",
            ),
            id="used no more, but released at the end",
        ),
        pytest.param(
            body("#if A", "#if B", "let s = Sock::open(1)", "#endif", "#endif", "return 0"),
            body("#if A", "#if B", "let s = Sock::open(1)", "s.destroy()", "#endif", "#endif", "return 0"),
            id="nested",
        ),
        pytest.param(
            body(
                "if 1 > 2 {",
                "let s = Sock::open(1)",
                "s.destroy()",
                "} else {",
                "#if A",
                "let s = Sock::open(2)",
                "#else",
                "return 1",
                "#endif",
                "}",
                "return 0",
            ),
            body(
                "if 1 > 2 {",
                "let s = Sock::open(1)",
                "s.destroy()",
                "} else {",
                "#if A",
                "let s = Sock::open(2)",
                "s.destroy()",
                "#else",
                "return 1",
                "#endif",
                "}",
                "return 0",
            ),
            id="a name that another block has too",
        ),
    ],
)
def test_a_fix_is_inside_the_branch_that_it_belongs_to(before: str, after: str) -> None:
    assert fixed(before) == after
    assert not reported(run(after))


@pytest.mark.parametrize(
    "text",
    [
        body(
            "#if WINDOWS",
            "let s = Sock::open(1)",
            "#else",
            "let s = Sock::open(2)",
            "#endif",
            "s.destroy()",
            "return 0",
        ),
        body(
            "#if WINDOWS",
            "let s = Sock::open(1)",
            "#elif LINUX",
            "let s = Sock::open(2)",
            "#else",
            "#error none",
            "#endif",
            "s.destroy()",
            "return 0",
        ),
        body(
            "let s = Sock::open(1)",
            "#if A",
            "s.destroy()",
            "return 1",
            "#else",
            "s.destroy()",
            "return 0",
            "#endif",
        ),
        body(
            "#if A",
            "let s = Sock::open(1)",
            "#endif",
            "#if !A",
            "let s = Sock::open(2)",
            "#endif",
            "s.destroy()",
            "return 0",
        ),
        body(
            "let s = Sock::open(",
            "#if A",
            "    1",
            "#else",
            "    2",
            "#endif",
            ")",
            "s.destroy()",
            "return 0",
        ),
    ],
)
def test_what_is_right_in_each_variant_has_no_finding(text: str) -> None:
    assert not reported(run(text))


def test_a_fix_that_some_branches_lack_is_in_each_of_these() -> None:
    before = body(
        "let s = Sock::open(1)",
        "#if A",
        "s.destroy()",
        "#elif B",
        "print(1)",
        "#elif C",
        "#endif",
        "return 0",
    )

    after = fixed(before)

    assert after == before.replace("print(1)\n", "print(1)\n    s.destroy()\n").replace(
        "#elif C\n", "#elif C\n    s.destroy()\n#else\n    s.destroy()\n"
    )
    assert not reported(run(after))


@pytest.mark.parametrize(
    "made",
    [
        (
            "#if LINUX",
            "print(1)",
            "#elif MACOS",
            "let s = Sock::open(1)",
            "#else",
            "let s = Sock::open(2)",
            "#endif",
        ),
        ("#if LINUX", "#elif MACOS", "print(1)", "#endif", "#if !LINUX", "let s = Sock::open(1)", "#endif"),
    ],
)
def test_what_several_variants_want_and_others_do_not_is_written_once(made: tuple[str, ...]) -> None:
    release = ("#if !LINUX", "s.destroy()", "#endif")

    assert fixed(body(*made, "print(2)", "return 0")) == body(*made, "print(2)", *release, "return 0")


def test_fixes_of_several_values_share_a_new_branch() -> None:
    made = ("let s = Sock::open(1)", "let t = Sock::open(2)", "#if A")
    after = fixed(body(*made, "s.destroy()", "t.destroy()", "#endif", "return 0"))

    added = ("#else", "t.destroy()", "s.destroy()", "#endif", "return 0")
    assert after == body(*made, "s.destroy()", "t.destroy()", *added)


def test_what_leaves_on_an_error_is_opened_once() -> None:
    """Each of the two owners wants to open the call; they take turns."""
    attempt = """
pub func attempt(port: I64) -> Outcome[I64, I64] {
    if port < 1 {
        return Err(port)
    }
    return Ok(port)
}
"""
    made = ("let s = Sock::open(1)", "let t = Sock::open(2)")
    both = body(*made, "#if A", "let n: I64 = attempt(3)!", "#endif", "return Ok(1)")
    text = f"    return 0\n}}\n\nfunc both() -> Outcome[I64, I64] {{\n{both}"
    after = fixed(text, library=f"{SOCK}{attempt}", uses="Sock, attempt")

    opened = (
        "#if A\n    let result = attempt(3)\n    if result.is_err() {\n"
        "        t.destroy()\n        s.destroy()\n"
        "        return Err(result.unwrap_err())\n    }\n"
        "    let n: I64 = result.unwrap()\n#endif\n"
    )
    assert opened in after
    assert after.count("attempt(3)") == 1


def test_a_finding_names_the_variant_that_it_is_of() -> None:
    only = run(body("let s = Sock::open(1)", "#if A", "s.destroy()", "#endif", "return 0"))
    both = run(body("let s = Sock::open(1)", "#if A", "print(1)", "#endif", "return 0"))

    assert [finding.message.rpartition("; ")[2] for finding in only.findings] == ["found without A"]
    assert not [finding for finding in both.findings if "found with" in finding.message]


def test_a_finding_says_what_one_variant_leaves_open_though_the_first_is_fixed() -> None:
    lines = ("let l = filled()", "if l.len() > 1 {", "#if A && !B", "l.destroy()", "#endif", "print(1)", "}")
    (message,) = {
        finding.message
        for finding in run(body(*lines, "return 0"), library=LISTS, uses="Sock, filled").findings
        if finding.rule == "undrained-values"
    }
    assert "; not fixed at the return on line" in message


def test_a_release_that_does_nothing_in_a_variant_forbids_no_fix() -> None:
    release = "    pub func destroy(this) {\n        lowlevel { mem_free(this.handle) }\n    }\n"
    library = SOCK.replace(release, f"#if A\n{release}#else\n    pub func destroy(this) {{ }}\n#endif\n")
    before = body("let s = Sock::open(1)", "return 0")

    assert fixed(before, library=library) == body("let s = Sock::open(1)", "s.destroy()", "return 0")


def test_twins_that_make_a_string_promise_the_same() -> None:
    one = "pub func low(name: Str) -> Str {{{{ return {{{0}}} }}}}\n"
    twins = f"#if A\n{one.format(0)}#else\n{one.format(1)}#endif\n"
    twins += "pub func width(name: Str) -> I64 {{\n    let s: Str = low(name)\n    return s.len()\n}}\n"
    made = "name.duplicate()"

    assert reported(run(body("return 0"), library=twins.format(made, "name")))
    (phase,) = [
        phase for phase in run(body("return 0"), library=twins.format(made, made)).phases if phase.changes
    ]
    assert phase.changes[LIBRARY].after.count(b"@allocates\n") == 2


def test_every_branch_counts() -> None:
    text = body(
        "#if A",
        "let s = Sock::open(1)",
        "#elif B",
        "let t = Sock::open(2)",
        "#else",
        "let u = Sock::open(3)",
        "#endif",
        "return 0",
    )

    after = fixed(text)

    assert all(f"    {name}.destroy()\n#" in after for name in "stu")


# Conditions that meet


def test_twins_that_conditions_of_their_own_decide_are_combined() -> None:
    twins = "\n#if {0}\npub func {1}(s: Sock) {{ {2} }}\n#else\npub func {1}(s: Sock) {{ {3} }}\n#endif\n"
    first, second = twins.format("A", "one", KEEPS, FREES), twins.format("B", "two", FREES, KEEPS)
    text = body("let s = Sock::open(1)", "one(s)", "two(s)", "return 0")

    result = run(text, library=SOCK + first + second, uses="Sock, one, two")

    assert not any(phase.changes for phase in result.phases)


def test_of_too_many_variants_some_are_looked_at_and_nothing_is_fixed() -> None:
    flags = "".join(f'#if S{number}\n    print("{number}")\n#endif\n' for number in range(20))

    result = run(f"    let s = Sock::open(1)\n{flags}    return 0\n")

    assert ["than are looked at" in error.message for error in result.errors] == [True]
    assert [finding.verdict for finding in result.findings] == [Verdict.REPORTED]


def test_conditions_of_different_functions_are_not_combined() -> None:
    flags = "".join(
        f"#if S{number}\nfunc more_{number}() {{\n    let s = Sock::open(1)\n}}\n#endif\n"
        for number in range(20)
    )
    result = run(f"    return 0\n}}\n{flags}func last() {{\n")

    assert not result.errors
    assert sum(finding.verdict is Verdict.FIXABLE for finding in result.findings) == 20


def test_a_file_that_is_no_program_anywhere_is_refused() -> None:
    result = run("#if A\n    let = 1\n#else\n    let let\n#endif\n    return 0\n")

    assert [error.path for error in result.errors] == [TEST]


@pytest.mark.parametrize("text", ["#if A\n    return 0\n", "    return 0\n#endif\n"])
def test_directives_that_do_not_match_are_refused(text: str) -> None:
    (error,) = run(text).errors

    assert error.path == TEST and "#" in error.message


# What the variants of a file propose in turn

WORDS = """\
use core::str
use std::collections::List

pub func words_of(line: Str) -> List[Str] {
    return str::split(line, " ")
}

#if A
pub func count(words: List[Str]) -> I64 {
    return words.len()
}
#else
pub func count(words: List[Str]) -> I64 {
    if words is List[Str] {
        return 1
    }
    return 0
}
#endif
"""
"""A library that counts the words of a list; one of its variants says nothing of what it does with them."""


def test_a_list_that_one_variant_leaves_alone_keeps_no_other_from_its_release() -> None:
    """Each fix needs the same import, which only the first of them writes."""
    lines = ('let first = words_of("a b")', "print(count(first))", 'let second = words_of("c d")', "return 0")

    after = fixed(body(*lines), library=WORDS, uses="count, words_of")

    assert "destroy_parts(ref second)" in after
    assert "destroy_parts(ref first)" not in after


def test_a_new_name_is_free_in_all_variants() -> None:
    before = body("Sock::open(1)", "#if A", "let sock = Sock::open(2)", "print(2)", "#endif", "return 0")

    after = fixed(before)

    assert after.count(".destroy()") == 2
    assert "let sock = Sock::open(1)" not in after
