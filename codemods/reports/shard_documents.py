"""The documents of a check's shards: read in JSON or SARIF, and written as that of the whole check."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from codemods import __version__
from codemods.app.shards import MOST_SHARDS, Common, Shard
from codemods.checks.baseline import Entry
from codemods.checks.check import FailOn, Standing
from codemods.checks.shard_merge import Merged, ShardFinding, ShardResult
from codemods.model.errors import UserError
from codemods.model.findings import InputError, Verdict
from codemods.reports import sarif

NUMBERS = ("unread_elsewhere", *(standing.value for standing in Standing), "untouched", "failing")
PHASE_NUMBERS = (*(verdict.value for verdict in Verdict), "files", "changed_files")
"""The counts of the summary. Those of the shards add up, for each finding and each file is in one of them."""


def merged_document(merged: Merged) -> dict[str, Any]:
    """The document of the whole check, in the format of its shards."""
    return _merged_json(merged) if merged.shards[0].format == "JSON" else _merged_sarif(merged)


# Reading


def read_shard(file: Path) -> ShardResult:
    """The result of the shard that wrote the file. Raises `UserError` if no shard did."""
    try:
        document = json.loads(file.read_bytes())
        if "runs" in document:
            return _read_sarif(file, document)
        return _read_json(file, document)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise UserError(f"{file} was not written by tmlfix check --shard") from None


def _read_json(file: Path, document: dict[str, Any]) -> ShardResult:
    shard, common = _shard(file, document)
    summary = document["summary"]
    _require(int, *(summary[name] for name in NUMBERS))
    for phase in summary["phases"]:
        _require(int, *(phase[name] for name in PHASE_NUMBERS))
    for entry in summary["no_longer_found"]:
        _require(str, *(getattr(Entry(**entry), field.name) for field in fields(Entry)))
    findings = tuple(map(_json_finding, document["findings"]))
    errors = {InputError(**body): body for body in document["errors"]}
    _check_errors(errors)
    frame = {
        "document": _without(document, "summary", "findings", "errors", "shard"),
        "summary": _without(summary, *NUMBERS, "phases", "no_longer_found"),
        "phases": [_without(phase, *PHASE_NUMBERS) for phase in summary["phases"]],
    }
    return ShardResult(file, "JSON", shard, common, document, frame, findings, errors)


def _json_finding(body: dict[str, Any]) -> ShardFinding:
    path, phase = body["path"], body["phase"]
    _require(str, path)
    _require(int, phase)
    return ShardFinding(path, phase, Verdict(body["verdict"]), Standing(body["standing"]), body)


def _read_sarif(file: Path, document: dict[str, Any]) -> ShardResult:
    run = sarif.joined(document["runs"])
    shard, common = _shard(file, run["properties"])
    driver = run["tool"]["driver"]
    (invocation,) = run["invocations"]
    findings = tuple(map(_sarif_finding, run["results"]))
    notifications = invocation.get("toolExecutionNotifications", [])
    errors = {_sarif_error(body): body for body in notifications}
    _check_errors(errors)
    frame = {
        "document": _without(document, "runs"),
        "run": _without(run, "tool", "results", "invocations", "automationDetails", "properties"),
        "tool": _without(run["tool"], "driver"),
        "driver": _without(driver, "rules"),
        "rules": [rule for rule in driver["rules"] if _is_described(rule)],
    }
    return ShardResult(file, "SARIF", shard, common, run, frame, findings, errors)


def _sarif_finding(body: dict[str, Any]) -> ShardFinding:
    path, _, _ = sarif.place(body)
    phase, verdict = body["properties"]["phase"], Verdict(body["properties"]["verdict"])
    _require(int, phase)
    _require(str, body["ruleId"])
    standing = Standing.KNOWN if body.get("baselineState") == "unchanged" else Standing.NEW
    if "suppressions" in body:
        standing = Standing.SUPPRESSED
    return ShardFinding(path, phase, verdict, standing, body)


def _sarif_error(body: dict[str, Any]) -> InputError:
    path, line, column = sarif.place(body)
    return InputError(path, body["message"]["text"], line, column)


def _is_described(rule: dict[str, Any]) -> bool:
    """Whether a rule has more than its name, as every rule of tmlfix has, whatever was found."""
    _require(str, rule["id"])
    return len(rule) > 1


def _shard(file: Path, document: Mapping[str, Any]) -> tuple[Shard, Common]:
    """Which shard wrote a document, by what `documents.shard_document` added to it."""
    shard = document["shard"]
    check: dict[str, Any] = {
        name: tuple(value) if type(value) is list else value for name, value in shard["check"].items()
    }
    ours = __version__
    if check["tool"] != ours:
        raise UserError(f"{file} was written by tmlfix {check['tool']}, but this is tmlfix {ours}")
    common = Common(**check)
    FailOn(common.fail_on)
    number, count = shard["number"], shard["count"]
    _require(int, number, count)
    if not 1 <= number <= count <= MOST_SHARDS:
        raise ValueError(number)
    return Shard(number, count), common


def _check_errors(errors: Iterable[InputError]) -> None:
    for error in errors:
        _require(str, error.path, error.message)
        _require(int, error.line, error.column)


def _require(kind: type, *values: object) -> None:
    for value in values:
        if type(value) is not kind:
            raise TypeError(value)


def _without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


# Writing


def _merged_json(merged: Merged) -> dict[str, Any]:
    first = merged.shards[0].document
    summaries = [result.document["summary"] for result in merged.shards]
    phases = zip(*(summary["phases"] for summary in summaries), strict=True)
    gone = [entry for summary in summaries for entry in summary["no_longer_found"]]
    return _without(first, "shard") | {
        "findings": [finding.body for finding in merged.findings],
        "summary": first["summary"]
        | _sums(NUMBERS, summaries)
        | {
            "phases": [phase[0] | _sums(PHASE_NUMBERS, phase) for phase in phases],
            "no_longer_found": sorted(gone, key=lambda entry: Entry(**entry)),
        },
        "errors": [*merged.errors.values()],
    }


def _sums(names: Iterable[str], counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {name: sum(count[name] for count in counts) for name in names}


def _merged_sarif(merged: Merged) -> dict[str, Any]:
    first = merged.shards[0]
    run = _without(first.document, "automationDetails", "properties")
    described = first.frame["rules"]
    names = dict.fromkeys(
        (*(rule["id"] for rule in described), *(finding.body["ruleId"] for finding in merged.findings))
    )
    numbers = {name: number for number, name in enumerate(names)}
    rules = [*described, *({"id": name} for name in [*names][len(described) :])]
    run |= {
        "tool": run["tool"] | {"driver": run["tool"]["driver"] | {"rules": rules}},
        "invocations": [sarif.invocation([*merged.errors.values()])],
        "results": [
            finding.body | {"ruleIndex": numbers[finding.body["ruleId"]]} for finding in merged.findings
        ],
    }
    return {**first.frame["document"], "runs": sarif.in_parts(run)}
