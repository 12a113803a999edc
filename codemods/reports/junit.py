"""JUnit test reports, which CI services read: a suite for each phase, a case for each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from codemods.checks.check import Check, CheckedFinding, Standing
from codemods.model.findings import InputError
from codemods.model.phases import phase_numbered
from codemods.reports.console import visible

OUTCOMES = ("failure", "error", "skipped")
WHY_SKIPPED = {
    Standing.NEW: "does not fail the check",
    Standing.KNOWN: "known in the baseline",
    Standing.SUPPRESSED: "suppressed by a comment",
}


def document(check: Check) -> str:
    """The report. A finding that does not fail the check is a skipped test."""
    root = Element("testsuites", name=f"tmlfix, {check.shard}" if check.shard is not None else "tmlfix")
    for phase in check.report.phases:
        name = f"phase {phase.phase} {phase_numbered(phase.phase).slug}"
        here = [checked for checked in check.findings if checked.finding.phase == phase.phase]
        suite = SubElement(root, "testsuite", name=name)
        if not here:
            SubElement(suite, "testcase", classname="tmlfix", name=f"{name}: nothing to fix", time="0")
        _add_cases(suite, here, check)
    if check.report.errors:
        _add_errors(SubElement(root, "testsuite", name="input"), check.report.errors)
    for suite in root:
        suite.attrib |= _counts(suite) | {"time": "0"}
    root.attrib |= _counts(root)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add_cases(suite: Element, findings: Iterable[CheckedFinding], check: Check) -> None:
    names = Counter[tuple[str, str]]()
    for checked in findings:
        finding = checked.finding
        # Services compare reports by name, so the name has no line number.
        name = f"{finding.rule} in {finding.function}" if finding.function else finding.rule
        names[finding.path, name] += 1
        if names[finding.path, name] > 1:
            name += f" ({names[finding.path, name]})"
        case = _case(suite, finding.path, name, finding.line)
        place = f"{finding.path}:{finding.line}:{finding.column}: [{finding.verdict}] {finding.message}"
        if check.is_failing(checked):
            _outcome(case, "failure", finding.message, place, finding.rule)
        else:
            _outcome(case, "skipped", WHY_SKIPPED[checked.standing], place)


def _add_errors(suite: Element, errors: Iterable[InputError]) -> None:
    for error in errors:
        case = _case(suite, error.path, "input", error.line)
        _outcome(case, "error", error.message, str(error), "input")


def _case(suite: Element, path: str, name: str, line: int) -> Element:
    place = {"classname": _legal(path), "name": _legal(name), "file": _legal(path), "time": "0"}
    return SubElement(suite, "testcase", place | ({"line": str(line)} if line else {}))


def _outcome(case: Element, tag: str, message: str, text: str, type: str = "") -> None:
    element = SubElement(case, tag, {"message": _legal(message)} | ({"type": _legal(type)} if type else {}))
    element.text = _legal(text)


def _counts(element: Element) -> dict[str, str]:
    found = Counter(inner.tag for inner in element.iter())
    plural = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    return {"tests": str(found["testcase"]), **{plural[tag]: str(found[tag]) for tag in OUTCOMES}}


def _legal(text: str) -> str:
    """The text in characters that XML allows; `visible` leaves two that it does not."""
    return visible(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
