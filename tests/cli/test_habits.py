"""Options that all linters have: which rules run, how much is printed, where to, and the exit status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bundled import Example
from tests.support.checkout import Checkout
from tests.support.command import Outcome, Run
from tests.support.pages import program


def rules_of(outcome: Outcome) -> set[str]:
    """The rules of the findings in a JSON document."""
    return {finding["rule"] for finding in outcome.document["findings"]}


def test_a_short_option_shows_the_help(run: Run) -> None:
    for command in ((), *((name,) for name in program())):
        short, long = run(*command, "-h"), run(*command, "--help")
        assert short.code == 0
        assert short == long


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_clips_nothing(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in program():
        shown = run(command, "-h").out
        assert "…" not in shown, command
        assert max(map(len, shown.splitlines())) <= columns


def test_a_terminal_gets_lines_that_end_with_words_and_a_pipe_whole_ones(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("check", "--phase", "2").out
    explained = run("explain", "missing-release").out
    assert max(map(len, whole.splitlines())) > 120
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    for command, plain in ((("check", "--phase", "2"), whole), (("explain", "missing-release"), explained)):
        lines = re.sub(r"\x1b\[[\d;]*m", "", run(*command).out).splitlines()
        assert max(map(len, lines)) <= 60
        assert " ".join(" ".join(lines).split()) == " ".join(plain.split())


def test_a_file_gets_plain_text_whatever_the_terminal_shows(
    run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = (("check",), ("status",), ("apply", "--all", "--dry-run", "--diff"), ("plan",))
    plain = [run(*command).out for command in commands]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    for command, text in zip(commands, plain, strict=True):
        run(*command, "--output", "out.txt")
        assert (inside.folder / "out.txt").read_bytes().decode() == text


# Which rules


def test_only_selected_rules_run(run: Run, example: Example) -> None:
    everything = rules_of(run("check", "--phase", "2", "--format", "json"))
    assert everything == {"cancelled-drop", "undrained-elements"}

    chosen = run("check", "--phase", "2", "--select", "cancelled-drop", "--format", "json")
    left = run("check", "--phase", "2", "--ignore", "cancelled-drop", "--format", "json")
    both = run("check", "--phase", "2", "--select", "cancelled-drop,void-tail", "--ignore", "cancelled-drop")

    assert rules_of(chosen) == {"cancelled-drop"}
    assert rules_of(left) == {"undrained-elements"}
    assert both.code == 0


def test_ignoring_on_the_command_line_is_as_in_the_settings(run: Run, example: Example) -> None:
    asked = run("apply", "--all", "--dry-run", "--ignore", "void-tail, missing-release", "--diff")
    example.write("tmlfix.toml", b'[rules]\ndisable = ["void-tail", "missing-release"]\n')

    assert asked.out
    assert run("apply", "--all", "--dry-run", "--diff").out == asked.out


def test_a_selected_rule_runs_whatever_the_settings_say(run: Run, example: Example) -> None:
    example.write("tmlfix.toml", b'[rules]\ndisable = ["cancelled-drop"]\n')

    assert rules_of(run("check", "--phase", "2", "--format", "json")) == {"undrained-elements"}
    selected = run("check", "--phase", "2", "--select", "cancelled-drop", "--format", "json")
    assert rules_of(selected) == {"cancelled-drop"}


def test_branches_status_and_page_have_the_selected_rules_only(run: Run, example: Example) -> None:
    assert run("apply", "--phase", "2", "--select", "undrained-elements").code == 0
    message = example.git("log", "--format=%B", "-1", "tmlfix/phase-2-net-parsers").decode()
    assert "undrained-elements: 2" in message and "cancelled-drop" not in message

    phases = run("status", "--select", "undrained-elements", "--format", "json").document["summary"]["phases"]
    assert {phase["name"]: phase["fixable"] for phase in phases if phase["fixable"]}["net-parsers"] == 2

    reviewed = run("review", "--phase", "2", "--ignore", "undrained-elements", "-o", "page.html")
    assert reviewed.out.startswith("1 finding in 1 file")


def test_an_unknown_rule_is_refused(run: Run, example: Example) -> None:
    expected = "tmlfix: there is no rule 'void-tial'; did you mean void-tail?\n"

    assert run("check", "--select", "void-tail,void-tial") == Outcome(2, "", expected)
    assert run("status", "--ignore", "void-tial") == Outcome(2, "", expected)


def test_a_baseline_keeps_what_was_not_looked_for(run: Run, example: Example) -> None:
    run("check", "--write-baseline", "known.json")
    everything = Path("known.json").read_text()

    run("check", "--write-baseline", "known.json", "--select", "cancelled-drop")

    assert Path("known.json").read_text() == everything
    assert "no longer found" not in run("check", "--baseline", "known.json", "--ignore", "void-tail").out


def test_a_comment_about_a_rule_that_does_not_run_is_right(run: Run, example: Example) -> None:
    file = example.folder / "lib/src/net/addr.tml"
    lines = file.read_text().splitlines(keepends=True)
    call = next(number for number, line in enumerate(lines) if "decimal(port_text" in line)
    lines.insert(call, "// tmlfix: ignore[cancelled-drop] the caller frees it\n")
    file.write_text("".join(lines))

    assert "1 finding suppressed by comments" in run("check", "--phase", "2").out
    assert rules_of(run("check", "--phase", "2", "--ignore", "cancelled-drop", "--format", "json")) == {
        "undrained-elements"
    }


def test_findings_about_comments_can_be_selected_and_ignored(run: Run, example: Example) -> None:
    file = example.folder / "lib/src/net/addr.tml"
    file.write_text("// tmlfix: ignore[void-tail] nothing of that kind is here\n" + file.read_text())

    assert rules_of(run("check", "--phase", "2", "--format", "json")) > {"suppression-comment"}
    ignored = run("check", "--phase", "2", "--ignore", "suppression-comment", "--format", "json")
    assert rules_of(ignored) == {"cancelled-drop", "undrained-elements"}


def test_shards_with_other_rules_do_not_belong_together(run: Run, example: Example) -> None:
    run("check", "--shard", "1/2", "--select", "void-tail", "--format", "json", "-o", "1.json")
    run("check", "--shard", "2/2", "--ignore", "void-tail", "--format", "json", "-o", "2.json")

    assert "other settings" in run("merge", "1.json", "2.json").err


# How much is printed


def test_statistics_count_the_findings_of_each_rule(run: Run, example: Example) -> None:
    outcome = run("check", "--phase", "2", "--statistics")

    assert outcome.code == 1
    assert [line.split() for line in outcome.out.splitlines()[:3]] == [
        ["findings", "fixable", "review", "reported", "rule"],
        ["2", "2", "0", "0", "undrained-elements"],
        ["1", "1", "0", "0", "cancelled-drop"],
    ]
    assert outcome.out.splitlines()[3].startswith("3 findings in 1 file of the working tree")
    preview = run("apply", "--phase", "2", "--dry-run", "--statistics")
    assert preview.out.splitlines()[:3] == outcome.out.splitlines()[:3]
    status = run("status", "--statistics", "lib/src/net")
    assert status.out.splitlines()[:3] == outcome.out.splitlines()[:3]


def test_statistics_for_programs(run: Run, example: Example) -> None:
    expected = [
        {"rule": "undrained-elements", "findings": 2, "fixable": 2, "review": 0, "reported": 0},
        {"rule": "cancelled-drop", "findings": 1, "fixable": 1, "review": 0, "reported": 0},
    ]
    for command in (
        ["check", "--phase", "2"],
        ["apply", "--phase", "2", "--dry-run"],
        ["status", "lib/src/net"],
    ):
        document = run(*command, "--statistics", "--format", "json").document
        assert document == {"version": 1, "statistics": expected, "errors": []}


def test_quiet_prints_findings_and_errors_only(run: Run, inside: Checkout) -> None:
    loud, quiet = run("check"), run("check", "--quiet")

    assert quiet.code == 1
    assert quiet.out and loud.out.startswith(quiet.out)
    assert all(": [" in line for line in quiet.out.splitlines())
    assert run("apply", "--all", "--dry-run", "-q").out == quiet.out
    assert run("check", "-q", "-o", "found.txt") == Outcome(1, "", "")
    assert Path("found.txt").read_text() == quiet.out
    assert run("check", "--write-baseline", "known.json", "-q") == Outcome(0, "", "")
    assert run("check", "--baseline", "known.json", "-q") == Outcome(0, "", "")
    assert run("review", "-o", "page.html", "-q") == Outcome(0, "", "")
    assert run("apply", "--phase", "1", "-q") == Outcome(0, "", "")
    assert run("apply", "--phase", "2", "--in-place", "-q") == Outcome(0, "", "")


def test_quiet_keeps_errors(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/http/bad.tml", b"broken\n")

    outcome = run("apply", "--phase", "1", "--in-place", "--quiet")

    assert outcome == Outcome(2, "", "error: lib/src/http/bad.tml:1:1: unexpected 'broken'\n")


def test_parse_is_quiet_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.tml").write_text("func main() {}\n")
    assert run("parse", "--check", "-q", tmp_path) == Outcome(0, "", "")
    (tmp_path / "bad.tml").write_text("func = 3\n")
    assert run("parse", "--check", "-q", tmp_path).out.count("\n") == 1


# The exit status


@pytest.mark.parametrize(
    "command", [["check"], ["apply", "--all", "--dry-run"], ["check", "--statistics"]], ids=" ".join
)
def test_exit_zero_ends_with_zero_but_for_errors(run: Run, inside: Checkout, command: list[str]) -> None:
    found = run(*command)
    assert found.code == 1
    assert run(*command, "--exit-zero") == Outcome(0, found.out, "")

    inside.write("lib/src/http/bad.tml", b"broken\n")
    inside.commit()
    assert run(*command, "--exit-zero").code == 2


def test_exit_zero_of_a_merge_and_of_parse(run: Run, inside: Checkout, tmp_path: Path) -> None:
    for number in ("1", "2"):
        run("check", "--shard", f"{number}/2", "--format", "json", "-o", f"{number}.json")
    assert run("merge", "1.json", "2.json", "-o", "all.json").code == 1
    assert run("merge", "1.json", "2.json", "-o", "all.json", "--exit-zero", "--quiet") == Outcome(0, "", "")
    (tmp_path / "bad.tml").write_text("func = 3\n")
    assert run("parse", "--check", tmp_path / "bad.tml").code == 1
    assert run("parse", "--check", tmp_path / "bad.tml", "--exit-zero").code == 0


# Where to


@pytest.mark.parametrize(
    "command",
    [
        ["apply", "--all", "--dry-run"],
        ["apply", "--all", "--dry-run", "--diff"],
        ["apply", "--all", "--dry-run", "--statistics"],
        ["apply", "--all", "--dry-run", "--format", "json"],
        ["status"],
        ["status", "--format", "json"],
        ["status", "--statistics"],
        ["config"],
        ["explain"],
        ["explain", "missing-release"],
        ["explain", "lib/src/http/client.tml:1"],
        ["compiler-report"],
        ["parse", "--tree", "lib/src/http/response.tml"],
        ["plan", "--format", "markdown"],
    ],
    ids=" ".join,
)
def test_a_file_gets_what_would_be_printed(
    run: Run, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    checkout = new_checkout("library")
    checkout.write("lib/src/http/client.tml", b"pub func port() -> I64 {\r\n    return 80\r\n}\r\n")
    checkout.write("lib/src/http/response.tml", b"pub func code() -> I64 {\n    return 200\n}\n")
    checkout.commit()
    monkeypatch.chdir(checkout.folder)
    printed = run(*command)

    outcome = run(*command, "-o", "out/result")

    assert outcome == Outcome(printed.code, "", printed.err)
    assert Path("out/result").read_bytes().decode() == printed.out


def test_a_result_that_cannot_be_written_is_named(run: Run, inside: Checkout) -> None:
    outcome = run("status", "-o", "lib")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("tmlfix: lib was not written: ")


def test_measured_leaks_go_to_a_file_too(run: Run, example: Example) -> None:
    for command in (["leaks", "reports/before.log"], ["plan", "--leaks", "reports/before.log"]):
        printed = run(*command, "--no-findings", "--format", "json")

        outcome = run(*command, "--no-findings", "--format", "json", "-o", "leaks.json", "--exit-zero")

        assert printed.code == 1
        assert outcome == Outcome(0, "", printed.err)
        assert json.loads(Path("leaks.json").read_text()) == printed.document
