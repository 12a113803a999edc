"""Running the programs of the compiler's defects: which of them does the compiler in use still have?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from codemods.app.compiler_settings import write_profile
from codemods.app.configuration import read_configuration
from codemods.app.sources import read_head
from codemods.compiler_defects import DEFECTS, TEST_PATH, Defect
from codemods.compiler_defects.controls import CONTROLS, Control, Expected
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.errors import UserError
from codemods.model.findings import InputError
from codemods.model.progress import Progress
from codemods.verification.processes import read_command
from codemods.verification.test_runs import LOG_FILTER, RANKS, Measurement, Program, Setup, Status, measure
from codemods.verification.worktrees import path_in_checkout


class State(StrEnum):
    """What became of a defect."""

    HOLDS = "holds"
    """Its program does what it did when it was measured."""
    MENDED = "mended"
    """Its program does no harm."""
    CHANGED = "changed"
    """Its program does something else."""


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What to run, and how."""

    command: str
    write: bool = False
    """Whether to write what is seen to the settings of the project."""
    jobs: int = 2
    seconds: float = 300.0
    links: tuple[Path, ...] = ()
    logs: Path | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a defect's program was measured to do, and what it did now."""

    defect: Defect
    state: State
    measured: Measurement


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was seen, the profile that was in force, and why some defects could not be judged."""

    commit: str
    observations: tuple[Observation, ...]
    trusted: CompilerProfile
    unjudged: Mapping[str, str]
    """The defects about which nothing is known, each with the reason."""
    errors: tuple[InputError, ...] = ()
    written: Path | None = None
    """The settings to which the profile was written."""

    @property
    def seen(self) -> CompilerProfile:
        """The profile of the compiler in use; what could not be judged stays as it was."""
        unjudged = self.unjudged.keys()
        return CompilerProfile(
            self._found(State.MENDED) | (self.trusted.mended & unjudged),
            self._found(State.CHANGED) | (self.trusted.changed & unjudged),
        )

    @property
    def agrees(self) -> bool:
        """Whether the profile in force is what was seen."""
        return self.seen.agrees_with(self.trusted)

    def _found(self, state: State) -> frozenset[str]:
        return frozenset(entry.defect.name for entry in self.observations if entry.state is state)


def diagnose(request: DoctorRequest, today: date, progress: Progress | None = None) -> Diagnosis:
    """Run the program of every defect that has one beside the library of HEAD, and compare.

    Raises `UserError` if it cannot be done, or if the control programs show that nothing is measured.
    """
    command = read_command(request.command, Path.cwd())
    head = read_head(())
    trusted = read_configuration(head.root).settings.compiler
    links = tuple(path_in_checkout(head.root, path) for path in request.links)
    shown = [defect for defect in DEFECTS.values() if defect.confirmed]
    files = {each.name: each.files for each in CONTROLS} | {each.name: each.files for each in shown}
    programs = [Program(name, TEST_PATH, content) for name, content in files.items()]
    setup = Setup(command, request.jobs, request.seconds, links, frozenset(), request.logs)
    results = measure(head.repository, {head.commit: programs}, setup, progress)
    measured = {program.name: results[head.commit, program.name] for program in programs}
    notices_double_frees = check_controls(measured, request.command)
    observations, unjudged, errors = [], {}, []
    for defect in DEFECTS.values():
        reason = _unjudged(defect, notices_double_frees=notices_double_frees)
        if reason is not None:
            unjudged[defect.name] = reason
            continue
        run = measured[defect.name]
        if run.status in (Status.TIMED_OUT, Status.ENDLESS):
            unjudged[defect.name] = f"its program {run.status}"
            errors.append(InputError(defect.name, f"cannot be judged: its program {run.status}"))
        else:
            observations.append(Observation(defect, judge(defect, run), run))
    diagnosis = Diagnosis(head.commit, tuple(observations), trusted, unjudged, tuple(errors))
    if not request.write or errors:
        return diagnosis
    written = write_profile(head.root, replace(diagnosis.seen, checked=today.isoformat()))
    return replace(diagnosis, written=written)


def _unjudged(defect: Defect, *, notices_double_frees: bool) -> str | None:
    if not defect.confirmed:
        return "so small a program does no harm"
    if defect.leaks is None and not notices_double_frees:
        return "nothing notices here when memory is freed twice"
    return None


def judge(defect: Defect, run: Measurement) -> State:
    """What became of a defect, by how its program ended."""
    leaks = run.leaks.leaks if run.leaks is not None else None
    if run.status is Status.PASSED and leaks == 0:
        return State.MENDED
    if defect.leaks is None:
        holds = run.status in (Status.FAILED, Status.CRASHED)
    else:
        holds = run.status is Status.PASSED and leaks == defect.leaks
    return State.HOLDS if holds else State.CHANGED


def check_controls(measured: Mapping[str, Measurement], command: str) -> bool:
    """Whether a double release is noticed. Raises `UserError` if leaks are not counted as they are."""
    wrong = [control for control in CONTROLS if not _is_as_expected(control, measured[control.name])]
    if unsound := [control for control in wrong if control.expected is not Expected.FAILURE]:
        complaints = "; ".join(_complaints(unsound, measured))
        raise UserError(
            f"nothing can be said of the compiler: with {command!r} {complaints}; "
            "--logs DIR keeps what it prints, and --link PATH adds what git ignores"
        )
    return not wrong


def _is_as_expected(control: Control, run: Measurement) -> bool:
    if control.expected is Expected.FAILURE:
        return run.status in (Status.FAILED, Status.CRASHED)
    leaks = 0 if control.expected is Expected.CLEAN else 1
    return run.status is Status.PASSED and run.leaks is not None and run.leaks.leaks == leaks


def _complaints(controls: Sequence[Control], measured: Mapping[str, Measurement]) -> Iterator[str]:
    for control in controls:
        run = measured[control.name]
        does = "leaks nothing" if control.expected is Expected.CLEAN else "leaks one block"
        yield f"the program {control.name}, which {does}, {outcome(run)}"


def outcome(run: Measurement) -> str:
    """What a run came to, in words."""
    if run.status not in RANKS:
        return str(run.status)
    if run.status is Status.FAILED:
        return "fails its test"
    if run.leaks is None:
        return f"reports nothing about leaks (add {LOG_FILTER} to the command)"
    return "leaks 1 allocation" if run.leaks.leaks == 1 else f"leaks {run.leaks.leaks:,} allocations"
