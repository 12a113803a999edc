"""A commit made again by a patch is compared with what it was, line by line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.campaigns import replay_commits
from tests.campaigns.replay_commits import Replay, replay

BEFORE = "@test\nfunc test_f() {\n    print(1)\n    go()\n    println(2)\n    print(3)\n}\n"
AFTER = BEFORE.replace("    print(1)\n", "").replace("    println(2)\n", "").replace("go()", "run()")


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A commit that takes two of three prints out and changes another line."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    test = tmp_path / "lib" / "f.test.tml"
    test.parent.mkdir()
    for text in (BEFORE, AFTER):
        test.write_text(text)
        subprocess.run(["git", "add", "."], check=True)
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        subprocess.run(["git", *who, "commit", "-q", "-m", "less"], check=True)
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def test_lines_are_reproduced_missed_or_others(commit: str) -> None:
    outcome = replay(Path(".git"), Replay(commit, "prints", r"-\s*print|\+"))
    assert (outcome.wanted.total(), outcome.reproduced.total()) == (3, 2)
    assert [*outcome.extra] == [("lib/f.test.tml:6", "-    print(3)")]
    assert "| 3 | 2 (67 %) | 1 |" in outcome.row()


def test_each_patch_is_there_and_short() -> None:
    for name in {name for one in replay_commits.REPLAYS for name in one.patches.split()}:
        text = (replay_commits.PATCHES / f"{name}.patch").read_text()
        assert sum(line[:1] in ("-", "+", " ") for line in text.splitlines()) <= 15
