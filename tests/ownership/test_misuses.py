"""What counts as a release too many, or as a use of what is released already."""

from __future__ import annotations

import pytest

from codemods.engine import facts
from codemods.ownership.use_after_free import misuses
from tests.support.rule_examples import PRELUDE

TEST = "tests/demo/made.test.tml"


def misuses_of(body: str, parameters: str = "") -> int:
    """How many there are in a function with this body."""
    source = (
        "use demo::prelude::{Reel, open_reel}\nuse std::collections::{HashMap, List}\n\n"
        "type Pair { table: HashMap[Str, Str] }\ntype Box[T] { inner: T }\n"
        "type Row { pair: Pair }\ntype Choice { Full(HashMap[Str, Str]), Empty }\n"
        "type Cask { handle: *Unit }\nimpl Cask {\n    pub func destroy(mut this) {\n"
        "        if this.handle == null {\n            return\n        }\n"
        "        lowlevel { mem_free(this.handle) }\n        this.handle = null\n    }\n}\n"
        "func clear(table: ref HashMap[Str, Str]) {\n    table.destroy()\n}\n\n"
        f"func test_it({parameters}) -> I32 {{\n{body}    return 0\n}}\n"
    )
    analysis = facts({"lib/demo/src/prelude.tml": PRELUDE, TEST: source.encode()}, TEST)
    functions = analysis.index.functions_in(analysis.index.files[TEST])
    (function,) = (each for each in functions if each.name == "test_it")
    graph = analysis.summaries.graph(function)
    assert graph is not None
    return misuses(analysis, graph)


OPENED = (
    "    let opened = open_reel(4)\n    if opened.is_err() {\n        print(opened.unwrap_err())\n    }\n"
)
FILLED = "    var reels: List[Reel] = List[Reel]::new(2)\n    reels.push(Reel::new(1))\n"
DRAIN = (
    "    var i: I64 = 0\n    loop (i < reels.len()) {\n"
    "        reels.get(i).destroy()\n        i = i + 1\n    }\n"
)
NAMED = DRAIN.replace("reels.get(i).destroy()", "let reel = reels.get(i)\n        reel.destroy()")
TABLE = "    let table: HashMap[Str, Str] = HashMap[Str, Str]::new(2)\n"
HELD = "    if true {\n        let pair: Pair = Pair { table: table }\n    }\n"
PAIR = "    let pair: Pair = Pair { table: table }\n"
BOXED = HELD.replace("Pair = Pair { table", "Box[HashMap[Str, Str]] = Box[HashMap[Str, Str]] { inner")
NESTED = HELD.replace("pair: Pair = Pair { table: table }", "row: Row = Row { pair: Pair { table: table } }")
CHOSEN = HELD.replace("pair: Pair = Pair { table: table }", "choice: Choice = Choice::Full(table)")
ROW = "    let row: [Reel; 2] = [Reel::new(1), Reel::new(2)]\n"
EACH = "    for i in 0 to 2 {\n        row[i].destroy()\n    }\n"
LEFT = HELD.replace("    }\n", "        return 1\n    }\n")


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("    let reel = Reel::new(1)\n    reel.destroy()\n", 0),
        ("    let reel = Reel::new(1)\n    reel.destroy()\n    reel.destroy()\n", 1),
        # of a variant that the code asks for in two ways, nobody can say that it is new
        (OPENED + "    let reel: Reel = opened.unwrap()\n    reel.destroy()\n", 0),
        (OPENED + "    let reel: Reel = opened.unwrap()\n    reel.destroy()\n    reel.destroy()\n", 1),
        ("    let opened = open_reel(4)\n    opened.unwrap().destroy()\n    print(opened.is_ok())\n", 0),
        ("    let opened = open_reel(4)\n    opened.unwrap().destroy()\n    opened.unwrap().destroy()\n", 1),
        (FILLED + DRAIN, 0),
        (FILLED + DRAIN + NAMED, 1),
        (FILLED + NAMED + NAMED, 1),
        (FILLED + NAMED + FILLED.replace("var reels: List[Reel]", "reels") + NAMED, 0),
        # the compiler drops the pair, and the table in it, at the end of the block
        (TABLE + HELD + "    table.destroy()\n", 1),
        (TABLE + BOXED + "    table.destroy()\n", 1),
        (TABLE + BOXED + "    clear(ref table)\n", 1),
        (TABLE + NESTED + "    clear(ref table)\n", 1),
        (TABLE + CHOSEN + "    clear(ref table)\n", 1),
        # or, where it drops the pair later, what is released by then
        (TABLE + PAIR + "    clear(ref table)\n", 1),
        (TABLE + HELD.replace("    }\n", "        table.destroy()\n    }\n"), 1),
        (TABLE + HELD.replace("    }\n", "        table.destroy()\n        return 1\n    }\n"), 1),
        (TABLE + PAIR, 0),
        (TABLE + LEFT + "    clear(ref table)\n", 0),
        (TABLE + "    clear(ref table)\n" + TABLE + HELD, 0),
        (ROW + "    row[0].destroy()\n    row[1].destroy()\n", 0),
        (ROW + "    row[0].destroy()\n    row[0].destroy()\n", 1),
        (ROW + "    row[0].destroy()\n    print(row[0].size())\n", 1),
        (ROW + EACH, 0),
        (ROW + EACH + EACH, 1),
        (ROW + EACH + "    row[1].destroy()\n", 1),
        (ROW + "    row[1].destroy()\n" + EACH, 1),
    ],
)
def test_a_second_release_is_a_misuse(body: str, count: int) -> None:
    assert misuses_of(body) == count


@pytest.mark.parametrize(
    ("type_", "releases", "count"),
    [("Cask", 1, 0), ("Cask", 2, 1), ("ref Cask", 2, 0), ("Reel", 2, 1), ("HashMap[Str, Str]", 2, 1)],
)
def test_a_parameter_is_released_once_even_if_its_release_blanks_it(
    type_: str, releases: int, count: int
) -> None:
    assert misuses_of("    given.destroy()\n" * releases, f"given: {type_}") == count
