"""Completion of commands and options in a shell."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from codemods.cli import main
from codemods.cli.program import COMMANDS
from tests.support.bundled import environment

ASK = 'COMP_WORDS=({line}); COMP_CWORD={word}; _tmlfix_completion tmlfix; echo "${{COMPREPLY[@]}}"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def bash(script: str, home: Path) -> str:
    """What the script prints in a bash with that home folder."""
    variables = environment() | {"HOME": str(home)}
    return subprocess.run(
        ["bash", "--norc", "-c", script], env=variables, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def tmlfix(*arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """What the program prints, with these variables besides."""
    return subprocess.run(
        ["tmlfix", *arguments],
        env=environment() | dict(variables or {}),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_commands_and_options_once_it_is_installed(home: Path) -> None:
    bash("tmlfix --install-completion; true", home)

    complete = f". {home}/.bashrc; {ASK}"
    assert bash(complete.format(line="tmlfix comp", word=1), home) == "compiler-report\n"
    assert bash(complete.format(line="tmlfix check --base", word=2), home) == "--baseline\n"
    assert bash(complete.format(line="tmlfix check --format s", word=3), home) == "sarif\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_the_script_can_be_shown_without_being_installed(home: Path) -> None:
    assert "_tmlfix_completion" in bash("tmlfix --show-completion; true", home)
    assert not list(home.iterdir())


SCRIPTS = {"bash": "complete -o default -F", "zsh": "#compdef tmlfix", "fish": "complete --command tmlfix"}
"""What the script for a shell has and those for other shells have not."""


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_shell_can_be_named(shell: str) -> None:
    script = tmlfix("--show-completion", shell)

    assert [name for name, mark in SCRIPTS.items() if mark in script] == [shell]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tmlfix ", [*COMMANDS]),
        ("tmlfix st", ["status"]),
        ("tmlfix check --base", ["--baseline"]),
        ("tmlfix check --format ", ["text", "json", "sarif", "github", "markdown", "junit"]),
        ("tmlfix apply --phase ", ["http", "net-parsers", "collections", "url-json-crypto", "test-infra"]),
        ("tmlfix apply --phase http,n", ["http,net-parsers"]),
        ("tmlfix explain missing-", ["missing-destroy", "missing-release", "missing-allocates"]),
    ],
)
def test_what_shells_are_told(shell: str, line: str, expected: list[str]) -> None:
    variables = {
        "_TMLFIX_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }

    answer = tmlfix(variables=variables)

    # fish puts help after a tab, zsh after a colon.
    values = re.findall(r'^(?:_arguments.*\(\(|)"?([\w,-]+)', answer, re.MULTILINE)
    assert values == expected


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=" ".join)
def test_h_is_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "-h"]) == 0
    short = capsys.readouterr().out
    assert main([*command, "--help"]) == 0
    assert short == capsys.readouterr().out != ""
