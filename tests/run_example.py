"""Fix phase 1 of the bundled example library in a repository of its own, and show the result."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.project import EXAMPLE, PROJECT

WORKSPACE = PROJECT / "build" / "example"
BRANCH = "tmlfix/phase-1-http"


def show(*command: str) -> None:
    """Run a command of the virtual environment or the system, with its command line above its output."""
    print(f"\n$ {' '.join(command)}", flush=True)
    beside = Path(sys.executable).parent / command[0]
    program = str(beside) if beside.exists() else command[0]
    status = subprocess.run([program, *command[1:]], cwd=WORKSPACE).returncode
    if status != 0:
        sys.exit(status)


def git(*arguments: str) -> None:
    """Run git in the workspace without output."""
    subprocess.run(["git", *arguments], cwd=WORKSPACE, check=True, stdout=subprocess.DEVNULL)


def prepare() -> None:
    """Make the workspace afresh: a repository with the example in one commit."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    shutil.copytree(EXAMPLE, WORKSPACE)
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "tmlfix example")
    git("config", "user.email", "example@tmlfix.invalid")
    git("add", "--all")
    git("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", "A small library that leaks")


def main() -> None:
    """Prepare the workspace, fix it, and show diff and branch."""
    if shutil.which("git") is None:
        sys.exit("The example makes a git repository; install git first.")
    prepare()
    print(f"A copy of {EXAMPLE.relative_to(PROJECT)} is in {WORKSPACE.relative_to(PROJECT)}.")
    show("tmlfix", "apply", "--phase", "1")
    show("git", "--no-pager", "diff", f"main...{BRANCH}")
    show("git", "--no-pager", "log", "--graph", "--oneline", "--all")


if __name__ == "__main__":
    main()
