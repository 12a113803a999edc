"""Releases that are taken out of the tests of the bundled library come back."""

from __future__ import annotations

import functools

import pytest
from bundled import EXAMPLE
from restore import table
from restoring import Report, Restoration, fix, fixed, strip_tests
from stripping import Kind

from codemods.findings import AnalysisResult
from codemods.workspace import read_tree

pytestmark = pytest.mark.xdist_group("restore")

KEPT_OUT = {("tests/events/emitter.test.tml", "counter")}
"""A block of bare memory that a test asks the system for: no type says that it is owned."""

ELSEWHERE_ON_THE_PATH = {
    "tests/events/emitter.test.tml",
    "tests/http/client_discard.test.tml",
    "tests/http/response.test.tml",
    "tests/http/router.test.tml",
    "tests/json/writer.test.tml",
}
"""Files whose releases come back in another order or in a block."""


@functools.cache
def library() -> tuple[dict[str, bytes], AnalysisResult]:
    """The library after all fixes, in which every value is released, and what a second run does."""
    files = read_tree(EXAMPLE).files
    mended = fixed(files, fix(files))
    return mended, fix(mended)


@functools.cache
def restoration(kinds: tuple[Kind, ...], part: float, seed: int) -> Restoration:
    """The library without (a part of) its releases, and what tmlfix puts back."""
    mended, again = library()
    stripped, taken = strip_tests(mended, kinds, part=part, seed=seed)
    return Restoration(mended, stripped, taken, again, fix(stripped))


def report(kinds: tuple[Kind, ...] = tuple(Kind), part: float = 1.0, seed: int = 0) -> Report:
    """How well the releases were put back."""
    return restoration(kinds, part, seed).report()


def test_the_library_is_at_rest() -> None:
    mended, again = library()

    assert fixed(mended, again) == mended


@pytest.mark.parametrize(
    ("part", "seed"), [(1.0, 0), (0.2, 1), (0.35, 2), (0.5, 3), (0.65, 4), (0.8, 5)], ids=str
)
def test_what_leaks_without_its_release_gets_it_back(part: float, seed: int) -> None:
    result = report(part=part, seed=seed)

    assert result.needed, "nothing was taken out"
    assert {(each.path, each.release.owner) for each in result.missed} <= KEPT_OUT, table(result)
    assert result.extras == ()
    assert result.library_differs == ()
    assert result.errors == ()
