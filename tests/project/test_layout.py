"""Where tests are: every package of the program has a folder of them, and nothing else has."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.project import PROJECT

OF_NO_PACKAGE = {"campaigns", "project", "second_opinion", "security", "support", "tml_ast"}
"""Folders for what is of no one package: long runs, the project itself, and what tests share."""


def packages(folder: Path) -> set[str]:
    """The packages in a folder, by name."""
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def test_every_package_has_its_folder_of_tests() -> None:
    assert packages(PROJECT / "tests") - OF_NO_PACKAGE == packages(PROJECT / "codemods")


def test_tests_import_no_other_tests_and_no_fixtures() -> None:
    for path in PROJECT.glob("tests/**/*.py"):
        assert not re.findall(r"(?m)^from tests\.(?:\S+\.)?(?:test_\w+|conftest) ", path.read_text()), path
