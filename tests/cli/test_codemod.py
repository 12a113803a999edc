"""Patches of one's own: tmlfix codemod new, test, apply and list, and classes in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.app.codemods import NamedPatch, ready_patches
from codemods.semantic_patches import failures
from tests.support.command import Run

BEFORE = 'func f(door: Door) {\n    door.open()\n    log("open")\n}\n'
AFTER = 'func f(door: Door) {\n    door.open_wide()\n    log("open")\n}\n'
PATCH = """\
Doors are closed by their new name.

Files: library
Where: $door does not match back

@@ The name. @@
-$door.shut()
+$door.close()

=== before ===
func f() {
    front.shut()
}

=== after ===
func f() {
    front.close()
}
"""
HOUSE = "func leave() {\n    front.shut()\n    back.shut()\n}\n"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with a patch, a file and a test, as the current folder."""
    for name, text in {
        "tml.toml": "",
        "codemods/close.patch": PATCH,
        "src/house.tml": HOUSE,
        "src/house.test.tml": HOUSE,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("ready", ready_patches(), ids=lambda ready: ready.name)
def test_a_ready_patch_makes_of_its_examples_what_they_say(ready: NamedPatch) -> None:
    assert ready.patch.examples
    assert not list(failures(ready.patch))


def test_patches_are_listed(run: Run) -> None:
    first, *others = run("codemod", "list").out.splitlines()
    assert first.split(maxsplit=2) == ["close", "tree", "Doors are closed by their new name."]
    assert len(others) == len(ready_patches())
    assert run("codemod", "list", "--format", "json").document["codemods"][0]["files"] == ["library"]


def test_a_patch_is_begun_from_code_before_and_after(run: Run, tree: Path) -> None:
    (tree / "before.tml").write_text(BEFORE)
    (tree / "after.tml").write_text(AFTER)
    begun = run("codemod", "new", "wide", "before.tml", "after.tml")
    assert (begun.code, begun.err) == (0, "")
    assert "-$door.open()\n+$door.open_wide()\n" in (tree / "codemods/wide.patch").read_text()
    assert run("codemod", "test", "wide").out == "wide: 1 of 1 example passed\n"
    assert "is there already" in run("codemod", "new", "wide", "before.tml", "after.tml").err


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("func f(this) {\n    go()\n}\n", "func f(mut this) {\n    go()\n}\n", "-func f(this) {\n+func"),
        (
            "func f() {\n    a(b)\n    c()\n}\n",
            "func f() {\n    a(b)\n    d(b)\n    c()\n}\n",
            " a($b)\n+d($b)\n c",
        ),
        ("func f() {\n    go(a)\n    end()\n}\n", "func f() {\n    end()\n}\n", "-go($a)\n"),
        (
            "func f() {\n    return a.go() + 1\n}\n",
            "func f() {\n    return a.run() + 1\n}\n",
            "-$a.go()\n+$a.run",
        ),
        (
            "go(a, 1)\n",
            "run(a)\n",
            "-go($a, 1)\n+run($a)\n\n=== before ===\nfunc example() {\n    go(a, 1)\n}\n",
        ),
    ],
    ids=["signature", "statement that comes", "statement that goes", "expression", "no function"],
)
def test_the_smallest_change_is_proposed(run: Run, tree: Path, before: str, after: str, change: str) -> None:
    (tree / "before.tml").write_text(before)
    (tree / "after.tml").write_text(after)
    run("codemod", "new", "first", "before.tml", "after.tml")
    assert change in (tree / "codemods/first.patch").read_text()


def test_a_failing_example_is_shown(run: Run, tree: Path) -> None:
    (tree / "codemods/close.patch").write_text(PATCH.replace("front.close()", "front.lock()"))
    outcome = run("codemod", "test")
    assert outcome.code == 1
    assert "codemods/close.patch:10: this example fails" in outcome.out
    assert "-    front.lock()\n+    front.close()\n" in outcome.out


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("does not match back", "matches back", "this does not hold: $door matches back\n"),
        (
            "does not match back",
            "is owned",
            "this does not hold: $door is owned (an example is a tree of its own: declare in it",
        ),
        ("-$door.shut()", "-$door.lock()", "the code has not the shape of the lines without +\n"),
    ],
)
def test_why_an_example_is_left_alone_is_said(run: Run, tree: Path, old: str, new: str, reason: str) -> None:
    (tree / "codemods/close.patch").write_text(PATCH.replace(old, new))
    outcome = run("codemod", "test", "close")
    assert (outcome.code, f"the patch leaves it alone: {reason}" in outcome.out) == (1, True), outcome.out


def test_a_patch_without_examples_fails_its_test(run: Run, tree: Path) -> None:
    (tree / "codemods/close.patch").write_text(PATCH.partition("=== before")[0])
    outcome = run("codemod", "test")
    assert (outcome.code, "codemods/close.patch: has no example: add" in outcome.out) == (1, True)


