"""Fixes of random functions, judged by the second opinion: never worse than the leak, on any path."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codemods.engine.fix_loop import FixLoop
from tests.campaigns.prove_fixes import prove
from tests.campaigns.wrong_rules import (
    WRONG,
    Spoil,
    release_in_a_branch_too_many,
    release_of_another_payload,
    release_twice,
)
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
    tally, complaint = prove(10, 1, spoil)

    assert not complaint
    assert tally.spoiled.tried.total() == tally.spoiled.refused.total() + tally.spoiled.harmless.total() > 0


@pytest.mark.parametrize("spoil", [release_twice, release_in_a_branch_too_many, release_of_another_payload])
def test_without_the_self_check_a_wrong_rule_does(spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FixLoop, "_check_misuses", lambda *_arguments: None)
    monkeypatch.setattr(FixLoop, "_check_names", lambda *_arguments: None)

    _, complaint = prove(20, 1, spoil)

    assert complaint.startswith(spoil.__name__)


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
