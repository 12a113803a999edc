"""Code is found and replaced by its shape: tmlfix search and tmlfix rewrite."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.command import Run

SHOP = """\
func open_shop(list: List[I64]) -> Bool {
    // the sign
    print("open")
    show(list.len( ) == 0)  // empty
    return list.len() == 0
}
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with two files, as the current folder."""
    (tmp_path / "tml.toml").write_text("")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "shop.tml").write_text(SHOP)
    (tmp_path / "src" / "note.test.tml").write_text("@test\nfunc note() -> I32 {\n    return 0\n}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "src" / "shop.tml"


def test_layout_does_not_count(run: Run) -> None:
    found = run("search", "$list.len() == 0", "src")
    assert found.out.splitlines() == [
        "src/shop.tml:4:10: show(list.len( ) == 0)  // empty",
        "src/shop.tml:5:12: return list.len() == 0",
    ]
    assert found.code == 0


def test_places_are_counted_shown_with_context_and_as_json(run: Run) -> None:
    assert run("search", "$list.len() == 0", "--count").out == "src/shop.tml:2\n"
    assert run("search", "print($...x)", "-C", "1").out.splitlines() == [
        "src/shop.tml-2-     // the sign",
        'src/shop.tml:3:     print("open")',
        "src/shop.tml-4-     show(list.len( ) == 0)  // empty",
    ]
    (hit,) = run("search", "print($$$x)", "--format", "json").document["hits"]
    assert (hit["path"], hit["line"], hit["variables"]) == ("src/shop.tml", 3, {"x": '"open"'})


def test_the_status_is_that_of_grep(run: Run) -> None:
    assert run("search", "shut($x)").code == 1
    broken = run("search", "shut($x")
    assert (broken.code, broken.err) == (2, "tmlfix: the pattern, 1:8: unexpected the end of the file\n")


def test_files_that_cannot_have_the_shape_are_not_parsed(run: Run, shop: Path) -> None:
    shop.with_name("broken.tml").write_text("func (\n")
    assert run("search", "print($x)").code == 0
    shop.with_name("broken.tml").write_text("func f() {\n    print(1)\n")
    outcome = run("search", "print($x)")
    assert (outcome.code, "src/broken.tml:3:1" in outcome.err) == (2, True)


def test_a_rewrite_is_shown_first_and_then_written(run: Run, shop: Path) -> None:
    arguments = ("rewrite", "$list.len() == 0", "$list.is_empty()", "--no-check-leaks")
    shown = run(*arguments)
    assert (shown.code, shop.read_text()) == (1, SHOP)
    assert "-    return list.len() == 0\n" in shown.out
    assert "+    return list.is_empty()\n" in shown.out

    written = run(*arguments, "--in-place")
    assert (written.code, written.out) == (0, "2 places changed in 1 file\n")
    assert "show(list.is_empty())  // empty" in shop.read_text()
    assert run(*arguments).code == 0


def test_the_diff_is_a_patch_for_git(run: Run, shop: Path) -> None:
    outcome = run("rewrite", "print($...x)", "", "--patch", "less.patch", "--no-check-leaks")
    assert (outcome.code, shop.read_text()) == (0, SHOP)
    subprocess.run(["git", "apply", "less.patch"], cwd=shop.parents[1], check=True)
    assert shop.read_text() == SHOP.replace('    print("open")\n', "")


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        ("print($x", "", "the pattern, 1:9: unexpected the end of the file"),
        ("print($x)", "print(($x)", "the replacement, 1:11: unexpected the end of the file"),
        ("print($x)", "note($y)", "the replacement, 1:6: nothing is bound to $y"),
        ("$a == $b", "$b == $a", "what this change makes has the shape that it looks for"),
    ],
)
def test_what_cannot_be_rewritten_is_refused(
    run: Run, shop: Path, pattern: str, replacement: str, message: str
) -> None:
    outcome = run("rewrite", pattern, replacement, "--in-place", "--no-check-leaks")
    assert outcome.code == 2
    assert message in outcome.err
    assert shop.read_text() == SHOP


def test_a_comment_is_never_lost(run: Run, shop: Path) -> None:
    shop.write_text("func f() {\n    print(\n        1,  // one\n    )\n}\n")
    outcome = run("rewrite", "print($x)", "", "--in-place", "--no-check-leaks")
    assert (
        outcome.err
        == "note: src/shop.tml:2:5: left alone: a comment stands inside the code that would be replaced\n"
    )
    assert "// one" in shop.read_text()


def test_what_would_be_no_tml_is_not_written(run: Run, shop: Path) -> None:
    source = "func f(x: Bool) {\n    if x { print(1) }\n    go()\n    print(2)\n}\n"
    shop.write_text(source)
    outcome = run("rewrite", "print($x)", "", "--in-place", "--no-check-leaks")
    assert (outcome.code, shop.read_text()) == (0, source.replace("    print(2)\n", ""))
    assert "src/shop.tml:2:12: left alone: what the patch makes here is no TML" in outcome.err


def test_leaks_are_checked_or_not(run: Run, shop: Path) -> None:
    outcome = run("rewrite", "print($x)", "", "--check-leaks", "--no-check-leaks")
    assert outcome.code == 2
    assert "--check-leaks and --no-check-leaks exclude each other" in outcome.err
