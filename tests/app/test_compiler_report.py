"""``tmlfix compiler-report``: the compiler's defects, each with its program and places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codemods.compiler_defects import DEFECTS, LIBRARY_MISTAKES
from tests.support.bundled import Example
from tests.support.command import Run


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example.create(tmp_path_factory.mktemp("compiler") / "example")


def test_the_places_are_those_of_the_analysis(
    example: Example, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(example.folder)
    report = run("compiler-report", "--format", "json").document
    findings = run("apply", "--all", "--dry-run", "--format", "json").document["findings"]

    shown = [
        (place["rule"], place["path"], place["line"])
        for defect in report["defects"]
        for place in defect["places"]
    ]
    expected = [
        (finding["rule"], finding["path"], finding["line"])
        for finding in findings
        if finding["rule"] not in LIBRARY_MISTAKES
    ]
    assert sorted(shown) == sorted(expected) != []
    assert report["explained"] == len(shown)
    assert report["findings"] == len(findings) == len(shown) + sum(report["own_mistakes"].values())
    often = [len(defect["places"]) for defect in report["defects"]]
    assert often == sorted(often, reverse=True) and len(often) == len(DEFECTS)


def test_the_page_lists_each_defect_with_its_program_and_places(
    example: Example, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(example.folder)
    page = tmp_path / "compiler.md"
    outcome = run("compiler-report", "--output", page, "lib/src/http", "tests/http")

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    text = page.read_text()
    assert text.startswith("# Leaks that the TML compiler causes\n\ntmlfix has 26 findings in commit ")
    assert len(re.findall(r"(?m)^## \d+\. ", text)) == len(DEFECTS)
    for anchor in re.findall(r"\]\(#([\w-]+)\)", text):
        assert f'<a id="{anchor}"></a>' in text
    assert text.count("```tml\n") == sum(len(defect.files) for defect in DEFECTS.values())
    assert "- lib/src/http/client.tml:64 in Client.send\n" in text
    assert [path.name for path in tmp_path.iterdir()] == ["compiler.md"]


def test_a_page_that_cannot_be_written_is_an_error(
    example: Example, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(example.folder)
    (tmp_path / "file").touch()
    outcome = run("compiler-report", "-o", tmp_path / "file" / "compiler.md", "lib/src/url")

    assert (outcome.code, outcome.out) == (2, "")
    assert "Not a directory" in outcome.err and outcome.err.count("\n") == 1
