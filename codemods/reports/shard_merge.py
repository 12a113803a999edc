"""The documents of a check's shards, joined to the one that the whole check would have written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from codemods.app.shards import MOST_SHARDS, Common, Shard
from codemods.checks.baseline import Entry
from codemods.checks.check import FailOn, Standing, fails
from codemods.model.errors import UserError
from codemods.model.findings import InputError, Verdict
from codemods.reports import sarif

T = TypeVar("T")

DIFFERENCES = {
    "tree": "is of other files than",
    "settings": "was written with other settings of the project than",
    "phases": "is of other phases than",
    "paths": "is of other paths than",
    "fail_on": "was written with another --fail-on than",
    "changed_since": "has the changes since another commit than",
    "baseline": "was written with another baseline than",
}
"""What is wrong with a document beside another, by what the two do not have in common."""

NUMBERS = ("unread_elsewhere", *(standing.value for standing in Standing), "untouched", "failing")
PHASE_NUMBERS = (*(verdict.value for verdict in Verdict), "files", "changed_files")
"""What the summary counts. The shards add up, for each finding and each file is in one of them."""

MOST_NAMED = 10
"""Missing shards that one line names."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The joined document, and what it says."""

    document: dict[str, Any]
    shards: int
    new: int
    """How many findings are new."""
    failing: int
    """How many of these fail the check."""
    errors: tuple[InputError, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """A finding, with its form in the document."""

    path: str
    phase: int
    verdict: Verdict
    standing: Standing
    body: dict[str, Any]

    @property
    def place(self) -> tuple[bool, int, str]:
        """Where it stands in a document. Those of one file are all in one shard, in their order."""
        return self.standing is Standing.SUPPRESSED, self.phase, self.path


@dataclass(frozen=True, slots=True)
class _Part:
    """The document of one shard."""

    file: Path
    format: str
    shard: Shard
    common: Common
    document: dict[str, Any]
    """The JSON, or the one run of SARIF."""
    frame: Mapping[str, Any]
    """What must be the same in all shards."""
    results: tuple[_Result, ...]
    errors: Mapping[InputError, Any]
    """The errors, each with its form in the document."""


def merge(files: Sequence[Path]) -> Merged:
    """The document of the whole check. Raises `UserError` if these are not the documents of its shards."""
    parts = [_read(file) for file in files]
    _check_that_they_belong_together(parts)
    _check_that_all_are_there(parts)
    parts.sort(key=lambda part: part.shard)
    first = parts[0]
    results = sorted((each for part in parts for each in part.results), key=lambda each: each.place)
    bodies = {error: body for part in parts for error, body in part.errors.items()}
    errors = sorted(bodies, key=lambda each: (each.path, each.line, each.column))
    join = _join_json if first.format == "JSON" else _join_sarif
    fail_on = FailOn(first.common.fail_on)
    new = [each for each in results if each.standing is Standing.NEW]
    return Merged(
        document=join(parts, results, [bodies[error] for error in errors]),
        shards=len(parts),
        new=len(new),
        failing=sum(fails(each.verdict, fail_on) for each in new),
        errors=tuple(errors),
    )


def _check_that_they_belong_together(parts: Sequence[_Part]) -> None:
    first = parts[0]
    for part in parts[1:]:
        if part.format != first.format:
            raise UserError(f"{part.file} is {part.format}, but {first.file} is {first.format}")
        if part.shard.count != first.shard.count:
            raise UserError(f"{part.file} is {part.shard}, but {first.file} is {first.shard}")
        for name, difference in DIFFERENCES.items():
            if getattr(part.common, name) != getattr(first.common, name):
                raise UserError(f"{part.file} {difference} {first.file}")
        if part.frame != first.frame:
            raise UserError(f"{part.file} was written by another tmlfix than {first.file}")


def _check_that_all_are_there(parts: Sequence[_Part]) -> None:
    files: dict[int, Path] = {}
    for part in parts:
        if part.shard.number in files:
            raise UserError(f"{files[part.shard.number]} and {part.file} are both {part.shard}")
        files[part.shard.number] = part.file
    count = parts[0].shard.count
    missing = [str(number) for number in range(1, count + 1) if number not in files]
    if len(missing) == 1:
        raise UserError(f"shard {missing[0]} of {count} is missing beside {parts[0].file}")
    if missing:
        more = [f"{len(missing) - MOST_NAMED} more"] if len(missing) > MOST_NAMED else []
        *named, last = [*missing[:MOST_NAMED], *more]
        raise UserError(f"shards {', '.join(named)} and {last} of {count} are missing beside {parts[0].file}")


# Reading


def _read(file: Path) -> _Part:
    try:
        document = json.loads(file.read_bytes())
        if "runs" in document:
            return _read_sarif(file, document)
        return _read_json(file, document)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise UserError(f"{file} is no document that tmlfix check --shard writes") from None


def _read_json(file: Path, document: dict[str, Any]) -> _Part:
    shard, common = _shard(file, document)
    summary = document["summary"]
    _shall_be(int, *(summary[name] for name in NUMBERS))
    for phase in summary["phases"]:
        _shall_be(int, *(phase[name] for name in PHASE_NUMBERS))
    for entry in summary["no_longer_found"]:
        _shall_be(str, *(getattr(Entry(**entry), each.name) for each in fields(Entry)))
    results = tuple(map(_json_result, document["findings"]))
    errors = {InputError(**body): body for body in document["errors"]}
    _check_errors(errors)
    frame = {
        "document": _without(document, "summary", "findings", "errors", "shard"),
        "summary": _without(summary, *NUMBERS, "phases", "no_longer_found"),
        "phases": [_without(phase, *PHASE_NUMBERS) for phase in summary["phases"]],
    }
    return _Part(file, "JSON", shard, common, document, frame, results, errors)


def _json_result(body: dict[str, Any]) -> _Result:
    path, phase = body["path"], body["phase"]
    _shall_be(str, path)
    _shall_be(int, phase)
    return _Result(path, phase, Verdict(body["verdict"]), Standing(body["standing"]), body)


def _read_sarif(file: Path, document: dict[str, Any]) -> _Part:
    (run,) = document["runs"]
    shard, common = _shard(file, run["properties"])
    driver = run["tool"]["driver"]
    (invocation,) = run["invocations"]
    results = tuple(map(_sarif_result, run["results"]))
    notifications = invocation.get("toolExecutionNotifications", [])
    errors = {_sarif_error(body): body for body in notifications}
    _check_errors(errors)
    frame = {
        "document": _without(document, "runs"),
        "run": _without(run, "tool", "results", "invocations", "automationDetails", "properties"),
        "tool": _without(run["tool"], "driver"),
        "driver": _without(driver, "rules"),
        "rules": [rule for rule in driver["rules"] if _is_told(rule)],
    }
    return _Part(file, "SARIF", shard, common, run, frame, results, errors)


def _sarif_result(body: dict[str, Any]) -> _Result:
    path, _, _ = sarif.place(body)
    phase, verdict = body["properties"]["phase"], Verdict(body["properties"]["verdict"])
    _shall_be(int, phase)
    _shall_be(str, body["ruleId"])
    standing = Standing.KNOWN if body.get("baselineState") == "unchanged" else Standing.NEW
    return _Result(path, phase, verdict, Standing.SUPPRESSED if "suppressions" in body else standing, body)


def _sarif_error(body: dict[str, Any]) -> InputError:
    path, line, column = sarif.place(body)
    return InputError(path, body["message"]["text"], line, column)


def _is_told(rule: dict[str, Any]) -> bool:
    """Whether more than its name is told of a rule, as of all that there are, whatever was found."""
    _shall_be(str, rule["id"])
    return len(rule) > 1


def _shard(file: Path, document: Mapping[str, Any]) -> tuple[Shard, Common]:
    """Which shard a document is, as `documents.shard_document` has written it."""
    shard = document["shard"]
    check: dict[str, Any] = {
        name: tuple(value) if type(value) is list else value for name, value in shard["check"].items()
    }
    ours = version("tmlfix")
    if check["tool"] != ours:
        raise UserError(f"{file} was written by tmlfix {check['tool']}, but this is tmlfix {ours}")
    common = Common(**check)
    FailOn(common.fail_on)
    number, count = shard["number"], shard["count"]
    _shall_be(int, number, count)
    if not 1 <= number <= count <= MOST_SHARDS:
        raise ValueError(number)
    return Shard(number, count), common


def _check_errors(errors: Iterable[InputError]) -> None:
    for error in errors:
        _shall_be(str, error.path, error.message)
        _shall_be(int, error.line, error.column)


def _shall_be(kind: type, *values: object) -> None:
    for value in values:
        if type(value) is not kind:
            raise TypeError(value)


def _without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


# Joining


def _join_json(parts: Sequence[_Part], results: Iterable[_Result], errors: list[Any]) -> dict[str, Any]:
    first = parts[0].document
    summaries = [part.document["summary"] for part in parts]
    phases = zip(*(summary["phases"] for summary in summaries), strict=True)
    gone = [entry for summary in summaries for entry in summary["no_longer_found"]]
    return _without(first, "shard") | {
        "findings": [each.body for each in results],
        "summary": first["summary"]
        | _sums(NUMBERS, summaries)
        | {
            "phases": [phase[0] | _sums(PHASE_NUMBERS, phase) for phase in phases],
            "no_longer_found": sorted(gone, key=lambda entry: Entry(**entry)),
        },
        "errors": errors,
    }


def _sums(names: Iterable[str], documents: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {name: sum(each[name] for each in documents) for name in names}


def _join_sarif(parts: Sequence[_Part], results: Iterable[_Result], errors: list[Any]) -> dict[str, Any]:
    first = parts[0]
    run = _without(first.document, "automationDetails", "properties")
    told = first.frame["rules"]
    names = dict.fromkeys((*(rule["id"] for rule in told), *(each.body["ruleId"] for each in results)))
    numbers = {name: number for number, name in enumerate(names)}
    rules = [*told, *({"id": name} for name in [*names][len(told) :])]
    run |= {
        "tool": run["tool"] | {"driver": run["tool"]["driver"] | {"rules": rules}},
        "invocations": [sarif.invocation(errors)],
        "results": [each.body | {"ruleIndex": numbers[each.body["ruleId"]]} for each in results],
    }
    return {**first.frame["document"], "runs": [run]}
