"""The work of an analysis in several processes, and in those of other people's executors."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from codemods.engine import analyse, tasks
from codemods.engine.jobs import Tree
from codemods.engine.workers import workers
from codemods.files.workspace import read_tree
from codemods.model.errors import UserError
from codemods.model.settings import Settings
from codemods.semantics.module_paths import is_test_path
from tests.engine.small_library import tree
from tests.support.bundled import Example, environment
from tests.support.command import Run

DIES = "def fix_tests(*_):\n    os._exit(9)\n"
HANGS = "def fix_tests(*_):\n    open({path!r}, 'w').close()\n    time.sleep(600)\n"
WATCHDOG = 120
"""Seconds after which something hangs."""


# What goes from process to process


def test_a_tree_is_the_same_where_it_arrives_and_small_on_the_way(example: Example) -> None:
    files = read_tree(example.folder).files
    tests = {path: source for path, source in files.items() if is_test_path(path)}
    library = {path: source for path, source in files.items() if path not in tests}
    sent = Tree(library, tests, Settings(exclude=("lib/*",)))

    packed = pickle.dumps(sent)
    arrived = pickle.loads(packed)

    assert arrived == sent
    assert list(arrived.modules) == list(library)
    assert len(packed) < sum(map(len, files.values())) / 2
    assert pickle.loads(pickle.dumps(Tree({}, {}, Settings()))) == Tree({}, {}, Settings())


# Equal results

ALL = (1, 2, 3, 4, 5)
Step = tuple[str, int, int]


def note_step(steps: list[Step], *step: Any) -> None:
    """Remember how far the work is."""
    steps.append(step)


@contextmanager
def new_processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        yield executor


@contextmanager
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


@contextmanager
def own_workers() -> Iterator[Executor]:
    with workers(2) as executor:
        assert executor is not None
        yield executor


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("made", [threads, new_processes, own_workers])
def test_any_executor_finds_the_same(
    made: Callable[[], AbstractContextManager[Executor]], stacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codemods.engine.schedule.BATCH", 1)
    here = analyse(tree(), ALL, stacked=stacked)
    steps: list[Step] = []
    tasks.PROCESS = tasks.Memory()

    with made() as executor:
        there = analyse(tree(), ALL, stacked=stacked, executor=executor, progress=partial(note_step, steps))

    assert repr(there) == repr(here)
    assert all(done <= total for _, done, total in steps) and steps[-1][1] == steps[-1][2]


def test_analyses_of_several_threads_do_not_meet() -> None:
    trees = [tree(), tree({"lib/demo/src/http/parts.tml": 3}), tree({"tests/http/helper.tml": 2})]
    alone = [repr(analyse(files, (1,))) for files in trees]

    with ThreadPoolExecutor(4) as executor:
        found = list(executor.map(lambda files: repr(analyse(files, (1,))), trees * 4))

    assert found == alone * 4


def test_the_number_of_processes_changes_nothing(example: Example, run: Run) -> None:
    check = ("check", "--phase", "1,4", "--no-cache", "--format")
    for format in ("json", "sarif"):
        printed = [run(*check, format, "--jobs", str(jobs)) for jobs in (1, 2, 3)]
        assert printed[0] == printed[1] == printed[2]
        assert (printed[0].code, printed[0].err) == (1, "")


def test_there_is_no_work_without_a_process(example: Example, run: Run) -> None:
    outcome = run("check", "--jobs", "0")

    assert (outcome.code, outcome.out) == (2, "")
    assert "--jobs" in outcome.err


# Processes that end


def faulty(example: Example, tmp_path: Path, fault: str, *options: str) -> subprocess.Popen[bytes]:
    """A run in a process group of its own, whose processes do something else than fix tests."""
    folder = tmp_path / "faulty"
    folder.mkdir()
    (folder / "faulty_tasks.py").write_text(f"import os, time\n\n\n{fault}")
    start = (
        "from codemods.engine import tasks\nimport faulty_tasks\ntasks.fix_tests = faulty_tasks.fix_tests\n"
        "from codemods.cli import main\nraise SystemExit(main())\n"
    )
    path = os.pathsep.join([str(folder), str(Path(tasks.__file__).parents[2])])
    return subprocess.Popen(
        [sys.executable, "-P", "-c", start, *options],
        cwd=example.folder,
        env=environment() | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def group(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """What is left of the group of a process, besides itself."""
    found = []
    for running in psutil.process_iter():
        try:
            is_other = running.pid != process.pid and os.getpgid(running.pid) == process.pid
            if is_other and running.status() != psutil.STATUS_ZOMBIE:
                found.append(running)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return found


def assert_alone(process: subprocess.Popen[bytes]) -> None:
    """All processes of its group come to their end."""
    _, left = psutil.wait_procs(group(process), timeout=WATCHDOG)
    assert not left


APPLY = ("apply", "--all", "--in-place", "--jobs", "2")


def test_a_process_that_dies_ends_the_run_in_one_line(example: Example, tmp_path: Path) -> None:
    before = example.state()
    process = faulty(example, tmp_path, DIES, *APPLY)
    out, err = process.communicate(timeout=WATCHDOG)

    assert (process.returncode, out) == (2, b"")
    message = b"a process that did a part of the work has died; the system may be short of memory"
    assert err == b"tmlfix: " + message + b": use fewer with --jobs\n"
    assert example.state() == before
    assert_alone(process)


def started(process: subprocess.Popen[bytes], sign: Path) -> Sequence[psutil.Process]:
    """The processes of a run, once one of them has begun with a test."""
    deadline = time.monotonic() + WATCHDOG
    while not sign.exists():
        assert process.poll() is None and time.monotonic() < deadline
        os.sched_yield()
    return group(process)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -9)]
)
def test_no_process_outlives_the_run(
    number: signal.Signals, status: int, example: Example, tmp_path: Path
) -> None:
    before, sign = example.state(), tmp_path / "sign"
    process = faulty(example, tmp_path, HANGS.format(path=str(sign)), *APPLY)
    assert len(started(process, sign)) >= 2
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, err = process.communicate(timeout=WATCHDOG)

    assert process.returncode == status
    assert b"Traceback" not in err
    assert number is not signal.SIGINT or err in (b"", b"Aborted.\n")
    assert_alone(process)
    assert example.state() == before


def test_a_killed_process_is_reported(example: Example, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    process = faulty(example, tmp_path, HANGS.format(path=str(sign)), "check", "--jobs", "2")
    for child in started(process, sign):
        if "forkserver" in " ".join(child.cmdline()) and child.ppid() != process.pid:
            child.kill()
            break
    out, err = process.communicate(timeout=WATCHDOG)

    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"tmlfix: a process that did a part of the work has died") and err.count(b"\n") == 1
    assert_alone(process)


def test_processes_that_cannot_start_end_the_run_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("codemods.engine.workers.ProcessPoolExecutor", fail)
    advice = r"cannot start another process \(.*\); do the work in this one with --jobs 1"
    with pytest.raises(UserError, match=advice), workers(2) as executor:
        analyse(tree(), (1,), executor=executor)


def test_where_the_current_folder_cannot_be_kept_out_there_is_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Flags:
        safe_path = False
        ignore_environment = True

    monkeypatch.setattr("codemods.engine.workers.sys.flags", Flags)
    with workers(4) as executor:
        assert executor is None
