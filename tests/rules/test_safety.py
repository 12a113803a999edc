"""Code in which one more release would be a double free or a use after free, and nothing is written."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict

LIBRARY = b"""\
use core::str
use core::intrinsics::{ptr_read, ptr_write, mem_alloc, mem_free}

/// Released by hand, exactly once.
pub type Spool {
    cell: *Unit,
}

/// Holds a spool and releases it.
pub type Case {
    spool: Spool,
}

/// Hands out texts that it frees.
pub type Sheet {
    cell: *Unit,
    first_word: I64,
}

/// A text that the compiler frees.
pub type Tag {
    text: Str,
}

impl Spool {
    pub func new(size: I64) -> Spool {
        let block: *Unit = lowlevel { mem_alloc(size) }
        Spool { cell: block }
    }

    pub func same(this) -> Spool {
        return this
    }

    pub func size(this) -> I64 {
        return lowlevel { ptr_read[I64](this.cell as *I64) }
    }

    pub func word(this) -> I64 {
        return this.cell as I64
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.cell) }
    }
}

impl Case {
    pub func destroy(this) {
        this.spool.destroy()
    }
}

impl Sheet {
    pub func new() -> Sheet {
        let block: *Unit = lowlevel { mem_alloc(8) }
        Sheet { cell: block, first_word: str::repeat("x", 3) as I64 }
    }

    pub func first(this) -> Str {
        return this.first_word as Str
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(this.first_word as *Unit) }
        lowlevel { mem_free(this.cell) }
    }
}

impl Tag {
    pub func new(text: Str) -> Tag {
        let own: Str = str::trim(text)
        return Tag { text: own }
    }

    pub func peek(this) -> Str {
        return this.text
    }
}

pub func find_spool(size: I64) -> Outcome[Spool, I32] {
    if size < 1 {
        return Err(1)
    }
    return Ok(Spool::new(size))
}

pub func pass_on(spool: Spool) -> Spool {
    return spool
}

pub func wind(spool: Spool) -> I64 {
    return spool.size()
}

pub func finish(spool: Spool) {
    spool.destroy()
}

/// An address that somebody else frees.
pub type Slot {
    word: I64,
    size: I64,
}

pub func address_of(spool: Spool) -> I64 {
    return spool.cell as I64
}

pub func first_of(sheet: Sheet) -> Str {
    return sheet.first()
}

pub func tag_of(sheet: Sheet) -> Tag {
    return Tag { text: sheet.first() }
}

/// A spool with a text of the caller on it.
pub type Named {
    cell: *Unit,
    text: Str,
}

impl Named {
    pub func of(text: Str) -> Named {
        Named { cell: lowlevel { mem_alloc(8) }, text: text }
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(this.cell) }
        this.text = 0 as Str
    }
}
"""

CASES = {
    "an inner block has another variable of the name": """\
    let spool = Spool::new(8)
    if spool.size() > 3 {
        let spool = Spool::new(9)
        spool.destroy()
        return 1
    }
    return 0
""",
    "a method called as a statement returns its receiver": """\
    let spool = Spool::new(8)
    spool.same()
    assert(spool.size() == 0, "size")
    spool.destroy()
    return 0
""",
    "a result is opened by a when and again by unwrap": """\
    let found = find_spool(8)
    when found {
        Ok(spool) => assert(spool.size() == 0, "size"),
        Err(e) => return 1,
    }
    let again = found.unwrap()
    again.destroy()
    return 0
""",
    "a result is opened in every iteration of a loop": """\
    let found = find_spool(8)
    var i: I64 = 0
    loop (i < 2) {
        when found {
            Ok(spool) => assert(spool.size() == 0, "size"),
            Err(e) => return 1,
        }
        i = i + 1
    }
    return 0
""",
    "an ignored payload is taken out later": """\
    let found = find_spool(8)
    when found {
        Ok(_) => assert(true, "found"),
        Err(e) => return 1,
    }
    let spool = found.unwrap()
    spool.destroy()
    return 0
""",
    "a value in a holder is released by its own name": """\
    let spool = Spool::new(8)
    let kept = Case { spool: spool }
    assert(kept.spool.size() == 0, "size")
    spool.destroy()
    return 0
