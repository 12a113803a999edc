"""Run the programs of tmlfix compiler-report with a real compiler: does each leak as tmlfix says?

.venv/bin/python -m tests.campaigns.confirm_defects TREE --tml "tml test {} --log-filter=test=info"

TREE is a folder that the compiler runs in, with the library below lib/ and whatever else it needs. The
programs are written there, run and removed again; give it a copy.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codemods.compiler_defects import DEFECTS, TEST_PATH
from codemods.engine import analyse
from codemods.verification.processes import read_command
from tests.campaigns.ordinary_programs import fixed, leaks

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
        before, after = (
            leaks(options.tree, command, files, [TEST_PATH], options.timeout)
            for files in (defect.files, fixed(defect.files, analyse(defect.files, [5])))
        )
        fails = "0" if not defect.confirmed else FAILS if defect.leaks is None else str(defect.leaks)
        holds = before == fails and (not defect.is_fixable or after == "0")
        wrong += not holds
        mark = "ok   " if holds else "WRONG"
        print(f"{mark} {defect.name}: said {fails}, leaks {before}, with the fix {after}", flush=True)
    print(f"{len(DEFECTS)} programs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
