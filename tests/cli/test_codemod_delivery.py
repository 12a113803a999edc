"""Where the changes of a codemod go: a branch, a page for review, a selection, lists and documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import Checkout
from tests.support.command import Run

PATCH = """\
Doors are closed by their new name.

The old name is gone.

@@ The name. @@
-$door.shut()
+$door.close()
"""
HOUSE = b"func leave() {\n    front.shut()\n    back.shut()\n}\n"
BRANCH = "tmlfix/codemod-close"
SELECTION = "selection.json"


@pytest.fixture
def house(new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A repository with a patch of its own, as the current folder."""
    checkout = new_checkout("house")
    checkout.write("codemods/close.patch", PATCH.encode())
    checkout.write("lib/house.test.tml", HOUSE)
    checkout.write("tools/yard.tml", HOUSE)
    checkout.commit()
    monkeypatch.chdir(checkout.folder)
    return checkout


def test_a_branch_has_one_commit_and_a_patch(run: Run, house: Checkout) -> None:
    before = house.state()
    made = run("codemod", "apply", "close", "--branch", "--no-check-leaks")
    assert (made.code, made.err, house.state()) == (0, "", before)
    assert re.fullmatch(
        rf"branch {BRANCH} created at [0-9a-f]{{12}}, 4 places changed in 2 files\n"
        r"  patch .*/patches/codemod-close\.patch\n",
        made.out,
    )
    assert house.git("show", f"{BRANCH}:lib/house.test.tml") == HOUSE.replace(b"shut", b"close")
    message = house.line("show", "--no-patch", "--format=%B", BRANCH)
    assert message.startswith(
        "Doors are closed by their new name\n\nThe old name is gone.\n\n4 places in 2 files.\n\n"
        f"Tmlfix-Codemod: close\nTmlfix-Base: {house.head()}\n"
    )
    house.git("am", "patches/codemod-close.patch")
    assert house.tree("HEAD") == house.tree(BRANCH)


def test_a_branch_is_renewed_unless_somebody_else_works_on_it(run: Run, house: Checkout) -> None:
    arguments = ("codemod", "apply", "close", "--branch", "--no-check-leaks")
    run(*arguments)
    assert "already up to date" in run(*arguments).out
    assert "updated" in run(*arguments, "tools").out
    house.git("switch", "--quiet", BRANCH)
    house.write("tools/yard.tml", HOUSE)
    house.commit()
    house.git("switch", "--quiet", "main")
    refused = run(*arguments)
    assert (refused.code, "commits that are not tmlfix's own" in refused.err) == (2, True)
    assert "updated" in run(*arguments, "--force").out


def test_a_branch_is_pushed(run: Run, house: Checkout, new_checkout: Callable[[str], Checkout]) -> None:
    origin = new_checkout("origin")
    house.git("remote", "add", "origin", str(origin.folder))
    pushed = run("codemod", "apply", "close", "--branch", "--push", "origin", "--no-check-leaks")
    assert (pushed.code, origin.branches()) == (0, [BRANCH])
    assert "4 places changed in 2 files, pushed to origin\n" in pushed.out
    assert "did you mean origin?" in run("codemod", "apply", "close", "--branch", "--push", "origins").err


def test_what_is_not_committed_stays_out_of_a_branch(run: Run, house: Checkout) -> None:
    house.write("tools/yard.tml", b"func yard() {\n}\n")
    run("codemod", "apply", "close", "--branch", "--no-check-leaks")
    assert house.git("show", f"{BRANCH}:tools/yard.tml") == HOUSE.replace(b"shut", b"close")
    (document,) = [run("codemod", "apply", "close", "--branch", "--format", "json").document["branch"]]
    assert (document["branch"], document["state"]) == (BRANCH, "already up to date")


def approve(page: Path, chosen: Callable[[Any], bool]) -> None:
    """Save the selection that a reviewer makes on a page."""
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    shown = ("phase", "line", "column", "rule", "function", "message")
    selection = {
        "version": data["version"],
        "source": data["source"],
        "files": {file["path"]: file["digest"] for file in data["files"]},
        "findings": [
            {
                "decision": data["approve"] if chosen(finding) else data["reject"],
                "path": data["files"][finding["file"]]["path"],
                **{key: finding[key] for key in shown},
                "edits": [
                    {"start": start, "end": end, "text": text} for start, end, text in finding["edits"]
                ],
            }
            for finding in data["findings"]
        ],
    }
    Path(SELECTION).write_text(json.dumps(selection))


def test_changes_are_chosen_on_a_page(run: Run, house: Checkout) -> None:
    before = house.state()
    written = run("codemod", "apply", "close", "--review", "close.html")
    page = house.folder / "close.html"
    assert (written.code, written.out) == (0, "wrote close.html: 4 places in 2 files to review\n")
    assert "tmlfix codemod apply close --in-place --selection tmlfix-selection.json" in page.read_text()
    assert "The old name is gone." in page.read_text()
    approve(page, lambda finding: finding["line"] == 3 and finding["function"] == "leave")
    page.unlink()
    made = run("codemod", "apply", "close", "--in-place", "--selection", SELECTION)
    (house.folder / SELECTION).unlink()
    assert (made.code, made.out) == (0, "2 places changed in 2 files\n")
    expected = HOUSE.replace(b"back.shut", b"back.close")
    assert house.state() == before | {"lib/house.test.tml": expected, "tools/yard.tml": expected}


