"""Branches, commits, patches and pushes in real repositories.

The results are made by the stand-in for the analysis: what is tested is how they are delivered.
"""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codemods.files.branches import BranchState, Delivery, PhaseBranch, deliver, open_branch, topic_of
from codemods.files.repository import RepositoryError, head_commit, identities, open_repository
from codemods.files.workspace import read_commit
from codemods.model.findings import Change, PhaseResult
from tests.support.checkout import Checkout
from tests.support.stand_in_analysis import stand_in_analysis

HTTP = "tmlfix/phase-1-http"
NET = "tmlfix/phase-2-net-parsers"
CONFIGURATION_THAT_SHOWS = """
[diff]
    noprefix = true
    mnemonicPrefix = true
    external = false
    context = 0
    algorithm = patience
[format]
    attach = true
    signature = Kind regards
    subjectPrefix = URGENT
    signOff = true
    coverLetter = true
    numbered = true
    noprefix = true
[color]
    ui = always
    diff = always
[commit]
    gpgSign = true
[gpg]
    program = false
[log]
    showSignature = true
[core]
    abbrev = 4
    autocrlf = true
    pager = false
    fsmonitor = false
[diff "tml"]
    textconv = false
    command = false
"""


def fix(
    checkout: Checkout,
    *phases: int,
    stacked: bool = False,
    force: bool = False,
    remote: str | None = None,
    folder: Path | None = None,
) -> Delivery:
    """What `tmlfix apply` does once it has read the command line."""
    repository = open_repository(folder or checkout.folder)
    files = read_commit(repository).files
    return deliver(
        repository,
        stand_in_analysis(files).on_branches(phases or (1,), stacked=stacked),
        base=head_commit(repository),
        patches=checkout.folder / "patches",
        stacked=stacked,
        force=force,
        remote=remote,
    )


def fix_phase_1(checkout: Checkout, *, force: bool = False) -> PhaseBranch:
    delivery = fix(checkout, force=force)
    assert not delivery.errors
    return delivery.branches[0]


def refusal(delivery: Delivery) -> str:
    assert len(delivery.errors) == 1
    return str(delivery.errors[0])


def apply_mail(checkout: Checkout, base: str, patch: bytes, tmp_path: Path) -> str:
    """The tree that `git am` makes of the patch on the commit ``base``, in a fresh clone."""
    clone = Checkout(tmp_path / "maintainer")
    checkout.git("clone", "--quiet", "--no-checkout", str(checkout.folder), str(clone.folder))
    clone.git("checkout", "--quiet", "--detach", base)
    clone.git("am", "--quiet", "--keep-cr", feed=patch)
    return clone.tree("HEAD")


def test_a_branch_has_one_commit_on_head_with_exactly_the_fixes(checkout: Checkout) -> None:
    base = checkout.head()

    branch = fix_phase_1(checkout)

    assert branch.state is BranchState.CREATED
    assert branch.commit == checkout.line("rev-parse", HTTP)
    assert checkout.line("rev-list", f"main..{HTTP}") == branch.commit
    assert checkout.line("rev-parse", f"{HTTP}^") == base
    assert checkout.line("diff", "--name-only", base, HTTP).splitlines() == [
        "lib/src/http/client.tml",
        "lib/src/http/response.tml",
    ]
    assert checkout.git("show", f"{HTTP}:lib/src/http/client.tml") == b"use http\nfree\n"


def test_the_message_says_what_was_fixed_by_which_rule(checkout: Checkout) -> None:
    checkout.write("lib/src/http/router.tml", b"unclear mystery\n")
    base = checkout.commit()

    fix_phase_1(checkout)

    assert checkout.line("show", "--no-patch", "--format=%an <%ae>%n%B", HTTP) == (
        "Ada Lovelace <ada@example.org>\n"
        "Fix HTTP leaks (tmlfix phase 1)\n\n"
        "2 findings fixed in 2 files:\n\n"
        "- missing-release: 2 in 2 files\n\n"
        "Left alone: 1 finding for review, 1 reported without a fix.\n\n"
        f"Tmlfix-Phase: 1\nTmlfix-Base: {base}\nTmlfix-Tree: {checkout.tree(HTTP)}\n"
    )


