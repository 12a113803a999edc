"""A patch is made where its conditions hold, and its scope is obeyed."""

from __future__ import annotations

import pytest

from codemods.semantic_patches import RewriteError, Scope, read_patch, rewrite
from codemods.semantic_patches.rewriting import MOST_PLACES

SOURCE = b"""\
impl Drop for Door { func drop(mut this) { shut(this) } }

@test
func test_doors(front: Door) {
    let back: Gate = gate()
    let spare = gate()
    knock(front, 1)
    knock(back, "two")
    loop (true) {
        knock(make(), 1 + 2)
        return
    }
}

func main(front: Door) {
    knock(front, 3)
}
"""
LINES = {7, 8, 10, 16}
"""Where the patch fits."""


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        ("$door matches front|back", {7, 8, 16}),
        ("$door does not match front", {8, 10}),
        ("$door is a name", {7, 8, 16}),
        ("$door is a call", {10}),
        ("$how is a string", {8}),
        ("$how is a number", {7, 16}),
        ("$how is not a literal", {10}),
        ("$door has type Door", {7, 16}),
        ("$door does not have type $_", {10}),
        ("$door has no other use", {10}),
        ("$how contains $a + $b", {10}),
        ("$how does not contain $a + $b", {7, 8, 16}),
        ("inside loop ($_) { $..._ }", {10}),
        ("not inside loop ($_) { $..._ }", {7, 8, 16}),
        ("inside knock($_, 3)", {16}),
        ("in a test", {7, 8, 10}),
        ("not in a test", {16}),
        ("the file contains impl Drop for Door { $..._ }", LINES),
        ("the file does not contain impl Drop for Door { $..._ }", set()),
        ("the function contains let $x = gate()", {7, 8, 10}),
        ("the function does not contain knock($door, 1)", {8, 10, 16}),
    ],
)
def test_a_condition_chooses_places(condition: str, lines: set[int]) -> None:
    change = "@@ Ring. @@\n-knock($door, $how)\n+ring($door)\n"
    patch = read_patch("ring", f"Ring.\n\nWhere: {condition}\n\n{change}")
    assert {spot.line for spot in rewrite(SOURCE, patch).changed} == lines


def test_all_conditions_must_hold_and_one_about_another_alternative_is_not_asked() -> None:
    patch = read_patch(
        "ring",
        "Ring.\n\nWhere: in a test\nWhere: $way is a number\n\n"
        "@@ One. @@\n-knock(front, $way)\n+ring(front)\n\n"
        "@@| Other. @@\n-knock(back, $how)\n+ring(back)\n",
    )
    assert {spot.line for spot in rewrite(SOURCE, patch).changed} == {7, 8}


def test_places_in_each_other_are_changed_from_the_inside_out() -> None:
    patch = read_patch("twice", "Twice.\n\n@@ Twice. @@\n-$x * 2\n+$x + $x\n")
    made = rewrite(b"func f() {\n    go((a * 2) * 2)\n}\n", patch)
    assert made.after == b"func f() {\n    go((a + a) + (a + a))\n}\n"
    assert [(spot.line, spot.column) for spot in made.changed] == [(2, 8), (2, 9)]


def test_what_would_never_end_is_refused() -> None:
    patch = read_patch("swap", "Swap.\n\nWhere: not in a test\n\n@@ Swap. @@\n-$a + $b\n+$b + $a\n")
    with pytest.raises(RewriteError, match=r"^2:5: .* would never end"):
        rewrite(b"func f() {\n    x + y\n}\n", patch)


def test_changes_that_overlap_are_refused() -> None:
    changes = "@@ One. @@\n-f($x)\n+g($x)\n\n@@ Two. @@\n-$a + $b\n+add($a, $b)\n"
    patch = read_patch("both", f"Both.\n\n{changes}")
    with pytest.raises(RewriteError, match=r"^3:5: changes of the patch overlap here"):
        rewrite(b"func f() {\n    go()\n    f(x + y)\n}\n", patch)
    apart = rewrite(b"func f() {\n    f(x)\n    x + y\n}\n", patch)
    assert apart.after == b"func f() {\n    g(x)\n    add(x, y)\n}\n"


def test_a_file_with_too_many_places_is_refused() -> None:
    patch = read_patch("all", "All.\n\n@@ All. @@\n-f($x)\n+g($x)\n")
    lines = b"    f(1)\n" * (MOST_PLACES - 1)
    assert len(rewrite(b"func f() {\n%s}\n" % lines, patch).changed) == MOST_PLACES - 1
    with pytest.raises(RewriteError, match=r"^2:5: this is the first of 10,000 places or more"):
        rewrite(b"func f() {\n    f(0)\n%s}\n" % lines, patch)


def test_each_place_can_be_changed_alone() -> None:
    patch = read_patch("twice", "Twice.\n\n@@ Twice. @@\n-$x * 2\n+$x + $x\n")
    made = rewrite(b"func f() {\n    go((a * 2) * 2)\n    b * 2\n}\n", patch)
    first, second = made.parts
    assert [(spot.line, spot.column) for spot in first.spots] == [(2, 8), (2, 9)]
    assert made.only([second]).after == b"func f() {\n    go((a * 2) * 2)\n    b + b\n}\n"
    assert made.only(made.parts).after == made.after


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ((), {"lib/a.tml", "lib/a.test.tml", "lib/tests/b.tml"}),
        (("tests",), {"lib/a.test.tml", "lib/tests/b.tml"}),
        (("library",), {"lib/a.tml"}),
        (("lib/tests/*", "lib/a.tml"), {"lib/tests/b.tml", "lib/a.tml"}),
    ],
)
def test_a_scope_names_files(words: tuple[str, ...], paths: set[str]) -> None:
    files = ("lib/a.tml", "lib/a.test.tml", "lib/tests/b.tml")
    assert {path for path in files if Scope(words).covers(path)} == paths
