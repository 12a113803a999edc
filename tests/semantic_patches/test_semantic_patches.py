"""Semantic patches are all or nothing, and nobody is left with a string that they free."""

from __future__ import annotations

import re

import pytest

from codemods.engine import analyse
from codemods.model.findings import Finding, Verdict
from codemods.semantic_patches import PatchError, SemanticPatch, bundled_patches, failures, read_patch
from tml_ast import parse
from tml_ast.edit import apply

PATCHES = {patch.name: patch for patch in bundled_patches()}
STOCK = PATCHES["hash-table-contents"].examples[0].before


def findings(patch: str, files: dict[str, str]) -> list[Finding]:
    """What a patch finds in a library."""
    result = analyse({path: code.encode() for path, code in files.items()}, [1])
    assert not result.errors
    return [finding for finding in result.findings if finding.rule == patch]


def stock_with(code: str) -> dict[str, str]:
    """The table of the example, and a module that uses it."""
    use = "use demo::http::stock::Stock\nuse std::collections::List\n\n"
    return {"lib/demo/src/http/stock.tml": STOCK, "lib/demo/src/http/clerk.tml": use + code}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_patch_fits_once_and_not_again(patch: SemanticPatch) -> None:
    fixed, untouched = patch.examples
    assert len(list(patch.applications(parse(fixed.before.encode())))) == 1
    assert not list(patch.applications(parse(fixed.after.encode())))
    assert untouched.before == untouched.after


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_patch_makes_of_its_examples_what_they_say(patch: SemanticPatch) -> None:
    assert not list(failures(patch))


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_every_change_of_a_patch_is_in_its_example(patch: SemanticPatch) -> None:
    (application,) = patch.applications(parse(patch.examples[0].before.encode()))
    assert {hunk.why for hunk, _ in application.matches} == {hunk.why for hunk in patch.hunks}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_finding_is_about_a_name_of_the_code(patch: SemanticPatch) -> None:
    assert "$" in patch.finding


SMALL_PATCH = """\
A door that is opened is shut.

Finding: $ROOM leaves its door open

@@ It is shut at the end. @@
 func $ROOM() {
     open_door()
     $...rest
+    let hinge: I64 = 1
+    shut_door(hinge)
 }
"""


def test_a_patch_can_be_written_by_anybody() -> None:
    patch = read_patch("shut-door", SMALL_PATCH)
    source = b"func kitchen() {\n    open_door()\n    cook()\n}\n"
    (application,) = patch.applications(parse(source))

    assert (application.subject, application.message) == ("kitchen", "kitchen leaves its door open")
    assert application.taken_name(parse(source)) is None
    assert apply(source, application.edits(source)) == (
        b"func kitchen() {\n    open_door()\n    cook()\n    let hinge: I64 = 1\n    shut_door(hinge)\n}\n"
    )


def test_a_patch_knows_the_names_that_it_may_not_bring() -> None:
    patch = read_patch("shut-door", SMALL_PATCH)
    tree = parse(b"func kitchen() {\n    open_door()\n    cook(hinge)\n}\n")
    (application,) = patch.applications(tree)
    assert application.taken_name(tree) == "hinge"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (SMALL_PATCH.partition("@@")[0], "4:1: there is no line '@@ why @@'"),
        (SMALL_PATCH.partition("Finding")[2].partition("\n\n")[2], "1:1: the first line must say"),
        (SMALL_PATCH + " (", "12:3: unexpected"),
        (SMALL_PATCH + "=== after ===\n", "12:1: === before === and === after === come in pairs"),
        (SMALL_PATCH.replace("end. @@", "end."), "5:1: this heading is none of"),
    ],
    ids=["no change", "no summary", "no code", "half an example", "a bad heading"],
)
def test_an_incomplete_patch_is_refused(text: str, fault: str) -> None:
    with pytest.raises(PatchError, match=re.escape(fault)):
        read_patch("shut-door", text)


def test_nothing_is_done_where_one_change_does_not_fit() -> None:
    without = STOCK.replace("mem_free(tags as *Unit)", "mem_free(tags_block as *Unit)")
    assert without != STOCK
    assert not findings("hash-table-contents", {"lib/demo/src/http/stock.tml": without})


def test_a_change_that_may_be_missing_may_be_missing() -> None:
    without = STOCK.replace("-128 as I8", "-2 as I8")
    (finding,) = findings("hash-table-contents", {"lib/demo/src/http/stock.tml": without})
    assert finding.verdict is Verdict.FIXABLE
    assert not any("removed_value" in edit.text for edit in finding.edits)


def test_nothing_is_done_where_only_the_missing_change_says_what_another_writes() -> None:
    without = STOCK.replace("(tags as *Unit, -1 as I8, places)", "(tags as *Unit, -2 as I8, places)")
    assert without != STOCK
    assert not findings("hash-table-contents", {"lib/demo/src/http/stock.tml": without})


def test_a_name_that_is_taken_stops_the_patch() -> None:
    taken = STOCK.replace("is_thing", "release_key")
    (finding,) = findings("hash-table-contents", {"lib/demo/src/http/stock.tml": taken})
    assert finding.verdict is Verdict.REPORTED
    assert "`release_key`" in finding.message


