"""Disks without room: what a run cannot write whole it leaves as it was, and says where and what to do."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import HTTP, LIBRARY, TMLFIX, Site, environment, git_that, leftovers, new_site

NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Without room, Python leaves a truncated compiled module."""

AGAIN = "run the same command again\n"
MOUNTED = """\
mount -t tmpfs -o size={size} none "$1" && cp -R "$2/." "$1" || exit 99
cd "$1" && head -c {fill} /dev/zero >filler
{command}; status=$?
rm filler; cp -R . "$3"
exit $status
"""
"""Runs a command in a copy of a folder on a disk of its own that is all but full; keeps what became of it."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The library; tests work on copies."""
    longest = "tests/http/second.test.tml"
    return new_site(
        tmp_path_factory.mktemp("original"), LIBRARY | {longest: f"// {'-' * 2000}\n{LIBRARY[longest]}"}
    )


@pytest.fixture
def site(original: Site, tmp_path: Path) -> Site:
    """A copy of the library."""
    return original.copy(tmp_path / "site")


def state(site: Site) -> tuple[object, ...]:
    """All that a run may change."""
    return site.state(), site.references(), site.patches()


def run_without_room(site: Site, size: int, *arguments: str) -> tuple[int, str]:
    """Run the command where no file can be longer than ``size`` bytes; its status and error."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    process = subprocess.run(
        [*TMLFIX, "apply", "--phase", "1", *arguments],
        cwd=site.folder,
        env=environment(site.place, **NO_BYTECODE),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=limit,
        timeout=120,
    )
    return process.returncode, process.stderr.decode()


@pytest.mark.parametrize("size", [0, 1500])
def test_in_place_writes_all_or_nothing(site: Site, size: int) -> None:
    # there is room for the first and the second of three files
    before = state(site)

    code, complaint = run_without_room(site, size, "--in-place")

    assert code == 2
    assert complaint.startswith(f"error: {site.folder}: nothing was written: {site.folder}")
    assert complaint.endswith(f": File too large; allow larger files there and {AGAIN}")
    assert complaint.count("\n") == 1
    assert state(site) == before
    assert not leftovers(site.place)


@pytest.mark.parametrize("size", [0, 1200])
def test_a_branch_and_its_patch_are_there_both_or_neither(site: Site, size: int) -> None:
    before = state(site)

    code, complaint = run_without_room(site, size)

    assert code == 2
    assert complaint.endswith(AGAIN)
    assert complaint.count("\n") == 1
    assert state(site) == before
    assert not (site.folder / "patches").exists()
    assert not leftovers(site.place)


@pytest.mark.parametrize("command", ["hash-object", "commit-tree", "update-ref"])
def test_a_git_without_room_leaves_no_files(
    site: Site, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(site)
    limit = f"case \"$*\" in *{command}*) trap '' XFSZ; ulimit -f 0 ;; esac"

    ended = site.tmlfix_here(monkeypatch, "apply", "--phase", "1", PATH=git_that(site.place, limit))

    assert ended.code == 2
    assert ended.err.startswith(f"error: {HTTP}: git: ")
    assert ended.err.endswith(AGAIN)
    assert state(site) == before
    assert not leftovers(site.place)


def test_no_room_for_the_patch_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(site)

    ended = site.tmlfix_here(monkeypatch, "apply", "--phase", "1", "--patches", "/dev/full")

    assert ended.code == 2
    assert ended.err.startswith(f"error: {HTTP}: ")
    assert state(site) == before


def test_a_report_that_cannot_be_printed_is_no_traceback(site: Site) -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [*TMLFIX, "apply", "--phase", "1"],
            cwd=site.folder,
            env=environment(site.place),
            stdout=full,
            stderr=subprocess.PIPE,
        )

    assert b"Traceback" not in process.stderr
    assert process.returncode != 0
    assert HTTP in site.references()
    assert list(site.patches()) == ["phase-1-http.patch"]


def can_mount() -> bool:
    """Whether this process may mount a disk of its own."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    command = [unshare, "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def disk() -> Iterator[None]:
    """Skips where no disk can be mounted."""
    if not can_mount():
        pytest.skip("needs the right to mount a disk (unshare --map-root-user --mount)")
    yield


@pytest.mark.parametrize(
    ("how", "spare"),
    [((), 5), ((), 30), (("--in-place",), 4)],
)
def test_a_disk_that_fills_up(
    site: Site, disk: None, tmp_path: Path, how: tuple[str, ...], spare: int
) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    used = sum(
        max(1, -(-path.stat().st_size // page)) for path in site.folder.rglob("*") if not path.is_dir()
    )
    size = used + 40
    command = " ".join(f"'{word}'" for word in [*TMLFIX, "apply", "--phase", "1", *how])
    script = MOUNTED.format(size=size * page, fill=(40 - spare) * page, command=command)
    mount, after = tmp_path / "mount", Site(tmp_path / "after" / "library")
    mount.mkdir()
    after.folder.mkdir(parents=True)

    process = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", mount, site.folder, after.folder],
        env=environment(site.place, **NO_BYTECODE),
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert process.returncode in (0, 2), process.stderr
    assert not leftovers(after.place)
    if process.returncode == 2:
        assert process.stderr.endswith(AGAIN)
        assert state(after) == state(site)
    else:
        assert (after.sources() != site.sources()) is bool(how)
        assert bool(how) or list(after.patches()) == ["phase-1-http.patch"]
    assert set(after.sources()) == {path for path in LIBRARY if path.endswith(".tml")}
