"""Runs that are killed, interrupted, or run at once: nothing is half done, or the next run finishes it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codemods.files import work_folders
from codemods.files.work_folders import InUseError, temporary_folder, work_folder
from codemods.files.writing import JOURNAL, STAGE, Written, finish_interrupted, is_interrupted, write_changes
from codemods.model.findings import Change
from tests.support.faults import HTTP, NET, TMLFIX, environment, git_that, leftovers, new_site
from tests.support.project import PROJECT

CHANGES = {f"{name}.tml": Change(b"leak\n", b"free\n") for name in "abc"}


@pytest.mark.parametrize(
    ("mode", "faults", "every"),
    [
        ("in-place", ["kill", "disk"], 17),
        ("branches", ["kill", "git-broken-off"], 31),
    ],
    ids=["in place", "branches"],
)
def test_a_run_that_breaks_off_at_any_step(mode: str, faults: list[str], every: int, tmp_path: Path) -> None:
    """Some of the steps; ``fault_sweep.py`` without ``--every`` tries all of them."""
    chosen = [f"--fault={fault}" for fault in faults]
    process = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.fault_sweep", "--mode", mode, *chosen, f"--every={every}"],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stdout.endswith("faults tried, 0 broke\n")


class Killed(BaseException):
    """Stands in for the end of the process."""


@contextmanager
def killed_before_rename(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[None]:
    """Let the process end right before it puts a file, counted from 1, in its place."""
    replace, done = os.replace, 0

    def count(source: str, target: str, **folders: int) -> None:
        nonlocal done
        if target.endswith(".tml"):
            done += 1
            if done == number:
                raise Killed
        replace(source, target, **folders)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", count)
        yield


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with three leaking files."""
    root = tmp_path / "tree"
    root.mkdir()
    for path, change in CHANGES.items():
        (root / path).write_bytes(change.before)
    return root


def contents(root: Path) -> list[bytes]:
    return [(root / path).read_bytes().strip() for path in CHANGES]


