"""Git repositories through gitpython, shielded from hooks, signing and configuration.

Where the repository lies, its refs and the identity are read from the user's own repository, whose
configuration may come from anybody: nothing that runs there can be made to start a program. Everything
else (reading, building trees and commits, comparing them) happens in a *clean room*: an empty temporary
repository that reads the user's object store and knows no configuration, no attributes, no index and
no hooks. A push starts from a room too, with the settings that are the user's own. These rooms lie
elsewhere; only the *workshop*, where objects are made, lies beside the user's objects. What is made there
comes into the user's store when it is published, each object in one step.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

from codemods.files.work_folders import sync_folder, temporary_folder
from codemods.model.errors import UserError

# Without this, importing gitpython raises where no git is installed.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

if TYPE_CHECKING:
    from git import Git

PINNED_CONFIGURATION = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "safe.bareRepository=explicit",
    "user.useConfigOnly=true",
)
"""Settings that hold for every command in the user's repository, whatever its configuration says."""

NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1"}
"""Keeps git from fetching what a partial clone lacks, by programs that the repository names."""

PUSH_PROTOCOLS = "file:git:http:https:ssh"
"""How a push may reach a remote, unless the user's own GIT_ALLOW_PROTOCOL says otherwise."""

OWN_SCOPES = frozenset({"system", "global", "command"})
"""The scopes of settings that are the user's, not the repository's."""

ADVICE = {
    r"lock'?: File exists": "remove that file, unless a git is at work, and run the same command again",
    r"cannot lock ref .* (but expected|already exists)": "somebody else moved it; run the same command again",
    r"(unable|failed) to (write|create dir)|couldn't write|write error|No space|too large|Read-only": (
        "make that place writable, with room on its disk, and run the same command again"
    ),
}
"""What to do about an error of git, by a pattern of its message."""

LOCATION_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
)
"""What git passes to the hooks and aliases that it starts: the repository of that command, which need not be
ours; and what only ``git config`` would read, instead of the settings that count."""


class RepositoryError(UserError):
    """Git cannot do what is needed in this repository."""


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
def git_errors(refusal: str = "") -> Iterator[None]:
    """Turn what gitpython raises into a `RepositoryError` of one line.

    With a ``refusal`` that is the line, unless git was killed.
    """
    from git.exc import GitCommandError, GitCommandNotFound, GitError

    try:
        yield
    except GitCommandNotFound as error:
        raise RepositoryError(
            "git was not found; install it, or use --in-place, which needs no git"
        ) from error
    except GitCommandError as error:
        raise RepositoryError(_failure(error.status, error.stderr, refusal)) from error
    except GitError as error:
        raise RepositoryError(str(error).strip().splitlines()[0]) from error


def _failure(status: object, stderr: str, refusal: str) -> str:
    """Why a git command failed."""
    if isinstance(status, int) and status < 0:
        reason = "git was killed by the system or by somebody; run the same command again"
        return _complaint(stderr) or reason
    return refusal or _complaint(stderr) or f"git failed with status {status}"


