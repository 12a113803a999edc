"""Interrupt tmlfix at every step that it takes, and check that nothing is ever half done.

A step is whatever reaches outside of the process: a file opened for writing, a lock, a rename, a folder
made or removed, a flush to the disk, a git command. For every one of them tmlfix runs in a process of its
own that is killed (or interrupted, or finds the disk full) right before it, or whose git is. Then
the repository is compared with what it was, the same command runs again, and the result must be that of
a run that nothing disturbed.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codemods import engine
from codemods.cli import main as tmlfix
from codemods.files.writing import JOURNAL, STAGE
from tests.support.faults import HTTP, LIBRARY, NET, Site, environment, leftovers, new_site

STEPS = frozenset(
    {
        "faults.fsync",
        "fcntl.flock",
        "os.chmod",
        "os.chown",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "subprocess.Popen",
    }
)
"""The audit events that count; opening a file counts when it is for writing."""

TAKES_ROOM = frozenset({"faults.fsync", "open", "os.mkdir", "os.rename"})
"""The steps that a full disk can refuse."""

Fault = Callable[[str], None]

GIT = """\
#!/bin/sh
printf . >>"$FAULTS_COUNT"
test "$(wc -c <"$FAULTS_COUNT")" -eq "$FAULTS_AT" && case $FAULTS_NAME in
git-killed) kill -9 $$ ;;
git-broken-off) ulimit -f 0; exec {git} "$@" ;;
git-without-room) trap '' XFSZ; ulimit -f 0; exec {git} "$@" ;;
git-killed-late) {git} "$@"; kill -9 $$ ;;
esac
exec {git} "$@"
"""
"""A wrapper of git that disturbs one of the commands.

A process that may write files of no length only is killed by its first write, or fails at it.
"""

GIT_FAULTS = ("git-killed", "git-broken-off", "git-without-room", "git-killed-late")


def kill(_event: str) -> None:
    """End the process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt(_event: str) -> None:
    """What Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGINT)


def fill_the_disk(event: str) -> None:
    """Let the step fail for want of room, if it needs any."""
    if event in TAKES_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FAULTS: dict[str, Fault] = {"kill": kill, "interrupt": interrupt, "disk": fill_the_disk}


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to run tmlfix: its arguments, and what it starts from."""

    name: str
    arguments: tuple[str, ...]
    in_place: bool = False
    updates: bool = False
    """Whether branches and patches of an older commit are there already."""


MODES = {
    mode.name: mode
    for mode in (
        Mode("branches", ("apply", "--phase", "1")),
        Mode("update", ("apply", "--phase", "1,2", "--stacked"), updates=True),
        Mode("in-place", ("apply", "--phase", "1,2", "--in-place"), in_place=True),
    )
}


@dataclass(frozen=True, slots=True)
class Run:
    """How a run in a process of its own ended, and the steps that it took."""

    status: int
    output: str
    steps: Mapping[str, int]
    """The number of steps at which each fault could occur."""


def run(site: Site, arguments: Sequence[str], fault: str = "", at: int = 0) -> Run:
    """Run tmlfix in a forked process, with the fault before its step, or git command, number ``at``."""
    output, count, commands = (site.place / name for name in ("output", "steps", "commands"))
    child = os.fork()
    if child == 0:
        variables = environment(site.place)
        if fault in GIT_FAULTS or not fault:
            variables |= _git_that_fails(site.place, commands, at, fault)
        _be_tmlfix(site, arguments, variables, FAULTS.get(fault), at, output, count)
    status = os.waitpid(child, 0)[1]
    steps = {step: path.stat().st_size if path.exists() else 0 for step, path in _counts(count, commands)}
    text = output.read_text(errors="replace")
    for path in (output, count, commands):
        path.unlink(missing_ok=True)
    return Run(os.waitstatus_to_exitcode(status), text, steps)


def _git_that_fails(place: Path, commands: Path, at: int, fault: str) -> dict[str, str]:
    """The variables that make tmlfix run a git to which the fault can be done."""
    program = place / "programs" / "git"
    program.parent.mkdir(exist_ok=True)
    program.write_text(GIT.format(git=shutil.which("git")))
    program.chmod(0o755)
    search = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": search, "FAULTS_COUNT": str(commands), "FAULTS_AT": str(at), "FAULTS_NAME": fault}


