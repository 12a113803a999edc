"""What ``tmlfix check`` tells: which findings are new, which are known, and whether they fail the job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from codemods.app.commands import Report, Request, preview_of, share
from codemods.app.configuration import read_configuration
from codemods.app.shards import Common, Shard
from codemods.app.sources import WorkingTree, path_below, read_working_tree, select
from codemods.checks.baseline import Entry, baseline_text, no_longer_found, read_baseline, renewed
from codemods.checks.changes import Changes, changes_since
from codemods.checks.fingerprints import fingerprints
from codemods.files.repository import NoRepositoryError, open_repository
from codemods.files.writing import write_file
from codemods.model.errors import UserError
from codemods.model.findings import Finding, InputError, PhaseResult, Verdict
from codemods.model.progress import Progress


class FailOn(StrEnum):
    """Which findings fail a check."""

    FIXES = "fixes"
    """Those that tmlfix can fix."""
    FINDINGS = "findings"
    """All: those for review and those that are only reported, too."""


class Standing(StrEnum):
    """How a finding counts."""

    NEW = "new"
    KNOWN = "known"
    """It stands in the baseline."""
    SUPPRESSED = "suppressed"
    """A comment in the source suppresses it."""


@dataclass(frozen=True, slots=True)
class CheckedFinding:
    """A finding with its fingerprint, and how it counts."""

    finding: Finding
    fingerprint: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found; where only a change counts, what it touches."""

    report: Report
    findings: tuple[CheckedFinding, ...]
    sources: Mapping[str, bytes]
    """The files, by the paths that findings have."""
    fail_on: FailOn
    untouched: int = 0
    """How many findings the change does not touch."""
    baseline: Path | None = None
    gone: tuple[Entry, ...] = ()
    """The entries of the baseline that are no longer found."""
    shard: Shard | None = None
    """The part that this is of a check, if it is one."""
    common: Common | None = None
    """What it has in common with the other parts."""

    def of(self, standing: Standing) -> list[Finding]:
        """The findings that count so."""
        return [each.finding for each in self.findings if each.standing is standing]

    @property
    def failing(self) -> list[Finding]:
        """The findings that fail the check."""
        return [finding for finding in self.of(Standing.NEW) if self.fails(finding)]

    def fails(self, finding: Finding) -> bool:
        """Whether a finding of this kind fails the check, if it is new."""
        return fails(finding.verdict, self.fail_on)


def fails(verdict: Verdict, fail_on: FailOn) -> bool:
    """Whether a new finding of this verdict fails a check."""
    return fail_on is FailOn.FINDINGS or verdict is Verdict.FIXED


def check(
    request: Request,
    *,
    fail_on: FailOn = FailOn.FIXES,
    changed_since: str | None = None,
    baseline: Path | None = None,
    progress: Progress | None = None,
) -> Check:
    """Look for findings in the working tree, and tell what is new.

    Raises `UserError` if the tree, the revision or the baseline cannot be read.
    """
    entries = read_baseline(baseline) if baseline is not None else ()
    source = read_working_tree(request.paths)
    changes = _changes(source, changed_since) if changed_since is not None else None
    report = preview_of(source, request, progress=progress)
    report = replace(report, errors=_in_order(report.errors))
    known = {entry.fingerprint for entry in entries}
    found = [*_fingerprinted(report)]
    checked = [
        CheckedFinding(finding, fingerprint, Standing.KNOWN if fingerprint in known else Standing.NEW)
        for finding, fingerprint in found
    ]
    suppressed = [finding for phase in report.phases for finding in phase.suppressed]
    checked += map(
        CheckedFinding, suppressed, fingerprints(suppressed), [Standing.SUPPRESSED] * len(suppressed)
    )
    touched = [each for each in checked if changes is None or _touches(changes, each.finding)]
    return Check(
        report=_only(report, [each.finding for each in touched]),
        findings=tuple(touched),
        sources=source.workspace.files,
        fail_on=fail_on,
        untouched=len(checked) - len(touched),
        baseline=baseline,
        gone=tuple(sorted(no_longer_found(entries, _entries(found), _looked_at(source, request, report)))),
        shard=request.shard,
        common=_common(source, request, fail_on, changes, entries if baseline else None)
        if request.shard
        else None,
    )


