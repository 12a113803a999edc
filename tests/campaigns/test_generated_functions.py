"""Fixes of random functions, judged by the second opinion: never worse than the leak, on any path."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codemods.engine.fix_loop import FixLoop
from tests.campaigns.prove_fixes import prove
from tests.campaigns.wrong_rules import WRONG, Spoil
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
    tally, complaint = prove(12, 1, spoil)

    assert not complaint
    assert tally.wrong_fixes > tally.programs / 2
    assert tally.refused > tally.programs / 8


@pytest.mark.parametrize("spoil", [WRONG[0], WRONG[2]])
def test_without_the_self_check_a_wrong_rule_does(spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FixLoop, "_check_misuses", lambda *_arguments: None)

    _, complaint = prove(12, 1, spoil)

    assert any(word in complaint for word in ("is released twice", "is used after its release", "not bound"))


def test_the_long_run_says_what_it_tried() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.campaigns.prove_fixes",
        "--programs",
        "4",
        "--jobs",
        "1",
    ]
    printed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    assert printed.startswith("4 programs, ")
    assert ", 0 made worse; " in printed
