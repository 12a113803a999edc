"""Stands in for the ``tml test`` of a compiler with its defects; knows their programs, and no other.

stand_in_compiler.py [--mended NAME,...] [--more NAME,...] [--crashes NAME,...] [--uncompiled NAME,...]
                     [--endless NAME,...] [--blind] [--forgiving] test PATH

Prints what the real compiler would for the program in the current folder: as many leaks as the defect has.
The defects NAME are mended, leak one allocation more, crash, do not compile or print without end. A blind
compiler counts nothing, and a forgiving one does not notice that memory is freed twice.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from codemods.compiler_defects import DEFECTS, LIBRARY_PATH, TEST_PATH
from codemods.compiler_defects.controls import CONTROLS, Expected

LEAKS_OF_CONTROLS = {Expected.CLEAN: 0, Expected.LEAK: 1, Expected.FAILURE: None}
PROGRAMS = {
    **{tuple(sorted(each.files.items())): (each.name, each.leaks) for each in DEFECTS.values()},
    **{tuple(sorted(each.files.items())): (each.name, LEAKS_OF_CONTROLS[each.expected]) for each in CONTROLS},
}
"""Each program with its name and how much it leaks; None where it frees memory twice."""


def say(text: str) -> None:
    """A line of the log."""
    print(f"07:58:45.633 INFO  [test] {text}", flush=True)


def crash() -> None:
    """Die as a program that frees memory twice does."""
    print("free(): double free detected", flush=True)
    os.kill(os.getpid(), signal.SIGABRT)


def main() -> None:
    """Run the program that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--mended", "--more", "--crashes", "--uncompiled", "--endless"):
        parser.add_argument(option, default="")
    parser.add_argument("--blind", action="store_true")
    parser.add_argument("--forgiving", action="store_true")
    parser.add_argument("command", choices=["test"])
    parser.add_argument("path", choices=[TEST_PATH])
    options = parser.parse_args()
    files = {path: Path(path).read_bytes() for path in (LIBRARY_PATH, TEST_PATH) if Path(path).exists()}
    name, leaks = PROGRAMS[tuple(sorted(files.items()))]
    say("running 1 test file")
    while name in options.endless.split(","):
        say("more")
    if name in options.crashes.split(","):
        crash()
    if name in options.uncompiled.split(","):
        say("COMPILATION FAILED")
        sys.exit(1)
    is_mended = name in options.mended.split(",")
    if leaks is None and not is_mended and not options.forgiving:
        crash()
    found = 0 if is_mended or leaks is None else leaks + (name in options.more.split(","))
    say("test result: ok. 1 passed; 0 failed; 1 file; finished")
    if found and not options.blind:
        print(f"Summary: {found} leak(s), {found * 8} bytes lost")
        say(f"Memory Leaks ({found} leaks, {found * 8} bytes)")
    else:
        say("Memory Leaks none detected")


if __name__ == "__main__":
    main()
