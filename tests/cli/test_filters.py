"""Findings by their cause and by the paths on which they leak: --cause and --paths, wherever findings are."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.model.home import defect_page
from tests.support.checkout import Checkout, Prepare
from tests.support.command import Run
from tests.support.rule_examples import PRELUDE

CODE = """\
use demo::prelude::{Reel, open_reel}
use core::str

pub func on_error_only(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    if count < 1 {
        return Err(1)
    }
    reel.destroy()
    return Ok(count)
}

pub func on_both(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    if count < 1 {
        return Err(1)
    }
    return Ok(count)
}

@allocates
pub func stars(count: I64) -> Str {
    return str::repeat("*", count)
}

pub func by_compiler(count: I64, is_double: Bool) -> I64 {
    let line: Str = if is_double {
        stars(count * 2)
    } else {
        stars(count)
    }
    return str::len(line as Str)
}

pub func unbound(count: I64) -> I64 {
    return Reel::new(count).size()
}
"""
FILE = "lib/demo/src/http/example.tml"
ERROR_ONLY, BOTH, COMPILER, UNBOUND = "on_error_only", "on_both", "by_compiler", "unbound"


@pytest.fixture
def demo(prepared: Prepare, git_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A library with a leak for each way of filtering, as the current folder."""
    files = {"lib/demo/src/prelude.tml": PRELUDE, FILE: CODE.encode()}
    checkout = prepared(files, tmp_path / "demo")
    monkeypatch.chdir(checkout.folder)
    return checkout


def functions(document: dict[str, list[dict[str, str]]]) -> list[str]:
    """The functions of the findings in the document of a command."""
    return [finding["function"] for finding in document["findings"] if finding["path"] == FILE]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [ERROR_ONLY, BOTH, COMPILER, UNBOUND, UNBOUND]),
        (["--cause", "library"], [ERROR_ONLY, BOTH, UNBOUND]),
        (["--cause", "compiler"], [COMPILER, UNBOUND]),
        (["--paths", "error"], [ERROR_ONLY]),
        (["--paths", "normal"], [BOTH, COMPILER, UNBOUND, UNBOUND]),
        (["--paths", "error", "--cause", "compiler"], []),
    ],
)
@pytest.mark.parametrize("command", [["check"], ["status"], ["apply", "--all", "--dry-run"]], ids=" ".join)
def test_findings_are_listed_by_cause_and_paths(
    run: Run, demo: Checkout, command: list[str], options: list[str], expected: list[str]
) -> None:
    document = run(*command, "--format", "json", *options).document

    assert functions(document) == expected


def test_the_paths_are_those_of_the_first_run(run: Run, demo: Checkout) -> None:
    first, again = run("check", "--paths", "error", "-v"), run("check", "--paths", "error", "-v")

    assert "known from earlier runs: library 1 of 1" in again.err
    assert (again.code, again.out) == (first.code, first.out)
    assert f"(in {ERROR_ONLY})" in first.out


@pytest.mark.parametrize("where", [["--in-place"], []], ids=["in place", "on a branch"])
def test_only_what_the_filter_includes_is_fixed(run: Run, demo: Checkout, where: list[str]) -> None:
    outcome = run("apply", "--phase", "1", "--paths", "error", *where)

    assert outcome.code == 0
    if not where:
        demo.git("switch", "--quiet", "tmlfix/phase-1-http")
    guard = "    if count < 1 {\n"
    fixed = CODE.replace(guard, f"{guard}        reel.destroy()\n", 1)
    assert Path(FILE).read_text() == fixed


def test_what_a_fix_needs_is_fixed_with_it(run: Run, demo: Checkout) -> None:
    run("apply", "--phase", "1", "--in-place", "--cause", "library")

    # The compiler loses what no variable holds; bound to one, it is the library that has to release it.
    released = "    let result: I64 = reel.size()\n    reel.destroy()\n    return result\n"
    assert released in Path(FILE).read_text()
    assert "let line: Str = if is_double {" in Path(FILE).read_text()
    assert functions(run("check", "--format", "json").document) == [COMPILER]


def test_a_review_has_what_the_filter_includes(run: Run, demo: Checkout) -> None:
    outcome = run("review", "-o", "page.html", "--in-place", "--cause", "library", "--paths", "error")

    assert outcome.out.startswith("1 finding in 1 file of the working tree")
    assert f'"where":"{ERROR_ONLY}"' in Path("page.html").read_text()
    assert f'"where":"{BOTH}"' not in Path("page.html").read_text()


def test_the_plan_counts_what_the_filter_includes(run: Run, demo: Checkout) -> None:
    def findings(*options: str) -> int:
        http = run("plan", "--format", "json", *options).document["phases"][0]
        return int(http["findings"]["fixable"])

    assert findings() - findings("--paths", "normal") == findings("--paths", "error") == 1


def test_every_document_has_cause_and_paths(run: Run, demo: Checkout) -> None:
    origins = [
        {"cause": "library", "defect": None, "paths": "error"},
        {"cause": "compiler", "defect": defect_page("branch-initialisers"), "paths": "normal"},
    ]

    found = run("check", FILE, "--format", "json").document["findings"]
    (log,) = run("check", FILE, "--format", "sarif").document["runs"]
    text = run("check", FILE, "--format", "markdown").out

    for finding, origin in ((found[0], origins[0]), (found[2], origins[1])):
        assert finding.items() >= origin.items()
    for result, origin in ((log["results"][0], origins[0]), (log["results"][2], origins[1])):
        assert result["properties"].items() >= origin.items()
    assert f"(in <code>{ERROR_ONLY}</code>); cause: library, paths: error\n" in text
    page = defect_page("branch-initialisers")
    assert f"(in <code>{COMPILER}</code>); cause: [compiler]({page}), paths: normal\n" in text


def test_an_explanation_says_what_caused_a_finding(run: Run, demo: Checkout) -> None:
    assert "  - cause: library, paths: error\n" in run("explain", f"{FILE}:5").out
    page = defect_page("branch-initialisers")
    assert f"  - cause: compiler ({page}), paths: normal\n" in run("explain", f"{FILE}:27").out


def test_a_filter_does_not_change_what_is_known(run: Run, demo: Checkout) -> None:
    run("check", "--write-baseline", "known.json")

    for options in (["--paths", "error"], ["--cause", "compiler"]):
        outcome = run("check", "--baseline", "known.json", *options)
        assert outcome.code == 0
        assert "no longer found" not in outcome.out
    assert run("check", "--write-baseline", "known.json", "--paths", "error").code == 2

    demo.write(FILE, CODE[: CODE.index("pub func unbound")].encode())
    assert "no longer found" in run("check", "--baseline", "known.json", "--cause", "library").out


def test_shards_with_other_filters_are_not_joined(run: Run, demo: Checkout) -> None:
    run("check", "--shard", "1/2", "--format", "json", "-o", "one.json", "--paths", "error")
    run("check", "--shard", "2/2", "--format", "json", "-o", "two.json")

    assert "was written with another --paths than" in run("merge", "one.json", "two.json").err
