"""Releases that are taken out of the tests of the bundled library come back."""

from __future__ import annotations

import functools

import pytest

from codemods.files.workspace import read_tree
from codemods.model.findings import AnalysisResult
from tests.campaigns.restore import table
from tests.campaigns.restoring import Report, Restoration, fix, fixed, strip_tests
from tests.campaigns.stripping import Kind, find_releases
from tests.support.project import EXAMPLE

pytestmark = pytest.mark.xdist_group("restore")

KEPT_OUT = {("tests/events/emitter.test.tml", "counter")}
"""A block of bare memory that a test asks the system for: no type says that it is owned."""

OTHER_BYTES = {
    "tests/crypto/key.test.tml": "the compiler drops the keys",
    "tests/events/emitter.test.tml": "the block of memory is not put back",
    "tests/events/quiet.test.tml": "the compiler drops the list, since a return ends the test",
    "tests/http/client_discard.test.tml": "an arm that was emptied gets a block",
    "tests/http/response.test.tml": "a release comes last in its arm, where it was first",
    "tests/http/router.test.tml": "the compiler drops the router, and what was made last is released first",
    "tests/json/writer.test.tml": "what was made last is released first",
    "tests/url/parts.test.tml": "the compiler frees the strings of the URL",
}
"""The files that do not come back byte for byte, and why that is as good."""


@functools.cache
def library() -> tuple[dict[str, bytes], AnalysisResult]:
    """The library after all fixes, in which every value is released, and what a second run does."""
    files = read_tree(EXAMPLE).files
    repaired = fixed(files, fix(files))
    return repaired, fix(repaired)


@functools.cache
def restoration(kinds: tuple[Kind, ...], part: float, seed: int) -> Restoration:
    """The library without (a part of) its releases, and what tmlfix puts back."""
    repaired, again = library()
    stripped, taken = strip_tests(repaired, kinds, part=part, seed=seed)
    return Restoration(repaired, stripped, taken, again, fix(stripped))


def report(kinds: tuple[Kind, ...] = tuple(Kind), part: float = 1.0, seed: int = 0) -> Report:
    """How well the releases were put back."""
    return restoration(kinds, part, seed).report()


def test_the_library_is_at_rest() -> None:
    repaired, again = library()

    assert fixed(repaired, again) == repaired


@pytest.mark.parametrize(
    ("part", "seed"), [(1.0, 0), (0.2, 1), (0.35, 2), (0.5, 3), (0.65, 4), (0.8, 5)], ids=str
)
def test_what_leaks_without_its_release_gets_it_back(part: float, seed: int) -> None:
    result = report(part=part, seed=seed)

    assert result.needed, "nothing was taken out"
    assert {(restoration.path, restoration.release.owner) for restoration in result.missed} <= KEPT_OUT, (
        table(result)
    )
    assert result.extras == ()
    assert result.changed_elsewhere == ()
    assert result.errors == ()


def test_files_come_back_byte_for_byte() -> None:
    result = report()

    assert set(result.other_files) <= OTHER_BYTES.keys()
    assert len(result.same_files) >= 5


def test_a_release_that_stays_away_is_missed() -> None:
    done = restoration(tuple(Kind), 1.0, 0)
    nothing = Restoration(
        library()[0], library()[0] | _stripped(done), done.taken, library()[1], AnalysisResult(())
    )

    result = nothing.report()

    assert result.share == 0
    assert not result.extras


def test_a_release_that_nobody_took_out_is_extra() -> None:
    repaired, again = library()
    path = "tests/json/value.test.tml"
    first, *_ = find_releases(repaired[path], (Kind.DESTROY,))
    line = repaired[path][first.start : first.end]
    more = repaired | {path: repaired[path].replace(line, b"    other.destroy()\n" + line, 1)}

    result = Restoration(repaired, more, {path: (first,)}, again, AnalysisResult(())).report()

    assert [extra.owner for extra in result.extras] == ["other"]


def _stripped(done: Restoration) -> dict[str, bytes]:
    return {path: done.stripped.analysis.index.files[path].source for path in done.taken}
