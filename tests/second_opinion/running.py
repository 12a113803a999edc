"""Functions that the second opinion runs for its tests."""

from __future__ import annotations

import re
from collections.abc import Collection

from codemods.compiler_defects import Defect
from tests.second_opinion.machine import Machine
from tests.second_opinion.paths import Run, names_given_away_in_methods, paths, run
from tests.second_opinion.program import Program
from tests.second_opinion.writing.support import SUPPORT

TEST = "tests/demo/a.test.tml"
MODULE = "lib/demo/src/module.tml"


def runs(
    test: str, library: str = "", *, methods_inherit: bool = False, mended: Collection[str] = ()
) -> list[Run]:
    """All paths of the function `t` of a test file that may use a library module."""
    program = Program({**SUPPORT, MODULE: library.encode(), TEST: test.encode()}, mended)
    inherited = names_given_away_in_methods(program) if methods_inherit else frozenset()
    return list(paths(Machine(program, program.observable(), inherited), "t"))


def leaks(
    test: str, library: str = "", *, methods_inherit: bool = False, mended: Collection[str] = ()
) -> list[int]:
    """How many values leak on each path; nothing else may be wrong."""
    on_paths = runs(test, library, methods_inherit=methods_inherit, mended=mended)
    assert not [run.faults for run in on_paths if run.faults]
    return [len(run.leaks) for run in on_paths]


def body(code: str, returns: str = "-> I32 ") -> str:
    """A test function with this body."""
    return f"@test\nfunc t() {returns}{{\n{code}\n}}\n"


def run_program(defect: Defect, mended: Collection[str] = ()) -> Run:
    """What the program of a defect does, with a compiler that has mended some defects."""
    program = Program(defect.files, mended)
    machine = Machine(program, frozenset(), names_given_away_in_methods(program))
    return run(machine, entry_of(defect), lambda _count: 0)


def entry_of(defect: Defect) -> str:
    """The test of a defect's program."""
    (name,) = re.findall(r"@test\s+func (\w+)", defect.test)
    return str(name)