""",
    "a function hands its argument back": """\
    let spool = Spool::new(8)
    let same = pass_on(spool)
    assert(same.size() == 0, "size")
    spool.destroy()
    return 0
""",
    "a variable takes over and the first one releases": """\
    let spool = Spool::new(8)
    var other = Spool::new(9)
    other.destroy()
    other = spool
    assert(other.size() == 0, "size")
    spool.destroy()
    return 0
""",
    "a default may be what unwrap_or returns": """\
    let spare = Spool::new(8)
    let chosen = find_spool(0).unwrap_or(spare)
    assert(chosen.size() == 0, "size")
    spare.destroy()
    return 0
""",
    "the handle is freed without the value's release": """\
    let spool = Spool::new(8)
    lowlevel { mem_free(spool.cell) }
    return 0
""",
    "the handle goes through a number": """\
    let spool = Spool::new(8)
    let word: I64 = spool.word()
    lowlevel { mem_free(word as *Unit) }
    return 0
""",
    "the handle is wrapped a second time": """\
    let spool = Spool::new(8)
    let same = Spool { cell: spool.cell }
    same.destroy()
    return 0
""",
    "a function releases its argument": """\
    let spool = Spool::new(8)
    finish(spool)
    return 0
""",
    "a part of the value is released by itself": """\
    let kept = Case { spool: Spool::new(8) }
    let inner = kept.spool
    inner.destroy()
    return 0
""",
    "an alias of a result is opened as well": """\
    let found = find_spool(8)
    let same = found
    when same {
        Ok(spool) => assert(spool.size() == 0, "size"),
        Err(e) => return 1,
    }
    when found {
        Ok(spool) => assert(spool.size() == 0, "size"),
        Err(e) => return 1,
    }
    return 0
""",
    "the string of a temporary outlives its block": """\
    var text: Str = ""
    if true {
        text = Tag::new(" a ").peek()
    }
    assert(text == "a", "text")
    return 0
""",
    "a view outlives the block of its owner": """\
    var first: Str = ""
    if true {
        let sheet = Sheet::new()
        first = sheet.first()
    }
    assert(first == "xxx", "first")
    return 0
""",
}

RETURNING = {
    "a view is returned in an Ok": (
        "Outcome[Str, I32]",
        """\
    let sheet = Sheet::new()
    let first: Str = sheet.first()
    return Ok(first)
""",
    ),
    "a view is returned in a Just": (
        "Maybe[Str]",
        """\
    let sheet = Sheet::new()
    return Just(sheet.first())
""",
    ),
    "a view is returned in a struct": (
        "Tag",
        """\
    let sheet = Sheet::new()
    return Tag { text: sheet.first() }
""",
    ),
    "a view is returned in a tuple": (
        "(Str, I64)",
        """\
    let sheet = Sheet::new()
    return (sheet.first(), 1)
""",
    ),
    "a function hands out a view": (
        "Str",
        """\
    let sheet = Sheet::new()
    let first: Str = first_of(sheet)
    return first
""",
    ),
    "a function hands out a view in a struct": (
        "Tag",
        """\
    let sheet = Sheet::new()
    let tag = tag_of(sheet)
    return tag
""",
    ),
    "a view goes into another owner": (
        "Named",
        """\
    let sheet = Sheet::new()
    let named = Named::of(sheet.first())
    return named
""",
    ),
    "the handle leaves as a number in a struct": (
        "Slot",
        """\
    let spool = Spool::new(8)
    return Slot { word: address_of(spool), size: 8 }
""",
    ),
    "a tuple holds a bare number": (
        "(I64, I32)",
        """\
    let spool = Spool::new(8)
    return (spool.size(), 2)
""",
    ),
    "the string of a temporary is returned": (
        "Str",
        """\
    return Tag::new(" a ").peek()
""",
    ),
    "a struct is made from an address in memory": (
        "I64",
        """\
    let slot: *Unit = lowlevel { mem_alloc(8) }
    let word: I64 = lowlevel { ptr_read[I64](slot as *I64) }
    let borrowed = Spool { cell: word as *Unit }
    return borrowed.size()
