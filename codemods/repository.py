"""Git repositories through gitpython, shielded from hooks, signing and configuration.

Reading refs, the identity and pushing need the user's own repository. Everything else (building
trees and commits, comparing them) happens in a *clean room*: an empty temporary repository that
reads the user's object store and knows no configuration, no attributes, no index and no hooks. What
is made there comes into the user's store when it is published, each object in one step.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from codemods.errors import UserError
from codemods.scratch import sync_folder, temporary_folder

# Without this, importing gitpython raises where no git is installed.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

if TYPE_CHECKING:
    from git import Git, Repo
    from git.exc import GitCommandError

PINNED_CONFIGURATION = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "user.useConfigOnly=true",
)
"""What the user's configuration cannot change in the commands that run in the user's repository."""

ADVICE = {
    r"lock'?: File exists": "remove that file, unless a git is at work, and run the same command again",
    r"cannot lock ref .* (but expected|already exists)": "somebody else moved it; run the same command again",
    r"(unable|failed) to (write|create dir)|couldn't write|write error|No space|too large|Read-only": (
        "make that place writable, with room on its disk, and run the same command again"
    ),
}
"""What to do about a complaint of git's, by its wording."""

LOCATION_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""What git tells the hooks and aliases it starts: the repository of that command, which need not be ours."""


class RepositoryError(UserError):
    """Git cannot do what is asked of it here."""


class NoRepositoryError(RepositoryError):
    """There is no git repository at or above the folder."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who commits, and when, in git's own notation (seconds since 1970 and offset from UTC)."""

    name: str
    email: str
    date: str

    @classmethod
    def parse(cls, ident: str) -> Identity:
        """Read ``Name <email> seconds offset``, as ``git var`` prints it."""
        match = re.fullmatch(r"(?s)(.*) <(.*)> (\d+ [+-]\d+)", ident)
        if match is None:
            raise RepositoryError(f"git names an identity that cannot be read: {ident!r}")
        return cls(*match.groups())


@contextmanager
def git_errors() -> Iterator[None]:
    """Turn what gitpython raises into a `RepositoryError` of one line."""
    from git.exc import GitCommandError, GitCommandNotFound, GitError

    try:
        yield
    except GitCommandNotFound as error:
        raise RepositoryError(
            "git was not found; install it, or use --in-place, which needs no git"
        ) from error
    except GitCommandError as error:
        raise RepositoryError(_complaint(error.stderr) or _ending(error)) from error
    except GitError as error:
        raise RepositoryError(str(error).strip().splitlines()[0]) from error


def _complaint(stderr: str) -> str:
    """The line of git's error output that says what went wrong."""
    text = re.sub(r"\A\s*stderr: '|'\s*\Z", "", stderr)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    marked = [line for line in lines if re.match(r"(fatal|error|! \[)", line)]
    complaint = re.sub(r"^(fatal|error): ", "git: ", (marked or lines or [""])[0]).removesuffix(".")
    advice = next((advice for sign, advice in ADVICE.items() if re.search(sign, complaint)), None)
    return f"{complaint}; {advice}" if advice else complaint


def _ending(error: GitCommandError) -> str:
    """How a git command ended that said nothing."""
    if _was_killed(error):
        return "git was killed by the system or by somebody; run the same command again"
    return f"git failed with status {error.status}"


def _was_killed(error: GitCommandError) -> bool:
    return isinstance(error.status, int) and error.status < 0


