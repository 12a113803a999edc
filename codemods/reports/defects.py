"""What ``tmlfix compiler-report`` found, as a page in Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from codemods.app.compiler_report import CompilerReport, DefectPlaces
from codemods.compiler_defects import Defect
from codemods.model.findings import Finding
from codemods.reports.console import count
from codemods.reports.documents import error_document
from codemods.reports.markdown import literal

JSON_VERSION = 1
SHOWN = 10
"""The most places that are listed openly; more are folded."""

COMPILER = "the compiler of commit cf79b64d"


def markdown_page(report: CompilerReport) -> str:
    """The page for the compiler's maintainers."""
    return "\n".join(_page(report)) + "\n"


def _page(report: CompilerReport) -> Iterator[str]:
    yield "# Leaks that the TML compiler causes"
    yield ""
    found = sum(bool(entry.findings) for entry in report.entries)
    defects = f"{found} of the {len(report.entries)} known defects"
    yield (
        f"tmlfix has {count(report.total, 'finding')} in {report.source}. {report.explained:,} of them come "
        f"from {defects} of the compiler and its runtime, listed below, the most frequent first. "
        "A fix in the compiler fixes them everywhere. "
        f"The other {report.total - report.explained:,} are mistakes in the library's own code."
    )
    yield ""
    yield "| defect | effect | places | files |"
    yield "| --- | --- | ---: | ---: |"
    for number, entry in enumerate(report.entries, 1):
        defect = entry.defect
        title = f"{number}. [{literal(defect.title)}](#{defect.name})"
        yield f"| {title} | {defect.effect} | {len(entry.findings):,} | {entry.files:,} |"
    for number, entry in enumerate(report.entries, 1):
        yield ""
        yield from _section(number, entry)


def _section(number: int, entry: DefectPlaces) -> Iterator[str]:
    defect = entry.defect
    yield f'<a id="{defect.name}"></a>'
    yield ""
    yield f"## {number}. {literal(defect.title)}"
    yield ""
    yield from description(defect)
    yield ""
    yield f"**Where it happens.** {_extent(entry)}"
    if entry.findings:
        yield ""
        yield from _places(entry.findings)


def description(defect: Defect) -> Iterator[str]:
    """What the compiler does and what it should do, and a program that shows it."""
    yield f"**What the compiler does.** {literal(defect.does)}"
    yield ""
    yield f"**What it should do.** {literal(defect.should)}"
    yield ""
    yield f"**A program that shows it.** {_behaviour(defect)}"
    for path, text in defect.files.items():
        yield ""
        yield "```tml"
        yield f"// {path}"
        yield f"{text.decode().strip()}"
        yield "```"


def _behaviour(defect: Defect) -> str:
    if not defect.confirmed:
        return f"So small a program does no harm; the effect ({defect.effect}) was measured in the library."
    if defect.leaks is None:
        return f"Under {COMPILER} its test fails: {defect.effect}."
    return f"Under {COMPILER} it leaks {count(defect.leaks, 'allocation')}."


def _extent(entry: DefectPlaces) -> str:
    if not entry.defect.rules:
        return "There are no findings of it; tmlfix avoids it in the code that it writes."
    rules = " and ".join(f"`{rule}`" for rule in entry.defect.rules)
    if not entry.findings:
        return f"Nowhere in this tree. The rule is {rules}."
    places = count(len(entry.findings), "place")
    return f"{places} in {count(entry.files, 'file')}, which tmlfix finds with {rules}."


def _places(findings: tuple[Finding, ...]) -> Iterator[str]:
    folded = len(findings) > SHOWN
    if folded:
        yield f"<details><summary>All {len(findings):,} places</summary>"
        yield ""
    for finding in findings:
        place = literal(f"{finding.path}:{finding.line}")
        function = f" in {literal(finding.function)}" if finding.function else ""
        yield f"- {place}{function}"
    if folded:
        yield ""
        yield "</details>"


def json_document(report: CompilerReport) -> str:
    """The report as JSON, for programs."""
    document = {
        "version": JSON_VERSION,
        "source": report.source,
        "findings": report.total,
        "explained": report.explained,
        "defects": [_defect_document(entry) for entry in report.entries],
        "own_mistakes": dict(report.own_mistakes),
        "errors": [error_document(error) for error in report.errors],
    }
    return json.dumps(document, indent=2) + "\n"


def _defect_document(entry: DefectPlaces) -> dict[str, Any]:
    defect = entry.defect
    return {
        "name": defect.name,
        "title": defect.title,
        "effect": defect.effect,
        "does": defect.does,
        "should": defect.should,
        "rules": list(defect.rules),
        "program": {path: text.decode() for path, text in defect.files.items()},
        "leaks": defect.leaks,
        "confirmed": defect.confirmed,
        "places": [
            {
                "path": finding.path,
                "line": finding.line,
                "column": finding.column,
                "function": finding.function,
                "rule": finding.rule,
            }
            for finding in entry.findings
        ],
    }
