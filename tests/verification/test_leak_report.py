"""Reading what ``tml test`` prints about leaks, whole or not."""

from __future__ import annotations

import io
import re
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import Mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codemods.verification import leak_log
from codemods.verification.leak_log import read_log, size_in_bytes
from codemods.verification.leak_report import NO_END, LeakReport, combine
from codemods.verification.leaks import Amount, module_of
from tests.verification.leak_logs import Printer, size_in_table, test_name

JSON = "lib/std/tests/json/value.test.tml"
URL = "lib/std/tests/url/parts.test.tml"
NET = "lib/std/tests/net/addr.test.tml"
LEAKS = {JSON: [3, 32], URL: [7] * 60, NET: []}


def read(*logs: bytes, tree: Sequence[str] = ()) -> LeakReport:
    return combine([run for log in logs for run in read_log(io.BufferedReader(io.BytesIO(log)))], tree)  # type: ignore[arg-type]


def counts(report: LeakReport) -> dict[str, tuple[int, int]]:
    return {path: (amount.leaks, amount.bytes) for path, amount in report.leaks.by_file().items()}


SHAPES = {
    "long report and table": Printer(),
    "short report and table": Printer(report="short"),
    "table alone": Printer(report="none"),
    "long report alone": Printer(table=False),
    "absolute paths": Printer(root="/home/ada/work/tml/"),
    "Windows": Printer(root="D:\\a\\tml\\", separator="\\", end="\r\n"),
    "Windows, short report": Printer(root="C:\\tml\\", separator="\\", end="\r\n", report="short"),
    "colours": Printer(colour=True),
    "no prefix": Printer(prefix=False),
    "no prefix, short report": Printer(prefix=False, report="short"),
    "many suites": Printer(tests_in_suite=1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_leaks(shape: str) -> None:
    report = read(SHAPES[shape].log(LEAKS), tree=list(LEAKS))

    assert counts(report) == {URL: (60, 420), JSON: (2, 35)}
    assert all(amount.exact for amount in report.leaks.files.values())
    assert report.leaks.elsewhere == Amount()
    assert bool(report.gaps) is not SHAPES[shape].table
    assert NET in report.ran or not SHAPES[shape].table


FILES = [
    f"lib/{library}/tests/{module}/{name}.test.tml"
    for library in ("core", "std")
    for module in ("http", "hash")
    for name in ("basic", "with space", "café", module)
]
SOME_LEAKS = st.dictionaries(
    st.sampled_from(FILES), st.lists(st.integers(1, 3_000_000), max_size=70), min_size=1
)
PRINTERS = st.builds(
    Printer,
    root=st.sampled_from(["", "/work/", "/a b/lib/"]),
    report=st.sampled_from(["long", "short", "none"]),
    prefix=st.booleans(),
    colour=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    tests_in_suite=st.integers(1, 9),
)


@given(leaks=SOME_LEAKS, printer=PRINTERS)
@example(  # The first report has one sum for both files named basic, and no row says which leaks are whose.
    leaks={
        "lib/core/tests/hash/basic.test.tml": [1] * 18,
        "lib/core/tests/hash/café.test.tml": [],
        "lib/core/tests/hash/hash.test.tml": [1] * 24,
        "lib/core/tests/http/basic.test.tml": [1] * 9,
        "lib/std/tests/hash/basic.test.tml": [1],
        "lib/std/tests/http/basic.test.tml": [1],
    },
    printer=Printer(tests_in_suite=4),
)
def test_what_is_printed_reads_back(leaks: dict[str, list[int]], printer: Printer) -> None:
    report = read(printer.log(leaks), tree=FILES)

    sums = report.leaks.total
    assert (sums.leaks, sums.bytes) == (sum(map(len, leaks.values())), sum(map(sum, leaks.values())))
    assert sums.exact
    assert not report.gaps
    names = Counter(test_name(path) for path in leaks)
    for path, sizes in leaks.items():
        if names[test_name(path)] > 1:
            continue  # the runtime's sums and the table differ only now and then
        amount = report.leaks.files.get(path, Amount())
        assert amount.leaks == len(sizes)
        assert amount.bytes == sum(sizes) or (
            not amount.exact and size_in_table(amount.bytes) == size_in_table(sum(sizes))
        )


def test_a_table_alone_gives_bytes_roughly_and_the_last_of_them_exactly() -> None:
    one = read(Printer(report="none").log({JSON: [2000], URL: [5]}))
    two = read(Printer(report="none").log({JSON: [2000], URL: [3_000_000]}))

    assert one.leaks.files == {
        JSON: Amount(1, 2000),
        URL: Amount(1, 5),
    }
    assert two.leaks.files[JSON] == Amount(1, 1946, exact=False)
    assert two.leaks.total == Amount(2, 3_002_000)


@pytest.mark.parametrize(
    ("size", "least"),
    [("7 B", 7), ("1.0 KB", 1024), ("34.5 KB", 35328), ("2.1 KB", 2151), ("1.9 MB", 1992295)],
)
def test_a_size_stands_for_the_least_that_it_can_be(size: str, least: int) -> None:
    assert size_in_bytes(size).bytes == least
    assert size_in_table(least) == size
    assert size_in_table(least - 1) != size


# Several runs


def test_different_files_add_up_and_of_the_same_the_last_run_counts() -> None:
    first, second = Printer().log({JSON: [3], URL: [7, 7]}), Printer().log({URL: [7], NET: [1]})

    assert (
        counts(read(first, second))
        == counts(read(first + second))
        == {JSON: (1, 3), URL: (1, 7), NET: (1, 1)}
    )


def test_a_later_run_without_leaks_counts_if_the_log_names_its_tests() -> None:
    quiet, fixed = Printer(table=False).log({JSON: [3]}), Printer().log({JSON: []})

    assert counts(read(quiet, fixed)) == {}
    assert not read(quiet, fixed).gaps
    assert counts(read(fixed, quiet)) == {JSON: (1, 3)}


def test_files_that_come_twice_separate_quiet_runs_in_one_log() -> None:
    quiet = Printer(table=False)

    report = read(quiet.log({JSON: [3, 3], NET: [9]}) + quiet.log({JSON: [3]}))

    assert counts(report) == {NET: (1, 9), JSON: (1, 3)}
    assert report.runs == 2


def test_a_run_that_was_cut_off_is_forgotten_when_all_of_its_tests_ran_again() -> None:
    log = Printer(tests_in_suite=1).log({JSON: [3], NET: [4]})
    begun, _ = cut(log, b"Test 1/1: addr.test")

    assert read(begun, log) == replace(read(log), runs=2)
    assert read(begun, Printer().log({JSON: []})).failed == {NET}
    assert read(begun, Printer().log({JSON: []})).gaps == (NO_END,)


def test_a_report_after_the_table_of_its_run_counts_once() -> None:
    log = Printer().log({JSON: [3, 3]})
    table, report = Printer(report="none").log({JSON: [3, 3]}), Printer(table=False).log({JSON: [3, 3]})

    assert read(table + report).leaks == read(log).leaks
    assert read(table + report).gaps == ()


# What is missing


def cut(log: bytes, mark: bytes) -> tuple[bytes, bytes]:
    """What stands before the line with the mark, and the rest."""
    start = log.rindex(b"\n", 0, log.index(mark)) + 1
    return log[:start], log[start:]


@pytest.mark.parametrize("mark", [b"... and 12 more", b"Leaks by test", b"Summary:", b"Program exited"])
def test_a_log_that_ends_in_a_report_keeps_its_sum(mark: bytes) -> None:
    report = read(cut(Printer().log(LEAKS), mark)[0])

    assert report.leaks.total == Amount(62, 455)
    assert report.gaps == (NO_END,)
    assert counts(report)[JSON] == (2, 35)


def test_a_log_that_ends_before_a_sum_has_at_least_what_it_lists() -> None:
    log = Printer().log(LEAKS)

    begun = read(cut(cut(log, b"Detected")[1], b"Leak #4:")[0].replace(b"Detected", b"?"))

    assert begun.leaks.total == Amount(3, 42)
    assert "a report is cut before its sum: there may be more leaks than it lists" in begun.gaps


def test_a_log_that_ends_in_a_leak_counts_it_without_its_size() -> None:
    log = Printer().log({JSON: [3, 4]}).replace(b"Detected", b"?")

    report = read(cut(log, b"Leak #2:")[0] + b"  Leak #2:\n    Address:  0x80\n    Siz")

    assert report.leaks.total == Amount(2, 3, exact=False)


def test_a_log_that_ends_in_the_table_knows_the_sum_from_its_head() -> None:
    report = read(cut(Printer(report="none").log(LEAKS), b"tests/url/parts.test.tml       ")[0])

    assert report.leaks.total == Amount(62, 455)
    assert report.leaks.elsewhere == Amount(60, 420)
    assert report.gaps == ("a table is cut: its last rows are missing",)
    assert "60 leaks could not be assigned to a file" in report.notes


def test_a_log_that_begins_in_a_report_or_a_table_reads_on() -> None:
    log = Printer().log(LEAKS)

    assert counts(read(cut(log, b"Leak #50:")[1])) == {URL: (60, 420), JSON: (2, 35)}
    assert read(cut(log, b"Summary:")[1]).leaks.total == Amount(62, 455)
    assert counts(read(cut(log, b"tests/url/parts.test.tml       ")[1])) == {
        "tests/url/parts.test.tml": (60, 420)
    }
    assert read(cut(log, b"tests/url/parts.test.tml       ")[1]).leaks.total.leaks == 62


@given(st.integers(0, 20_000), st.integers(0, 20_000))
@example(0, 10_316).via("ends within the summary of a report")
def test_no_part_of_a_log_reports_more_than_the_log(start: int, end: int) -> None:
    log = Printer(tests_in_suite=2).log(LEAKS)

    report = read(log[start:end])

    assert report.leaks.total.leaks <= 62
    assert all(amount.leaks <= 60 for amount in report.leaks.files.values())


@given(st.binary())
def test_any_bytes_are_a_log(noise: bytes) -> None:
    read(noise)
    assert counts(read(b"\n" + noise + b"\n" + Printer().log(LEAKS))).items() >= {URL: (60, 420)}.items()


NUMBER = b"9" * 5000


@pytest.mark.parametrize(
    "line",
    [
        b"Memory Leaks (%b leaks, 1 bytes)\n",
        b"Detected %b unfreed allocation(s) totaling 1 bytes:\n",
        b"tests/a.test.tml  %b leaks  1 B\n",
        b"#1: 0x1 (%b bytes, id=1, tag=x, test=a.test)\n",
    ],
)
def test_a_number_that_nothing_can_count_to_is_none(line: bytes) -> None:
    assert read(line % NUMBER).leaks.files == {}


def test_a_leak_whose_size_nothing_can_count_to_has_none() -> None:
    log = b"Leak #1:\n  Size: %b bytes\n  File: tests/a.test.tml\n"

    assert counts(read(log % NUMBER)) == {"tests/a.test.tml": (1, 0)}


def test_many_reports_of_one_run_are_each_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    paths_of = Mock(side_effect=leak_log._paths)
    monkeypatch.setattr(leak_log, "_paths", paths_of)
    reports = 300

    (run,) = read_log(io.BufferedReader(io.BytesIO(b"1 leak(s), 2 bytes lost\n" * reports)))

    assert len(run.reports) == reports
    assert paths_of.call_count <= 2 * reports


def test_a_large_log_is_read_line_by_line() -> None:
    class Endless(io.RawIOBase):
        """A log of 40 MB that is never in memory as a whole, in which one line has no end."""

        left = 40

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            assert isinstance(buffer, memoryview)
            if not self.left:
                return 0
            line = b"07:58:45.633 INFO  [meta]   [LOADED] core::iter\n" if self.left % 2 else b"x"
            buffer[:] = (line * (len(buffer) // len(line) + 1))[: len(buffer)]
            self.left -= 1
            return len(buffer)

    tracemalloc.start()
    runs = read_log(io.BufferedReader(Endless(), 1024 * 1024))  # type: ignore[type-var]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert runs == []
    assert peak < 8 * 1024 * 1024


def test_a_test_that_was_taken_up_but_did_not_run_is_not_free_of_leaks() -> None:
    lines = Printer().log({JSON: [3], NET: []}).splitlines(keepends=True)

    report = read(b"".join(line for line in lines if b": addr.test" not in line))

    assert report.failed == {NET}
    assert report.ran == {JSON}


def test_suites_that_are_programs_of_their_own_run_what_they_take_up() -> None:
    log = Printer().log({JSON: [3], NET: []}).replace(b"  Processing", b"  [exe] Processing")
    lines = [line for line in log.splitlines(keepends=True) if b"  Test " not in line]

    assert read(b"".join(lines)).ran == {JSON, NET}


# Other lines and encodings


@pytest.mark.parametrize(
    "prefix",
    [
        "2026-02-25T10:11:12.1234567Z ",
        "2026-02-25T10:11:12.123456Z 00O ",
        "test (ubuntu)\tRun tml test\t2026-02-25T10:11:12.1234567Z ",
    ],
)
def test_what_ci_puts_before_a_line_is_no_part_of_it(prefix: str) -> None:
    lines = Printer().log(LEAKS).decode().splitlines(keepends=True)

    assert counts(read("".join(prefix + line for line in lines).encode())) == {URL: (60, 420), JSON: (2, 35)}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_what_powershell_writes_is_read(encoding: str) -> None:
    assert counts(read(Printer(end="\r\n").log(LEAKS).decode().encode(encoding))) == {
        URL: (60, 420),
        JSON: (2, 35),
    }


def test_what_tests_print_in_between_is_no_leak() -> None:
    noise = "  Total    9 leaks\n 3 leaks 4 B\nSize: 4 bytes\nwe fixed 3 leaks  41 B\n- x 5 leak(s)\n"
    lines = Printer().log(LEAKS).decode().splitlines(keepends=True)

    assert counts(read(noise.join(lines).encode())) == {URL: (60, 420), JSON: (2, 35)}


def test_the_leaks_of_no_test_have_no_file() -> None:
    log = Printer(table=False).log({JSON: [3]}).replace(b"    value.test  ", b"    (no test context)  ")
    log = re.sub(rb"  Leak #1:.*?\n\n", b"", log, flags=re.DOTALL).replace(f"  [{JSON}]".encode(), b"")

    assert read(log).leaks.elsewhere == Amount(1, 3)


# Names of files


def test_a_name_that_stands_for_two_files_is_said_to() -> None:
    tree = ["lib/core/tests/hash/hash.test.tml", "lib/std/tests/hash/hash.test.tml"]

    report = read(
        Printer(report="none").log({tree[0]: [4]}).replace(b": lib/core/tests", b": elsewhere"), tree=tree
    )

    assert counts(report) == {"tests/hash/hash.test.tml": (1, 4)}
    assert report.notes == (
        "tests/hash/hash.test.tml could be any of lib/core/tests/hash/hash.test.tml, "
        "lib/std/tests/hash/hash.test.tml; it is shown as the log has it",
    )


def test_a_path_that_the_runtime_cut_is_completed() -> None:
    root = "/" + "deep/" * 30
    log = Printer(root=root).log({JSON: [3, 5]})
    path = (root + JSON).encode()
    lines = [
        line if b"Processing" in line else line.replace(path, path[:127])
        for line in log.splitlines(keepends=True)
    ]

    assert counts(read(b"".join(lines))) == {JSON: (2, 8)}


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("lib/std/tests/http/client.test.tml", "std/http"),
        ("/home/ada/lib/core/tests/str/deep/a.test.tml", "core/str"),
        ("lib/std/src/http/client.tml", "std/http"),
        ("lib/std/src/mime.tml", "std/mime"),
        ("lib/src/http/client.tml", "http"),
        ("tests/http/client.test.tml", "http"),
        ("compiler/tests/runtime/a.test.tml", "compiler/runtime"),
        ("http/client.test.tml", "http"),
    ],
)
def test_a_module_is_named_as_the_runner_names_it(path: str, module: str) -> None:
    assert module_of(path) == module
