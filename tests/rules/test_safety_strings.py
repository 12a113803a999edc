"""Strings that nobody frees and that must stay: freeing them would be a double free or a use after free."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict
from codemods.model.settings import Settings

LIBRARY = b"""\
use core::str
use core::intrinsics::{ptr_read, ptr_write, mem_alloc, mem_free}
use std::collections::List

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

@extern("tml_os_hostname")
func host_name() -> Str

@extern("tml_str_free")
func drop_text(text: Str)

/// A word in memory.
pub type Cell {
    block: *Unit,
}

/// What went wrong.
pub type Refusal {
    reason: Str,
}

/// Somebody's text.
pub type Sign {
    text: Maybe[Str],
}

impl Cell {
    pub func new() -> Cell {
        return Cell { block: lowlevel { mem_alloc(8) } }
    }

    pub func size(this) -> I64 {
        return lowlevel { ptr_read[I64](this.block as *I64) }
    }

    pub func keep(this, text: Str) {
        lowlevel { ptr_write[I64](this.block as *I64, text as I64) }
    }

    pub func destroy(mut this) {
        if this.block == null {
            return
        }
        lowlevel { mem_free(this.block) }
        this.block = null
    }
}

impl Drop for Cell {
    func drop(mut this) {
        this.destroy()
    }
}

pub func digits(block: *Unit) -> Outcome[Str, I32] {
    if block == null {
        return Err(1)
    }
    return Ok(hex_of(block))
}

pub func digits_or_none(block: *Unit) -> Outcome[Str, I32] {
    if block == null {
        return Ok("none")
    }
    return Ok(hex_of(block))
}

pub func same_text(text: Str) -> Outcome[Str, I32] {
    if text == "" {
        return Err(1)
    }
    return Ok(text)
}

pub func in_one_hole(text: Str) -> Outcome[Str, I32] {
    return Ok("{text}")
}

pub func summed(text: Str) -> Outcome[Str, I32] {
    return Ok("a " + text)
}

pub func kept_text(cell: Cell, block: *Unit) -> Outcome[Str, I32] {
    let text: Str = hex_of(block)
    cell.keep(text)
    return Ok(text)
}

pub func wrap(reason: Str) -> Refusal {
    return Refusal { reason: reason }
}

pub func dropped_text(block: *Unit) -> Outcome[I64, Refusal] {
    let reason: Str = str::trim(" a ")
    return Err(wrap(reason))
}

pub func refused(reason: Str) -> Outcome[I64, Refusal] {
    return Err(Refusal { reason: reason })
}

pub func two_cells() -> (Cell, Cell) {
    return (Cell::new(), Cell::new())
}

pub func two_texts(first: Str, second: Str) -> (Str, Str) {
    return (first, second)
}

pub func find_cell(size: I64) -> Outcome[Cell, I32] {
    if size < 1 {
        return Err(1)
    }
    return Ok(Cell::new())
}

pub func same_cell(cell: Cell) -> Outcome[Cell, I32] {
    return Ok(cell)
}

pub func use_outcome(found: Outcome[Cell, I32]) {
    when found {
        Ok(cell) => cell.destroy(),
        Err(e) => {},
    }
}

pub func use_pair(pair: (Cell, Cell)) {
    pair.0.destroy()
    pair.1.destroy()
}
"""

STAYS = {
    "a foreign string is returned": """\
    let text: Str = hex_of(block)
    return text
""",
    "a foreign string is returned as a part": """\
    let text: Str = hex_of(block)
    let refusal = Refusal { reason: text }
    return refusal.reason
""",
    "a foreign string is kept": """\
    let text: Str = hex_of(block)
    cell.keep(text)
    return "kept"
""",
    "a foreign string is freed already": """\
    let text: Str = hex_of(block)
    if text == "" {
        drop_text(text)
        return "none"
    }
    drop_text(text)
    return "some"
""",
    "a foreign string is freed by another name": """\
    let text: Str = hex_of(block)
    let same: Str = text
    drop_text(same)
    return "freed"
""",
    "a foreign string is replaced": """\
    var text: Str = hex_of(block)
    text = host_name()
    return "replaced"
""",
    "a foreign string is freed by an interpolation": """\
    let text: Str = hex_of(block)
    return "{text} is the text"