def test_a_patch_obeys_its_scope_and_conditions(run: Run, tree: Path) -> None:
    shown = run("codemod", "apply", "close", "--no-check-leaks")
    assert (shown.code, shown.out.count("\n+ ")) == (1, 1)
    assert run("codemod", "apply", "close", "--in-place", "--no-check-leaks").code == 0
    assert (tree / "src/house.tml").read_text() == HOUSE.replace("front.shut", "front.close")
    assert (tree / "src/house.test.tml").read_text() == HOUSE
    again = run("codemod", "apply", "close", "--no-check-leaks")
    assert (again.code, again.out) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("does not match back", "does not match (", "4:29: this is no regular expression"),
        ("Where: $door", "Where: $gate", "4:8: no line with - or a space has $gate"),
        ("does not match back", "is lovely", "4:8: no condition is written so"),
        ("-$door.shut()", "-$door.shut(", "7:13: unexpected the end of the file"),
        ("+$door.close()", "+$gate.close()", "8:2: nothing is bound to $gate"),
        ("-$door.shut()", "-$door.shut($...door)", "7:13: $...door is $door before; it must be one of them"),
        ("+$door.close()", "+close($$$door)", "8:8: $...door is $door before; it must be one of them"),
        ("+$door.close()", "$door.close()", "8:1: a line of a change starts with"),
        ("+$door.close()", "+$door.shut().shut()", "6:1: what this change makes"),
        ("=== after ===", "=== then ===", "15:1: this heading is none of"),
        ("Where: $door", "where: $door", "4:1: did you mean 'Where: ...'?"),
        ("Files: library", "File: library", "3:1: did you mean 'Files: ...'?"),
    ],
)
def test_a_bad_patch_is_refused_with_its_place(run: Run, tree: Path, old: str, new: str, fault: str) -> None:
    text = PATCH.replace("Where: $door does not match back\n", "\n") if fault.startswith("6") else PATCH
    (tree / "codemods/close.patch").write_text(text.replace(old, new))
    outcome = run("codemod", "apply", "close", "--in-place")
    assert (outcome.code, f"codemods/close.patch:{fault}" in outcome.err) == (2, True), outcome.err
    assert (tree / "src/house.tml").read_text() == HOUSE


def test_an_unknown_name_gets_advice(run: Run) -> None:
    assert (
        run("codemod", "apply", "clothe").err == "tmlfix: there is no codemod clothe; did you mean close?\n"
    )


CLASSES = """\
from tml_ast import SourceEdit, Transformer, nodes, parse_snippet


class Rename(Transformer):
    def leave_MethodCall(self, original, updated):
        return parse_snippet(updated.text.replace("shut", "close").encode(), "expression")[0].with_trivia(
            updated.first_token.trivia
        )


class Shorten:
    def edits(self, module):
        yield SourceEdit(0, 4, b"fn")


class Broken:
    def edits(self, module):
        raise KeyError("door")


class Quits:
    def edits(self, module):
        raise SystemExit(0)


class Overlaps:
    def edits(self, module):
        return [SourceEdit(0, 4, b"a"), SourceEdit(2, 6, b"b")]


class Endless(Shorten):
    def edits(self, module):
        yield SourceEdit(0, 0, b"// again\\n")
"""


def test_a_class_runs_only_when_it_is_named(run: Run, tree: Path) -> None:
    (tree / "codemods/mine.py").write_text(CLASSES)
    assert "mine" not in run("codemod", "list").out
    shown = run("codemod", "apply", "codemods/mine.py:Rename", "--no-check-leaks")
    assert (shown.code, shown.out.count("\n+")) == (1, 2 + 4)
    assert not list(tree.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Broken", "src/house.test.tml: "),
        ("Broken", "codemods/mine.py:18: KeyError: 'door'"),
        ("Shorten", "src/house.test.tml:1:"),
        ("Absent", "codemods/mine.py: there is no class Absent"),
        ("Quits", "src/house.test.tml: codemods/mine.py:23: SystemExit: 0"),
        ("Overlaps", "codemods/mine.py: EditConflict: the edits of bytes 0 to 4 and 2 to 6 overlap"),
        ("Endless", "src/house.test.tml:1:1: a second run would change what the first one makes"),
    ],
)
def test_a_class_that_fails_writes_nothing(run: Run, tree: Path, name: str, fault: str) -> None:
    (tree / "codemods/mine.py").write_text(CLASSES)
    outcome = run("codemod", "apply", f"codemods/mine.py:{name}", "--in-place", "--no-check-leaks")
    assert (outcome.code, fault in outcome.err) == (2, True), outcome.err
    assert (tree / "src/house.tml").read_text() == HOUSE
