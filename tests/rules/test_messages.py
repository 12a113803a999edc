"""What findings say where it depends on the code: lines, other names, and what is not known."""

from __future__ import annotations

import pytest

from tests.support.rule_examples import run

TEST = """\
use demo::prelude::{{Reel, Shelf}}

@test
func test_it() -> I32 {{
    let reel = Reel::new(4)
{}
    return 0
}}
"""
OTHER = "    let other = reel\n"
EITHER = "    if reel.size() > 2 {\n        reel.destroy()\n    } else {\n        reel.destroy()\n    }\n"


def messages(rule: str, body: str) -> list[str]:
    result, _ = run(TEST.format(body.rstrip("\n")))
    return [finding.message for finding in result.findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("    reel.destroy()\n    reel.destroy()", "released on line 6, and"),
        (EITHER + "    reel.destroy()", "released on lines 7, 9, and"),
        (OTHER + "    reel.destroy()\n    other.destroy()", "released on line 7, as `reel`, and"),
    ],
    ids=["on one line", "on two lines", "by another name"],
)
def test_a_second_release_names_the_first(body: str, where: str) -> None:
    (message,) = messages("double-release", body)
    assert where in message


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("    lend(reel)", ", because it is not known which function lend() calls;"),
        ("    unknown().lend(reel)", ", because it is not known which method lend() calls;"),
        ("    let swap = do() { reel = Reel::new(2) }", ";"),
    ],
    ids=["a function", "a method", "a closure"],
)
def test_a_value_that_cannot_be_followed_says_why(body: str, why: str) -> None:
    (message,) = messages("missing-release", body)
    assert f"what becomes of it on line 6 cannot be followed{why}" in message
