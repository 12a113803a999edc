"""The comparison with the compiler notices each kind of disagreement; here the compiler is a library in C."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaigns.confirm_second_opinion import (
    Outcome,
    Tally,
    differences,
    foreseen,
    prepared,
    seen,
)
from tests.campaigns.runner_in_c import CAN_RUN, RUNNER, RUNTIME
from tests.campaigns.watch_heap import Watcher, compiled
from tests.second_opinion.generated_functions import MADE, TEST, made
from tests.second_opinion.writing.support import SUPPORT
from tml_ast import parse

needs_a_compiler = pytest.mark.skipif(
    not CAN_RUN, reason="NOT TESTED: needs Linux on x86-64 and a C compiler"
)

PROGRAM = {
    **SUPPORT,
    MADE: b"",
    TEST: b"""\
use demo::kinds::{Reel, decide, note}

@test
func test_made() -> I32 {
    if decide(7) {
        let reel: Reel = Reel::new(3)
        note(reel.size())
    }
    return 0
}
""",
}

SUITE = r"""
long judge_next_path(void), judge_answer(long);
void judge_number(long);
void *tml_Reel_new(long size) { long *block = mem_alloc(16); *block = size; return block; }
int test(void) {
    while (judge_next_path())
        if (judge_answer(7)) { void *reel = tml_Reel_new(3); %s }
    return 0;
}
"""
"""What the compiler makes of the program, but for the end of the branch."""

Compile = Callable[[str], Watcher]


@pytest.fixture
def compile_(tmp_path: Path) -> Compile:
    """A stand-in for the compiler, which ends the branch in its own way."""

    def run(end: str) -> Watcher:
        for name, source, options in (
            ("runner", RUNNER.replace("arguments[1]", '"./suite.so"'), ()),
            ("suite.so", RUNTIME + SUITE % end, ("-shared", "-fPIC")),
        ):
            (tmp_path / f"{name}.c").write_text(source)
            command = ["cc", "-O0", "-w", *options, "-o", tmp_path / name, tmp_path / f"{name}.c", "-ldl"]
            subprocess.run(command, check=True)
        here = Path(__file__).parent
        preload = tuple(compiled(here / name, tmp_path) for name in ("watch_heap.c", "path_answers.c"))
        return Watcher(tmp_path, (str(tmp_path / "runner"), "{}"), "suite.so", preload)

    return run


def test_what_the_second_opinion_foresees() -> None:
    quiet, leaking = Outcome((), (), ("asked 7",)), Outcome(("words 3",), (), ("asked 7", "number 3"))

    assert foreseen(PROGRAM, 64) == {(0,): [quiet, quiet], (1,): [leaking, leaking]}


def test_only_what_is_said_on_linux_is_foreseen() -> None:
    directives = b"\n#if WINDOWS\n    note(1)\n#elif LINUX\n    note(2)\n#endif\n    return 0"
    program = PROGRAM | {TEST: PROGRAM[TEST].replace(b"\n    return 0", directives)}

    assert [outcome.trace[-1] for outcome, _ in foreseen(program, 64).values()] == ["number 2", "number 2"]


@needs_a_compiler
def test_both_see_the_same_on_every_path(compile_: Compile) -> None:
    watch = compile_("judge_number(3);")

    assert seen(watch, {}, [(0,), (1,)]) == (
        "passed",
        {(0,): Outcome((), (), ("asked 7",)), (1,): Outcome(("words 3",), (), ("asked 7", "number 3"))},
    )
    tally = Tally()
    assert not list(differences(watch, PROGRAM, tally, 64))
    assert tally == Tally(programs=1, paths=2, leaks=1)


@needs_a_compiler
@pytest.mark.parametrize(
    ("end", "difference"),
    [
        ("judge_number(3); mem_free(reel);", "leaks -words 3"),
        ("judge_number(3); make_string();", "leaks +text abc"),
        ("judge_number(3); reel = tml_Reel_new(4); mem_free(reel); mem_free(reel);", "again +words 4"),
        ("judge_number(4);", "says other things"),
    ],
)
def test_a_disagreement_is_said(compile_: Compile, end: str, difference: str) -> None:
    tally = Tally()

    assert list(differences(compile_(end), PROGRAM, tally, 64)) == [f"path 1: the compiler {difference}"]
    assert tally.differing == 1


@needs_a_compiler
def test_a_program_is_run_as_each_platform_has_it(compile_: Compile) -> None:
    released = b"note(reel.size())\n#if WINDOWS\n        reel.destroy()\n#endif"
    files = PROGRAM | {TEST: PROGRAM[TEST].replace(b"note(reel.size())", released)}
    tally = Tally()

    found = list(differences(compile_("judge_number(3);"), files, tally, 64))
    assert found == ["on Windows, path 1: the compiler leaks +words 3"]
    assert tally == Tally(programs=1, paths=6, leaks=3, differing=1)


@needs_a_compiler
def test_a_test_that_does_not_pass_is_said(compile_: Compile) -> None:
    first, *_ = differences(compile_("judge_number(3); abort();"), PROGRAM, Tally(), 64)

    assert first == "the test crashed"


@pytest.mark.parametrize("number", range(20))
def test_what_the_compiler_gets_is_tml_and_says_what_it_is_asked(number: int) -> None:
    files = prepared({**SUPPORT, **made(random.Random(number).choice)})

    assert all(path.startswith(("lib/std/src/demo/", "lib/std/tests/demo/")) for path in files)
    for content in files.values():
        parse(content)
        assert b" demo::" not in content
    support = b"".join(files.values())
    for function in (b"judged_answer(site)", b"judged_number(number)", b"judged_text(text)"):
        assert function in support
