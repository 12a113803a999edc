"""Branches with one commit and one patch file, made without touching the user's checkout: one a phase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.files.repository import (
    Repository,
    RepositoryError,
    clean_room,
    git_errors,
    identities,
    mail_room,
    publish,
    raw,
    remote_addresses,
    remote_names,
    room_folder,
    text,
    workshop,
)
from codemods.files.work_folders import work_folder
from codemods.files.writing import PATCH_STAGE, move_into_place, prepare
from codemods.model.errors import UserError, write_failure
from codemods.model.findings import Change, InputError, PhaseResult, Verdict
from codemods.model.phases import Phase, phase_numbered

if TYPE_CHECKING:
    from git import Git

PATCH_OPTIONS = (
    "--stdout",
    "-1",
    "--no-signature",
    "--text",
    "--binary",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
)
"""How a patch is formatted; the room where it is made has no configuration that could change it."""


class BranchState(StrEnum):
    """What became of a branch."""

    CREATED = "created"
    UPDATED = "updated"
    UP_TO_DATE = "already up to date"
    NOTHING_TO_FIX = "nothing to fix"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a branch is for: its name, that of its patch, and what its commit says and changes."""

    branch: str
    patch_name: str
    trailer: tuple[str, str]
    """What marks the commits for it, as ``("Phase", "1")``."""
    message: str
    """The message of the commit, without the trailers."""
    changes: Mapping[str, Change]

    def full_message(self, *, base: str, tree: str) -> str:
        """The message with the trailers, by which a commit that nobody has changed is known again."""
        name, value = self.trailer
        return f"{self.message}\nTmlfix-{name}: {value}\nTmlfix-Base: {base}\nTmlfix-Tree: {tree}\n"


@dataclass(frozen=True, slots=True)
class OpenedBranch:
    """A branch that was opened: its state, its tip (None when there is nothing to fix), its patch."""

    state: BranchState
    commit: str | None = None
    patch: Path | None = None


@dataclass(frozen=True, slots=True)
class PhaseBranch:
    """The branch of one phase: its state, its tip (None when there is nothing to fix), its patch.

    In a stack it stands on the branch of the phase ``below``.
    """

    phase: Phase
    state: BranchState
    commit: str | None = None
    patch: Path | None = None
    pushed: bool = False
    below: Phase | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The branches that were opened, and the others by name with the reason."""

    branches: tuple[PhaseBranch, ...]
    errors: tuple[InputError, ...]


@dataclass(frozen=True, slots=True)
class _Commit:
    """The parts of a commit that show who made it from what."""

    name: str
    tree: str
    parents: tuple[str, ...]
    author_date: str
    committer_date: str
    message: str

    def is_untouched(self, topic: Topic) -> bool:
        """Whether tmlfix made this commit for the topic and nobody has changed it since."""
        trailers = dict(re.findall(r"^Tmlfix-(\w+): ([\w-]+)$", self.message, re.MULTILINE))
        return (
            trailers == dict([topic.trailer, ("Base", " ".join(self.parents)), ("Tree", self.tree)])
            and self.author_date == self.committer_date
        )


def deliver(
    repository: Repository,
    results: Iterable[PhaseResult],
    *,
    base: str,
    patches: Path,
    stacked: bool = False,
    force: bool = False,
    remote: str | None = None,
) -> Delivery:
    """Open the branch of every phase in ``results`` on the commit ``base`` and write its patch.

    When ``stacked``, each branch starts from the one before, and the first that fails ends the stack.
    With ``remote`` the branches are pushed there. A phase that fails becomes an error of the delivery.
    """
    branches: list[PhaseBranch] = []
    errors: list[InputError] = []
    below: Phase | None = None
    for result in results:
        phase, topic = phase_numbered(result.phase), topic_of(result)
        try:
            opened = open_branch(repository, topic, base=base, patches=patches, force=force)
            branches.append(PhaseBranch(phase, opened.state, opened.commit, opened.patch, below=below))
            if opened.commit is not None and remote is not None:
                push_branch(repository, topic, opened.commit, remote, force=force)
                branches[-1] = replace(branches[-1], pushed=True)
            if stacked and opened.commit is not None:
                base, below = opened.commit, phase
        except UserError as error:
            errors.append(InputError(phase.branch, str(error)))
            if stacked:
                break
        except OSError as error:
            errors.append(InputError(phase.branch, write_failure(error, repository.folder)))
            if stacked:
                break
    return Delivery(tuple(branches), tuple(errors))


def open_branch(
    repository: Repository, topic: Topic, *, base: str, patches: Path, force: bool = False
) -> OpenedBranch:
    """Point the branch of a topic to one new commit on ``base`` that holds exactly the changes.

    Its patch is written to the folder ``patches``: in full before the branch moves, and into its place after
    that, so that a failure leaves both as they were. One run at a time writes there.

    Checkout, index, stash and hooks play no part. A branch that tmlfix made and nobody changed is
    moved; with ``force``, any is. Raises `UserError` if that is refused, if the branch is checked
    out, or if the user's identity is unknown, and OSError if there is no room.
    """
    changes = {path: change for path, change in topic.changes.items() if change.before != change.after}
    if not changes:
        return OpenedBranch(BranchState.NOTHING_TO_FIX)
    patch = patches / topic.patch_name
    with work_folder(patches / PATCH_STAGE) as stage, workshop(repository) as room:
        tip, checkout = _branch_tip(repository, topic)
        tree = _write_tree(room, base, changes)
        message = topic.full_message(base=base, tree=tree)
        existing = _read_commit(room, tip) if tip else None
        if existing is not None and _is_same(existing, tree, base, message):
            state, commit = BranchState.UP_TO_DATE, existing.name
        else:
            if existing is not None:
                _check_replaceable(existing, topic, checkout=checkout, force=force)
            state = BranchState.UPDATED if tip else BranchState.CREATED
            commit = _write_commit(repository, room, base=base, tree=tree, message=message)
        prepare(stage, patch.name, format_patch(room, commit))
        if state is not BranchState.UP_TO_DATE:
            publish(repository, room)
            _move_branch(repository, topic, commit, tip)
        move_into_place(stage, patch.name)
    return OpenedBranch(state, commit, patch)


def topic_of(result: PhaseResult) -> Topic:
    """The topic of a phase's branch."""
    phase = phase_numbered(result.phase)
    return Topic(
        phase.branch,
        phase.patch_name,
        ("Phase", str(phase.number)),
        _phase_message(phase, result),
        result.changes,
    )


