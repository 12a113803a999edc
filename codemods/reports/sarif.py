"""Results as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from codemods import __version__
from codemods.app.rule_texts import RuleText, described
from codemods.checks.check import Check, CheckedFinding, Standing
from codemods.model.findings import Edit, Finding, InputError, Verdict
from codemods.model.home import HOME, rule_page
from codemods.reports.console import visible
from codemods.reports.documents import origin_document, shard_document
from tml_ast import position

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "tmlfixFinding/v1"
LEVELS = {Verdict.FIXABLE: "warning", Verdict.REVIEW: "note", Verdict.REPORTED: "note"}
"""A leak makes no result wrong, so no finding is an error. What needs a person's judgement is a note."""

MOST_RESULTS = 25_000
"""The results of one run that GitHub takes; it refuses a run that has more."""


def document(check: Check, about: Mapping[str, RuleText] | None = None) -> dict[str, Any]:
    """The log of one run. Every finding with edits has a fix; one for review says so.

    The findings are of rules, or of what ``about`` describes.
    """
    rules: dict[str, RuleText | None] = {**(described() if about is None else about)}
    rules |= {checked.finding.rule: None for checked in check.findings if checked.finding.rule not in rules}
    numbers = {name: number for number, name in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "tmlfix",
                "version": __version__,
                "informationUri": HOME,
                "shortDescription": {"text": "Finds memory leaks in TML source and writes the fixes."},
                "rules": [_rule(name, rule, is_own=about is not None) for name, rule in rules.items()],
            }
        },
        "invocations": [invocation([_notification(error) for error in check.report.errors])],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the tree that was checked."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(checked, check, numbers[checked.finding.rule]) for checked in check.findings],
    }
    if check.shard is not None:
        # Services need this to keep the runs of a matrix apart; else each replaces the one before.
        run["automationDetails"] = {"id": f"tmlfix/shard-{check.shard.number}-of-{check.shard.count}/"}
        run["properties"] = shard_document(check)
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": in_parts(run)}


def in_parts(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The run as one or more that services take. Without names of their own one would replace the other."""
    results = run["results"]
    count = max(1, -(-len(results) // MOST_RESULTS))
    if count == 1:
        return [{**run}]
    name = run.get("automationDetails", {"id": "tmlfix/"})["id"]
    return [
        {
            **run,
            "results": results[number * MOST_RESULTS : (number + 1) * MOST_RESULTS],
            "automationDetails": {"id": f"{name}part-{number + 1}-of-{count}/"},
        }
        for number in range(count)
    ]


def joined(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The run that `in_parts` has split."""
    return {**runs[0], "results": [result for run in runs for result in run["results"]]}


def _rule(name: str, rule: RuleText | None, *, is_own: bool = False) -> dict[str, Any]:
    """A rule; one of the user's ``own`` has no page and is not about leaks."""
    if rule is None:
        return {"id": visible(name)}
    reason = rule.reason.strip()
    if is_own:
        texts = {"shortDescription": {"text": rule.summary.strip()}, "fullDescription": {"text": reason}}
        return {"id": visible(name), **texts, "defaultConfiguration": {"level": LEVELS[rule.verdict]}}
    return {
        "id": name,
        "helpUri": rule_page(name),
        "shortDescription": {"text": rule.summary.strip()},
        "fullDescription": {"text": reason},
        "help": {
            "text": f"{reason}\n\n{_example(rule, plain=True)}",
            "markdown": f"{reason}\n\n{_example(rule)}",
        },
        "defaultConfiguration": {"level": LEVELS[rule.verdict]},
        "properties": {"tags": ["memory-leak"]},
    }


def _example(rule: RuleText, *, plain: bool = False) -> str:
    parts = (("Before" if rule.after else "Code", rule.before), ("After", rule.after))
    shown = [(title, code.strip("\n")) for title, code in parts if code]
    if plain:
        return "\n\n".join(f"{title}:\n\n{code}" for title, code in shown)
    return "\n\n".join(f"**{title}**\n\n```\n{code}\n```" for title, code in shown)


def invocation(notifications: list[dict[str, Any]]) -> dict[str, Any]:
    """The run of the tool, with what it could not do."""
    return {
        "executionSuccessful": not notifications,
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }


def _notification(error: InputError) -> dict[str, Any]:
    location = _location(error.path, error.line, error.column)
    return {"level": "error", "message": {"text": visible(error.message)}, "locations": [location]}


def _result(checked: CheckedFinding, check: Check, rule: int) -> dict[str, Any]:
    finding = checked.finding
    location = _location(finding.path, finding.line, finding.column)
    if finding.function:
        location["logicalLocations"] = [{"fullyQualifiedName": visible(finding.function), "kind": "function"}]
    result = {
        "ruleId": visible(finding.rule),
        "ruleIndex": rule,
        "level": "error" if finding.is_misuse else LEVELS[finding.verdict],
        "message": {"text": visible(finding.message)},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: checked.fingerprint},
        "properties": {"verdict": finding.verdict.value, "phase": finding.phase, **origin_document(finding)},
    }
    if checked.standing is Standing.SUPPRESSED:
        result["suppressions"] = [{"kind": "inSource"}]
    if check.baseline is not None:
        result["baselineState"] = "unchanged" if checked.standing is Standing.KNOWN else "new"
    if finding.edits:
        result["fixes"] = [_fix(finding, check.sources[finding.path])]
    return result


def _fix(finding: Finding, source: bytes) -> dict[str, Any]:
    proven = finding.verdict is Verdict.FIXABLE
    text = f"Fix {finding.rule}" if proven else f"Fix {finding.rule}, if what the message assumes holds"
    change = {
        "artifactLocation": _artifact(finding.path),
        "replacements": _replacements(finding.edits, source),
    }
    return {"description": {"text": text}, "artifactChanges": [change]}


def _replacements(edits: Iterable[Edit], source: bytes) -> list[dict[str, Any]]:
    return [
        {"deletedRegion": _region(edit, source), "insertedContent": {"text": edit.text}} for edit in edits
    ]


def _region(edit: Edit, source: bytes) -> dict[str, int]:
    """What is replaced, as lines and columns and as bytes."""
    line, column = position(source, edit.start)
    end_line, end_column = position(source, edit.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "byteOffset": edit.start,
        "byteLength": edit.end - edit.start,
    }


def _location(path: str, line: int, column: int) -> dict[str, Any]:
    region = {"region": {"startLine": line, "startColumn": column}} if line else {}
    return {"physicalLocation": {"artifactLocation": _artifact(path), **region}}


def place(body: Mapping[str, Any]) -> tuple[str, int, int]:
    """The path, line and column of a result or a notification, as `_location` has written them."""
    physical = body["locations"][0]["physicalLocation"]
    uri: str = physical["artifactLocation"]["uri"]
    path = unquote(uri.removeprefix("file://"), errors="surrogateescape")
    region = physical.get("region", {"startLine": 0, "startColumn": 0})
    return path, region["startLine"], region["startColumn"]


def _artifact(path: str) -> Mapping[str, str]:
    """Where a file is; its bytes that stand for no plain character are percent-encoded."""
    uri = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    if posixpath.isabs(path):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": ROOT}
