"""What a change touches: functions, types, and files that moved."""

from __future__ import annotations

import pytest

from codemods.checks.changes import MOST_LINES, compare

PATH = "lib/src/reel.tml"
REEL = """\
use core::str

pub type Reel {
    handle: *Unit,
}

impl Reel {
    /// Makes one.
    pub func new() -> Reel {
        return Reel { handle: block() }
    }

    @inline
    pub func size(this) -> I64 {
        let one: I64 = 1
        return one
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.handle) }
    }
}

func block() -> *Unit {
    return lowlevel { mem_alloc(8) }
}

func last() -> I64 {
    return 3
}
"""
NAMES = {
    "Reel": "pub type Reel",
    "new": "return Reel {",
    "size": "return one",
    "destroy": "mem_free",
    "block": "mem_alloc",
    "last": "return 3",
}
"""Something in a line of each declaration that stays where it is."""

METHODS = {"new", "size", "destroy"}


def touched(after: str, before: str = REEL) -> set[str]:
    """The declarations of the file after the change that the change touches."""
    changes = compare({PATH: before.encode()}, {PATH: after.encode()})
    lines = after.splitlines()
    found = {
        name: next((number for number, line in enumerate(lines, 1) if sign in line), 0)
        for name, sign in NAMES.items()
    }
    return {name for name, line in found.items() if line and changes.touch(PATH, line)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mem_alloc(8)", "mem_alloc(8 )", {"block"}),
        ("        let one: I64 = 1\n", "", {"size"}),
        ("        let one: I64 = 1\n", "        let one: I64 = 1\n        one = 2\n", {"size"}),
        ("    @inline\n", "", {"size"}),
        ("    @inline\n", "    @inline\n    @hot\n", {"size"}),
        ("    handle: *Unit,\n", "    handle: *Unit,\n    more: I64,\n", {"Reel", *METHODS}),
        ("impl Reel {", "impl Sized for Reel {", {"Reel", *METHODS}),
        ("func block() -> *Unit {\n    return lowlevel { mem_alloc(8) }\n}\n\n", "", set()),
        ("func last()", "func more() {\n    go()\n}\n\nfunc last()", set()),
        ("use core::str\n", "use core::str\nuse core::mem\n", set()),
        ("    /// Makes one.\n", "    /// Makes one\n    /// or another.\n\n", set()),
        ("\n", "\r\n", set()),
        (REEL, "\n\n" + REEL, set()),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_change_touches_what_its_lines_belong_to(old: str, new: str, expected: set[str]) -> None:
    assert touched(REEL.replace(old, new)) == expected


def test_a_line_outside_of_all_declarations_counts_for_itself() -> None:
    after = REEL.replace("use core::str\n", "use core::str\n// tmlfix: ignore all\n")
    changes = compare({PATH: REEL.encode()}, {PATH: after.encode()})

    assert [line for line in range(1, 8) if changes.touch(PATH, line)] == [2]


def test_a_method_belongs_to_its_type_in_another_file() -> None:
    declared, implemented = REEL.partition("impl")[0], "impl" + REEL.partition("impl")[2]
    before = {"lib/src/types.tml": declared.encode(), PATH: implemented.encode()}
    wider = declared.replace("handle: *Unit,", "handle: *Unit,\n    more: I64,").encode()
    line = 1 + implemented[: implemented.index("mem_free")].count("\n")

    assert compare(before, before | {"lib/src/types.tml": wider}).touch(PATH, line)
    assert not compare(before, before | {"lib/src/types.tml": b"\n" + declared.encode()}).touch(PATH, line)


def test_a_new_file_counts_whole_and_one_that_stays_does_not() -> None:
    changes = compare({PATH: REEL.encode()}, {PATH: REEL.encode(), "new.tml": REEL.encode()})

    assert changes.touch("new.tml", 1)
    assert changes.touch("new.tml", 9)
    assert not any(changes.touch(PATH, line) for line in range(1, 31))


def test_a_file_that_moved_is_compared_with_what_it_was() -> None:
    before = {PATH: REEL.encode(), "lib/src/other.tml": b"func other() {\n}\n"}
    moved = REEL.replace("mem_alloc(8)", "mem_alloc(16)").encode()

    changes = compare(before, {"lib/src/moved.tml": moved, "lib/src/fresh.tml": b"func new() {\n}\n" * 9})

    lines = [line for line in range(1, 31) if changes.touch("lib/src/moved.tml", line)]
    assert lines == [24, 25, 26]
    assert changes.touch("lib/src/fresh.tml", 1)


def test_two_files_do_not_come_from_one() -> None:
    changes = compare({PATH: REEL.encode()}, {"a.tml": REEL.encode(), "b.tml": REEL.encode()})

    assert [changes.touch(path, 9) for path in ("a.tml", "b.tml")] == [False, True]


def test_what_did_not_parse_before_counts_around_the_lines_that_went() -> None:
    broken = REEL.replace("        let one: I64 = 1\n", "        let one: I64 = (1\n")
    fixed = REEL.replace("        let one: I64 = 1\n", "")

    assert touched(fixed, before=broken) == {"size"}


def test_changes_of_a_long_file_are_found_without_its_popular_lines() -> None:
    functions = [f"func f{number}() {{\n    g()\n}}\n" for number in range(MOST_LINES)]
    before = "".join(functions).encode()
    functions[1] = functions[1].replace("g()", "h()")
    functions[-2] = functions[-2].replace("g()", "h()")

    changed = compare({PATH: before}, {PATH: "".join(functions).encode()})

    assert changed.files[PATH].names == {"f1", f"f{MOST_LINES - 2}"}


def test_a_long_file_of_equal_lines_counts_whole() -> None:
    """To find out which of them stayed would take the square of their number."""
    many = b"// }\n" * (2 * MOST_LINES)

    changed = compare({PATH: many}, {PATH: b"// {\n" + many[:-10] + b"// {\n"})

    assert len(changed.files[PATH].lines) > MOST_LINES