def test_a_selection_of_other_code_is_refused_file_by_file(run: Run, house: Checkout) -> None:
    run("codemod", "apply", "close", "--review", "close.html")
    approve(house.folder / "close.html", lambda _: True)
    house.write("tools/yard.tml", b"\n" + HOUSE)
    made = run("codemod", "apply", "close", "--in-place", "--selection", SELECTION)
    assert (made.code, made.out) == (2, "2 places changed in 1 file\n")
    assert "tools/yard.tml: has changed since it was reviewed" in made.err


def test_places_that_touch_each_other_are_one_change_to_judge(run: Run, house: Checkout) -> None:
    house.write("tools/yard.tml", b"func f() {\n    shut(shut(door))\n    shut(gate)\n}\n")
    house.write("codemods/close.patch", PATCH.replace("$door.shut()", "shut($door)").encode())
    run("codemod", "apply", "close", "tools", "--review", "close.html")
    approve(house.folder / "close.html", lambda finding: finding["line"] == 2)
    assert len(json.loads(Path(SELECTION).read_text())["findings"]) == 2
    run("codemod", "apply", "close", "tools", "--in-place", "--selection", SELECTION)
    made = (house.folder / "tools/yard.tml").read_bytes()
    assert made == b"func f() {\n    door.close().close()\n    shut(gate)\n}\n"


CLASS = """\
from tml_ast import SourceEdit


class Guard:
    '''Doors are shut only at night.'''

    def edits(self, module):
        if b"night" not in module.code():
            (body,) = (function.body for function in module.items)
            yield SourceEdit(body.start + 1, body.start + 1, b"\\n    if night() {")
            yield SourceEdit(body.end - 1, body.end - 1, b"    }\\n")
"""


def test_what_is_approved_must_be_tml_by_itself(run: Run, house: Checkout) -> None:
    house.write("guard.py", CLASS.encode())
    assert run("codemod", "apply", "guard.py:Guard", "tools", "--review", "guard.html").code == 0
    assert "Doors are shut only at night." in (house.folder / "guard.html").read_text()
    approve(house.folder / "guard.html", lambda finding: finding["line"] == 2)
    made = run("codemod", "apply", "guard.py:Guard", "tools", "--in-place", "--selection", SELECTION)
    assert (made.code, (house.folder / "tools/yard.tml").read_bytes()) == (2, HOUSE)
    assert "tools/yard.tml:2:1: the approved changes alone make no TML" in made.err


def test_places_are_listed(run: Run, house: Checkout) -> None:
    listed = run("codemod", "apply", "close", "tools", "--dry-run", "--in-place")
    assert (listed.code, listed.out.splitlines()) == (
        1,
        [
            "tools/yard.tml:2:5: Doors are closed by their new name.",
            "tools/yard.tml:3:5: Doors are closed by their new name.",
            "2 places to change in 1 file",
        ],
    )
    assert run("codemod", "apply", "close", "codemods/..", "--dry-run", "--branch").code == 1
    assert (house.folder / "tools/yard.tml").read_bytes() == HOUSE
    assert house.branches() == ["main"]


def test_a_diff_is_shown_of_what_is_written(run: Run, house: Checkout) -> None:
    shown = run("codemod", "apply", "close", "tools", "--diff", "--in-place", "--no-check-leaks")
    assert (shown.code, shown.out.count("\n+ ")) == (0, 2)
    assert (house.folder / "tools/yard.tml").read_bytes() == HOUSE.replace(b"shut", b"close")


def test_services_get_the_changes_as_sarif(run: Run, house: Checkout) -> None:
    log = run("codemod", "apply", "close", "--format", "sarif").document["runs"][0]
    assert [rule["id"] for rule in log["tool"]["driver"]["rules"]] == ["close"]
    assert len({result["partialFingerprints"]["tmlfixFinding/v1"] for result in log["results"]}) == 4
    (replaced,) = log["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replaced["insertedContent"]["text"] == "front.close()"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--branch", "--in-place"), "--branch is about the commit HEAD"),
        (("--push", "origin"), "--push says where the --branch goes"),
        (("--force",), "--force is about a --branch"),
        (("--review", "page.html", "--in-place"), "--review writes a page only"),
        (("--review", "page.txt"), "page.txt: the name of the page must end with .html"),
        (("--dry-run", "--patch", "x.patch"), "--dry-run writes nothing"),
        (("--diff", "--format", "sarif"), "--diff goes with --format text alone"),
        (("--selection", "none.json"), "none.json: cannot be read"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    run: Run, house: Checkout, options: tuple[str, ...], message: str
) -> None:
    before = house.state()
    refused = run("codemod", "apply", "close", *options)
    assert (refused.code, refused.out, house.state()) == (2, "", before)
    assert message in refused.err
