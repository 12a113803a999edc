"""How much each file leaks, from one or more logs of ``tml test``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from codemods.verification.leak_log import Run, RuntimeReport, SummaryTable, Test
from codemods.verification.leaks import Amount, Leaks, total

_BELOW_ROOT = re.compile(r".*/((?:lib/[^/]+|compiler)/(?:tests|src)/.+)")
_BELOW_TESTS = re.compile(r"(?:/|[A-Za-z]:/).*/(tests/.+)")

NO_END = (
    "the end of a run is missing: the table of its leaks, which `tml test` prints with --log-filter=test=info"
)


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What logs show, taken together."""

    leaks: Leaks
    runs: int
    ran: frozenset[str] = frozenset()
    """The test files that ran, as far as the logs name them."""
    failed: frozenset[str] = frozenset()
    """The test files that failed or did not run: not all of their leaks were counted."""
    gaps: tuple[str, ...] = ()
    """What is missing in the logs. Without gaps and failures, the sums are all that leaked."""
    notes: tuple[str, ...] = ()
    """What a reader should know about the figures."""

    @property
    def failures(self) -> str:
        """Which tests failed or did not run, as a sentence; empty if none."""
        if not self.failed:
            return ""
        number = len(self.failed)
        names = ", ".join(sorted(self.failed)[:3]) + (", ..." if number > 3 else "")
        tests = "1 test file" if number == 1 else f"{number:,} test files"
        return f"{tests} failed or did not run, and may leak more than was counted: {names}"


@dataclass(slots=True)
class _RunLeaks:
    """The leaks of one run, each counted once, although both the reports and the table may have it."""

    files: dict[str, Amount]
    elsewhere: Amount
    ran: set[str]
    failed: set[str]
    gaps: list[str]
    notes: list[str]
    has_exact_sum: bool = True


def combine(runs: Iterable[Run], tree: Collection[str] = ()) -> LeakReport:
    """Put runs together. ``tree`` are the files of the library, where it is known.

    Different files add up; of one file, only the last run counts. A run is ignored if all of its test files
    ran again later.
    """
    runs = list(runs)
    paths = _Paths(tree, runs)
    found = _without_repeated([_fold(run, paths) for run in runs])
    files: dict[str, Amount] = {}
    failed = set[str]()
    for run in found:
        for path in run.ran:
            files.pop(path, None)
        files |= run.files
        failed = (failed - run.ran) | run.failed
    ran = frozenset(path for run in found for path in (*run.ran, *run.files))
    gaps = list(dict.fromkeys(gap for run in found for gap in run.gaps))
    replaces = sum(len(run.files) for run in found) > len(files)
    exact = not replaces and all(run.has_exact_sum for run in found)
    return LeakReport(
        Leaks(files, total(run.elsewhere for run in found), exact),
        len(runs),
        ran,
        frozenset(failed),
        tuple(gaps),
        (*dict.fromkeys(note for run in found for note in run.notes), *paths.notes),
    )


def known_paths(runs: Iterable[Run], tree: Collection[str] = ()) -> set[str]:
    """The files that the logs name, each by its longest name."""
    return _Paths(tree, list(runs)).all()


def _without_repeated(runs: list[_RunLeaks]) -> list[_RunLeaks]:
    """The runs without those whose test files all ran again later."""
    kept = []
    later = set[str]()
    for run in reversed(runs):
        named = {*run.ran, *run.files}
        if not named or not {*named, *run.failed} <= later:
            kept.append(run)
        later |= named
    return kept[::-1]


def _fold(run: Run, paths: _Paths) -> _RunLeaks:
    """One amount for each file, from the reports and the table of a run."""
    ran, left_out = paths.of_run(run)
    failed = {paths.find(test, ran | left_out) for test in run.failed}
    folded = _RunLeaks({}, Amount(), ran, failed | left_out, [], [])
    for report in run.reports:
        _add_report(report, folded, paths)
    if run.table is None:
        folded.gaps.append(NO_END)
    else:
        _add_table(run.table, folded, paths)
    if folded.elsewhere.leaks:
        folded.notes.append(f"{_count(folded.elsewhere.leaks, 'leak')} could not be assigned to a file")
    return folded


def _add_report(report: RuntimeReport, run: _RunLeaks, paths: _Paths) -> None:
    amounts = report.by_test
    listed = total(report.listed.values())
    if not amounts or (listed.exact and listed == report.total and all(test.path for test in report.listed)):
        amounts = report.listed
    named = {test: amount for test, amount in amounts.items() if test != Test()}
    for test, amount in named.items():
        path = paths.find(test, run.ran)
        run.files[path] = run.files.get(path, Amount()) + amount
    whole = report.total
    if whole is None:
        whole = max(listed, total(amounts.values()), key=lambda amount: amount.size)
        run.gaps.append("a report is cut before its sum: there may be more leaks than it lists")
    run.elsewhere += _rest(whole, total(named.values()))
    run.has_exact_sum &= whole.exact


def _add_table(table: SummaryTable, run: _RunLeaks, paths: _Paths) -> None:
    """Take the table's counts, and the bytes of the reports where both count the same leaks."""
    in_table = {f"/{row}".replace("\\", "/").rpartition("/")[2] for row in table.rows}
    for name in in_table.intersection(run.files):
        del run.files[name]  # the report has only the name of the test, which several files have
    _take_rows(table, run, paths)
    whole = table.total or total(table.rows.values())
    sums = total(run.files.values())
    if sums.leaks > whole.leaks:
        run.notes.append(
            f"the table counts {whole.leaks} leaks, but files have {sums.leaks}; the larger counts"
        )
        whole = sums
    if not table.whole:
        is_complete = table.total is not None and sums.leaks >= whole.leaks
        run.gaps.append(f"a table is cut: its last {'line is' if is_complete else 'rows are'} missing")
    _take_exact_bytes(whole, run)
    run.elsewhere = _rest(whole, total(run.files.values()))
    run.has_exact_sum = whole.exact


