"""Reading what ``tml test`` prints about leaks: runs, with their reports and tables.

Two programs print it: the runtime reports the leaks of a suite when the suite ends, and the runner prints a
table of all files at the end of a run. The runtime has a long report and, since February 2026, a short one.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from codemods.verification.leaks import Amount

LONGEST_LINE = 8192
"""The most characters that are read as one line; the lines about leaks have far fewer."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PREFIX = re.compile(
    # The job, the step and the time that GitHub and GitLab put before a line.
    r"(?:(?:[^\t]*\t[^\t]*\t)?\ufeff?\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:\d\d[OE][ +])?)?"
    r"(?:\d\d:\d\d:\d\d\.\d{3} +[A-Z]+ +\[\w+\])?"
)
_RELEVANT = re.compile("[lL]eak|LEAK|Detected|Size:|Test|test=|File:|Processing|running|FAILED|Total")
"""Every line that matters has one of these in it; most lines have none."""
_NAME = r"\S+(?: \S+)*"
_NUMBER = r"\d{1,18}"
"""A number of allocations or bytes: it fits into 64 bits."""
_UNITS = {"B": 1, "KB": 1024, "MB": 1024 * 1024}


class Test(NamedTuple):
    """A test file: its name without ``.tml`` and its path. One of them may be missing."""

    name: str = ""
    path: str = ""


@dataclass(slots=True)
class RuntimeReport:
    """The leaks of one suite, as the runtime reports them at its end."""

    total: Amount | None = None
    listed: dict[Test, Amount] = field(default_factory=dict)
    """The leaks that are listed one by one: at most 50 in the long report and 10 in the short one."""
    by_test: dict[Test, Amount] = field(default_factory=dict)
    """The sums of the long report: at most 64, with one sum for all files of a name."""


@dataclass(slots=True)
class SummaryTable:
    """The table of the runner: the leaks of each file, by the last three parts of its path."""

    total: Amount | None = None
    rows: dict[str, Amount] = field(default_factory=dict)
    whole: bool = False
    """Whether its last line was read."""


