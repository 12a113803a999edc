"""Whatever of a plan somebody takes, closed under what it needs: nothing is worse than before."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import pytest

from codemods.engine import plan_fixes
from codemods.model.fix_plan import NOTHING, always
from tests.campaigns.choose_fixes import PlannedTree
from tests.second_opinion.comparison import compare
from tests.second_opinion.writing.support import SUPPORT

TEST = "tests/http/names.test.tml"

HANDED_BACK: Mapping[str, str] = {
    "lib/demo/src/http/names.tml": """\
use core::str

func shortened(name: Str) -> Str {
    if str::len(name) > 5 { return str::substring(name, 0, 5) }
    return name
}

pub func size_of(name: Str) -> I64 {
    return str::len(shortened(name))
}
""",
    TEST: """\
use demo::http::names::size_of

@test
func test_size() -> I32 {
    assert(size_of("reel") == 4, "size")
    return 0
}
""",
}

STORED: Mapping[str, str] = {
    "lib/demo/src/http/names.tml": """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    let words: List[Str] = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    var i: I64 = 0
    loop (i < words.len()) {
        let word: Str = words.get(i)
        if str::len(word) > 5 {
            found.push(Part { text: str::substring(word, 0, 1) })
        } else {
            found.push(Part { text: word })
        }
        i = i + 1
    }
    words.destroy()
    return found
}
""",
    TEST: """\
use demo::http::names::parts_of

@test
func test_parts() -> I32 {
    let parts = parts_of("reel")
    let part = parts.get(0)
    assert(str::len(part.text) == 2, "part")
    parts.destroy()
    return 0
}
""",
}


@pytest.mark.parametrize("program", [HANDED_BACK, STORED], ids=["handed back", "stored"])
def test_a_copy_is_taken_with_what_releases_it_and_a_release_with_the_copy(
    program: Mapping[str, str],
) -> None:
    files = {path: code.encode() for path, code in program.items()}
    plan = plan_fixes(files, requirements=always)
    entry = program[TEST].partition("func ")[2].partition("(")[0]

    assert len(plan.fixable) > 1
    for key in plan.fixable:
        changes = plan.changes(NOTHING, plan.closed([key]))
        after = {**files, **{path: change.after for path, change in changes.items()}}
        found = compare({**SUPPORT, **files}, {**SUPPORT, **after}, entry, library=SUPPORT)
        assert found is not None and found.complaints == [], key.rule


SPARED: Mapping[str, str] = {
    "lib/demo/src/http/marks.tml": """\
use core::str

func mark_of(count: I64) -> Str {
    let mark: Str = str::repeat("*", count)
    return mark
}

pub func marks(count: I64) -> Str {
    var shown: Str = str::repeat("-", 1)
    var i: I64 = 0
    loop (i < count) {
        if i > 3 {
            shown = shown + mark_of(i)
        } else {
            shown = shown + mark_of(1)
        }
        i = i + 1
    }
    return shown
}
""",
}


CHOSEN_IN_BRANCHES: Mapping[str, str] = {
    "lib/demo/src/http/digits.tml": """\
use core::str

func digit_of(value: I64) -> Str {
    let digit: Str = str::substring("0123456789ABCDEF", value, value + 1)
    return digit
}

pub func hex(value: I64) -> Str {
    var shown: Str = ""
    var left: I64 = value
    loop (left > 0) {
        let digit: Str = if left > 255 {
            digit_of(left % 16 + 0)
        } else {
            digit_of(left % 16)
        }
        shown = digit + shown
        left = left / 16
    }
    return shown
}
""",
}


GIVEN_TO_FIELDS: Mapping[str, str] = {
    "lib/demo/src/http/mark.tml": """\
pub type Mark {
    name: Maybe[Str],
    note: Maybe[Str],
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

impl Mark {
    pub func of(block: *Unit) -> Mark {
        let name: Str = hex_of(block)
        let note: Str = hex_of(block)
        let named: Maybe[Str] = name != "" ? Just(name) : Nothing
        let noted: Maybe[Str] = note == "" ? Nothing : Just(note)
        return Mark { name: named, note: noted }
    }
}
""",
    "lib/demo/src/http/marks.tml": """\
use demo::http::mark::Mark

pub func is_marked(block: *Unit) -> Bool {
    let mark: Mark = Mark::of(block)
    return mark.name.is_just()
}
""",
}


@pytest.mark.parametrize(
    "program",
    [SPARED, CHOSEN_IN_BRANCHES, GIVEN_TO_FIELDS],
    ids=["spared", "in branches", "given to fields"],
)
@pytest.mark.parametrize("size", [1, 2])
def test_no_choice_spares_or_changes_a_fix_that_all_together_make(
    program: Mapping[str, str], size: int
) -> None:
    planned = PlannedTree.of({path: code.encode() for path, code in program.items()})

    for some in combinations(sorted(planned.plan.fixable), size):
        assert list(planned.faults(planned.plan.closed(some))) == []
