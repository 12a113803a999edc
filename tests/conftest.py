"""Git checkouts to try things on, and a stand-in for the analysis."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from codemods.cli import main
from codemods.engine.result_cache import FOLDER_VARIABLE
from codemods.model.findings import AnalysisResult, Change, Edit, Finding, InputError, PhaseResult, Verdict
from codemods.model.phases import phase_of
from codemods.model.progress import Progress

NOBODY = 65534

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


@pytest.fixture(autouse=True)
def no_results_of_others(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without results of earlier runs."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("results")))


@dataclass(frozen=True, slots=True)
class Checkout:
    """A git repository with its checkout."""

    folder: Path

    def git(self, *arguments: str, feed: bytes | None = None) -> bytes:
        """What the git command prints."""
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, input=feed, check=True, capture_output=True).stdout

    def line(self, *arguments: str) -> str:
        """What the git command prints, as a text without its line end."""
        return self.git(*arguments).decode().removesuffix("\n")

    def write(self, path: str, content: bytes = b"leak\n") -> Path:
        """Write a file of the checkout."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def commit(self, message: str = "Change") -> str:
        """Commit everything; the commit's id."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message)
        return self.line("rev-parse", "HEAD")

    def head(self) -> str:
        """The id of the commit HEAD."""
        return self.line("rev-parse", "HEAD")

    def tree(self, revision: str) -> str:
        """The id of the tree of a commit."""
        return self.line("rev-parse", f"{revision}^{{tree}}")

    def branches(self) -> list[str]:
        """The names of all branches."""
        return self.line("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    def state(self) -> dict[str, bytes]:
        """Everything of the user's that tmlfix must not touch: files, index, HEAD, stash, configuration."""
        files = {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and ".git" not in path.parts and "patches" not in path.parts
        }
        inside = self.folder / ".git"
        own = ["HEAD", "index", "config", "logs/HEAD", "refs/stash", "logs/refs/stash", "refs/heads/main"]
        return files | {name: (inside / name).read_bytes() for name in own if (inside / name).exists()}


Prepare = Callable[[Mapping[str, bytes], Path], Checkout]


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


def stand_in_analysis(
    files: Mapping[str, bytes],
    phases: Sequence[int],
    *,
    stacked: bool = False,
    only: Callable[[str], bool] | None = None,
    share: Callable[[str], bool] | None = None,
    progress: Progress | None = None,
    **_options: object,
) -> AnalysisResult:
    """Stands in for `engine.analyse`, so that delivery is tested apart from the rules.

    Every ``leak`` is fixed by writing ``free``; ``unclear`` is for review, ``mystery`` is reported,
    and a file with ``broken`` does not parse.
    """
    errors = tuple(
        InputError(path, "unexpected 'broken'", 1, content.index(b"broken") + 1)
        for path, content in files.items()
        if b"broken" in content and (share is None or share(path))
    )
    current = dict(files)
    results = []
    for number in phases:
        findings: list[Finding] = []
        changes: dict[str, Change] = {}
        for path, content in sorted(current.items()):
            phase = phase_of(path)
            if phase is None or phase.number != number or b"broken" in content or (only and not only(path)):
                continue
            if share is not None and not share(path):
                continue
            for word, verdict in (
                (b"leak", Verdict.FIXED),
                (b"unclear", Verdict.REVIEW),
                (b"mystery", Verdict.REPORTED),
            ):
                start = content.find(word)
                if start >= 0:
                    line = content.count(b"\n", 0, start) + 1
                    edits = (Edit(start, start + 4, "free"),) if verdict is not Verdict.REPORTED else ()
                    findings.append(
                        Finding(
                            number, "missing-release", path, line, 1, "main", "resp leaks", verdict, edits
                        )
                    )
            if b"leak" in content:
                changes[path] = Change(content, content.replace(b"leak", b"free"))
        if stacked:
            current |= {path: change.after for path, change in changes.items()}
        results.append(PhaseResult(number, tuple(findings), changes))
        if progress is not None:
            progress("analysing", len(results), len(phases))
    return AnalysisResult(tuple(results), errors)


@pytest.fixture
def analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the stand-in in the place of the analysis."""
    monkeypatch.setattr("codemods.engine.analyse", stand_in_analysis)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs tmlfix with the arguments given."""

    def call(*arguments: str | Path) -> Outcome:
        capfdbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        output = capfdbinary.readouterr()
        return Outcome(code, *(text.decode("utf-8", "surrogateescape") for text in output))

    return call


@contextmanager
def ordinary_user(*folders: Path) -> Iterator[None]:
    """Without the superuser's power over permissions, for code that owns the folders."""
    if os.geteuid() != 0:
        yield
        return
    for folder in folders:
        os.chown(folder, NOBODY, NOBODY)
        for path in folder.rglob("*"):
            os.chown(path, NOBODY, NOBODY)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