@dataclass(slots=True)
class Run:
    """One run of ``tml test``, as far as the log shows it."""

    reports: list[RuntimeReport] = field(default_factory=list)
    table: SummaryTable | None = None
    compiled: set[str] = field(default_factory=set)
    """The paths of test files that it compiled. If one does not compile, none of its suite runs."""
    started: Counter[str] = field(default_factory=Counter)
    """The names of tests that it ran."""
    failed: set[Test] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether the log shows nothing of it."""
        return not (self.reports or self.table or self.compiled or self.started or self.failed)


def read_log(stream: io.BufferedReader) -> list[Run]:
    """The runs of a log, in order; none for bytes that show no run."""
    reader = _Reader()
    for line in _lines(stream):
        if _RELEVANT.search(line):
            reader.feed(line)
    return reader.finish()


def size_in_bytes(size: str) -> Amount:
    """An amount without leaks, with the bytes that a size such as ``34.5 KB`` means at least."""
    number, unit = size.split()
    whole, _, tenths = number.partition(".")
    return Amount(0, int(whole) * _UNITS[unit] + -(-int(tenths or 0) * _UNITS[unit] // 10), unit == "B")


def _lines(stream: io.BufferedReader) -> Iterator[str]:
    """The lines without their ends and colours. Windows PowerShell writes UTF-16."""
    start = stream.peek(2)[:2]
    if start in (b"\xff\xfe", b"\xfe\xff"):
        text = io.TextIOWrapper(stream, "utf-16", "replace", newline="\n")
    else:
        text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="\n")
    try:
        while line := text.readline(LONGEST_LINE):
            yield _ANSI.sub("", line) if "\x1b" in line else line
    finally:
        text.detach()


class _Reader:
    """Puts lines together into runs."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._run = Run()
        self._report: RuntimeReport | None = None
        self._leak: dict[str, str] | None = None
        self._reported: set[str] = set()
        """The paths in the reports of the run."""

    def feed(self, line: str) -> None:
        """Take the next line."""
        prefix = _PREFIX.match(line)
        body = line[prefix.end() if prefix else 0 :].strip()
        for pattern, take in self._TAKERS:
            if match := pattern.fullmatch(body):
                take(self, *match.groups(default=""))
                return

    def finish(self) -> list[Run]:
        """The runs, at the end of the log."""
        self._end_run()
        return self._runs

    # Runs

    def _begin_run(self, _count: str) -> None:
        self._end_run()

    def _end_run(self) -> None:
        self._end_report()
        if not self._run.is_empty:
            self._runs.append(self._run)
        self._run = Run()
        self._reported = set()

    def _compiling(self, in_programs: str, path: str) -> None:
        self._run.compiled.add(path)
        if in_programs:  # each suite is then a program, which does not name its tests when it runs
            self._run.started[re.split(r"[/\\]", path)[-1].removesuffix(".tml")] += 1

    def _starting(self, name: str) -> None:
        self._end_report()
        self._run.started[name] += 1

    def _test_failed(self, name: str, path: str) -> None:
        self._run.failed.add(Test(name, path))

    def _compilation_failed(self, path: str) -> None:
        self._run.failed.add(Test("", path))

    # The reports of the runtime

    def _begin_report(self) -> None:
        self._end_report()
        self._report = RuntimeReport()

    def _sum(self, leaks: str, size: str) -> None:
        self._open_report().total = Amount(int(leaks), int(size))

    def _last_sum(self, leaks: str, size: str) -> None:
        self._sum(leaks, size)
        self._end_report()

    def _begin_short_report(self, leaks: str, size: str) -> None:
        self._begin_report()
        self._sum(leaks, size)

    def _begin_leak(self) -> None:
        self._end_leak()
        self._open_report()
        self._leak = {}

    def _leak_field(self, name: str, value: str) -> None:
        if self._leak is not None:
            self._leak[name] = value

    def _short_leak(self, size: str, name: str) -> None:
        self._list_leak(Test("" if name == "unknown" else name), Amount(1, int(size)))

    def _sum_of_test(self, name: str, leaks: str, size: str, path: str) -> None:
        self._end_leak()
        sums = self._open_report().by_test
        test = Test() if name == "(no test context)" else Test(name, "" if path == "?" else path)
        sums[test] = sums.get(test, Amount()) + Amount(int(leaks), int(size))

    def _end_of_program(self) -> None:
        self._end_report()

    def _open_report(self) -> RuntimeReport:
        """The report that is being read; a log may begin in the middle of one."""
        if self._report is None:
            self._report = RuntimeReport()
        return self._report

    def _list_leak(self, test: Test, amount: Amount) -> None:
        listed = self._open_report().listed
        listed[test] = listed.get(test, Amount()) + amount

    def _end_leak(self) -> None:
        if self._leak is not None:
            size = self._leak.get("Size", "").removesuffix(" bytes")
            amount = Amount(1, int(size)) if re.fullmatch(_NUMBER, size) else Amount(1, 0, exact=False)
            self._list_leak(Test(self._leak.get("Test", ""), self._leak.get("File", "")), amount)
            self._leak = None

    def _end_report(self) -> None:
        self._end_leak()
        report, self._report = self._report, None
        if report is None:
            return
        if self._belongs_to_another_run(report):
            self._end_run()
        self._run.reports.append(report)
        self._reported |= _paths(report)

    def _belongs_to_another_run(self, report: RuntimeReport) -> bool:
        """Whether a report is of a later run that nothing announced.

        It then names a file that this run has reported before, or that the table of this run lacks.
        """
        if not self._reported.isdisjoint(_paths(report)):
            return True
        if self._run.table is None or not self._run.table.whole:
            return False
        known = {re.split(r"[/\\]", row)[-1].removesuffix(".tml") for row in self._run.table.rows}
        return not {test.name for test in (*report.listed, *report.by_test)} - {""} <= known

    # The table of the runner

    def _begin_table(self, leaks: str, size: str) -> None:
        self._end_report()
        if self._run.table is not None:
            self._end_run()
        self._run.table = SummaryTable(Amount(int(leaks), int(size)))

    def _no_leaks(self) -> None:
        self._begin_table("0", "0")
        assert self._run.table is not None
        self._run.table.whole = True

    def _table_row(self, path: str, leaks: str, size: str) -> None:
        table = self._run.table
        if table is None or table.whole:
            # A log may begin in the middle of a table, but not every line like this is a row.
            if path != "Total" and not path.endswith(".tml"):
                return
            self._end_report()
            if table is not None:
                self._end_run()
            table = self._run.table = SummaryTable()
        amount = size_in_bytes(size) + Amount(int(leaks))
        if path == "Total":
            table.total = table.total or amount
            table.whole = True
        elif re.search(r"[/\\]|\.tml$", path):
            table.rows[path] = table.rows.get(path, Amount()) + amount

    _TAKERS: ClassVar[Iterable[tuple[re.Pattern[str], Callable[..., None]]]] = tuple(
        (re.compile(pattern), take)
        for pattern, take in (
            (rf"running ({_NUMBER}) test files?", _begin_run),
            (r"(\[exe\] )?Processing test \d+/\d+: (.+)", _compiling),
            (r"Test \d+/\d+: (.+)", _starting),
            (r"(?:\[exe\] )?FAILED test=(\S+) file=(.+?) exit=.*", _test_failed),
            (r"(?:\[exe\] )?COMPILATION FAILED suite=\S* file=(.+?) error=.*", _compilation_failed),
            (r"TML MEMORY LEAK REPORT", _begin_report),
            (rf"Detected ({_NUMBER}) unfreed allocation\(s\) totaling ({_NUMBER}) bytes:", _sum),
            (r"Leak #\d+:", _begin_leak),
            (r"(Size|Test|File): +(.*)", _leak_field),
            (rf"Summary: ({_NUMBER}) leak\(s\), ({_NUMBER}) bytes(?: lost)?", _last_sum),
            (rf"({_NAME}) +({_NUMBER}) leak\(s\), ({_NUMBER}) bytes(?: +\[(.*)\])?", _sum_of_test),
            (rf"({_NUMBER}) leak\(s\), ({_NUMBER}) bytes lost", _begin_short_report),
            (rf"#\d+: \S+ \(({_NUMBER}) bytes, id=\d+, tag=[^,]*, test=(.*)\)", _short_leak),
            (r"Program exited with \d+ memory leak\(s\)", _end_of_program),
            (rf"Memory Leaks \(({_NUMBER}) leaks?, ({_NUMBER}) bytes\)", _begin_table),
            (r"Memory Leaks none detected", _no_leaks),
            (rf"({_NAME}) +({_NUMBER}) leaks? +({_NUMBER} B|{_NUMBER}\.\d [KM]B)", _table_row),
        )
    )


def _paths(report: RuntimeReport) -> set[str]:
    return {test.path for test in (*report.listed, *report.by_test)} - {""}
