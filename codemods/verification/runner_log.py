"""Reading the result of one run of ``tml test``: whether the tests passed, and how many.

Colours, prefixes of lines and other lines are ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RESULT = re.compile(r"test result: (ok|FAILED)\. (\d{1,18}) passed; (\d{1,18}) failed")
UNCOMPILED = re.compile(r"COMPILATION FAILED|DLL LOAD FAILED")
CRASH = re.compile(r"CRASH:|FATAL: SIG")


@dataclass(frozen=True, slots=True)
class RunnerResult:
    """The result of a run; None where the output does not say."""

    ok: bool | None = None
    passed: int | None = None
    does_not_compile: bool = False
    crashed: bool = False


def read_result(output: bytes) -> RunnerResult:
    """The result in the output of a run; the last one, if there are several."""
    text = COLOUR.sub("", output.decode("utf-8", "replace"))
    results = RESULT.findall(text)
    ok, passed = (results[-1][0] == "ok", int(results[-1][1])) if results else (None, None)
    return RunnerResult(ok, passed, UNCOMPILED.search(text) is not None, CRASH.search(text) is not None)
