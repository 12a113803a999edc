"""What ``tmlfix verify`` found, as text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from codemods.reports.console import count, make_console, make_table, print_table, visible
from codemods.reports.documents import error_document, print_json, profile_document
from codemods.reports.markdown import literal
from codemods.verification.leaks import Amount
from codemods.verification.test_runs import LOG_FILTER, Measurement, Status
from codemods.verification.verify_report import RunComparison, Verification, VerifyReport

JSON_VERSION = 1
COLUMNS = ("result", "tests", "leaks before", "after", "bytes before", "after")


def print_text(report: VerifyReport) -> None:
    """Print a table of what changed for each branch, and a verdict."""
    console = make_console()
    for verification in report.verifications:
        console.print(Text(visible(_title(verification, report))))
        table = make_table(report.unit.value, *COLUMNS, right=(3, 4, 5, 6))
        for cells in _rows(verification):
            table.add_row(*(Text(visible(cell)) for cell in cells))
        print_table(table, console)
        for line in _remarks(verification, report):
            console.print(visible(line))
        for line in _problems(verification):
            console.print(Text(visible(line), "red"))
    _print_end(report, console)


def _print_end(report: VerifyReport, console: Console) -> None:
    for branch in report.left_out:
        console.print(f"left out, as there is no such branch: {branch}")
    for path in report.overwritten:
        console.print(Text(visible(_overwritten(path)), "red"))
    console.print(visible(_trusted(report)))
    style = "bold red" if report.harmful else "green" if report.harmless else "yellow"
    console.print(Text(_verdict(report), style))


def print_markdown(report: VerifyReport) -> None:
    """Print the same as Markdown, for a pull request."""
    for verification in report.verifications:
        print(f"## {literal(_title(verification, report))}\n")
        print(f"| {' | '.join((report.unit.value, *COLUMNS))} |")
        print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
        for cells in _rows(verification):
            print(f"| {' | '.join(map(literal, cells))} |")
        print()
        notes = (*_remarks(verification, report), *_problems(verification))
        for line in notes:
            print(f"- {literal(line)}")
        if notes:
            print()
    for branch in report.left_out:
        print(f"- left out, as there is no such branch: {branch}")
    for path in report.overwritten:
        print(f"- {literal(_overwritten(path))}")
    print(f"- {literal(_trusted(report))}\n")
    print(f"**{_verdict(report)}**")


def _title(verification: Verification, report: VerifyReport) -> str:
    phase = f"phase {verification.phase.number} {verification.phase.slug}: " if verification.phase else ""
    units = count(len(verification.comparisons), f"test {report.unit}")
    branch = f"{phase}{verification.branch} at {verification.commit[:12]}"
    return f"{branch} against commit {report.base[:12]}, {units}"


def _rows(verification: Verification) -> Iterator[tuple[str, ...]]:
    """What changed, and the total."""
    for comparison in verification.comparisons:
        if comparison.changed:
            yield (
                comparison.name,
                _pair(comparison.before.status, comparison.after.status),
                _pair(_tests(comparison.before), _tests(comparison.after)),
                *_figures(comparison.before.leaks, comparison.after.leaks),
            )
    states = Counter(comparison.after.status for comparison in verification.comparisons)
    result = ", ".join(f"{number} {_ended(status, number)}" for status, number in states.items())
    yield "total", result, _pair(*map(str, verification.tests())), *_figures(*verification.total())


def _pair(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _tests(measured: Measurement) -> str:
    return "?" if measured.passed is None else str(measured.passed)


def _figures(before: Amount | None, after: Amount | None) -> tuple[str, ...]:
    """The leaks and bytes; a dash where they were not measured."""
    both = before, after
    return (
        *("-" if amount is None else f"{amount.leaks:,}" for amount in both),
        *("-" if amount is None else f"{amount.bytes:,}" for amount in both),
    )


def _remarks(verification: Verification, report: VerifyReport) -> Iterator[str]:
    """What a reader must know about the figures."""
    same = sum(not comparison.changed for comparison in verification.comparisons)
    if same:
        yield f"{count(same, report.unit.value)} with the same result before and after, in the total only"
    early = Counter(
        comparison.before.status
        for comparison in verification.comparisons
        if comparison.before.status is not Status.PASSED
    )
    for status, number in early.items():
        yield f"{count(number, report.unit.value)} {_ended(status, number)} on HEAD already"
    if not verification.follows:
        yield f"{verification.branch} does not start from HEAD, so other changes count too" + (
            f"; tmlfix apply --phase {verification.phase.number} brings it up to date"
            if verification.phase
            else ""
        )


def _problems(verification: Verification) -> Iterator[str]:
    for comparison in verification.lost:
        before, after = comparison.before, comparison.after
        if before.status is after.status:
            tests = f"{before.passed} tests that pass before, and {after.passed} after"
            yield f"lost: {comparison.name} has {tests}"
        else:
            yield f"lost: {comparison.name} {_ended(before.status)} before, and {_ended(after.status)} after"
    for name, (less, more) in verification.worse.items():
        yield f"worse: {name} has {_amount(less)} before, and {_amount(more)} after"


def _ended(status: Status, number: int = 1) -> str:
    """What became of one or more runs, as the end of a sentence."""
    match status:
        case Status.ABSENT:
            return "is absent" if number == 1 else "are absent"
        case Status.UNCOMPILED if number != 1:
            return "do not compile"
        case _:
            return str(status)


def _overwritten(path: str) -> str:
    return (
        f"not to be trusted: the runs share the link {path}, and something wrote to it meanwhile; "
        "link the files that the tests need, and none that they write"
    )


def _trusted(report: VerifyReport) -> str:
    return f"the fixes are for {report.compiler}"


def _amount(leaks: Amount) -> str:
    return f"{count(leaks.leaks, 'leak')} of {count(leaks.bytes, 'byte')}"


def _verdict(report: VerifyReport) -> str:
    if report.harmless:
        return "no test is lost, and nothing leaks more"
    if report.harmful:
        lost = sum(len(verification.lost) for verification in report.verifications)
        worse = sum(len(verification.worse) for verification in report.verifications)
        start = f"tests lost in {count(lost, report.unit.value)}; {count(worse, 'file')} with more leaks"
    else:
        start = "no test is lost"
    if report.unmeasured:
        units = count(report.unmeasured, report.unit.value)
        return f"{start}; leaks were not measured in {units} (add {LOG_FILTER} to the command)"
    return start if report.measured else f"{start}; leaks were not measured, as no tests passed"


def print_document(report: VerifyReport) -> None:
    """Print the report as JSON, for programs."""
    print_json(
        {
            "version": JSON_VERSION,
            "base": report.base,
            "by": report.unit.value,
            "harmless": report.harmless,
            "branches": [_verification_document(verification) for verification in report.verifications],
            "left_out": list(report.left_out),
            "overwritten": list(report.overwritten),
            "compiler": profile_document(report.compiler),
            "errors": [error_document(error) for error in report.errors],
        }
    )


def _verification_document(verification: Verification) -> dict[str, Any]:
    before, after = verification.total()
    return {
        "phase": verification.phase.number if verification.phase else None,
        "branch": verification.branch,
        "commit": verification.commit,
        "starts_from_head": verification.follows,
        "runs": [_comparison_document(comparison) for comparison in verification.comparisons],
        "total": {"before": _leaks_document(before), "after": _leaks_document(after)},
        "lost": [comparison.name for comparison in verification.lost],
        "worse": list(verification.worse),
        "unmeasured": [comparison.name for comparison in verification.comparisons if comparison.unmeasured],
    }


def _comparison_document(comparison: RunComparison) -> dict[str, Any]:
    return {
        "name": comparison.name,
        "before": _measurement_document(comparison.before),
        "after": _measurement_document(comparison.after),
    }


def _measurement_document(measured: Measurement) -> dict[str, Any]:
    return {
        "status": measured.status.value,
        "tests_passed": measured.passed,
        **_leaks_document(measured.leaks),
        "files": {file: _leaks_document(leaks) for file, leaks in sorted(measured.files.items())},
    }


def _leaks_document(leaks: Amount | None) -> dict[str, int | None]:
    if leaks is None:
        return {"leaks": None, "bytes": None}
    return {"leaks": leaks.leaks, "bytes": leaks.bytes}