def test_nothing_of_the_users_is_touched(checkout: Checkout) -> None:
    checkout.write("lib/src/http/client.tml", b"stashed leak\n")
    checkout.git("stash")
    checkout.write("lib/src/http/client.tml", b"staged leak\n")
    checkout.git("add", ".")
    checkout.write("lib/src/http/client.tml", b"unstaged leak\n")
    checkout.write("lib/src/http/new.tml", b"untracked leak\n")
    before = checkout.state()

    fix(checkout, 1, 2)

    assert checkout.state() == before
    assert "refs/stash" in before
    assert checkout.git("show", f"{HTTP}:lib/src/http/client.tml") == b"use http\nfree\n"


def test_phases_are_independent_by_default(checkout: Checkout) -> None:
    fix(checkout, 1, 2)

    assert checkout.line("rev-parse", f"{HTTP}^", f"{NET}^").splitlines() == [checkout.head()] * 2


def test_stacked_phases_build_on_each_other(checkout: Checkout) -> None:
    delivery = fix(checkout, 1, 2, 3, 5, stacked=True)

    assert [branch.state.value for branch in delivery.branches] == [
        "created",
        "created",
        "nothing to fix",
        "nothing to fix",
    ]
    assert checkout.line("rev-parse", f"{NET}^") == checkout.line("rev-parse", HTTP)
    assert checkout.git("show", f"{NET}:lib/src/http/client.tml") == b"use http\nfree\n"


def test_a_stack_ends_at_the_first_branch_that_is_refused(checkout: Checkout) -> None:
    checkout.git("branch", HTTP)

    delivery = fix(checkout, 1, 2, stacked=True)

    assert delivery.branches == ()
    assert refusal(delivery).startswith(f"{HTTP}: the branch has commits that are not tmlfix's own")
    assert NET not in checkout.branches()


def test_independent_phases_go_on_after_one_is_refused(checkout: Checkout) -> None:
    checkout.git("branch", HTTP)

    delivery = fix(checkout, 1, 2)

    assert [branch.phase.branch for branch in delivery.branches] == [NET]
    assert len(delivery.errors) == 1


def test_nothing_to_fix_makes_no_branch_and_no_patch(checkout: Checkout) -> None:
    delivery = fix(checkout, 4)

    assert delivery.branches[0].state is BranchState.NOTHING_TO_FIX
    assert checkout.branches() == ["main"]
    assert not (checkout.folder / "patches").exists()


def test_running_again_leaves_the_same_commit_and_patch(checkout: Checkout) -> None:
    first = fix_phase_1(checkout)
    assert first.patch is not None
    patch = first.patch.read_bytes()

    again = fix_phase_1(checkout)

    assert (again.state, again.commit) == (BranchState.UP_TO_DATE, first.commit)
    assert first.patch.read_bytes() == patch


def test_a_branch_of_ours_follows_head(checkout: Checkout) -> None:
    first = fix_phase_1(checkout)
    checkout.write("lib/src/http/router.tml")
    base = checkout.commit()

    second = fix_phase_1(checkout)

    assert second.state is BranchState.UPDATED
    assert second.commit != first.commit
    assert checkout.line("rev-parse", f"{HTTP}^") == base


def add_a_commit(checkout: Checkout) -> None:
    checkout.write("lib/src/http/client.tml", b"use http\nfree\nmore\n")
    checkout.commit("Improve on the fix")


def amend_the_content(checkout: Checkout) -> None:
    checkout.write("lib/src/http/client.tml", b"use http\nbetter\n")
    checkout.git("commit", "--quiet", "--all", "--amend", "--no-edit")


def amend_the_message(checkout: Checkout) -> None:
    message = checkout.line("show", "--no-patch", "--format=%B").replace("leaks", "all leaks")
    later = "4000000000 +0000"
    arguments = ["git", "-C", str(checkout.folder), "commit", "--quiet", "--amend", "-m", message]
    subprocess.run(["env", f"GIT_COMMITTER_DATE={later}", *arguments], check=True)


def point_elsewhere(checkout: Checkout) -> None:
    checkout.git("reset", "--quiet", "--hard", "main")


def insert_a_commit_below(checkout: Checkout) -> None:
    below = checkout.line("commit-tree", "-p", "HEAD^", "-m", "Nothing changes", "HEAD^^{tree}")
    ours = checkout.git("cat-file", "commit", "HEAD")
    ours = ours.replace(
        b"parent " + checkout.line("rev-parse", "HEAD^").encode(), b"parent " + below.encode()
    )
    moved = checkout.git("hash-object", "-t", "commit", "-w", "--stdin", feed=ours).decode().strip()
    checkout.git("reset", "--quiet", "--hard", moved)


