"""Which enums the compiler drops, and with them the strings and owners in their payloads."""

from __future__ import annotations

import pytest

from codemods.ownership.analysis import Analysis
from codemods.semantics.symbols import Index, SourceFile

SOURCE = """\
type Note { Text(Str), Blank }
type Number { Small(I64), Large(I64) }
type Outer { Inner(Note), Nothing }
type Chain { Next(Chain), End }
type Line { Rest(Line), Word(Str) }
type Watched { Kept(Str), Empty }
type Point { x: I64, y: I64 }

impl Drop for Watched {
    func drop(mut this) {
    }
}

func asked(enum_: ENUM, watched: Watched, point: Point, number: I64, text: Str) {
}
"""


@pytest.mark.parametrize(
    ("enum", "drops"),
    [
        ("Note", True),
        ("Number", False),
        ("Outer", True),
        ("Chain", False),
        ("Line", True),
        ("Watched", False),
        ("Unknown", False),
    ],
)
def test_an_enum_is_dropped_if_a_payload_is_unless_it_has_a_drop_of_its_own(enum: str, drops: bool) -> None:
    file = SourceFile.read("lib/std/src/sample.tml", SOURCE.replace("ENUM", enum).encode())
    index = Index([file])
    asked = next(function for function in index.functions_in(file) if function.name == "asked")
    type_, *payloads = (value.type for value in asked.values)
    found = Analysis(index).drops

    assert [found.drops_payload(type_, payload) for payload in payloads] == [drops, False, False, drops]
