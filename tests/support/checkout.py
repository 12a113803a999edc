"""A git repository with its files, to try things on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


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
"""Makes a repository in the folder, with the files in one commit."""
