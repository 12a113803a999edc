"""What became of tests and leaks: the runs before and after, and whether the fixes did any harm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codemods.model.compiler_profile import SHIPPED_PROFILE, CompilerProfile
from codemods.model.findings import InputError
from codemods.model.phases import Phase
from codemods.verification.leaks import Amount, total
from codemods.verification.test_runs import RANKS, Measurement, Status


class Unit(StrEnum):
    """What one run of the program tests."""

    FILE = "file"
    SUITE = "suite"
    """A folder, with all the test files in it."""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """A test file, or a folder of them, before and after the fixes."""

    name: str
    before: Measurement
    after: Measurement

    @property
    def changed(self) -> bool:
        """Whether result, tests or leaks differ."""
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
        """Whether the tests passed before or after, but the program did not report leaks."""
        return any(run.status is Status.PASSED and run.leaks is None for run in (self.before, self.after))

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
    """Whether the branch contains the commit HEAD; if not, more than its fixes differs."""
    comparisons: tuple[RunComparison, ...]

    def total(self) -> tuple[Amount, Amount] | tuple[None, None]:
        """The leaks before and after, where both were measured; None if they were measured nowhere."""
        both = [
            (comparison.before.leaks, comparison.after.leaks)
            for comparison in self.comparisons
            if comparison.before.leaks is not None and comparison.after.leaks is not None
        ]
        if not both:
            return None, None
        return total(before for before, _ in both), total(after for _, after in both)

    def tests(self) -> tuple[int, int]:
        """The tests that passed before and after."""
        return (
            sum(comparison.before.passed or 0 for comparison in self.comparisons),
            sum(comparison.after.passed or 0 for comparison in self.comparisons),
        )

    @property
    def lost(self) -> tuple[RunComparison, ...]:
        """Where a test that passed no longer does."""
        return tuple(comparison for comparison in self.comparisons if comparison.lost)

    @property
    def worse(self) -> dict[str, tuple[Amount, Amount]]:
        """What leaks more after than before."""
        return {name: pair for comparison in self.comparisons for name, pair in comparison.worse.items()}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The branches that were verified against the commit ``base``, and what could not be."""

    base: str
    verifications: tuple[Verification, ...]
    unit: Unit
    left_out: tuple[str, ...] = ()
    """The branches of phases that do not exist."""
    errors: tuple[InputError, ...] = ()
    overwritten: tuple[str, ...] = ()
    """The links that changed while the tests ran. All runs share them, so one may have disturbed another."""
    compiler: CompilerProfile = SHIPPED_PROFILE
    """The compiler for which the fixes are right."""

    @property
    def harmful(self) -> bool:
        """Whether a test was lost or something leaks more."""
        return any(verification.lost or verification.worse for verification in self.verifications)

    @property
    def unmeasured(self) -> int:
        """In how many files or folders the program did not report leaks."""
        return sum(
            comparison.unmeasured
            for verification in self.verifications
            for comparison in verification.comparisons
        )

    @property
    def measured(self) -> bool:
        """Whether any run reported its leaks, or that there are none."""
        return any(
            run.leaks is not None
            for verification in self.verifications
            for comparison in verification.comparisons
            for run in (comparison.before, comparison.after)
        )

    @property
    def harmless(self) -> bool | None:
        """Whether no test was lost and nothing leaks more; None where leaks were not measured."""
        if self.harmful:
            return False
        return None if self.unmeasured or not self.measured else True
