"""Completion of commands and options in a shell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from codemods.cli import main
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


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_commands_and_options_once_it_is_installed(home: Path) -> None:
    bash("tmlfix --install-completion; true", home)

    complete = f". {home}/.bashrc; {ASK}"
    assert bash(complete.format(line="tmlfix comp", word=1), home) == "compiler-report\n"
    assert bash(complete.format(line="tmlfix check --base", word=2), home) == "--baseline\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_the_script_can_be_shown_without_being_installed(home: Path) -> None:
    assert "_tmlfix_completion" in bash("tmlfix --show-completion; true", home)
    assert not list(home.iterdir())


@pytest.mark.parametrize("command", [[], ["check"], ["compiler-report"]], ids=str)
def test_h_is_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "-h"]) == 0
    short = capsys.readouterr().out
    assert main([*command, "--help"]) == 0
    assert short == capsys.readouterr().out != ""