def open_repository(folder: Path) -> Repo:
    """Open the git repository that encloses ``folder``.

    Raises `NoRepositoryError` if there is none, and `RepositoryError` if it is bare or git is missing.
    """
    try:
        from git import Repo
        from git.exc import InvalidGitRepositoryError, NoSuchPathError
    except ImportError as error:  # gitpython tries git when it is imported
        reason = str(error).splitlines()[0]
        raise RepositoryError(
            f"git does not run: {reason}; mend that and run the same command again"
        ) from error
    try:
        repository = Repo(folder, search_parent_directories=True)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise NoRepositoryError(
            f"{folder} is not inside a git repository; --in-place works without one"
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise RepositoryError(f"the git repository of {folder} cannot be read: {error}") from error
    repository.git.set_persistent_git_options(c=list(PINNED_CONFIGURATION))
    with git_errors():
        if text(repository.git, "rev_parse", "--is-inside-work-tree") != "true":
            raise RepositoryError(f"{folder} is in a bare repository; run tmlfix in a checkout of it")
    return repository


def top_folder(repository: Repo) -> Path:
    """The root of the checkout."""
    with git_errors():
        return Path(os.fsdecode(raw(repository.git, "rev_parse", "--show-toplevel").removesuffix(b"\n")))


def head_commit(repository: Repo) -> str:
    """The id of the commit HEAD. Raises `RepositoryError` on a branch without commits."""
    from git.exc import GitCommandError

    with git_errors():
        try:
            return text(repository.git, "rev_parse", "--verify", "--quiet", "HEAD^{commit}")
        except GitCommandError as error:
            if _was_killed(error):
                raise
            raise RepositoryError("the current branch has no commit yet; commit your files first") from error


def identities(repository: Repo) -> tuple[Identity, Identity]:
    """The user's identity as author and as committer. Raises `RepositoryError` if none is configured."""
    from git.exc import GitCommandError

    with git_errors():
        try:
            author, committer = (
                Identity.parse(text(repository.git, "var", f"GIT_{role}_IDENT"))
                for role in ("AUTHOR", "COMMITTER")
            )
        except GitCommandError as error:
            if _was_killed(error):
                raise
            raise RepositoryError(
                "git does not know who you are; set it with "
                "`git config user.name NAME` and `git config user.email ADDRESS`"
            ) from error
    return author, committer


@contextmanager
def clean_room(repository: Repo) -> Iterator[Git]:
    """A git command in an empty repository of its own that reads the objects of ``repository``.

    Its working folder is temporary and free for use; nothing in it outlives the context. It lies
    beside the objects, as git's own for incoming objects do, so that `publish` need not copy.
    """
    from git import Git

    with temporary_folder(_objects(repository)) as room:
        git = Git(room)
        with git_errors():
            object_format = text(repository.git, "rev_parse", "--show-object-format")
            git.update_environment(
                GIT_DIR=str(room / "git"),
                GIT_INDEX_FILE=str(room / "index"),
                GIT_CONFIG_GLOBAL=os.devnull,
                GIT_CONFIG_NOSYSTEM="1",
                GIT_CONFIG_COUNT="0",
                GIT_CONFIG_PARAMETERS="",
                GIT_ATTR_NOSYSTEM="1",
                XDG_CONFIG_HOME=str(room),
                GIT_DIFF_OPTS="",
                GIT_NO_REPLACE_OBJECTS="1",
            )
            git.init(
                "--quiet", "--bare", "--template=", f"--object-format={object_format}", str(room / "git")
            )
            # A path relative to the folder that git runs in needs no quoting.
            git.update_environment(GIT_ALTERNATE_OBJECT_DIRECTORIES=os.pardir)
            yield git


def publish(repository: Repo, room: Git) -> None:
    """Move the objects that were made in the clean room to ``repository``."""
    store = _objects(repository)
    made = room_folder(room) / "git" / "objects"
    for path in sorted(made.glob("[0-9a-f][0-9a-f]/*")):
        folder = store / path.parent.name
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(stat.S_IMODE(store.stat().st_mode))
        path.replace(folder / path.name)
    for folder in made.glob("[0-9a-f][0-9a-f]"):
        sync_folder(store / folder.name)


def room_folder(room: Git) -> Path:
    """The working folder of a clean room."""
    assert room.working_dir is not None
    return Path(room.working_dir)


def _objects(repository: Repo) -> Path:
    return Path(repository.common_dir) / "objects"


def text(git: Git, command: str, *arguments: str, **options: Any) -> str:
    """Run a git command; what it prints, without the last line end. gitpython's errors pass through."""
    return raw(git, command, *arguments, **options).decode("utf-8", "surrogateescape").removesuffix("\n")


def raw(
    git: Git,
    command: str,
    *arguments: str,
    istream: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run a git command; the bytes it prints. gitpython's errors pass through."""
    output = getattr(git, command)(
        *arguments, istream=istream, env=env, stdout_as_string=False, strip_newline_in_stdout=False
    )
    assert isinstance(output, bytes)
    return output
