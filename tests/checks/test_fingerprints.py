"""Fingerprints: the same finding keeps its own however lines move, and equal ones differ."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from codemods.checks.baseline import Entry, baseline_text, no_longer_found
from codemods.checks.fingerprints import fingerprints, stable_message
from codemods.engine import analyse
from codemods.model.findings import Finding, Verdict

PATH = "tests/http/reel.test.tml"


def finding(
    line: int = 9, function: str = "main", message: str = "", rule: str = "missing-release"
) -> Finding:
    return Finding(1, rule, PATH, line, 5, function, message or f"`a`, made on line {line}", Verdict.FIXABLE)


def test_line_numbers_do_not_matter() -> None:
    assert stable_message(finding(message="leaks at the returns on lines 36, 40 and 43: `line 3`, 7")) == (
        "leaks at the returns on lines N: `line N`, 7"
    )
    assert fingerprints([finding(9)]) == fingerprints([finding(1200)])


def test_everything_else_does() -> None:
    first = finding()
    others = [
        finding(function="other"),
        finding(rule="void-tail"),
        finding(message="`b`, made on line 9"),
        replace(first, path="tests/http/wheel.test.tml"),
    ]

    assert len(set(fingerprints([first, *others]))) == 5


def test_blanks_in_quoted_code_do_not_matter() -> None:
    assert fingerprints([finding(message="`f(a, b)` leaks")]) == fingerprints(
        [finding(message="`f(a,\n        b)` leaks")]
    )


def test_no_part_runs_into_the_next() -> None:
    assert fingerprints([finding(rule="a", function="b")]) != fingerprints([finding(rule="ab", function="")])


def test_one_of_two_equal_findings_can_go() -> None:
    both = [finding(3), finding(8)]
    known = [Entry.of(*pair) for pair in zip(both, fingerprints(both), strict=True)]

    for left in both:
        now = [Entry.of(left, *fingerprints([left]))]
        assert set(now) < set(known)
        assert len(no_longer_found(known, now, lambda _: True)) == 1
    three = fingerprints([*both, finding(20)])
    assert three[:2] == fingerprints(both)
    assert three[2] not in fingerprints(both)


NAMES = st.sampled_from(["first", "second", "third"])
USES = st.lists(st.tuples(NAMES, st.integers(1, 3)), min_size=1, max_size=4, unique_by=lambda use: use[0])
BETWEEN = st.sampled_from(
    ["", "\n", "// a note\n", "\n\n// two\n\n", "func other{}() -> I32 {{\n    return 1\n}}\n"]
)


def source(uses: list[tuple[str, int]], between: list[str], *, wide: bool = False) -> bytes:
    """Tests that leak so many maps each, with something before each of them."""
    text = "use std::collections::HashMap\n"
    for number, ((name, maps), before) in enumerate(zip(uses, between, strict=True)):
        text += before.format(number) + f"@test\nfunc test_{name}() -> I32 {{\n"
        for _ in range(maps):
            text += "    if true {\n        let m = HashMap[I64, I64]::new(4)\n"
            text += "\n" * wide + "        m.set(1, 10)\n    }\n"
        text += "    return 0\n}\n"
    return text.encode()


def found(content: bytes) -> list[Finding]:
    (result,) = analyse({PATH: content}, [1]).phases
    return [*result.findings]


@given(st.data())
@settings(max_examples=15, deadline=None, derandomize=True)
def test_what_happens_elsewhere_in_a_file_resurrects_nothing(data: st.DataObject) -> None:
    uses = data.draw(USES)
    before, after = (data.draw(st.lists(BETWEEN, min_size=len(uses), max_size=len(uses))) for _ in range(2))
    wide = data.draw(st.booleans())

    was, now = found(source(uses, before)), found(source(uses, after, wide=wide))

    assert len(was) == sum(maps for _, maps in uses)
    assert fingerprints(was) == fingerprints(now)


@given(USES, st.data())
@settings(max_examples=10, deadline=None, derandomize=True)
def test_fixing_one_leaves_the_others_known(uses: list[tuple[str, int]], data: st.DataObject) -> None:
    fixed = data.draw(st.integers(0, len(uses) - 1))
    fewer = [(name, maps - (number == fixed)) for number, (name, maps) in enumerate(uses)]
    blank = [""] * len(uses)

    was, now = fingerprints(found(source(uses, blank))), fingerprints(found(source(fewer, blank)))

    assert set(now) < set(was)
    assert len(was) - len(now) == 1


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.builds(Entry, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), max_size=5), st.randoms())
def test_a_baseline_has_one_finding_a_line_and_one_order(entries: list[Entry], random: Random) -> None:
    text = baseline_text(entries)
    random.shuffle(entries)

    assert baseline_text(entries) == text
    assert text.isascii()
    assert text.count('    {"path"') == len(set(entries))
    assert len(text.splitlines()) == (5 + len(set(entries)) if entries else 4)
