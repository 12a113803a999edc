"""The benchmark: how it treats figures, how it makes trees, and that every row gets a result."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from benchmarks import corpus as trees
from benchmarks import rounds, rows, sampling, yardsticks
from benchmarks.__main__ import PAGE, app
from benchmarks.growth import grown, path_of_copy
from benchmarks.processes import Command, CommandError, memory_kind, memory_meter
from benchmarks.profile import OUTSIDE, Profile, profile_of
from benchmarks.report import circumstances, of_profile, of_rows
from benchmarks.rounds import Bench, Round, Sample
from benchmarks.rows import ROWS, Result, Row, measure
from benchmarks.tmlfix import Tmlfix
from codemods.engine import analyse
from codemods.model.phases import phase_of
from codemods.semantics.symbols import module_path
from tests.support import corpus
from tests.support.project import EXAMPLE, PROJECT
from tml_ast import parse

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def example() -> Mapping[str, bytes]:
    """The files of the bundled library."""
    return trees.read_files(EXAMPLE)


def row(name: str = "row", *, limit: float = 1, at_least: bool = False, needs: tuple[str, ...] = ()) -> Row:
    """A row that measures nothing new."""
    note = "{ours} against {theirs}"
    return Row(name, "a row", limit, lambda _: [Sample(3, 2)], note, at_least=at_least, needs=needs)


# Figures


@pytest.mark.parametrize(
    ("at_least", "figure", "verdict"),
    [(True, 4.9, "missed"), (True, 5, "met"), (False, 5, "met"), (False, 5.1, "missed")],
)
def test_a_goal_is_met_at_its_limit_and_beyond(at_least: bool, figure: float, verdict: str) -> None:
    assert Result(row(limit=5, at_least=at_least), (Sample(figure),)).verdict == verdict


def test_ratios_are_those_of_pairs() -> None:
    slow_machine, fast_machine, other = Sample(20, 10), Sample(2, 1), Sample(9, 3)
    result = Result(row(), (slow_machine, fast_machine, other))

    assert (result.value, result.least, result.most) == (2, 2, 3)
    assert result.note == "9 against 3"


def test_a_row_without_its_yardstick_is_skipped() -> None:
    missing = row(needs=("no_such_module",))

    assert not yardsticks.is_installed("no_such_module")
    assert yardsticks.is_installed("typer")
    assert Result(missing, skipped="nothing to compare with").verdict == "skipped"


def test_skipped_rows_measure_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rows, "is_installed", lambda need: need != "libcst")

    possible, impossible = measure(Bench({}, tmp_path, print), [row(), row("other", needs=("libcst",))], 2)

    assert possible.samples == (Sample(3, 2), Sample(3, 2))
    assert (impossible.samples, impossible.skipped) == ((), "libcst is not installed")


def test_the_report_has_all_figures() -> None:
    results = [
        Result(row(limit=2), (Sample(3, 2),)),
        Result(row(limit=5, at_least=True), skipped="a is not installed"),
    ]

    report = of_rows(results, 1, "A machine.")

    assert report.tables[0].markdown() == (
        "| row | what | goal | figure | smallest to largest | goal is | made of |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| row | a row | at most 2 times | 1.50 times | 1.50 to 1.50 | met | 3 against 2 |\n"
        "| row | a row | at least 5 times |  |  | skipped | a is not installed |\n"
    )
    measured, skipped = report.document["rows"]
    assert (measured["median"], measured["met"], skipped["skipped"]) == (1.5, True, "a is not installed")
    assert measured["samples"] == [{"value": 1.5, "ours": 3, "theirs": 2, "aside": None}]
    assert json.loads(json.dumps(report.document)) == report.document


def test_the_profile_adds_up() -> None:
    report = of_profile(Profile(100, {"parsing": 60, "output": 0.5, OUTSIDE: 39.5}, {}), "")

    stages, _ = report.tables
    assert stages.rows == (
        ("parsing", "60.00", "60.0%"),
        (OUTSIDE, "39.50", "39.5%"),
        ("1 others", "0.50", "0.5%"),
    )


def test_the_page_takes_the_figures() -> None:
    report = of_rows([Result(row(), (Sample(3, 2),))], 1, "A machine.")
    page = "before\n<!-- rows -->\nold\n<!-- end -->\nafter\n"

    written = report.on_page(page)

    assert report.on_page(written) == written
    assert "old" not in written
    assert re.fullmatch(r"(?s)before\n<!-- rows -->\n\n\| .*A machine\.\n<!-- end -->\nafter\n", written)
    for section in (report, of_profile(Profile(1, {}, {}), "")):
        section.on_page(PAGE.read_text())


# Trees


def test_the_corpus_is_that_of_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert trees.corpus_folder() == corpus.corpus_folder()
    monkeypatch.delenv("TMLFIX_CORPUS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert trees.corpus_folder() == corpus.corpus_folder()
    monkeypatch.setenv("TMLFIX_CORPUS", str(tmp_path / "library"))
    assert trees.corpus_folder() == corpus.corpus_folder()


def test_without_a_corpus_it_says_how_to_get_one(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["--corpus", str(tmp_path)])

    assert outcome.exit_code == 2
    assert f"no TML files at {tmp_path}" in outcome.output
    assert "TMLFIX_CORPUS" in outcome.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--rows", "cold,warmth"], "there is no row 'warmth'"),
        (["--rows", "cold", "--update-docs"], "--update-docs needs all rows"),
        (["--corpus", str(EXAMPLE), "--json", "no/such/folder/figures.json"], "cannot be written"),
    ],
)
def test_wrong_options_are_named(options: list[str], complaint: str) -> None:
    outcome = CliRunner().invoke(app, options)

    assert (outcome.exit_code, complaint in outcome.output) == (2, True)


def test_a_change_is_a_statement_in_the_middle() -> None:
    source = b"func a() {\n    f()\n}\nfunc b() {\n    f()\n    g()\n    h()\n}\nfunc c() {\n    f()\n}\n"

    assert trees.changed(source, 7) == source.replace(
        b"    g()", b"    let benchmark_number: I64 = 7\n    g()"
    )
    assert trees.changed(b"const A: I64 = 1\n", 7) is None
    assert trees.changed(b"func (", 7) is None


def test_every_change_is_another_one(example: Mapping[str, bytes], tmp_path: Path) -> None:
    bench = Bench(example, tmp_path, print)

    for path in (*bench.tests, *bench.modules):
        texts = {trees.changed(example[path], number) for number in range(3)}
        assert len(texts) == 3
        assert all(text is not None and parse(text) for text in texts)


def test_typical_files_are_the_closest_to_500_lines() -> None:
    def body(lines: int) -> bytes:
        return b"func f() {\n    g()\n" + b"\n" * (lines - 3) + b"}\n"

    files = {
        "lib/src/long.tml": body(900),
        "lib/src/near.tml": body(520),
        "lib/src/exact.tml": b"\n" * 500,
        "lib/tests/exact.test.tml": body(500),
        "docs/exact.tml": body(500),
    }

    assert trees.typical(files, 2, tests=False) == ["lib/src/near.tml", "lib/src/long.tml"]
    assert trees.typical(files, 2, tests=True) == ["lib/tests/exact.test.tml"]


@pytest.mark.parametrize("path", ["lib/tests/helper.tml", "lib/src/url.test.tml"])
def test_a_test_alone_is_still_a_test(path: str) -> None:
    assert trees.alone(path).endswith(".test.tml")


# Growth


def test_copies_have_modules_types_and_functions_of_their_own() -> None:
    files = {
        "lib/std/src/url/mod.tml": b"use core::str\npub type Url { text: Str }\n"
        b"impl Url {\n    pub func text(this) -> Str { return str::copy(this.text) }\n}\n"
        b"func parse(text: Str) -> Url { return Url { text: text } }\n",
        "lib/core/src/str.tml": b"pub func copy(text: Str) -> Str { return text }\n",
        "lib/std/tests/url.test.tml": b'use std::url::Url\nfunc test_url() { print("Url") }\n',
    }

    tree = grown(files, 2)

    assert {path: tree[path] for path in files} == files
    assert {path: source for path, source in tree.items() if path not in files} == {
        "lib/copy_2/std/src/copy_2/url/mod.tml": b"use core::copy_2::str\npub type C2Url { text: Str }\n"
        b"impl C2Url {\n    pub func text(this) -> Str { return str::c2_copy(this.text) }\n}\n"
        b"func c2_parse(text: Str) -> C2Url { return C2Url { text: text } }\n",
        "lib/copy_2/core/src/copy_2/str.tml": b"pub func c2_copy(text: Str) -> Str { return text }\n",
        "lib/copy_2/std/tests/url.test.tml": b"use std::copy_2::url::C2Url\n"
        b'func c2_test_url() { print("Url") }\n',
    }


def test_a_copy_lies_in_the_same_phases(example: Mapping[str, bytes]) -> None:
    tree = grown(example, 3)

    assert len(tree) == 3 * len(example)
    assert len({module_path(path) for path in tree}) == len(tree)
    for path in [*example, "compiler/tests/a.tml", "docs/b.tml", "lib/test.error.tml"]:
        assert phase_of(path_of_copy(path, 2)) == phase_of(path)


def test_a_copy_leaks_where_the_library_does(example: Mapping[str, bytes]) -> None:
    files = {path: source for path, source in example.items() if path.startswith("lib/")}

    copies = {path: path_of_copy(path, 2) for path in files}

    found = {finding.path for phase in analyse(grown(files, 2), [1, 2]).phases for finding in phase.findings}
    leaking = {path for path in files if path in found}

    assert leaking
    assert found == leaking | {copies[path] for path in leaking}


# Processes


TWO_PROCESSES = """
import subprocess, sys
data = bytearray(b"a" * 40_000_000)
child = "data = bytearray(b'b' * 60_000_000); print(len(data), flush=True); input()"
subprocess.run([sys.executable, "-c", child])
"""


def test_memory_is_that_of_all_processes() -> None:
    pytest.importorskip("psutil")
    command = [sys.executable, "-c", TWO_PROCESSES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used = memory_meter()(process.pid)
        process.communicate(b"\n")

    assert 100 * MEGABYTE < used < 200 * MEGABYTE
    assert memory_meter()(process.pid) == 0
    assert memory_kind() in ("PSS", "USS")


def test_a_command_is_measured_from_start_to_end() -> None:
    command = Command([sys.executable, "-c", "print(sum(range(10)))"])

    assert command.output() == "45\n"
    assert command.seconds() > 0


@pytest.mark.parametrize("code", ["import sys; sys.exit('out of order')", "raise ValueError('out of order')"])
def test_a_command_that_fails_is_not_measured(code: str) -> None:
    with pytest.raises(CommandError, match="out of order"):
        Command([sys.executable, "-c", code], statuses=(0, 1) if "raise" in code else (0,)).seconds()


# Yardsticks


def test_as_many_lines_of_python_as_asked_for(tmp_path: Path) -> None:
    copied = yardsticks.write_standard_library(tmp_path, 2000)

    files = sorted(tmp_path.rglob("*.py"))
    assert copied == sum(path.read_bytes().count(b"\n") for path in files) >= 2000
    names = {name for path in files for name in path.relative_to(tmp_path).parts}
    assert names.isdisjoint({"test", "tests", "site-packages"})


def test_a_parser_tells_its_lines_and_seconds(tmp_path: Path) -> None:
    (tmp_path / "good.tml").write_bytes(b"func f() {\n}\n")
    (tmp_path / "broken.tml").write_bytes(b"func (\n")

    found = json.loads(yardsticks.parse_command("tml", tmp_path).output())

    assert (found["lines"], found["seconds"] > 0) == (2, True)


@pytest.mark.parametrize("has_cache", [True, False])
def test_a_tmlfix_without_a_cache_is_reported(has_cache: bool, tmp_path: Path) -> None:
    tmlfix = Tmlfix(tmp_path)
    tmlfix.__dict__["has_cache"] = has_cache

    assert ("has no cache" in circumstances(10, tmlfix)) is not has_cache


@pytest.mark.parametrize(
    ("offered", "options"),
    [("--all --format", []), ("--jobs N --no-cache", ["--no-cache", "--jobs", "1"])],
)
def test_options_are_used_where_there_are_any(offered: str, options: list[str], tmp_path: Path) -> None:
    tmlfix = Tmlfix(tmp_path)
    tmlfix.__dict__["_help"] = offered

    assert tmlfix.single_process() == options
    assert tmlfix.has_cache is ("--no-cache" in offered)


def test_a_first_check_finds_no_cache(tmp_path: Path) -> None:
    tmlfix, tree = Tmlfix(tmp_path / "caches"), tmp_path / "tree"
    cache = Path(tmlfix.check(tree).variables["TMLFIX_CACHE"])
    cache.mkdir(parents=True)

    assert tmlfix.first_check(tree) == tmlfix.check(tree)
    assert not cache.exists()


# The profile


@pytest.mark.parametrize(
    ("modules", "stage"),
    [
        (["re", "tml_ast.lexer", "codemods.fixes.context"], "parsing"),
        (
            ["tml_ast.nodes", "codemods.fixes.context", "codemods.engine.schedule"],
            "rules, without facts",
        ),
        (["codemods.ownership.cfg.graph", "codemods.fixes.context"], "facts: cfg.graph"),
        (["codemods.reports.text", "codemods.cli.check"], "output"),
        (["codemods.quite_new.part"], "codemods.quite_new"),
        (["tml_ast.grammar", "importlib._bootstrap_external", "codemods.cli"], "importing modules"),
        (["threading"], "the rest"),
    ],
)
def test_time_goes_to_the_innermost_stage(modules: list[str], stage: str) -> None:
    assert sampling.stage_of(modules) == stage


def test_time_goes_to_the_rule_that_asks() -> None:
    modules = [
        "codemods.ownership.cfg.graph",
        "codemods.fixes.release_at_exits",
        "codemods.rules.owners.missing_release",
    ]

    assert sampling.rule_of([*modules, "codemods.engine.schedule"]) == "missing-release"
    assert sampling.rule_of(["codemods.fixes.release_at_exits"]) is None


def test_what_the_stages_are_made_of_exists() -> None:
    for module in sampling.STAGES:
        path = PROJECT.joinpath(*module.split("."))
        assert path.is_dir() or path.with_suffix(".py").exists(), module


def test_a_look_counts_the_time_since_the_last() -> None:
    sampler = sampling.Sampler()

    sampler.look(inspect.currentframe())

    ((stage, seconds),) = sampler.stages.items()
    assert (stage, seconds > 0, dict(sampler.rules)) == ("the rest", True, {})


def test_a_check_is_profiled_from_outside(tmp_path: Path) -> None:
    tree = trees.write_files(tmp_path / "tree", {"lib/src/http/a.tml": b"func f() {\n}\n"})

    found = profile_of(Tmlfix(tmp_path / "caches"), tree, tmp_path)

    assert found.seconds == pytest.approx(sum(found.stages.values()))
    assert found.stages["importing modules"] > 0


# All of it


def test_every_row_gets_a_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a tree of two files, with stand-ins for what tmlfix is compared with."""
    files = {
        "lib/src/http/a.tml": b"func f() -> I64 {\n    let a: I64 = 1\n    return a\n}\n",
        "lib/tests/http/a.test.tml": b"func test_f() -> I64 {\n    return f()\n}\n",
    }
    parsed = Command([sys.executable, "-c", 'print(\'{"lines": 10, "seconds": 0.5}\')'])
    monkeypatch.setattr(rounds, "SHORT_RUNS", 1)
    monkeypatch.setattr(rounds, "write_standard_library", lambda _folder, _lines: 10)
    monkeypatch.setattr(rounds, "parse_command", lambda _suffix, _folder: parsed)
    monkeypatch.setattr(rounds, "pattern_command", lambda _folder, _threads: parsed)
    monkeypatch.setattr(rows, "is_installed", lambda need: need != "psutil" or yardsticks.is_installed(need))
    reported: list[str] = []

    results = measure(Bench(files, tmp_path, reported.append), ROWS, 1)

    for result in results:
        expected = "psutil is not installed" if "psutil" in result.row.missing else ""
        assert result.skipped == expected
        assert expected or result.value > 0
        assert result.note
    assert reported[0] == "run 1 of 1"
    assert any(line.startswith("tmlfix check, large tree: ") for line in reported)


def test_the_page_tells_every_row_and_option() -> None:
    page = PAGE.read_text()
    options = {name for option in get_command(app).params for name in option.opts}

    assert options <= {*re.findall(r"--[a-z-]+", page)}
    shown = re.findall(r"--rows ([\w,-]+)", page)
    assert {name for names in shown for name in names.split(",")} <= {row.name for row in ROWS}


def test_rounds_measure_each_thing_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[str] = []

    def seconds(_round: Round, what: str, _command: Command) -> float:
        calls.append(what)
        return 1.0

    monkeypatch.setattr(Round, "_seconds", seconds)
    chosen = [row for row in ROWS if row.name in ("growth", "changed-test")]

    measure(Bench({"lib/tests/a.test.tml": b"func f() {\n    g()\n}\n"}, tmp_path, print), chosen, 2)

    assert calls.count("tmlfix check, cold") == calls.count("tmlfix check, large tree") == 2
