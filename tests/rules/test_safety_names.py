"""Values without a name that must not get one: the compiler would drop what is held elsewhere."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict

LIBRARY = b"""\
use core::str
use core::intrinsics::{ptr_read, mem_alloc, mem_free}

/// Dropped by the compiler.
pub type Crate {
    cell: *Unit,
}

impl Crate {
    pub func new(size: I64) -> Crate {
        let block: *Unit = lowlevel { mem_alloc(size) }
        Crate { cell: block }
    }

    pub func size(this) -> I64 {
        return lowlevel { ptr_read[I64](this.cell as *I64) }
    }

    pub func same(this) -> Crate {
        return this
    }

    pub func destroy(mut this) {
        if this.cell == null {
            return
        }
        lowlevel { mem_free(this.cell) }
        this.cell = null
    }
}

impl Drop for Crate {
    func drop(mut this) {
        this.destroy()
    }
}

/// A text that the compiler frees.
pub type Tag {
    text: Str,
}

impl Tag {
    pub func new(text: Str) -> Tag {
        let own: Str = str::trim(text)
        return Tag { text: own }
    }

    pub func around(text: Str) -> Tag {
        return Tag { text: text }
    }

    pub func peek(this) -> Str {
        return this.text
    }

    @allocates
    pub func render(this) -> Str {
        return str::substring(this.text, 0, str::len(this.text))
    }
}

/// A place for one text, which it keeps.
pub type Board {
    word: I64,
}

impl Board {
    pub func keep(mut this, text: Str) -> Bool {
        this.word = text as I64
        return true
    }

    pub func shows(this) -> I64 {
        return str::len(this.word as Str)
    }
}

pub func find_crate(size: I64) -> Outcome[Crate, I32] {
    if size < 1 {
        return Err(1)
    }
    return Ok(Crate::new(size))
}

pub func find_tag(size: I64) -> Maybe[Tag] {
    if size < 1 {
        return Nothing
    }
    let tag: Tag = Tag::new(" a ")
    return Just(tag)
}

pub func text_on(tag: Tag) -> Maybe[Str] {
    return Just(tag.peek())
}

pub func length_of(tag: Tag) -> I64 {
    return str::len(tag.peek())
}

pub func note(number: I64) -> I64 {
    return number
}
"""

HEADER = """\
use core::str
use demo::crates::{Crate, Tag, Board, find_crate, find_tag, text_on, length_of, note}

@test
func test_made() -> I32 {
"""

KEPT = {
    "a result that is opened twice": """\
    let found = find_crate(8)
    assert(found.unwrap().size() == 0, "size")
    let again = found.unwrap()
    return 0
""",
    "a result whose other variant was asserted": """\
    let found = find_crate(0)
    assert(found.is_err(), "none")
    when found {
        Ok(_) => note(1),
        Err(_) => note(2),
    }
    return 0
""",
    "the string of something that lives on": """\
    let tag = Tag::new(" a ")
    when text_on(tag) {
        Just(_) => note(1),
        Nothing => note(2),
    }
    return 0
""",
    "a tag around a string that it does not own": """\
    let text: Str = str::repeat("a", 2)
    assert(Tag::around(text).peek() == "aa", "text")
    return 0
""",
    "a method that hands its receiver out": """\
    let made = Crate::new(8)
    made.same()
    assert(made.same().size() == 0, "size")
    return 0
""",
    "a payload that is released by hand": """\
    if note(1) == 1 {
        let found = Crate::new(9)
        note(found.size())
    }
    when find_crate(8) {
        Ok(found) => {
            found.destroy()
            note(2)
        },
        Err(_) => return 1,
    }
    return 0
""",
    "a payload of another arm has the name": """\
    when find_tag(8) {
        Just(tag) => note(str::len(tag.peek())),
        Nothing => note(1),
    }
    when find_tag(9) {
        Just(tag) => note(str::len(tag.peek())),
        Nothing => note(1),
    }
    return 0
""",
}

REPORTED = {
    "a view of it lives on": """\
    let seen: Str = Tag::new(" a ").peek()
    assert(seen == "a", "text")
    return 0
""",
    "it is given away by name": """\
    note(length_of(Tag::new(" a ")))
    return 0
""",
    "it is made on a condition": """\
    let count: I64 = 4
    if count > 3 and Crate::new(count).size() > count {
        return 1
    }
    return 0
""",
    "the condition hands its string on": """\
    let tag = Tag::new(" a ")
    var board = Board { word: 0 }
    if board.keep(tag.render()) {
        note(1)
        note(board.shows())
    }
    return 0
""",
    "a second condition makes a string": """\
    let tag = Tag::new(" a ")
    if note(1) == 2 {
        return 1
    } else if tag.render() == "b" {
        return 2
    }
    return 0
""",
    "a jump leaves the arm": """\
    loop (note(1) == 1) {
        when find_tag(8) {
            Just(_) => {
                break
            },
            Nothing => note(1),
        }
    }
    return 0
""",
    "a jump leaves the block of a tag": """\
    loop (note(1) == 1) {
        let tag = Tag::new(" a ")
        break
    }
    return 0
""",
}


def _analyse(body: str) -> tuple[bytes, set[Verdict]]:
    path = "tests/other/made.test.tml"
    code = f"{HEADER}{body}}}\n".encode()
    result = analyse({"lib/demo/src/crates.tml": LIBRARY, path: code}, [5])
    assert not result.errors
    change = result.phases[0].changes.get(path)
    verdicts = {finding.verdict for finding in result.findings if finding.path == path}
    return change.after if change else code, verdicts


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_no_name_is_given_to(body: str) -> None:
    after, _ = _analyse(body)
    assert after.decode() == f"{HEADER}{body}}}\n"


@pytest.mark.parametrize("body", REPORTED.values(), ids=REPORTED)
def test_only_a_report_is_made_where(body: str) -> None:
    after, verdicts = _analyse(body)
    assert after.decode() == f"{HEADER}{body}}}\n"
    assert verdicts == {Verdict.REPORTED}
