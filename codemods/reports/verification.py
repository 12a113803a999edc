"""What ``tmlfix verify`` found, as text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from codemods.reports.console import count, make_console, make_table, print_table, visible
from codemods.reports.documents import error_document, print_json
from codemods.verification.leaks import Amount
from codemods.verification.test_runs import Measurement, Status
from codemods.verification.verify import LOG_FILTER, Comparison, Verification, VerifyReport

JSON_VERSION = 1
COLUMNS = ("result", "tests", "leaks before", "after", "bytes before", "after")


def print_text(report: VerifyReport) -> None:
    """A table of what changed for each branch, and a verdict."""
    console = make_console()
    for each in report.verifications:
        console.print(Text(visible(_title(each, report))))
        table = make_table(report.unit.value, *COLUMNS, right=(3, 4, 5, 6))
        for cells in _rows(each):
            table.add_row(*(Text(visible(cell)) for cell in cells))
        print_table(table, console)
        for line in _remarks(each, report):
            console.print(visible(line))
        for line in _complaints(each):
            console.print(Text(visible(line), "red"))
    _print_end(report, console)


def _print_end(report: VerifyReport, console: Console) -> None:
    for branch in report.left_out:
        console.print(f"left out, as there is no such branch: {branch}")
    style = "bold red" if report.harmful else "green" if report.harmless else "yellow"
    console.print(Text(_verdict(report), style))


def print_markdown(report: VerifyReport) -> None:
    """The same for a pull request."""
    for each in report.verifications:
        print(f"## {_literal(_title(each, report))}\n")
        print(f"| {' | '.join((report.unit.value, *COLUMNS))} |")
        print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
        for cells in _rows(each):
            print(f"| {' | '.join(map(_literal, cells))} |")
        print()
        notes = (*_remarks(each, report), *_complaints(each))
        for line in notes:
            print(f"- {_literal(line)}")
        if notes:
            print()
    for branch in report.left_out:
        print(f"- left out, as there is no such branch: {branch}")
    print(f"**{_verdict(report)}**")


def _literal(text: str) -> str:
    """The text with nothing in it that Markdown takes for marks."""
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in visible(text))


def _title(each: Verification, report: VerifyReport) -> str:
    phase = f"phase {each.phase.number} {each.phase.slug}: " if each.phase else ""
    units = count(len(each.comparisons), f"test {report.unit}")
    return f"{phase}{each.branch} at {each.commit[:12]} against commit {report.base[:12]}, {units}"


def _rows(each: Verification) -> Iterator[tuple[str, ...]]:
    """What changed, and the total."""
    for one in each.comparisons:
        if one.changed:
            yield (
                one.name,
                _pair(one.before.status, one.after.status),
                _pair(_tests(one.before), _tests(one.after)),
                *_figures(one.before.leaks, one.after.leaks),
            )
    states = Counter(one.after.status for one in each.comparisons)
    result = ", ".join(f"{number} {status}" for status, number in states.items())
    yield "total", result, _pair(*map(str, each.tests())), *_figures(*each.total())


def _pair(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _tests(measured: Measurement) -> str:
    return "?" if measured.passed is None else str(measured.passed)


def _figures(before: Amount | None, after: Amount | None) -> tuple[str, ...]:
    """The leaks and bytes; a dash where they were not measured."""
    both = before, after
    return (
        *("-" if each is None else f"{each.leaks:,}" for each in both),
        *("-" if each is None else f"{each.bytes:,}" for each in both),
    )


def _remarks(each: Verification, report: VerifyReport) -> Iterator[str]:
    """What one has to know to read the figures."""
    same = sum(not one.changed for one in each.comparisons)
    if same:
        yield f"{count(same, report.unit.value)} with the same result before and after, in the total only"
    early = Counter(one.before.status for one in each.comparisons if one.before.status is not Status.PASSED)
    for status, number in early.items():
        yield f"{count(number, report.unit.value)} {status} on HEAD already"
    if not each.follows:
        yield f"{each.branch} does not start from HEAD, so other changes count too" + (
            f"; tmlfix apply --phase {each.phase.number} brings it up to date" if each.phase else ""
        )


def _complaints(each: Verification) -> Iterator[str]:
    for one in each.lost:
        before, after = one.before, one.after
        if before.status is after.status:
            yield f"lost: {one.name} has {before.passed} tests that pass before, and {after.passed} after"
        else:
            yield f"lost: {one.name} {_ended(before.status)} before, and {_ended(after.status)} after"
    for name, (less, more) in each.worse.items():
        yield f"worse: {name} has {_amount(less)} before, and {_amount(more)} after"


def _ended(status: Status) -> str:
    return "is absent" if status is Status.ABSENT else str(status)


def _amount(leaks: Amount) -> str:
    return f"{count(leaks.leaks, 'leak')} of {count(leaks.bytes, 'byte')}"


def _verdict(report: VerifyReport) -> str:
    if report.harmless:
        return "no test is lost, and nothing leaks more"
    if report.harmful:
        lost = sum(len(each.lost) for each in report.verifications)
        worse = sum(len(each.worse) for each in report.verifications)
        start = f"tests lost in {count(lost, report.unit.value)}; {count(worse, 'file')} with more leaks"
    else:
        start = "no test is lost"
    if report.unmeasured:
        units = count(report.unmeasured, report.unit.value)
        return f"{start}; leaks were not measured in {units} (add {LOG_FILTER} to the command)"
    return start if report.measured else f"{start}; leaks were not measured, as no tests passed"


def print_document(report: VerifyReport) -> None:
    """All of it for programs."""
    print_json(
        {
            "version": JSON_VERSION,
            "base": report.base,
            "by": report.unit.value,
            "harmless": report.harmless,
            "branches": [_verification_document(each) for each in report.verifications],
            "left_out": list(report.left_out),
            "errors": [error_document(error) for error in report.errors],
        }
    )


def _verification_document(each: Verification) -> dict[str, Any]:
    before, after = each.total()
    return {
        "phase": each.phase.number if each.phase else None,
        "branch": each.branch,
        "commit": each.commit,
        "starts_from_head": each.follows,
        "runs": [_comparison_document(one) for one in each.comparisons],
        "total": {"before": _leaks_document(before), "after": _leaks_document(after)},
        "lost": [one.name for one in each.lost],
        "worse": list(each.worse),
        "unmeasured": [one.name for one in each.comparisons if one.unmeasured],
    }


def _comparison_document(one: Comparison) -> dict[str, Any]:
    return {
        "name": one.name,
        "before": _measurement_document(one.before),
        "after": _measurement_document(one.after),
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
