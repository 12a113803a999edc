"""`tmlfix check -`: a file of the tree as it is on standard input, as editors and hooks have it."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from tests.support.bundled import Example
from tests.support.command import Outcome, Run

CLIENT = "tests/http/client.test.tml"
ADDRESS = "lib/src/net/addr.tml"


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def test_the_text_replaces_the_file_and_only_its_findings_are_told(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (example.folder / ADDRESS).read_bytes()
    on_disk = run("check", ADDRESS)
    assert on_disk.code == 1

    feed(monkeypatch, source)
    assert run("check", "-", "--stdin-filename", ADDRESS) == on_disk

    feed(monkeypatch, b"// moved down\n" + source)
    moved = run("check", "-", "--stdin-filename", ADDRESS)
    lines = [int(line.split(":")[1]) for line in on_disk.out.splitlines()[:-1]]
    assert [int(line.split(":")[1]) for line in moved.out.splitlines()[:-1]] == [line + 1 for line in lines]
    assert (example.folder / ADDRESS).read_bytes() == source


def test_a_fixed_text_has_no_findings(run: Run, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, b"pub func nothing() -> I64 {\n    return 1\n}\n")

    assert run("check", "-", "--stdin-filename", ADDRESS).code == 0


def test_the_rest_of_the_tree_informs_about_a_new_file(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(monkeypatch, (example.folder / CLIENT).read_bytes())
    new = "tests/http/new.test.tml"

    outcome = run("check", "-", "--stdin-filename", new, "--format", "json")

    assert {finding["path"] for finding in outcome.document["findings"]} == {new}
    assert len(outcome.document["findings"]) == len(
        run("check", CLIENT, "--format", "json").document["findings"]
    )
    assert not (example.folder / new).exists()


def test_a_baseline_and_a_change_count_for_the_text(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("check", "--write-baseline", "known.json")
    source = (example.folder / ADDRESS).read_bytes()
    for option in (("--baseline", "known.json"), ("--changed-since", "HEAD")):
        feed(monkeypatch, b"// moved down\n" + source)
        assert run("check", "-", "--stdin-filename", ADDRESS, *option).code == 0


def test_a_text_that_does_not_parse_is_named_by_its_file(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(monkeypatch, b"func (")

    outcome = run("check", "-", "--stdin-filename", ADDRESS)

    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {ADDRESS}:1:6: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-",), "say which file standard input is: tmlfix check - --stdin-filename FILE"),
        (
            ("--stdin-filename", "a.tml"),
            "--stdin-filename goes with -: tmlfix check - --stdin-filename a.tml",
        ),
        (("-", "lib", "--stdin-filename", "a.tml"), "- is one file, and goes without other paths"),
        (("-", "--stdin-filename", "a.txt"), "a.txt is not the name of a .tml file"),
    ],
)
def test_misuse_is_explained(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    feed(monkeypatch, b"")

    assert run("check", *arguments) == Outcome(2, "", f"tmlfix: {message}\n")


def test_a_text_that_is_too_large_is_refused(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codemods.cli.check.LARGEST_FILE", 10)
    feed(monkeypatch, b"// too large")

    outcome = run("check", "-", "--stdin-filename", ADDRESS)

    assert outcome == Outcome(2, "", "tmlfix: standard input is larger than 16 MB, too large for source\n")
