"""Running the project's own test program on HEAD and on the branches of phases.

tmlfix's knowledge of TML plays no part here: only how the program ends and what it prints count.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codemods.app.configuration import read_configuration
from codemods.app.sources import Head, read_head, select
from codemods.files.repository import Repository, RepositoryError, clean_room, git_errors, raw, text
from codemods.model.errors import UserError
from codemods.model.phases import Phase, phase_numbered, phase_of
from codemods.model.progress import Progress
from codemods.verification.processes import read_command
from codemods.verification.test_runs import LOG_FILTER, Measurement, Program, Setup, Status, measure
from codemods.verification.verify_report import RunComparison, Unit, Verification, VerifyReport
from codemods.verification.worktrees import path_in_checkout

TEST_SUFFIX = ".test.tml"


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to run on what.

    ``phases`` are numbers; with ``every``, phases without a branch are left out. ``branch`` is any revision
    that takes the place of the phase's branch.
    """

    command: str
    phases: tuple[int, ...] = ()
    every: bool = False
    branch: str | None = None
    paths: tuple[Path, ...] = ()
    unit: Unit = Unit.FILE
    jobs: int = 2
    seconds: float = 300.0
    links: tuple[Path, ...] = ()
    logs: Path | None = None


@dataclass(frozen=True, slots=True)
class _Side:
    """A branch to verify, and the test files to run for it."""

    phase: Phase | None
    branch: str
    commit: str
    follows: bool
    files: tuple[str, ...]


def verify(request: VerifyRequest, progress: Progress | None = None) -> VerifyReport:
    """Run the command on HEAD and on each branch, and compare. Raises `UserError` if it cannot be done."""
    command = read_command(request.command, Path.cwd())
    head = read_head(request.paths)
    compiler = read_configuration(head.root).settings.compiler
    links = tuple(path_in_checkout(head.root, path) for path in request.links)
    selection = select(head, request.paths)
    branches, left_out = _branches(head, request)
    sides = [_side(head, phase, branch, commit, selection.includes) for phase, branch, commit in branches]
    files = frozenset(file for side in sides for file in side.files)
    if not files:
        reason = "; ".join(map(str, selection.errors)) or "no test file is covered"
        raise UserError(f"there is nothing to run: {reason}")
    units = {head.commit: _units(files, request.unit)}
    units |= {side.commit: _units(side.files, request.unit) for side in sides}
    setup = Setup(command, request.jobs, request.seconds, links, files, request.logs)
    before = {link: _state(head.root / link) for link in links}
    programs = {commit: [Program(unit, unit) for unit in names] for commit, names in units.items()}
    results = measure(head.repository, programs, setup, progress)
    overwritten = tuple(link for link in links if _state(head.root / link) != before[link])
    _check_baseline([results[head.commit, unit] for unit in units[head.commit]], request.command)
    verifications = tuple(_compare(head.commit, side, units[side.commit], results) for side in sides)
    return VerifyReport(
        head.commit,
        verifications,
        request.unit,
        left_out,
        selection.errors,
        overwritten,
        compiler,
    )


def _compare(
    base: str, side: _Side, units: Sequence[str], results: Mapping[tuple[str, str], Measurement]
) -> Verification:
    comparisons = (RunComparison(unit, results[base, unit], results[side.commit, unit]) for unit in units)
    return Verification(side.phase, side.branch, side.commit, side.follows, tuple(comparisons))


def _branches(
    head: Head, request: VerifyRequest
) -> tuple[list[tuple[Phase | None, str, str]], tuple[str, ...]]:
    """The branches with their phases and commits, and the names of those that do not exist."""
    phases = [phase_numbered(number) for number in request.phases]
    if request.branch is not None:
        commit = _commit(head.repository, request.branch)
        if commit is None:
            raise UserError(f"there is no branch or commit {request.branch}")
        found: list[tuple[Phase | None, str, str]] = [(phases[0] if phases else None, request.branch, commit)]
        missing: list[Phase] = []
    else:
        tips = {phase: _commit(head.repository, f"refs/heads/{phase.branch}") for phase in phases}
        found = [(phase, phase.branch, tip) for phase, tip in tips.items() if tip is not None]
        missing = [phase for phase, tip in tips.items() if tip is None]
        if missing and not (request.every and found):
            names = ", ".join(phase.branch for phase in missing)
            numbers = ",".join(str(phase.number) for phase in missing)
            raise UserError(f"there is no branch {names}; tmlfix apply --phase {numbers} makes it")
    for _, branch, commit in found:
        if commit == head.commit:
            raise UserError(f"HEAD is {branch} itself; switch to the branch that it starts from")
    return found, tuple(phase.branch for phase in missing)


def _commit(repository: Repository, name: str) -> str | None:
    if name.startswith("-"):
        return None
    try:
        with git_errors():
            return text(repository.git, "rev_parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except RepositoryError:
        return None


def _side(
    head: Head, phase: Phase | None, branch: str, commit: str, includes: Callable[[str], bool]
) -> _Side:
    """The test files of the phase (or of all) at HEAD, and those that the branch changes."""
    with clean_room(head.repository) as room, git_errors():
        listing = raw(room, "diff_tree", "-r", "-z", "--name-only", "--no-renames", head.commit, commit)
        follows = text(room, "merge_base", "--all", head.commit, commit).split("\n") == [head.commit]
    changed = {path.decode("utf-8", "surrogateescape") for path in listing.split(b"\0") if path}
    known = {*head.workspace.files, *changed}
    files = (
        file
        for file in sorted(known)
        if file.endswith(TEST_SUFFIX)
        and (owner := phase_of(file)) is not None
        and (phase is None or owner is phase or file in changed)
        and includes(file)
    )
    return _Side(phase, branch, commit, follows, tuple(files))


def _state(path: Path) -> frozenset[tuple[str, int, int]]:
    """A file, or each file below a folder: its name, its size and when it was written."""
    files = [str(path)] if path.is_file() else []
    files += (os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names)  # noqa: PTH118
    states = set()
    for file in files:
        with suppress(OSError):
            found = os.stat(file)  # noqa: PTH116
            states.add((file, found.st_size, found.st_mtime_ns))
    return frozenset(states)


def _units(files: Iterable[str], unit: Unit) -> tuple[str, ...]:
    if unit is Unit.FILE:
        return tuple(sorted(set(files)))
    return tuple(sorted({posixpath.dirname(file) or "." for file in files}))


def _check_baseline(measured: Sequence[Measurement], command: str) -> None:
    """Raise `UserError` if no run on HEAD has a result: otherwise a wrong command would pass as harmless."""
    if any(run.complete and run.readable for run in measured):
        return
    complaint = f"with {command!r} no test of the commit HEAD ends with a result that can be read"
    counts = Counter(run.status for run in measured)
    silent = counts.pop(Status.PASSED, 0)
    found = ", ".join(f"{number} {status}" for status, number in counts.items())
    if silent:
        programs = "1 program" if silent == 1 else f"{silent:,} programs"
        others = f" ({found})" if found else ""
        raise UserError(
            f"{complaint}: {programs} ended with 0, but none printed `test result: ...`{others}; "
            f"add {LOG_FILTER} to the command, or look at what it prints with --logs DIR"
        )
    raise UserError(
        f"{complaint} ({found}); --logs DIR keeps what it prints, and --link PATH adds what git ignores"
    )