HARMLESS = {
    "read before": """\
pub func swap_out(stock: Stock[Str, Str]) -> I64 {
    let amount: Str = stock.amount_of("nails")
    let size: I64 = amount.len()
    stock.take_out("nails")
    return size
}
""",
    "read anew": """\
pub func renew(stock: Stock[Str, Str]) -> I64 {
    stock.put("nails", "many")
    let amount: Str = stock.amount_of("nails")
    return amount.len()
}
""",
    "numbers": """\
pub func count(stock: Stock[I64, I64]) -> I64 {
    let amount: I64 = stock.amount_of(7)
    stock.take_out(7)
    return amount
}
""",
}
HARMFUL = {
    "read after removing": """\
pub func swap_out(stock: Stock[Str, Str]) -> I64 {
    let amount: Str = stock.amount_of("nails")
    stock.take_out("nails")
    return amount.len()
}
""",
    "read after replacing": """\
pub func replace(stock: Stock[Str, Str]) -> Str {
    let amount: Str = stock.amount_of("nails")
    stock.put("nails", "few")
    return amount
}
""",
    "read after clearing a field": """\
pub type Clerk {
    stock: Stock[Str, Str]
}

impl Clerk {
    pub func start_anew(this) -> I64 {
        let amount: Str = this.stock.amount_of("nails")
        this.stock.empty()
        return amount.len()
    }
}
""",
    "read by a cast": """\
pub func replace(stock: Stock[Str, Str]) -> I64 {
    let amount: Str = stock.amount_of("nails") as Str
    stock.put("nails", "few")
    return amount.len()
}
""",
    "read by another name": """\
pub func replace(stock: Stock[Str, Str]) -> I64 {
    let amount: Str = stock.amount_of("nails")
    let known: Str = amount
    stock.put("nails", "few")
    return known.len()
}
""",
    "kept in a tuple": """\
pub func replace(stock: Stock[Str, Str]) -> I64 {
    let known: (Str, I64) = (stock.amount_of("nails"), 1 as I64)
    stock.put("nails", "few")
    let amount: Str = known.0
    return amount.len()
}
""",
    "kept in a struct": """\
pub type Note {
    amount: Str
}

pub func replace(stock: Stock[Str, Str]) -> I64 {
    let note = Note { amount: stock.amount_of("nails") }
    stock.empty()
    return note.amount.len()
}
""",
    "kept in a list": """\
pub func replace(stock: Stock[Str, Str], amounts: ref List[Str]) -> I64 {
    amounts.push(stock.amount_of("nails"))
    stock.empty()
    return amounts.len()
}
""",
    "read and freed by others": """\
pub type Clerk {
    stock: Stock[Str, Str]
}

impl Clerk {
    pub func look_up(this, thing: Str) -> Str {
        return this.stock.amount_of(thing)
    }

    pub func note(this, thing: Str) {
        this.stock.put(thing, "some")
    }
}

pub func replace(clerk: Clerk) -> I64 {
    let amount: Str = clerk.look_up("nails")
    clerk.note("nails")
    return amount.len()
}
""",
    "handed out of a table that ends": """\
pub func only() -> Str {
    let stock = Stock[Str, Str]::new(4)
    stock.put("nails", "many")
    return stock.amount_of("nails")
}
""",
}
NEW = """\
    /// An empty stock.
    pub func new(places: I64) -> Stock[K, V] {
        let block: *Unit = lowlevel { mem_alloc(32) }
        Stock[K, V] { cell: block }
    }

    /// Stores a duplicate of the amount"""


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_callers_that_are_done_with_a_text_do_not_stop_the_patch(code: str) -> None:
    files = stock_with(code)
    (finding,) = findings("hash-table-contents", files)
    assert finding.verdict is Verdict.FIXABLE


@pytest.mark.parametrize("code", HARMFUL.values(), ids=HARMFUL)
def test_a_caller_that_still_reads_a_freed_text_stops_the_patch(code: str) -> None:
    files = stock_with(code)
    files["lib/demo/src/http/stock.tml"] = STOCK.replace("    /// Stores a duplicate of the amount", NEW)
    (finding,) = findings("hash-table-contents", files)
    assert finding.verdict is Verdict.REPORTED
    assert "still reads a string" in finding.message


def test_a_test_that_reads_by_a_reserved_name_stops_the_patch() -> None:
    files = {
        "lib/demo/src/http/stock.tml": STOCK,
        "lib/demo/src/http/sign.tml": """\
pub type Sign {
    text: Str
}

impl Sign {
    @allocates
    pub func amount_of(this) -> Str {
        return this.text.duplicate()
    }
}
""",
        "tests/http/stock.test.tml": """\
use demo::http::sign::Sign
use demo::http::stock::Stock

@test
func test_amount() -> I32 {
    assert(shown(), "amount")
    return 0
}

func shown(stock: Stock[Str, Str]) -> Bool {
    return stock.amount_of("nails") == "many"
}
""",
    }
    (finding,) = findings("hash-table-contents", files)
    assert finding.verdict is Verdict.REPORTED
    assert "@allocates" in finding.message
    del files["lib/demo/src/http/sign.tml"]
    (finding,) = findings("hash-table-contents", files)
    assert finding.verdict is Verdict.FIXABLE
