"""Checking a working tree: which findings are new, which are known, and which fail the check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from codemods import __version__
from codemods.app.configuration import read_configuration
from codemods.app.preview import preview_of, share
from codemods.app.requests import Report, Request
from codemods.app.shards import Common, Shard
from codemods.app.sources import WorkingTree, path_below, read_working_tree, select, with_text
from codemods.checks.baseline import Entry, baseline_text, followed, no_longer_found, read_baseline, renewed
from codemods.checks.fingerprints import fingerprints
from codemods.files.repository import NoRepositoryError, open_repository
from codemods.files.writing import write_file
from codemods.model.errors import UserError
from codemods.model.findings import Finding, InputError, PhaseResult, Verdict
from codemods.model.progress import Progress

if TYPE_CHECKING:
    from codemods.checks.changes import Changes


class FailOn(StrEnum):
    """Which findings fail a check."""

    FIXES = "fixes"
    """Those that tmlfix can fix."""
    FINDINGS = "findings"
    """All, also those for review and those without a fix."""


class Standing(StrEnum):
    """How a finding counts."""

    NEW = "new"
    KNOWN = "known"
    """It is in the baseline."""
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
    """What a check found; where only a change counts, only what the change touches."""

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
    """The shard, if this is a part of a check."""
    common: Common | None = None
    """What it has in common with the other shards."""

    def of(self, standing: Standing) -> list[Finding]:
        """The findings of this standing."""
        return [checked.finding for checked in self.findings if checked.standing is standing]

    @property
    def failing(self) -> list[Finding]:
        """The findings that fail the check."""
        return [checked.finding for checked in self.findings if self.is_failing(checked)]

    def is_failing(self, checked: CheckedFinding) -> bool:
        """Whether the finding fails the check."""
        return checked.standing is Standing.NEW and fails(checked.finding.verdict, self.fail_on)


def fails(verdict: Verdict, fail_on: FailOn) -> bool:
    """Whether a new finding of this verdict fails a check."""
    return fail_on is FailOn.FINDINGS or verdict is Verdict.FIXABLE


def check(
    request: Request,
    *,
    fail_on: FailOn = FailOn.FIXES,
    changed_since: str | None = None,
    baseline: Path | None = None,
    progress: Progress | None = None,
) -> Check:
    """Look for findings in the working tree, and decide which are new.

    Raises `UserError` if the tree, the revision or the baseline cannot be read.
    """
    entries = read_baseline(baseline) if baseline is not None else ()
    source = _read(request)
    entries = followed(entries, source.workspace)
    changes = _changes(source, changed_since) if changed_since is not None else None
    report = preview_of(source, request, findings_only=True, progress=progress)
    report = replace(report, errors=_in_order(report.errors))
    request.resources.note(f"the fixes are for {report.compiler}")
    found = _fingerprinted(report)
    checked = _with_standing(report, found, known={entry.fingerprint for entry in entries})
    touched = [
        checked_finding
        for checked_finding in checked
        if changes is None or _touches(changes, checked_finding.finding)
    ]
    common = None
    if request.shard is not None:
        common = _common(source, request, fail_on, changes, entries if baseline else None)
    return Check(
        report=_only(report, [checked_finding.finding for checked_finding in touched]),
        findings=tuple(touched),
        sources=source.workspace.files,
        fail_on=fail_on,
        untouched=len(checked) - len(touched),
        baseline=baseline,
        gone=tuple(sorted(no_longer_found(entries, _entries(found), _looked_at(source, request, report)))),
        shard=request.shard,
        common=common,
    )


def as_check(
    source: str, findings: Sequence[Finding], errors: tuple[InputError, ...], files: Mapping[str, bytes]
) -> Check:
    """Findings that are all new as the result of a check of these files, to be reported as one is."""
    named = zip(findings, fingerprints(findings), strict=True)
    return Check(
        Report(source, (), errors),
        tuple(CheckedFinding(finding, fingerprint, Standing.NEW) for finding, fingerprint in named),
        files,
        FailOn.FIXES,
    )


def _read(request: Request) -> WorkingTree:
    source = read_working_tree(request.paths)
    return source if request.text is None else with_text(source, request.paths[0], request.text)


def _with_standing(
    report: Report, found: Iterable[tuple[Finding, str]], *, known: Collection[str]
) -> list[CheckedFinding]:
    """The findings of a report, and those that comments suppress. ``known`` are fingerprints."""
    suppressed = [finding for phase in report.phases for finding in phase.suppressed]
    return [
        *(
            CheckedFinding(finding, fingerprint, Standing.KNOWN if fingerprint in known else Standing.NEW)
            for finding, fingerprint in found
        ),
        *(
            CheckedFinding(finding, fingerprint, Standing.SUPPRESSED)
            for finding, fingerprint in zip(suppressed, fingerprints(suppressed), strict=True)
        ),
    ]


def _in_order(errors: Iterable[InputError]) -> tuple[InputError, ...]:
    """Each error once, by file and place, so that the order does not depend on how they were found."""
    return tuple(sorted(set(errors), key=lambda error: (error.path, error.line, error.column, error.message)))


def _common(
    source: WorkingTree,
    request: Request,
    fail_on: FailOn,
    changes: Changes | None,
    entries: Iterable[Entry] | None,
) -> Common:
    """What decides the result of the whole check of which this is a shard."""
    files = sorted(source.workspace.files.items())
    unread = sorted(map(str, source.workspace.errors))
    configuration = read_configuration(source.root, request.rules)
    settings = [[key, value] for key, value, _ in configuration.entries()]
    return Common(
        tool=__version__,
        tree=_digest(*(part for file in files for part in file), *unread),
        settings=_digest(json.dumps(settings)),
        phases=request.phases,
        paths=tuple(sorted({path_below(source.root, path) or str(path) for path in request.paths})),
        cause=request.filter.cause,
        leak_paths=request.filter.paths,
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
    """Write the baseline of the working tree. It keeps the entries of files that this check does not cover.

    Raises `UserError` if the file is there and is no baseline, or if it cannot be written.
    """
    entries = read_baseline(path) if path.exists() else ()
    source = read_working_tree(request.paths)
    entries = followed(entries, source.workspace)
    report = preview_of(source, request, findings_only=True, progress=progress)
    found = _entries(_fingerprinted(report))
    now = renewed(entries, found, _looked_at(source, request, report))
    write_file(path, baseline_text(now).encode())
    return WrittenBaseline(report, path, len(set(now)))


def _fingerprinted(report: Report) -> list[tuple[Finding, str]]:
    findings = [finding for phase in report.phases for finding in phase.findings]
    return [*zip(findings, fingerprints(findings), strict=True)]


def _entries(found: Iterable[tuple[Finding, str]]) -> list[Entry]:
    return [Entry.of(finding, fingerprint) for finding, fingerprint in found]


def _changes(source: WorkingTree, revision: str) -> Changes:
    try:
        repository = open_repository(source.root)
    except NoRepositoryError:
        raise UserError(f"{source.root} is not inside a git repository; --changed-since needs one") from None
    from codemods.checks.changes import changes_since  # imports the parser

    return changes_since(repository, revision, source.workspace.files)


def _touches(changes: Changes, finding: Finding) -> bool:
    return changes.touch(finding.path, finding.line)


def _only(report: Report, findings: list[Finding]) -> Report:
    """The report with these findings alone."""
    kept = frozenset(findings)

    def limited(phase: PhaseResult) -> PhaseResult:
        here = tuple(finding for finding in phase.findings if finding in kept)
        fixed = {finding.path for finding in here if finding.verdict is Verdict.FIXABLE}
        changes = {path: change for path, change in phase.changes.items() if path in fixed}
        suppressed = tuple(finding for finding in phase.suppressed if finding in kept)
        return replace(phase, findings=here, changes=changes, suppressed=suppressed)

    return replace(report, phases=tuple(map(limited, report.phases)))


def _looked_at(source: WorkingTree, request: Request, report: Report) -> Callable[[Entry], bool]:
    """Whether the check would find what an entry is about. It would also notice that its file is gone."""
    settings = read_configuration(source.root).settings
    plan = settings.plan
    selection = select(source, request.paths)
    is_shared = share(source, request, settings)
    unread = {error.path for error in report.errors}

    def looked_at(entry: Entry) -> bool:
        path = entry.path
        phase = plan.phase_of(path)
        asked_for = selection.includes(path) and (phase is None or phase.number in request.phases)
        is_read = path not in unread and request.rules.includes(entry.rule)
        # An entry does not say on which paths its value leaked.
        is_told = request.filter.paths is None and request.filter.includes_rule(entry.rule)
        return asked_for and is_read and is_told and (is_shared is None or is_shared(path))

    return looked_at
