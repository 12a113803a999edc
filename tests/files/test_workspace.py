"""Reading working trees and commits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codemods.files.repository import NoRepositoryError, RepositoryError, head_commit, open_repository
from codemods.files.workspace import Workspace, read_commit, read_paths, read_tree
from tests.support.checkout import Checkout
from tests.support.users import ordinary_user

ODD_NAMES = [
    "with space.tml",
    'quo"te.tml',
    "back\\slash.tml",
    "tab\t.tml",
    "line\nbreak.tml",
    "café.tml",
    "b\udcffd.tml",
]


def errors(workspace: Workspace) -> list[str]:
    return [str(error) for error in workspace.errors]


def test_a_tree_yields_its_tml_files_by_path(tmp_path: Path) -> None:
    for name in [
        "lib/a.tml",
        "lib/b.md",
        "c.test.tml",
        "c.tml.disabled",
        "build/d.tml",
        "node_modules/e.tml",
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)

    workspace = read_tree(tmp_path)

    files = {"c.test.tml": b"c.test.tml", "lib/a.tml": b"lib/a.tml"}
    assert workspace == Workspace(files, skipped=("build",))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_of_all_kinds_are_the_same_in_tree_and_commit(checkout: Checkout, name: str) -> None:
    checkout.write(f"lib/{name}", b"odd\n")
    checkout.commit()

    assert read_tree(checkout.folder).files[f"lib/{name}"] == b"odd\n"
    assert read_commit(open_repository(checkout.folder)).files[f"lib/{name}"] == b"odd\n"


def test_a_link_out_of_the_tree_is_reported_and_not_followed(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "secret.tml").write_text("secret")
    (tree / "file.tml").symlink_to(outside / "secret.tml")
    (tree / "folder").symlink_to(outside)
    (tree / "nowhere.tml").symlink_to("missing.tml")
    (tree / "notes").symlink_to("/etc/hostname")

    workspace = read_tree(tree)

    assert workspace.files == {}
    assert errors(workspace) == [
        "file.tml: is a symbolic link that leads out of the tree; it was not followed",
        "folder: is a symbolic link that leads out of the tree; it was not followed",
        "nowhere.tml: is a symbolic link to a file that does not exist",
    ]


def test_a_link_inside_the_tree_is_read_once_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.tml").write_text("a")
    (tmp_path / "alias.tml").symlink_to("lib/a.tml")
    (tmp_path / "lib/again").symlink_to("..")

    assert read_tree(tmp_path) == Workspace({"lib/a.tml": b"a"})


def test_a_link_out_of_a_commit_is_reported(checkout: Checkout) -> None:
    (checkout.folder / "lib/out.tml").symlink_to("../../elsewhere.tml")
    (checkout.folder / "lib/root.tml").symlink_to("/etc/passwd")
    (checkout.folder / "lib/alias.tml").symlink_to("src/text.tml")
    checkout.commit()

    workspace = read_commit(open_repository(checkout.folder))

    assert [error.path for error in workspace.errors] == ["lib/out.tml", "lib/root.tml"]
    assert not {"lib/out.tml", "lib/root.tml", "lib/alias.tml"} & workspace.files.keys()


def test_unreadable_files_and_folders_are_reported_and_the_others_read(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "closed").mkdir(parents=True)
    (tree / "a.tml").write_text("a")
    (tree / "b.tml").write_text("b")
    with ordinary_user(tree):
        (tree / "a.tml").chmod(0)
        (tree / "closed").chmod(0)
        workspace = read_tree(tree)
        (tree / "closed").chmod(0o755)

    assert errors(workspace) == [
        "a.tml: cannot be read: Permission denied",
        "closed: cannot be read: Permission denied",
    ]
    assert workspace.files == {"b.tml": b"b"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tml")

    assert errors(read_tree(tmp_path)) == ["pipe.tml: is not a regular file"]


def test_the_paths_of_a_command_line_keep_their_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.tml").write_text("a")
    (tmp_path / "notes.txt").write_text("n")
    monkeypatch.chdir(tmp_path)

    workspace = read_paths([Path("lib"), Path("notes.txt"), Path("missing.tml"), tmp_path / "lib"])

    assert list(workspace.files) == ["lib/a.tml", "notes.txt", f"{tmp_path}/lib/a.tml"]
    assert errors(workspace) == ["missing.tml: cannot be read: No such file or directory"]


def test_a_commit_is_read_as_it_was_committed(checkout: Checkout) -> None:
    checkout.git("config", "core.autocrlf", "true")
    checkout.write("lib/src/text.tml", b"edited since\n")

    files = read_commit(open_repository(checkout.folder)).files

    assert files["lib/src/text.tml"] == b"fine\n"
    assert files["lib/src/http/response.tml"] == b"leak\r\nleak\r\n"


def test_generated_folders_are_left_out_of_a_commit_too(checkout: Checkout) -> None:
    checkout.write("build/lib/a.tml")
    checkout.write("web/node_modules/b.tml")
    checkout.commit()

    workspace = read_commit(open_repository(checkout.folder))

    assert workspace == read_tree(checkout.folder)
    assert not any("build" in path or "node_modules" in path for path in workspace.files)


def test_submodules_are_left_out_of_tree_and_commit(
    checkout: Checkout, new_checkout: Callable[[str], Checkout]
) -> None:
    module = new_checkout("module")
    module.write("inner.tml")
    module.commit()
    checkout.git("submodule", "--quiet", "add", str(module.folder), "vendor.tml")
    checkout.commit()

    assert (checkout.folder / "vendor.tml/inner.tml").exists()
    assert not any("vendor" in path for path in read_tree(checkout.folder).files)
    assert not any("vendor" in path for path in read_commit(open_repository(checkout.folder)).files)


def test_a_shallow_clone_is_read(checkout: Checkout, tmp_path: Path) -> None:
    checkout.write("lib/src/text.tml", b"second\n")
    checkout.commit()
    checkout.git("clone", "--quiet", "--depth=1", checkout.folder.as_uri(), str(tmp_path / "shallow"))

    assert read_commit(open_repository(tmp_path / "shallow")).files["lib/src/text.tml"] == b"second\n"


def test_an_object_that_is_missing_is_reported(checkout: Checkout) -> None:
    blob = checkout.line("rev-parse", "HEAD:lib/src/text.tml")
    (checkout.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()

    workspace = read_commit(open_repository(checkout.folder))

    (error,) = errors(workspace)
    assert error.startswith("lib/src/text.tml: is missing from the git repository; if it is a partial clone")
    assert "lib/src/net/parser.tml" in workspace.files


def test_a_folder_without_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRepositoryError, match="is not inside a git repository"):
        open_repository(tmp_path)


def test_a_bare_repository_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    checkout.git("clone", "--quiet", "--bare", str(checkout.folder), str(tmp_path / "bare.git"))

    with pytest.raises(RepositoryError, match="bare repository"):
        open_repository(tmp_path / "bare.git")


def test_an_unborn_branch_is_refused(new_checkout: Callable[[str], Checkout]) -> None:
    with pytest.raises(RepositoryError, match="has no commit yet"):
        head_commit(open_repository(new_checkout("empty").folder))


def test_a_missing_git_is_named(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RepositoryError, match="git was not found"):
        open_repository(checkout.folder)


def test_a_folder_of_a_build_is_passed_over_and_named_where_it_has_sources(tmp_path: Path) -> None:
    for path in (
        "lib/a.tml",
        "build/b.tml",
        "lib/build/deep/c.tml",
        "node_modules/d.tml",
        "other/build/e.txt",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")

    found = read_tree(tmp_path)

    assert [*found.files] == ["lib/a.tml"]
    assert found.skipped == ("build", "lib/build")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("lib/build/deep/c.tml", ["lib/a.tml", "lib/build/deep/c.tml"]),
        ("lib/build", ["lib/a.tml", "lib/build/deep/c.tml", "lib/build/f.tml"]),
        ("lib", ["lib/a.tml"]),
        ("lib/build/none.tml", ["lib/a.tml"]),
        (".", ["lib/a.tml"]),
    ],
)
def test_what_is_named_is_read_in_such_a_folder_too(
    checkout: Checkout, named: str, expected: list[str]
) -> None:
    checkout.git("rm", "-r", "--quiet", "lib")
    for path in ("lib/a.tml", "lib/build/deep/c.tml", "lib/build/f.tml"):
        checkout.write(path, b"")
    checkout.commit()

    tree = read_tree(checkout.folder, [named])
    commit = read_commit(open_repository(checkout.folder), named=[named])

    assert [*tree.files] == [*commit.files] == expected
    assert commit.skipped == tree.skipped


def test_git_is_not_asked_for_what_is_known(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "codemods.files.workspace.read_blobs",
        lambda _room, blobs: (asked.extend(blobs), [b"x"] * len(blobs))[1],
    )
    repository = open_repository(checkout.folder)
    known = read_tree(checkout.folder).files

    assert read_commit(repository, known=known).files == known
    assert asked == []
    read_commit(repository, known=known | {"lib/src/text.tml": b"other"})
    assert len(asked) == 1
