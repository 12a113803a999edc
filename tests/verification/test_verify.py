"""``tmlfix verify`` runs a program on two trees: real repositories, and a stand-in that counts leaks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import pytest

from codemods.files.repository import open_repository
from codemods.model.errors import UserError
from codemods.verification import processes
from codemods.verification.leaks import Amount
from codemods.verification.processes import command_on, read_command
from codemods.verification.runner_log import RunnerResult, read_result
from codemods.verification.test_runs import Measurement, Status
from codemods.verification.verify_report import RunComparison
from codemods.verification.worktrees import lay_out
from tests.support.bundled import Example, environment
from tests.support.command import Outcome, Run
from tests.support.project import PROGRAMS

STAND_IN = f"{quote(sys.executable)} {quote(str(PROGRAMS / 'stand_in_tml.py'))} test"
HTTP = "tmlfix/phase-1-http"
CLIENT = "tests/http/client.test.tml"
REQUEST = "tests/http/request.test.tml"
RESPONSE = "tests/http/response.test.tml"
QUIET = "tests/events/quiet.test.tml"


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example with the branch of phase 1, to be copied."""
    example = Example.create(tmp_path_factory.mktemp("fixed") / "example")
    example.tmlfix("apply", "--phase", "1", "--patches", example.folder.parent / "patches")
    return example


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where tmlfix keeps its temporary files."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def example(
    fixed: Example, tmp_path: Path, work: Path, git_identity: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Example]:
    """A copy of it as the current folder; whatever a test does there, tmlfix leaves no files."""
    subprocess.run(["cp", "-a", fixed.folder, tmp_path / "example"], check=True)
    copy = Example(tmp_path / "example")
    monkeypatch.chdir(copy.folder)
    monkeypatch.setattr("tempfile.tempdir", str(work))
    yield copy
    assert list(work.iterdir()) == []


def mark(example: Example, branch: str, **behaviours: str) -> None:
    """Let the stand-in behave so for test files of http: commit comments on a branch, and return to main."""
    if branch != "main":
        example.git("checkout", "--quiet", branch)
    for name, behaviour in behaviours.items():
        file = example.folder / "tests" / "http" / f"{name}.test.tml"
        file.write_text(f"{file.read_text()}// stand-in: {behaviour}\n")
    example.commit("Mark tests")
    example.git("checkout", "--quiet", "main")


def verify(run: Run, *arguments: str | Path) -> Outcome:
    return run("verify", "--tml", STAND_IN, *arguments)


def runs(outcome: Outcome, branch: int = 0) -> dict[str, tuple[str, str]]:
    """The statuses before and after of every run."""
    return {
        run["name"]: (run["before"]["status"], run["after"]["status"])
        for run in outcome.document["branches"][branch]["runs"]
    }


# What it finds


def test_the_fixes_of_a_phase_are_measured(example: Example, run: Run) -> None:
    state, branches = example.state(), example.branches()
    outcome = verify(run, "--phase", "1", "--format", "json")

    assert (outcome.code, outcome.err) == (0, "")
    assert (example.state(), example.branches()) == (state, branches)
    document = outcome.document
    assert document["harmless"] is True
    (branch,) = document["branches"]
    assert branch["branch"] == HTTP and branch["starts_from_head"] is True
    assert [run["name"] for run in branch["runs"]] == [
        CLIENT,
        "tests/http/client_discard.test.tml",
        REQUEST,
        RESPONSE,
        "tests/http/router.test.tml",
    ]
    assert branch["total"] == {"before": {"leaks": 10, "bytes": 111}, "after": {"leaks": 0, "bytes": 0}}
    (client,) = (run for run in branch["runs"] if run["name"] == CLIENT)
    assert client["before"] == {
        "status": "passed",
        "tests_passed": 6,
        "leaks": 5,
        "bytes": 60,
        "files": {CLIENT: {"leaks": 5, "bytes": 60}},
    }


