"""What one run of ``tml test`` printed: the result, the tests that passed, the leaks of each file.

Colours, prefixes of lines and other lines between do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RESULT = re.compile(r"test result: (ok|FAILED)\. (\d+) passed; (\d+) failed")
RUNNER_TOTAL = re.compile(r"Memory Leaks \((\d+) leaks?, (\d+) bytes\)")
RUNTIME_TOTAL = re.compile(r"\b(\d+) leak\(s\), (\d+) bytes lost")
NO_LEAKS = re.compile(r"Memory Leaks none detected")
FILE_TOTAL = re.compile(r"(?m)^\s+\S+\s+(\d+) leak\(s\), (\d+) bytes\s+\[([^\]\n]+)\]\s*$")
UNCOMPILED = re.compile(r"COMPILATION FAILED|DLL LOAD FAILED")
CRASH = re.compile(r"CRASH:|FATAL: SIG")


@dataclass(frozen=True, slots=True, order=True)
class Leaks:
    """How many allocations were never freed, and how many bytes they have."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: Leaks) -> Leaks:
        return Leaks(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class RunnerLog:
    """What a run says of itself; None where it says nothing."""

    ok: bool | None = None
    passed: int | None = None
    leaks: Leaks | None = None
    files: Mapping[str, Leaks] = field(default_factory=dict)
    """The leaks of each file that has some, by the path that the log gives."""
    does_not_compile: bool = False
    crashed: bool = False

    @property
    def says_something(self) -> bool:
        """Whether there is a result or a count of leaks in it."""
        return self.ok is not None or self.leaks is not None


def read_log(text: str) -> RunnerLog:
    """Read a log; of several results the last one counts, as the runner's own does."""
    text = COLOUR.sub("", text).replace("\r\n", "\n")
    results = RESULT.findall(text)
    ok, passed = (results[-1][0] == "ok", int(results[-1][1])) if results else (None, None)
    files: dict[str, Leaks] = {}
    for count, size, path in FILE_TOTAL.findall(text):
        name = path.replace("\\", "/")
        files[name] = files.get(name, Leaks()) + Leaks(int(count), int(size))
    return RunnerLog(
        ok=ok,
        passed=passed,
        leaks=_total(text),
        files=files,
        does_not_compile=UNCOMPILED.search(text) is not None,
        crashed=CRASH.search(text) is not None,
    )


def _total(text: str) -> Leaks | None:
    """The runner's own total, else the sum of what the runtime reports."""
    runner = RUNNER_TOTAL.findall(text)
    if runner:
        return Leaks(*map(int, runner[-1]))
    reports = [Leaks(*map(int, each)) for each in RUNTIME_TOTAL.findall(text)]
    if reports:
        return sum(reports, Leaks())
    return Leaks() if NO_LEAKS.search(text) else None
