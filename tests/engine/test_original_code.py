"""A finding of a later round speaks of the code that its reader knows, not of names that fixes wrote."""

from __future__ import annotations

import pytest

from tests.support.rule_examples import run

TEST = """\
use demo::prelude::{{Reel, open_reel}}

func reel() -> Reel {{
    return Reel::new(4)
}}

@test
func test_it() -> I32 {{
{}
    return 0
}}
"""

PRIVATE_READERS = """\
use core::str

func is_word(word: Str) -> Bool {
    return str::len(word) > 2
}

pub func starts(line: Str) -> Bool {
    let found: Bool = is_word(str::trim(line))
    return found
}

pub func ends(line: Str) -> Bool {
    let found: Bool = is_word(str::trim(line))
    return found
}
"""


def said(code: str, rule: str) -> list[str]:
    result, became = run(code)
    assert became != code
    return [finding.message for finding in result.findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("body", "rule", "message"),
    [
        (
            "    let size = Reel::new(4).size()",
            "missing-release",
            "`Reel::new(4)` (Reel), created on line 9, leaks at the return on line 10: "
            "its destroy() is missing",
        ),
        (
            "    assert_true(open_reel(3).is_ok())",
            "unopened-payload",
            "`open_reel(3)` is never opened, so the Reel in it is never released",
        ),
        (
            "    when open_reel(3) {\n        Ok(_) => print(),\n        Err(e) => return 1,\n    }",
            "scoped-cleanup",
            "`Ok(_)` (Reel), created on line 10, leaks at the arm end on line 10: its destroy() is missing",
        ),
        (
            '    print("a reel")\n    assert(reel().size() == 4, "size")',
            "missing-release",
            "`reel()` (Reel), created on line 10, leaks at the return on line 11: its destroy() is missing",
        ),
        (
            "    let reel = Reel::new(4)",
            "missing-release",
            "`reel` (Reel), created on line 9, leaks at the return on line 10: reel.destroy() is missing",
        ),
    ],
    ids=[
        "a bound value",
        "a bound outcome",
        "a named payload",
        "a word that was there",
        "a variable that was there",
    ],
)
def test_a_message_shows_what_a_written_name_stands_for(body: str, rule: str, message: str) -> None:
    assert message in said(TEST.format(body), rule)


def test_a_name_of_another_function_gives_way_as_well() -> None:
    messages = said(PRIVATE_READERS, "cancelled-drop")
    assert len(messages) == 2
    assert all(message.startswith("`str::trim(line)` is never freed") for message in messages)


def test_long_code_is_cut_between_words() -> None:
    body = "    let size = Reel::new(1 + 2 + 3 + 4 + 5 + another_number()).size()"
    (message,) = said(TEST.format(body), "discarded-owner")
    assert "`Reel::new(1 + 2 + 3 + 4 + 5 + ...` makes" in message
