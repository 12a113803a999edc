"""Which finding changes which lines, and which findings belong together."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.app.preview import preview_for_review
from codemods.app.requests import Request
from codemods.engine import plan_fixes
from codemods.files.diffs import split_lines
from codemods.files.workspace import read_tree
from codemods.model.findings import Change, Edit, Finding, PhaseResult, Verdict
from codemods.model.fix_plan import FixPlan
from codemods.review.hunks import Review, change_blocks, make_review
from tests.support.command import Run
from tests.support.demo_code import PARTS, USES_PARTS
from tests.support.project import EXAMPLE
from tests.support.stand_in_analysis import stand_in_analysis
from tml_ast.edit import SourceEdit, apply

PATH = "tests/http/a.test.tml"
SOURCE = b"".join(b"line %d\n" % number for number in range(1, 41))


def finding(*edits: Edit, line: int = 1, verdict: Verdict = Verdict.FIXABLE, **named: str) -> Finding:
    function, message = named.get("function", "main"), named.get("message", "leaks")
    return Finding(1, "missing-release", PATH, line, 1, function, message, verdict, edits)


def at(line: int) -> int:
    """Where a line, counted from 1, starts."""
    return SOURCE.index(b"line %d\n" % line)


def inserted(line: int, text: str) -> Edit:
    return Edit(at(line), at(line), text)


def reviewed(*findings: Finding) -> Review:
    edits = {edit for fixed in findings if fixed.verdict is Verdict.FIXABLE for edit in fixed.edits}
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    after = apply(SOURCE, [SourceEdit(edit.start, edit.end, edit.text.encode()) for edit in ordered])
    result = PhaseResult(1, findings, {PATH: Change(SOURCE, after)} if edits else {})
    return make_review([result], {PATH: SOURCE}, requires={})


def test_a_hunk_has_the_findings_whose_edits_lie_in_it() -> None:
    one, two = finding(inserted(3, "new\n")), finding(Edit(at(5), at(6), "five\n"), line=5)
    far = finding(inserted(30, "far\n"), inserted(38, "end\n"), line=30)

    (file,) = reviewed(one, two, far).files

    assert [(hunk.heading, hunk.keys) for hunk in file.hunks] == [
        ("@@ -1,8 +1,9 @@", {one.key, two.key}),
        ("@@ -27,6 +28,7 @@", {far.key}),
        ("@@ -35,6 +37,7 @@", {far.key}),
    ]
    changed = [
        (before, after, block.keys) for before, after, block in file.hunks[0].pieces() if block is not None
    ]
    assert changed == [([], ["new\n"], {one.key}), (["line 5\n"], ["five\n"], {two.key})]


def test_lines_within_an_edit_that_stay_are_not_shown_as_changed() -> None:
    whole = Edit(at(3), at(7), "line 3\nline 4\nnew\nline 5\nline 6\n")

    blocks, _ = change_blocks(SOURCE, [finding(whole)])

    assert [(block.start, block.end, block.new_start, block.new_end) for block in blocks] == [(4, 4, 4, 5)]


def test_insertions_at_one_point_stand_in_the_order_of_the_result() -> None:
    one, two = finding(inserted(3, "a\nline 3\n")), finding(inserted(3, "b\n"), line=2)
    after = SOURCE.replace(b"line 3\n", b"b\na\nline 3\nline 3\n")

    result = PhaseResult(1, (one, two), {PATH: Change(SOURCE, after)})
    (file,) = make_review([result], {PATH: SOURCE}, requires={}).files

    (hunk,) = file.hunks
    shown = [line for _, lines, _ in hunk.pieces() for line in lines]
    assert "".join(shown) == "".join(f"{line}\n" for line in after.decode().splitlines()[:8])
    assert hunk.keys == {one.key, two.key}


def test_findings_that_make_the_same_edit_each_for_itself() -> None:
    one, two = (finding(inserted(3, "x\n"), line=line) for line in (3, 4))
    after = SOURCE.replace(b"line 3\n", b"x\nx\nline 3\n")

    result = PhaseResult(1, (one, two), {PATH: Change(SOURCE, after)})
    (file,) = make_review([result], {PATH: SOURCE}, requires={}).files

    assert [(hunk.heading, hunk.keys) for hunk in file.hunks] == [("@@ -1,5 +1,7 @@", {one.key, two.key})]


def test_an_offered_change_has_a_hunk_of_its_own() -> None:
    made = finding(inserted(3, "new\n"))
    offered = finding(inserted(4, "offer\n"), line=4, verdict=Verdict.REVIEW)

    (file,) = reviewed(made, offered).files

    assert [(hunk.is_offered, hunk.keys) for hunk in file.hunks] == [
        (False, {made.key}),
        (True, {offered.key}),
    ]


def test_findings_that_nothing_distinguishes_are_one() -> None:
    one, two = (finding(inserted(line, "x\n"), message=f"leaks on {line}") for line in (3, 9))

    (file,) = reviewed(one, two).files

    (merged,) = file.findings
    assert merged.message == "leaks on 3; leaks on 9"
    assert [hunk.keys for hunk in file.hunks] == [{one.key}]


def test_what_one_message_says_as_well_is_said_once() -> None:
    messages = ("x leaks", "x leaks at the return", "y leaks", "x leaks")

    (file,) = reviewed(*(finding(message=message) for message in messages)).files

    assert [merged.message for merged in file.findings] == ["x leaks at the return; y leaks"]


def test_in_the_bundled_library(tmp_path: Path) -> None:
    report, found = preview_for_review(
        Request((1,), (Path(shutil.copytree(EXAMPLE, tmp_path / "library")),)), in_place=True
    )

    keys = {reported.key for phase in report.phases for reported in phase.findings}
    assert {shown.key for file in found.files for shown in file.findings} == keys
    assert {key for file in found.files for hunk in file.hunks for key in hunk.keys} == keys
    assert {key.path for key in found.requires} == {
        "tests/http/client.test.tml",
        "tests/http/client_discard.test.tml",
        "tests/http/router.test.tml",
    }
    assert all(needed <= keys for needed in found.requires.values())


def test_what_comes_along_from_other_files_is_shown_without_their_other_fixes(tmp_path: Path) -> None:
    module, test = "lib/demo/src/parts.tml", "tests/http/parts.test.tml"
    (tmp_path / "tml.toml").touch()
    for path, text in ((module, PARTS + PARTS.replace("Parts", "Pages")), (test, USES_PARTS)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    whole = plan_fixes(dict(read_tree(tmp_path).files))
    assert len([key for key in whole.fixable if key.path == module]) == 2

    _, found = preview_for_review(Request((1, 2, 3, 4, 5), (tmp_path / test,)), in_place=True)

    (shown,) = [file for file in found.files if file.path == module]
    assert [finding.function for finding in shown.findings] == ["Parts.destroy"]
    (after,) = {"".join(hunk.after) for hunk in shown.hunks}
    assert after.endswith(PARTS.replace("Parts", "Pages"))


# The command


def test_the_page_is_written_whole_into_a_new_folder(tmp_path: Path, run: Run, analysis: None) -> None:
    (tmp_path / "a.tml").write_text("leak\n")
    page = tmp_path / "new" / "review.html"

    outcome = run("review", "--output", page, "--phase", "5", "--in-place", tmp_path)

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "1 finding in 1 file of the working tree: 1 with a fix, 0 for review, 0 reported without a fix\n"
        f"review {page} in a browser, then: tmlfix apply --selection FILE\n"
    )
    assert page.read_text().endswith("</html>\n")
    assert list(page.parent.iterdir()) == [page]


def test_the_command_counts_what_the_page_shows(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(*arguments: Any, **options: Any) -> FixPlan:
        plan = stand_in_analysis(*arguments, **options)
        return replace(plan, findings=(*plan.findings, *plan.findings))

    monkeypatch.setattr("codemods.engine.plan_fixes", twice)
    (tmp_path / "a.tml").write_text("leak\nmystery\n")

    outcome = run("review", "-o", tmp_path / "review.html", "--phase", "5", "--in-place", tmp_path)

    assert outcome.out.startswith(
        "2 findings in 1 file of the working tree: 1 with a fix, 0 for review, 1 reported without a fix\n"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, run: Run, analysis: None) -> None:
    (tmp_path / "a.tml").write_text("leak\n")
    (tmp_path / "b.tml").write_text("broken\n")

    outcome = run("review", "-o", tmp_path / "review.html", "--in-place", tmp_path)

    assert (outcome.code, outcome.err) == (2, "error: b.tml:1:1: unexpected 'broken'\n")
    assert (tmp_path / "review.html").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("review.tml", "the name of the page must end with .html"),
        ("folder.html", "was not written: "),
        ("file/review.html", "was not written: "),
    ],
)
def test_where_no_page_can_be(tmp_path: Path, run: Run, analysis: None, name: str, message: str) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "clean.tml").touch()

    outcome = run("review", "-o", tmp_path / name, "--in-place", tmp_path)

    assert outcome.code == 2
    assert outcome.err.startswith(f"tmlfix: {tmp_path / name}")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_phase_and_all_exclude_each_other(tmp_path: Path, run: Run) -> None:
    outcome = run("review", "-o", tmp_path / "review.html", "--phase", "1", "--all", tmp_path)

    assert (outcome.code, outcome.err) == (2, "tmlfix: --phase and --all exclude each other\n")


# Any edits


@st.composite
def sources_with_edits(draw: st.DrawFn) -> tuple[bytes, list[Finding]]:
    """A text, and findings whose edits do not overlap."""
    source = draw(st.text("ab\n\r", max_size=60)).encode()
    points = sorted(draw(st.lists(st.integers(0, len(source)), max_size=8)))
    spans = list(zip(points[::2], points[1::2], strict=False))
    edits = [Edit(start, end, draw(st.text("ab\n", max_size=12))) for start, end in dict(spans).items()]
    edits = [edit for edit in edits if edit.text or edit.start < edit.end]
    owners = draw(st.lists(st.integers(1, 3), min_size=len(edits), max_size=len(edits)))
    findings = [
        finding(*(edit for edit, owner in zip(edits, owners, strict=True) if owner == line), line=line)
        for line in sorted(set(owners))
    ]
    return source, findings


@given(sources_with_edits())
def test_the_blocks_are_the_whole_change(case: tuple[bytes, list[Finding]]) -> None:
    source, findings = case
    blocks, after = change_blocks(source, findings)

    old, new = (split_lines(content) for content in (source, after))
    made: list[str] = []
    done = 0
    for block in blocks:
        made += old[done : block.start] + new[block.new_start : block.new_end]
        done = block.end
    assert "".join([*made, *old[done:]]).encode() == after
    assert {key for block in blocks for key in block.keys} <= {given.key for given in findings}
