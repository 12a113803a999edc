"""What a user asks for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from codemods.app.configuration import ALL_RULES, RuleChoice
from codemods.app.shards import Shard
from codemods.compiler_defects import cause_of
from codemods.engine.resources import RESOURCES, Resources
from codemods.files.branches import PhaseBranch
from codemods.model.compiler_profile import SHIPPED_PROFILE, CompilerProfile
from codemods.model.errors import UserError
from codemods.model.findings import Cause, Finding, InputError, Paths, PhaseResult, Verdict
from codemods.model.phases import PHASES
from codemods.review.selection import Selection
from codemods.review.selection_file import read_selection


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings are shown and fixed, by their cause and by the paths on which they leak; None is any."""

    cause: Cause | None = None
    paths: Paths | None = None

    def includes(self, finding: Finding) -> bool:
        """Whether a finding is shown and fixed."""
        return self.includes_rule(finding.rule) and self.paths in (None, finding.paths)

    def includes_rule(self, rule: str) -> bool:
        """Whether findings of a rule may be."""
        return self.cause in (None, cause_of(rule))


ALL_FINDINGS = Filter()


@dataclass(frozen=True, slots=True)
class Request:
    """What to analyse: the phases by number, and what limits the findings (see `engine.analyse`).

    With a selection, exactly what was approved is fixed. With a shard, only what is found in its files is
    reported.
    """

    phases: tuple[int, ...]
    paths: tuple[Path, ...] = ()
    stacked: bool = False
    selection: Selection | None = None
    shard: Shard | None = None
    text: bytes | None = None
    """What the one path holds, in the place of what is on the disk."""
    rules: RuleChoice = ALL_RULES
    filter: Filter = ALL_FINDINGS
    resources: Resources = RESOURCES


@dataclass(frozen=True, slots=True)
class Report:
    """What one run found and did.

    ``errors`` are the problems with what was asked for; files that no phase covers and that cannot be
    read are only counted, as ``unread_elsewhere``.
    """

    source: str
    phases: tuple[PhaseResult, ...]
    errors: tuple[InputError, ...]
    unread_elsewhere: int = 0
    branches: tuple[PhaseBranch, ...] = ()
    written: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    """Files that a run which was killed had begun to write."""
    files: tuple[str, ...] = ()
    """The .tml files of the tree."""
    notes: tuple[str, ...] = ()
    """What is worth knowing about the settings."""
    compiler: CompilerProfile = SHIPPED_PROFILE
    """The compiler for which the fixes are right."""

    @property
    def fixes_remain(self) -> bool:
        """Whether there is a fix that could be applied."""
        return any(phase.changes or phase.by_verdict()[Verdict.FIXABLE] for phase in self.phases)

    @property
    def fixes_written(self) -> int:
        """How many findings were fixed in files of the working tree."""
        return sum(
            self.has_written(finding) and finding.path in self.written
            for phase in self.phases
            for finding in (*phase.findings, *phase.required)
        )

    def has_written(self, finding: Finding) -> bool:
        """Whether the fix of a finding was written, to a file of the working tree or to a branch."""
        opened = {branch.phase.number for branch in self.branches if branch.commit is not None}
        is_there = finding.path in self.written or finding.phase in opened
        return finding.verdict is Verdict.FIXABLE and is_there


def choose_phases(text: str) -> tuple[int, ...]:
    """The phases that ``text`` names by number or name, separated by commas, in the order of the plan.

    Raises `UserError` for an unknown one.
    """
    names = {name: phase.number for phase in PHASES for name in (str(phase.number), phase.slug)}
    chosen = set[int]()
    for name in (part.strip() for part in text.split(",")):
        if name not in names:
            close = get_close_matches(name, names, n=1)
            known = ", ".join(f"{phase.number} {phase.slug}" for phase in PHASES)
            advice = f"Did you mean {close[0]}? " if close else ""
            raise UserError(f"there is no phase {name!r}. {advice}The phases are: {known}")
        chosen.add(names[name])
    return tuple(sorted(chosen))


def choose_selected(request: Request, file: Path) -> Request:
    """The request limited to what the selection in ``file`` approves. Raises `UserError` for a bad one."""
    selection = read_selection(file)
    phases = tuple(number for number in request.phases if number in selection.phases)
    if not phases:
        raise UserError(f"{file}: approves no finding of the phases that are asked for")
    return replace(request, phases=phases, selection=selection)
