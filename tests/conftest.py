"""The fixtures of all tests: repositories to try things on, and runs of tmlfix."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from codemods.cli import main
from codemods.engine.result_cache import FOLDER_VARIABLE
from tests.support.bundled import PINNED, Example
from tests.support.checkout import Checkout, Prepare
from tests.support.command import Outcome, Run
from tests.support.project import EXAMPLE
from tests.support.stand_in_analysis import stand_in_analysis

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

# A shell ignores interrupts for what it starts in the background; programs that tests interrupt must not.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_results_of_others(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without results of earlier runs."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("results")))


@pytest.fixture
def git_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user-wide git configuration with a name and address, and nothing of this machine's."""
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        '[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n[protocol "file"]\n\tallow = always\n'
        "[init]\n\tdefaultBranch = main\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("EMAIL", raising=False)
    return configuration


@pytest.fixture
def new_checkout(git_identity: Path, tmp_path: Path) -> Callable[[str], Checkout]:
    """Makes empty repositories by name."""

    def create(name: str) -> Checkout:
        checkout = Checkout(tmp_path / name)
        checkout.folder.mkdir()
        checkout.git("init", "--quiet")
        return checkout

    return create


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Makes repositories with one commit of the files: copies of one that is made only once."""
    templates: dict[tuple[tuple[str, bytes], ...], Path] = {}

    def create(files: Mapping[str, bytes], folder: Path) -> Checkout:
        key = tuple(files.items())
        if key not in templates:
            template = Checkout(tmp_path_factory.mktemp("template"))
            template.git("init", "--quiet")
            for path, content in files.items():
                template.write(path, content)
            template.commit("Start the library")
            templates[key] = template.folder
        shutil.copytree(templates[key], folder)
        copy = Checkout(folder)
        copy.git("update-index", "-q", "--refresh")
        return copy

    return create


@pytest.fixture
def checkout(prepared: Prepare, git_identity: Path, tmp_path: Path) -> Checkout:
    """A repository with one commit: leaking HTTP and net files, and one that does not leak."""
    files = {
        "lib/src/http/client.tml": b"use http\nleak\n",
        "lib/src/http/response.tml": b"leak\r\nleak\r\n",
        "lib/src/net/parser.tml": b"leak\n",
        "lib/src/text.tml": b"fine\n",
    }
    return prepared(files, tmp_path / "library")


@pytest.fixture
def inside(checkout: Checkout, analysis: None, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """The checkout as the current folder, with the stand-in for the analysis."""
    monkeypatch.chdir(checkout.folder)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return checkout


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of the bundled library, without git."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "library"))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Example:
    """The bundled library as the current folder, of somebody whom git knows."""
    for name, value in PINNED.items():
        monkeypatch.setenv(name, value)
    example = Example.create(tmp_path / "example")
    monkeypatch.chdir(example.folder)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return example


@pytest.fixture
def analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the stand-in in the place of the analysis."""
    monkeypatch.setattr("codemods.engine.plan_fixes", stand_in_analysis)


FRESH_LIMIT = 1000
"""How deep Python recurses when it starts; far beyond, the stack of C overflows in hostile JSON."""


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs tmlfix with the arguments given."""

    def call(*arguments: str | Path) -> Outcome:
        capfdbinary.readouterr()
        sys.setrecursionlimit(FRESH_LIMIT)  # an earlier test may have parsed, which raises it
        code = main([str(argument) for argument in arguments])
        output = capfdbinary.readouterr()
        return Outcome(code, *(text.decode("utf-8", "surrogateescape") for text in output))

    return call
