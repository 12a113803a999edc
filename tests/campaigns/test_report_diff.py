"""The report of a diff counts what a reviewer would."""

from __future__ import annotations

from codemods.model.findings import Change
from tests.campaigns.report_diff import FileDiff, report

BEFORE = b"""\
func width_of(line: Str) -> I64 {
    return str::len(str::trim(line))
}

func keep(size: I64) -> Reel {
    return Reel::new(size)
}
"""
AFTER = b"""\
pub func width_of(line: Str) -> I64 {
    let trimmed: Str = str::trim(line)
    // compiler defect some-defect: so the call stands before it
    let result: I64 = str::len(trimmed)
    return result
}

func keep(size: I64) -> Reel {
    return Reel::new(size)
}
"""


def told(before: bytes, after: bytes, width: int = 100) -> list[str]:
    """The lines of the report about one file."""
    diff = FileDiff.of("lib/demo/src/width.tml", Change(before, after))
    return list(report([diff], names=5, width=width))


def test_lines_names_signatures_and_comments_are_counted() -> None:
    assert told(BEFORE, AFTER) == [
        "all rules: +5 -2 in 1 hunks of 1 files",
        "2 new names: trimmed (1), result (1)",
        "1 signatures changed",
        "  lib/demo/src/width.tml: width_of()",
        "1 comments added",
        "  1 // compiler defect some-defect: so the call stands before it",
    ]


def test_a_wide_line_is_shown_unless_it_was_wide_before() -> None:
    wide = [line for line in told(BEFORE, AFTER, width=60) if "columns" in line]

    assert wide == [
        "64 columns in lib/demo/src/width.tml: // compiler defect some-defect: so the call stands before it"
    ]
    assert not any("columns" in line for line in told(AFTER, AFTER + b"// the end\n", width=60))


def test_a_name_that_was_bound_before_is_not_new() -> None:
    before = b"func f() {\n    let word = g(h())\n}\n"
    after = b"func f() {\n    let part = h()\n    let word = g(part)\n}\n"

    assert "1 new names: part (1)" in told(before, after)
