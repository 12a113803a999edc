"""Run the programs of tmlfix compiler-report with a real compiler: does each leak as tmlfix says?

.venv/bin/python -m tests.campaigns.confirm_defects TREE --tml "tml test {} --log-filter=test=info"

TREE is a folder that the compiler runs in, with the library below lib/ and whatever else it needs. The
programs are written there, run and removed again; give it a copy.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from codemods.compiler_defects import DEFECTS, TEST_PATH, Defect
from codemods.engine import analyse
from codemods.verification.leak_log import read_log
from codemods.verification.leak_report import combine
from codemods.verification.processes import command_on, read_command, run
from codemods.verification.runner_log import read_result

FAILS = "test fails"
"""The report on a program that uses freed memory."""


def main() -> int:
    """Print a line for each program; 1 if one does not behave as described."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--tml", required=True, metavar="COMMAND", help="what runs one test file")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for one run")
    options = parser.parse_args()
    command = read_command(options.tml, Path.cwd())
    wrong = 0
    for defect in DEFECTS.values():
        before = leaks(options.tree, command, defect.files, options.timeout)
        after = leaks(options.tree, command, fixed(defect), options.timeout)
        fails = "0" if not defect.confirmed else FAILS if defect.leaks is None else str(defect.leaks)
        holds = before == fails and (not defect.is_fixable or after == "0")
        wrong += not holds
        mark = "ok   " if holds else "WRONG"
        print(f"{mark} {defect.name}: said {fails}, leaks {before}, with the fix {after}", flush=True)
    print(f"{len(DEFECTS)} programs, {wrong} wrong")
    return 1 if wrong else 0


def fixed(defect: Defect) -> Mapping[str, bytes]:
    """The program after the fixes of tmlfix."""
    (phase,) = analyse(defect.files, [5]).phases
    return dict(defect.files) | {path: change.after for path, change in phase.changes.items()}


def leaks(tree: Path, command: tuple[str, ...], files: Mapping[str, bytes], seconds: float) -> str:
    """How many leaks there are when the test has run, or why that is not known."""
    for path, content in files.items():
        (tree / path).write_bytes(content)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            ending = run(
                command_on(command, TEST_PATH),
                folder=tree,
                output=Path(scratch, "log"),
                seconds=seconds,
                stop=threading.Event(),
            )
    finally:
        for path in files:
            (tree / path).unlink()
    result = read_result(ending.output)
    if not result.ok:
        return "does not compile" if result.does_not_compile else FAILS
    found = read_log(io.BufferedReader(io.BytesIO(ending.output)))
    return str(combine(found).leaks.total.leaks)


if __name__ == "__main__":
    sys.exit(main())
