"""Wrong fixes of parts of tuples, of names that are not bound, and in closures are not written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from codemods.engine import analyse
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
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

pub func reel_pair(size: I64) -> (Reel, Reel) {
    return (Reel::new(size), Reel::new(size))
}
"""
)
TEST = "tests/http/reel.test.tml"
Edits = tuple[SourceEdit, ...]
TWICE = "a path of test_it would release a value twice or use it afterwards"


def twice(edits: Edits, _source: bytes) -> Edits:
    """Each release once more."""
    return tuple(replace(edit, text=edit.text * 2) for edit in edits)


def in_the_else_too(edits: Edits, source: bytes) -> Edits:
    """A release also where nothing is bound yet."""
    at = source.index(b"        return 1")
    return (*edits, SourceEdit(at, at, b"        reel.destroy()\n"))


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
        (
            "missing-release",
            "    let count = do(size: I64) -> I64 {\n        let reel = Reel::new(size)\n"
            "        let found = reel.size()\n        found\n    }\n    print(count(4).to_string())\n",
            twice,
            TWICE,
        ),
    ],
)
def test_a_wrong_fix_is_refused(
    rule: str, body: str, spoil: Callable[[Edits, bytes], Edits], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = "use demo::reel::{Reel, open_reel, reel_pair}\n"
    test = f"{imports}\n@test\nfunc test_it() -> I32 {{\n{body}    return 0\n}}\n"
    files = {"lib/demo/src/reel.tml": LIBRARY.encode(), TEST: test.encode()}
    right = RULES[rule]

    def wrong(context: Context) -> Iterator[Diagnostic]:
        for diagnostic in right.check(context):
            yield replace(diagnostic, edits=spoil(diagnostic.edits, context.file.source))

    assert [finding.rule for finding in analyse(files, [1]).findings] == [rule]
    assert not analyse(files, [1]).errors
    monkeypatch.setitem(RULES, rule, replace(right, check=wrong))
    (error,) = analyse(files, [1]).errors

    assert fault in error.message