def test_the_text_shows_what_changed_and_counts_the_rest(example: Example, run: Run) -> None:
    lines = verify(run, "--phase", "http").out.splitlines()

    assert lines[0].startswith(f"phase 1 http: {HTTP} at ") and lines[0].endswith(", 5 test files")
    assert [line.split() for line in lines[1:6]] == [
        "file result tests leaks before after bytes before after".split(),
        f"{CLIENT} passed 6 5 0 60 0".split(),
        f"{REQUEST} passed 3 1 0 11 0".split(),
        "tests/http/router.test.tml passed 3 4 0 40 0".split(),
        "total 5 passed 19 10 0 111 0".split(),
    ]
    assert lines[6:] == [
        "2 files with the same result before and after, in the total only",
        "the fixes are for the compiler of commit cf79b64d",
        "no test is lost, and nothing leaks more",
    ]


def test_markdown_is_a_table_for_a_pull_request(example: Example, run: Run) -> None:
    outcome = verify(run, "--phase", "1", "--format", "markdown", REQUEST)

    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].startswith("## phase 1 http: tmlfix/phase-1-http at ")
    assert lines[2:6] == [
        "| file | result | tests | leaks before | after | bytes before | after |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
        f"| {REQUEST} | passed | 3 | 1 | 0 | 11 | 0 |",
        "| total | 1 passed | 3 | 1 | 0 | 11 | 0 |",
    ]
    assert lines[-1] == "**no test is lost, and nothing leaks more**"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        ("crash", "crashed"),
        ("hang", "timed out"),
        ("does-not-compile", "does not compile"),
        ("fail", "failed"),
        ("exit", "failed"),
    ],
)
def test_a_test_that_no_longer_passes_is_lost(
    example: Example, run: Run, behaviour: str, status: str
) -> None:
    mark(example, HTTP, response=behaviour)

    outcome = verify(run, "--phase", "1", "--timeout", "1", RESPONSE, REQUEST)

    assert outcome.code == 1
    assert f"lost: {RESPONSE} passed before, and {status} after" in outcome.out
    assert outcome.out.splitlines()[-1] == "tests lost in 1 file; 0 files with more leaks"


