"""Annotations in a pull request, as workflow commands of GitHub Actions."""

from __future__ import annotations

from codemods.checks.check import Check, Standing
from codemods.model.findings import Finding, InputError, Verdict
from codemods.reports.console import visible
from codemods.reports.text import check_counts

LEVELS = {Verdict.FIXABLE: "warning", Verdict.REVIEW: "notice", Verdict.REPORTED: "notice"}


def commands(check: Check) -> str:
    """A command for each new finding and each file that could not be read, then the counts.

    The counts hold names, in which ``##[`` would begin a command anywhere in a line: it is broken up.
    """
    lines = [
        *(_error(error) for error in check.report.errors),
        *(_annotation(finding) for finding in check.of(Standing.NEW)),
        *(line.replace("##[", "## [") for line in check_counts(check)),
    ]
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding) -> str:
    place = {"file": finding.path, "line": str(finding.line), "col": str(finding.column)}
    within = f" (in {finding.function})" if finding.function else ""
    return _command(
        LEVELS[finding.verdict], place | {"title": f"tmlfix {finding.rule}"}, f"{finding.message}{within}"
    )


def _error(error: InputError) -> str:
    place = {"file": error.path}
    if error.line:
        place |= {"line": str(error.line), "col": str(error.column)}
    return _command("error", place | {"title": "tmlfix"}, error.message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    shown = ",".join(f"{key}={_escaped(value, ',:')}" for key, value in properties.items())
    return f"::{name} {shown}::{_escaped(message)}"


def _escaped(text: str, also: str = "") -> str:
    """The text, with an escape for each character that would end it or begin an escape."""
    return "".join(f"%{ord(letter):02X}" if letter in f"%\r\n{also}" else letter for letter in visible(text))
