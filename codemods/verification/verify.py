"""What became of tests and leaks: the project's own test program, run on HEAD and on the branch of a phase.

Nothing of tmlfix's own knowledge of TML has a part in the judgement: it is how the program ends, and what it
prints.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from codemods.app.sources import Head, read_head, select
from codemods.files.repository import Repository, RepositoryError, clean_room, git_errors, raw, text
from codemods.model.errors import UserError
from codemods.model.findings import InputError
from codemods.model.phases import Phase, phase_numbered, phase_of
from codemods.model.progress import Progress
from codemods.verification.leaks import Amount, total
from codemods.verification.processes import read_command
from codemods.verification.test_runs import RANKS, Measurement, Setup, Status, measure

TEST_SUFFIX = ".test.tml"
LOG_FILTER = "--log-filter=test=info"
"""The option of ``tml test`` that makes it print its result and the leaks."""


class Unit(StrEnum):
    """What one run of the program is given."""

    FILE = "file"
    SUITE = "suite"
    """A folder, with all the test files in it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A test file, or a folder of them, before and after the fixes."""

    name: str
    before: Measurement
    after: Measurement

    @property
    def changed(self) -> bool:
        """Whether anything but the program's wording differs."""
        first, second = self.before, self.after
        return (first.status, first.passed, first.leaks) != (second.status, second.passed, second.leaks)

    @property
    def lost(self) -> bool:
        """Whether a test that passed no longer does."""
        last = len(RANKS)
        if RANKS.get(self.after.status, last) > RANKS.get(self.before.status, last):
            return True
        before, after = self.before.passed, self.after.passed
        return self.after.complete and before is not None and after is not None and after < before

    @property
    def unmeasured(self) -> bool:
        """Whether the tests passed before or after, and the program told nothing of leaks."""
        return any(each.status is Status.PASSED and each.leaks is None for each in (self.before, self.after))

    @property
    def worse(self) -> dict[str, tuple[Amount, Amount]]:
        """What leaks more after than before, in number or bytes: the whole, and each file of a folder."""
        if self.before.leaks is None or self.after.leaks is None:
            return {}
        pairs = {self.name: (self.before.leaks, self.after.leaks)}
        for file in sorted({*self.before.files, *self.after.files}):
            pairs[file] = self.before.files.get(file, Amount()), self.after.files.get(file, Amount())
        return {
            name: (before, after)
            for name, (before, after) in pairs.items()
            if after.leaks > before.leaks or after.bytes > before.bytes
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """A branch against the commit HEAD. ``phase`` is None for a branch that the user named."""

    phase: Phase | None
    branch: str
    commit: str
    follows: bool
    """Whether the branch has the commit HEAD in it; if not, more than its fixes differs."""
    comparisons: tuple[Comparison, ...]

    def total(self) -> tuple[Amount, Amount] | tuple[None, None]:
        """The leaks before and after, where they were measured both times; None if they were nowhere."""
        both = [
            (each.before.leaks, each.after.leaks)
            for each in self.comparisons
            if each.before.leaks is not None and each.after.leaks is not None
        ]
        if not both:
            return None, None
        return total(before for before, _ in both), total(after for _, after in both)

    def tests(self) -> tuple[int, int]:
        """The tests that passed before and after."""
        return (
            sum(each.before.passed or 0 for each in self.comparisons),
            sum(each.after.passed or 0 for each in self.comparisons),
        )

    @property
    def lost(self) -> tuple[Comparison, ...]:
        """Where a test that passed no longer does."""
        return tuple(each for each in self.comparisons if each.lost)

    @property
    def worse(self) -> dict[str, tuple[Amount, Amount]]:
        """What leaks more after than before."""
        return {name: pair for each in self.comparisons for name, pair in each.worse.items()}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The branches that were verified against the commit ``base``, and what could not be."""

    base: str
    verifications: tuple[Verification, ...]
    unit: Unit
    left_out: tuple[str, ...] = ()
    """The branches that there are none of."""
    errors: tuple[InputError, ...] = ()

    @property
    def harmful(self) -> bool:
        """Whether a test was lost or something leaks more."""
        return any(each.lost or each.worse for each in self.verifications)

    @property
    def unmeasured(self) -> int:
        """In how many files or folders the program told nothing of leaks."""
        return sum(one.unmeasured for each in self.verifications for one in each.comparisons)

    @property
    def measured(self) -> bool:
        """Whether any run told of leaks, or that there are none."""
        return any(
            measured.leaks is not None
            for each in self.verifications
            for one in each.comparisons
            for measured in (one.before, one.after)
        )

    @property
    def harmless(self) -> bool | None:
        """Whether no test was lost and nothing leaks more; None where leaks were not measured."""
        if self.harmful:
            return False
        return None if self.unmeasured or not self.measured else True


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to run on what.

    ``phases`` are numbers; with ``every``, those without a branch are left out. ``branch`` is any revision
    to take in the place of the phase's branch.
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
    links = [_below(head.root, path) for path in request.links]
    selection = select(head, request.paths)
    branches, left_out = _branches(head, request)
    sides = [_side(head, phase, branch, commit, selection.includes) for phase, branch, commit in branches]
    if not any(side.files for side in sides):
        reason = "; ".join(map(str, selection.errors)) or "no test file is covered"
        raise UserError(f"there is nothing to run: {reason}")
    results = measure(
        head.repository,
        {
            head.commit: _units((file for side in sides for file in side.files), request.unit),
            **{side.commit: _units(side.files, request.unit) for side in sides},
        },
        Setup(
            command,
            request.jobs,
            request.seconds,
            tuple(links),
            frozenset(file for side in sides for file in side.files),
            request.logs,
        ),
        progress,
    )
    _check_baseline(
        [measured for (commit, _), measured in results.items() if commit == head.commit], request.command
    )
    verifications = tuple(
        Verification(
            side.phase,
            side.branch,
            side.commit,
            side.follows,
            tuple(
                Comparison(unit, results[head.commit, unit], results[side.commit, unit])
                for unit in _units(side.files, request.unit)
            ),
        )
        for side in sides
    )
    return VerifyReport(head.commit, verifications, request.unit, left_out, selection.errors)


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
    changed = {each.decode("utf-8", "surrogateescape") for each in listing.split(b"\0") if each}
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


def _below(root: Path, path: Path) -> str:
    """The name of something in the checkout, relative to its top."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  (links in the checkout keep their names)
    for candidate in (whole, path.parent.resolve() / path.name):
        if candidate != root and candidate.is_relative_to(root):
            if not candidate.exists():
                raise UserError(f"{path} does not exist, so it cannot be linked")
            return candidate.relative_to(root).as_posix()
    raise UserError(f"{path} is outside of {root}; only what lies in the checkout can be linked")


def _units(files: Iterable[str], unit: Unit) -> tuple[str, ...]:
    if unit is Unit.FILE:
        return tuple(sorted(set(files)))
    return tuple(sorted({posixpath.dirname(file) or "." for file in files}))


def _check_baseline(measured: Sequence[Measurement], command: str) -> None:
    """Without a baseline there is nothing to compare with, and a wrong command would pass for harmless."""
    if any(each.complete and each.readable for each in measured):
        return
    complaint = f"with {command!r} no test of the commit HEAD ends with a result that can be read"
    counts = Counter(each.status for each in measured)
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