@pytest.mark.parametrize(
    "change",
    [add_a_commit, amend_the_content, amend_the_message, insert_a_commit_below, point_elsewhere],
)
def test_a_branch_that_somebody_changed_is_replaced_only_by_force(
    checkout: Checkout, change: Callable[[Checkout], None]
) -> None:
    fix_phase_1(checkout)
    checkout.git("switch", "--quiet", HTTP)
    change(checkout)
    checkout.git("switch", "--quiet", "main")
    checkout.write("lib/src/http/router.tml")
    checkout.commit()
    theirs = checkout.line("rev-parse", HTTP)

    assert "use --force to replace the branch" in refusal(fix(checkout))
    assert checkout.line("rev-parse", HTTP) == theirs

    assert fix_phase_1(checkout, force=True).state is BranchState.UPDATED
    assert checkout.line("rev-parse", f"{HTTP}^") == checkout.head()


def test_a_branch_that_is_checked_out_is_refused_even_by_force(checkout: Checkout) -> None:
    fix_phase_1(checkout)
    checkout.write("lib/src/http/router.tml")
    checkout.commit()
    checkout.git("switch", "--quiet", HTTP)
    checkout.write("lib/src/http/status.tml")
    checkout.git("switch", "--quiet", "--detach", "main")
    checkout.git("worktree", "add", "--quiet", str(checkout.folder / "build/other"), HTTP)

    delivery = fix(checkout, force=True)

    assert f"the branch is checked out in {checkout.folder}/build/other" in refusal(delivery)


def test_a_linked_worktree_works_on_its_own_head(checkout: Checkout, tmp_path: Path) -> None:
    linked = Checkout(tmp_path / "linked")
    checkout.git("worktree", "add", "--quiet", "-b", "feature", str(linked.folder))
    linked.write("lib/src/http/router.tml")
    base = linked.commit()

    fix_phase_1(linked)

    assert checkout.line("rev-parse", f"{HTTP}^") == base


def test_a_symbolic_branch_does_not_lead_to_the_users_branch(checkout: Checkout) -> None:
    checkout.git("symbolic-ref", f"refs/heads/{HTTP}", "refs/heads/main")
    main = checkout.head()
    checkout.git("switch", "--quiet", "--detach", "main")

    assert "not tmlfix's own" in refusal(fix(checkout))
    fix_phase_1(checkout, force=True)

    assert checkout.line("rev-parse", "main") == main


def test_a_branch_in_the_way_of_the_folder_is_named(checkout: Checkout) -> None:
    checkout.git("branch", "tmlfix")

    assert "'refs/heads/tmlfix' exists" in refusal(fix(checkout))


def test_hooks_do_not_run_and_nothing_is_signed(checkout: Checkout) -> None:
    fix_phase_1(checkout)
    for hook in [
        "reference-transaction",
        "post-index-change",
        "pre-commit",
        "commit-msg",
        "pre-push",
        "post-checkout",
    ]:
        file = checkout.write(f".git/hooks/{hook}", b"#!/bin/sh\ntouch ran\nexit 1\n")
        file.chmod(0o755)
    with (checkout.folder / ".git/config").open("a") as configuration:
        configuration.write(CONFIGURATION_THAT_SHOWS)
    tree = checkout.tree(HTTP)
    subprocess.run(["rm", str(checkout.folder / ".git/refs/heads" / HTTP)], check=True)

    branch = fix_phase_1(checkout)

    assert branch.state is BranchState.CREATED
    assert checkout.line("-c", "log.showSignature=false", "rev-parse", f"{HTTP}^{{tree}}") == tree
    assert b"gpgsig" not in checkout.git("cat-file", "commit", HTTP)
    assert not (checkout.folder / "ran").exists()
    assert not (checkout.folder / ".git/ran").exists()


def test_the_patch_on_the_base_gives_the_tree_of_the_branch(checkout: Checkout, tmp_path: Path) -> None:
    for name in ["with space.tml", 'quo"te.tml', "back\\slash.tml", "tab\t.tml", "café.tml", "b\udcffd.tml"]:
        checkout.write(f"lib/src/http/{name}", b"fine\nleak")
    checkout.write("lib/src/http/mixed.tml", "leak\r\nfine\nd\u00e9j\u00e0 vu\x0cleak\rfine\r\n".encode())
    base = checkout.commit()

    branch = fix_phase_1(checkout)

    assert branch.patch is not None
    assert apply_mail(checkout, base, branch.patch.read_bytes(), tmp_path) == checkout.tree(HTTP)
    changed = checkout.git("diff", "--name-only", "-z", base, HTTP).split(b"\0")
    assert len(list(filter(None, changed))) == 9
    assert checkout.git("show", f"{HTTP}:lib/src/http/b\udcffd.tml") == b"fine\nfree"


