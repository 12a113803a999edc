"""Choosing fixes on the terminal: through a pipe, and through a real pseudo-terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codemods.files.workspace import read_tree
from tests.support.bundled import Example, environment
from tests.support.command import Outcome, Run
from tests.support.project import EXAMPLE

CLIENT = "lib/src/http/client.tml"
ROUTER = "lib/src/http/router.tml"

Answer = Callable[..., Outcome]


@pytest.fixture
def answer(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Runs the command in place with these lines on standard input."""

    def call(answers: str, *arguments: str, phase: str = "http") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers.split())))
        return run("apply", "--phase", phase, "--interactive", "--in-place", library, *arguments)

    return call


def changed(library: Path) -> dict[str, bytes]:
    """The files that differ from the library as it is bundled, with what they became."""
    before = read_tree(EXAMPLE).files
    return {path: content for path, content in read_tree(library).files.items() if content != before[path]}


def prompts(outcome: Outcome) -> list[str]:
    """The questions with their answers, without the choices."""
    return re.findall(r"(?m)^\((\d+/\d+)\) Make this fix \[[^]]*\]\? (.*)$", outcome.out)


def test_exactly_what_is_chosen_is_fixed(answer: Answer, library: Path) -> None:
    outcome = answer("y n q")

    assert (outcome.code, outcome.err) == (0, "")
    assert prompts(outcome) == [("1/19", "y"), ("2/19", "n"), ("3/19", "q")]
    assert f"fixed {CLIENT}\n1 finding fixed in 1 file\n  left out: " in outcome.out
    (content,) = changed(library).values()
    assert content.count(b"req.destroy()") == 1


def test_the_end_of_the_answers_means_q(answer: Answer, library: Path) -> None:
    outcome = answer("y y")

    assert outcome.code == 0
    assert changed(library)[CLIENT].count(b"req.destroy()") == 2


def test_a_and_d_are_for_the_rest_of_the_file(answer: Answer, library: Path) -> None:
    outcome = answer("n a d q")

    assert [number for number, _ in prompts(outcome)] == ["1/19", "2/19", "4/19", "6/19"]
    assert changed(library).keys() == {CLIENT}
    assert "3 findings fixed in 1 file\n  left out: " in outcome.out


def test_a_hunk_of_several_findings_is_split(answer: Answer, library: Path) -> None:
    outcome = answer("n n s n y q")

    assert [number for number, _ in prompts(outcome)] == ["1/19", "2/19", "3/19", "3/20", "4/20", "5/20"]
    content = changed(library)[CLIENT]
    assert b"return Response::parse(data as Str)" in content
    assert b"let scheme: Str" not in content


def test_the_rule_and_the_answers_are_explained(answer: Answer, library: Path) -> None:
    outcome = answer("e ? x q")

    assert "missing-release\nAn owned value leaves its scope unreleased." in outcome.out
    assert outcome.out.count("y - make this fix\n") == 2
    assert "s - split" not in outcome.out
    assert outcome.out.endswith("nothing was chosen\n")
    assert not changed(library)


def test_a_fix_that_needs_what_was_declined_is_skipped(answer: Answer, library: Path) -> None:
    outcome = answer("n " * 19)

    skipped = [line for line in outcome.out.splitlines() if " skipped: " in line]
    assert [line.split(" skipped: ")[0] for line in skipped] == [
        "tests/http/router.test.tml:9 missing-release",
        "tests/http/router.test.tml:22 missing-release",
        "tests/http/router.test.tml:40 discarded-owner",
        "tests/http/router.test.tml:41 missing-release",
        "tests/http/router.test.tml:44 missing-release",
        "tests/http/router.test.tml:40 missing-release",
    ]
    *most, last = skipped
    assert all(line.endswith(f"it needs the fix of {ROUTER}:87, which you declined") for line in most)
    assert last.endswith("it needs the fix of tests/http/router.test.tml:40, which you declined")
    assert (outcome.code, outcome.err) == (0, "")
    assert not changed(library)