""",
    "a foreign string may be static": """\
    let text: Str = host_name()
    let known: Bool = text != ""
    return known ? "known" : "unknown"
""",
    "a foreign string is kept by a later iteration": """\
    let text: Str = hex_of(block)
    var turns: I64 = 0
    var sign = Sign { text: Nothing }
    loop (turns < 2) {
        let shown: Maybe[Str] = text != "" ? Just(text) : Nothing
        sign = Sign { text: shown }
        turns = turns + 1
    }
    cell.keep(sign.text.unwrap())
    return "kept"
""",
    "a payload is taken out twice": """\
    let found = digits(block)
    let first: Str = found.unwrap()
    let second: Str = found.unwrap()
    return first == second ? "same" : "other"
""",
    "a payload is taken out again by a when": """\
    let found = digits(block)
    let first: Str = found.unwrap()
    when found {
        Ok(text) => return "some",
        Err(e) => return "none",
    }
""",
    "a payload may be a constant": """\
    let text: Str = digits_or_none(block).unwrap()
    let known: Bool = text != ""
    return known ? "known" : "unknown"
""",
    "a payload is a string of the caller": """\
    let own: Str = host_name()
    let text: Str = same_text(own).unwrap()
    let known: Bool = text != ""
    return known ? "known" : "unknown"
""",
    "a payload is no copy": """\
    let own: Str = host_name()
    let text: Str = in_one_hole(own).unwrap()
    let known: Bool = text != ""
    return known ? "known" : "unknown"
""",
    "a payload is freed already": """\
    let text: Str = summed("b").unwrap()
    let known: Bool = text != ""
    return known ? "known" : "unknown"
""",
    "a payload is kept by its maker": """\
    let text: Str = kept_text(cell, block).unwrap()
    let known: Bool = text != ""
    return known ? "known" : "unknown"
""",
    "an error holds a string that was dropped": """\
    let outcome = dropped_text(block)
    return outcome.is_ok() ? "yes" : "no"
""",
    "an error holds a string of the caller": """\
    let own: Str = host_name()
    let outcome = refused(own)
    return outcome.is_ok() ? "yes" : "no"
""",
    "an error holds a string that is still used": """\
    let own: Str = hex_of(block)
    let outcome = refused(own)
    let known: Bool = outcome.is_ok()
    return own == "" and known ? "yes" : "no"
""",
    "two errors hold the same string": """\
    let own: Str = hex_of(block)
    let outcome = refused(own)
    let other = refused(own)
    return outcome.is_ok() and other.is_ok() ? "yes" : "no"
""",
    "a struct holds a foreign string": """\
    let own: Str = hex_of(block)
    let refusal = Refusal { reason: own }
    return refusal.reason == "" ? "none" : "some"
""",
    "an outcome is given away": """\
    let found = find_cell(3)
    use_outcome(found)
    return "used"
""",
    "an outcome is opened by another name": """\
    let found = find_cell(3)
    let same = found
    when same {
        Ok(opened) => opened.destroy(),
        Err(e) => {},
    }
    return found.is_ok() ? "yes" : "no"
""",
    "a tuple is given away": """\
    let pair = two_cells()
    use_pair(pair)
    return "used"
""",
    "the parts of a tuple have variables": """\
    let pair = two_cells()
    let first = pair.0
    let second = pair.1
    return first.size() == second.size() ? "yes" : "no"
""",
    "the parts of a tuple are released": """\
    let pair = two_cells()
    pair.0.destroy()
    pair.1.destroy()
    return "released"
""",
    "a tuple holds strings of the caller": """\
    let own: Str = host_name()
    let pair = two_texts(own, own)
    return pair.0 == pair.1 ? "yes" : "no"
""",
}


def fixed(code: str) -> list[str]:
    """What is fixed in a file beside the library, as rule and message."""
    path = "lib/demo/src/http/it.tml"
    library = "lib/demo/src/cell.tml"
    files = {library: LIBRARY, path: code.encode()}
    result = analyse(files, [1], settings=Settings(exclude=(library,)))
    assert not result.errors
    return [
        f"{finding.rule}: {finding.message}"
        for finding in result.findings
        if finding.verdict is Verdict.FIXABLE and finding.path == path
    ]


@pytest.mark.parametrize("body", STAYS.values(), ids=STAYS)
def test_nothing_is_freed(body: str) -> None:
    assert not fixed(f"use demo::cell::*\n\npub func it(cell: ref Cell, block: *Unit) -> Str {{\n{body}}}\n")


LEAKS = [
    (
        "foreign-string",
        """\
    let text: Str = hex_of(block)
    return text == "" ? "none" : "some"
