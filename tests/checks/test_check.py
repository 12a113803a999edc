"""`tmlfix check` from the command line: what fails it, what it looks at, and the baseline.

Where a test asks for `analysis`, words stand in for leaks.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checkout import Checkout
from tests.support.command import Outcome, Run
from tests.support.users import ordinary_user

LEAK = "lib/src/http/client.tml:2:1: [fixable] missing-release: resp leaks (in main)\n"
FIXED = {"lib/src/http/client.tml": b"fine\n", "lib/src/http/response.tml": b"fine\n"}


def fix(checkout: Checkout) -> None:
    """Take the leaks out of phase 1, without a commit."""
    for path, content in FIXED.items():
        checkout.write(path, content)


# What fails


def test_a_leak_fails_and_nothing_is_written(run: Run, inside: Checkout) -> None:
    before = inside.state()

    outcome = run("check")

    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.startswith(LEAK)
    assert outcome.out.endswith(
        "3 findings in 3 files of the working tree: 3 with a fix, 0 for review, 0 reported without a fix\n"
    )
    assert inside.state() == before
    assert inside.branches() == ["main"]


def test_all_is_what_is_checked_anyway(run: Run, inside: Checkout) -> None:
    assert run("check", "--all") == run("check")
    assert run("check", "--phase", "2").out.startswith("lib/src/net/parser.tml")
    assert run("check", "--phase", "2", "lib/src/http").code == 0
    assert run("check", "--all", "--phase", "2").code == 2


def test_the_working_tree_counts_not_the_commit(run: Run, inside: Checkout) -> None:
    fix(inside)

    assert run("check", "--phase", "1") == Outcome(0, "nothing to fix in the working tree\n", "")

    inside.commit()
    inside.write("lib/src/http/new.tml", b"leak\n")
    assert run("check", "--phase", "1").code == 1


def test_no_git_is_needed(run: Run, tmp_path: Path, analysis: None) -> None:
    (tmp_path / "client.tml").write_bytes(b"leak\n")

    assert run("check", tmp_path).code == 1


def test_only_fixes_fail_unless_all_findings_do(run: Run, inside: Checkout) -> None:
    fix(inside)
    inside.write("lib/src/http/router.tml", b"unclear mystery\n")

    assert run("check", "--phase", "1").code == 0
    assert run("check", "--phase", "1", "--fail-on", "fixes").code == 0
    assert run("check", "--phase", "1", "--fail-on", "findings").code == 1


def test_what_cannot_be_read_is_worse_than_a_leak(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/http/draft.tml", b"broken\n")

    outcome = run("check")

    assert outcome.code == 2
    assert outcome.err == "error: lib/src/http/draft.tml:1:1: unexpected 'broken'\n"
    assert outcome.out.startswith(LEAK)


# Output


def test_output_goes_to_a_file_and_counts_are_printed(run: Run, inside: Checkout) -> None:
    printed = run("check", "--phase", "1", "--format", "json")

    outcome = run("check", "--phase", "1", "--format", "json", "-o", "out/check.json")

    assert outcome.code == printed.code == 1
    assert Path("out/check.json").read_text() == printed.out
    assert outcome.out == printed_counts(run)
    assert [path.name for path in Path("out").iterdir()] == ["check.json"]


def printed_counts(run: Run) -> str:
    return run("check", "--phase", "1").out.splitlines(keepends=True)[-1]


def test_a_text_file_holds_what_is_printed(run: Run, inside: Checkout) -> None:
    printed = run("check").out
    run("check", "-o", "check.txt")

    assert Path("check.txt").read_text() == printed


def test_an_older_output_is_replaced_whole_and_keeps_its_mode(run: Run, inside: Checkout) -> None:
    target = inside.write("check.txt", b"x" * 100_000)
    target.chmod(0o640)
    link = inside.folder / "link.txt"
    link.symlink_to(target)

    run("check", "--phase", "4", "-o", link)

    assert target.read_text() == "nothing to fix in the working tree\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert link.is_symlink()


def test_output_may_be_a_device(run: Run, inside: Checkout) -> None:
    assert run("check", "--phase", "4", "-o", os.devnull).code == 0
    assert not Path(os.devnull).is_file()


def test_output_that_cannot_be_written_leaves_the_old_one(run: Run, inside: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "check.txt").write_text("old")
    with ordinary_user(tmp_path):
        folder.chmod(0o500)
        outcome = run("check", "--phase", "1", "-o", folder / "check.txt")

    assert outcome.code == 2
    assert outcome.err.startswith(f"tmlfix: {folder / 'check.txt'} was not written: ")
    assert outcome.err.count("\n") == 1
    assert (folder / "check.txt").read_text() == "old"


def test_a_folder_is_no_output(run: Run, inside: Checkout) -> None:
    outcome = run("check", "-o", "lib")

    assert outcome.code == 2
    assert "lib was not written: " in outcome.err


# The baseline


def test_known_findings_do_not_fail(run: Run, inside: Checkout) -> None:
    written = run("check", "--write-baseline", "known.json")

    assert written == Outcome(0, "3 findings in known.json\n", "")
    assert run("check", "--baseline", "known.json") == Outcome(
        0, "nothing new in the working tree\n3 known findings in known.json\n", ""
    )


def test_a_new_finding_fails_beside_known_ones(run: Run, inside: Checkout) -> None:
    run("check", "--write-baseline", "known.json")
    inside.write("lib/src/http/new.tml", b"fine\nleak\n")

    outcome = run("check", "--baseline", "known.json")

    assert outcome.code == 1
    assert outcome.out.splitlines()[0].startswith("lib/src/http/new.tml:2:1: ")
    assert "1 finding in 1 file of the working tree" in outcome.out
    assert outcome.out.endswith("3 known findings in known.json\n")


def test_lines_may_move(run: Run, inside: Checkout) -> None:
    run("check", "--write-baseline", "known.json")
    inside.write("lib/src/http/client.tml", b"\n\n// more\nuse http\n  leak\n")

    assert run("check", "--baseline", "known.json").code == 0


def test_what_is_no_longer_found_is_reported(run: Run, inside: Checkout) -> None:
    run("check", "--write-baseline", "known.json")
    inside.write("lib/src/http/client.tml", b"fine\n")

    outcome = run("check", "--baseline", "known.json")

    assert outcome.code == 0
    assert outcome.out.endswith(
        "1 known finding no longer found, which tmlfix check --write-baseline known.json takes out:\n"
        "- lib/src/http/client.tml: missing-release (in main)\n"
    )
    run("check", "--write-baseline", "known.json")
    assert "client.tml" not in Path("known.json").read_text()


def test_what_was_not_looked_at_is_not_gone(run: Run, inside: Checkout) -> None:
    run("check", "--write-baseline", "known.json")

    assert "no longer" not in run("check", "--phase", "4", "--baseline", "known.json").out
    assert "no longer" not in run("check", "--baseline", "known.json", "lib/src/net").out
    inside.write("lib/src/net/parser.tml", b"broken\n")
    assert "no longer" not in run("check", "--baseline", "known.json").out
    whole = Path("known.json").read_bytes()
    assert run("check", "--phase", "1", "--write-baseline", "known.json").out == "3 findings in known.json\n"
    assert Path("known.json").read_bytes() == whole


def test_a_baseline_is_the_same_for_the_same_findings(run: Run, inside: Checkout) -> None:
    run("check", "--write-baseline", "one.json")
    inside.write("lib/src/http/client.tml", b"\n\nuse http\nleak\n")
    run("check", "--write-baseline", "two.json")

    lines = Path("one.json").read_text().splitlines()
    assert Path("two.json").read_text().splitlines() == lines
    assert json.loads(Path("one.json").read_text())["version"] == 1
    assert sorted(lines[3:-2]) == lines[3:-2]
    assert [line.count('"fingerprint"') for line in lines] == [0, 0, 0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version": 2, "findings": []}',
        b'{"version": 1, "findings": [{"path": "a.tml"}]}',
        b'{"version": 1, "findings": [[]]}',
        b'{"version": 1, "findings": [{"path": 1, "function": "", "rule": "", "message": "",'
        b' "fingerprint": ""}]}',
        b"[" * 100_000,
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
@pytest.mark.parametrize("option", ["--baseline", "--write-baseline"])
def test_what_is_no_baseline_is_refused_and_kept(
    run: Run, inside: Checkout, content: bytes, option: str
) -> None:
    inside.write("known.json", content)

    outcome = run("check", option, "known.json")

    assert outcome.code == 2
    assert outcome.err.startswith("tmlfix: known.json is no baseline of version 1; ")
    assert outcome.err.count("\n") == 1
    assert Path("known.json").read_bytes() == content


def test_a_baseline_must_be_there(run: Run, inside: Checkout) -> None:
    assert run("check", "--baseline", "no.json") == Outcome(
        2, "", "tmlfix: there is no baseline no.json; tmlfix check --write-baseline no.json writes it\n"
    )
    assert run("check", "--baseline", "lib").err == "tmlfix: the baseline lib is not a regular file\n"


@pytest.mark.parametrize(
    "others",
    [("--baseline", "b.json"), ("--format", "sarif"), ("-o", "x"), ("--changed-since", "HEAD")],
)
def test_a_baseline_is_written_alone(run: Run, inside: Checkout, others: tuple[str, str]) -> None:
    outcome = run("check", "--write-baseline", "known.json", *others)

    assert outcome == Outcome(2, "", "tmlfix: --write-baseline goes with phases, rules and paths only\n")
    assert not Path("known.json").exists()


# What a change touches


def test_only_what_changed_counts(run: Run, inside: Checkout) -> None:
    inside.git("switch", "--quiet", "--create", "topic")
    inside.write("lib/src/http/client.tml", b"use http\nuse net\nleak\n")
    inside.commit()
    inside.write("lib/src/http/new.tml", b"leak\n")

    outcome = run("check", "--changed-since", "main")

    assert outcome.code == 1
    assert [line.partition(":")[0] for line in outcome.out.splitlines()] == [
        "lib/src/http/new.tml",
        "1 finding in 1 file of the working tree",
        "3 findings in code that the change does not touch",
    ]
    document = run("check", "--changed-since", "main", "--format", "json").document
    assert (len(document["findings"]), document["summary"]["untouched"]) == (1, 3)
    assert document["summary"]["phases"][0]["changed_files"] == 1


def test_what_others_did_since_does_not_count(run: Run, inside: Checkout) -> None:
    inside.git("switch", "--quiet", "--create", "topic")
    inside.git("switch", "--quiet", "main")
    inside.write("lib/src/http/client.tml", b"use http\nfine\n")
    inside.commit("Fix it")
    inside.git("switch", "--quiet", "topic")

    assert run("check", "--changed-since", "main").code == 0


@pytest.mark.parametrize(
    "revision", ["no-such", "--all", "-h", "HEAD~99", "^HEAD", "HEAD..main", "", "a b", "HEAD:lib", "\u202e"]
)
def test_an_unknown_revision_is_one_line(run: Run, inside: Checkout, revision: str) -> None:
    outcome = run("check", f"--changed-since={revision}")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("tmlfix: git knows no commit ")
    assert "fetch it first" in outcome.err
    assert outcome.err.count("\n") == 1


def test_the_error_of_a_shallow_clone_says_what_it_lacks(
    run: Run, inside: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.write("a.tml", b"fine\n")
    inside.commit()
    inside.git("clone", "--quiet", "--depth=1", f"file://{inside.folder}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")

    outcome = run("check", "--changed-since", "HEAD~1")

    assert outcome.code == 2
    assert "fetch-depth: 0" in outcome.err


def test_a_branch_without_commits_has_nothing_to_compare_with(
    run: Run, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(new_checkout("empty").folder)

    outcome = run("check", "--changed-since", "HEAD")

    assert outcome.err == "tmlfix: the current branch has no commit yet; commit your files first\n"


@pytest.mark.parametrize("cone", [True, False], ids=["inside", "outside"])
def test_a_sparse_partial_clone_needs_only_what_changed(
    run: Run, inside: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cone: bool
) -> None:
    inside.write("lib/src/net/parser.tml" if cone else "lib/src/http/client.tml", b"more leak\n")
    inside.commit()
    inside.git("config", "uploadpack.allowFilter", "true")
    clone = Checkout(tmp_path / "clone")
    options = ("--quiet", "--filter=blob:none", "--no-checkout")
    inside.git("clone", *options, f"file://{inside.folder}", str(clone.folder))
    clone.git("sparse-checkout", "set", "lib/src/net")
    clone.git("checkout", "--quiet")
    clone.git("show", "HEAD~1:lib/src/net/parser.tml")
    monkeypatch.chdir(clone.folder)

    outcome = run("check", "--changed-since", "HEAD~1")

    assert outcome.err == ""
    assert outcome.code == (1 if cone else 0)


def test_files_that_a_partial_clone_lacks_are_named(run: Run, inside: Checkout) -> None:
    blob = inside.line("rev-parse", "HEAD:lib/src/text.tml")
    inside.write("lib/src/text.tml", b"fine!\n")
    inside.commit()
    (inside.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()

    outcome = run("check", "--changed-since", "HEAD~1")

    assert outcome.code == 2
    assert outcome.err.startswith("tmlfix: lib/src/text.tml of commit ")
    assert outcome.err.count("\n") == 1


def test_branches_without_a_common_commit(run: Run, inside: Checkout) -> None:
    inside.git("switch", "--quiet", "--orphan", "other")
    inside.write("a.tml", b"fine\n")
    inside.commit()

    assert run("check", "--changed-since", "main").err == "tmlfix: HEAD and 'main' share no commit\n"


def test_changes_need_a_repository(run: Run, tmp_path: Path, analysis: None) -> None:
    (tmp_path / "client.tml").write_bytes(b"leak\n")

    outcome = run("check", "--changed-since", "main", tmp_path)

    assert outcome.err.endswith("is not inside a git repository; --changed-since needs one\n")


# Comments that suppress findings


def test_suppressed_findings_are_counted_and_bad_comments_reported(
    run: Run, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = new_checkout("suppressed")
    monkeypatch.chdir(checkout.folder)
    checkout.write(
        "tests/http/reel.test.tml",
        b"use std::collections::HashMap\n\n@test\nfunc test_entry() -> I32 {\n"
        b"    // tmlfix: ignore[named-release, void-tail] the process ends here\n"
        b"    let scores = HashMap[I64, I64]::new(4)\n    scores.set(1, 10)\n    return 0\n}\n",
    )

    outcome = run("check")

    assert outcome.out.splitlines() == [
        "tests/http/reel.test.tml:5:5: [reported] suppression-comment: "
        "nothing to ignore: there is no finding of void-tail on line 6",
        "1 finding in 1 file of the working tree: 0 with a fix, 0 for review, 1 reported without a fix",
        "1 finding suppressed by comments",
    ]
    assert outcome.code == 0
    assert run("check", "--fail-on", "findings").code == 1
    for format in ("json", "sarif", "github", "markdown", "junit"):
        assert "suppression-comment" in run("check", "--format", format).out.replace("&#45;", "-")


def test_the_comments_have_an_explanation(run: Run) -> None:
    outcome = run("explain", "suppression-comment")

    assert outcome.code == 0
    assert "// tmlfix: ignore[consumed-by-return] the process ends with this call" in outcome.out
    assert "did you mean suppression-comment?" in run("explain", "supression-comment").err


# What it takes


def test_a_check_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "one.test.tml").write_bytes(b"func main() {}\n")
    program = (
        "import sys\n"
        "from codemods.cli import main\n"
        "main(['check', '--all', 'one.test.tml'])\n"
        "unneeded = {'git', 'parsimonious', 'codemods.lsp'}\n"
        "unneeded |= {'codemods.reports.' + name for name in ('sarif', 'junit', 'github', 'page')}\n"
        "sys.exit(' '.join(unneeded & sys.modules.keys()) or 0)\n"
    )
    command = [sys.executable, "-c", program]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, ""), outcome