def _phase_message(phase: Phase, result: PhaseResult) -> str:
    """The message of a phase's commit: what was fixed by which rule, and what was left."""
    changed = sum(change.before != change.after for change in result.changes.values())
    fixed = [finding for finding in result.findings if finding.verdict is Verdict.FIXABLE]
    lines = [f"Fix {phase.title} leaks (tmlfix phase {phase.number})", ""]
    lines += [f"{_count(len(fixed), 'finding')} fixed in {_count(changed, 'file')}:", ""]
    for rule, count in sorted(result.by_rule(Verdict.FIXABLE).items()):
        paths = {finding.path for finding in fixed if finding.rule == rule}
        lines.append(f"- {rule}: {count} in {_count(len(paths), 'file')}")
    if result.required:
        lines += ["", "These need fixes that are not of this phase or path:", ""]
        lines += [f"- {each.path}:{each.line} {each.rule}" for each in result.required]
    verdicts = result.by_verdict()
    if verdicts[Verdict.REVIEW] or verdicts[Verdict.REPORTED]:
        review = _count(verdicts[Verdict.REVIEW], "finding")
        lines += [
            "",
            f"Left alone: {review} for review, {verdicts[Verdict.REPORTED]} reported without a fix.",
        ]
    if result.declined:
        lines += ["", f"Not approved: {_count(len(result.declined), 'finding')}."]
    return "\n".join([*lines, ""])


def format_patch(room: Git, commit: str) -> bytes:
    """The commit as a mail for ``git am`` (``--keep-cr`` where files end their lines with CRLF)."""
    with git_errors():
        return raw(room, "format_patch", *PATCH_OPTIONS, commit)


def push_branch(
    repository: Repository, topic: Topic, commit: str, remote: str, *, force: bool = False
) -> None:
    """Push an opened branch to the remote of that name.

    What the remote has under the branch's name is replaced only if tmlfix made it and nobody changed
    it, or with ``force``; and never if it changes meanwhile. Raises `RepositoryError` otherwise.
    """
    check_remote(repository, remote)
    with mail_room(repository) as room:
        for address in remote_addresses(repository, remote):
            _push_to(repository, room, topic, commit, remote, address, force=force)


def _push_to(
    repository: Repository, room: Git, topic: Topic, commit: str, remote: str, address: str, *, force: bool
) -> None:
    reference = f"refs/heads/{topic.branch}"
    with git_errors():
        there = text(room, "ls_remote", "--refs", "--", address, reference).partition("\t")[0]
    if there == commit:
        return
    if there and not force and not _made_by_tmlfix(repository, there, topic):
        raise RepositoryError(
            f"the branch on {remote} has commits that are not tmlfix's own; "
            "fetch and look at them, or use --force to replace the branch there"
        )
    with git_errors():
        room.push(
            "--quiet",
            "--no-verify",
            f"--force-with-lease={reference}:{there}",
            "--",
            address,
            f"{commit}:{reference}",
        )