def test_configuration_attributes_and_environment_cannot_change_the_patch(
    checkout: Checkout, git_identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = fix_phase_1(checkout)
    assert plain.patch is not None
    expected = plain.patch.read_bytes()
    with (checkout.folder / ".git/config").open("a") as configuration:
        configuration.write(CONFIGURATION_THAT_SHOWS)
    checkout.write(".gitattributes", b"*.tml diff=tml -text filter=tml\n")
    checkout.write(".git/info/attributes", b"*.tml -diff\n")
    with git_identity.open("a") as configuration:
        configuration.write(CONFIGURATION_THAT_SHOWS)
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=0")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "format.signature")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Kind regards")

    branch = fix_phase_1(checkout)

    assert branch.state is BranchState.UP_TO_DATE
    assert plain.patch.read_bytes() == expected
    assert b"--- a/lib/src/http/client.tml\n+++ b/lib/src/http/client.tml\n" in expected


def test_line_ends_are_kept_where_git_converts_them(checkout: Checkout) -> None:
    checkout.write(".gitattributes", b"*.tml text eol=crlf\n")
    checkout.commit()
    checkout.git("config", "core.autocrlf", "true")

    fix_phase_1(checkout)

    before = checkout.git("show", "HEAD:lib/src/http/response.tml")
    assert checkout.git("show", f"{HTTP}:lib/src/http/response.tml") == before.replace(b"leak", b"free")
    assert checkout.git("show", f"{HTTP}:lib/src/http/client.tml") == b"use http\nfree\n"


def test_modes_are_kept(checkout: Checkout) -> None:
    file = checkout.folder / "lib/src/http/client.tml"
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    checkout.commit()

    fix_phase_1(checkout)

    assert checkout.line("ls-tree", HTTP, "lib/src/http/client.tml").startswith("100755 ")


def test_submodules_stay_in_the_tree(checkout: Checkout, new_checkout: Callable[[str], Checkout]) -> None:
    module = new_checkout("module")
    module.write("inner.tml")
    module.commit()
    checkout.git("submodule", "--quiet", "add", str(module.folder), "vendor")
    checkout.commit()

    fix_phase_1(checkout)

    assert checkout.line("ls-tree", HTTP, "vendor") == checkout.line("ls-tree", "HEAD", "vendor")


