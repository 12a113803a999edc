"""Strings that somebody else frees, keeps or still reads: no rule for strings writes a release there."""

from __future__ import annotations

from importlib.resources import files

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict
from codemods.rules import RULES

PRELUDE = files("codemods.rules").joinpath("prelude.tml").read_bytes()
LIBRARY = b"""\
use core::str
use std::collections::List

pub type Name {
    text: Str,
}

pub type Track {
    points: List[I64],
}

@extern("name_of_day")
pub func name_of_day(day: I64) -> Str

/// Makes a string, and does not say so.
pub func last_word(line: Str) -> Str {
    return str::trim(line)
}

pub func same(text: Str) -> Str {
    return text
}

pub func name_of(text: Str) -> Name {
    return Name { text: text }
}

pub func size_of(text: Str) -> I64 {
    return str::len(text)
}
"""
USES = """\
use core::str
use std::collections::List
use demo::prelude::Label
use demo::texts::{Name, Track, last_word, name_of, name_of_day, same, size_of}

"""

IN_LIBRARY = {
    "another list holds the string that is taken out": (
        "discarded-element",
        """\
pub func f(line: Str, others: List[Str]) -> I64 {
    let parts: List[Str] = List[Str]::new(4)
    parts.push(str::substring(line, 0, 2))
    others.push(parts.get(0))
    parts.pop()
    return others.len()
}
""",
    ),
    "a number holds the string that is taken out": (
        "discarded-element",
        """\
pub func f(line: Str) -> I64 {
    let parts: List[Str] = List[Str]::new(4)
    parts.push(str::substring(line, 0, 2))
    let word: I64 = parts.get(0) as I64
    parts.pop()
    return str::len(word as Str)
}
""",
    ),
    "a call may return the string that it is given": (
        "overwritten-text",
        """\
pub func f(line: Str, limit: I64) -> Name {
    let trimmed: Str = last_word(line)
    let size: I64 = str::len(trimmed)
    var text: Str = trimmed
    if size > limit {
        text = str::pad_left(trimmed, limit, " ")
    }
    return Name { text: text }
}
""",
    ),
    "an inner block has another variable of the name": (
        "untracked-text",
        """\
pub func f(line: Str, k: I64) -> I64 {
    let word: I64 = str::trim(line) as I64
    if k > 1 {
        let word: I64 = 7
        return word
    }
    let size: I64 = str::len(word as Str)
    return size
}
""",
    ),
    "a list keeps the string that a break leaves": (
        "break-path",
        """\
pub func f(line: Str, names: List[Str]) {
    loop (true) {
        let mark: Str = str::substring(line, 0, 1)
        names.push(mark)
        if mark == "*" {
            break
        }
    }
}
""",
    ),
    "the string that a break leaves is handed on by a function": (
        "break-path",
        """\
pub func f(line: Str) -> Str {
    var found: Str = ""
    loop (true) {
        let mark: Str = str::substring(line, 0, 1)
        found = same(mark)
        break
    }
    return found
}
""",
    ),
    "a variable takes several strings before the break": (
        "break-path",
        """\
pub func f(line: Str) -> I64 {
    var size: I64 = 0
    loop (size < 9) {
        var mark: Str = str::substring(line, 0, 1)
        mark = str::substring(line, 1, 2)
        size = size + str::len(mark)
        if size > 3 {
            break
        }
    }
    return size
}
""",
    ),
    "C made the string": (
        "untracked-text",
        """\
pub func f(day: I64) -> I64 {
    let name: Str = name_of_day(day)
    let size: I64 = str::len(name)
    return size
}
""",
    ),
    "the string comes back from another function": (
        "untracked-text",
        """\
pub func f(line: Str) -> Str {
    let word: Str = last_word(line)
    let again: Str = same(word)
    return again
}
""",
    ),
    "a struct that a function makes holds the string": (
        "untracked-text",
        """\
pub func f(line: Str) -> Name {
    let word: Str = last_word(line)
    let name: Name = name_of(word)
    return name
}
""",
    ),
    "an interpolation frees the string": (
        "untracked-text",
        """\
pub func f(line: Str) -> Str {
    let word: Str = last_word(line)
    return "{word}!"
}
""",
    ),
    "a closure reads the string later": (
        "untracked-text",
        """\
pub func f(line: Str) -> I64 {
    let word: Str = last_word(line)
    let later = do(extra: I64) str::len(word) + extra
    return later(2)
}
""",
    ),
    "the condition of a replacement changes": (
        "untracked-text",
        """\
pub func f(line: Str, width: I64) -> I64 {
    var start: Str = ">"
    var room: I64 = width
    if room > 8 {
        start = str::substring(line, 0, 8)
    }
    room = 0
    return size_of(start) + room
}
""",
    ),
    "a constant may be replaced by either of two strings": (
        "untracked-text",
        """\
pub func f(line: Str, width: I64) -> I64 {
    var start: Str = ">"
    if width > 8 {
        start = str::substring(line, 0, 8)
    } else {
        start = str::substring(line, 0, width)
    }
    return size_of(start)
}
""",
    ),
    "the first string is read after the choice": (
        "overwritten-text",
        """\
pub func f(line: Str, limit: I64) -> Name {
    let trimmed: Str = str::trim(line)
    var text: Str = trimmed
    if str::len(trimmed) > limit {
        text = str::substring(trimmed, 0, limit)
    }
    if str::len(trimmed) == 3 {
        return Name { text: text }
    }
    return Name { text: text }
}
""",
    ),
    "the second string is not given away on every path": (
        "overwritten-text",
        """\
pub func f(line: Str, limit: I64) -> Maybe[Name] {
    let trimmed: Str = str::trim(line)
    var text: Str = trimmed
    if str::len(trimmed) > limit {
        text = str::substring(trimmed, 0, limit)
    }
    if limit == 3 {
        return Nothing
    }
    return Just(Name { text: text })
}
""",
    ),
    "a string is only made where the condition before it holds": (
        "library-temporary",
        """\
pub func f(line: Str, at: I64) -> Bool {
    let found: Bool = at < str::len(line) and str::substring(line, at, at + 1) == "*"
    return found
}
""",
    ),
    "a condition has another way to hold": (
        "library-temporary",
        """\
pub func f(line: Str, at: I64) -> I64 {
    if at > str::len(line) or str::substring(line, at, at + 1) == "*" {
        return 1
    }
    return 0
}
""",
    ),
    "a condition that is cut would need its else twice": (
        "library-temporary",
        """\
pub func f(line: Str, at: I64) -> I64 {
    if at < str::len(line) and str::substring(line, at, at + 1) == "*" {
        return 1
    } else {
        return 2
    }
}
""",
    ),
    "the condition is a denial of two": (
        "library-temporary",
        """\
pub func f(line: Str, at: I64) -> I64 {
    if not (at < str::len(line) and str::substring(line, at, at + 1) == "*") {
        return 1
    }
    return 0
}
""",
    ),
    "a string is given away on one path and read on another": (
        "cancelled-drop",
        """\
func measure(text: Str) -> I64 {
    return str::len(text)
}

pub func f(line: Str) -> Name {
    let word: Str = str::trim(line)
    if str::len(line) > 3 {
        return Name { text: word }
    }
    let size: I64 = measure(word)
    return Name { text: "" }
}
""",
    ),
    "a caller releases what it passed": (
        "lost-argument",
        """\
func track_of(points: List[I64], length: I64) -> Track {
    if length < 1 {
        return Track { points: List[I64]::new(2) }
    }
    return Track { points: points }
}

pub func f(length: I64) -> Maybe[Track] {
    let points: List[I64] = List[I64]::new(2)
    let track: Track = track_of(points, length)
    if length < 1 {
        points.destroy()
        return Nothing
    }
    return Just(track)
}
""",
    ),
    "a caller passes the same value in every iteration": (
        "lost-argument",
        """\
func track_of(points: List[I64], length: I64) -> Track {
    if length < 1 {
        return Track { points: List[I64]::new(2) }
    }
    return Track { points: points }
}

pub func f(length: I64) -> I64 {
    let points: List[I64] = List[I64]::new(2)
    var i: I64 = 0
    loop (i < length) {
        let track: Track = track_of(points, i)
        i = i + 1
    }
    return i
}
""",
    ),
    "a caller passes on what it was given": (
        "lost-argument",
        """\
func track_of(points: List[I64], length: I64) -> Track {
    if length < 1 {
        return Track { points: List[I64]::new(2) }
    }
    return Track { points: points }
}

pub func f(points: List[I64]) -> Track {
    let track: Track = track_of(points, 2)
    return track
}
""",
    ),
    "a function may be called through its name": (
        "lost-argument",
        """\
func track_of(points: List[I64], length: I64) -> Track {
    if length < 1 {
        return Track { points: List[I64]::new(2) }
    }
    return Track { points: points }
}

pub func f(length: I64) -> Track {
    let maker = track_of
    let points: List[I64] = List[I64]::new(2)
    let track: Track = track_of(points, length)
    return track
}
""",
    ),
    "the argument that is handed back may be another by then": (
        "returned-argument",
        """\
func shorten(text: Str, limit: I64) -> Str {
    text = str::trim(text)
    if str::len(text) > limit {
        return str::substring(text, 0, limit)
    }
    return text
}
""",
    ),
    "a struct holds a string of the caller": (
        "element-destroy",
        """\
pub type Part {
    text: Str,
}

pub func parts_of(line: Str, first: Str) -> List[Part] {
    let parts: List[Part] = List[Part]::new(2)
    parts.push(Part { text: str::trim(line) })
    parts.push(Part { text: first })
    return parts
}
""",
    ),
    "a struct may hold a constant that is not empty": (
        "element-destroy",
        """\
pub type Part {
    text: Str,
}

pub func parts_of(line: Str) -> List[Part] {
    let parts: List[Part] = List[Part]::new(2)
    parts.push(Part { text: str::trim(line) })
    parts.push(Part { text: "end" })
    return parts
}
""",
    ),
    "the list does not own what the struct gets": (
        "stored-element",
        """\
pub type Part {
    text: Str,
}

pub func parts_of(line: Str, words: List[Str]) -> List[Part] {
    let parts: List[Part] = List[Part]::new(2)
    parts.push(Part { text: str::trim(line) })
    let word: Str = words.get(0)
    parts.push(Part { text: word })
    return parts
}
""",
    ),
}

