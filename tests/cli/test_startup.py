"""What a start imports: only what is needed, because importing takes longer than most of the work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codemods.cli.program import COMMANDS, load_command
from tests.support.bundled import Example, environment
from tests.support.project import PROJECT

ANALYSIS = {
    *("tml_ast.lexer", "tml_ast.parser", "tml_ast.nodes", "tml_ast.pattern"),
    *("codemods.rules", "codemods.fixes", "codemods.ownership", "codemods.semantics.symbols"),
}
"""The parser, the analysis and the rules."""

COMMAND_MODULES = {f"codemods.cli.{name.replace('-', '_')}" for name in COMMANDS}


def imported(tmp_path: Path, *arguments: str, folder: Path = PROJECT, **variables: str) -> set[str]:
    """The modules that a run imports."""
    listing = tmp_path / "modules"
    program = (
        "import pathlib, sys\n"
        "from codemods.cli import main\n"
        f"status = main({list(arguments)})\n"
        f"pathlib.Path({str(listing)!r}).write_text('\\n'.join(sys.modules))\n"
        "sys.exit(status)\n"
    )
    known = environment() | {"PYTHONPATH": str(PROJECT), "TMLFIX_CACHE": str(tmp_path / "cache")}
    outcome = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=known | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.returncode in (0, 1), outcome.stderr) == (True, ""), outcome
    return set(listing.read_text().split())


def test_the_version_needs_no_library(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "codemods", "--version"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.rpartition("|")[2].strip() for line in outcome.stderr.splitlines()}

    assert outcome.stdout.startswith("tmlfix ")
    assert "codemods.cli" in names
    assert not names & {
        "typer",
        "rich",
        "git",
        "pydantic",
        "importlib.metadata",
        "platformdirs",
        "tml_ast",
        *ANALYSIS,
    }


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--help"], {}),
        ([], {"_TMLFIX_COMPLETE": "complete_bash", "COMP_WORDS": "tmlfix ch", "COMP_CWORD": "1"}),
    ],
    ids=["help", "completion"],
)
def test_commands_are_listed_without_being_imported(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    assert not imported(tmp_path, *arguments, **variables) & {*COMMAND_MODULES, *ANALYSIS, "git"}


def test_only_the_command_that_runs_is_imported(tmp_path: Path) -> None:
    assert imported(tmp_path, "init", "--help") & COMMAND_MODULES == {"codemods.cli.init"}


@pytest.mark.parametrize(
    "command", [["search", "print($...x)"], ["search", "print($...x)", "--format", "json"]]
)
def test_a_search_needs_no_analysis(tmp_path: Path, example: Example, command: list[str]) -> None:
    found = imported(tmp_path, *command, folder=example.folder)

    assert found >= {"tml_ast.pattern", "tml_ast.parser"}
    assert not found & {"codemods.ownership", "codemods.rules", "codemods.semantics.symbols", "git"}


@pytest.mark.parametrize(
    "command", [["check"], ["status"], ["plan"], ["status", "--format", "json"]], ids=" ".join
)
def test_what_is_known_is_shown_without_parser_analysis_and_rules(
    tmp_path: Path, example: Example, command: list[str]
) -> None:
    first = imported(tmp_path, *command, folder=example.folder)
    again = imported(tmp_path, *command, folder=example.folder)

    assert first >= ANALYSIS
    assert not again & ANALYSIS


def test_a_known_plan_is_reviewed_without_analysis_and_rules(tmp_path: Path, example: Example) -> None:
    command = ["review", "-o", str(tmp_path / "page.html")]
    first = imported(tmp_path, *command, folder=example.folder)
    page = (tmp_path / "page.html").read_bytes()
    again = imported(tmp_path, *command, folder=example.folder)

    assert first >= ANALYSIS
    assert again & ANALYSIS == {"tml_ast.lexer"}  # it colours the code
    assert (tmp_path / "page.html").read_bytes() == page


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_first_line_of_its_help(name: str) -> None:
    command = load_command(name)

    assert command.name == name
    assert str(command.help).strip().splitlines()[0] == COMMANDS[name].summary
