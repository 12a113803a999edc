"""Nothing that tmlfix reads can make it run a program, leave the tree or steer a terminal.

The tree, the repository around it and every name in them are hostile here. Programs that must not run
are traps: each leaves a file with its name. That the traps work is shown by springing them with
plain git.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from git.exc import GitCommandError

from codemods import engine
from codemods.files import safe_open
from codemods.files.repository import RepositoryError, mail_room, open_repository, remote_addresses
from codemods.files.work_folders import InUseError
from codemods.files.workspace import read_commit, read_tree
from codemods.files.writing import JOURNAL, STAGE, Written, finish_interrupted, write_changes
from codemods.model.findings import Change
from codemods.model.fix_plan import FixPlan
from tests.support.checkout import Checkout, Prepare
from tests.support.command import Run
from tests.support.project import EXAMPLE, PROJECT
from tml_ast import generate

HTTP = "tmlfix/phase-1-http"
LEAK = "lib/src/http/router.tml"
EVERY_COMMAND = [
    ["status"],
    ["status", "--format", "json"],
    ["apply", "--phase", "1", "--dry-run"],
    ["apply", "--phase", "1", "--dry-run", "--diff"],
    ["apply", "--phase", "1", "--dry-run", "--format", "json"],
    ["apply", "--phase", "1", "--dry-run", "--in-place"],
    ["parse", ".", "--check"],
    ["parse", ".", "--check", "--format", "json"],
    ["parse", LEAK, "--tree"],
    ["explain", "missing-release"],
    *(["check", "--phase", "1", "--format", name] for name in ("text", "json", "sarif", "github")),
    *(["check", "--phase", "1", "--format", name] for name in ("markdown", "junit")),
    ["check", "--phase", "1", "--changed-since", "HEAD"],
    ["apply", "--phase", "1", "--dry-run", "--pr-body", "-"],
    ["explain", f"{LEAK}:20"],
    ["explain", f"{LEAK}:20", "--format", "json"],
    ["apply", "--phase", "1"],
    ["apply", "--phase", "1,2", "--stacked", "--force"],
    ["apply", "--phase", "1", "--force", "--format", "json"],
    ["apply", "--phase", "1", "--in-place"],
]

COMMANDS_WITH_GIT = [
    ["status"],
    ["check", "--phase", "1", "--changed-since", "HEAD"],
    ["apply", "--phase", "1", "--dry-run", "--diff"],
    ["apply", "--phase", "1"],
]


class Traps:
    """Programs that must never run, and what is left of those that did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "trap"
        self.sprung_folder = folder / "sprung"
        self.sprung_folder.mkdir(parents=True)
        self.program.write_text(f'#!/bin/sh\ntouch "{self.sprung_folder}/$1"\nexit 1\n')
        self.program.chmod(0o755)

    def command(self, name: str) -> str:
        """A command line that springs the trap of that name."""
        return f"{self.program} {name}"

    def script(self, file: Path) -> Path:
        """Make ``file`` a program that springs the trap of its own name."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\nexec {self.command(file.name)}\n")
        file.chmod(0o755)
        return file

    def sprung(self) -> set[str]:
        """The names of the traps that ran; they are set again."""
        names = {path.name for path in self.sprung_folder.iterdir()}
        for name in names:
            (self.sprung_folder / name).unlink()
        return names


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path / "traps")


@pytest.fixture
def prey(prepared: Prepare, git_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A repository with one file that leaks, as the current folder."""
    checkout = prepared({LEAK: (EXAMPLE / LEAK).read_bytes()}, tmp_path / "prey")
    monkeypatch.chdir(checkout.folder)
    return checkout


def plain_git(checkout: Checkout, *arguments: str) -> None:
    """What a user's own git does, whether it works or not."""
    subprocess.run(
        ["git", *arguments], cwd=checkout.folder, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )


def run_every_command(run: Run, commands: Sequence[list[str]] = EVERY_COMMAND) -> None:
    for arguments in commands:
        outcome = run(*arguments)
        assert outcome.code in (0, 1), (arguments, outcome)
        assert outcome.err == "", (arguments, outcome)


# What the source itself may do

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "execvp", "spawnv"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "yaml", "subprocess", "ctypes", "runpy", "code", "dill"}
WHAT_THE_USER_NAMES = ("codemods/verification/processes.py", "subprocess")
"""The one place that runs a program other than git: the command of ``tmlfix verify`` and ``doctor``."""