IN_TESTS = {
    "an interpolation frees the string": (
        "void-tail",
        """\
@test
func test_it() {
    let label = Label { text: "a" }
    let text: Str = label.render()
    let shown: Str = "{text}!"
    assert(shown == "a!", "shown")
}
""",
    ),
    "another variable holds the same list": (
        "void-tail",
        """\
@test
func test_it() {
    let label = Label { text: "a" }
    let text: Str = label.render()
    let numbers = List[I64]::new(2)
    let same_numbers = numbers
    assert(same_numbers.len() == 0, text)
}
""",
    ),
    "the type of a variable is not known": (
        "void-tail",
        """\
@test
func test_it() {
    let label = Label { text: "a" }
    let text: Str = label.render()
    let thing = unheard_of(text)
    assert(text == "a", "text")
}
""",
    ),
    "a list keeps the string": (
        "void-tail",
        """\
@test
func test_it() {
    let label = Label { text: "a" }
    let text: Str = label.render()
    let names = List[Str]::new(2)
    names.push(text)
    assert(names.len() == 1, "names")
}
""",
    ),
    "a break leaves a test, where a cast would not outlive its statement": (
        "break-path",
        """\
@test
func test_it() -> I32 {
    let label = Label { text: "a" }
    loop (true) {
        let text: Str = label.render()
        if text == "a" {
            break
        }
    }
    return 0
}
""",
    ),
    "a template is shown in a condition of a loop": (
        "template-conversion",
        """\
@test
func test_it() -> I32 {
    var i: I64 = 0
    loop (`{i}`.len() < 2) {
        i = i + 5
    }
    return 0
}
""",
    ),
}


