"""Results as JSON documents, for programs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codemods.app.configuration import Configuration
from codemods.app.requests import Report
from codemods.app.rule_texts import RuleText
from codemods.checks.check import Check, Standing
from codemods.compiler_defects import cause_of, defect_of
from codemods.files.branches import PhaseBranch
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.findings import Finding, InputError, PhaseResult, Verdict, count_by_rule
from codemods.model.home import defect_page
from codemods.model.phases import phase_numbered

if TYPE_CHECKING:
    # Only their types are needed here, and these modules take long to import.
    from codemods.app.parse_check import ParseReport
    from codemods.review.explanations import ExplainedFinding, Explanation

JSON_VERSION = 1

WRITTEN = "fixed"
"""What a finding is called whose fix was written."""


def parse_document(report: ParseReport, errors: Iterable[InputError]) -> dict[str, Any]:
    """The JSON of ``tmlfix parse --check``."""
    return {
        "files": report.files,
        "parsed": report.parsed,
        "rejected": [error_document(rejection) for rejection in report.rejected],
        "roundtrip_failures": list(report.roundtrip_failures),
        "lines": report.lines,
        "seconds": report.seconds,
        "errors": [error_document(error) for error in errors],
    }


def report_document(report: Report) -> dict[str, Any]:
    """The JSON of ``tmlfix apply`` and ``tmlfix status``."""
    return {
        "version": JSON_VERSION,
        "findings": [
            _finding_document(finding) | ({"verdict": WRITTEN} if report.has_written(finding) else {})
            for phase in report.phases
            for finding in phase.findings
        ],
        "summary": {
            "source": report.source,
            "phases": [_phase_document(phase, report) for phase in report.phases],
            "branches": [_branch_document(branch) for branch in report.branches],
            "written": sorted({*report.finished, *report.written}),
            "unread_elsewhere": report.unread_elsewhere,
        },
        "errors": [error_document(error) for error in report.errors],
    }


def check_document(check: Check) -> dict[str, Any]:
    """The JSON of ``tmlfix check``: that of ``apply``, with the standing of each finding."""
    document = report_document(check.report)
    document["findings"] = [
        _finding_document(checked.finding)
        | {"standing": checked.standing.value, "fingerprint": checked.fingerprint}
        for checked in check.findings
    ]
    document["summary"] |= {
        "compiler": profile_document(check.report.compiler),
        **{standing.value: len(check.of(standing)) for standing in Standing},
        "untouched": check.untouched,
        "failing": len(check.failing),
        "no_longer_found": [asdict(entry) for entry in check.gone],
    }
    return document | shard_document(check)


def profile_document(profile: CompilerProfile) -> dict[str, Any]:
    """The compiler that is trusted, and the defects that it does not have as they were measured."""
    return {
        "checked": profile.checked,
        "mended": sorted(profile.mended),
        "changed": sorted(profile.changed),
    }


def statistics_document(findings: Iterable[Finding], errors: Iterable[InputError]) -> dict[str, Any]:
    """The JSON of ``--statistics``: how many findings each rule has."""
    return {
        "version": JSON_VERSION,
        "statistics": [
            {
                "rule": rule,
                "findings": counts.total(),
                **{verdict.value: counts[verdict] for verdict in Verdict},
            }
            for rule, counts in count_by_rule(findings)
        ],
        "errors": [error_document(error) for error in errors],
    }


def shard_document(check: Check) -> dict[str, Any]:
    """What the document of a shard also has, for `shard_documents` to read."""
    if check.shard is None or check.common is None:
        return {}
    return {"shard": {**asdict(check.shard), "check": asdict(check.common)}}


def configuration_document(configuration: Configuration) -> dict[str, Any]:
    """The JSON of ``tmlfix config``."""
    return {
        "file": configuration.file,
        "settings": {key: {"value": value, "from": origin} for key, value, origin in configuration.entries()},
    }


def rule_document(rule: RuleText) -> dict[str, Any]:
    """The JSON of a rule."""
    return {
        "rule": rule.name,
        "summary": rule.summary,
        "reason": rule.reason,
        "before": rule.before,
        "after": rule.after,
    }


def rules_document(rules: Iterable[RuleText], off: Collection[str]) -> dict[str, Any]:
    """The JSON of ``tmlfix rules``: those that are turned ``off`` are not enabled."""
    return {
        "version": JSON_VERSION,
        "rules": [rule_document(rule) | {"enabled": rule.name not in off} for rule in rules],
    }


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The JSON of ``tmlfix explain PATH:LINE``."""
    return {
        "version": JSON_VERSION,
        "path": explanation.path,
        "line": explanation.line,
        "column": explanation.column,
        "source": explanation.source,
        "function": explanation.function,
        "values": [
            {
                "name": value.name,
                "type": value.type,
                "ownership": value.ownership.value,
                "start": value.offset,
                "end": value.offset + value.length,
                "rules": list(value.rules),
                "statements": [
                    {"about": statement.about.value, "text": statement.text} for statement in value.statements
                ],
            }
            for value in explanation.values
        ],
        "findings": [_explained_finding_document(explained) for explained in explanation.findings],
        "notes": list(explanation.notes),
    }


def _explained_finding_document(explained: ExplainedFinding) -> dict[str, Any]:
    return {
        **_finding_document(explained.finding),
        "suppressed": explained.suppressed,
        "reason": explained.reason,
        "diff": "".join(explained.diff),
    }


def print_json(document: dict[str, Any]) -> None:
    """Print a document. Bytes of a name that are not UTF-8 become escapes of lone surrogates."""
    print(json_text(document), end="")


def json_text(document: dict[str, Any]) -> str:
    """A document as ASCII."""
    return f"{json.dumps(document, indent=2)}\n"


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "phase": finding.phase,
        "rule": finding.rule,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "function": finding.function,
        "message": finding.message,
        "verdict": finding.verdict.value,
        **origin_document(finding),
        "edits": [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in finding.edits],
    }


def origin_document(finding: Finding) -> dict[str, Any]:
    """What a finding comes from, and on which paths it leaks."""
    defect = defect_of(finding.rule)
    return {
        "cause": cause_of(finding.rule).value,
        "defect": defect_page(defect.name) if defect is not None else None,
        "paths": finding.paths.value,
    }


def _phase_document(result: PhaseResult, report: Report) -> dict[str, Any]:
    counts = result.by_verdict()
    written = sum(map(report.has_written, result.findings))
    counts[Verdict.FIXABLE] -= written
    return {
        "phase": result.phase,
        "name": phase_numbered(result.phase).slug,
        **({WRITTEN: written} if report.branches or report.written else {}),
        **{verdict.value: counts[verdict] for verdict in Verdict},
        "files": len({finding.path for finding in result.findings}),
        "changed_files": len(result.changes),
        **({"required": list(map(_key_document, result.required))} if result.required else {}),
    }


def _key_document(finding: Finding) -> dict[str, Any]:
    return {"path": finding.path, "line": finding.line, "column": finding.column, "rule": finding.rule}


def _branch_document(branch: PhaseBranch) -> dict[str, Any]:
    return {
        "phase": branch.phase.number,
        "branch": branch.phase.branch,
        "state": branch.state.value,
        "commit": branch.commit,
        "patch": str(branch.patch) if branch.patch else None,
        "pushed": branch.pushed,
    }


def error_document(error: InputError) -> dict[str, Any]:
    return {"path": error.path, "line": error.line, "column": error.column, "message": error.message}
