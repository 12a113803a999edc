"""The command line, as a user meets it.

Where a test asks for `analysis`, words stand in for leaks: what is tested is the way from the command
line to the files and branches, and back to messages and exit codes.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from codemods.model.findings import Verdict
from codemods.model.fix_plan import FixPlan
from codemods.rules import RULES
from tests.support.checkout import Checkout
from tests.support.command import Outcome, Run
from tests.support.stand_in_analysis import stand_in_analysis
from tests.support.users import ordinary_user

HTTP = "tmlfix/phase-1-http"
PROGRAM = [sys.executable, "-c", "import sys; from codemods.cli import main; sys.exit(main())"]


# Fixing on branches


def test_apply_opens_a_branch_and_writes_a_patch(run: Run, inside: Checkout) -> None:
    before = inside.state()

    outcome = run("apply", "--phase", "1")

    tip = inside.line("rev-parse", "--short=12", HTTP)
    patch = inside.folder / "patches/phase-1-http.patch"
    assert outcome == Outcome(
        0,
        f"phase 1 http: branch {HTTP} created at {tip}, 2 findings fixed in 2 files\n  patch {patch}\n",
        "",
    )
    assert patch.read_bytes().startswith(b"From ")
    assert inside.state() == before
    assert "already up to date" in run("apply", "--phase", "1").out


def test_several_phases_by_number_name_or_all(run: Run, inside: Checkout) -> None:
    assert run("apply", "--phase", "net-parsers, 1").code == 0
    assert inside.branches() == ["main", HTTP, "tmlfix/phase-2-net-parsers"]
    everything = run("apply", "--all", "--stacked")
    assert everything.code == 0
    assert "phase 4 url-json-crypto: nothing to fix, no branch\n" in everything.out


def test_patches_go_where_they_are_wanted(run: Run, inside: Checkout, tmp_path: Path) -> None:
    run("apply", "--phase", "1", "--patches", tmp_path / "out/patches")

    assert (tmp_path / "out/patches/phase-1-http.patch").exists()
    assert not (inside.folder / "patches").exists()


def test_apply_pushes(run: Run, inside: Checkout, tmp_path: Path) -> None:
    inside.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    inside.git("remote", "add", "origin", str(tmp_path / "origin.git"))

    outcome = run("apply", "--phase", "1", "--push", "origin")

    assert outcome.code == 0
    assert ", pushed\n" in outcome.out
    assert Checkout(tmp_path / "origin.git").branches() == ["main", HTTP]
    assert run("apply", "--phase", "1", "--push", "orgin").err == (
        "tmlfix: there is no remote named orgin; did you mean origin?\n"
    )


def test_review_findings_are_left_alone_and_counted(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/http/router.tml", b"unclear mystery\n")
    inside.commit()

    outcome = run("apply", "--phase", "1")

    assert outcome.code == 0
    assert "  left alone: 1 for review, 1 reported; see tmlfix apply --phase 1 --dry-run\n" in outcome.out
    assert inside.git("show", f"{HTTP}:lib/src/http/router.tml") == b"unclear mystery\n"


def test_a_branch_that_others_changed_needs_force(run: Run, inside: Checkout) -> None:
    inside.git("branch", HTTP)

    outcome = run("apply", "--phase", "1,2")

    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {HTTP}: the branch has commits that are not tmlfix's own")
    assert "--force" in outcome.err
    assert outcome.err.count("\n") == 1
    assert "tmlfix/phase-2-net-parsers" in inside.branches()
    assert run("apply", "--phase", "1", "--force").code == 0


def test_apply_reports_as_json(run: Run, inside: Checkout) -> None:
    document = run("apply", "--phase", "1", "--format", "json").document

    assert document["version"] == 1
    assert [finding["verdict"] for finding in document["findings"]] == ["fixed", "fixed"]
    assert document["summary"]["branches"][0]["commit"] == inside.line("rev-parse", HTTP)


# Dry runs


def test_a_dry_run_writes_nothing_and_says_what_remains(run: Run, inside: Checkout) -> None:
    before = inside.state()

    outcome = run("apply", "--phase", "1", "--dry-run")

    assert outcome.code == 1
    assert outcome.out.splitlines()[0] == (
        "lib/src/http/client.tml:2:1: [fixable] missing-release: resp leaks (in main)"
    )
    assert inside.state() == before
    assert inside.branches() == ["main"]
    assert not (inside.folder / "patches").exists()


def test_a_dry_run_looks_at_head_and_with_in_place_at_the_files(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/http/client.tml", b"fine\n")
    inside.write("lib/src/http/response.tml", b"fine\n")

    assert run("apply", "--phase", "1", "--dry-run").code == 1
    outcome = run("apply", "--phase", "1", "--dry-run", "--in-place")
    assert outcome == Outcome(0, "nothing to fix in the working tree\n", "")


def test_only_fixes_count_for_the_exit_code(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/url.tml", b"unclear mystery\n")
    inside.commit()

    outcome = run("apply", "--phase", "4", "--dry-run")

    assert outcome.code == 0
    assert "0 with a fix, 1 for review, 1 reported without a fix" in outcome.out


def test_the_diff_of_a_dry_run_is_the_change_of_the_branch(run: Run, inside: Checkout) -> None:
    outcome = run("apply", "--phase", "1", "--dry-run", "--diff")

    assert outcome.code == 1
    inside.git("apply", "--whitespace=nowarn", feed=outcome.out.encode("utf-8", "surrogateescape"))
    run("apply", "--phase", "1")
    assert inside.git("diff", HTTP, "--", "lib") == b""


def test_a_dry_run_reports_as_json(run: Run, inside: Checkout) -> None:
    outcome = run("apply", "--all", "--dry-run", "--format", "json")

    assert outcome.code == 1
    assert outcome.document.keys() == {"version", "findings", "summary", "errors"}
    assert {finding["phase"] for finding in outcome.document["findings"]} == {1, 2}
    assert {finding["verdict"] for finding in outcome.document["findings"]} == {"fixable"}
    assert "fixed" not in outcome.document["summary"]["phases"][0]


# In place


def test_in_place_needs_no_git(
    run: Run, analysis: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "lib/src/http/client.tml"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"leak\r\n")

    outcome = run("apply", "--phase", "1", "--in-place", tmp_path / "lib")

    assert outcome == Outcome(0, "fixed src/http/client.tml\n1 finding fixed in 1 file\n", "")
    assert file.read_bytes() == b"free\r\n"
    assert run("apply", "--phase", "1", "--in-place", "--dry-run", tmp_path / "lib").code == 0


def test_the_project_file_marks_the_root(
    run: Run, analysis: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "library/lib/src/http/client.tml"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"leak\n")
    (tmp_path / "library/tml.toml").write_text("")
    monkeypatch.chdir(file.parent)

    assert run("apply", "--phase", "1", "--in-place").out.startswith("fixed lib/src/http/client.tml\n")


def test_in_place_reports_as_json(run: Run, inside: Checkout) -> None:
    summary = run("apply", "--phase", "2", "--in-place", "--format", "json").document["summary"]

    assert summary["written"] == ["lib/src/net/parser.tml"]
    assert (summary["phases"][0]["fixed"], summary["phases"][0]["fixable"]) == (1, 0)


def test_a_phase_in_place_takes_what_it_needs_from_others(run: Run, inside: Checkout) -> None:
    """What is in a file of another phase is written where a fix needs it."""
    (inside.folder / "lib/src/http/client.tml").write_text("leak uses lib/src/net/parser.tml\n")

    outcome = run("apply", "--phase", "1", "--in-place")

    assert outcome.err == ""
    assert (inside.folder / "lib/src/http/client.tml").read_text() == "free uses lib/src/net/parser.tml\n"
    assert (inside.folder / "lib/src/net/parser.tml").read_text() == "free\n"


def test_a_file_that_changes_meanwhile_is_left_alone(
    run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def analyse(*arguments: Any, **options: Any) -> FixPlan:
        inside.write("lib/src/http/client.tml", b"edited by hand\n")
        return stand_in_analysis(*arguments, **options)

    monkeypatch.setattr("codemods.engine.plan_fixes", analyse)
    outcome = run("apply", "--phase", "1", "--in-place")

    assert outcome.code == 2
    assert outcome.err == (
        "error: lib/src/http/client.tml: was not written: it has changed since it was read\n"
    )
    assert (inside.folder / "lib/src/http/client.tml").read_bytes() == b"edited by hand\n"
    assert (inside.folder / "lib/src/http/response.tml").read_bytes() == b"free\r\nfree\r\n"


def test_a_read_only_file_is_left_alone_and_the_others_are_fixed(run: Run, inside: Checkout) -> None:
    (inside.folder / "lib/src/http/client.tml").chmod(0o444)

    outcome = run("apply", "--phase", "1", "--in-place")

    assert outcome.code == 2
    assert outcome.err == "error: lib/src/http/client.tml: was not written: the file is read-only\n"
    assert (inside.folder / "lib/src/http/response.tml").read_bytes() == b"free\r\nfree\r\n"


def test_an_unreadable_file_and_a_link_out_are_reported_and_the_others_fixed(
    run: Run, analysis: None, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    folder = tree / "src/http"
    folder.mkdir(parents=True)
    for name in ["closed.tml", "open.tml"]:
        (folder / name).write_bytes(b"leak\n")
    (folder / "out.tml").symlink_to("/etc/hostname")
    with ordinary_user(tree):
        (folder / "closed.tml").chmod(0)
        outcome = run("apply", "--phase", "1", "--in-place", tree)

    assert outcome.code == 2
    assert outcome.err == (
        "error: src/http/closed.tml: cannot be read: Permission denied\n"
        "error: src/http/out.tml: is a symbolic link that leads out of the tree; it was not followed\n"
    )
    assert (folder / "open.tml").read_bytes() == b"free\n"


# Paths


def test_paths_limit_the_findings(run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(inside.folder / "lib/src")

    outcome = run("apply", "--phase", "1", "http/client.tml", "net")

    assert "1 finding fixed in 1 file" in outcome.out
    assert inside.line("diff", "--name-only", "main", HTTP) == "lib/src/http/client.tml"


def test_an_unknown_path_is_named_with_a_suggestion_and_the_others_are_done(
    run: Run, inside: Checkout
) -> None:
    outcome = run("apply", "--phase", "1", "lib/src/http/cleint.tml", "lib/src/http/response.tml")

    assert outcome.code == 2
    assert outcome.err == (
        f"error: lib/src/http/cleint.tml: names no .tml file of commit {inside.head()[:12]}; "
        "did you mean lib/src/http/client.tml?\n"
    )
    assert inside.line("diff", "--name-only", "main", HTTP) == "lib/src/http/response.tml"


def test_a_path_outside_of_the_repository_is_refused_and_the_others_are_done(
    run: Run, inside: Checkout
) -> None:
    outcome = run("apply", "--phase", "1", "lib/src/http", "/etc/hostname")

    assert outcome.code == 2
    assert outcome.err == f"error: /etc/hostname: is outside of {inside.folder}\n"
    assert HTTP in inside.branches()


def test_a_path_may_lead_through_a_link(run: Run, inside: Checkout, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(inside.folder)

    assert run("apply", "--phase", "1", tmp_path / "alias/lib/src/http/client.tml").code == 0
    assert inside.line("diff", "--name-only", "main", HTTP) == "lib/src/http/client.tml"


def test_a_deleted_file_of_the_commit_can_be_named(run: Run, inside: Checkout) -> None:
    for name in ["client.tml", "response.tml"]:
        (inside.folder / "lib/src/http" / name).unlink()
    (inside.folder / "lib/src/http").rmdir()

    assert run("apply", "--phase", "1", "lib/src/http/client.tml").code == 0


# Input that cannot be parsed


def test_a_file_that_does_not_parse_is_an_error_and_the_others_are_fixed(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/http/bad.tml", b"// broken\n")
    inside.commit()

    outcome = run("apply", "--phase", "1")

    assert outcome.code == 2
    assert outcome.err == "error: lib/src/http/bad.tml:1:4: unexpected 'broken'\n"
    assert "2 findings fixed in 2 files" in outcome.out
    dry = run("apply", "--phase", "1", "--dry-run", "--format", "json")
    assert dry.code == 2
    assert dry.document["errors"] == [
        {"path": "lib/src/http/bad.tml", "line": 1, "column": 4, "message": "unexpected 'broken'"}
    ]


def test_files_that_nothing_asks_for_are_only_counted(run: Run, inside: Checkout) -> None:
    inside.write("docs/examples/bad.tml", b"broken\n")
    inside.write("lib/tests/parser.error.tml", b"broken\n")
    inside.write("lib/src/net/bad.tml", b"broken\n")
    inside.commit()

    outcome = run("apply", "--phase", "1", "lib/src/http")

    assert outcome.code == 0
    assert "3 files outside of what was asked for could not be read" in outcome.out
    outcome = run("apply", "--phase", "1")
    assert outcome.code == 2
    assert outcome.err == "error: lib/src/net/bad.tml:1:1: unexpected 'broken'\n"
    assert "2 files outside of what was asked for could not be read" in outcome.out


# Repositories that cannot be used


def test_no_repository(run: Run, analysis: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = run("apply", "--phase", "1")

    assert outcome == Outcome(
        2, "", f"tmlfix: {tmp_path} is not inside a git repository; --in-place works without one\n"
    )


def test_an_unborn_branch(
    run: Run, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(new_checkout("empty").folder)

    outcome = run("apply", "--phase", "1")

    assert outcome == Outcome(
        2, "", "tmlfix: the current branch has no commit yet; commit your files first\n"
    )


def test_a_bare_repository(
    run: Run, inside: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    monkeypatch.chdir(tmp_path / "bare.git")

    for command in (["apply", "--phase", "1"], ["apply", "--all", "--dry-run"], ["status"]):
        outcome = run(*command)
        assert outcome.code == 2
        assert outcome.err.endswith("is in a bare repository; run tmlfix in a checkout of it\n")


def test_a_missing_git(run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = run("apply", "--phase", "1")

    assert outcome == Outcome(
        2, "", "tmlfix: git was not found; install it, or use --in-place, which needs no git\n"
    )


def test_a_machine_without_git(checkout: Checkout, tmp_path: Path) -> None:
    environment = os.environ | {"PATH": str(tmp_path)}
    environment.pop("GIT_PYTHON_REFRESH", None)

    process = subprocess.run(
        [*PROGRAM, "apply", "--phase", "1"], cwd=checkout.folder, capture_output=True, env=environment
    )

    assert process.returncode == 2
    assert process.stderr.startswith(b"tmlfix: git was not found; install it")


def test_a_user_without_identity(run: Run, inside: Checkout, git_identity: Path) -> None:
    git_identity.write_text("")

    outcome = run("apply", "--phase", "1")

    assert outcome.code == 2
    assert outcome.err.startswith("tmlfix: git does not know who you are; set it with `git config user.name")


def test_a_damaged_repository(run: Run, inside: Checkout) -> None:
    inside.write(".git/config", b"[core\nnonsense")

    outcome = run("apply", "--phase", "1")

    assert outcome.code == 2
    assert outcome.err.startswith("tmlfix: ")
    assert outcome.err.count("\n") == 1


def test_the_repository_of_a_hook_does_not_count(
    run: Run, inside: Checkout, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_checkout("other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git/index.lock"))

    assert run("apply", "--phase", "1").code == 0
    assert HTTP in inside.branches()
    assert other.branches() == []


# Usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["apply"], "say which phases: --phase N or --all"),
        (["apply", "--phase", "1", "--all"], "--phase and --all exclude each other"),
        (["apply", "--phase", "6"], "there is no phase '6'. "),
        (
            ["apply", "--phase", "1,htp"],
            "there is no phase 'htp'. Did you mean http? The phases are: 1 http, ",
        ),
        (["apply", "--all", "--dry-run", "--force"], "go with neither --dry-run nor --in-place"),
        (["apply", "--all", "--in-place", "--push", "origin"], "go with neither --dry-run nor --in-place"),
        (["apply", "--all", "--diff", "--format", "json"], "--diff goes with --format text"),
        (["parse", "."], "say what to do: --check or --tree"),
        (["parse", ".", "--tree"], "--tree prints the tree of one file as text"),
        (["parse", "--check"], "Missing argument"),
        (["fly"], "No such command"),
    ],
)
def test_misuse_is_explained(run: Run, inside: Checkout, arguments: list[str], message: str) -> None:
    outcome = run(*arguments)

    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.out == ""


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.startswith("tmlfix 0.")
    for command in ["apply", "status", "parse", "explain"]:
        outcome = run(command, "--help")
        assert outcome.code == 0
        assert f"tmlfix {command}" in outcome.out


# The other commands


def test_status_counts_findings_by_phase_and_verdict(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/http/router.tml", b"leak unclear mystery\n")
    inside.commit()

    outcome = run("status")

    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows == [
        ["Findings", "in", "commit", inside.head()[:12]],
        ["phase", "name", "fixable", "review", "reported", "files"],
        ["1", "http", "3", "1", "1", "3"],
        ["2", "net-parsers", "1", "0", "0", "1"],
        ["3", "collections", "0", "0", "0", "0"],
        ["4", "url-json-crypto", "0", "0", "0", "0"],
        ["5", "test-infra", "0", "0", "0", "0"],
    ]
    assert run("status", "lib/src/net", "--format", "json").document["summary"]["phases"][0]["fixable"] == 0


@pytest.fixture
def rules() -> Iterator[None]:
    """A registry with one rule. It is changed in place: what is imported meanwhile keeps what it finds."""
    rule = SimpleNamespace(
        name="missing-release",
        summary="An owner leaves its scope unreleased.",
        reason="Nothing else releases it.",
        verdict=Verdict.FIXABLE,
        before="let resp = get()\n",
        after="let resp = get()\nresp.destroy()\n",
    )
    with patch.dict(RULES, {"missing-release": rule}, clear=True):
        yield


def test_explain_says_what_why_before_and_after(run: Run, rules: None) -> None:
    assert run("explain", "missing-release") == Outcome(
        0,
        "missing-release\n"
        "An owner leaves its scope unreleased.\n\n"
        "Why\n    Nothing else releases it.\n\n"
        "Before\n    let resp = get()\n\n"
        "After\n    let resp = get()\n    resp.destroy()\n",
        "",
    )


def test_explain_says_of_an_offer_that_it_must_be_approved(run: Run) -> None:
    assert "\n\nAfter, if you approve it\n" in run("explain", "foreign-growth").out


def test_a_file_without_a_line_is_no_rule(run: Run, rules: None) -> None:
    assert run("explain", "lib/src/a.tml").err == "tmlfix: say which line: lib/src/a.tml:LINE\n"


def test_a_rule_like_no_other_is_looked_up_in_the_list(run: Run, rules: None) -> None:
    assert run("explain", "zzz").err == "tmlfix: there is no rule 'zzz'; tmlfix explain lists them\n"


def test_a_tree_without_sources_is_not_clean(run: Run, tmp_path: Path) -> None:
    outcome = run("check", tmp_path)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"tmlfix: there is no .tml file in the working tree, which is {tmp_path}\n"


def test_what_cannot_be_read_is_not_clean(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tml").write_text("func (")

    outcome = run("check", tmp_path)

    assert (outcome.code, outcome.out) == (2, "nothing to fix in what could be read of the working tree\n")


def test_an_unknown_rule_gets_a_suggestion(run: Run, rules: None) -> None:
    assert run("explain", "mising-release") == Outcome(
        2,
        "",
        "tmlfix: there is no rule 'mising-release'; did you mean missing-release?\n",
    )


GOOD = b"func main() {\r\n}\n// end"


def test_parse_check_counts_files_and_lines(run: Run, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.tml").write_bytes(GOOD)

    outcome = run("parse", tmp_path, "--check", "--format", "json")

    assert outcome.code == 0
    seconds = outcome.document.pop("seconds")
    assert outcome.document | {"seconds": seconds} == {
        "files": 40,
        "parsed": 40,
        "rejected": [],
        "roundtrip_failures": [],
        "lines": 120,
        "seconds": seconds,
        "errors": [],
    }


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        pytest.param(b"func main() {\n    let = 3\n}\n", 2, 9, id="syntax error"),
        pytest.param(b"func main() {\n    // caf\xff\n}\n", 2, 11, id="invalid UTF-8"),
        pytest.param(b"func main() {\n\0}\n", 2, 1, id="NUL byte"),
        pytest.param(b"\xef\xbb\xbffunc main() {}\n", 1, 1, id="byte order mark"),
        pytest.param(b"func main() { x = " + b"(" * 100_000 + b")" * 100_000 + b"}", 1, 1018, id="brackets"),
    ],
)
def test_parse_check_rejects_with_line_and_column(
    run: Run, tmp_path: Path, source: bytes, line: int, column: int
) -> None:
    (tmp_path / "bad.tml").write_bytes(source)
    (tmp_path / "good.tml").write_bytes(GOOD)

    outcome = run("parse", tmp_path, "--check", "--format", "json")

    assert outcome.code == 1
    assert (outcome.document["files"], outcome.document["parsed"]) == (2, 1)
    (rejected,) = outcome.document["rejected"]
    assert rejected["message"]
    assert (rejected["path"], rejected["line"], rejected["column"]) == (f"{tmp_path}/bad.tml", line, column)
    text = run("parse", tmp_path, "--check")
    assert text.out.startswith(f"{tmp_path}/bad.tml:{line}:{column}: ")


def test_parse_check_reports_what_does_not_round_trip(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tml").write_bytes(GOOD)
    monkeypatch.setattr("tml_ast.parse", lambda _source: SimpleNamespace(code=lambda: b"func main() {}"))

    outcome = run("parse", tmp_path, "--check")

    assert outcome.code == 1
    assert outcome.out.startswith(f"{tmp_path}/a.tml: does not round-trip\n1 file, 3 lines in ")
    assert outcome.out.endswith("1 parsed, 0 rejected, 1 round-trip failure\n")


def test_parse_reports_what_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tml").write_bytes(GOOD)

    outcome = run("parse", tmp_path / "missing.tml", tmp_path, "--check")

    assert outcome.code == 2
    assert outcome.err == f"error: {tmp_path}/missing.tml: cannot be read: No such file or directory\n"
    assert outcome.out.startswith("1 file, 3 lines")


def test_parse_tree_prints_the_tree(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tml").write_bytes(GOOD)
    (tmp_path / "bad.tml").write_bytes(b"func = 3\n")

    outcome = run("parse", tmp_path / "a.tml", "--tree")
    assert outcome.code == 0
    assert "Function" in outcome.out

    outcome = run("parse", tmp_path / "bad.tml", "--tree")
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {tmp_path}/bad.tml:1:6: ")


# The process


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.tml").write_bytes(b"func = 3\n" * 10)
    command = [*PROGRAM, "parse", str(tmp_path), "--check", "--format", "json"]
    reader, writer = os.pipe()
    os.close(reader)

    process = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)

    assert process.stderr == b""


def test_a_terminal_gets_a_progress_bar_and_a_pipe_none(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.tml").write_bytes(GOOD)
    command = [*PROGRAM, "parse", str(tmp_path), "--check"]
    environment = os.environ | {"TERM": "xterm"}
    terminal, inner = pty.openpty()

    watched = subprocess.run(command, stdout=subprocess.PIPE, stderr=inner, env=environment)
    os.close(inner)
    piped = subprocess.run(command, capture_output=True, env=environment)

    assert b"parsing" in os.read(terminal, 65536)
    os.close(terminal)
    assert piped.stderr == b""
    assert watched.stdout.startswith(b"20 files") and piped.stdout.startswith(b"20 files")


def test_one_bar_from_the_start_that_never_runs_backwards(checkout: Checkout) -> None:
    program = (
        "import sys\n"
        "from codemods.cli.progress_bar import progress_bar\n"
        "with progress_bar() as progress:\n"
        "    for report in [('one', 1, 2), ('one', 1, 9), ('two', 0, 5), ('two', 5, 5), ('one', 0, 3)]:\n"
        "        sys.stderr.flush(); progress(*report); sys.modules['time'].sleep(0.15)\n"
    )
    terminal, inner = pty.openpty()
    subprocess.run([sys.executable, "-c", program], stderr=inner, env=os.environ | {"TERM": "xterm"})
    os.close(inner)
    shown = os.read(terminal, 1 << 20).decode()
    os.close(terminal)
    lines_up = re.findall(r"\x1b\[(\d+)A", shown)
    shown = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", shown)

    frames = re.findall(r"(reading files|one|two)[^\r\n]*?(?:(\d+)%)?\s+\d+:\d\d:\d\d", shown)
    percents = [int(percent) for _, percent in frames if percent]
    assert frames[0][0] == "reading files"
    assert percents == sorted(percents) and percents[-1] > 0
    assert set(lines_up) <= {"1"}, "more than one line is drawn"


def test_a_terminal_without_utf8_gets_escapes(tmp_path: Path) -> None:
    (tmp_path / "café\udcff.tml").write_bytes(b"func = 3\n")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}

    process = subprocess.run(
        [*PROGRAM, "parse", str(tmp_path), "--check"], capture_output=True, env=environment
    )

    assert process.returncode == 1
    assert rb"caf\xe9\udcff.tml:1:6: " in process.stdout
