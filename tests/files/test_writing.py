"""Rewriting files in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codemods.files.work_folders import work_folder
from codemods.files.writing import Written, move_into_place, prepare, write_changes
from codemods.model.findings import Change, InputError
from tests.support.users import ordinary_user

CHANGE = Change(b"leak\n", b"free\n")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def messages(errors: tuple[InputError, ...]) -> list[str]:
    return [str(error) for error in errors]


def test_a_changed_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "a.tml"
    file.write_bytes(b"leak\n")
    file.chmod(0o751)

    assert write_changes(tmp_path, {"a.tml": CHANGE}) == Written(("a.tml",))

    assert file.read_bytes() == b"free\n"
    assert file.stat().st_mode & 0o7777 == 0o751
    assert names(tmp_path) == ["a.tml"]


def test_a_file_that_changed_meanwhile_is_left_alone_and_the_others_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.tml").write_bytes(b"edited by hand\n")
    (tmp_path / "b.tml").write_bytes(b"leak\n")

    errors = write_changes(tmp_path, {"a.tml": CHANGE, "b.tml": CHANGE}).errors

    assert messages(errors) == ["a.tml: was not written: it has changed since it was read"]
    assert (tmp_path / "a.tml").read_bytes() == b"edited by hand\n"
    assert (tmp_path / "b.tml").read_bytes() == b"free\n"
    assert names(tmp_path) == ["a.tml", "b.tml"]


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.tml").write_bytes(b"leak\n")
    (tmp_path / "a.tml").chmod(0o444)

    errors = write_changes(tmp_path, {"a.tml": CHANGE}).errors

    assert messages(errors) == ["a.tml: was not written: the file is read-only"]
    assert (tmp_path / "a.tml").read_bytes() == b"leak\n"


def test_a_read_only_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "a.tml").write_bytes(b"leak\n")
    folder.chmod(0o555)

    errors = write_changes(tmp_path, {"lib/a.tml": CHANGE}).errors

    assert messages(errors) == ["lib/a.tml: was not written: the folder is read-only"]
    assert (folder / "a.tml").read_bytes() == b"leak\n"
    assert names(folder) == ["a.tml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can make somebody else's file")
def test_somebody_elses_file_is_left_alone(tmp_path: Path) -> None:
    own, folder = tmp_path / "own", tmp_path / "lib"
    own.mkdir()
    folder.mkdir()
    (folder / "a.tml").write_bytes(b"leak\n")
    folder.chmod(0o777)
    with ordinary_user(own):
        errors = write_changes(folder, {"a.tml": CHANGE}).errors

    assert messages(errors) == ["a.tml: was not written: the file is read-only"]


def test_a_file_that_vanished_is_reported(tmp_path: Path) -> None:
    errors = write_changes(tmp_path, {"a.tml": CHANGE}).errors

    assert messages(errors) == ["a.tml: was not written: No such file or directory"]
    assert names(tmp_path) == []


def test_a_file_that_became_a_link_is_left_alone(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "a.tml").write_bytes(b"leak\n")
    (tree / "a.tml").symlink_to(outside / "a.tml")
    (tree / "lib").symlink_to(outside)

    errors = write_changes(tree, {"a.tml": CHANGE, "lib/a.tml": CHANGE}).errors

    assert [error.path for error in errors] == ["a.tml", "lib/a.tml"]
    assert (outside / "a.tml").read_bytes() == b"leak\n"
    assert (tree / "a.tml").is_symlink()


def test_nothing_temporary_remains_when_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tml").write_bytes(b"leak\n")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    errors = write_changes(tmp_path, {"a.tml": CHANGE}).errors

    assert messages(errors) == [
        f"{tmp_path}: nothing was written: {tmp_path}/.tmlfix-in-place/0: No space left on device; "
        "make room there and run the same command again"
    ]
    assert names(tmp_path) == ["a.tml"]
    assert (tmp_path / "a.tml").read_bytes() == b"leak\n"


@pytest.mark.parametrize("name", ["with space.tml", 'quo"te.tml', "café.tml", "b\udcffd.tml"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"leak\n")

    assert write_changes(tmp_path, {name: CHANGE}) == Written((name,))
    assert (tmp_path / name).read_bytes() == b"free\n"


def test_a_new_file_gets_its_folder_and_the_usual_mode(tmp_path: Path) -> None:
    target = tmp_path / "patches" / "phase.patch"
    previous = os.umask(0o022)
    try:
        for content in (b"one", b"two"):
            with work_folder(target.parent / "work") as stage:
                prepare(stage, target.name, content)
                move_into_place(stage, target.name)
    finally:
        os.umask(previous)

    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o644
    assert names(target.parent) == ["phase.patch"]
