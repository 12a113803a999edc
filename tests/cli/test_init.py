"""`tmlfix init` and `tmlfix rules`: how a project begins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from codemods.app.configuration import KEYS, Configuration, read_configuration
from codemods.app.rule_texts import described
from codemods.model.settings import Settings
from codemods.reports.snippets import SNIPPETS
from codemods.rules import RULES
from tests.support.command import Outcome, Run
from tests.support.project import PROJECT


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without settings, as the current folder."""
    (tmp_path / "tml.toml").touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.tml").write_text("pub func one() -> I64 {\n    return 1\n}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_init_writes_settings_that_change_nothing(run: Run, tree: Path) -> None:
    outcome = run("init", "lib")

    assert (outcome.code, outcome.err) == (0, "")
    assert read_configuration(tree) == Configuration(Settings(), "tmlfix.toml")
    assert run("config").out.count("# default") == len(run("config").out.splitlines())


def test_every_line_of_the_settings_can_be_uncommented(run: Run, tree: Path) -> None:
    run("init")
    file = tree / "tmlfix.toml"
    started = file.read_text()
    file.write_text(re.sub(r"(?m)^# (?=\[|\"?[\w:/*.-]+\"? = )", "", started))

    configuration = read_configuration(tree)

    for key in KEYS:
        assert any(name == key or name.startswith(f"{key}.") for name in configuration.keys), key
    defaults = {name: value for name, value, _ in Configuration(Settings()).entries()}
    values = {name: value for name, value, _ in configuration.entries()}
    assert {name: values[name] for name in defaults} == defaults
    assert "as TOML" not in started


def test_init_prints_a_hook_and_jobs_that_are_documented(run: Run, tree: Path) -> None:
    printed = run("init").out

    documented = (PROJECT / "docs/ci.md").read_text()
    for file, snippet in SNIPPETS.items():
        assert f"\n# {file}\n{snippet}" in printed
        assert snippet in documented, file
        if ".yml" in file or ".yaml" in file:
            assert yaml.safe_load(snippet)


@pytest.mark.parametrize(("name", "content"), [("tmlfix.toml", ""), ("pyproject.toml", "[tool.tmlfix]\n")])
def test_init_keeps_the_settings_that_there_are(run: Run, tree: Path, name: str, content: str) -> None:
    (tree / name).write_text(content)

    outcome = run("init")

    advice = "has settings already; tmlfix config prints what applies"
    assert outcome == Outcome(2, "", f"tmlfix: {tree / name} {advice}\n")
    assert (tree / name).read_text() == content


def test_a_quiet_init_prints_nothing(run: Run, tree: Path) -> None:
    assert run("init", "--quiet") == Outcome(0, "", "")
    assert (tree / "tmlfix.toml").exists()


def test_rules_are_listed_with_what_they_find(run: Run, tree: Path) -> None:
    lines = run("rules").out.splitlines()

    assert [line.split()[0] for line in lines] == [*RULES, "suppression-comment"]
    assert lines[0].split(None, 1)[1] == RULES["double-release"].summary


def test_rules_that_are_off_are_marked(run: Run, tree: Path) -> None:
    (tree / "tmlfix.toml").write_text('explicit-releases = "needed"\n[rules]\ndisable = ["void-tail"]\n')

    marked = [line.split()[0] for line in run("rules").out.splitlines() if line.endswith("(turned off here)")]
    document = run("rules", "--format", "json").document

    assert sorted(marked) == ["named-release", "void-tail"]
    assert [rule["rule"] for rule in document["rules"] if not rule["enabled"]] == marked
    assert {rule["rule"] for rule in document["rules"]} == described().keys()
