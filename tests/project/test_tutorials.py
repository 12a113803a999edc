"""The Python in the pages runs, and prints what they say."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Run
from tests.support.project import PROJECT

DOCS = PROJECT / "docs"
TUTORIAL = DOCS / "tml_ast_tutorial.md"
BLOCK = re.compile(r"(?ms)^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```$)?")


def blocks(page: Path) -> list[re.Match[str]]:
    """The blocks of Python of a page, each with what it prints."""
    return list(BLOCK.finditer(page.read_text()))


@pytest.mark.parametrize(
    "page", [TUTORIAL, DOCS / "tml_ast.md", DOCS / "codemods.md"], ids=lambda page: page.stem
)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path) -> None:
    names: dict[str, Any] = {}
    for block in blocks(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block["code"], page.name, "exec"), names)
        assert printed.getvalue() == (block["printed"] or ""), block["code"]


def test_the_codemod_that_the_tutorial_writes_works(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_, last = (block["code"] for block in blocks(TUTORIAL))
    names: dict[str, Any] = {}
    exec(first, names)
    (tmp_path / "tml.toml").touch()
    (tmp_path / "shop.tml").write_bytes(names["source"])
    (tmp_path / "log.py").write_text(last)
    monkeypatch.chdir(tmp_path)
    made = run("codemod", "apply", "log.py:Log", "--in-place", "--no-check-leaks")
    assert (made.code, made.out) == (0, "2 places changed in 1 file\n")
    assert (tmp_path / "shop.tml").read_bytes() == names["source"].replace(b"print(", b"log.info(")