def _complaint(stderr: str) -> str:
    """The line of git's error output that says what went wrong, and what to do about it."""
    text = re.sub(r"\A\s*stderr: '|'\s*\Z", "", stderr)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    marked = [line for line in lines if re.match(r"(fatal|error|! \[)", line)]
    complaint = re.sub(r"^(fatal|error): ", "git: ", (marked or lines or [""])[0]).removesuffix(".")
    advice = next((advice for sign, advice in ADVICE.items() if re.search(sign, complaint)), None)
    return f"{complaint}; {advice}" if advice else complaint


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository with a checkout: its shielded git command, and what its rooms share."""

    git: Git
    root: Path
    folder: Path
    object_format: str

    @property
    def objects(self) -> Path:
        """The folder of the object store."""
        return self.folder / "objects"


def open_repository(folder: Path) -> Repository:
    """Open the git repository that encloses ``folder``.

    Raises `NoRepositoryError` if there is none, and `RepositoryError` if it is bare, if its checkout
    lies elsewhere, if git distrusts its owner or if git is missing.
    """
    git = _shielded(folder)
    try:
        with git_errors():
            inside = text(git, "rev_parse", "--is-inside-work-tree") == "true"
    except RepositoryError as error:
        if "not a git repository (or any" in str(error):
            raise NoRepositoryError(
                f"{folder} is not inside a git repository; --in-place works without one"
            ) from error
        if "cannot use bare repository" not in str(error):
            raise
        inside = False
    if not inside:
        raise RepositoryError(f"{folder} is in a bare repository; run tmlfix in a checkout of it")
    with git_errors():
        root, found = _path(git, "--show-toplevel"), _path(git, "--absolute-git-dir")
    # A repository can name any folder as its checkout; only one that it is found from counts.
    elsewhere = f"the git repository of {folder} has its checkout elsewhere, in {root}; run tmlfix there"
    git = _shielded(root)
    with git_errors(elsewhere):
        if not folder.resolve().is_relative_to(root) or _path(git, "--absolute-git-dir") != found:
            raise RepositoryError(elsewhere)
    with git_errors():
        hooks = {key.rpartition(".")[0] for _, key, _ in _settings(git) if re.match(r"hook\..*\.", key)}
        if hooks:
            own = os.environ.get("GIT_CONFIG_COUNT", "")
            switches = [(f"{hook}.enabled", "false") for hook in sorted(hooks)]
            git.update_environment(**_configuration(switches, int(own) if own.isdecimal() else 0))
        common = root / _path(git, "--git-common-dir")
        return Repository(git, root, common, text(git, "rev_parse", "--show-object-format"))


def _shielded(folder: Path) -> Git:
    try:
        from git import Git
    except ImportError as error:  # gitpython tries git when it is imported
        reason = str(error).splitlines()[0]
        raise RepositoryError(
            f"git does not run: {reason}; fix that and run the same command again"
        ) from error

    git = Git(folder)
    git.set_persistent_git_options(c=list(PINNED_CONFIGURATION))
    git.update_environment(**NO_NETWORK)
    return git


def _path(git: Git, question: str) -> Path:
    return Path(os.fsdecode(raw(git, "rev_parse", question).removesuffix(b"\n")))


def _settings(git: Git) -> Iterator[tuple[str, str, str]]:
    """The settings that hold for git in its folder: scope, key and value."""
    fields = text(git, "config", "--null", "--show-scope", "--list").split("\0")
    for scope, setting in zip(fields[0:-1:2], fields[1::2], strict=True):
        key, _, value = setting.partition("\n")
        yield scope, key, value if "\n" in setting else "true"


def _configuration(settings: Sequence[tuple[str, str]], start: int = 0) -> dict[str, str]:
    """The variables that give git these settings, after ``start`` others."""
    variables = {"GIT_CONFIG_COUNT": str(start + len(settings))}
    for number, (key, value) in enumerate(settings, start):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def head_commit(repository: Repository) -> str:
    """The id of the commit HEAD. Raises `RepositoryError` on a branch without commits."""
    with git_errors("the current branch has no commit yet; commit your files first"):
        return text(repository.git, "rev_parse", "--verify", "--quiet", "HEAD^{commit}")


def merge_base(repository: Repository, revision: str) -> str:
    """The id of the last commit that HEAD and the ``revision`` share.

    The revision is what the user wrote, and never taken for an option. Raises `RepositoryError` without one.
    """
    head = head_commit(repository)
    with git_errors():
        shallow = text(repository.git, "rev_parse", "--is-shallow-repository") == "true"
    advice = "; the clone has only a part of the history, fetch all of it (actions/checkout: fetch-depth: 0)"
    unknown = (
        f"git knows no commit {revision!r}{advice if shallow else '; fetch it first if it is on a remote'}"
    )
    with git_errors(unknown):
        commit = text(
            repository.git, "rev_parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise RepositoryError(unknown)
    with git_errors(f"HEAD and {revision!r} share no commit{advice if shallow else ''}"):
        return text(repository.git, "merge_base", head, commit)


def identities(repository: Repository) -> tuple[Identity, Identity]:
    """The user's identity as author and as committer. Raises `RepositoryError` if none is configured."""
    unknown = (
        "git does not know who you are; set it with "
        "`git config user.name NAME` and `git config user.email ADDRESS`"
    )
    with git_errors(unknown):
        author, committer = (
            Identity.parse(text(repository.git, "var", f"GIT_{role}_IDENT"))
            for role in ("AUTHOR", "COMMITTER")
        )
    return author, committer


