"""What an analysis yields: findings, the edits that fix them, and the input it could not read.

All positions that a person reads are 1-based lines and columns counted in characters;
all positions that a machine applies are byte offsets into the file as it was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What tmlfix can do about a finding."""

    FIXABLE = "fixable"
    """The edit is safe: proven on every path, or idempotent and asked for by the plan. It is *fixed* once
    that is written."""
    REVIEW = "review"
    """An edit is offered and applied only on request: it is right if what its message assumes holds."""
    REPORTED = "reported"
    """A leak that tmlfix explains but does not know how to fix."""


class Cause(StrEnum):
    """Whose mistake a finding is about."""

    LIBRARY = "library"
    """That of the code it is in: no change of the compiler would end it."""
    COMPILER = "compiler"
    """That of the compiler: the code is right, and its fix works around a defect."""


class Paths(StrEnum):
    """The paths on which something leaks."""

    NORMAL = "normal"
    """Those on which nothing fails, or all paths."""
    ERROR = "error"
    """Only those on which something fails."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the bytes ``start`` to ``end`` of the original file by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, order=True)
class FindingKey:
    """What identifies a finding among the others in the same state of a tree."""

    phase: int
    path: str
    line: int
    column: int
    rule: str
    function: str


SUPPRESSION_COMMENT = "suppression-comment"
"""The rule of the findings about comments that suppress other findings."""

MISUSES = frozenset(("double-release", "use-after-release"))
"""The rules that find memory freed twice, or used after it was freed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One leak (or one release the plan asks for), where it is, and what is done about it."""

    phase: int
    rule: str
    path: str
    line: int
    column: int
    function: str
    message: str
    verdict: Verdict
    edits: tuple[Edit, ...] = ()
    paths: Paths = Paths.NORMAL

    @property
    def key(self) -> FindingKey:
        """What identifies this finding."""
        return FindingKey(self.phase, self.path, self.line, self.column, self.rule, self.function)

    @property
    def is_misuse(self) -> bool:
        """Whether it is about freed memory, which is worse than a leak."""
        return self.rule in MISUSES

    @property
    def place(self) -> tuple[bool, str, int, int, str]:
        """The sort key of findings: misuses first, then by file, line, column and rule."""
        return not self.is_misuse, self.path, self.line, self.column, self.rule


@dataclass(frozen=True, slots=True)
class InputError:
    """A file that was left out of the analysis, and why. Line and column are 0 when unknown."""

    path: str
    message: str
    line: int = 0
    column: int = 0

    @property
    def place(self) -> tuple[str, int, int, str]:
        """The sort key of errors."""
        return self.path, self.line, self.column, self.message

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Change:
    """The content of one file before and after the fixes."""

    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """Everything one phase found in a tree, and the files it changes."""

    phase: int
    findings: tuple[Finding, ...]
    changes: Mapping[str, Change] = field(default_factory=dict)
    declined: tuple[Finding, ...] = ()
    """Findings whose fix was declined, without their edits."""
    suppressed: tuple[Finding, ...] = ()
    """Findings that a comment in the source suppresses, without their edits."""
    required: tuple[Finding, ...] = ()
    """Findings that nobody asked for, of other phases or files: their fixes are made because others need
    them."""

    def by_verdict(self) -> Counter[Verdict]:
        """How many findings of each verdict."""
        return Counter(finding.verdict for finding in self.findings)

    def by_rule(self, verdict: Verdict) -> Counter[str]:
        """How many findings of each rule that have ``verdict``."""
        return Counter(finding.rule for finding in self.findings if finding.verdict is verdict)


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The phases that were asked for, in order, and the files that could not be read."""

    phases: tuple[PhaseResult, ...]
    errors: tuple[InputError, ...] = ()

    @property
    def findings(self) -> Iterable[Finding]:
        """The findings of all phases, phase by phase."""
        return (finding for phase in self.phases for finding in phase.findings)


def count_by_rule(findings: Iterable[Finding]) -> list[tuple[str, Counter[Verdict]]]:
    """Each rule with its findings by verdict: those with the most first, of these by name."""
    by_rule: dict[str, Counter[Verdict]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, Counter())[finding.verdict] += 1
    return sorted(by_rule.items(), key=lambda row: (-row[1].total(), row[0]))