def _take_rows(table: SummaryTable, run: _RunLeaks, paths: _Paths) -> None:
    """Let each file have the count of its row, if the row is of one file."""
    reported, sums = dict(run.files), total(run.files.values())
    is_all_reported = table.total is not None and not run.elsewhere.leaks and sums.leaks == table.total.leaks
    for row, amount in table.rows.items():
        path = paths.find(Test("", row), run.ran)
        files = [file for file in run.files if file == path or file.endswith(f"/{path}")]
        if not files and is_all_reported and amount.leaks:
            run.notes.append(f"the leaks of the row {row} are among those of another test of its name")
        elif total(run.files[file] for file in files).leaks == amount.leaks:
            continue
        elif len(files) > 1:
            run.notes.append(
                f"the row {row} is of {' and '.join(sorted(files))}; each has what the reports say"
            )
        else:
            run.files[files[0] if files else path] = amount
    if is_all_reported and total(run.files.values()).leaks > sums.leaks:
        # The reports count leaks of one file for another of its name, and no row says how to divide them.
        run.files = reported


def _take_exact_bytes(whole: Amount, run: _RunLeaks) -> None:
    """If the table has rounded the bytes of one file only, they are the rest of its sum."""
    sums = total(run.files.values())
    inexact = [path for path, amount in run.files.items() if not amount.exact]
    if len(inexact) == 1 and whole.exact and sums.leaks == whole.leaks:
        (path,) = inexact
        rest = whole.bytes - (sums.bytes - run.files[path].bytes)
        run.files[path] = Amount(run.files[path].leaks, rest)


def _rest(whole: Amount, part: Amount) -> Amount:
    leaks, size = max(whole.leaks - part.leaks, 0), max(whole.bytes - part.bytes, 0)
    return Amount(leaks, size, not leaks or (whole.exact and part.exact))


class _Paths:
    """The files that logs name in different ways: by absolute path, last three parts, or name of the test."""

    def __init__(self, tree: Collection[str], runs: Iterable[Run]) -> None:
        self.notes: dict[str, None] = {}
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in tree:
            self._by_name[_name(path)].append(path)
        self._raw = sorted({path for run in runs for path in _named(run)}, key=len, reverse=True)
        for raw in self._raw:
            known = self._resolve(raw.replace("\\", "/"), raw)
            if known is not None and known not in self._by_name[_name(known)]:
                self._by_name[_name(known)].append(known)
        self.notes.clear()

    def find(self, test: Test, ran: Collection[str] = ()) -> str:
        """The path of a test file: the one in the tree, else the longest in the logs, else its name."""
        if test.path:
            raw = test.path.replace("\\", "/")
            return self._resolve(raw, test.path, test.name, ran) or raw
        name = f"{test.name}.tml"
        found = self._by_name[name]
        if len(found) > 1:
            found = [path for path in found if path in ran] or found
        if len(found) > 1:
            self._note_ambiguity(name, found)
        return found[0] if len(found) == 1 else name

    def all(self) -> set[str]:
        """All known files."""
        return {path for paths in self._by_name.values() for path in paths}

    def of_run(self, run: Run) -> tuple[set[str], set[str]]:
        """The test files that ran, and those that were compiled but did not run, as far as names show."""
        compiled: defaultdict[str, set[str]] = defaultdict(set)
        for raw in run.compiled:
            path = self.find(Test("", raw))
            compiled[_name(path)].add(path)
        ran = set[str]()
        for name, times in run.started.items():
            paths = compiled[f"{name}.tml"] or set(self._by_name[f"{name}.tml"])
            if len(paths) <= times:
                ran |= paths
        return ran, {path for paths in compiled.values() for path in paths} - ran

    def _resolve(self, path: str, raw: str, name: str = "", ran: Collection[str] = ()) -> str | None:
        """The known file that a path means, preferring those that ``ran``; None if several are possible."""
        if not path.endswith(".tml"):
            # The runtime cuts a path after 127 bytes.
            begun = [full for full in self._raw if full.startswith(raw) and full.endswith(".tml")]
            if len(begun) == 1:
                return self._resolve(begun[0].replace("\\", "/"), begun[0])
            if name:
                return self.find(Test(name), ran)
            return path
        known = self._by_name[_name(path)]
        if ends := [end for end in known if path == end or path.endswith(f"/{end}")]:
            return max(ends, key=len)
        longer = [whole for whole in known if whole.endswith(f"/{path}")]
        if len(longer) > 1:
            longer = [whole for whole in longer if whole in ran] or longer
        if len(longer) == 1:
            return longer[0]
        if longer:
            self._note_ambiguity(path, longer)
            return None
        match = _BELOW_ROOT.fullmatch(path) or _BELOW_TESTS.fullmatch(path)
        return match[1] if match else path

    def _note_ambiguity(self, name: str, found: list[str]) -> None:
        self.notes[f"{name} could be any of {', '.join(sorted(found))}; it is shown as the log has it"] = None


def _named(run: Run) -> Iterator[str]:
    """All paths in a run."""
    yield from run.compiled
    yield from (test.path for test in run.failed)
    for report in run.reports:
        yield from (test.path for test in (*report.listed, *report.by_test) if test.path)
    if run.table is not None:
        yield from run.table.rows


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
