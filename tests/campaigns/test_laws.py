"""The laws, on random programs and on what the rules' examples show, and what breaks each of them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from codemods.compiler_defects import DEFECTS, Defect
from codemods.model.findings import Finding, Verdict
from codemods.rules.rule import Example, Fixed
from tests.campaigns.laws import (
    VARIATIONS,
    Vary,
    different_in_other_words,
    outcome,
    violations,
)
from tests.campaigns.prove_fixes import prove
from tests.campaigns.silence import said_without_reason
from tests.campaigns.variations import renamed, with_dead_statement
from tests.second_opinion.generated_functions import ENTRY
from tests.second_opinion.writing.support import support_of, with_imports
from tests.support.rule_examples import PRELUDE, all_examples
from tml_ast import parse

MODULE, TEST = "lib/demo/src/rooms.tml", "tests/demo/rooms.test.tml"
PROGRAM = {
    MODULE: b"""\
use core::intrinsics::{mem_alloc, mem_free}

pub type Room {
    block: *Unit,
}

impl Room {
    pub func new(size: I64) -> Room {
        return Room { block: lowlevel { mem_alloc(size) } }
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}

pub func enter(size: I64) -> I64 {
    let room = Room::new(size)
    return size
}
""",
    TEST: b"""\
use demo::rooms::{Room, enter}

@test
func test_rooms() -> I32 {
    let hall = Room::new(8)
    if enter(4) == 5 {
        return 1
    }
    hall.destroy()
    return 0
}
""",
}
KEEPS_NOTHING = """\
@test
func test_made() -> I32 {
    let reel: Reel = Reel::new(1)
    note(reel.size())
    reel.destroy()
    return 0
}
"""
SHARES = 2
LAYOUTS = tuple(vary for vary in VARIATIONS if vary is not with_dead_statement)
"""What leaves the statements of a body alone: the shape of a semantic patch has no place for others."""


@pytest.mark.parametrize("share", range(SHARES))
def test_the_laws_hold_for_random_programs(share: int) -> None:
    tally, complaint = prove(12, 100 + share, with_laws=True)

    assert not complaint
    assert tally.under_laws > 6


@pytest.mark.parametrize(
    "defect", random.Random(1).sample(list(DEFECTS.values()), 4), ids=lambda defect: defect.name
)
def test_the_laws_hold_for_programs_that_show_a_defect(defect: Defect) -> None:
    assert not list(violations(outcome(defect.files, [5]), [5], random.Random(2)))


@pytest.mark.parametrize(("rule", "example"), random.Random(1).sample(list(all_examples()), 24))
def test_the_laws_hold_for_examples(rule: str, example: Example) -> None:
    code = example.before if isinstance(example, Fixed) else example.code
    path = "tests/http/example.test.tml" if "@test" in code else "lib/demo/src/http/example.tml"
    fixed = outcome({"lib/demo/src/prelude.tml": PRELUDE, path: code.encode()}, [1])

    assert not list(violations(fixed, [1], random.Random(2), LAYOUTS if "contents" in rule else VARIATIONS))


def test_other_names_are_given_to_all_that_a_program_declares_itself() -> None:
    other = renamed(PROGRAM, random.Random(1))

    assert {"Room", "block", "room", "enter", "hall", "test_rooms"} == other.names.keys()
    assert b"rooms::{" + other.names["Room"].encode() in other.files[TEST]
    assert b"func new(" in other.files[MODULE] and b".destroy()" in other.files[TEST]


@pytest.mark.parametrize("vary", VARIATIONS)
@pytest.mark.parametrize("number", range(8))
def test_a_program_is_one_in_other_words_as_well(vary: Vary, number: int) -> None:
    variation = vary(PROGRAM, random.Random(number))

    assert variation is not None and variation.files != PROGRAM
    for path, source in variation.files.items():
        parse(source)
        assert (
            path not in PROGRAM
            or variation.names
            or not variation.added
            or (variation.without_additions(path, source) == PROGRAM[path])
        )


def test_a_verdict_that_depends_on_a_name_breaks_a_law() -> None:
    fixed = outcome(PROGRAM, [5])
    assert [finding.rule for finding in fixed.findings] == ["missing-release", "missing-release"]
    without = replace(fixed, findings=fixed.findings[1:])

    (complaint,) = different_in_other_words(without, renamed(PROGRAM, random.Random(1)), [5])
    place = f"{fixed.findings[0].path}:{fixed.findings[0].line}"
    assert complaint == f"other names: only {place}: missing-release fixable in enter"


def test_a_fix_that_depends_on_what_stands_beside_it_breaks_a_law() -> None:
    fixed = outcome(PROGRAM, [5])
    less = replace(fixed, after={**fixed.after, TEST: PROGRAM[TEST]})

    complaint = "\n".join(violations(less, [5], random.Random(1)))
    assert "a second run: tests/demo/rooms.test.tml ends otherwise" in complaint
    assert "file by file" in complaint and "a comment in" in complaint and "another layout:" in complaint


def test_a_finding_in_a_function_that_leaks_nothing_has_no_reason() -> None:
    test = with_imports(KEEPS_NOTHING)
    files = {**support_of(test), TEST: test.encode()}
    finding = Finding(5, "missing-release", TEST, 5, 9, ENTRY, "`reel` leaks", Verdict.FIXABLE)

    assert not outcome(files, [5]).findings
    (complaint,) = said_without_reason(files, [finding], ENTRY)
    assert complaint.endswith("in test_made, which leaks nothing: `reel` leaks")

    leaking = {**files, TEST: files[TEST].replace(b"    reel.destroy()\n", b"")}
    assert not list(said_without_reason(leaking, [finding], ENTRY))


@pytest.mark.parametrize(
    ("release", "has_reason"),
    [
        (b"#if LINUX\n    reel.destroy()\n#else\n    reel.destroy()\n#endif\n", False),
        (b"#if LINUX\n    reel.destroy()\n#elif not LINUX && MACOS\n    reel.destroy()\n#endif\n", True),
    ],
)
def test_a_function_that_leaks_on_one_platform_leaks(release: bytes, has_reason: bool) -> None:
    test = with_imports(KEEPS_NOTHING)
    files = {**support_of(test), TEST: test.encode().replace(b"    reel.destroy()\n", release)}
    finding = Finding(5, "missing-release", TEST, 5, 9, ENTRY, "`reel` leaks", Verdict.FIXABLE)

    assert bool(outcome(files, [5]).findings) is has_reason
    assert bool(list(said_without_reason(files, [finding], ENTRY))) is not has_reason
