"""Diffs, text and JSON."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.app.requests import Report
from codemods.files.diffs import diff_lines
from codemods.model.findings import Change, Edit, Finding, InputError, PhaseResult, Verdict
from codemods.reports.console import print_errors
from codemods.reports.documents import report_document
from codemods.reports.text import print_diff, print_preview

FINDING = Finding(
    1,
    "missing-release",
    "lib/a.tml",
    3,
    5,
    "main",
    "resp leaks",
    Verdict.FIXABLE,
    (Edit(7, 7, "resp.destroy()"),),
)


def report(*findings: Finding, changes: dict[str, Change] | None = None) -> Report:
    return Report("the working tree", (PhaseResult(1, findings, changes or {}),), ())


def diff(path: str, before: bytes, after: bytes) -> bytes:
    return "".join(diff_lines(path, Change(before, after))).encode("utf-8", "surrogateescape")


def test_a_diff_keeps_line_ends_and_marks_a_missing_one() -> None:
    assert diff("lib/a.tml", b"one\r\ntwo\xff\rtwo\nend", b"one\r\n2\nend") == (
        b"--- a/lib/a.tml\n"
        b"+++ b/lib/a.tml\n"
        b"@@ -1,3 +1,3 @@\n"
        b" one\r\n"
        b"-two\xff\rtwo\n"
        b"+2\n"
        b" end\n"
        b"\\ No newline at end of file\n"
    )


def test_a_name_with_a_space_ends_in_a_tab_as_git_and_patch_want_it() -> None:
    assert diff("with space.tml", b"a\n", b"b\n").startswith(
        b"--- a/with space.tml\t\n+++ b/with space.tml\t\n@@"
    )


LINES = st.lists(
    st.sampled_from([b"a\n", b"b\r\n", b"c\rd\n", b"\x0c\xe2\x80\xa8\n", b"\xff\n", b"\n", b"e"])
)


@given(before=LINES, after=LINES)
def test_git_applies_a_diff_to_the_byte(
    before: list[bytes], after: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, new = b"x\n" + b"".join(before), b"x\n" + b"".join(after)
    folder = tmp_path_factory.mktemp("tree")
    (folder / "a.tml").write_bytes(old)

    if old != new:
        apply(folder, diff("a.tml", old, new))

    assert (folder / "a.tml").read_bytes() == new


@pytest.mark.parametrize(
    "name", ["with space.tml", 'quo"te.tml', "back\\slash.tml", "tab\t.tml", "b\udcffd.tml"]
)
def test_git_applies_a_diff_to_files_of_all_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"leak\n")

    apply(tmp_path, diff(name, b"leak\n", b"free\n"))

    assert (tmp_path / name).read_bytes() == b"free\n"


def apply(folder: Path, patch: bytes) -> None:
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(
        command, cwd=folder, input=patch, check=True, env={"GIT_DIR": "none", "PATH": "/usr/bin:/bin"}
    )


def test_findings_are_printed_like_a_compiler_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    review = Finding(1, "discarded-owner", "lib/b.tml", 9, 1, "", "value may leak", Verdict.REVIEW)

    print_preview(report(FINDING, review))

    assert capsys.readouterr().out == (
        "lib/a.tml:3:5: [fixable] missing-release: resp leaks (in main)\n"
        "lib/b.tml:9:1: [review] discarded-owner: value may leak\n"
        "2 findings in 2 files of the working tree: 1 with a fix, 1 for review, 0 reported without a fix\n"
    )


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_preview(report())

    assert capsys.readouterr().out == "nothing to fix in the working tree\n"


def test_a_long_line_is_not_wrapped_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    path = "lib/" + "deep/" * 60 + "a.tml"
    print_errors([InputError(path, "unexpected ':emoji:' [bold]", 3, 7)])

    assert capsys.readouterr().err == f"error: {path}:3:7: unexpected ':emoji:' [bold]\n"


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_errors([InputError("a\x1b[2J\nb.tml", "is not a regular file")])

    assert capsys.readouterr().err == "error: a^[[2J^Jb.tml: is not a regular file\n"


def test_a_terminal_gets_a_coloured_diff_and_no_color_is_honoured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = report(changes={"a.tml": Change(b"leak\x1b\r\n", b"free\n")})
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    print_diff(changed)
    assert "\x1b[31m-leak^[^M\x1b[0m\n" in capsys.readouterr().out

    monkeypatch.setenv("NO_COLOR", "1")
    print_diff(changed)
    assert "-leak^[^M\n" in capsys.readouterr().out


def test_json_has_the_findings_the_summary_and_the_errors() -> None:
    full = Report(
        "commit 1234",
        (PhaseResult(1, (FINDING,), {"lib/a.tml": Change(b"a", b"b")}),),
        (InputError("b\udcffd.tml", "unexpected '='", 2, 9),),
        unread_elsewhere=2,
    )

    document = json.loads(json.dumps(report_document(full)))

    assert document == {
        "version": 1,
        "findings": [
            {
                "phase": 1,
                "rule": "missing-release",
                "path": "lib/a.tml",
                "line": 3,
                "column": 5,
                "function": "main",
                "message": "resp leaks",
                "verdict": "fixable",
                "cause": "library",
                "defect": None,
                "paths": "normal",
                "edits": [{"start": 7, "end": 7, "text": "resp.destroy()"}],
            }
        ],
        "summary": {
            "source": "commit 1234",
            "phases": [
                {
                    "phase": 1,
                    "name": "http",
                    "fixable": 1,
                    "review": 0,
                    "reported": 0,
                    "files": 1,
                    "changed_files": 1,
                }
            ],
            "branches": [],
            "written": [],
            "unread_elsewhere": 2,
        },
        "errors": [{"path": "b\udcffd.tml", "line": 2, "column": 9, "message": "unexpected '='"}],
    }