def _in_order(errors: Iterable[InputError]) -> tuple[InputError, ...]:
    """Each error once, by file and place: an order that does not depend on how they were found."""
    return tuple(sorted(set(errors), key=lambda each: (each.path, each.line, each.column, each.message)))


def _common(
    source: WorkingTree,
    request: Request,
    fail_on: FailOn,
    changes: Changes | None,
    entries: Iterable[Entry] | None,
) -> Common:
    """What decides the result of the check of which this is a part."""
    files = sorted(source.workspace.files.items())
    unread = sorted(map(str, source.workspace.errors))
    settings = [[key, value] for key, value, _ in read_configuration(source.root).entries()]
    return Common(
        tool=version("tmlfix"),
        tree=_digest(*(part for file in files for part in file), *unread),
        settings=_digest(json.dumps(settings)),
        phases=request.phases,
        paths=tuple(sorted({path_below(source.root, path) or str(path) for path in request.paths})),
        fail_on=fail_on.value,
        changed_since=changes.since if changes is not None else None,
        baseline=_digest(baseline_text(entries)) if entries is not None else None,
    )


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d\n" % len(content))
        digest.update(content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class WrittenBaseline:
    """A baseline that was written: what the check found, and how many findings it holds now."""

    report: Report
    path: Path
    entries: int


def write_baseline(request: Request, path: Path, *, progress: Progress | None = None) -> WrittenBaseline:
    """Write the baseline of the working tree. What is known where this did not look stays in it.

    Raises `UserError` if there is something else in its place, or if it cannot be written.
    """
    entries = read_baseline(path) if path.exists() else ()
    source = read_working_tree(request.paths)
    report = preview_of(source, request, progress=progress)
    found = _entries(_fingerprinted(report))
    now = renewed(entries, found, _looked_at(source, request, report))
    write_file(path, baseline_text(now).encode())
    return WrittenBaseline(report, path, len(set(now)))


def _fingerprinted(report: Report) -> Iterable[tuple[Finding, str]]:
    findings = [finding for phase in report.phases for finding in phase.findings]
    return zip(findings, fingerprints(findings), strict=True)


def _entries(found: Iterable[tuple[Finding, str]]) -> list[Entry]:
    return [Entry.of(finding, fingerprint) for finding, fingerprint in found]


def _changes(source: WorkingTree, revision: str) -> Changes:
    try:
        repository = open_repository(source.root)
    except NoRepositoryError:
        raise UserError(f"{source.root} is not inside a git repository; --changed-since needs one") from None
    return changes_since(repository, revision, source.workspace.files)


def _touches(changes: Changes, finding: Finding) -> bool:
    return changes.touch(finding.path, finding.line)


def _only(report: Report, findings: list[Finding]) -> Report:
    """The report with these findings alone."""
    kept = frozenset(findings)

    def limited(phase: PhaseResult) -> PhaseResult:
        here = tuple(finding for finding in phase.findings if finding in kept)
        fixed = {finding.path for finding in here if finding.verdict is Verdict.FIXED}
        changes = {path: change for path, change in phase.changes.items() if path in fixed}
        suppressed = tuple(finding for finding in phase.suppressed if finding in kept)
        return replace(phase, findings=here, changes=changes, suppressed=suppressed)

    return replace(report, phases=tuple(map(limited, report.phases)))


def _looked_at(source: WorkingTree, request: Request, report: Report) -> Callable[[str], bool]:
    """Whether a check of this kind would have found what there is in a file, or the file is gone."""
    settings = read_configuration(source.root).settings
    plan = settings.plan
    selection = select(source, request.paths)
    is_shared = share(source, request, settings)
    unread = {error.path for error in report.errors}

    def looked_at(path: str) -> bool:
        phase = plan.phase_of(path)
        asked_for = selection.includes(path) and (phase is None or phase.number in request.phases)
        return asked_for and path not in unread and (is_shared is None or is_shared(path))

    return looked_at
