"""Repositories of every kind: the branch holds HEAD with the fixes, and nothing else changes.

Words stand in for leaks; the repositories, and what git does, are real.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from codemods.cli import main
from codemods.files.repository import mail_room, open_repository
from tests.support.checkout import Checkout
from tests.support.faults import HTTP, Ended, leftovers
from tests.support.users import ordinary_user

Prepare = Callable[[Checkout], None]


@dataclass(frozen=True, slots=True)
class Fixing:
    """Runs ``tmlfix apply --phase 1`` in a folder."""

    capture: pytest.CaptureFixture[bytes]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, folder: Path, *arguments: str) -> Ended:
        self.monkeypatch.chdir(folder)
        self.capture.readouterr()
        code = main(["apply", "--phase", "1", *arguments])
        output = (stream.decode("utf-8", "surrogateescape") for stream in self.capture.readouterr())
        return Ended(code, *output)


@pytest.fixture
def fix(analysis: None, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Fixing:
    """Runs the command."""
    return Fixing(capfdbinary, monkeypatch)


def committed(checkout: Checkout, revision: str) -> dict[bytes, bytes]:
    """Mode and content of every file of a commit, as git stores them."""
    lines = checkout.git("ls-tree", "-r", "-z", revision).split(b"\0")
    entries = (line.split(b"\t") for line in lines if line)
    return {name: description for description, name in entries}


def check_branch(checkout: Checkout, names: set[bytes]) -> None:
    """The branch differs from HEAD in the files named, and there in every ``leak`` that is ``free`` now."""
    head, branch = committed(checkout, "HEAD"), committed(checkout, HTTP)
    assert head.keys() == branch.keys()
    assert {name for name in head if head[name] != branch[name]} == names
    for name in names:
        old, new = (
            checkout.git("cat-file", "blob", revision[name].split()[2].decode())
            for revision in (head, branch)
        )
        assert new == old.replace(b"leak", b"free")
        assert head[name].split()[0] == branch[name].split()[0]
    checkout.git("fsck", "--strict", "--no-dangling", HTTP)


def check_fixed(fix: Fixing, checkout: Checkout, *more: bytes) -> None:
    """A run makes the branch, and touches nothing else; a second one has nothing to do."""
    before = checkout.state()
    outcome = fix(checkout.folder)
    assert (outcome.code, outcome.err) == (0, "")
    check_branch(checkout, {b"lib/src/http/client.tml", b"lib/src/http/response.tml", *more})
    assert fix(checkout.folder).out.count("already up to date") == 1
    assert checkout.state() == before
    assert not leftovers(checkout.folder)


def convert_on_checkout(checkout: Checkout) -> None:
    checkout.git("config", "core.autocrlf", "true")


def convert_on_commit(checkout: Checkout) -> None:
    checkout.git("config", "core.autocrlf", "input")


def attributes(*lines: str) -> Prepare:
    def prepare(checkout: Checkout) -> None:
        checkout.write(".gitattributes", "".join(f"*.tml {line}\n" for line in lines).encode())
        checkout.git("add", ".gitattributes")
        checkout.git("commit", "--quiet", "--message", "Attributes")

    return prepare


def required_filter(checkout: Checkout) -> None:
    attributes("filter=scramble")(checkout)
    for key in ("clean", "smudge"):
        checkout.git("config", f"filter.scramble.{key}", "tr a-z b-za")
    checkout.git("config", "filter.scramble.required", "true")


def sparse_checkout(checkout: Checkout) -> None:
    checkout.git("sparse-checkout", "set", "lib/src/net")
    assert not (checkout.folder / "lib/src/http").exists()


def pack_everything(checkout: Checkout) -> None:
    checkout.git("gc", "--quiet")
    checkout.git("pack-refs", "--all")


def lock_the_index(checkout: Checkout) -> None:
    checkout.write(".git/index.lock", b"")


def lock_the_configuration(checkout: Checkout) -> None:
    checkout.write(".git/config.lock", b"")


def damage_the_index(checkout: Checkout) -> None:
    checkout.write(".git/index", b"nonsense")


def share_with_the_group(checkout: Checkout) -> None:
    checkout.git("config", "core.sharedRepository", "group")


def branch_named(name: str) -> Prepare:
    def prepare(checkout: Checkout) -> None:
        checkout.git("update-ref", f"refs/heads/{name}", "HEAD")
        checkout.git("symbolic-ref", "HEAD", f"refs/heads/{name}")

    return prepare


def keep_no_log(checkout: Checkout) -> None:
    checkout.git("config", "core.logAllRefUpdates", "false")


def rebase_in_progress(checkout: Checkout) -> None:
    checkout.git("-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "--quiet", "--interactive", "--root")


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(convert_on_checkout, id="autocrlf"),
        pytest.param(convert_on_commit, id="autocrlf input"),
        pytest.param(attributes("text eol=crlf"), id="eol=crlf"),
        pytest.param(attributes("text eol=lf"), id="eol=lf"),
        pytest.param(attributes("ident", "export-subst"), id="ident"),
        pytest.param(attributes("working-tree-encoding=UTF-16"), id="UTF-16"),
        pytest.param(attributes("merge=ours diff=none whitespace=fix binary"), id="binary"),
        pytest.param(required_filter, id="required filter"),
        pytest.param(sparse_checkout, id="sparse checkout"),
        pytest.param(pack_everything, id="packed"),
        pytest.param(lock_the_index, id="locked index"),
        pytest.param(lock_the_configuration, id="locked configuration"),
        pytest.param(damage_the_index, id="damaged index"),
        pytest.param(share_with_the_group, id="shared"),
        pytest.param(keep_no_log, id="no reflog"),
        pytest.param(rebase_in_progress, id="rebase"),
        pytest.param(branch_named("-dash"), id="branch -dash"),
        pytest.param(branch_named("a'b\"c$d;e"), id="branch with quotes"),
        pytest.param(branch_named("café"), id="branch beyond ASCII"),
        pytest.param(branch_named("b\udcffd"), id="branch not UTF-8"),
        pytest.param(branch_named("HEAD"), id="branch HEAD"),
    ],
)
def test_any_setting_and_state(fix: Fixing, checkout: Checkout, prepare: Prepare) -> None:
    prepare(checkout)

    check_fixed(fix, checkout)


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "quo\"te's",
        "line\nbreak",
        "-dash",
        "co:lon",
        "#hash",
        "back\\slash",
        "café",
        "b\udcffd",
        "[x]*?",
        "~",
    ],
)
def test_any_path_of_the_repository(
    fix: Fixing, new_checkout: Callable[[str], Checkout], name: str, tmp_path: Path
) -> None:
    checkout = new_checkout(name)
    checkout.write(f"lib/src/http/{name}.tml")
    checkout.commit()
    before = checkout.state()

    outcome = fix(checkout.folder)

    assert (outcome.code, outcome.err) == (0, "")
    check_branch(checkout, {f"lib/src/http/{name}.tml".encode("utf-8", "surrogateescape")})
    assert checkout.state() == before
    patch = checkout.folder / "patches/phase-1-http.patch"
    clone = Checkout(tmp_path / "clone")
    checkout.git("clone", "--quiet", ".", str(clone.folder))
    clone.git("am", "--quiet", "--keep-cr", feed=patch.read_bytes())
    assert clone.tree("HEAD") == checkout.tree(HTTP)
    assert fix(checkout.folder, "--in-place").code == 0
    assert (checkout.folder / f"lib/src/http/{name}.tml").read_bytes() == b"free\n"
    assert not leftovers(checkout.folder)


def test_names_that_differ_in_case_only(fix: Fixing, checkout: Checkout) -> None:
    blob = checkout.git("hash-object", "-w", "--stdin", feed=b"LEAK leak\n").decode().strip()
    checkout.git("update-index", "--add", "--cacheinfo", f"100644,{blob},lib/src/http/Client.tml")
    checkout.git("commit", "--quiet", "--message", "Another case")

    check_fixed(fix, checkout, b"lib/src/http/Client.tml")
    assert checkout.git("show", f"{HTTP}:lib/src/http/Client.tml") == b"LEAK free\n"


def test_a_repository_that_a_link_leads_to(fix: Fixing, checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(checkout.folder)

    check_fixed(fix, Checkout(tmp_path / "alias"))


def test_inside_of_a_submodule_the_module_is_fixed(
    fix: Fixing, checkout: Checkout, new_checkout: Callable[[str], Checkout]
) -> None:
    outer = new_checkout("outer")
    outer.write("lib/src/http/outer.tml")
    outer.git("submodule", "--quiet", "add", str(checkout.folder), "vendor")
    outer.commit()
    before = outer.state()

    inner = Checkout(outer.folder / "vendor")
    assert fix(inner.folder).code == 0

    check_branch(inner, {b"lib/src/http/client.tml", b"lib/src/http/response.tml"})
    assert outer.branches() == ["main"]
    assert outer.state() == before


def test_a_clone_that_borrows_from_a_borrower_by_relative_paths(
    fix: Fixing, checkout: Checkout, tmp_path: Path
) -> None:
    lender = checkout
    for name in ("first", "second"):
        borrower = Checkout(tmp_path / name)
        checkout.git("clone", "--quiet", "--shared", str(lender.folder), str(borrower.folder))
        relative = f"../../../{lender.folder.name}/.git/objects\n"
        borrower.write(".git/objects/info/alternates", relative.encode())
        lender = borrower

    check_fixed(fix, lender)


@pytest.mark.parametrize("option", ["--shared", "--local", "--reference"])
def test_a_clone_that_borrows_its_objects(
    fix: Fixing, checkout: Checkout, tmp_path: Path, option: str
) -> None:
    clone = Checkout(tmp_path / "co:py")
    source = str(checkout.folder)
    lender = (
        [f"--reference={source}", checkout.folder.as_uri()] if option == "--reference" else [option, source]
    )
    checkout.git("clone", "--quiet", *lender, str(clone.folder))
    lent = checkout.state()

    check_fixed(fix, clone)

    assert checkout.state() == lent


def test_objects_that_are_made_have_the_access_of_the_others(fix: Fixing, checkout: Checkout) -> None:
    objects = checkout.folder / ".git/objects"
    objects.chmod(0o2775)
    before = set(objects.iterdir())

    check_fixed(fix, checkout)

    made = checkout.line("rev-parse", HTTP)
    folders = set(objects.iterdir()) - before
    assert folders
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o775}
    assert (objects / made[:2] / made[2:]).stat().st_mode & 0o777 == 0o444


def test_reftable(fix: Fixing, git_identity: Path, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "modern")
    checkout.folder.mkdir()
    try:
        checkout.git("init", "--quiet", "--ref-format=reftable")
    except subprocess.CalledProcessError:
        pytest.skip("this git knows no reftable")
    checkout.write("lib/src/http/client.tml")
    checkout.commit()

    assert fix(checkout.folder).code == 0
    check_branch(checkout, {b"lib/src/http/client.tml"})


VARIABLES = {
    "GIT_DIR": "/nowhere",
    "GIT_WORK_TREE": "/",
    "GIT_COMMON_DIR": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere/index",
    "GIT_OBJECT_DIRECTORY": "/nowhere/objects",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/nowhere/objects",
    "GIT_NAMESPACE": "other",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_DEFAULT_HASH": "sha256",
    "GIT_DEFAULT_REF_FORMAT": "reftable",
    "GIT_CEILING_DIRECTORIES": "/nowhere",
    "GIT_CONFIG_PARAMETERS": "'core.bare=true'",
    "GIT_CONFIG": "/nowhere/config",
    "GIT_REPLACE_REF_BASE": "refs/heads/",
    "GIT_GRAFT_FILE": "/nowhere/grafts",
    "GIT_SHALLOW_FILE": "/nowhere/shallow",
    "GIT_TEMPLATE_DIR": "/nowhere/templates",
    "GIT_ATTR_SOURCE": "HEAD",
    "GIT_ADVICE": "0",
    "GIT_PAGER": "false",
    "GIT_EDITOR": "false",
    "GIT_TRACE": "1",
    "GIT_REFLOG_ACTION": "other",
    "LANG": "C",
    "LC_ALL": "POSIX",
    "TZ": "Pacific/Kiritimati",
}


def test_variables_that_are_set_change_nothing(
    fix: Fixing, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = checkout.state()
    with monkeypatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        outcome = fix(checkout.folder)

    assert outcome.code == 0, outcome.err
    check_branch(checkout, {b"lib/src/http/client.tml", b"lib/src/http/response.tml"})
    assert checkout.state() == before


def test_ten_thousand_files(fix: Fixing, checkout: Checkout) -> None:
    feed = [b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 0\n"]
    feed += [b"from refs/heads/main^0\n"]
    feed += [
        b"M 100644 inline lib/src/part%d/%d.tml\ndata 5\nfine\n" % (number % 100, number)
        for number in range(10_000)
    ]
    checkout.git("fast-import", "--quiet", feed=b"".join(feed))
    checkout.git("reset", "--quiet")

    check_fixed(fix, checkout)


# What stands in the way


def check_refused(fix: Fixing, checkout: Checkout, *parts: str) -> None:
    """A run says why it cannot, and what to do; and changes nothing."""
    before = checkout.state(), checkout.line("for-each-ref")
    outcome = fix(checkout.folder)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    for part in parts:
        assert part in outcome.err
    assert (checkout.state(), checkout.line("for-each-ref")) == before
    assert not (checkout.folder / "patches").exists()


@pytest.mark.parametrize("lock", [f"refs/heads/{HTTP}.lock", "HEAD.lock", "packed-refs.lock"])
def test_a_lock_that_git_left_is_named(fix: Fixing, checkout: Checkout, lock: str) -> None:
    checkout.write(f".git/{lock}", b"")
    if lock.startswith("refs"):
        check_refused(
            fix, checkout, f"/.git/{lock}': File exists; remove that file", "run the same command again"
        )
        (checkout.folder / ".git" / lock).unlink()
        check_fixed(fix, checkout)
    else:  # these are not needed to make a branch
        outcome = fix(checkout.folder)
        assert (outcome.code, outcome.err) == (0, "")
        (checkout.folder / ".git" / lock).unlink()
        check_fixed(fix, checkout)


def test_a_file_where_the_folder_of_the_branch_should_be(fix: Fixing, checkout: Checkout) -> None:
    checkout.write(".git/refs/heads/tmlfix", b"")

    check_refused(fix, checkout, "tmlfix/phase-1-http: ")


def test_a_hook_that_must_not_move_branches(
    fix: Fixing, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(checkout.folder / ".git/objects"))

    check_refused(fix, checkout, "forbidden inside quarantine environment")


@pytest.mark.parametrize("folder", [".git", ".git/objects", ".git/refs/heads", "."])
def test_a_read_only_folder(fix: Fixing, checkout: Checkout, folder: str) -> None:
    place = checkout.folder / folder
    with ordinary_user(checkout.folder):
        place.chmod(0o555)
        try:
            outcome = fix(checkout.folder)
        finally:
            place.chmod(0o755)
    if folder == ".git":  # nothing is made in it, but below
        assert outcome.code == 0
    else:
        assert outcome.code == 2
        assert outcome.err.startswith(f"error: {HTTP}: ")
        assert outcome.err.endswith("run the same command again\n")
        assert Path(folder).name in outcome.err
        assert outcome.err.count("\n") == 1
        assert not (checkout.folder / "patches").exists()
    assert not leftovers(checkout.folder)


def test_reading_works_where_nothing_may_be_written(fix: Fixing, checkout: Checkout) -> None:
    everything = [checkout.folder, *checkout.folder.rglob("*")]
    folders = [path for path in everything if path.is_dir()]
    with ordinary_user(checkout.folder):
        for folder in folders:
            folder.chmod(0o555)
        try:
            outcomes = [fix(checkout.folder, *how) for how in (["--dry-run"], ["--dry-run", "--diff"])]
            with mail_room(open_repository(checkout.folder)) as room:
                assert room.rev_parse("HEAD^{tree}", "--", with_exceptions=False) == ""
                assert room.cat_file("-t", checkout.head()) == "commit"
        finally:
            for folder in folders:
                folder.chmod(0o755)

    assert [(outcome.code, outcome.err) for outcome in outcomes] == [(1, "")] * 2
    assert "2 with a fix" in outcomes[0].out
    assert [checkout.folder, *checkout.folder.rglob("*")] == everything


def test_a_read_only_folder_of_patches(fix: Fixing, checkout: Checkout) -> None:
    folder = checkout.folder / "patches"
    folder.mkdir()
    with ordinary_user(checkout.folder):
        folder.chmod(0o555)
        outcome = fix(checkout.folder)
        folder.chmod(0o755)

    assert outcome.code == 2
    assert outcome.err == (
        f"error: {HTTP}: {folder}/.tmlfix-patch: Permission denied; allow writing there and run the same "
        "command again\n"
    )
    assert os.listdir(folder) == []  # noqa: PTH208
