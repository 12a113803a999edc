"""Conditions that ask the analysis: who owns a value, what type it has, and what other files hold."""

from __future__ import annotations

import pytest

from codemods.app.codemods import example_facts
from codemods.app.tree_facts import TreeFacts
from codemods.model.settings import Settings
from codemods.semantic_patches import failures, read_patch, rewrite

LIBRARY = b"""\
pub type Pool {
    block: *Unit,
}

impl Pool {
    pub func new() -> Pool {
        return Pool { block: mem_alloc(64) }
    }

    pub func first(this) -> I64 {
        return lowlevel { ptr_read[I64](this.block as *I64) }
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}
"""
TEST = b"""\
use test
use std::pool::Pool

@test
func test_pool() -> I32 {
    let pool: Pool = Pool::new()
    let other = Pool::new()
    let count = pool.first()
    note(pool)
    note(other)
    note(count)
    note(Pool::new())
    note(unknown())
    pool.destroy()
    return 0
}

func given(pool: Pool) {
    note(pool)
}
"""
POOL, OTHER, COUNT, MADE, UNKNOWN, GIVEN = 9, 10, 11, 12, 13, 19
ALL = {POOL, OTHER, COUNT, MADE, UNKNOWN, GIVEN}
PATH = "lib/std/tests/pool.test.tml"
FACTS = TreeFacts({"lib/std/src/pool.tml": LIBRARY, PATH: TEST, "tools/broken.tml": b"func ("}, Settings())


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        ("$x is owned", {POOL, OTHER, MADE}),
        ("$x is not owned", {COUNT, GIVEN}),
        ("$x has type Pool", {POOL, OTHER, MADE, GIVEN}),
        ("$x does not have type Pool", {COUNT, UNKNOWN}),
        ("$x has a method destroy", {POOL, OTHER, MADE, GIVEN}),
        ("$x does not have a method destroy", {COUNT}),
        ("$x does not have a method close", {POOL, OTHER, COUNT, MADE, GIVEN}),
        ("the tree contains func destroy(this) { $...body }", ALL),
        ("the tree contains func $x() { $...body }", set()),
        ("the tree does not contain func close(this) { $...body }", ALL),
    ],
)
def test_a_condition_asks_the_analysis(condition: str, lines: set[int]) -> None:
    patch = read_patch("note", f"Note.\n\nWhere: {condition}\n\n@@ Note. @@\n-note($x)\n+log($x)\n")
    assert patch.asks_for_facts
    made = rewrite(TEST, patch, FACTS.of_file(PATH))
    assert {spot.line for spot in made.changed} == lines


def test_a_type_is_asked_for_its_methods_and_looked_for_in_other_files() -> None:
    patch = read_patch(
        "taken",
        "Taken.\n\nWhere: $T has a method destroy\nWhere: the tree contains impl $T { $..._ }\n\n"
        "@@ Taken. @@\n-func given(pool: $T) {\n+func taken(pool: $T) {\n     $...body\n }\n",
    )
    made = rewrite(TEST, patch, FACTS.of_file(PATH))
    assert made.after == TEST.replace(b"func given", b"func taken")


def test_what_a_patch_has_made_is_asked_about_as_it_is_then() -> None:
    patch = read_patch("free", "Free.\n\nWhere: $x is owned\n\n@@ Free. @@\n-note($x)\n+$x.note()\n")
    made = rewrite(TEST.replace(b"note(pool)", b"note(note(pool))", 1), patch, FACTS.of_file(PATH))
    assert b"note(pool.note())\n    other.note()\n" in made.after


def test_nothing_is_known_of_a_file_that_no_phase_covers() -> None:
    patch = read_patch("note", "Note.\n\nWhere: $x is owned\n\n@@ Note. @@\n-note($x)\n+log($x)\n")
    assert rewrite(TEST, patch, FACTS.of_file("compiler/pool.test.tml")).after == TEST


def test_an_example_is_a_tree_of_its_own() -> None:
    example = "=== before ===\n{}\n=== after ===\n{}".format(
        LIBRARY.decode() + "func f() {\n    let pool = Pool::new()\n    note(pool)\n}\n",
        LIBRARY.decode() + "func f() {\n    let pool = Pool::new()\n    log(pool)\n}\n",
    )
    patch = read_patch(
        "note", f"Note.\n\nWhere: $x is owned\n\n@@ Note. @@\n-note($x)\n+log($x)\n\n{example}"
    )
    assert list(failures(patch, example_facts)) == []
    assert len(list(failures(patch))) == 1