def called_name(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def is_forbidden(node: ast.AST) -> str | None:
    if isinstance(node, ast.Import):
        names = {alias.name.split(".")[0] for alias in node.names}
        return next(iter(names & FORBIDDEN_MODULES), None)
    if isinstance(node, ast.ImportFrom):
        return node.module if (node.module or "").split(".")[0] in FORBIDDEN_MODULES else None
    if isinstance(node, ast.Call):
        if any(keyword.arg == "shell" for keyword in node.keywords):
            return "shell="
        # `re.compile` is no compilation of Python.
        harmless = isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "re.compile"
        return called_name(node) if called_name(node) in FORBIDDEN_CALLS and not harmless else None
    return None


def test_the_source_runs_no_shell_and_no_code_of_others() -> None:
    found = {
        (path.relative_to(PROJECT).as_posix(), name)
        for package in ("codemods", "tml_ast")
        for path in (PROJECT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (name := is_forbidden(node)) is not None
    }

    assert found == {WHAT_THE_USER_NAMES}


@pytest.mark.parametrize("name", generate.MODULES.values())
def test_the_generated_parsers_hold_nothing_but_the_grammar(name: str) -> None:
    """Their source calls only its own functions, the project's and harmless ones of lists."""
    tree = ast.parse((PROJECT / "tml_ast" / name).read_text(encoding="utf-8"))

    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    own = re.compile(
        r"(match|fold)_\w+|\w+_ahead|is_new|TABLE_\d+\.get|failed\[\d+\]\.add"
        r"|(out|kids(_\d+)?)\.append|tokens\[p\]\.lexeme\.startswith|furthest\.miss|alternative|new|len|tuple|frozenset"
    )
    assert {call for call in calls if not own.fullmatch(call)} == set()
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"collections.abc", "tml_ast.lookahead", "tml_ast.nodes", "tml_ast.precedence"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
    assert {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} <= {
        "append", "add", "get", "miss", "children", "newline_before", "type", "lexeme", "startswith",
        "__new__",
    }  # fmt: skip


# How git is started

EVIL = "--evil"
LAWFUL = re.compile(r"--force-with-lease=refs/heads/tmlfix/phase-\d-[a-z-]+:[0-9a-f]*")


@pytest.fixture
def spawned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """Records what every git that starts is given."""
    real = shutil.which("git")
    assert real is not None
    log = tmp_path / "log"
    log.mkdir()
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > "$(mktemp {log}/XXXXXX)"\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    return lambda: [path.read_bytes().decode().split("\0")[:-1] for path in log.iterdir()]


def exposes_an_option(arguments: list[str]) -> bool:
    """Whether an argument from outside stands where git could take it for an option or a revision."""
    before_paths = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any("evil" in argument for argument in before_paths)


def test_what_comes_from_outside_cannot_be_an_option_of_git(
    run: Run, prey: Checkout, spawned: Callable[[], list[list[str]]], tmp_path: Path
) -> None:
    for name in (f"{EVIL}.tml", f"{EVIL}/--output=evil.tml", "-evil/http.tml", f"http/{EVIL}.tml"):
        prey.write(name, b"func main() {}\n")
    prey.commit()
    origin = tmp_path / "--upload-pack=evil.git"
    prey.git("clone", "--quiet", "--bare", ".", str(origin))
    prey.write(
        ".git/config",
        (prey.folder / ".git/config").read_bytes() + f'[remote "{EVIL}"]\nurl = {origin}\n'.encode(),
    )
    prey.git("update-ref", f"refs/heads/{EVIL}", "HEAD")
    prey.git("symbolic-ref", "HEAD", f"refs/heads/{EVIL}")
    prey.git("update-ref", "refs/tags/--evil-tag", "HEAD")

    assert run("apply", "--phase", "1", f"--push={EVIL}", f"--patches={tmp_path}/--evil").code == 0
    run_every_command(run)
    assert run("apply", "--phase", "1", "--force", "--", f"http/{EVIL}.tml", EVIL).code == 0
    assert run("apply", "--phase", "1", "--dry-run", f"./http/{EVIL}.tml").code == 0

    commands = [command for command in spawned() if command[0] != "-C"]
    kinds = {
        next(part for part in command if not part.startswith("-") and "=" not in part) for command in commands
    }
    assert {"rev-parse", "ls-tree", "cat-file", "update-ref", "commit-tree", "push", "ls-remote"} <= kinds
    assert any(f"{origin}" in command for command in commands)
    assert [command for command in commands if exposes_an_option(command)] == []


def test_no_git_of_the_tree_is_run(
    run: Run, prey: Checkout, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("git", "sh", "ssh", "git-rev-parse", "bin/git"):
        traps.script(prey.folder / name)
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", "bin", os.environ["PATH"]]))

    run_every_command(run, COMMANDS_WITH_GIT)

    assert traps.sprung() == set()


def test_no_python_of_the_tree_is_run(prey: Checkout, traps: Traps) -> None:
    for name in (
        "git",
        "json",
        "rich",
        "typer",
        "codemods",
        "sitecustomize",
        "conftest",
        "setup",
        "readline",
        "multiprocessing",
        "selectors",
        "signal",
        "socket",
    ):
        code = f"import os\nos.system('{traps.command(name)}')\n"
        prey.write(f"{name}.py", code.encode())
    prey.write("lib/src/http/python.tml", b"func main() {}\n")
    prey.commit()
    program = Path(sys.executable).parent / "tmlfix"
    if not program.exists():
        pytest.skip("the command tmlfix is not installed beside this Python")

    for arguments in (["apply", "--phase", "1"], ["status", "--no-cache", "--jobs", "2"]):
        process = subprocess.run([program, *arguments], capture_output=True, check=False)

        assert process.returncode == 0, process.stderr
        assert traps.sprung() == set()


# What the configuration of a repository can do

HOOKS = """applypatch-msg commit-msg fsmonitor-watchman p4-changelist p4-pre-submit post-applypatch
post-checkout post-commit post-index-change post-merge post-receive post-rewrite post-update pre-applypatch
pre-auto-gc pre-commit pre-merge-commit pre-push pre-rebase pre-receive prepare-commit-msg proc-receive
push-to-checkout reference-transaction sendemail-validate update""".split()

PROGRAM_SETTINGS = {
    "alias.rev-parse": "!{}", "alias.ls-tree": "!{}", "alias.var": "!{}", "alias.config": "!{}",
    "core.alternateRefsCommand": "{}", "core.askPass": "{}", "core.editor": "{}", "core.fsmonitor": "{}",
    "core.gitProxy": "{}", "core.pager": "{}", "core.sshCommand": "{}", "credential.helper": "!{}",
    "diff.external": "{}", "diff.tml.command": "{}", "diff.tml.textconv": "{}", "difftool.x.cmd": "{}",
    "filter.tml.clean": "{}", "filter.tml.process": "{}", "filter.tml.smudge": "{}",
    "gpg.program": "{}", "gpg.ssh.program": "{}", "gpg.ssh.defaultKeyCommand": "{}",
    "hook.a=b.c.command": "{}", "hook.x.command": "{}",
    "interactive.diffFilter": "{}", "man.x.cmd": "{}", "merge.tml.driver": "{}", "mergetool.x.cmd": "{}",
    "pager.log": "{}", "pager.var": "{}", "pager.config": "{}", "pager.remote": "{}",
    "sequence.editor": "{}", "submodule.x.update": "!{}", "trailer.x.cmd": "{}", "trailer.x.command": "{}",
    "uploadpack.packObjectsHook": "{}", "web.browser": "{}",
}  # fmt: skip
OTHER_SETTINGS = {
    "commit.gpgSign": "true", "diff.tml.cachetextconv": "true", "filter.tml.required": "true",
    "gc.auto": "1", "gc.autoDetach": "false", "hook.x.event": "reference-transaction",
    "hook.a=b.c.event": "reference-transaction", "log.showSignature": "true", "maintenance.auto": "true",
    "merge.default": "tml", "protocol.allow": "always", "push.gpgSign": "true", "push.followTags": "true",
    "push.recurseSubmodules": "on-demand", "receive.denyCurrentBranch": "updateInstead",
    "tag.gpgSign": "true", "transfer.fsckObjects": "true",
}  # fmt: skip


def lay_traps_in_the_repository(checkout: Checkout, traps: Traps) -> None:
    hooks = checkout.folder / "hooks-of-the-tree"
    for hook in HOOKS:
        traps.script(hooks / hook)
        traps.script(checkout.folder / ".git/hooks" / hook)
    settings = {name: command.format(traps.command(name)) for name, command in PROGRAM_SETTINGS.items()}
    for name, value in (settings | OTHER_SETTINGS | {"core.hooksPath": str(hooks)}).items():
        checkout.git("config", name, value)
    for target in ("normalTarget", "eventTarget", "perfTarget"):
        checkout.git("config", f"trace2.{target}", str(traps.sprung_folder / f"trace2.{target}"))
    attributes = (
        b"* filter=tml diff=tml merge=tml text eol=crlf working-tree-encoding=UTF-16 ident export-subst\n"
    )
    checkout.write(".gitattributes", attributes)
    checkout.write(".git/info/attributes", attributes)
    checkout.write(".gitmodules", b'[submodule "x"]\npath = x\nurl = ext::sh -c evil\nupdate = !evil\n')


def test_no_setting_hook_or_attribute_of_the_repository_starts_a_program(
    run: Run, prey: Checkout, traps: Traps
) -> None:
    prey.write(".gitattributes", b"")
    prey.commit()
    lay_traps_in_the_repository(prey, traps)
    plain_git(prey, "status")
    plain_git(prey, "add", ".")
    plain_git(prey, "commit", "--allow-empty", "--message=x")
    plain_git(prey, "update-ref", "refs/heads/other", "HEAD")
    prey.write(LEAK, (EXAMPLE / LEAK).read_bytes() + b"// more\n")
    plain_git(prey, "diff", "--ext-diff")
    assert {"core.fsmonitor", "filter.tml.process", "reference-transaction"} <= traps.sprung()

    prey.write(LEAK, (EXAMPLE / LEAK).read_bytes())
    run_every_command(run)

    assert traps.sprung() == set()
    assert HTTP in subprocess.check_output(
        ["git", "-c", "core.fsmonitor=false", "branch", "--list", "tmlfix/*"], text=True
    )


def test_included_and_worktree_configuration_starts_no_program_either(
    run: Run, prey: Checkout, traps: Traps
) -> None:
    prey.git("config", "extensions.worktreeConfig", "true")
    prey.write(".git/config.worktree", f"[core]\nfsmonitor = {traps.command('worktree')}\n".encode())
    prey.write(
        "evil.inc", f"[core]\nsshCommand = {traps.command('ssh')}\nhooksPath = {prey.folder}\n".encode()
    )
    prey.git("config", "include.path", "../evil.inc")
    prey.git("config", "includeIf.gitdir:/.path", "../evil.inc")
    traps.script(prey.folder / "reference-transaction")
    plain_git(prey, "status")
    plain_git(prey, "update-ref", "refs/heads/other", "HEAD")
    assert traps.sprung() == {"worktree", "reference-transaction"}

    run_every_command(run, COMMANDS_WITH_GIT)

    assert traps.sprung() == set()


def test_configured_hooks_of_newer_gits_are_switched_off_by_name(prey: Checkout) -> None:
    prey.git("config", "hook.one.command", "evil")
    prey.git("config", "hook.a=b.c.event", "reference-transaction")
    prey.git("config", "hook.a=b.c.enabled", "true")

    git = open_repository(prey.folder).git

    for hook in ("hook.one.enabled", "hook.a=b.c.enabled"):
        assert git.config("--get", hook) == "false"


PROMISORS = {
    "uploadpack": {"remote.origin.url": "{prey}", "remote.origin.uploadpack": "{trap}"},
    "ssh": {"remote.origin.url": "ssh://host/x", "core.sshCommand": "{trap}", "ssh.variant": "simple"},
    "ext": {"remote.origin.url": "ext::{trap}", "protocol.ext.allow": "always"},
    "proxy": {"remote.origin.url": "git://host/x", "core.gitProxy": "{program}"},
    "rewritten": {
        "remote.origin.url": "https://host/x",
        "url.ext::{trap} .insteadOf": "https://host/x",
        "protocol.ext.allow": "always",
    },
}


@pytest.mark.parametrize("kind", PROMISORS)
def test_a_missing_object_is_not_fetched_by_a_program_of_the_repository(
    run: Run, prey: Checkout, traps: Traps, kind: str
) -> None:
    """git fetches by itself what a partial clone lacks, from where and how the repository says."""
    blob = prey.line("rev-parse", f"HEAD:{LEAK}")
    words = {"prey": prey.folder, "trap": traps.command(kind), "program": traps.program}
    for name, value in PROMISORS[kind].items():
        prey.git("config", name.format(**words), value.format(**words))
    prey.git("config", "remote.origin.promisor", "true")
    prey.git("config", "extensions.partialClone", "origin")
    prey.git("config", "core.repositoryFormatVersion", "1")
    (prey.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    plain_git(prey, "cat-file", "blob", blob)
    assert len(traps.sprung()) == 1

    for arguments in (["status"], ["apply", "--all", "--dry-run"], ["apply", "--phase", "1"]):
        outcome = run(*arguments)
        assert outcome.code == 2
        assert "is missing from the git repository" in outcome.err
    head = prey.head()
    (prey.folder / ".git/objects" / head[:2] / head[2:]).unlink()
    assert run("status").code == 2

    assert traps.sprung() == set()


def test_replaced_and_grafted_objects_do_not_count(run: Run, prey: Checkout) -> None:
    first = prey.head()
    prey.write(LEAK, b"func harmless() {}\n")
    second = prey.commit()
    prey.git("replace", second, first)
    prey.write(".git/info/grafts", f"{second}\n".encode())

    assert run("apply", "--phase", "1").out == "phase 1 http: nothing to fix, no branch\n"
    assert read_commit(open_repository(prey.folder)).files[LEAK] == b"func harmless() {}\n"


# Pushing


@pytest.fixture
def origin(prey: Checkout, tmp_path: Path) -> Checkout:
    """A remote of the prey."""
    folder = tmp_path / "origin.git"
    prey.git("clone", "--quiet", "--bare", str(prey.folder), str(folder))
    prey.git("remote", "add", "origin", str(folder))
    return Checkout(folder)


def test_a_push_runs_no_program_that_the_repository_names(
    run: Run, prey: Checkout, origin: Checkout, traps: Traps
) -> None:
    lay_traps_in_the_repository(prey, traps)
    prey.git("config", "remote.origin.receivepack", traps.command("receivepack"))
    prey.git("config", "remote.origin.uploadpack", traps.command("uploadpack"))
    prey.git("config", "remote.origin.vcs", "evil")
    plain_git(prey, "ls-remote", "--upload-pack", traps.command("uploadpack"), str(origin.folder))
    plain_git(prey, "push", "--receive-pack", traps.command("receivepack"), str(origin.folder), "HEAD:x")
    assert {"uploadpack", "receivepack"} <= traps.sprung()

    outcome = run("apply", "--phase", "1", "--push", "origin")

    assert (outcome.code, outcome.err) == (0, "")
    assert HTTP in origin.branches()
    assert traps.sprung() == set()


def test_the_hooks_of_a_remote_in_another_folder_are_its_own(
    run: Run, prey: Checkout, origin: Checkout, traps: Traps
) -> None:
    """They are the policy of that repository, which --push names; a refusal counts."""
    traps.script(origin.folder / "hooks/update")

    outcome = run("apply", "--phase", "1", "--push", "origin")

    assert outcome.code == 2
    assert traps.sprung() == {"update"}
    assert "tmlfix" not in "".join(origin.branches())


REMOTES_INSIDE = [
    ".", "./vendor/evil.git", "vendor/evil", "{prey}/vendor/evil.git", "file://{prey}/vendor/evil.git",
    "file://{home}/%70rey/vendor/evil.git", "file://localhost{prey}/vendor/evil.git",
    "{prey}/../prey/vendor/evil",
    "vendor/link", "~/prey/vendor/evil.git", ".git", "{prey}",
]  # fmt: skip


@pytest.fixture
def hooked(prey: Checkout, traps: Traps, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout with a bare repository inside; both have traps as their hooks."""
    monkeypatch.setenv("HOME", str(prey.folder.parent))
    prey.git("clone", "--quiet", "--bare", ".", "vendor/evil.git")
    (prey.folder / "vendor/link").symlink_to("evil.git")
    for repository in (".git", "vendor/evil.git"):
        for hook in HOOKS:
            traps.script(prey.folder / repository / "hooks" / hook)
    return prey


@pytest.mark.parametrize("address", REMOTES_INSIDE)
def test_a_remote_inside_the_checkout_is_refused(hooked: Checkout, address: str) -> None:
    hooked.git("config", "remote.origin.url", address.format(prey=hooked.folder, home=hooked.folder.parent))

    with pytest.raises(RepositoryError, match="the remote origin lies in the checkout itself"):
        remote_addresses(open_repository(hooked.folder), "origin")


@pytest.mark.parametrize(
    "address",
    [
        "~/origin.git",
        "../origin.git",
        "file:///srv/x.git",
        "https://host/x",
        "git@host:x.git",
        "ssh://host/./x",
    ],
)
def test_other_addresses_are_those_that_git_names(hooked: Checkout, address: str) -> None:
    hooked.git("remote", "add", "origin", address)

    assert remote_addresses(open_repository(hooked.folder), "origin") == [address]


def test_the_hooks_of_a_remote_inside_the_checkout_do_not_run(
    run: Run, hooked: Checkout, traps: Traps
) -> None:
    """They are files of the tree, and would run here."""
    hooked.git("config", "remote.origin.url", "vendor/evil.git")
    plain_git(hooked, "push", "--no-verify", "origin", "main:other")
    assert "pre-receive" in traps.sprung()

    outcome = run("apply", "--phase", "1", "--push", "origin")

    assert outcome.code == 2
    assert "the remote origin lies in the checkout itself" in outcome.err
    assert traps.sprung() == set()


@pytest.mark.parametrize("name", ["prey.git", "prey"])
def test_a_suffix_that_git_adds_does_not_lead_into_the_checkout(prey: Checkout, name: str) -> None:
    prey.folder.rename(prey.folder.with_name("prey.git"))
    moved = Checkout(prey.folder.with_name("prey.git"))
    moved.git("config", "remote.origin.url", str(moved.folder.with_name(name)))

    with pytest.raises(RepositoryError, match="lies in the checkout itself"):
        remote_addresses(open_repository(moved.folder), "origin")


@pytest.mark.parametrize(
    "address",
    ["ext::{trap}", "evil::x", "fd::7", "ssh://-oProxyCommand=evil/x", "--upload-pack=evil", "-x:y"],
)
def test_an_address_that_runs_a_program_is_refused(
    run: Run, prey: Checkout, traps: Traps, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for helper in ("git-remote-evil", "evil"):
        traps.script(traps.folder / "bin" / helper)
    monkeypatch.setenv("PATH", f"{traps.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    prey.git("config", "remote.origin.url", address.format(trap=traps.command("ext")))
    for protocol in ("ext", "evil", "fd"):
        prey.git("config", f"protocol.{protocol}.allow", "always")

    outcome = run("apply", "--phase", "1", "--push", "origin")

    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    # gitpython refuses some by itself; git must, too.
    with mail_room(open_repository(prey.folder)) as room, pytest.raises(GitCommandError):
        room.execute(["git", "ls-remote", "--", address.format(trap=traps.command("ext"))])
    assert traps.sprung() == set()


def test_rewritten_addresses_are_judged_as_what_they_become(run: Run, prey: Checkout, traps: Traps) -> None:
    prey.git("config", "remote.origin.url", "https://example.org/x.git")
    prey.git("config", "protocol.ext.allow", "always")
    prey.git("config", f"url.ext::{traps.command('ext')} .insteadOf", "https://example.org/")

    assert run("apply", "--phase", "1", "--push", "origin").code == 2

    assert traps.sprung() == set()


def test_settings_of_the_user_are_honoured_for_this_repository(
    run: Run, prey: Checkout, traps: Traps, git_identity: Path, tmp_path: Path
) -> None:
    """Also those that the user's own configuration includes for the folder of the repository only."""
    own = tmp_path / "own.inc"
    own.write_text(f"[core]\nsshCommand = {traps.command('mine')}\n")
    with git_identity.open("a") as configuration:
        configuration.write(f'[includeIf "gitdir:{prey.folder}/"]\npath = {own}\n[ssh]\nvariant = simple\n')
    prey.git("config", "core.sshCommand", traps.command("theirs"))
    prey.git("remote", "add", "origin", "ssh://host.invalid/x.git")

    assert run("apply", "--phase", "1", "--push", "origin").code == 2

    assert traps.sprung() == {"mine"}


def test_programs_of_the_users_environment_are_honoured(
    run: Run, prey: Checkout, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    prey.git("remote", "add", "origin", "ssh://host.invalid/x.git")
    monkeypatch.setenv("GIT_SSH_COMMAND", traps.command("ssh"))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    for variable in (
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_EDITOR",
        "GIT_SEQUENCE_EDITOR",
        "GIT_PROXY_COMMAND",
    ):
        monkeypatch.setenv(variable, traps.command(variable))

    run_every_command(run, COMMANDS_WITH_GIT)
    assert traps.sprung() == set()
    assert run("apply", "--phase", "1", "--push", "origin").code == 2
    assert traps.sprung() == {"ssh"}


class AsksForAPassword(BaseHTTPRequestHandler):
    """A server that lets nobody in, and remembers what it was sent."""

    seen: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("X-Token", ""))
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    AsksForAPassword.seen.clear()
    with HTTPServer(("127.0.0.1", 0), AsksForAPassword) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/x.git"
        listening.shutdown()
        thread.join()


def test_only_the_users_own_credential_helper_is_asked(
    run: Run, prey: Checkout, traps: Traps, git_identity: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    for variable in ("GIT_ASKPASS", "SSH_ASKPASS", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with git_identity.open("a") as configuration:
        configuration.write(f'[credential]\nhelper = "!{traps.command("mine")}"\n')
    prey.git("config", "credential.helper", f"!{traps.command('theirs')}")
    prey.git("config", "core.askPass", traps.command("askpass"))
    prey.git("config", "http.cookieFile", str(prey.folder / "cookies"))
    prey.git("config", "http.saveCookies", "true")
    prey.git("config", f"http.{server}.extraHeader", "X-Token: secret")
    prey.git("remote", "add", "origin", server)
    plain_git(prey, "ls-remote", "origin")
    assert {"mine", "theirs"} <= traps.sprung()
    (prey.folder / "cookies").unlink(missing_ok=True)
    AsksForAPassword.seen.clear()

    assert run("apply", "--phase", "1", "--push", "origin").code == 2

    assert traps.sprung() == {"mine"}
    assert set(AsksForAPassword.seen) == {"secret"}
    assert not (prey.folder / "cookies").exists()


def test_a_shallow_clone_can_push(
    run: Run, prey: Checkout, origin: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prey.write("lib/src/text.tml", b"func more() {}\n")
    prey.commit()
    prey.git("push", "--quiet", "origin", "main")
    shallow = Checkout(tmp_path / "shallow")
    prey.git("clone", "--quiet", "--depth=1", origin.folder.as_uri(), str(shallow.folder))
    monkeypatch.chdir(shallow.folder)

    outcome = run("apply", "--phase", "1", "--push", "origin")

    assert (outcome.code, outcome.err) == (0, "")
    assert origin.line("rev-parse", HTTP) == shallow.line("rev-parse", HTTP)


# Where the repository lies


def test_a_checkout_that_the_repository_puts_elsewhere_is_refused(
    run: Run, prey: Checkout, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for elsewhere in (home, tmp_path, Path("/")):
        prey.git("config", "core.worktree", str(elsewhere))
        for arguments in (["apply", "--phase", "1"], ["status"]):
            outcome = run(*arguments)
            assert outcome.code == 2, elsewhere
            assert re.search("checkout of it|has its checkout elsewhere", outcome.err)
    assert not (tmp_path / "patches").exists()
    assert not (home / "patches").exists()


def test_a_submodule_has_its_repository_elsewhere_and_is_at_home(
    run: Run, prey: Checkout, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = new_checkout("outer")
    outer.git("submodule", "--quiet", "add", str(prey.folder), "inner")
    monkeypatch.chdir(outer.folder / "inner")

    assert run("apply", "--phase", "1").code == 0
    assert (outer.folder / "inner/patches/phase-1-http.patch").exists()


def test_a_bare_repository_inside_the_tree_is_not_used(
    run: Run, prey: Checkout, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = prey.folder / "lib/evil"
    prey.git("clone", "--quiet", "--bare", ".", str(evil))
    (evil / "lib").mkdir()
    (evil / "lib/http.tml").write_bytes((EXAMPLE / LEAK).read_bytes())
    bare = Checkout(evil)
    for name, value in {
        "core.bare": "false",
        "core.worktree": ".",
        "core.fsmonitor": traps.command("fsmonitor"),
    }.items():
        bare.git("config", name, value)
    traps.script(evil / "hooks/reference-transaction")
    monkeypatch.chdir(evil)

    for arguments in (["status"], ["apply", "--phase", "1"], ["apply", "--phase", "1", "lib/http.tml"]):
        outcome = run(*arguments)
        assert outcome.code == 2
        assert "is in a bare repository" in outcome.err or "checkout elsewhere" in outcome.err

    assert traps.sprung() == set()
    assert bare.branches() == ["main"]


def test_a_pipe_named_like_a_repository_is_not_waited_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    os.mkfifo(tree / ".git")
    (tree / "http.tml").write_bytes((EXAMPLE / LEAK).read_bytes())
    monkeypatch.chdir(tree)

    assert run("status").code in (0, 2)
    assert run("apply", "--phase", "1", "--in-place").code == 0


def test_variables_in_a_folder_name_are_part_of_the_name(
    run: Run, new_checkout: Callable[[str], Checkout], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = new_checkout("$HOME")
    checkout.write(LEAK, (EXAMPLE / LEAK).read_bytes())
    checkout.commit()
    monkeypatch.chdir(checkout.folder)

    outcome = run("apply", "--phase", "1")

    assert (outcome.code, outcome.err) == (0, "")
    assert HTTP in checkout.branches()


def test_a_repository_of_somebody_else_is_refused_as_git_does(
    run: Run, prey: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    for arguments in (["status"], ["apply", "--phase", "1"]):
        outcome = run(*arguments)
        assert outcome.code == 2
        assert outcome.err.startswith("tmlfix: git: detected dubious ownership in repository")
        assert outcome.err.count("\n") == 1


# Paths


def store_tree(checkout: Checkout, *entries: tuple[str, bytes, str]) -> str:
    """The id of a tree as no git would write it: mode, name and id of each entry."""
    content = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(identifier) for mode, name, identifier in entries
    )
    command = ("hash-object", "-t", "tree", "--literally", "-w", "--stdin")
    return checkout.git(*command, feed=content).decode().strip()


@pytest.mark.parametrize(
    "name",
    [
        b"..",
        b".",
        b".git",
        b".GIT",
        b"../../evil.tml",
        b"a/../../evil.tml",
        b"/evil.tml",
        b"./x.tml",
        b"a//x.tml",
    ],
)
def test_a_tree_with_impossible_names_leads_nowhere(run: Run, prey: Checkout, name: bytes) -> None:
    blob = prey.line("rev-parse", f"HEAD:{LEAK}")
    inner = store_tree(prey, ("100644", b"http.tml", blob))
    mode, entry = ("100644", blob) if name.endswith(b".tml") else ("40000", inner)
    evil = store_tree(prey, (mode, name, entry), ("100644", b"http.tml", blob))
    prey.git("reset", "--quiet", "--soft", prey.line("commit-tree", "-m", "Evil", evil))
    before = prey.state()

    outcome = run("apply", "--phase", "1", "--format", "json")

    assert outcome.code == 2
    assert outcome.document["summary"]["branches"] == []
    assert prey.state() == before
    assert not list(prey.folder.parent.rglob("evil*"))
    for diff in run("apply", "--phase", "1", "--dry-run", "--diff").out.splitlines():
        assert not re.match(r"(---|\+\+\+) .*(\.\./|//|/\./|/\.git/)", diff)


@pytest.mark.parametrize("before", [JOURNAL, "a.tml"])
def test_a_folder_that_becomes_a_link_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """When its files are staged, and even at the last moment, when all is checked."""
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "lib").mkdir(parents=True)
    outside.mkdir()
    for folder in (tree / "lib", outside):
        (folder / "a.tml").write_bytes(b"leak\n")
    replace = os.replace

    def swap(source: str, target: str, **folders: int) -> None:
        if target == before:
            (tree / "lib").rename(tree / "moved")
            (tree / "lib").symlink_to(outside)
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", swap)
    written = write_changes(tree, {"lib/a.tml": Change(b"leak\n", b"free\n")})

    assert (outside / "a.tml").read_bytes() == b"leak\n"
    assert [path.name for path in outside.iterdir()] == ["a.tml"]
    assert (tree / "moved/a.tml").read_bytes() == (b"free\n" if before == "a.tml" else b"leak\n")
    assert written.paths == (("lib/a.tml",) if before == "a.tml" else ())


@pytest.mark.parametrize(
    "path", ["../outside/a.tml", "lib/../../outside/a.tml", "link/a.tml", "lib/link/a.tml"]
)
def test_no_path_leads_a_write_out_of_the_tree(tmp_path: Path, path: str) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "lib").mkdir(parents=True)
    outside.mkdir()
    (outside / "a.tml").write_bytes(b"leak\n")
    (tree / "link").symlink_to("../outside")
    (tree / "lib/link").symlink_to(outside)

    (error,) = write_changes(tree, {path: Change(b"leak\n", b"free\n")}).errors

    assert error.message == "was not written: it is reached through a symbolic link now"
    assert (outside / "a.tml").read_bytes() == b"leak\n"


@pytest.fixture
def forged(tmp_path: Path) -> Callable[..., Path]:
    """A tree with a journal of its own making, whose lock says that tmlfix left it, and a file beside it."""
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    stage = tree / STAGE
    for folder in (stage, tree / ".git", outside):
        folder.mkdir(parents=True)
    for file in (tree / "a.tml", tree / ".git/config", tree / ".git/x.tml", outside / "a.tml"):
        file.write_bytes(b"old")
    (tree / "link").symlink_to(outside)
    (stage / "lock").write_text(str(stage.stat().st_ino))
    (stage / "0").write_bytes(b"new")
    old, new = (hashlib.sha256(content).hexdigest() for content in (b"old", b"new"))

    def forge(path: object, staged: object = "0") -> Path:
        (stage / JOURNAL).write_text(json.dumps([[path, old, new, staged]]))
        return tree

    return forge


def contents(folder: Path) -> dict[str, bytes]:
    """All files below the folder, and what the links say, but for those that tmlfix calls its own."""
    return {
        str(path): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and STAGE not in path.parts
    }


def test_the_forged_journal_is_one_that_could_be_obeyed(forged: Callable[..., Path]) -> None:
    tree = forged("a.tml")

    assert finish_interrupted(tree) == Written(("a.tml",))
    assert (tree / "a.tml").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("path", "staged"),
    [
        ("../outside/a.tml", "0"),
        ("{outside}/a.tml", "0"),
        ("link/a.tml", "0"),
        ("x/../a.tml", "0"),
        (".git/config", "0"),
        (".git/x.tml", "0"),
        ("a.tml", "../../outside/a.tml"),
        ("a.tml", "{outside}/a.tml"),
        ("a.tml", "../link/a.tml"),
        ("a.tml", "lock"),
        ("a.tml", 0),
        (None, "0"),
    ],
)
def test_a_journal_leads_nowhere(
    forged: Callable[..., Path], tmp_path: Path, path: str | None, staged: str | int
) -> None:
    places = {"outside": tmp_path / "outside"}
    tree = forged(*(text.format(**places) if isinstance(text, str) else text for text in (path, staged)))
    before = contents(tmp_path)

    try:
        finished = finish_interrupted(tree)
    except InUseError as error:
        assert "was not made by a run of tmlfix here; remove it" in str(error)
    else:
        assert finished.paths == ()
        assert len(finished.errors) == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "journal", ["", "{}x", "3", "[3]", "[[]]", '[["a.tml"]]', "null", '"\\ud800"', "[" * 99_999]
)
def test_a_journal_that_says_nothing_is_refused(forged: Callable[..., Path], journal: str) -> None:
    tree = forged("a.tml")
    (tree / STAGE / JOURNAL).write_text(journal)

    with pytest.raises(InUseError, match="was not made by a run of tmlfix here"):
        finish_interrupted(tree)


@pytest.mark.parametrize("name", [JOURNAL, "0"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_staged_is_a_file(forged: Callable[..., Path], tmp_path: Path, name: str, kind: str) -> None:
    tree = forged("a.tml")
    place = tree / STAGE / name
    place.rename(tmp_path / "outside" / name)
    if kind == "link":
        place.symlink_to(tmp_path / "outside" / name)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()

    if name == JOURNAL:
        with pytest.raises(InUseError, match="was not made by a run of tmlfix here"):
            finish_interrupted(tree)
    else:
        assert finish_interrupted(tree).paths == ()
    assert (tree / "a.tml").read_bytes() == b"old"
    assert not (tree / "a.tml").is_symlink()


@pytest.mark.parametrize("kind", ["link", "link to nothing", "hard link", "pipe"])
def test_a_lock_that_is_something_else_is_not_written(tmp_path: Path, kind: str) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"")
    tree = tmp_path / "tree"
    (tree / STAGE).mkdir(parents=True)
    lock = tree / STAGE / "lock"
    if kind.startswith("link"):
        lock.symlink_to(precious if kind == "link" else tmp_path / "nothing")
    elif kind == "hard link":
        lock.hardlink_to(precious)
    else:
        os.mkfifo(lock)
    (tree / "a.tml").write_bytes(b"leak\n")

    changes = {"a.tml": Change(b"leak\n", b"free\n")}

    if kind.startswith("link"):
        assert write_changes(tree, changes).paths == ()
    else:
        with pytest.raises(InUseError, match="was not made by a run of tmlfix here"):
            write_changes(tree, changes)

    assert not (tmp_path / "nothing").exists()
    assert precious.read_bytes() == b""
    assert (tree / "a.tml").read_bytes() == b"leak\n"


def test_a_folder_that_becomes_a_link_is_not_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "lib").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.tml").write_text("secret")
    opened = safe_open.open_folder

    def swap(root: Path, name: str = "") -> object:
        if name == "lib":
            (tree / "lib").rmdir()
            (tree / "lib").symlink_to(outside)
        return opened(root, name)

    monkeypatch.setattr("codemods.files.workspace.open_folder", swap)
    workspace = read_tree(tree)

    assert workspace.files == {}
    assert [str(error) for error in workspace.errors] == [
        "lib: cannot be read: is reached through a symbolic link"
    ]


def test_a_folder_that_becomes_a_link_once_it_was_looked_at_is_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "lib").mkdir(parents=True)
    outside.mkdir()
    (outside / "a.tml").write_bytes(b"leak\n")
    looked = os.stat

    def swap(path: str | int, **options: Any) -> os.stat_result:
        status = looked(path, **options)
        if path == "lib":
            (tree / "lib").rmdir()
            (tree / "lib").symlink_to(outside)
        return status

    monkeypatch.setattr(os, "stat", swap)

    assert len(write_changes(tree, {"lib/a.tml": Change(b"leak\n", b"free\n")}).errors) == 1
    assert (outside / "a.tml").read_bytes() == b"leak\n"


@pytest.mark.parametrize("becomes", ["pipe", "link"])
def test_a_file_that_becomes_something_else_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    (tmp_path / "a.tml").write_text("a")
    looked = os.stat

    def swap(path: str | int, **options: Any) -> os.stat_result:
        status = looked(path, **options)
        if path == "a.tml" and stat.S_ISREG(status.st_mode):
            (tmp_path / "a.tml").unlink()
            if becomes == "pipe":
                os.mkfifo(tmp_path / "a.tml")
            else:
                (tmp_path / "a.tml").symlink_to("/etc/hostname")
        return status

    monkeypatch.setattr(os, "stat", swap)
    workspace = read_tree(tmp_path)

    assert workspace.files == {}
    assert len(workspace.errors) == 1


def test_the_other_names_of_a_file_keep_their_content(run: Run, prey: Checkout, tmp_path: Path) -> None:
    outside = tmp_path / "outside.tml"
    outside.hardlink_to(prey.folder / LEAK)

    assert run("apply", "--phase", "1", "--in-place").code == 0

    assert outside.read_bytes() == (EXAMPLE / LEAK).read_bytes() != (prey.folder / LEAK).read_bytes()


def test_pipes_devices_and_sockets_are_named_and_not_opened(run: Run, prey: Checkout) -> None:
    for name in ("pipe.tml", "http/pipe.tml", "patches"):
        (prey.folder / name).parent.mkdir(exist_ok=True)
        os.mkfifo(prey.folder / name)
    (prey.folder / "zero.tml").symlink_to("/dev/zero")

    for arguments in (["apply", "--all", "--in-place"], ["parse", ".", "--check"]):
        outcome = run(*arguments)
        assert outcome.code == 2
        assert "pipe.tml: is not a regular file" in outcome.err
    assert run("parse", "pipe.tml", "/dev/zero", "--check").err.count("is not a regular file") == 2
    assert run("apply", "--phase", "1").code == 2


def test_a_giant_is_not_read(run: Run, prey: Checkout) -> None:
    giant = prey.write("lib/http.tml", b"")
    os.truncate(giant, 2**40)
    outcome = run("apply", "--all", "--in-place", "--dry-run")
    assert outcome.err == "error: lib/http.tml: is larger than 16 MB, too large for source\n"

    os.truncate(giant, safe_open.LARGEST_FILE + 1)
    prey.commit()
    outcome = run("apply", "--phase", "1")
    assert outcome.err == "error: lib/http.tml: is larger than 16 MB, too large for source\n"
    assert HTTP in prey.branches()


@pytest.mark.parametrize("target", ["{outside}", "lib", "missing", ".git/hooks"])
def test_a_patch_folder_that_is_a_link_is_refused(
    run: Run, prey: Checkout, tmp_path: Path, target: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (prey.folder / "patches").symlink_to(target.format(outside=outside))

    outcome = run("apply", "--phase", "1")

    assert outcome.code == 2
    assert "patches is a symbolic link; name a folder for the patches with --patches" in outcome.err
    assert list(outside.iterdir()) == []
    assert run("apply", "--phase", "1", "--patches", outside).code == 0


def test_nor_does_one_count_that_appears_during_the_analysis(
    run: Run, prey: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    plan_fixes = engine.plan_fixes

    def swap(*arguments: Any, **options: Any) -> FixPlan:
        (prey.folder / "patches").symlink_to(outside)
        return plan_fixes(*arguments, **options)

    monkeypatch.setattr("codemods.engine.plan_fixes", swap)
    outcome = run("apply", "--phase", "1")

    assert outcome.code == 2
    assert "patches is a symbolic link" in outcome.err
    assert list(outside.iterdir()) == []
    assert HTTP not in prey.branches()


def test_a_patch_replaces_a_link_and_does_not_follow_it(run: Run, prey: Checkout, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (prey.folder / "patches").mkdir()
    (prey.folder / "patches/phase-1-http.patch").symlink_to(outside)

    assert run("apply", "--phase", "1").code == 0

    assert outside.read_text() == "mine"
    assert not (prey.folder / "patches/phase-1-http.patch").is_symlink()


# What is printed

HOSTILE = {
    "escape": "\x1b]0;owned\x07\x1b[2J",
    "newline": "a\nerror: all is well",
    "return": "a\roverwritten",
    "c1": "\x9b31m\x85",
    "bidi": "\u202elmt.\u2066\u200f",
    "invisible": "\u200b\ufeff\u00ad\U000e0041",
    "lines": "\u2028\u2029",
    "bytes": "\udcff\udc9b",
    "markup": "[red]:smile:[link=evil]",
}


def steers(text: str) -> list[str]:
    """The characters that a terminal or a reader would take for something else than they are."""
    return [
        character
        for character in text
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]


def test_no_name_steers_the_terminal_or_hides(run: Run, prey: Checkout) -> None:
    leak = (EXAMPLE / LEAK).read_bytes()
    for name in HOSTILE.values():
        prey.write(f"http/{name}/bad.tml", b"func = \x1b[31m '\n")
        prey.write(f"http/{name}.tml", b"func main() {}\n")
        (prey.folder / "http" / f"link {name}.tml").symlink_to("/etc/hostname")
    every = "".join(HOSTILE.values())
    prey.write(f"http/{every}.tml", leak)
    prey.commit()
    prey.git("config", "remote.origin\x1b.url", "x")
    commands = [
        *EVERY_COMMAND,
        *(["apply", "--phase", "1", "--push", name] for name in HOSTILE.values()),
        *(["apply", "--phase", name] for name in HOSTILE.values()),
        *(["explain", name] for name in HOSTILE.values()),
        *(["check", f"--changed-since={name}"] for name in HOSTILE.values()),
        ["check", "--write-baseline", f"known{every}.json"],
        ["check", "--baseline", f"known{every}.json"],
        ["check", "--baseline", f"missing{every}.json"],
        ["check", "-o", f"missing{every}/\0"],
        *(["explain", f"http/{name}.tml:1"] for name in HOSTILE.values()),
        *(["parse", "--check", f"--{name}"] for name in HOSTILE.values()),
        *(["parse", "--tree", f"http/{name}/bad.tml"] for name in HOSTILE.values()),
        ["apply", "--phase", "1", "--dry-run", f"missing{every}"],
        ["apply", "--phase", "1", "--patches", f"patches{every}"],
    ]

    for arguments in commands:
        outcome = run(*arguments)
        if "json" in arguments:
            json.loads(outcome.out)
            assert outcome.out.isascii()
        # A diff is for git and patch, and exact to the byte; on a terminal it is spelled out as well.
        shown = outcome.err if "--diff" in arguments else outcome.out + outcome.err
        assert steers(shown) == [], arguments
        assert "all is well" not in [line.removeprefix("error: ") for line in shown.splitlines()]

    prey.git("worktree", "add", "--quiet", str(prey.folder.parent / f"other {every}"), HTTP)
    prey.write("http.tml", leak)
    prey.commit()
    outcome = run("apply", "--phase", "1")
    assert "the branch is checked out in" in outcome.err
    assert steers(outcome.err) == []


def test_markup_in_names_is_not_interpreted(run: Run, prey: Checkout) -> None:
    prey.write(f"http/{HOSTILE['markup']}.tml", b"func = 3\n")

    assert run("parse", "http", "--check").out.startswith(f"http/{HOSTILE['markup']}.tml:1:6: ")
    prey.write(f"http/{HOSTILE['markup']}.tml", (EXAMPLE / LEAK).read_bytes())
    (prey.folder / LEAK).unlink()
    written = run("apply", "--phase", "1", "--in-place").out
    assert written.startswith(f"fixed http/{HOSTILE['markup']}.tml\n")


def test_json_names_are_those_of_the_files(run: Run, prey: Checkout) -> None:
    for name in HOSTILE.values():
        prey.write(f"http/{name}.tml", b"func = 3\n")

    document = run("parse", "http", "--check", "--format", "json").document

    assert {error["path"] for error in document["rejected"]} == {
        f"http/{name}.tml" for name in HOSTILE.values()
    }