def check_remote(repository: Repository, remote: str) -> None:
    """Raise `RepositoryError` unless the repository has a remote of that name."""
    remotes = remote_names(repository)
    if remote not in remotes:
        close = get_close_matches(remote, remotes, n=1)
        advice = f"did you mean {close[0]}?" if close else f"known remotes: {', '.join(remotes) or 'none'}"
        raise RepositoryError(f"there is no remote named {remote}; {advice}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _branch_tip(repository: Repository, topic: Topic) -> tuple[str, str]:
    """The commit of the topic's branch and the checkout it is used in; empty where there is none."""
    with git_errors():
        line = text(
            repository.git,
            "for_each_ref",
            "--format=%(objectname) %(worktreepath)",
            f"refs/heads/{topic.branch}",
        )
    tip, _, checkout = line.partition(" ")
    return tip, checkout


def _is_same(commit: _Commit, tree: str, base: str, message: str) -> bool:
    return (commit.tree, commit.parents, commit.message) == (tree, (base,), message)


def _check_replaceable(existing: _Commit, topic: Topic, *, checkout: str, force: bool) -> None:
    if checkout:
        raise RepositoryError(f"the branch is checked out in {checkout}; switch to another one there")
    if not force and not existing.is_untouched(topic):
        raise RepositoryError(
            "the branch has commits that are not tmlfix's own; "
            "move them away, or use --force to replace the branch"
        )


def _move_branch(repository: Repository, topic: Topic, commit: str, tip: str) -> None:
    """Point the branch to ``commit``, if it is at ``tip`` still."""
    reference = f"refs/heads/{topic.branch}"
    try:
        with git_errors():
            why = f"tmlfix: {' '.join(topic.trailer).lower()}"
            repository.git.update_ref("--no-deref", "-m", why, reference, commit, tip)
    except RepositoryError:
        if _branch_tip(repository, topic)[0] != commit:  # git may have failed after it had moved the branch
            raise


def _read_commit(room: Git, name: str) -> _Commit:
    with git_errors():
        shown = text(room, "log", "-1", "--format=%T%x00%P%x00%ad%x00%cd%x00%B", "--date=raw", name)
    tree, parents, author_date, committer_date, message = shown.split("\0")
    return _Commit(name, tree, tuple(parents.split()), author_date, committer_date, message)


def _made_by_tmlfix(repository: Repository, commit: str, topic: Topic) -> bool:
    with clean_room(repository) as room:
        try:
            return _read_commit(room, commit).is_untouched(topic)
        except RepositoryError:
            return False


def _write_tree(room: Git, base: str, changes: Mapping[str, Change]) -> str:
    """Store the tree of ``base`` with the changed files replaced, their modes kept; its id."""
    with git_errors():
        room.read_tree(base)
        modes = _read_modes(raw(room, "ls_files", "--stage", "-z"))
        if foreign := next((path for path in changes if path not in modes), None):
            raise RepositoryError(f"{foreign} is not a file of commit {base}")
        blobs = _write_blobs(room, [change.after for change in changes.values()])
        entries = (f"{modes[path]} {blob}\t{path}\0" for path, blob in zip(changes, blobs, strict=True))
        feed = room_folder(room) / "entries"
        feed.write_bytes("".join(entries).encode("utf-8", "surrogateescape"))
        with feed.open("rb") as stream:
            raw(room, "update_index", "-z", "--index-info", istream=stream)
        # A partial clone need not have the files that stay as they are.
        return text(room, "write_tree", "--missing-ok")


def _read_modes(listing: bytes) -> dict[str, str]:
    modes: dict[str, str] = {}
    for line in listing.split(b"\0"):
        description, _, name = line.partition(b"\t")
        modes[name.decode("utf-8", "surrogateescape")] = description[:6].decode("ascii")
    return modes


def _write_blobs(room: Git, contents: Sequence[bytes]) -> list[str]:
    """Store the contents as they are, in one git process; their ids."""
    folder = room_folder(room) / "blobs"
    folder.mkdir()
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    feed = room_folder(room) / "names"
    feed.write_text("".join(f"blobs/{number}\n" for number in range(len(contents))), encoding="ascii")
    with feed.open("rb") as stream:
        return text(room, "hash_object", "-w", "--no-filters", "--stdin-paths", istream=stream).split("\n")


def _write_commit(repository: Repository, room: Git, *, base: str, tree: str, message: str) -> str:
    author, committer = identities(repository)
    feed = room_folder(room) / "message"
    feed.write_text(message, encoding="utf-8")
    # One date for both, so that a later amendment shows: it keeps the author's and renews the committer's.
    environment = {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": f"@{committer.date}",
        "GIT_COMMITTER_NAME": committer.name,
        "GIT_COMMITTER_EMAIL": committer.email,
        "GIT_COMMITTER_DATE": f"@{committer.date}",
    }
    with feed.open("rb") as stream, git_errors():
        return text(room, "commit_tree", "--no-gpg-sign", "-p", base, tree, istream=stream, env=environment)