def test_a_test_that_prints_without_end_is_ended(
    example: Example, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MOST_OUTPUT", 1_000_000)
    mark(example, HTTP, response="chatter")

    outcome = verify(run, "--phase", "1", "--timeout", "30", RESPONSE, REQUEST)

    assert outcome.code == 1
    assert f"lost: {RESPONSE} passed before, and printed without end after" in outcome.out


@pytest.mark.parametrize("behaviour", ["crash", "hang", "does-not-compile", "fail"])
def test_what_does_not_pass_on_head_either_is_no_loss(example: Example, run: Run, behaviour: str) -> None:
    mark(example, "main", response=behaviour)
    example.git("branch", "same", "main")
    mark(example, "same", request="other")

    outcome = verify(run, "--branch", "same", "--timeout", "1", RESPONSE, REQUEST)

    assert outcome.code == 0
    assert "1 file " in outcome.out and " on HEAD already" in outcome.out


def test_several_files_that_do_not_compile_on_head_are_counted(example: Example, run: Run) -> None:
    mark(example, "main", response="does-not-compile", request="does-not-compile")
    example.git("branch", "same", "main")
    mark(example, "same", router="other")

    outcome = verify(run, "--branch", "same", "tests/http")

    assert "2 files do not compile on HEAD already" in outcome.out


def test_a_file_that_leaks_more_is_worse_even_if_the_total_falls(example: Example, run: Run) -> None:
    mark(example, HTTP, response="leak")

    outcome = verify(run, "--phase", "1", "--format", "json")

    assert outcome.code == 1
    (branch,) = outcome.document["branches"]
    assert branch["worse"] == [RESPONSE] and branch["lost"] == []
    assert branch["total"]["after"] == {"leaks": 1, "bytes": 7}


def test_the_result_goes_to_a_file_and_need_not_fail_a_job(example: Example, run: Run) -> None:
    mark(example, HTTP, response="leak")
    printed = verify(run, "--phase", "1")

    outcome = verify(run, "--phase", "1", "-o", "verify.txt", "--exit-zero")

    assert printed.code == 1
    assert (outcome.code, outcome.out) == (0, "")
    assert Path("verify.txt").read_text() == printed.out


def test_a_test_file_that_is_gone_is_lost(example: Example, run: Run) -> None:
    example.git("checkout", "--quiet", HTTP)
    example.git("rm", "--quiet", RESPONSE)
    example.commit("Remove a test")
    example.git("checkout", "--quiet", "main")

    outcome = verify(run, "--phase", "1")

    assert outcome.code == 1
    assert f"lost: {RESPONSE} passed before, and is absent after" in outcome.out


def test_folders_are_run_whole_and_their_files_compared(example: Example, run: Run) -> None:
    mark(example, HTTP, response="leak")

    outcome = verify(run, "--phase", "1", "--by", "suite", "--format", "json")

    assert outcome.code == 1
    (branch,) = outcome.document["branches"]
    (suite,) = branch["runs"]
    assert suite["name"] == "tests/http" and suite["before"]["tests_passed"] == 19
    assert suite["before"]["files"][CLIENT] == {"leaks": 5, "bytes": 60}
    assert branch["worse"] == [RESPONSE]


def test_tests_that_a_branch_changes_are_run_with_those_of_the_phase(example: Example, run: Run) -> None:
    example.git("checkout", "--quiet", HTTP)
    with (example.folder / QUIET).open("a") as stream:
        stream.write("// stand-in: leak\n")
    example.commit("Change a test of another phase")
    example.git("checkout", "--quiet", "main")

    outcome = verify(run, "--phase", "1", "--format", "json")

    assert (outcome.code, len(runs(outcome))) == (1, 6)
    assert outcome.document["branches"][0]["worse"] == [QUIET]


def test_any_branch_can_be_verified_with_all_tests(example: Example, run: Run) -> None:
    outcome = verify(run, "--branch", f"{HTTP}~0", "--format", "json", "--jobs", "3")

    assert outcome.code == 0
    assert len(runs(outcome)) == len(list(example.folder.rglob("*.test.tml")))


def test_all_takes_the_branches_that_there_are(example: Example, run: Run) -> None:
    outcome = verify(run, "--all", "--jobs", "1")

    assert outcome.code == 0
    assert "left out, as there is no such branch: tmlfix/phase-3-collections\n" in outcome.out


def test_a_branch_older_than_head_is_noted(example: Example, run: Run) -> None:
    (example.folder / "notes.txt").write_text("notes\n")
    example.commit("Go on")

    outcome = verify(run, "--phase", "1", REQUEST)

    assert outcome.code == 0
    assert f"{HTTP} does not start from HEAD, so other changes count too" in outcome.out
    assert "tmlfix apply --phase 1 brings it up to date" in outcome.out


def test_what_the_runs_print_is_kept_where_it_is_wanted(example: Example, run: Run, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for _ in range(2):
        verify(run, "--phase", "1", "--logs", logs, REQUEST)

    before = logs / example.head()[:12] / f"{REQUEST}.log"
    assert "Summary: 1 leak(s), 11 bytes lost" in before.read_text()
    assert len(list(logs.rglob("*.log"))) == 2


# What the program is given


def program(folder: Path, text: str) -> str:
    """A program in Python, as a command."""
    file = folder / "program.py"
    file.write_text(text)
    return f"{quote(sys.executable)} {quote(str(file))}"


RESULT = "print('test result: ok. 1 passed; 0 failed; 1 file')\n"
PASSED = f"{RESULT}print('Memory Leaks none detected')\n"


def test_the_program_sees_the_whole_tree_of_the_commit_and_no_more(
    example: Example, run: Run, tmp_path: Path
) -> None:
    (example.folder / "tool.sh").write_text("#!/bin/sh\n")
    (example.folder / "tool.sh").chmod(0o755)
    (example.folder / "inside").symlink_to("lib/src")
    (example.folder / "outside").symlink_to(tmp_path)
    deep = example.folder / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "up").symlink_to("../../../lib")
    (example.folder / "around").symlink_to("a/b/c/up/../..")  # inside by its text only
    example.commit("Add files of other kinds")
    (example.folder / "uncommitted").touch()
    look = program(
        tmp_path,
        "import os, sys\n"
        f"with open({str(tmp_path / 'seen')!r}, 'a') as seen:\n"
        "    print(sys.argv[1:], os.access('tool.sh', os.X_OK), os.path.isdir('inside/http'),\n"
        "          sorted(os.listdir('.')), os.path.exists('lib/src/mod.tml'), file=seen)\n" + PASSED,
    )

    assert run("verify", "--tml", f"{look} -x 'a b' {{}}! --y", "--phase", "1", REQUEST).code == 0

    lines = (tmp_path / "seen").read_text().splitlines()
    committed = example.line("ls-tree", "--name-only", "HEAD").split("\n")
    names = sorted({*committed} - {"around", "outside"})
    assert f"{['-x', 'a b', f'{REQUEST}!', '--y']} True True {names} True" in lines
    assert len(lines) == 2


def test_what_git_ignores_can_be_linked(example: Example, run: Run, tmp_path: Path) -> None:
    built = example.folder / "build" / "debug" / "runtime.a"
    built.parent.mkdir(parents=True)
    built.write_text("42")
    needs = program(tmp_path, "assert open('build/debug/runtime.a').read() == '42'\n" + PASSED)

    without = run("verify", "--tml", needs, "--phase", "1", REQUEST)
    linked = run("verify", "--tml", needs, "--phase", "1", REQUEST, "--link", "build/debug/runtime.a")

    assert without.code == 2 and "--link PATH adds what git ignores" in without.err
    assert linked.code == 0
    assert built.read_text() == "42"
    built.unlink()


def test_a_link_that_the_tests_write_to_makes_the_result_doubtful(
    example: Example, run: Run, tmp_path: Path
) -> None:
    built = example.folder / "build"
    built.mkdir()
    (built / "runtime.a").write_text("42")
    writes = program(tmp_path, "open('build/log', 'a').write('ran')\n" + PASSED)
    links = "--link", "build"

    shared = run("verify", "--tml", writes, "--phase", "1", REQUEST, *links)
    document = run("verify", "--tml", writes, "--phase", "1", REQUEST, *links, "--format", "json").document
    harmless = run(
        "verify", "--tml", program(tmp_path, PASSED), "--phase", "1", REQUEST, *links, "--format", "json"
    )

    assert "the runs share the link build, and something wrote to it meanwhile" in shared.out
    assert document["overwritten"] == ["build"]
    assert harmless.document["overwritten"] == []
    shutil.rmtree(built)


def test_two_runs_never_share_a_tree(example: Example, run: Run, tmp_path: Path) -> None:
    alone = program(
        tmp_path,
        "import os\n"
        "os.close(os.open('in use', os.O_CREAT | os.O_EXCL))\n"
        "sum(range(200_000))\n"
        "os.unlink('in use')\n" + PASSED,
    )
    outcome = run("verify", "--tml", alone, "--branch", HTTP, "--jobs", "4", "--format", "json")

    assert outcome.code == 0
    assert set(runs(outcome).values()) == {("passed", "passed")}


def test_what_the_program_leaves_is_removed_even_if_it_is_locked(
    example: Example, run: Run, tmp_path: Path
) -> None:
    locks = program(
        tmp_path,
        "import os\nos.makedirs('build/x/y')\nos.chmod('build/x', 0)\nos.chmod('build', 0o555)\n" + PASSED,
    )
    assert run("verify", "--tml", locks, "--phase", "1", REQUEST).code == 0


def test_no_hook_and_no_filter_of_the_repository_runs(example: Example, run: Run, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = tmp_path / "trap"
    trap.write_text(f'#!/bin/sh\ntouch "{sprung}"\ncat\n')
    trap.chmod(0o755)
    hook = example.folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to(trap)
    (example.folder / ".gitattributes").write_text("*.tml filter=trap\n")
    example.commit("Ask for a filter")
    example.git("config", "filter.trap.smudge", str(trap))

    assert verify(run, "--phase", "1", REQUEST).code == 0

    assert not sprung.exists()
    example.git("worktree", "add", "--quiet", str(tmp_path / "plain"))
    assert sprung.exists()


# Programs that hang, and runs that are ended


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program that hangs writes the ids of its processes."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    monkeypatch.setenv("STAND_IN_PIPE", str(path))
    return path


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@needs_proc
def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    example: Example, work: Path, pipe: Path
) -> None:
    mark(example, HTTP, response="hang")
    command = ["tmlfix", "verify", "--tml", STAND_IN, "--phase", "1", "--timeout", "2", RESPONSE]
    with start(example, work, command) as process:
        ids = [int(id_) for id_ in pipe.read_text().split()]
        out, err = process.communicate(timeout=60)

    assert process.returncode == 1, err
    assert "timed out after" in out
    assert not any(map(is_running, ids))


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(
    example: Example, work: Path, pipe: Path, number: signal.Signals
) -> None:
    mark(example, "main", response="hang")
    command = ["tmlfix", "verify", "--tml", STAND_IN, "--branch", HTTP, RESPONSE]
    with start(example, work, command) as process:
        ids = [int(id_) for id_ in pipe.read_text().split()]
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (2, "")
    assert err == "tmlfix: interrupted; everything that it had started or made is removed\n"
    assert not any(map(is_running, ids))


@needs_proc
def test_the_next_run_removes_what_a_killed_one_left(
    example: Example, work: Path, pipe: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(example, "main", response="hang")
    with start(example, work, ["tmlfix", "verify", "--tml", STAND_IN, "--branch", HTTP, RESPONSE]) as process:
        ids = [int(id_) for id_ in pipe.read_text().split()]
        process.kill()
        process.communicate(timeout=60)
    assert list(work.iterdir())
    for id_ in ids:
        os.kill(id_, signal.SIGKILL)

    assert verify(run, "--phase", "1", REQUEST).code == 0


def start(example: Example, work: Path, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=example.folder,
        env=environment() | {"TMPDIR": str(work)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# What it refuses


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--phase", "2"], "there is no branch tmlfix/phase-2-net-parsers; tmlfix apply --phase 2 makes it"),
        (["--branch", "nowhere"], "there is no branch or commit nowhere"),
        (["--branch=--evil"], "there is no branch or commit --evil"),
        (["--branch", "main"], "HEAD is main itself; switch to the branch that it starts from"),
        ([], "say which branch: --phase N, --all or --branch NAME"),
        (["--all", "--phase", "1"], "--all goes with neither --phase nor --branch"),
        (["--branch", HTTP, "--phase", "1,2"], "--branch goes with one phase"),
        (["--phase", "1", "lib"], "there is nothing to run: no test file is covered"),
        (["--phase", "1", "--link", "../x"], "is outside of"),
        (["--phase", "1", "--link", "x"], "x does not exist, so it cannot be linked"),
        (["--phase", "1", "--link", "tml.toml"], "tml.toml is in the commit already"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    example: Example, run: Run, arguments: list[str], complaint: str
) -> None:
    outcome = verify(run, *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err and outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("", "the command is empty"),
        ("tml 'test", "cannot be read: No closing quotation"),
        ("no-such-program test", "the program no-such-program is not on your PATH"),
        ("./lib/src/mod.tml test", "does not exist or cannot be run"),
        (
            "true",
            "with 'true' no test of the commit HEAD ends with a result that can be read: "
            "1 program ended with 0, but none printed `test result: ...`; "
            "add --log-filter=test=info to the command, or look at what it prints with --logs DIR\n",
        ),
        ("false", "(1 failed); --logs DIR keeps what it prints"),
    ],
)
def test_a_command_that_runs_no_tests_is_no_proof(
    example: Example, run: Run, command: str, complaint: str
) -> None:
    outcome = run("verify", "--tml", command, "--phase", "1", REQUEST)

    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err


def test_a_program_that_is_silent_about_leaks_measures_none(
    example: Example, run: Run, tmp_path: Path
) -> None:
    silent = program(tmp_path, RESULT)

    text = run("verify", "--tml", silent, "--phase", "1", REQUEST, RESPONSE)
    outcome = run("verify", "--tml", silent, "--phase", "1", REQUEST, "--format", "json")

    assert (text.code, outcome.code) == (2, 2)
    assert text.out.splitlines()[2].split() == "total 2 passed 2 - - - -".split()
    assert text.out.splitlines()[-1] == (
        "no test is lost; leaks were not measured in 2 files (add --log-filter=test=info to the command)"
    )
    (branch,) = outcome.document["branches"]
    assert outcome.document["harmless"] is None and branch["unmeasured"] == [REQUEST]
    nothing = {"leaks": None, "bytes": None}
    assert branch["total"] == {"before": nothing, "after": nothing}
    assert branch["runs"][0]["after"] == {"status": "passed", "tests_passed": 1, **nothing, "files": {}}


def test_a_file_without_a_leak_report_is_named_beside_those_with_one(example: Example, run: Run) -> None:
    mark(example, HTTP, request="no-report")

    outcome = verify(run, "--phase", "1", REQUEST, CLIENT)

    assert outcome.code == 0
    assert f"{REQUEST} passed 3 1 - 11 -".split() in [line.split() for line in outcome.out.splitlines()]
    assert "total 2 passed 9 5 0 60 0".split() in [line.split() for line in outcome.out.splitlines()]
    assert "no test is lost; leaks were not measured in 1 file (add " in outcome.out

    mark(example, HTTP, response="crash")
    lost = verify(run, "--phase", "1", REQUEST, RESPONSE)

    assert lost.code == 1
    assert "tests lost in 1 file; 0 files with more leaks; leaks were not measured in 1 file" in lost.out


def test_a_path_without_tests_is_named_beside_the_results(example: Example, run: Run) -> None:
    outcome = verify(run, "--phase", "1", REQUEST, "tests/nothing.test.tml")

    assert outcome.code == 2
    assert "no test is lost" in outcome.out
    assert "error: tests/nothing.test.tml: names no .tml file of" in outcome.err


# The parts


def test_a_command_is_split_like_in_a_shell_but_runs_in_none(tmp_path: Path) -> None:
    tool = tmp_path / "my tool"
    tool.write_text("")
    tool.chmod(0o755)

    assert read_command("'./my tool' test '$HOME' ; x", tmp_path) == (str(tool), "test", "$HOME", ";", "x")
    assert command_on(("tml", "test"), "a b") == ["tml", "test", "a b"]
    assert command_on(("tml", "--file={}", "-q"), "a b") == ["tml", "--file=a b", "-q"]
    with pytest.raises(UserError):
        read_command("./gone", tmp_path)


def leaking(number: int, size: int) -> Measurement:
    return Measurement(Status.PASSED, 5, Amount(number, size))


@pytest.mark.parametrize(
    ("before", "after", "lost", "worse"),
    [
        (Measurement(Status.PASSED, 5), Measurement(Status.PASSED, 5), False, False),
        (Measurement(Status.PASSED, 5), Measurement(Status.PASSED, 4), True, False),
        (Measurement(Status.PASSED, 5), Measurement(Status.PASSED, None), False, False),
        (Measurement(Status.FAILED, 5), Measurement(Status.FAILED, 4), True, False),
        (Measurement(Status.FAILED, 4), Measurement(Status.PASSED, 5), False, False),
        (Measurement(Status.CRASHED), Measurement(Status.PASSED, 5, Amount(9, 9)), False, False),
        (Measurement(Status.FAILED, 5), Measurement(Status.TIMED_OUT), True, False),
        (Measurement(Status.CRASHED), Measurement(Status.UNCOMPILED), False, False),
        (Measurement(Status.ABSENT), Measurement(Status.PASSED, 5), False, False),
        (
            Measurement(Status.PASSED, 5, Amount(1, 8)),
            Measurement(Status.PASSED, 5, Amount(2, 4)),
            False,
            True,
        ),
        (
            Measurement(Status.PASSED, 5, Amount(2, 8)),
            Measurement(Status.PASSED, 5, Amount(1, 9)),
            False,
            True,
        ),
        (
            Measurement(Status.PASSED, 5, Amount(2, 8)),
            Measurement(Status.PASSED, 5, Amount(1, 8)),
            False,
            False,
        ),
    ],
)
def test_what_counts_as_lost_and_as_worse(
    before: Measurement, after: Measurement, lost: bool, worse: bool
) -> None:
    comparison = RunComparison("a.test.tml", before, after)

    assert (comparison.lost, bool(comparison.worse)) == (lost, worse)


@pytest.mark.parametrize(
    ("output", "result"),
    [
        (b"", RunnerResult()),
        (
            b"\x1b[32mINFO\x1b[0m [test] test result: \x1b[1mok\x1b[0m. 3 passed; 0 failed",
            RunnerResult(True, 3),
        ),
        (b"test result: FAILED. 2 passed; 1 failed; 1 file\r\n", RunnerResult(False, 2)),
        (
            b"test result: ok. 2 passed; 0 failed\ntest result: FAILED. 1 passed; 1 failed",
            RunnerResult(False, 1),
        ),
        (b"\xff COMPILATION FAILED suite=x", RunnerResult(does_not_compile=True)),
        (b"FATAL: SIGSEGV", RunnerResult(crashed=True)),
        (b"test result: ok. %b passed; 0 failed" % (b"9" * 5000), RunnerResult()),
    ],
)
def test_results_are_read_from_every_kind_of_log(output: bytes, result: RunnerResult) -> None:
    assert read_result(output) == result


def test_a_tree_that_would_lead_out_is_not_laid_out(example: Example, tmp_path: Path) -> None:
    blob = example.git("hash-object", "-w", "--stdin", feed=b"x").decode().strip()
    inner = example.git("mktree", feed=f"100644 blob {blob}\tx\n".encode()).decode().strip()
    for name in ("..", ".git", ".GIT"):
        raw = f"40000 {name}\0".encode() + bytes.fromhex(inner)
        tree = (
            example.git("hash-object", "-t", "tree", "--literally", "-w", "--stdin", feed=raw)
            .decode()
            .strip()
        )
        commit = example.git("commit-tree", tree, feed=b"Evil\n").decode().strip()
        with pytest.raises(UserError, match="is not the path of a file in a tree"):
            lay_out(open_repository(example.folder), commit, tmp_path / f"tree{name}")
        assert list(tmp_path.glob("tree*/*")) == []


def test_a_submodule_is_an_empty_folder(example: Example, tmp_path: Path) -> None:
    example.git("update-index", "--add", "--cacheinfo", f"160000,{example.head()},vendor")
    example.git("commit", "--quiet", "--message", "Add a submodule")

    lay_out(open_repository(example.folder), example.head(), tmp_path / "tree")

    assert list((tmp_path / "tree" / "vendor").iterdir()) == []
