"""A change that makes a leak is refused, and named."""

from __future__ import annotations

from pathlib import Path

from tests.support.bundled import Example
from tests.support.command import Run


def test_a_rewrite_that_makes_leaks_is_refused(run: Run, example: Example) -> None:
    test = Path("tests/http/request.test.tml")
    before = test.read_text()
    arguments = ("rewrite", "$request.destroy()", "", str(test), "--in-place")

    refused = run(*arguments, "--check-leaks")
    assert (refused.code, test.read_text()) == (2, before)
    assert "missing-release" in refused.err
    assert "nothing was written" in refused.err

    assert run(*arguments).code == 0
    assert test.read_text() != before
