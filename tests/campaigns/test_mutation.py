"""Small faults in a module are noticed, or reported with their place; and those in tmlfix are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import PROJECT

SCALE = """\
def scaled(value: int, most: int) -> int:
    if value < 0 or value > most:
        return 0
    return value
"""
WEAK = """\
from toy.scale import scaled


def test_scaled() -> None:
    assert scaled(-1, 5) == 0
    assert scaled(9, 5) == 0
    assert scaled(3, 5) == 3
"""


def mutate(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, run in a folder."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.campaigns.mutate_tmlfix",
            "--jobs",
            "2",
            "--no-types",
            *map(str, arguments),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A project whose only test looks at no limit."""
    for name, content in (("toy/__init__.py", ""), ("toy/scale.py", SCALE), ("checks/test_scale.py", WEAK)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_what_no_test_notices_is_reported_with_its_place_and_the_rest_is_killed(toy: Path) -> None:
    outcome = mutate(toy, "--of", "toy", "--tests", "checks", "--sample", "100")

    survivors = outcome.stdout.split("\n\n")[:-1]
    assert {survivor.split("\n+    ")[1] for survivor in survivors} == {
        "if value <= 0 or value > most:",
        "if value < 1 or value > most:",
        "if value < 0 or value >= most:",
    }
    assert all(survivor.startswith("toy/scale.py:2 in scaled: survived\n-    if ") for survivor in survivors)
    assert "8 killed (0 by their types), 3 survived; score 72.7%" in outcome.stdout
    assert outcome.returncode == 1


def test_a_score_that_is_high_enough_is_no_failure(toy: Path) -> None:
    outcome = mutate(toy, "--of", "toy", "--tests", "checks", "--sample", "1", "--score", "0")

    assert outcome.returncode == 0
    assert (toy / "toy/scale.py").read_text() == SCALE


def test_tests_that_fail_by_themselves_count_for_nothing(toy: Path) -> None:
    (toy / "checks/test_scale.py").write_text("def test_nothing() -> None:\n    assert False\n")

    outcome = mutate(toy, "--of", "toy", "--tests", "checks")

    assert outcome.returncode == 2
    assert outcome.stdout.startswith("Without any mutant, these tests fail:")


def test_faults_in_a_rule_are_noticed_by_its_examples() -> None:
    outcome = mutate(
        PROJECT,
        *("--of", "codemods/rules/strings/cancelled_drop.py", "--sample", "6", "--seed", "3"),
        *("--tests", "tests/rules/test_rules.py", "--keyword", "cancelled-drop", "--score", "0.8"),
    )

    assert outcome.returncode == 0, outcome.stdout