""",
    ),
    (
        "unopened-payload",
        """\
    let found = find_cell(3)
    return found.is_ok() ? "yes" : "no"
""",
    ),
    (
        "unopened-payload",
        """\
    let own: Str = hex_of(block)
    let outcome = refused(own)
    return outcome.is_ok() ? "yes" : "no"
""",
    ),
    (
        "tuple-parts",
        """\
    let pair = two_cells()
    return pair.0.size() == pair.1.size() ? "yes" : "no"
""",
    ),
]


@pytest.mark.parametrize(("rule", "body"), LEAKS, ids=[rule for rule, _ in LEAKS])
def test_without_its_hazard_it_is_freed(rule: str, body: str) -> None:
    code = f"use demo::cell::*\n\npub func it(cell: ref Cell, block: *Unit) -> Str {{\n{body}}}\n"
    assert [line.partition(":")[0] for line in fixed(code)] == [rule]


PLATE = """\
pub type Plate {
    digits: Maybe[Str],
    remark: Maybe[Str],
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

impl Plate {
    pub func of(block: *Unit) -> Plate {
        let digits: Str = hex_of(block)
        return Plate { digits: Just(digits), remark: Nothing }
    }

    %s
}
"""


@pytest.mark.parametrize(
    "method",
    [
        "pub func mark(mut this, remark: Maybe[Str]) { this.remark = remark }",
        "pub func copy(this) -> Plate { return Plate { digits: this.digits, remark: Nothing } }",
        'pub func blank() -> Plate { return Plate { digits: Just("0"), remark: Nothing } }',
        """pub func twice(block: *Unit) -> Plate {
        let digits: Str = hex_of(block)
        return Plate { digits: Just(digits), remark: Just(digits) }
    }""",
        """pub func drop(mut this) { }""",
    ],
    ids=[
        "a setter stores a string of the caller",
        "a copy shares the string",
        "a string is a constant",
        "two fields share a string",
        "it has a release",
    ],
)
def test_no_destroy_frees_what_others_hold(method: str) -> None:
    path = "lib/demo/src/http/plate.tml"
    assert not analyse({path: (PLATE % method).encode()}, [1]).phases[0].changes
    assert analyse({path: (PLATE % "").encode()}, [1]).phases[0].changes, "without that it is written"


TAKER = """\
use std::collections::Buffer

pub type Spout {
    block: *Unit,
    output: Buffer,
}

impl Spout {
    pub func new() -> Spout {
        return Spout { block: lowlevel { mem_alloc(8) }, output: Buffer::new(8) }
    }

    pub func finish(mut this, ready: Bool) -> Buffer {
        %s
    }

    pub func destroy(mut this) {
        if this.block != null {
            lowlevel { mem_free(this.block) }
            this.block = null
        }
    }
}

impl Drop for Spout {
    func drop(mut this) {
        this.destroy()
    }
}

pub func poured() -> Buffer {
    let spout = Spout::new()
    let buffer = spout.finish(true)
    spout.destroy()
    return buffer
}
"""

TAKEN_OVER = """let taken: Buffer = Buffer { handle: this.output.handle }
        this.output.handle = null
        return taken"""


@pytest.mark.parametrize(
    "body",
    [
        "return Buffer { handle: this.output.handle }",
        """let taken: Buffer = Buffer { handle: this.output.handle }
        if ready {
            this.output.handle = null
        }
        return taken""",
        """let taken: Buffer = Buffer { handle: this.output.handle }
        if not ready {
            return taken
        }
        this.output.handle = null
        return taken""",
    ],
    ids=["the field keeps it", "it is blanked on a condition", "a return comes first"],
)
def test_a_release_leaves_a_field_that_another_took_over(body: str) -> None:
    path = "lib/demo/src/http/spout.tml"
    assert not analyse({path: (TAKER % body).encode()}, [1]).phases[0].changes
    change = analyse({path: (TAKER % TAKEN_OVER).encode()}, [1]).phases[0].changes[path]
    assert b"this.output.destroy()" in change.after
