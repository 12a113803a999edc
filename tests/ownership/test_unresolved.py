"""What no fix may add, as the compiler would refuse it."""

from __future__ import annotations

import pytest

from codemods.engine import facts
from codemods.ownership.unresolved import unresolved
from tests.support.rule_examples import PRELUDE

TEST = "tests/demo/made.test.tml"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("pair.0.destroy()", []),
        ("pair.2.destroy()", [".2 of (Reel, Reel)"]),
        ("number.0.destroy()", [".0 of I64"]),
        ("number.destroy()", ["destroy() of I64"]),
        ("other.destroy()", ["`other`"]),
        ("print(spool.reel.size())", []),
        ("print(spool.size)", [".size of Spool"]),
    ],
)
def test_names_that_nothing_declares(statement: str, found: list[str]) -> None:
    source = (
        "use demo::prelude::{Reel}\n\ntype Spool { reel: Reel }\n\n"
        f"func wind(pair: (Reel, Reel), number: I64, spool: Spool) {{\n    {statement}\n}}\n"
    )
    analysis = facts({"lib/demo/src/prelude.tml": PRELUDE, TEST: source.encode()}, TEST)
    (function,) = analysis.index.functions_in(analysis.index.files[TEST])
    graph = analysis.summaries.graph(function)
    assert graph is not None

    assert list(unresolved(analysis, graph)) == found