""",
    ),
    "a binding would see what comes before it": (
        "I64",
        """\
    var turns: I64 = 1
    return step(mut ref turns) + Spool::new(turns).size()
""",
    ),
}


def written(code: str, path: str) -> list[str]:
    """What is fixed in a file beside the library, as rule and message."""
    result = analyse({"lib/demo/src/spool.tml": LIBRARY, path: code.encode()}, [1])
    assert not result.errors
    return [
        f"{finding.rule}: {finding.message}"
        for finding in result.findings
        if finding.verdict is Verdict.FIXABLE and finding.path == path
    ]


@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
def test_nothing_is_released_in_a_test(body: str) -> None:
    code = f"use demo::spool::*\n\n@test\nfunc test_it() -> I32 {{\n{body}}}\n"
    assert not written(code, "tests/http/it.test.tml")


@pytest.mark.parametrize(("returned", "body"), RETURNING.values(), ids=RETURNING)
def test_nothing_is_released_in_the_library(returned: str, body: str) -> None:
    step = "\n\nfunc step(turns: mut ref I64) -> I64 {\n    *turns = *turns + 1\n    return *turns\n}\n"
    code = f"use demo::spool::*\n\npub func it() -> {returned} {{\n{body}}}{step}"
    assert not written(code, "lib/demo/src/http/it.tml")


def test_what_is_left_alone_is_left_alone_for_its_hazard() -> None:
    code = """\
use demo::spool::*

@test
func test_it() -> I32 {
    let spool = Spool::new(8)
    assert(wind(spool) == 0, "size")
    return 0
}
"""
    assert [line.partition(":")[0] for line in written(code, "tests/http/it.test.tml")] == ["missing-release"]


def test_two_owners_made_from_one_number_are_both_released() -> None:
    code = """\
use demo::spool::*

pub func both(size: I64) -> I64 {
    let one = Spool::new(size)
    let two = Spool::new(size)
    return one.size() + two.size()
}
"""
    assert len(written(code, "lib/demo/src/http/it.tml")) == 2


SETTER = b"""\
use core::str

pub type Badge {
    block: *Unit,
    name_word: I64,
}

impl Badge {
    pub func new(name: Str) -> Badge {
        Badge { block: lowlevel { mem_alloc(8) }, name_word: str::trim(name) as I64 }
    }

    %s

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}
"""


@pytest.mark.parametrize(
    "method",
    [
        b"pub func rename(mut this, name: Str) { this.name_word = name as I64 }",
        b"""pub func copy(this) -> Badge {
        Badge { block: lowlevel { mem_alloc(8) }, name_word: this.name_word }
    }""",
    ],
    ids=["a setter stores a string of the caller", "a copy shares the string"],
)
def test_a_release_does_not_free_what_others_hold(method: bytes) -> None:
    path = "lib/demo/src/http/badge.tml"
    result = analyse({path: SETTER % method}, [1])
    assert not result.phases[0].changes
    fixed = analyse({path: SETTER % b""}, [1])
    assert fixed.phases[0].changes, "without that method the release is completed"


def test_two_owners_of_one_arm_get_one_block() -> None:
    code = """\
use demo::spool::*

pub func width(size: I64) -> I64 {
    let outer = Spool::new(size)
    when find_spool(size) {
        Err(e) => return outer.size(),
        Ok(inner) => return inner.size() + wind(outer),
    }
}
"""
    path = "lib/demo/src/http/it.tml"
    result = analyse({"lib/demo/src/spool.tml": LIBRARY, path: code.encode()}, [1])
    became = result.phases[0].changes[path].after.decode()
    assert became.count("{") == code.count("{") + 2
    assert became.count("outer.destroy()") == 2 and became.count("inner.destroy()") == 1


@pytest.mark.parametrize(
    ("tail", "became"),
    [
        (
            "wind(spool)",
            "let result = wind(spool)\n            spool.destroy()\n            result",
        ),
        ("size + 1", "spool.destroy()\n            size + 1"),
        ("assert(wind(spool) == 1)", "assert(wind(spool) == 1)\n            spool.destroy()"),
        ("if size > 1 { assert(true) }", "if size > 1 { assert(true) }\n            spool.destroy()"),
        ("if size > 1 { wind(spool) } else { 2 }", "if size > 1 { wind(spool) } else { 2 }"),
    ],
)
def test_an_arm_keeps_the_type_that_the_other_arms_have(tail: str, became: str) -> None:
    code = f"""\
