"""A change that makes a leak is refused, and named."""

from __future__ import annotations

from pathlib import Path

from tests.support.bundled import Example
from tests.support.command import Run


def test_a_rewrite_of_a_test_is_checked_if_that_is_asked_for(run: Run, example: Example) -> None:
    test = Path("tests/http/request.test.tml")
    before = test.read_text()
    arguments = ("rewrite", "$request.destroy()", "", str(test), "--in-place")

    refused = run(*arguments, "--check-leaks")
    assert (refused.code, test.read_text()) == (2, before)
    assert "missing-release" in refused.err
    assert "nothing was written" in refused.err

    assert run(*arguments).code == 0
    assert test.read_text() != before


def test_what_is_written_to_the_library_is_checked(run: Run, example: Example) -> None:
    library = Path("lib/src/http/request.tml")
    before = library.read_text()
    arguments = ("rewrite", "this.headers.destroy()", "", str(library))

    assert run(*arguments).code == 1  # only a diff
    refused = run(*arguments, "--in-place", "--format", "json")
    assert (refused.code, library.read_text()) == (2, before)
    assert refused.document["written"] == []
    assert "incomplete-destroy" in {each["rule"] for each in refused.document["refused_for"]}