def _counts(count: Path, commands: Path) -> list[tuple[str, Path]]:
    return [*((name, count) for name in FAULTS), *((name, commands) for name in GIT_FAULTS)]


def _be_tmlfix(
    site: Site,
    arguments: Sequence[str],
    variables: Mapping[str, str],
    fault: Fault | None,
    at: int,
    output: Path,
    count: Path,
) -> None:
    code = 70
    try:
        stream = os.open(output, os.O_WRONLY | os.O_CREAT, 0o600)
        counter = os.open(count, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(site.folder)
        tempfile.tempdir = str(
            site.place / "tmp"
        )  # otherwise Python tries it out with a file, a step of its own
        taken = 0

        def step(event: str, details: tuple[Any, ...]) -> None:
            nonlocal taken
            if event == "open":
                path, _mode, flags = details
                if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or path == os.devnull:
                    return
            elif event not in STEPS:
                return
            taken += 1
            os.write(counter, b".")
            if taken == at and fault is not None:
                fault(event)

        flush = os.fsync

        def fsync(descriptor: int) -> None:
            sys.audit("faults.fsync", descriptor)
            flush(descriptor)

        os.fsync = fsync  # type: ignore[assignment]
        sys.addaudithook(step)
        code = tmlfix(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a run may change, and all that it must not."""

    sources: dict[str, bytes]
    branches: dict[str, str]
    patches: dict[str, bytes]
    rest: tuple[object, ...]
    leftovers: list[str]


def look(site: Site, *, in_place: bool) -> Snapshot:
    """The site as it is."""
    branches = dict(line.split(" ") for line in site.references().splitlines())
    ours = {name: branches.pop(f"refs/heads/{name}", "") for name in (HTTP, NET)}
    state = site.state()
    sources = {path: state.pop(path) for path in site.sources()}
    state = {path: content for path, content in state.items() if not path.startswith(f"{STAGE}/")}
    status = "" if in_place else site.line("status", "--porcelain", "--", ".", ":!patches")
    locks = sorted(map(str, (site.folder / ".git").rglob("*.lock")))
    return Snapshot(
        sources,
        ours,
        site.patches(),
        (tuple(state.items()), tuple(branches.items()), status),
        [*leftovers(site.place), *locks],
    )


class Broken(Exception):
    """Something was half done."""


def check(condition: bool, what: str) -> None:
    """Raise `Broken` unless the condition holds."""
    if not condition:
        raise Broken(what)


@dataclass(slots=True)
class Sweep:
    """The faults at the steps of one mode."""

    mode: Mode
    place: Path
    original: Site
    before: Snapshot
    after: Snapshot
    steps: Mapping[str, int]

    @classmethod
    def prepare(cls, mode: Mode, place: Path) -> Sweep:
        """Make the repository, and see what an undisturbed run does to it."""
        original = new_site(place / "original")
        if mode.updates:
            check(run(original, mode.arguments).status == 0, "the first run failed")
            original.write("lib/src/http/more.tml", b"// one more file\n")
            original.write(".gitignore", b"patches/*.patch\n")
            original.git("add", ".gitignore", "lib")
            original.git("commit", "--quiet", "--message", "Go on")
        undisturbed = original.copy(place / "undisturbed")
        before = look(undisturbed, in_place=mode.in_place)
        whole = run(undisturbed, mode.arguments)
        check(whole.status == 0, f"the run failed: {whole.output}")
        after = look(undisturbed, in_place=mode.in_place)
        check(not after.leftovers, f"left over: {after.leftovers}")
        check(before != after, "the run changed nothing")
        return cls(mode, place, original, before, after, whole.steps)

    def try_fault(self, name: str, at: int) -> None:
        """Disturb one run, compare, and run again. Raises `Broken`."""
        site = self.original.copy(self.place / f"{name}-{at}")
        disturbed = run(site, self.mode.arguments, name, at)
        check("Traceback" not in disturbed.output, disturbed.output)
        if name == "kill":
            check(disturbed.status == -signal.SIGKILL, f"ended with {disturbed.status}: {disturbed.output}")
        now = look(site, in_place=self.mode.in_place)
        check(now.rest == self.before.rest, "something of the user's changed")
        if self.mode.in_place:
            self._check_sources(site, now)
        else:
            self._check_branches(now)
        if name == "disk" or name in GIT_FAULTS:
            pending = (site.folder / STAGE / JOURNAL).exists()
            left = [
                path for path in now.leftovers if not (name == "git-broken-off" and path.endswith(".lock"))
            ]
            check(pending or not left, f"left over: {left}")
            check(disturbed.status in (0, 2), f"ended with {disturbed.status}")
            if disturbed.status == 0:
                check(now == self.after, "ended well, but not with all of the result")
            else:
                check("run the same command again" in disturbed.output, f"says {disturbed.output}")
        if name == "git-broken-off":
            self._remove_locks(site)
        again = run(site, self.mode.arguments)
        check(again.status == 0, f"the next run ended with {again.status}: {again.output}")
        final = look(site, in_place=self.mode.in_place)
        check(not final.leftovers, f"the next run left over: {final.leftovers}")
        check(final == self.after, "the next run came to another result")
        shutil.rmtree(site.place)

    def _remove_locks(self, site: Site) -> None:
        """Do as the next run says about the locks of a git that was killed."""
        for lock in (site.folder / ".git").rglob("*.lock"):
            ended = run(site, self.mode.arguments)
            check(ended.status == 2 and f"{lock}': File exists" in ended.output, f"says {ended.output}")
            check("remove that file" in ended.output, f"says {ended.output}")
            lock.unlink()

    def _check_branches(self, now: Snapshot) -> None:
        check(now.sources == self.before.sources, "the checkout changed")
        for name, tip in now.branches.items():
            check(tip in (self.before.branches[name], self.after.branches[name]), f"{name} is at {tip}")
        for name, patch in now.patches.items():
            check(patch in (self.before.patches.get(name), self.after.patches[name]), f"{name} is not whole")
            if patch == self.after.patches[name]:
                branch = HTTP if "http" in name else NET
                check(now.branches[branch] == self.after.branches[branch], f"{name} is ahead of its branch")

    def _check_sources(self, site: Site, now: Snapshot) -> None:
        check(now.branches == self.before.branches, "a branch changed")
        for path, content in now.sources.items():
            check(content in (self.before.sources[path], self.after.sources[path]), f"{path} is not whole")
        if now.sources not in (self.before.sources, self.after.sources):
            journal = (site.folder / STAGE / JOURNAL).exists()
            check(journal, "some files are new, and nothing names the others")
            ended = run(site, (*self.mode.arguments, "--dry-run"))
            check(
                ended.status == 2 and "an interrupted run" in ended.output, f"a dry run says {ended.output}"
            )


def sweep(prepared: Sweep, fault: str, *, every: int = 1, seed: int = 0) -> tuple[int, list[str]]:
    """Try the fault at every ``every``-th step, the first of them by ``seed``; how many, and what broke."""
    steps = prepared.steps[fault]
    tried = range(random.Random(seed).randrange(every) + 1, steps + 1, every)
    broken = []
    for at in tried:
        try:
            prepared.try_fault(fault, at)
        except Broken as error:
            broken.append(f"{prepared.mode.name}, {fault} at step {at} of {steps}: {error}")
    return len(tried), broken


def main() -> int:
    """Sweep as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mode", choices=MODES, action="append", help="what to disturb (default: all)")
    parser.add_argument(
        "--fault", choices=(*FAULTS, *GIT_FAULTS), action="append", help="how (default: in all ways)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th step only")
    parser.add_argument("--seed", type=int, default=0, help="chooses the first step, with --every")
    options = parser.parse_args()
    engine.analyse({path: text.encode() for path, text in LIBRARY.items()}, [1])  # once for all processes
    total, failures = 0, 0
    for mode in options.mode or MODES:
        with tempfile.TemporaryDirectory() as place:
            prepared = Sweep.prepare(MODES[mode], Path(place))
            for fault in options.fault or (*FAULTS, *GIT_FAULTS):
                count, broken = sweep(prepared, fault, every=options.every, seed=options.seed)
                print(
                    f"{mode}, {fault}: {count} of {prepared.steps[fault]} steps tried, {len(broken)} broke",
                    flush=True,
                )
                for line in broken:
                    print(f"  {line}")
                total, failures = total + count, failures + len(broken)
    print(f"{total} faults tried, {failures} broke")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
