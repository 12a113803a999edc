"""Modules of a library that leaks, and tests that use them, for tests of the analysis."""

from __future__ import annotations

REEL = """\
use core::intrinsics::{ptr_read, ptr_write, mem_alloc, mem_free}

pub type Reel {
    handle: *Unit
}

impl Reel {
    pub func new(size: I64) -> Reel {
        let block: *Unit = lowlevel { mem_alloc(size * 8) }
        lowlevel { ptr_write[I64](block as *I64, size) }
        Reel { handle: block }
    }

    pub func size(this) -> I64 {
        return lowlevel { ptr_read[I64](this.handle as *I64) }
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.handle) }
    }
}
"""

USES_A_REEL = """\
use demo::reel::Reel

@test
func test_reel() -> I32 {
    let reel = Reel::new(4)
    if reel.size() == 9 {
        print("odd")
    }
    assert(reel.size() == 4, "size")
    return 0
}
"""

PARTS = """\
use core::str
use std::collections::List

pub type Parts {
    texts: List[Str],
}

impl Parts {
    pub func of(line: Str) -> Parts {
        let found = List[Str]::new(4)
        found.push(str::substring(line, 0, 2))
        found.push(str::substring(line, 2, 4))
        return Parts { texts: found }
    }

    pub func count(this) -> I64 {
        return this.texts.len()
    }

    pub func destroy(this) {
    }
}
"""
"""Its destroy() does nothing, so nobody owes the call until the rule for destroy() has fixed it."""

USES_PARTS = """\
use demo::parts::Parts

@test
func test_parts() -> I32 {
    let parts = Parts::of("abcd")
    assert(parts.count() == 2, "count")
    return 0
}
"""

STARS = """\
use core::str

pub func stars(count: I64) -> Str {
    return str::repeat("*", count)
}

pub func width() -> I64 {
    let line: Str = stars(4)
    let n: I64 = str::len(line)
    return n
}
"""

ENDS_A_ROUND = """\
use demo::http::stars::stars

@test
func test_rounds() -> I32 {
    var round: I64 = 0
    loop (round < 0) {
        round = round + 1
        stars(round)
    }
    return 0
}
"""
"""A string at the end of a loop's body would be freed after the loop, once its maker's name is reserved."""

FIELDS = """\
use core::str
use std::collections::List

/// The fields of a record.
pub func fields(record: Str, delimiter: Str) -> List[Str] {
    return str::split(record, delimiter)
}

/// The first field, or nothing.
pub func first_field(fields: List[Str]) -> Maybe[Str] {
    if fields.len() == 0 {
        return Nothing
    }
    return Just(fields.get(0))
}

/// Names that nobody may free.
pub func names() -> List[Str] {
    let found = List[Str]::new(2)
    found.push("one")
    return found
}

/// A copy of a field.
@allocates
pub func copy_of(field: Str) -> Str {
    return str::substring(field, 0, str::len(field))
}

/// How long all fields are.
pub func width(fields: List[Str]) -> I64 {
    var total: I64 = 0
    var i: I64 = 0
    loop (i < fields.len()) {
        let field: Str = fields.get(i)
        total = total + str::len(field)
        i = i + 1
    }
    return total
}

/// Ends a list.
pub func finish(fields: List[Str]) {
    fields.destroy()
}

/// Shows a text, and frees it by that.
pub func shown(text: Str) -> I64 {
    let line: Str = "<{text}>"
    let length: I64 = str::len(line)
    return length
}
"""


def fields_test(body: str) -> str:
    """A test with this body, which uses `FIELDS`."""
    return f"use demo::http::fields::*\nuse demo::http::fields\n\n@test\nfunc test_it() -> I32 {{\n{body}}}\n"


SOCK = """\
use core::intrinsics::{mem_alloc, mem_free}

pub type Sock { handle: *Unit, port: I64 }

impl Sock {
    pub func open(port: I64) -> Sock {
        let block: *Unit = lowlevel { mem_alloc(8) }
        return Sock { handle: block, port: port }
    }
    pub func destroy(this) {
        lowlevel { mem_free(this.handle) }
    }
}
"""
