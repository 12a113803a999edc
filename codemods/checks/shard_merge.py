"""Whether the results of shards make up one whole check, and the result of that check.

How the results are read and written is not decided here: see `codemods.reports.shard_documents`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codemods.app.shards import Common, Shard
from codemods.checks.check import FailOn, Standing, fails
from codemods.model.errors import UserError
from codemods.model.findings import InputError, Verdict

DIFFERENCES = {
    "tree": "is of other files than",
    "settings": "was written with other settings of the project than",
    "phases": "is of other phases than",
    "paths": "is of other paths than",
    "cause": "was written with another --cause than",
    "leak_paths": "was written with another --paths than",
    "fail_on": "was written with another --fail-on than",
    "changed_since": "has the changes since another commit than",
    "baseline": "was written with another baseline than",
}
"""The message for a document that does not fit another, by what they do not have in common."""

MOST_NAMED = 10
"""The number of missing shards that a message names."""


@dataclass(frozen=True, slots=True)
class ShardFinding:
    """A finding, with its form in the document of its shard."""

    path: str
    phase: int
    verdict: Verdict
    standing: Standing
    body: dict[str, Any]

    @property
    def place(self) -> tuple[bool, int, str]:
        """The sort key of findings. Those of one file are all in one shard, in their order."""
        return self.standing is Standing.SUPPRESSED, self.phase, self.path


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What one shard of a check found."""

    file: Path
    """The document that it was read from."""
    format: str
    shard: Shard
    common: Common
    document: dict[str, Any]
    """The JSON, or the one run of SARIF."""
    frame: Mapping[str, Any]
    """What is the same in the documents of all shards that one tmlfix wrote."""
    findings: tuple[ShardFinding, ...]
    errors: Mapping[InputError, Any]
    """The errors, each with its form in the document."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of the whole check."""

    shards: tuple[ShardResult, ...]
    findings: tuple[ShardFinding, ...]
    errors: Mapping[InputError, Any]
    """The errors by place, each with its form in a document."""

    @property
    def new(self) -> int:
        """How many findings are new."""
        return len(self._new())

    @property
    def failing(self) -> int:
        """How many of the new findings fail the check."""
        fail_on = FailOn(self.shards[0].common.fail_on)
        return sum(fails(finding.verdict, fail_on) for finding in self._new())

    def _new(self) -> list[ShardFinding]:
        return [finding for finding in self.findings if finding.standing is Standing.NEW]


def merge(shards: Sequence[ShardResult]) -> Merged:
    """The result of the whole check. Raises `UserError` if these are not the results of all of its shards."""
    _check_that_they_belong_together(shards)
    _check_that_all_are_there(shards)
    ordered = sorted(shards, key=lambda result: result.shard)
    findings = [finding for result in ordered for finding in result.findings]
    bodies = {error: body for result in ordered for error, body in result.errors.items()}
    return Merged(
        shards=tuple(ordered),
        findings=tuple(sorted(findings, key=lambda finding: finding.place)),
        errors={
            error: bodies[error]
            for error in sorted(bodies, key=lambda error: (error.path, error.line, error.column))
        },
    )


def _check_that_they_belong_together(shards: Sequence[ShardResult]) -> None:
    first = shards[0]
    for result in shards[1:]:
        if result.format != first.format:
            raise UserError(f"{result.file} is {result.format}, but {first.file} is {first.format}")
        if result.shard.count != first.shard.count:
            raise UserError(f"{result.file} is {result.shard}, but {first.file} is {first.shard}")
        for name, difference in DIFFERENCES.items():
            if getattr(result.common, name) != getattr(first.common, name):
                raise UserError(f"{result.file} {difference} {first.file}")
        if result.frame != first.frame:
            raise UserError(f"{result.file} was written by another tmlfix than {first.file}")


def _check_that_all_are_there(shards: Sequence[ShardResult]) -> None:
    files: dict[int, Path] = {}
    for result in shards:
        if result.shard.number in files:
            raise UserError(f"{files[result.shard.number]} and {result.file} are both {result.shard}")
        files[result.shard.number] = result.file
    count = shards[0].shard.count
    missing = [str(number) for number in range(1, count + 1) if number not in files]
    if len(missing) == 1:
        raise UserError(f"shard {missing[0]} of {count} is missing beside {shards[0].file}")
    if missing:
        more = [f"{len(missing) - MOST_NAMED} more"] if len(missing) > MOST_NAMED else []
        *named, last = [*missing[:MOST_NAMED], *more]
        raise UserError(
            f"shards {', '.join(named)} and {last} of {count} are missing beside {shards[0].file}"
        )
