"""What a repair leaves to do by hand, and why one is refused, ends the message of its finding."""

from __future__ import annotations

from importlib.resources import files

import pytest

from codemods.engine import analyse
from codemods.fixes.diagnostics import Repair
from codemods.model.findings import Verdict
from tml_ast.edit import SourceEdit

PRELUDE = files("codemods.rules").joinpath("prelude.tml").read_bytes()
PATH = "lib/demo/src/http/example.tml"

LEAVES_BY_AN_ERROR = """\
use demo::prelude::{Reel, open_reel}

pub func sizes(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    let other = if count > 4 { open_reel(count)! } else { open_reel(4)! }
    let size: I64 = other.size()
    other.destroy()
    return Ok(size + reel.size())
}
"""

LEAVES_BY_TWO_ERRORS = """\
use demo::prelude::{Reel, open_reel}

pub func sizes(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    let first = open_reel(count)!
    first.destroy()
    let other = if count > 4 { open_reel(count)! } else { open_reel(4)! }
    other.destroy()
    return Ok(reel.size())
}
"""

HIDES_THE_NAME = """\
use demo::prelude::Reel

pub func first_size(count: I64) -> I64 {
    let reel = Reel::new(count)
    if count == 1 {
        return 1
    }
    if count == 2 {
        let reel = Reel::new(2)
        reel.destroy()
    }
    return 0
}
"""

EVALUATED_IN_EACH_ROUND = """\
use demo::prelude::Reel

pub func count_up() -> I64 {
    var i: I64 = 0
    loop (i < Reel::new(4).size()) {
        i = i + 1
    }
    return i
}
"""


def findings_of(code: str, *rules: str) -> dict[Verdict, str]:
    """The messages of rules about a file, by verdict."""
    result = analyse({"lib/demo/src/prelude.tml": PRELUDE, PATH: code.encode()}, [1])
    return {finding.verdict: finding.message for finding in result.findings if finding.rule in rules}


@pytest.mark.parametrize(
    ("code", "fixed", "exit_", "reason"),
    [
        pytest.param(
            LEAVES_BY_AN_ERROR,
            "the return on line 8",
            "the error exit on line 5",
            "its statement does something else before the `!` there, or does not always get to it",
            id="no statement can go before it",
        ),
        pytest.param(
            LEAVES_BY_TWO_ERRORS,
            "the error exit on line 5, the return on line 9",
            "the error exit on line 7",
            "its statement does something else before the `!` there, or does not always get to it",
            id="two rules find it",
        ),
        pytest.param(
            HIDES_THE_NAME,
            "the return on line 6",
            "the return on line 12",
            "its name means another variable there",
            id="the name means another variable there",
        ),
    ],
)
def test_each_exit_is_in_one_finding(code: str, fixed: str, exit_: str, reason: str) -> None:
    found = findings_of(code, "missing-release", "scoped-cleanup")
    leak = "`reel` (Reel), created on line 4, leaks at {}: reel.destroy() is missing"
    assert found == {
        Verdict.FIXABLE: leak.format(fixed),
        Verdict.REPORTED: f"{leak.format(exit_)}; {reason}",
    }


def test_a_refused_repair_is_reported_with_its_reason() -> None:
    found = findings_of(EVALUATED_IN_EACH_ROUND, "discarded-owner")
    assert found == {
        Verdict.REPORTED: "the Reel that `Reel::new(4)` makes is never bound, so nothing can release it; "
        "nothing can come right before it: it may be evaluated again, or not at all"
    }


def test_repairs_are_joined() -> None:
    first, second = SourceEdit(0, 0, b"a"), SourceEdit(4, 4, b"b")
    joined = Repair.of([Repair((first,)), Repair((second,), opens_block=True)], "not fixed on line 3")
    assert joined == Repair((first, second), opens_block=True, remark="not fixed on line 3")