use demo::spool::*

pub func unwind(size: I64) {{
    when size {{
        1 => {{
            let spool = Spool::new(size)
            {tail}
        }},
        _ => {{
            size + 2
        }},
    }}
}}
"""
    path = "lib/demo/src/http/it.tml"
    result = analyse({"lib/demo/src/spool.tml": LIBRARY, path: code.encode()}, [1])
    change = result.phases[0].changes.get(path)
    assert (change.after.decode() if change else code) == code.replace(tail, became)


MAKER = """\
use core::str

pub func shout(word: Str) -> Str {
    return str::to_uppercase(word)
}

pub func is_loud(word: Str) -> Bool {
    let loud: Str = shout(word)
    return loud == word
}
"""

KEPT_IN_THE_LIBRARY = {
    "a namesake hands out a view": """\
use demo::spool::Tag

impl Tag {
    pub func shout(this) -> Str {
        return this.text
    }
}
""",
    "a namesake may return any string": """\
pub func shout[T](value: T) -> T {
    return value
}
""",
    "a method of a string has the name, which the compiler may answer with the string itself": """\
use core::str

impl Str {
    pub func shout(this) -> Str {
        return str::trim(this as Str)
    }
}
""",
    "a default method has the name": """\
pub behavior Speaker {
    func word(this) -> Str

    func shout(this) -> Str {
        return this.word()
    }
}
""",
    "a default method binds the result": """\
use demo::http::maker::shout

pub behavior Speaker {
    func word(this) -> Str

    func repeat(this) -> I64 {
        let loud: Str = shout("a")
        return keep(loud as I64)
    }
}
""",
    "a variable is interpolated": """\
use demo::http::maker::shout

pub func greet(name: Str) -> Str {
    let loud: Str = shout(name)
    return "hello {loud}"
}
""",
    "a variable is freed by hand": """\
use demo::http::maker::shout

pub func size(name: Str) -> I64 {
    let loud: Str = shout(name)
    let found: I64 = loud.len()
    lowlevel { mem_free(loud as I64 as *Unit) }
    return found
}
""",
    "a variable goes into a struct": """\
use demo::spool::Tag
use demo::http::maker::shout

pub func tag(name: Str) -> Tag {
    let loud: Str = shout(name)
    return Tag { text: loud }
}
""",
    "a variable is kept as a number": """\
use demo::http::maker::shout

pub func keep(slot: I64, name: Str) {
    let loud: Str = shout(name)
    lowlevel { ptr_write[I64](slot as *I64, loud as I64) }
}
""",
    "a variable has a second name": """\
use demo::http::maker::shout

pub func same(name: Str) -> Str {
    let loud: Str = shout(name)
    let other = loud
    return other
}
""",
    "a variable is assigned a view": """\
use demo::spool::Tag
use demo::http::maker::shout

pub func last(tag: Tag, name: Str) -> I64 {
    var loud: Str = shout(name)
    loud = tag.peek()
    return loud.len()
}
""",
    "a variable is captured": """\
use demo::http::maker::shout