def fixed_by(code: str, path: str) -> set[str]:
    """The rules that write something into a file beside the library."""
    inputs = {"lib/demo/src/prelude.tml": PRELUDE, "lib/demo/src/texts.tml": LIBRARY, path: code.encode()}
    result = analyse(inputs, [1])
    assert not result.errors
    return {
        finding.rule
        for finding in result.findings
        if finding.verdict is Verdict.FIXABLE and finding.path == path
    }


@pytest.mark.parametrize(("rule", "code"), IN_LIBRARY.values(), ids=IN_LIBRARY)
def test_a_string_of_the_library_is_left_alone(rule: str, code: str) -> None:
    assert rule in RULES
    assert rule not in fixed_by(USES + code, "lib/demo/src/http/it.tml")


@pytest.mark.parametrize(("rule", "code"), IN_TESTS.values(), ids=IN_TESTS)
def test_a_string_of_a_test_is_left_alone(rule: str, code: str) -> None:
    assert rule in RULES
    assert rule not in fixed_by(USES + code, "tests/http/it.test.tml")


def test_a_part_that_nothing_releases_still_holds_what_it_was_given() -> None:
    code = """\
pub func f(length: I64) -> Track {
    let points: List[I64] = List[I64]::new(2)
    points.push(length)
    let track: Track = hold(points)
    return track
}

func hold(points: List[I64]) -> Track {
    return Track { points: points }
}
"""
    assert not fixed_by(USES + code, "lib/demo/src/http/it.tml")


def test_an_element_that_a_variable_holds_is_not_released_again() -> None:
    part = """\
pub type Part {
    text: Str,
}

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let parts: List[Part] = List[Part]::new(2)
    parts.push(Part { text: str::trim(line) })
    return parts
}

pub func f(line: Str) -> I64 {
    let parts = parts_of(line)
    let size: I64 = str::len(parts.get(0).text)
    %s
    parts.destroy()
    return size
}
"""
    path = "lib/demo/src/http/it.tml"
    assert "undrained-values" in fixed_by(USES + part % "", path)
    assert not fixed_by(USES + part % "let first = parts.get(0)", path)
    assert not fixed_by(USES + part % "parts.get(0).destroy()", path)
    assert not fixed_by(USES + part % "parts.destroy()", path)
