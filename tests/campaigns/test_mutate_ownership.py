"""Changes of who owns what: each says what must come of it, and tmlfix follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.engine import analyse, facts
from codemods.model.findings import AnalysisResult
from tests.campaigns.mutate_ownership import (
    MUTATIONS,
    NUMBERS,
    Expected,
    Mutant,
    alias,
    delete,
    duplicate,
    judge,
    move_over_branch,
    outline,
    places,
    run,
    table,
    wrap,
    wrap_in_one,
)
from tests.support.demo_code import REEL, USES_A_REEL
from tests.support.project import EXAMPLE

MODULE, TEST = "lib/demo/src/reel.tml", "tests/demo/reel.test.tml"
FILES = {
    MODULE: REEL.encode(),
    TEST: USES_A_REEL.replace(
        '    assert(reel.size() == 4, "size")\n',
        "    if reel.size() == 8 {\n        print(reel)\n    }\n    reel.destroy()\n",
    ).encode(),
}


def mutant(mutation: object) -> Mutant:
    """The test with one change."""
    (place,) = places(facts(FILES, TEST), TEST, FILES[TEST])
    changed = mutation(place)  # type: ignore[operator]
    assert changed is not None
    return Mutant(mutation.__name__, TEST, "test_reel", *changed)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("mutation", "expected", "what"),
    [
        (delete, Expected.RESTORED, "restored to the byte"),
        (duplicate, Expected.MISUSE, "double-release fixable"),
        (wrap, Expected.SAME, "nothing"),
        (wrap_in_one, Expected.RESTORED, "fixed otherwise"),
        (alias, Expected.SAME, "nothing"),
        (outline, Expected.SAME, "nothing"),
        (move_over_branch, Expected.MISUSE, "use-after-release fixable"),
    ],
)
def test_tmlfix_follows_a_change(mutation: object, expected: Expected, what: str) -> None:
    changed = mutant(mutation)
    assert changed.source != FILES[TEST] and changed.expected is expected

    verdict = judge(FILES, changed, analyse({**FILES, TEST: changed.source}, NUMBERS))
    assert (verdict.what, verdict.is_expected) == (what, True)


@pytest.mark.parametrize("mutation", [delete, duplicate, wrap_in_one, move_over_branch])
def test_what_nobody_noticed_is_not_as_expected(mutation: object) -> None:
    verdict = judge(FILES, mutant(mutation), AnalysisResult(()))

    assert (verdict.what, verdict.is_expected) == ("nothing", False)


def test_the_mutants_of_a_tree_are_judged_together_and_written(tmp_path: Path) -> None:
    files = {
        path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in sorted(EXAMPLE.rglob("*.tml"))
    }
    verdicts = run(files, count=3, seed=1, write=tmp_path)

    assert len(verdicts) == 3 and all(verdict.is_expected for verdict in verdicts)
    assert table(verdicts).count(" tried ") == len(MUTATIONS)
    for number, verdict in enumerate(verdicts, 1):
        folder = tmp_path / f"{number:03}-{verdict.mutant.kind}"
        assert (folder / "mutant" / verdict.mutant.path).read_bytes() == verdict.mutant.source
        assert (folder / "original" / verdict.mutant.path).read_bytes() == files[verdict.mutant.path]