def remote_names(repository: Repository) -> list[str]:
    """The names of the remotes that are configured."""
    with git_errors():
        return text(repository.git, "remote").splitlines()


def remote_addresses(repository: Repository, remote: str) -> list[str]:
    """Where a push to ``remote`` goes. Raises `RepositoryError` for a folder of the checkout itself.

    The hooks of such a repository would run here, and they are part of what is analysed.
    """
    with git_errors():
        addresses = text(repository.git, "remote", "get-url", "--push", "--all", "--", remote).split("\n")
    for address in addresses:
        if _is_within(repository, address):
            raise RepositoryError(f"the remote {remote} lies in the checkout itself, at {address}")
    return addresses


def _is_within(repository: Repository, address: str) -> bool:
    """Whether the address of a remote is a folder of the checkout or of its repository."""
    before_colon, colon, _ = address.partition(":")
    if address.startswith("file://"):
        name = "/" + unquote(address.removeprefix("file://")).partition("/")[2]
    elif colon and "/" not in before_colon:
        return False
    else:
        name = os.path.expanduser(address)  # noqa: PTH111  (git expands nothing but the tilde)
    places = [(repository.root / f"{name}{suffix}").resolve() for suffix in ("", ".git")]
    homes = [repository.root.resolve(), repository.folder.resolve()]
    return any(place.is_relative_to(home) for place in places for home in homes)


@contextmanager
def clean_room(repository: Repository) -> Iterator[Git]:
    """A git command in an empty repository of its own, for reading the objects of ``repository``."""
    with _room(repository, {**NO_NETWORK, **_configuration(())}) as git:
        yield git


@contextmanager
def mail_room(repository: Repository) -> Iterator[Git]:
    """Like `clean_room`, for talking to remotes: with the settings of the user, not of the repository.

    Of the repository's settings only HTTP headers are taken, by which CI services authenticate.
    """
    with git_errors():
        settings = [
            (key, value)
            for scope, key, value in _settings(repository.git)
            if (scope in OWN_SCOPES and not key.startswith(("include", "url.", "hook.")))
            or (key.startswith("http.") and key.endswith(".extraheader"))
        ]
    own = {
        "GIT_ALLOW_PROTOCOL": os.environ.get("GIT_ALLOW_PROTOCOL", PUSH_PROTOCOLS),
        "GIT_NO_REPLACE_OBJECTS": "1",
        **_configuration(settings),
    }
    with _room(repository, own) as git:
        yield git


@contextmanager
def workshop(repository: Repository) -> Iterator[Git]:
    """Like `clean_room`, for making objects, which are in the room until `publish` moves them.

    Its working folder is free for use; nothing in it outlives the context. It lies beside the objects of
    ``repository``, as git's own for incoming objects do, so that publishing need not copy.
    """
    with _room(repository, {**NO_NETWORK, **_configuration(())}, makes_objects=True) as git:
        yield git


def publish(repository: Repository, room: Git) -> None:
    """Move the objects that were made in the workshop to ``repository``."""
    store = repository.objects
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
    """The working folder of a room."""
    assert room.working_dir is not None
    return Path(room.working_dir)


@contextmanager
def _room(
    repository: Repository, variables: Mapping[str, str], *, makes_objects: bool = False
) -> Iterator[Git]:
    from git import Git

    place = repository.objects if makes_objects else Path(tempfile.gettempdir())
    with temporary_folder(place) as room:
        git = Git(room)
        git.update_environment(
            GIT_DIR=str(room / "git"),
            GIT_INDEX_FILE=str(room / "index"),
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_CONFIG_NOSYSTEM="1",
            GIT_CONFIG_PARAMETERS="",
            GIT_ATTR_NOSYSTEM="1",
            XDG_CONFIG_HOME=str(room),
            GIT_DIFF_OPTS="",
            **variables,
        )
        form = f"--object-format={repository.object_format}"
        with git_errors():
            git.init("--quiet", "--bare", "--template=", form, str(room / "git"))
        if makes_objects:
            # A path relative to the folder that git runs in needs no quoting.
            git.update_environment(GIT_ALTERNATE_OBJECT_DIRECTORIES=os.pardir)
        else:
            git.update_environment(GIT_OBJECT_DIRECTORY=str(repository.objects))
        yield git


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