pub func later(name: Str) -> I64 {
    let loud: Str = shout(name)
    let size = do() loud.len()
    return size()
}
""",
}

KEPT_IN_A_TEST = {
    "in a struct": 'let tag = Tag { text: shout("a") }',
    "in a list": 'words.push(shout("a"))',
    "as the payload of a result": 'let kept: Maybe[Str] = Just(shout("a"))',
    "as a number": 'let word: I64 = shout("a") as I64',
    "in an interpolation": 'let text: Str = "<{shout("a")}>"',
    "out of a branch": 'let text: Str = if words.len() > 0 { shout("a") } else { "" }',
    "by an assignment": 'text = shout("a")',
}


def marked(files: dict[str, str]) -> bool:
    path = "lib/demo/src/http/maker.tml"
    sources = {file: code.encode() for file, code in {path: MAKER, **files}.items()}
    result = analyse({"lib/demo/src/spool.tml": LIBRARY, **sources}, [1])
    assert not result.errors or any("broken" in error.path for error in result.errors)
    change = result.phases[0].changes.get(path)
    return change is not None and b"@allocates" in change.after


def test_a_maker_is_marked() -> None:
    assert marked({})


@pytest.mark.parametrize("code", KEPT_IN_THE_LIBRARY.values(), ids=KEPT_IN_THE_LIBRARY)
def test_a_maker_is_not_marked_when_the_library_holds_on_to_its_strings(code: str) -> None:
    assert not marked({"lib/demo/src/other.tml": code})


@pytest.mark.parametrize("folder", ["http", "other"])
@pytest.mark.parametrize("statement", KEPT_IN_A_TEST.values(), ids=KEPT_IN_A_TEST)
def test_a_maker_is_not_marked_when_a_test_of_any_phase_holds_on_to_its_strings(
    statement: str, folder: str
) -> None:
    test = f"""\
use demo::spool::Tag
use demo::http::maker::shout
use std::collections::List

@test
func test_it() -> I32 {{
    let words: List[Str] = List[Str]::new(4)
    var text: Str = ""
    {statement}
    words.destroy()
    return 0
}}
"""
    assert not marked({f"lib/demo/tests/{folder}/it.test.tml": test})


def test_a_maker_is_not_marked_when_a_test_that_mentions_it_cannot_be_read() -> None:
    assert not marked({"lib/demo/tests/other/broken.test.tml": "func { shout"})


def test_a_string_that_the_compiler_hands_back_is_no_copy() -> None:
    code = """\
impl Str {
    pub func to_owned(this) -> Str {
        return this + ""
    }
}

pub func owned(line: Str) -> I64 {
    let copy: Str = line.to_owned()
    return copy.len()
}
"""
    assert not written(code, "lib/demo/src/http/it.tml")


KEPT_EARLY = {
    "an interpolation frees it elsewhere": """\
use core::str

pub func quoted(line: Str, is_plain: Bool) -> Str {
    let word: Str = str::trim(line)
    if is_plain {
        return word
    }
    return "'{word}'"
}
""",
    "another name holds it elsewhere": """\
use core::str
use demo::spool::Tag

pub func tag(line: Str, tags: mut ref Tag) -> Str {
    let word: Str = str::trim(line)
    if line == "" {
        return word
    }
    tags.text = word as Str
    return ""
}
""",
    "a branch hands it out elsewhere": """\
use core::str

pub func same(word: Str) -> Str {
    return word
}

pub func pick(line: Str, is_first: Bool) -> Str {
    let word: Str = str::trim(line)
    if line == "" {
        return word
    }
    return if is_first { same(word) } else { "" }
}
""",
    "it may be a view": """\
use core::str
use demo::spool::Tag

pub func pick(line: Str, tag: Tag) -> Str {
    var word: Str = str::trim(line)
    if line == "" {
        word = tag.peek()
    }
    if line == "a" {
        return word
    }
    return "b"
}
""",
}


@pytest.mark.parametrize("code", KEPT_EARLY.values(), ids=KEPT_EARLY)
def test_an_early_return_stays_where_the_string_lives_on(code: str) -> None:
    assert not written(code, "lib/demo/src/http/it.tml")


def test_a_string_is_not_made_later_than_what_it_is_made_of_changes() -> None:
    code = """\
use core::str

func advance(place: mut ref I64) -> Bool {
    *place = *place + 1
    return *place > 2
}

pub func pick(line: Str) -> Str {
    var place: I64 = 0
    loop (place < 9) {
        let word: Str = str::substring(line, place, 9)
        if advance(mut ref place) {
            return word
        }
    }
    return ""
}
"""
    path = "lib/demo/src/http/it.tml"
    result = analyse({"lib/demo/src/spool.tml": LIBRARY, path: code.encode()}, [1])
    assert result.phases[0].changes[path].after.decode() == code.replace(
        "            return word",
        "            // compiler defect early-return-cancels-later-drops: so a copy is returned\n"
        "            return word.duplicate()",
    )
