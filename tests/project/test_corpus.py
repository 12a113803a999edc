"""The real TML library: the state after fixing phase 1. This file quotes none of its code."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codemods.model.phases import phase_of
from tests.support.bundled import Example, untouched_lines
from tests.support.corpus import corpus_files, corpus_folder
from tml_ast import parse

pytestmark = pytest.mark.xdist_group("corpus")

BRANCH = "tmlfix/phase-1-http"
PATCH = "patches/phase-1-http.patch"


@dataclass(frozen=True, slots=True)
class FixedLibrary:
    """A checkout of the library with the branch and the patch of phase 1, and what was found."""

    checkout: Example
    document: dict[str, Any]

    def changes(self) -> dict[str, tuple[bytes, bytes]]:
        """The files that the branch changes, before and after."""
        names = self.checkout.line("diff", "--name-only", "main", BRANCH).splitlines()
        return {
            name: (self.checkout.git("show", f"main:{name}"), self.checkout.git("show", f"{BRANCH}:{name}"))
            for name in names
        }

    def result(self, name: str) -> str:
        """A file of the branch."""
        return self.checkout.git("show", f"{BRANCH}:{name}").decode()

    def added(self, name: str) -> list[str]:
        """The lines that the branch adds to a file."""
        diff = self.checkout.git("diff", "--unified=0", "main", BRANCH, "--", name).decode()
        return [line[1:].strip() for line in diff.splitlines() if re.match(r"\+(?!\+\+ )", line)]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> FixedLibrary:
    """Phase 1 of the library, fixed once for all tests. Skips them when there is no corpus."""
    corpus_files()
    folder = tmp_path_factory.mktemp("corpus") / "tml"
    shutil.copytree(corpus_folder(), folder, symlinks=True)
    checkout = Example(folder)
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.git("config", "core.autocrlf", "false")
    checkout.commit("The library")
    document = json.loads(checkout.tmlfix("apply", "--phase", "1", "--format", "json"))
    return FixedLibrary(checkout, document)


def test_apply_makes_a_branch_and_a_patch(fixed: FixedLibrary) -> None:
    (branch,) = fixed.document["summary"]["branches"]

    assert (branch["branch"], branch["state"]) == (BRANCH, "created")
    assert fixed.checkout.line("rev-parse", f"{BRANCH}~") == fixed.checkout.head()
    assert (fixed.checkout.folder / PATCH).read_bytes().startswith(b"From ")
    assert fixed.document["errors"] == []


def test_git_am_of_the_patch_gives_the_tree_of_the_branch(fixed: FixedLibrary, tmp_path: Path) -> None:
    fixed.checkout.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "base"), "main")
    base = Example(tmp_path / "base")

    base.git("am", "--quiet", "--keep-cr", str(fixed.checkout.folder / PATCH))

    assert base.tree("HEAD") == fixed.checkout.tree(BRANCH) != fixed.checkout.tree("main")


def test_in_place_leaves_nothing_to_fix(fixed: FixedLibrary, tmp_path: Path) -> None:
    fixed.checkout.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "base"), "main")
    base = Example(tmp_path / "base")

    base.tmlfix("apply", "--phase", "1", "--in-place")

    assert base.git("diff", BRANCH) == b""
    again = base.tmlfix("apply", "--phase", "1", "--dry-run", "--in-place")
    assert again.startswith("nothing to fix") or ": 0 with a fix, " in again


def test_rewritten_files_are_of_the_phase_and_parse(fixed: FixedLibrary) -> None:
    changes = fixed.changes()

    assert len(changes) >= 9
    for name, (_, after) in changes.items():
        phase = phase_of(name)
        assert phase is not None and phase.number == 1
        assert parse(after).code() == after


def test_lines_without_an_edit_stay_as_they_are(fixed: FixedLibrary) -> None:
    findings = fixed.document["findings"]
    for name, (before, after) in fixed.changes().items():
        edits = [edit for finding in findings if finding["path"] == name for edit in finding["edits"]]
        left = iter(after.splitlines(keepends=True))
        assert edits
        assert all(line in left for line in untouched_lines(before, edits)), name


def test_lines_end_as_in_the_rest_of_their_file(fixed: FixedLibrary) -> None:
    for name, (before, after) in fixed.changes().items():
        if b"\r\n" not in before:
            assert b"\r" not in after, name
        elif before.count(b"\r\n") == before.count(b"\n"):
            assert after.count(b"\r\n") == after.count(b"\n"), name


# What is asked for by name


TESTS = "lib/std/tests/http"
CLIENT = "lib/std/src/http/client.tml"


def test_the_response_is_released_before_the_ok_arm_returns(fixed: FixedLibrary) -> None:
    arm = re.search(r"Ok\(resp\) => \{(?s:.*?)\n +\}", fixed.result(f"{TESTS}/client.test.tml"))

    assert arm is not None
    assert re.search(r"\n( +)resp\.destroy\(\)\r?\n\1return 0\r?\n", arm[0])
    assert fixed.added(f"{TESTS}/client.test.tml") == ["resp.destroy()"]


@pytest.mark.parametrize("name", ["basic", "params", "mixed", "wildcard"])
def test_every_match_of_a_route_is_released_once(fixed: FixedLibrary, name: str) -> None:
    functions = fixed.result(f"{TESTS}/router_{name}.test.tml").split("@test")[1:]

    matches = 0
    for function in functions:
        owners = re.findall(r"let (\w+)(?:: RouteMatch)? = router\.find\(", function)
        matches += len(owners)
        for owner in owners:
            assert function.count(f"{owner}.destroy()") == 1, function
            assert function.index(f"{owner}.destroy()") < function.rindex("return")
    assert matches == len(fixed.added(f"{TESTS}/router_{name}.test.tml")) > 0


def test_the_buffer_of_the_response_outlives_its_parsing_and_no_longer(fixed: FixedLibrary) -> None:
    parsed = re.search(
        r"let (\w+)(?:: [^=\n]+)? = Response::parse\((\w+)\)\r?\n +return \1\r?\n", fixed.result(CLIENT)
    )

    assert parsed is not None
    assert not re.search(r"return Response::parse\(", fixed.result(CLIENT))
    assert f"{parsed[2]} as " not in "\n".join(fixed.added(CLIENT))


def test_the_request_is_released_after_it_was_sent(fixed: FixedLibrary) -> None:
    sent = re.findall(
        r"let (\w+)(?:: [^=\n]+)? = this\.send\((\w+)\)\r?\n +\2\.destroy\(\)\r?\n +return \1\r?\n",
        fixed.result(CLIENT),
    )

    assert len(sent) == fixed.added(CLIENT).count("req.destroy()") >= 6
    assert not re.search(r"return this\.send\(", fixed.result(CLIENT))


def test_text_that_the_compiler_frees_is_left_to_it(fixed: FixedLibrary) -> None:
    for name in fixed.changes():
        for line in fixed.added(name):
            assert "text()" not in line and "body.destroy" not in line
            assert not (name.endswith(".test.tml") and "mem_free" in line)
