"""Logs as ``tml test`` prints them, made from leaks that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

RULE = "=" * 80


@dataclass(frozen=True)
class Printer:
    """How a run prints: its root before all paths, the shape of the runtime's report, what else it has."""

    root: str = ""
    separator: str = "/"
    report: str = "long"
    """``long``, ``short`` or none at all."""
    table: bool = True
    prefix: bool = True
    colour: bool = False
    end: str = "\n"
    tests_in_suite: int = 8

    def log(self, leaks: Mapping[str, Sequence[int]], failed: Iterable[str] = ()) -> bytes:
        """The log of a run over the test files, with the sizes of what each leaks."""
        return "".join(f"{line}{self.end}" for line in self._lines(leaks, set(failed))).encode()

    def _lines(self, leaks: Mapping[str, Sequence[int]], failed: set[str]) -> Iterator[str]:
        files = sorted(leaks)
        if self.table:
            yield self._said(f"running {len(files)} test file{'s' * (len(files) != 1)}")
            for number, file in enumerate(files, 1):
                yield self._said(f"  Processing test {number}/{len(files)}: {self._path(file)}")
        for start in range(0, len(files), self.tests_in_suite):
            yield from self._suite(files[start : start + self.tests_in_suite], leaks, failed)
        if self.table:
            yield self._said(f"test result: ok. 9 passed; 0 failed; {len(files)} files; finished in 12ms")
            yield from self._summary_table(leaks)

    def _suite(self, files: list[str], leaks: Mapping[str, Sequence[int]], failed: set[str]) -> Iterator[str]:
        for number, file in enumerate(files, 1):
            if self.table:
                yield self._said(f"  Test {number}/{len(files)}: {test_name(file)}")
            if file in failed:
                yield self._said(
                    f"FAILED test={test_name(file)} file={self._path(file)} exit=-2 duration_ms=3", "ERROR"
                )
        found = [(file, size) for file in files for size in leaks[file]]
        if not found or self.report == "none":
            return
        yield from self._long(found) if self.report == "long" else self._short(found)
        yield self._said(f"Program exited with {len(found)} memory leak(s)", "WARN", "memory")

    def _long(self, found: list[tuple[str, int]]) -> Iterator[str]:
        yield from ("", RULE, f"{'':25}TML MEMORY LEAK REPORT", RULE, "")
        total = sum(size for _, size in found)
        yield from (f"Detected {len(found)} unfreed allocation(s) totaling {total} bytes:", "")
        for number, (file, size) in enumerate(found[:50], 1):
            yield f"  Leak #{number}:"
            yield f"    Address:  0x{number * 64:x}"
            yield f"    Size:     {size} bytes"
            yield f"    Alloc ID: {number}"
            yield "    Tag:      mem_alloc"
            yield f"    Test:     {test_name(file)}"
            yield f"    File:     {self._path(file)}"
            yield ""
        if len(found) > 50:
            yield from (f"  ... and {len(found) - 50} more leaks not shown", "")
        yield from ("", "  Leaks by test:")
        # The runtime takes files of the same name for one test, and keeps the path of the first.
        first = {test_name(file): file for file, _ in reversed(found)}
        for name in dict.fromkeys(test_name(file) for file, _ in found):
            sizes = [size for file, size in found if test_name(file) == name]
            sums = f"{len(sizes):3} leak(s), {sum(sizes)} bytes"
            yield f"    {name:<30} {sums}  [{self._path(first[name])}]"
        yield from ("", RULE, f"Summary: {len(found)} leak(s), {total} bytes lost", RULE)

    def _short(self, found: list[tuple[str, int]]) -> Iterator[str]:
        total = sum(size for _, size in found)
        yield self._said(f"{len(found)} leak(s), {total} bytes lost", "WARN", "memory")
        for number, (file, size) in enumerate(found[:10], 1):
            detail = f"({size} bytes, id={number}, tag=mem_alloc, test={test_name(file)})"
            yield self._said(f"  #{number}: 0x{number * 64:x} {detail}", "WARN", "memory")
        if len(found) > 10:
            yield self._said(f"  ... and {len(found) - 10} more leaks", "WARN", "memory")

    def _summary_table(self, leaks: Mapping[str, Sequence[int]]) -> Iterator[str]:
        count = sum(map(len, leaks.values()))
        total = sum(map(sum, leaks.values()))
        if not count:
            yield self._said(f"{self._bold('Memory Leaks')} none detected")
            return
        plural = "s" * (count != 1)
        yield self._said(f"{self._bold('Memory Leaks')} ({count} leak{plural}, {total} bytes)")
        yield self._said("-" * 72)
        for file, sizes in leaks.items():
            if sizes:
                shown = self.separator.join(self._path(file).split(self.separator)[-3:])
                yield self._said(self._row(f"{shown:<45}", len(sizes), sum(sizes)))
        yield self._said("-" * 72)
        yield self._said(self._row(f"{'Total':<45}", count, total))

    def _row(self, name: str, count: int, size: int) -> str:
        noun = "leak " if count == 1 else "leaks"
        return f"{self._bold(name)}  {count:3} {noun}  {size_in_table(size):>8}"

    def _path(self, file: str) -> str:
        return self.root + file.replace("/", self.separator)

    def _said(self, text: str, level: str = "INFO", module: str = "test") -> str:
        return f"07:58:45.633 {level:<5} [{module}] {text}" if self.prefix else text

    def _bold(self, text: str) -> str:
        return f"\x1b[31m\x1b[1m{text}\x1b[0m" if self.colour else text


def test_name(file: str) -> str:
    """The name of a test file, as the runner writes it."""
    return file.rpartition("/")[2].removesuffix(".tml")


test_name.__test__ = False  # type: ignore[attr-defined]


def size_in_table(size: int) -> str:
    """Bytes as the table shows them: cut to one digit after the point, not rounded."""
    for unit, name in ((1024 * 1024, "MB"), (1024, "KB")):
        if size >= unit:
            return f"{size // unit}.{size % unit * 10 // unit} {name}"
    return f"{size} B"
