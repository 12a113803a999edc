"""``tmlfix leaks`` and ``tmlfix plan``, as a user meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from codemods.verification.leak_plan import leak_plan
from codemods.verification.leaks import phase_number
from tests.support.checkout import Checkout
from tests.support.command import Outcome, Run
from tests.support.project import EXAMPLE
from tests.verification.leak_logs import Printer

PROGRAM = [sys.executable, "-c", "import sys; from codemods.cli import main; sys.exit(main())"]
CLIENT = "tests/http/client.test.tml"
CACHE = "tests/http/cache.test.tml"
PARSER = "tests/net/parser.test.tml"
TEXT = "tests/text/text.test.tml"
GOOD: Mapping[str, Sequence[int]] = {CLIENT: [], CACHE: [4], PARSER: [], TEXT: [2]}
BAD: Mapping[str, Sequence[int]] = {CLIENT: [9] * 52, CACHE: [], PARSER: [4000] * 60, TEXT: []}


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, without a tree, with logs in it."""
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "good.log").write_bytes(Printer().log(GOOD))
    (folder / "bad.log").write_bytes(Printer().log(BAD))
    return folder


@pytest.fixture
def tree(checkout: Checkout, analysis: None, logs: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A repository with the tests of the logs as the current folder, and the stand-in for the analysis."""
    for path in GOOD:
        checkout.write(path, b"leak\n" if path == CLIENT else b"fine\n")
    checkout.commit()
    monkeypatch.chdir(checkout.folder)
    return checkout


def verdicts(outcome: Outcome) -> dict[str, str]:
    return {criterion["name"]: criterion["verdict"] for criterion in outcome.document["criteria"]}


# Leaks


def test_leaks_are_listed_by_phase_module_and_file_the_worst_first(run: Run, logs: Path) -> None:
    outcome = run("leaks", "bad.log")

    assert outcome == Outcome(
        1,
        "112 leaks, 240,468 bytes in bad.log\n"
        "\n"
        "By phase\n"
        "phase  name             leaks    bytes\n"
        "1      http                52      468\n"
        "2      net-parsers         60  240,000\n"
        "3      collections          0        0\n"
        "4      url-json-crypto      0        0\n"
        "5      test-infra           0        0\n"
        "       all                112  240,468\n"
        "\n"
        "By module\n"
        "module  leaks    bytes\n"
        "net        60  240,000\n"
        "http       52      468\n"
        "\n"
        "By file\n"
        "file             leaks    bytes\n"
        "parser.test.tml     60  240,000\n"
        "client.test.tml     52      468\n"
        "\n"
        "Criteria of the leak plan\n"
        "[ ] client test: below 5 leaks in http/client.test.tml, 52 now: 48 leaks to go\n"
        "[ ] total leaks: below 100 leaks in total, 112 now: 13 leaks to go\n"
        "[ ] total memory: below 5,120 bytes in total, 240,468 now: 235,349 bytes to go\n"
        "[ ] suites: below 10 leaks in every suite, 60 now: 51 leaks to go "
        "(worst: net; 2 suites are not below)\n",
        "",
    )


def test_files_of_the_same_name_are_told_apart(run: Run, logs: Path) -> None:
    files = {"tests/http/a.test.tml": [1], "tests/net/a.test.tml": [1], "tests/net/b.test.tml": [1]}
    (logs / "same.log").write_bytes(Printer().log(files))

    out = run("leaks", "same.log").out

    for name in ("http/a.test.tml", "net/a.test.tml", "b.test.tml"):
        assert f"\n{name.ljust(15)}      1      1\n" in out


def test_a_plan_that_is_fulfilled_ends_well(run: Run, logs: Path) -> None:
    outcome = run("leaks", "good.log")

    assert outcome.code == 0
    assert outcome.out.count("[x]") == 4


def test_findings_stand_beside_the_leaks(run: Run, tree: Checkout, logs: Path) -> None:
    text = run("leaks", logs / "bad.log").out
    document = run("leaks", logs / "bad.log", "--format", "json").document

    assert "client.test.tml     52      468         1\n" in text
    assert f"note: findings are those of tmlfix in commit {tree.head()[:12]}\n" in text
    assert document["modules"] == [
        {"module": "net", "leaks": 60, "bytes": 240000, "exact": True, "findings": 1},
        {"module": "http", "leaks": 52, "bytes": 468, "exact": True, "findings": 3},
    ]
    assert "note: findings" not in run("leaks", logs / "bad.log", "--no-findings").out


def test_a_file_that_cannot_be_parsed_is_an_error_as_in_status(run: Run, tree: Checkout, logs: Path) -> None:
    tree.write("lib/src/net/bad.tml", b"broken\n")
    tree.commit()

    outcome = run("leaks", logs / "good.log")

    assert outcome.code == 2
    assert outcome.err == "error: lib/src/net/bad.tml:1:1: unexpected 'broken'\n"
    assert "By file" in outcome.out


# The criteria


def test_what_a_log_does_not_show_is_not_measured(run: Run, logs: Path) -> None:
    (logs / "part.log").write_bytes(Printer().log({PARSER: []}))

    outcome = run("leaks", "part.log")

    assert outcome.code == 1
    assert "[?] client test: below 5 leaks in http/client.test.tml: not measured, " in outcome.out
    assert outcome.out.count("[x]") == 3


@pytest.mark.parametrize("printer", [Printer(table=False), Printer(table=False, report="short")])
def test_a_log_without_the_end_of_its_run_proves_nothing(run: Run, logs: Path, printer: Printer) -> None:
    (logs / "quiet.log").write_bytes(printer.log({CLIENT: [4], CACHE: [4]}))

    outcome = run("leaks", "quiet.log", "--format", "json")

    assert outcome.code == 1
    assert set(verdicts(outcome).values()) == {"not measured"}
    assert "at least 2 leaks, 8 bytes in quiet.log" in run("leaks", "quiet.log").out


def test_a_log_without_an_end_can_show_that_a_goal_is_missed(run: Run, logs: Path) -> None:
    (logs / "quiet.log").write_bytes(Printer(table=False).log({CACHE: [4] * 10, PARSER: [1] * 90}))

    assert verdicts(run("leaks", "quiet.log", "--format", "json")) == {
        "client test": "not measured",
        "total leaks": "missed",
        "total memory": "not measured",
        "suites": "missed",
    }


def test_a_test_that_failed_proves_nothing(run: Run, logs: Path) -> None:
    (logs / "failed.log").write_bytes(Printer().log(GOOD, failed=[CLIENT]))

    outcome = run("leaks", "failed.log", "--format", "json")

    assert set(verdicts(outcome).values()) == {"not measured"}
    assert outcome.document["failed"] == [CLIENT]
    assert (
        "note: 1 test file failed or did not run, and may leak more than was counted"
        in run("leaks", "failed.log").out
    )


def test_leaks_without_a_file_could_be_of_any(run: Run, logs: Path) -> None:
    log = Printer(report="none").log({**GOOD, PARSER: [1] * 9}).splitlines(keepends=True)
    (logs / "lost.log").write_bytes(b"".join(line for line in log if b"parser.test.tml   " not in line))

    assert verdicts(run("leaks", "lost.log", "--format", "json")) == {
        "client test": "not measured",
        "total leaks": "met",
        "total memory": "met",
        "suites": "not measured",
    }


@pytest.mark.parametrize("option", [(), ("--no-findings",)])
def test_the_sums_need_all_tests_of_the_tree(
    run: Run, tree: Checkout, logs: Path, option: tuple[str, ...]
) -> None:
    tree.write("tests/net/pending/later.test.tml", b"fine\n")
    tree.commit()
    assert set(verdicts(run("leaks", logs / "good.log", "--format", "json", *option)).values()) == {"met"}

    tree.write("tests/net/other.test.tml", b"fine\n")
    tree.commit()
    outcome = run("leaks", logs / "good.log", "--format", "json", *option)

    assert verdicts(outcome)["total leaks"] == "not measured"
    assert verdicts(outcome)["client test"] == "met"
    assert outcome.document["criteria"][1]["detail"] == (
        "1 of 5 test files of the tree did not run, for example tests/net/other.test.tml"
    )


def test_a_partial_run_is_noted_once_above_the_criteria(run: Run, tree: Checkout, logs: Path) -> None:
    (logs / "part.log").write_bytes(Printer().log({PARSER: [4]}))

    outcome = run("leaks", logs / "part.log", "--no-findings")

    assert outcome.code == 1
    assert outcome.out[outcome.out.index("note: ") :] == (
        "note: 3 of 4 test files of the tree did not run, for example tests/http/cache.test.tml\n"
        "\n"
        "Criteria of the leak plan\n"
        "[?] client test: below 5 leaks in http/client.test.tml: "
        "not measured, the logs do not show that it ran\n"
        "[?] total leaks: below 100 leaks in total, at least 1 now: not measured, partial run\n"
        "[?] total memory: below 5,120 bytes in total, at least 4 now: not measured, partial run\n"
        "[?] suites: below 10 leaks in every suite, at least 1 now: not measured, partial run\n"
        "\n"
        "note: the criteria are for a run of all tests; --no-criteria leaves them out\n"
    )


def test_what_keeps_several_criteria_open_is_said_once(run: Run, logs: Path) -> None:
    (logs / "open.log").write_bytes(Printer(table=False).log(GOOD, failed=[PARSER]))

    out = run("leaks", "open.log").out

    assert out.count("the end of a run is missing") == out.count("1 test file failed or did not run") == 1
    assert out.count(": not measured, the log is not complete; tests failed\n") == 3
    assert "--no-criteria" not in out


def test_criteria_need_not_be_judged(run: Run, logs: Path) -> None:
    outcome = run("leaks", "bad.log", "--no-criteria")

    assert outcome.code == 0
    assert "Criteria" not in outcome.out


# Two logs


def test_a_comparison_lists_every_change_and_fails_on_a_rise(run: Run, logs: Path) -> None:
    outcome = run("leaks", "--compare", "bad.log", "good.log", "--no-criteria")

    assert outcome.code == 1
    assert outcome.out.startswith(
        "112 leaks, 240,468 bytes in bad.log; 2 leaks, 6 bytes in good.log; leaks rose in 2 files\n"
    )
    assert outcome.out.endswith(
        "file             before  after  change  bytes before  bytes after\n"
        "cache.test.tml        0      1      +1             0            4\n"
        "text.test.tml         0      1      +1             0            2\n"
        "parser.test.tml      60      0     -60       240,000            0\n"
        "client.test.tml      52      0     -52           468            0\n"
    )


def test_a_comparison_without_a_rise_judges_the_later_log(run: Run, logs: Path) -> None:
    (logs / "better.log").write_bytes(Printer().log({**BAD, PARSER: []}))

    assert run("leaks", "--compare", "bad.log", "better.log").code == 1
    assert run("leaks", "--compare", "bad.log", "better.log", "--no-criteria").code == 0
    assert run("leaks", "--compare", "good.log", "good.log").code == 0


def test_a_comparison_names_files_that_are_in_one_log_alone(run: Run, logs: Path) -> None:
    (logs / "one.log").write_bytes(Printer().log({CLIENT: [1], CACHE: [1]}))
    (logs / "other.log").write_bytes(Printer(root="/ci/", report="none").log({CACHE: [1], TEXT: [1]}))

    document = run("leaks", "--compare", "one.log", "other.log", "--format", "json").document

    assert {file["path"]: (file["change"], file["remark"]) for file in document["files"]} == {
        CLIENT: (-1, "only before"),
        CACHE: (0, ""),
        TEXT: (1, "only after"),
    }
    assert document["rose"] == [TEXT]


def test_a_leak_that_went_because_its_test_failed_is_marked(run: Run, logs: Path) -> None:
    (logs / "failed.log").write_bytes(Printer().log({CLIENT: [], PARSER: []}, failed=[CLIENT]))

    outcome = run("leaks", "--compare", "bad.log", "failed.log", "--format", "json")

    remarks = {file["path"]: file["remark"] for file in outcome.document["files"]}
    assert remarks == {CLIENT: "failed after", PARSER: ""}


def test_a_comparison_takes_two_logs(run: Run, logs: Path) -> None:
    outcome = run("leaks", "--compare", "bad.log")

    assert outcome == Outcome(2, "", "tmlfix: --compare takes two logs: the one before and the one after\n")


# Input and output


@pytest.mark.parametrize("content", [b"", b"make: nothing to be done\n"])
def test_a_log_without_a_run_is_said_to_be_none(run: Run, logs: Path, content: bytes) -> None:
    (logs / "other.log").write_bytes(content)

    outcome = run("leaks", "other.log")

    assert outcome.code == 2
    assert outcome.err.startswith("tmlfix: other.log: has no output of `tml test` in it; make ")


def test_a_log_that_cannot_be_read_is_named(run: Run, logs: Path) -> None:
    assert run("leaks", "no.log") == Outcome(2, "", "tmlfix: no.log: No such file or directory\n")
    assert run("leaks", ".") == Outcome(2, "", "tmlfix: .: Is a directory\n")


def test_standard_input_is_read(logs: Path) -> None:
    with (logs / "good.log").open("rb") as log:
        done = subprocess.run([*PROGRAM, "leaks", "-"], stdin=log, capture_output=True, text=True)

    assert done.returncode == 0
    assert done.stdout.startswith("2 leaks, 6 bytes in -\n")


def test_standard_input_is_read_once(run: Run, logs: Path) -> None:
    assert run("leaks", "-", "-").err == "tmlfix: standard input can be read only once; name it only once\n"


def test_markdown_shows_names_as_they_are(run: Run, logs: Path) -> None:
    name = "tests/a|b/_x_`<i>.test.tml"
    (logs / "odd.log").write_bytes(Printer().log({name: [1]}))

    out = run("leaks", "odd.log", "--format", "markdown").out

    assert "| ``_x_`<i>.test.tml`` | 1 | 1 |\n" in out
    assert "- [x] total leaks: below 100 leaks in total, 1 now\n" in out
    assert out.startswith(
        "## 1 leak, 1 byte in odd.log\n\n### By phase\n\n| phase | name | leaks | bytes |\n"
    )


def test_a_name_cannot_steer_the_terminal(run: Run, logs: Path) -> None:
    log = Printer(table=False).log({"tests/http/a.test.tml": [1]})
    (logs / "odd.log").write_bytes(log.replace(b"http/a", b"http/\x07a\xe2\x80\xae\xff"))

    for format in ("text", "markdown"):
        out = run("leaks", "odd.log", "--format", format).out
        assert "^Ga\\u202e\\udcff.test.tml" in out


def test_a_terminal_gets_colours_and_whole_names(
    run: Run, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)

    out = run("leaks", "--compare", "bad.log", "good.log").out

    assert "\x1b[31m     +1\x1b[0m" in out or "\x1b[31m    +1\x1b[0m" in out
    assert "client.test.tml" in out
    assert "\x1b[32m[x] client test" in out


# The plan


def test_the_plan_adds_up_its_rows_and_says_where_it_does_not(run: Run, logs: Path) -> None:
    outcome = run("plan")

    assert outcome.code == 0
    assert outcome.out.startswith("1,027 leaks, about 50,688 bytes in the plan\n")
    assert "4      url-json-crypto    196   about 5,111\n" in outcome.out
    assert "url              72           826\n" in outcome.out
    assert (
        "note: the plan's own sum of URL is 72 leaks, 627 bytes, but its rows add up to 72 leaks, 826 bytes\n"
    ) in outcome.out
    assert "done" not in outcome.out


def test_the_figures_of_the_plan_hold_together() -> None:
    plan = leak_plan()

    assert plan.listed.leaks + plan.unlisted.leaks == plan.headline.leaks
    assert sum(amount.leaks for amount in plan.by_phase().values()) == plan.headline.leaks
    assert plan.limits.client in plan.leaks.files
    for group in plan.groups:
        assert {phase_number(file) for file in group.files} <= {group.phase}


def test_the_plan_shows_findings_and_no_progress_without_a_start(run: Run, tree: Checkout) -> None:
    outcome = run("plan")

    assert "1      http               148  about 36,002         3\n" in outcome.out
    assert "%" not in outcome.out
    assert "note: progress is not known: --leaks LOG measures it" in outcome.out
    assert f"note: findings are those of tmlfix in commit {tree.head()[:12]}\n" in outcome.out
    phase = run("plan", "--format", "json").document["phases"][0]
    assert phase["findings"] == {"fixable": 3, "review": 0, "reported": 0}
    assert phase["done"] is None


def test_progress_is_the_share_by_which_the_number_of_findings_fell(run: Run, tree: Checkout) -> None:
    run("check", "--write-baseline", "start.json")
    untouched = run("plan", "--baseline", "start.json").out
    assert "1      http               148  about 36,002         3  ....................   0%\n" in untouched
    assert "done is the share by which the number of findings fell since they were recorded\n" in untouched

    path = next(iter(run("check", "--phase", "1", "--format", "json").document["findings"]))["path"]
    tree.write(path, b"fine\n")
    tree.commit()

    assert "         2  ######..............  33%\n" in run("plan", "--baseline", "start.json").out
    document = run("plan", "--baseline", "start.json", "--format", "json").document
    assert document["phases"][0]["done"] == pytest.approx(1 / 3)
    assert document["phases"][4]["done"] is None


def test_a_start_that_is_no_baseline_is_refused(run: Run, tree: Checkout) -> None:
    assert run("plan", "--baseline", "none.json").err.startswith("tmlfix: there is no baseline none.json")


def test_the_plan_shows_the_leaks_of_now(run: Run, logs: Path) -> None:
    everything = {
        f"lib/std/tests/{name}": [1] * (name == "http/client.test.tml") for name in leak_plan().leaks.files
    }
    (logs / "now.log").write_bytes(Printer(root="/ci/tml/").log(everything))

    outcome = run("plan", "--leaks", "now.log")

    assert outcome.code == 0
    assert (
        "1      http                148  about 36,002    1      1  ###################.  99%\n" in outcome.out
    )
    assert (
        "2      net-parsers         169           546    0      0  #################### 100%\n" in outcome.out
    )
    assert "http/client.test.tml                           52  about 35,328    1      1\n" in outcome.out


def test_a_test_that_did_not_run_is_not_done(run: Run, logs: Path) -> None:
    (logs / "now.log").write_bytes(Printer().log({"lib/std/tests/net/parser_ipv4.test.tml": []}))

    text = run("plan", "--leaks", "now.log").out
    document = run("plan", "--leaks", "now.log", "--format", "json").document

    assert (
        "2      net-parsers         169           546  at least 0      0  #####...............  28%\n" in text
    )
    assert "net/parser_ipv6.test.tml                       60           235           -      -\n" in text
    files = {file["path"]: file["now"] for file in document["files"]}
    assert files["net/parser_ipv6.test.tml"] is None
    assert files["net/parser_ipv4.test.tml"] == {"leaks": 0, "bytes": 0, "exact": True}


def test_a_phase_of_which_nothing_ran_has_a_dash_for_what_is_done(run: Run, logs: Path) -> None:
    (logs / "now.log").write_bytes(Printer().log({"lib/std/tests/net/parser_ipv4.test.tml": []}))

    lines = run("plan", "--leaks", "now.log").out.splitlines()
    document = run("plan", "--leaks", "now.log", "--format", "json").document

    assert "1 http 148 about 36,002 - - -".split() in [line.split() for line in lines]
    http, net = document["phases"][:2]
    assert http["now"] is None and http["done"] is None
    assert net["now"]["leaks"] == 0 and 0 < net["done"] < 1


def test_progress_can_be_measured_from_a_log(run: Run, logs: Path) -> None:
    outcome = run("plan", "--before", "bad.log", "--leaks", "good.log", "--format", "markdown")

    assert outcome.code == 0
    assert "| 2 | net-parsers | 60 | 240,000 | 0 | 0 | `#################### 100%` |\n" in outcome.out
    assert "| `text.test.tml` | 0 | 0 | 1 | 2 |\n" in outcome.out
    assert run("plan", "--before", "bad.log").err == (
        "tmlfix: --before goes with --leaks LOG, which has the leaks of now\n"
    )


# The picture


def drawn(file: Path) -> tuple[list[str], dict[str, list[float]]]:
    """The texts of a picture, and the lengths of its bars."""
    space = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(file).getroot()
    bars: dict[str, list[float]] = {"before": [], "after": []}
    for rectangle in root.iterfind(f"{space}g/{space}rect"):
        bars[rectangle.attrib["class"]].append(float(rectangle.attrib["width"]))
    return [str(text.text) for text in root.iter(f"{space}text")], bars


def test_a_picture_shows_each_module_before_and_now(run: Run, logs: Path) -> None:
    (logs / "now.log").write_bytes(Printer().log({**BAD, PARSER: [1] * 30}))

    run("plan", "--before", "bad.log", "--leaks", "now.log", "--svg", "leaks.svg")

    texts, bars = drawn(logs / "leaks.svg")
    assert {"Leaks by module", "net", "http", "60", "30", "52", "leaks", "bad.log", "now.log"} <= set(texts)
    assert bars["after"][0] * 2 == pytest.approx(bars["before"][0])
    assert bars["after"][1] == bars["before"][1] < bars["before"][0]
    content = (logs / "leaks.svg").read_text()
    assert "prefers-color-scheme: dark" in content
    assert "href" not in content and "url(" not in content


def test_a_picture_of_the_plan_alone_has_one_bar_a_module(run: Run, logs: Path) -> None:
    run("plan", "--svg", "plan.svg")

    texts, bars = drawn(logs / "plan.svg")
    assert bars["after"] == []
    assert {"collections", "176", "(all others)", "219"} <= set(texts)


def test_a_picture_keeps_odd_names_apart_from_its_own_language(run: Run, logs: Path) -> None:
    name = 'tests/<script>alert("&")\x07/a.test.tml'
    (logs / "odd.log").write_bytes(Printer(table=False).log({name: [1]}))

    run("plan", "--before", "odd.log", "--leaks", "odd.log", "--svg", "odd.svg")

    texts, _ = drawn(logs / "odd.svg")
    assert '<script>alert("&")^G' in texts
    assert "<script" not in (logs / "odd.svg").read_text()


def test_a_chart_clips_no_text_and_names_files_without_their_folders(run: Run, logs: Path) -> None:
    name = "a_module_with_a_name_that_is_much_longer_than_that_of_any_other_module"
    (logs / "deep/folder").mkdir(parents=True)
    for log, leaks in (("bad.log", [8, 8]), ("a-log-with-quite-a-long-name-of-its-own.log", [8])):
        content = Printer().log({f"tests/{name}/a.test.tml": leaks})
        (logs / "deep/folder" / log).write_bytes(content)
    now = "deep/folder/a-log-with-quite-a-long-name-of-its-own.log"

    run("plan", "--before", "deep/folder/bad.log", "--leaks", now, "--svg", "leaks.svg", "--no-findings")

    tree = ElementTree.parse(logs / "leaks.svg").getroot()
    width = float(tree.attrib["width"])
    shown = [element for element in tree.iter() if element.tag.endswith("}text")]
    assert name in [element.text for element in shown]
    assert not any("…" in (element.text or "") or "deep/folder" in (element.text or "") for element in shown)
    for element in shown:
        length, x = 6 * len(element.text or ""), float(element.attrib["x"])
        anchor = element.attrib["text-anchor"]
        start = {"start": x, "end": x - length, "middle": x - length / 2}[anchor]
        assert start >= 0 and start + length <= width, element.text


def test_a_picture_that_cannot_be_written_is_an_error(run: Run, logs: Path) -> None:
    (logs / "taken").mkdir()

    outcome = run("plan", "--svg", "taken")

    assert outcome.code == 2
    assert outcome.err == f"tmlfix: taken was not written: {logs}/taken: Is a directory\n"
    assert sorted(os.listdir(logs)) == ["bad.log", "good.log", "taken"]  # noqa: PTH208


# The example


def test_the_logs_of_the_example_are_of_its_tests(run: Run, logs: Path) -> None:
    tests = {path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*.test.tml")}
    for log in sorted((EXAMPLE / "reports").iterdir()):
        document = run("leaks", log, "--format", "json").document
        assert {file["path"] for file in document["files"]} <= tests
        assert document["gaps"] == document["failed"] == document["notes"] == []
