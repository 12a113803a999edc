"""Which tests reach which lines: recorded once, while all of them run, and kept until a file changes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import coverage
import pytest

from tests.campaigns.mutation.mutants import Mutant
from tests.campaigns.mutation.trials import KEPT_IN, OPTIONS


class TestsFail(Exception):
    """A test that fails without any mutant, with what pytest says of it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the tests of a run execute."""

    seconds: dict[str, float]
    """How long each test takes, the quickest first."""
    data: coverage.CoverageData

    def tests_of(self, root: Path, mutant: Mutant) -> list[str]:
        """The tests that can notice a mutant: its rule's own examples first, then the quickest.

        These are the tests that execute its lines. What is executed while modules are imported concerns all.
        """
        contexts = self.data.contexts_by_lineno(str((root / mutant.path).resolve()))
        found: set[str] = set()
        for first, last in mutant.ranges:
            found = {test for line in range(first, last + 1) for test in contexts.get(line, ())}
            if found:
                break
        if "" in found or not mutant.function:
            found = set(self.seconds)
        name = mutant.path.stem.replace("_", "-")
        return sorted(
            (test for test in self.seconds if test in found),
            key=lambda test: f"[{name}:" not in test and mutant.path.stem not in test,
        )


class _Contexts:
    """Tells the measurement which test runs, and notes how long it takes."""

    def __init__(self, measurement: coverage.Coverage) -> None:
        self.measurement = measurement
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measurement.switch_context(item.nodeid)
        yield
        self.measurement.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration


def reach(root: Path, paths: Sequence[Path], tests: Sequence[str]) -> Reach:
    """What the tests execute of the modules in some places; runs them all unless nothing has changed."""
    key = _key(root, [*paths, *tests])
    data = coverage.CoverageData(str(root / KEPT_IN / f"{key}.coverage"))
    kept = root / KEPT_IN / f"{key}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _in_a_process_of_its_own(partial(_record, kept, root, paths, tests))
    data.read()
    return Reach(json.loads(kept.read_text()), data)


def _in_a_process_of_its_own(record: Callable[[Connection], None]) -> None:
    """Run the tests where what they import does not stay."""
    fork = multiprocessing.get_context("fork")
    complaint, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=record, args=(sender,))
    process.start()
    sender.close()
    try:
        raise TestsFail(complaint.recv())
    except EOFError:
        process.join()


def _record(
    kept: Path, root: Path, paths: Sequence[Path], tests: Sequence[str], complaint: Connection
) -> None:
    measured = [str(root / path / "*") if (root / path).is_dir() else str(root / path) for path in paths]
    measurement = coverage.Coverage(
        data_file=kept.with_suffix(".coverage"), include=measured, config_file=False
    )
    contexts = _Contexts(measurement)
    said = io.StringIO()
    measurement.start()
    with contextlib.redirect_stdout(said):
        code = pytest.main([*tests, *OPTIONS], plugins=[contexts])
    measurement.stop()
    measurement.save()
    if code == pytest.ExitCode.OK:
        kept.write_text(json.dumps(dict(sorted(contexts.seconds.items(), key=lambda test: test[1]))))
    else:
        complaint.send(said.getvalue())


def _key(root: Path, chosen: Sequence[str | Path]) -> str:
    """A name for the state of the files that Python runs and the tests read."""
    digest = hashlib.sha256(repr(list(map(str, chosen))).encode())
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        if file.suffix in (".py", ".tml", ".toml", ".peg") and not inside.parts[0].startswith((".", "build")):
            digest.update(str(inside).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
