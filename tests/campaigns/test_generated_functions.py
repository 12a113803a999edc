"""Fixes of random functions, judged by the second opinion: never worse than the leak, on any path."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codemods.engine.fix_loop import FixLoop
from tests.campaigns.prove_fixes import Tally, judge, prove
from tests.campaigns.spoiled_fixes import worse
from tests.campaigns.wrong_rules import (
    WRONG,
    Spoil,
    release_in_a_branch_too_many,
    release_of_another_payload,
    release_twice,
)
from tests.second_opinion.generated_functions import ENTRY, TEST
from tests.second_opinion.writing.support import support_of, with_imports
from tests.support.project import PROJECT

SHARES = 4
"""The programs are shared out, so that they run side by side."""


@pytest.mark.parametrize("share", range(SHARES))
def test_no_fix_is_worse_than_the_leak(share: int) -> None:
    tally, complaint = prove(300 // SHARES, share)

    assert not complaint
    assert tally.at_fault < tally.programs / 20
    assert tally.leaks_after < tally.leaks_before * 2 / 3


@pytest.mark.parametrize("spoil", WRONG)
def test_a_wrong_rule_makes_nothing_worse(spoil: Spoil) -> None:
    tally, complaint = prove(20, 1, spoil)

    assert not complaint
    assert tally.spoiled.tried[spoil.__name__] > 0


@pytest.mark.parametrize("spoil", [release_twice, release_in_a_branch_too_many, release_of_another_payload])
def test_without_the_self_check_a_wrong_rule_does(spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FixLoop, "_check_misuses", lambda *_arguments: None)
    monkeypatch.setattr(FixLoop, "_check_names", lambda *_arguments: None)

    _, complaint = prove(20, 1, spoil)

    assert complaint.startswith(spoil.__name__)


MADE = {"Chest": "Chest::new(1)", "List[Reel]": "reels_of(1)", "HashMap[Str, Str]": "table_of(1)"}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize(
    "body",
    [
        "let same: $T = given\nreturn 0",
        "var same: $T = keep(given)\nreturn 0",
        "let held: Holder[$T] = Holder[$T] { inner: given }\nreturn 0",
        "when Just(given) {\nJust(same) => note(1),\nNothing => note(2),\n}\nreturn 0",
        "let same: $T = if decide(1) then given else keep(given)\nreturn 0",
    ],
)
def test_what_a_function_drops_by_another_name_is_not_released_by_its_caller(kind: str, body: str) -> None:
    function = f"func given_to(given: {kind}) -> I64 {{\n{body}\n}}\n".replace("$T", kind)
    made = f"let made: {kind} = {MADE[kind]}\nnote(given_to(made))\nreturn 0"
    source = with_imports(f"{function}\n@test\nfunc {ENTRY}() -> I32 {{\n{made}\n}}\n")
    tally = Tally()

    judge({**support_of(source), TEST: source.encode()}, tally)

    assert (tally.programs, tally.at_fault) == (1, 0)


def test_a_spoiled_fix_is_judged_on_every_platform() -> None:
    code = "func test_made() {\n    let reel: Reel = Reel::new(1)\n#if WINDOWS\n    note(1)\n#endif\n}\n"
    source = with_imports(f"@test\n{code}")
    before = {**support_of(source), TEST: source.encode()}
    once = before | {TEST: before[TEST].replace(b"#endif\n", b"#endif\n    reel.destroy()\n")}
    twice_on_one = once | {TEST: once[TEST].replace(b"note(1)\n", b"note(1)\n    reel.destroy()\n")}

    assert not list(worse(before, once))
    assert [complaint.partition(",")[0] for complaint in worse(before, twice_on_one)] == ["on Windows"] * 2


@pytest.mark.parametrize("options", [[], ["--mended", "all"], ["--mended", "break-skips-drops", "--unaware"]])
def test_the_long_run_says_what_it_tried(options: list[str]) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.campaigns.prove_fixes",
        "--programs",
        "4",
        "--jobs",
        "1",
        *options,
    ]
    printed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    assert printed.startswith("4 programs, ")
    assert ", 0 made worse; " in printed
