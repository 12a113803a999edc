"""Repositories and processes to try faults on: a small library that leaks, and tmlfix as a real process."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from codemods.cli import main
from tests.support.bundled import PINNED
from tests.support.checkout import Checkout
from tests.support.project import PROJECT

HTTP = "tmlfix/phase-1-http"
NET = "tmlfix/phase-2-net-parsers"
TMLFIX = [sys.executable, "-c", "import sys; from codemods.cli import main; sys.exit(main())"]

PARTS = """\
use core::str
use std::collections::List

pub type Parts {
    texts: List[Str],
}

impl Parts {
    pub func of(line: Str) -> Parts {
        let found = List[Str]::new(4)
        found.push(str::substring(line, 0, 2))
        return Parts { texts: found }
    }

    pub func count(this) -> I64 {
        return this.texts.len()
    }

    pub func destroy(this) {
    }
}
"""
"""Its destroy() frees nothing: the fix is there, and after it the tests owe the call."""

TEST = """\
use demo::http::parts::Parts

@test
func test_NAME() -> I32 {
    let parts = Parts::of("abcd")
    if parts.count() == 9 {
        return 1
    }
    return 0
}
"""

LIBRARY = {
    "tml.toml": "",
    "lib/src/http/parts.tml": PARTS,
    "tests/http/first.test.tml": TEST.replace("NAME", "first"),
    "tests/http/second.test.tml": TEST.replace("NAME", "second"),
    "lib/src/net/cells.tml": PARTS.replace("Parts", "Cells"),
    "tests/net/third.test.tml": TEST.replace("NAME", "third")
    .replace("Parts", "Cells")
    .replace("http::parts", "net::cells"),
    "notes/read.me": "nothing to fix\n",
}
"""Phase 1 changes three files, which belong together."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """The variables to run with: hardly any, temporary files below ``folder``, commits the same each time."""
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    pinned = {
        **PINNED,
        "TMPDIR": str(scratch),
        "HOME": str(folder),
        "PYTHONPATH": str(PROJECT),
    }
    return {"PATH": os.environ.get("PATH", os.defpath)} | pinned | variables


def leftovers(place: Path) -> list[str]:
    """Temporary files, wherever they are below ``place``, but for what is kept for the next run."""
    inside = (path.relative_to(place).as_posix() for path in place.rglob("*"))
    others = (path for path in inside if not path.startswith(".cache/tmlfix/results"))
    return sorted(path for path in others if path.startswith("tmp/") or ".tmlfix-" in path or "/tmp_" in path)


@dataclass(frozen=True, slots=True)
class Site(Checkout):
    """A checkout in a place of its own, with all that tmlfix may write to: patches and temporary files."""

    @property
    def place(self) -> Path:
        """The folder with the checkout and the temporary files in it."""
        return self.folder.parent

    def git(self, *arguments: str, feed: bytes | None = None) -> bytes:
        """What the git command prints."""
        return subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=self.folder,
            env=environment(self.place),
            input=feed,
            check=True,
            capture_output=True,
        ).stdout

    def tmlfix(self, *arguments: str | Path, folder: Path | None = None, **variables: str) -> Ended:
        """Run the command in the checkout, or in ``folder``."""
        process = subprocess.run(
            [*TMLFIX, *map(str, arguments)],
            cwd=folder or self.folder,
            env=environment(self.place, **variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        output = (stream.decode("utf-8", "surrogateescape") for stream in (process.stdout, process.stderr))
        return Ended(process.returncode, *output)

    def tmlfix_here(self, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path, **variables: str) -> Ended:
        """Run the command in this process, which is quicker, with the same variables."""
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.folder)
            for name in [name for name in os.environ if name.startswith("GIT_")]:
                patch.delenv(name)
            for name, value in environment(self.place, **variables).items():
                patch.setenv(name, value)
            patch.setattr(tempfile, "tempdir", os.environ["TMPDIR"])
            code = main([str(argument) for argument in arguments])
        return Ended(code, out.getvalue(), err.getvalue())

    def copy(self, place: Path) -> Site:
        """The same site at another place, with a new folder for temporary files."""
        place.mkdir(parents=True)
        shutil.copytree(self.folder, place / self.folder.name, symlinks=True)
        return Site(place / self.folder.name)

    def sources(self) -> dict[str, bytes]:
        """The TML files of the checkout."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*.tml"))
        }

    def references(self) -> str:
        """All references and what they point to."""
        return self.line("for-each-ref", "--format=%(refname) %(objectname)")

    def patches(self) -> dict[str, bytes]:
        """The patches by name."""
        return {path.name: path.read_bytes() for path in self.folder.glob("patches/*.patch")}


def git_that(place: Path, script: str) -> str:
    """A search path with a git that runs the shell script, in which ``{git}`` is the real one, first."""
    program = place / "programs" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{script}\nexec {{git}} "$@"\n'.format(git=shutil.which("git")))
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def new_site(
    place: Path, files: Mapping[str, str] = LIBRARY, *, name: str = "library", **options: str
) -> Site:
    """A new repository below ``place`` with the files in one commit on the branch main."""
    site = Site(place / name)
    site.folder.mkdir(parents=True)
    settings = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    site.git("init", "--quiet", "--initial-branch=main", "--template=", *settings)
    for path, text in files.items():
        site.write(path, text.encode())
    site.commit("A small library that leaks")
    return site
