"""Wrong fixes of parts of tuples, of names that are not bound, and in closures are not written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from codemods.engine import analyse
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.rules import RULES
from tests.engine.small_library import REEL
from tml_ast.edit import SourceEdit

LIBRARY = (
    REEL
    + """
pub func open_reel(size: I64) -> Outcome[Reel, I64] {
    if size < 1 {
        return Err(size)
    }
    return Ok(Reel::new(size))
}

pub func exchange(size: I64) -> Outcome[Reel, Reel] {
    if size < 1 {
        return Err(Reel::new(1))
    }
    return Ok(Reel::new(size))
}

pub func reel_pair(size: I64) -> (Reel, Reel) {
    return (Reel::new(size), Reel::new(size))
}

pub func reels_of(size: I64) -> List[Reel] {
    var reels: List[Reel] = List[Reel]::new(2)
    reels.push(Reel::new(size))
    return reels
}

pub func scrap(reel: Reel) {
    reel.destroy()
}

@extern("tml_str_free")
pub func str_free(text: Str)

pub func twice(step: func(I64) -> I64) -> I64 {
    return step(1) + step(2)
}
"""
)
TEST = "tests/http/reel.test.tml"
Edits = tuple[SourceEdit, ...]
TWICE = "a path of test_it would release a value twice or use it afterwards"


IMPORTS = """\
use core::str
use core::intrinsics::mem_free
use demo::reel::{Reel, exchange, open_reel, reel_pair, reels_of, scrap, str_free, twice}
"""


def spoil_rule(rule: str, spoil: Callable[[Edits, bytes], Edits], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a rule make other edits."""
    right = RULES[rule]

    def wrong(context: Context) -> Iterator[Diagnostic]:
        for diagnostic in right.check(context):
            yield replace(diagnostic, edits=spoil(diagnostic.edits, context.file.source))

    monkeypatch.setitem(RULES, rule, replace(right, check=wrong))


def files_of(body: str) -> dict[str, bytes]:
    """A library with a test."""
    test = f"{IMPORTS}\n@test\nfunc test_it() -> I32 {{\n{body}    return 0\n}}\n"
    return {"lib/demo/src/reel.tml": LIBRARY.encode(), TEST: test.encode()}


def twice(edits: Edits, _source: bytes) -> Edits:
    """Each release once more."""
    return tuple(replace(edit, text=edit.text * 2) for edit in edits)


def in_the_else_too(edits: Edits, source: bytes) -> Edits:
    """A release also where nothing is bound yet."""
    at = source.index(b"        return 1")
    return (*edits, SourceEdit(at, at, b"        reel.destroy()\n"))


def for_the_other_variant(edits: Edits, _source: bytes) -> Edits:
    """The arms of a `when` with each other's bodies."""
    other = {b"Ok(": b"Err(", b"Err(": b"Ok("}
    return tuple(
        replace(edit, text=re.sub(rb"Ok\(|Err\(", lambda name: other[name[0]], edit.text)) for edit in edits
    )


@pytest.mark.parametrize(
    ("rule", "body", "spoil", "fault"),
    [
        ("tuple-parts", "    let pair = reel_pair(4)\n", twice, TWICE),
        (
            "missing-release",
            "    let Ok(reel): Outcome[Reel, I64] = open_reel(4) else {\n        return 1\n    }\n",
            in_the_else_too,
            "its fixes would use `reel` in test_it, which is not there",
        ),
        ("undrained-values", "    let reels = reels_of(4)\n    print(reels.len())\n", twice, TWICE),
        (
            "missing-release",
            "    let count = do(size: I64) -> I64 {\n        let reel = Reel::new(size)\n"
            "        let found = reel.size()\n        found\n    }\n    print(count(4).to_string())\n",
            twice,
            TWICE,
        ),
        (
            "unmatched-payload",
            "    var count: I64 = 0\n    if let Err(_) = exchange(4) {\n        count = 1\n    }\n",
            for_the_other_variant,
            "`count = 1` would run for another variant",
        ),
    ],
)
def test_a_wrong_fix_is_refused(
    rule: str, body: str, spoil: Callable[[Edits, bytes], Edits], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(body)

    assert rule in [finding.rule for finding in analyse(files, [1]).findings]
    assert not analyse(files, [1]).errors
    spoil_rule(rule, spoil, monkeypatch)
    (error,) = analyse(files, [1]).errors

    assert fault in error.message


CLOSURE = """\
    let count = do(by: I64) -> I64 {
        let found = reel.size()
        found + by
    }
    note(count(4))
"""
NESTED = """\
    let count = do(by: I64) -> I64 {
        let inner = do(more: I64) -> I64 {
            let found = reel.size()
            found + more
        }
        inner(by)
    }
    note(count(4))
"""
HANDED_ON = CLOSURE.replace("count(4)", "twice(count)")
ADDRESS = "    let address: I64 = text as I64\n"


@pytest.mark.parametrize(
    ("body", "release"),
    [
        (CLOSURE, "reel.destroy()"),
        (CLOSURE, "scrap(reel)"),
        (CLOSURE, "let same = reel\n        same.destroy()"),
        (CLOSURE, "lowlevel { mem_free(reel.handle) }"),
        (ADDRESS + CLOSURE.replace("+ by", "+ address"), "lowlevel { mem_free(address as *Unit) }"),
        (NESTED, "reel.destroy()"),
        (HANDED_ON, "reel.destroy()"),
        (CLOSURE, "str_free(text)"),
        (CLOSURE, "lowlevel { mem_free(text as I64 as *Unit) }"),
    ],
)
def test_a_closure_never_releases_what_it_captured(
    body: str, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = '    let reel = Reel::new(4)\n    let text: Str = str::repeat("ab", 2)\n'
    files = files_of(made + body)

    def in_the_closure_too(edits: Edits, source: bytes) -> Edits:
        at = source.index(b"reel.size()\n") + len(b"reel.size()\n")
        return (*edits, SourceEdit(at, at, f"        {release}\n".encode()))

    assert not analyse(files, [1]).errors
    spoil_rule("missing-release", in_the_closure_too, monkeypatch)
    (error,) = analyse(files, [1]).errors

    assert TWICE in error.message


def test_nothing_is_released_that_a_closure_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    files = files_of(
        "    let reel = Reel::new(4)\n    let other = Reel::new(5)\n"
        + CLOSURE.replace("reel.size()\n", "reel.size()\n        reel.destroy()\n")
    )
    (fixed,) = (each for each in analyse(files, [1]).findings if each.verdict is Verdict.FIXABLE)
    assert "`other`" in fixed.message

    def both(edits: Edits, _source: bytes) -> Edits:
        return tuple(replace(edit, text=edit.text + edit.text.replace(b"other", b"reel")) for edit in edits)

    spoil_rule("missing-release", both, monkeypatch)
    (error,) = analyse(files, [1]).errors

    assert TWICE in error.message


def test_a_closure_releases_what_it_makes_with_what_it_captured() -> None:
    result = analyse(
        files_of(
            "    let size: I64 = 4\n"
            "    let count = do(by: I64) -> I64 {\n"
            "        let reel = Reel::new(size)\n"
            "        let found = reel.size()\n"
            "        found + by\n"
            "    }\n"
            "    note(count(4))\n"
        ),
        [1],
    )

    assert not result.errors
    (change,) = result.phases[0].changes.values()
    assert b"        let found = reel.size()\n        reel.destroy()\n" in change.after