def test_a_fix_names_what_it_needs(answer: Answer, library: Path) -> None:
    outcome = answer("n " * 5 + "y " + "n " * 10 + "y q")

    assert prompts(outcome)[-2:] == [("17/19", "y"), ("18/19", "q")]
    assert f"  needs what was asked about before: {ROUTER}:87 incomplete-destroy\n" in outcome.out
    assert (outcome.code, outcome.err) == (0, "")
    assert changed(library).keys() == {ROUTER, "tests/http/router.test.tml"}


def test_of_a_split_question_only_what_needs_no_declined_fix_is_asked(answer: Answer) -> None:
    outcome = answer("n " * 11 + "s n q")

    assert [number for number, _ in prompts(outcome)[-3:]] == ["12/19", "12/20", "14/20"]
    assert (
        "tests/http/client.test.tml:86 scoped-cleanup skipped: "
        "it needs the fix of tests/http/client.test.tml:86, which you declined\n"
    ) in outcome.out


def test_nothing_to_fix(answer: Answer, library: Path) -> None:
    shutil.rmtree(library / "lib")
    shutil.rmtree(library / "tests")
    (library / "clean.tml").write_text("func main() {\n}\n")

    assert answer("").out == "nothing to fix in the working tree\n"


def test_nobody_is_asked_where_no_branch_can_be_made(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(library.parent))

    outcome = run("apply", "--all", "--interactive", library)

    assert (outcome.code, outcome.out) == (2, "")
    assert "git" in outcome.err


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--format", "json"), ("--selection", "x")])
def test_what_it_does_not_go_with(answer: Answer, arguments: tuple[str, ...]) -> None:
    outcome = answer("y", *arguments)

    assert outcome.code == 2
    assert "--interactive goes with neither --selection, --dry-run nor --format json" in outcome.err


def test_branches_get_what_is_chosen(tmp_path: Path) -> None:
    example = Example.create(tmp_path / "example")

    command = ["tmlfix", "apply", "--phase", "1,2", "--interactive"]
    subprocess.run(command, cwd=example.folder, env=environment(), input=b"y\nq\n", check=True)

    assert example.branches() == ["main", "tmlfix/phase-1-http"]
    assert example.line("diff", "--stat", "main", "tmlfix/phase-1-http").count("client.tml") == 1


# A real terminal


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.output = ""
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment() | {"TERM": "xterm-256color", "COLUMNS": "200"})

    def wait_for(self, pattern: str) -> None:
        """Read until what is new matches."""
        start = len(self.output)
        while not re.search(pattern, self.output[start:]):
            if not select.select([self.descriptor], [], [], 120)[0]:
                raise AssertionError(f"no {pattern} in {self.output[start:][-500:]!r}")
            try:
                self.output += os.read(self.descriptor, 4096).decode()
            except OSError:  # the other end is closed
                raise AssertionError(f"no {pattern} in {self.output[start:][-500:]!r}") from None

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        """The exit status."""
        with_end = self.output
        while True:
            try:
                part = os.read(self.descriptor, 4096)
            except OSError:
                break
            if not part:
                break
            with_end += part.decode()
        self.output = with_end
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


@pytest.fixture
def terminal(library: Path) -> Iterator[Terminal]:
    started = Terminal(["tmlfix", "apply", "--phase", "1", "--interactive", "--in-place"], library)
    yield started
    os.close(started.descriptor)


def test_on_a_terminal_hunks_are_coloured_and_answers_are_typed(terminal: Terminal, library: Path) -> None:
    terminal.wait_for(r"\(1/19\) Make this fix \[y,n,a,d,q,e,\?\]\?")
    assert re.search("\x1b\\[31m- +return this.send\\(req\\)\x1b", terminal.output)
    assert re.search("\x1b\\[32m\\+ +req.destroy\\(\\)\x1b", terminal.output)
    terminal.type("y\n")
    terminal.wait_for(r"\(2/19\)")
    terminal.type("\x04")

    assert terminal.end() == 0
    assert f"fixed {CLIENT}" in terminal.output
    assert changed(library)[CLIENT].count(b"req.destroy()") == 1


def test_an_interrupt_changes_nothing(terminal: Terminal, library: Path) -> None:
    terminal.wait_for(r"\(1/19\)")
    terminal.type("y\n")
    terminal.wait_for(r"\(2/19\)")
    terminal.type("\x03")

    assert terminal.end() != 0
    assert not changed(library)
    assert "Traceback" not in terminal.output