def test_a_detached_head_works(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--detach")

    assert fix_phase_1(checkout).state is BranchState.CREATED


def test_a_merge_in_progress_works_on_head(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "-c", "other")
    checkout.write("lib/src/http/client.tml", b"theirs\n")
    checkout.commit()
    checkout.git("switch", "--quiet", "main")
    checkout.write("lib/src/http/client.tml", b"ours leak\n")
    base = checkout.commit()
    with pytest.raises(subprocess.CalledProcessError):
        checkout.git("merge", "--quiet", "other")
    before = checkout.state()

    fix_phase_1(checkout)

    assert checkout.state() == before
    assert checkout.line("rev-parse", f"{HTTP}^") == base
    assert checkout.git("show", f"{HTTP}:lib/src/http/client.tml") == b"ours free\n"


def test_a_shallow_clone_works(checkout: Checkout, tmp_path: Path) -> None:
    checkout.write("lib/src/http/router.tml")
    checkout.commit()
    shallow = Checkout(tmp_path / "shallow")
    checkout.git("clone", "--quiet", "--depth=1", checkout.folder.as_uri(), str(shallow.folder))

    branch = fix_phase_1(shallow)

    assert branch.patch is not None
    assert apply_mail(checkout, checkout.head(), branch.patch.read_bytes(), tmp_path) == shallow.tree(HTTP)


def test_a_partial_clone_works_once_git_has_fetched_the_files(checkout: Checkout, tmp_path: Path) -> None:
    checkout.git("config", "uploadpack.allowFilter", "true")
    checkout.write("assets.bin", b"large")
    checkout.commit()
    partial = Checkout(tmp_path / "partial")
    checkout.git(
        "clone",
        "--quiet",
        "--no-checkout",
        "--filter=blob:none",
        checkout.folder.as_uri(),
        str(partial.folder),
    )

    assert fix_phase_1(partial).state is BranchState.NOTHING_TO_FIX
    partial.git("archive", "--output=/dev/null", "HEAD")
    assert fix_phase_1(partial).state is BranchState.CREATED
    assert partial.git("diff", "--name-only", "main", HTTP).count(b"\n") == 2


def test_a_repository_with_sha256_works(git_identity: Path, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "modern")
    checkout.folder.mkdir()
    checkout.git("init", "--quiet", "--object-format=sha256")
    checkout.write("lib/src/http/client.tml")
    checkout.commit()

    fix_phase_1(checkout)

    assert len(checkout.line("rev-parse", HTTP)) == 64


def test_the_error_without_an_identity_says_how_to_set_one(checkout: Checkout, git_identity: Path) -> None:
    git_identity.write_text("")

    with pytest.raises(RepositoryError, match=r"git config user\.name NAME"):
        identities(open_repository(checkout.folder))
    assert "git does not know who you are" in refusal(fix(checkout))


def test_author_and_dates_of_the_environment_are_used(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace Hopper")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1700000000 +0100")

    fix_phase_1(checkout)

    shown = checkout.line("show", "--no-patch", "--date=raw", "--format=%an, %cn, %ad, %cd", HTTP)
    assert shown == "Grace Hopper, Ada Lovelace, 1700000000 +0100, 1700000000 +0100"


def test_a_file_that_is_not_in_the_commit_is_refused(checkout: Checkout) -> None:
    result = PhaseResult(1, (), {"lib/new.tml": Change(b"leak", b"free")})

    with pytest.raises(RepositoryError, match=r"lib/new.tml is not a file of commit"):
        open_branch(
            open_repository(checkout.folder),
            topic_of(result),
            base=checkout.head(),
            patches=checkout.folder,
        )


def test_a_patch_that_cannot_be_written_is_reported(checkout: Checkout) -> None:
    checkout.write("patches", b"a file\n")

    delivery = fix(checkout)

    assert "patches" in refusal(delivery)
    assert HTTP not in checkout.branches()


@pytest.fixture
def origin(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A remote of the checkout."""
    folder = tmp_path / "origin.git"
    checkout.git("clone", "--quiet", "--bare", str(checkout.folder), str(folder))
    checkout.git("remote", "add", "origin", str(folder))
    return Checkout(folder)


def test_push_creates_and_updates_the_branch_of_the_remote(checkout: Checkout, origin: Checkout) -> None:
    first = fix(checkout, remote="origin")
    assert not first.errors
    assert origin.line("rev-parse", HTTP) == first.branches[0].commit
    for _ in range(2):
        checkout.write("lib/src/http/router.tml", checkout.head().encode() + b" leak\n")
        checkout.commit()
        fix(checkout)

    second = fix(checkout, remote="origin")

    assert not second.errors
    assert second.branches[0].pushed
    assert origin.line("rev-parse", HTTP) == second.branches[0].commit != first.branches[0].commit
    assert not fix(checkout, remote="origin").errors


def test_push_does_not_replace_what_others_added_on_the_remote(
    checkout: Checkout, origin: Checkout, tmp_path: Path
) -> None:
    fix(checkout, remote="origin")
    colleague = Checkout(tmp_path / "colleague")
    origin.git("clone", "--quiet", "--branch", HTTP, str(origin.folder), str(colleague.folder))
    colleague.write("lib/src/http/client.tml", b"better\n")
    theirs = colleague.commit()
    colleague.git("push", "--quiet")
    checkout.write("lib/src/http/router.tml")
    checkout.commit()

    delivery = fix(checkout, remote="origin")

    assert "the branch on origin has commits that are not tmlfix's own" in refusal(delivery)
    assert origin.line("rev-parse", HTTP) == theirs
    assert not fix(checkout, remote="origin", force=True).errors
    assert origin.line("rev-parse", HTTP) == checkout.line("rev-parse", HTTP)


def test_an_unknown_remote_is_refused_with_a_suggestion(checkout: Checkout, origin: Checkout) -> None:
    assert "there is no remote named orgin; did you mean origin?" in refusal(fix(checkout, remote="orgin"))


def test_a_remote_that_is_gone_is_reported_in_one_line(checkout: Checkout) -> None:
    checkout.git("remote", "add", "origin", "/nowhere/at/all.git")

    delivery = fix(checkout, remote="origin")

    assert refusal(delivery) == f"{HTTP}: git: '/nowhere/at/all.git' does not appear to be a git repository"
    assert delivery.branches[0].state is BranchState.CREATED
