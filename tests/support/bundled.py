"""The bundled example library in a git repository of its own, the same to the bit on every machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.checkout import Checkout
from tests.support.project import EXAMPLE, PROGRAMS

PINNED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_AUTHOR_NAME": "Ada Lovelace",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T12:00:00+0000",
    "GIT_COMMITTER_NAME": "Ada Lovelace",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "2026-01-01T12:00:00+0000",
    "LC_ALL": "C.UTF-8",
}
"""Who commits and when. With these the ids of commits depend on nothing but the content."""


def environment() -> dict[str, str]:
    """The variables to run git and tmlfix with: pinned, and with this project's tmlfix on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    folders = (Path(sys.executable).parent, PROGRAMS, kept.get("PATH", os.defpath))
    return kept | PINNED | {"PATH": os.pathsep.join(map(str, folders))}


@dataclass(frozen=True)
class Example(Checkout):
    """A repository with the bundled library in one commit on the branch main."""

    @classmethod
    def create(cls, folder: Path) -> Example:
        """Copy the library to the new ``folder`` and commit it there."""
        shutil.copytree(EXAMPLE, folder)
        example = cls(folder)
        example.git("init", "--quiet", "--initial-branch=main")
        example.commit("A small library that leaks")
        return example

    def git(self, *arguments: str, feed: bytes | None = None) -> bytes:
        """What the git command prints."""
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment(), input=feed, check=True, stdout=subprocess.PIPE
        ).stdout

    def tmlfix(self, *arguments: str | Path, expect: int = 0) -> str:
        """What the command prints. It must end with the status that is expected, and complain of nothing."""
        process = subprocess.run(
            ["tmlfix", *map(str, arguments)],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert (process.returncode, process.stderr) == (expect, ""), process.stdout + process.stderr
        return process.stdout

    def sources(self) -> dict[str, bytes]:
        """The TML files of the checkout."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*.tml"))
        }


def example_patches() -> dict[str, bytes]:
    """The patches that ``tmlfix apply --all`` writes for the library, by name."""
    with tempfile.TemporaryDirectory() as scratch:
        example = Example.create(Path(scratch, "example"))
        example.tmlfix("apply", "--all")
        return {path.name: path.read_bytes() for path in sorted(example.folder.glob("patches/*.patch"))}


def untouched_lines(content: bytes, edits: list[dict[str, Any]]) -> Iterator[bytes]:
    """The lines that no edit reaches into; what is inserted in front as lines of its own does not.

    ``edits`` are those of findings, as the JSON of the tool has them.
    """
    start = 0
    for line in content.splitlines(keepends=True):
        end = start + len(line)
        before = [edit for edit in edits if edit["start"] == edit["end"] == start]
        joined = any(not edit["text"].endswith("\n") for edit in before)
        if not joined and not any(edit["start"] < end and edit["end"] > start for edit in edits):
            yield line
        start = end