def test_what_an_interrupted_run_began_is_finished(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_before_rename(monkeypatch, 2):
        write_changes(tree, CHANGES)
    assert contents(tree) == [b"free", b"leak", b"leak"]
    assert is_interrupted(tree)

    assert finish_interrupted(tree) == Written(tuple(CHANGES))

    assert contents(tree) == [b"free"] * 3
    assert sorted(os.listdir(tree)) == list(CHANGES)  # noqa: PTH208
    assert finish_interrupted(tree) == Written()


def test_what_somebody_changed_since_is_left_alone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_before_rename(monkeypatch, 2):
        write_changes(tree, CHANGES)
    (tree / "b.tml").write_bytes(b"by hand\n")

    finished = finish_interrupted(tree)

    assert [str(error) for error in finished.errors] == [
        "b.tml: was not written: it has changed since it was read"
    ]
    assert contents(tree) == [b"free", b"by hand", b"free"]
    assert not leftovers(tree)


def test_the_next_command_says_that_it_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = new_site(tmp_path)
    one = {
        "lib/src/http/parts.tml": Change((site.folder / "lib/src/http/parts.tml").read_bytes(), b"// new\n")
    }
    with killed_before_rename(monkeypatch, 1):
        write_changes(site.folder, one)

    dry = site.tmlfix_here(monkeypatch, "apply", "--phase", "3", "--in-place", "--dry-run")
    assert dry.code == 2
    assert dry.err == (
        f"error: {site.folder}: an interrupted run has not written all of its files; "
        "tmlfix apply --in-place finishes it\n"
    )
    assert site.line("status", "--porcelain") == ""

    ended = site.tmlfix_here(monkeypatch, "apply", "--phase", "3", "--in-place")
    assert (ended.code, ended.err) == (0, "")
    assert "finished lib/src/http/parts.tml, which an interrupted run had begun\n" in ended.out
    assert not leftovers(site.place)


def test_a_journal_that_came_with_the_repository_is_not_obeyed(tree: Path) -> None:
    stage = tree / STAGE
    stage.mkdir()
    (stage / "lock").write_text("1")
    (stage / "0").write_text("anything")
    (stage / JOURNAL).write_text(json.dumps([["a.tml", "0" * 64, "0"]]))

    with pytest.raises(InUseError, match="was not made by a run of tmlfix here; remove it"):
        finish_interrupted(tree)
    assert contents(tree) == [b"leak"] * 3
    assert (stage / "0").exists()


def test_a_link_in_the_place_of_the_folder_is_not_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/0").write_text("mine")
    (tree / STAGE).symlink_to(tmp_path / "precious")

    for action in (lambda: finish_interrupted(tree), lambda: write_changes(tree, CHANGES)):
        with pytest.raises(InUseError, match="is a symbolic link; remove it"):
            action()
    assert (tmp_path / "precious/0").read_text() == "mine"


def test_a_folder_of_somebody_elses_is_not_emptied(tree: Path) -> None:
    (tree / STAGE).mkdir()
    (tree / STAGE / "notes").write_text("mine")

    with pytest.raises(InUseError, match="was not made by a run of tmlfix here"):
        write_changes(tree, CHANGES)
    assert os.listdir(tree / STAGE) == ["notes"]  # noqa: PTH208


def test_a_run_waits_for_its_turn_and_gives_up_with_a_message(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_folders, "PATIENCE", 0.0)
    with work_folder(tree / STAGE), pytest.raises(InUseError) as refusal:
        write_changes(tree, CHANGES)

    assert str(refusal.value) == (
        f"another run of tmlfix is writing in {tree}; run the same command again when it has ended"
    )
    assert contents(tree) == [b"leak"] * 3
    assert write_changes(tree, CHANGES).errors == ()


def test_temporary_folders_of_living_runs_stay_and_those_of_the_dead_go(tmp_path: Path) -> None:
    names = ["living", "dead", "empty", "foreign"]
    living, dead, empty, foreign = (tmp_path / f"{work_folders.TEMPORARY_PREFIX}{name}" for name in names)
    for folder in (living, dead, empty, foreign):
        folder.mkdir()
    for folder in (living, dead):
        (folder / "lock").write_text(str(folder.stat().st_ino))
        (folder / "blob").write_text("content")
    (foreign / "notes").write_text("mine")
    (tmp_path / f"{work_folders.TEMPORARY_PREFIX}link").symlink_to(foreign)

    with (living / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with temporary_folder(tmp_path) as folder:
            assert folder.is_dir()

    assert (living / "blob").exists()
    assert not dead.exists() and not empty.exists() and not folder.exists()
    assert (foreign / "notes").exists()


@pytest.mark.parametrize("how", [("--stacked",), ("--in-place",)], ids=["stack", "in place"])
def test_two_runs_at_once_come_to_the_result_of_one(tmp_path: Path, how: tuple[str, ...]) -> None:
    alone = new_site(tmp_path / "alone")
    together = alone.copy(tmp_path / "together")
    arguments = ["apply", "--phase", "1,2", *how]
    assert alone.tmlfix(*arguments).code == 0

    running = [
        subprocess.Popen(
            [*TMLFIX, *arguments],
            cwd=together.folder,
            env=environment(together.place),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    complaints = [process.communicate(timeout=120)[1] for process in running]

    # In place, one that read while the other wrote says so, and leaves the rest to it.
    beaten = b"has changed since it was read" if "--in-place" in how else None
    for process, complaint in zip(running, complaints, strict=True):
        assert (process.returncode, complaint) == (0, b"") or (beaten is not None and beaten in complaint)
    assert together.sources() == alone.sources()
    assert together.references() == alone.references()
    assert together.patches() == alone.patches()
    assert not leftovers(together.place)


def test_a_branch_that_moves_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = new_site(tmp_path)
    move = f'case "$*" in *update-ref*) {{git}} update-ref refs/heads/{HTTP} HEAD ;; esac'

    ended = site.tmlfix_here(monkeypatch, "apply", "--phase", "1", PATH=git_that(tmp_path, move))

    assert ended.code == 2
    assert ended.err.startswith(f"error: {HTTP}: git: ")
    assert ended.err.endswith("somebody else moved it; run the same command again\n")
    assert site.line("rev-parse", HTTP) == site.head()
    assert not site.patches()
    assert not leftovers(site.place)


def test_a_git_that_does_not_start_is_named(tmp_path: Path) -> None:
    site = new_site(tmp_path)

    ended = site.tmlfix("apply", "--phase", "1", PATH=git_that(tmp_path, "kill -9 $$"))

    assert ended.code == 2
    assert ended.err.startswith("tmlfix: git does not run: ")
    assert ended.err.count("\n") == 1
    assert NET not in site.references()
