"""The bundled library: the patches that show the tool's work, and what must hold of each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codemods.model.phases import PHASES, phase_of
from tests.support.bundled import Example, untouched_lines
from tests.support.project import EXAMPLE, PATCHES
from tml_ast import parse

pytestmark = pytest.mark.xdist_group("example")


@dataclass(frozen=True, slots=True)
class FixedLibrary:
    """The library with a branch and a patch for every phase, and with all fixes in its checkout."""

    example: Example
    findings: list[dict[str, Any]]
    """What a dry run found before."""

    @property
    def before(self) -> dict[str, bytes]:
        return {path: (EXAMPLE / path).read_bytes() for path in self.after}

    @property
    def after(self) -> dict[str, bytes]:
        return self.example.sources()

    def patches(self) -> dict[str, str]:
        files = sorted(self.example.folder.glob("patches/*.patch"))
        return {path.name: path.read_text() for path in files}


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> FixedLibrary:
    """The library after everything that tmlfix can do for it."""
    example = Example.create(tmp_path_factory.mktemp("fixed") / "example")
    document = json.loads(example.tmlfix("apply", "--all", "--dry-run", "--format", "json", expect=1))
    example.tmlfix("apply", "--all")
    example.tmlfix("apply", "--all", "--in-place")
    return FixedLibrary(example, document["findings"])


def added_lines(patch: Path) -> Iterator[tuple[str, str]]:
    """The file and the text of every line that a patch adds."""
    file = ""
    for line in patch.read_text().splitlines():
        if line.startswith("+++ b/"):
            file = line.removeprefix("+++ b/")
        elif line.startswith("+"):
            yield file, line[1:].strip()


# The patches


def test_patches_are_what_the_tool_writes(fixed: FixedLibrary) -> None:
    shipped = {path.name: path.read_text() for path in PATCHES.iterdir()}
    written = fixed.patches()

    hint = "bring patches/ up to date with: .venv/bin/python -m tests.update"
    assert shipped.keys() == written.keys(), hint
    for name, content in written.items():
        assert shipped[name] == content, f"{name}: {hint}"


@pytest.mark.parametrize("patch", sorted(PATCHES.glob("*.patch")), ids=lambda patch: patch.stem)
def test_git_am_of_a_patch_gives_the_tree_of_the_branch(
    fixed: FixedLibrary, tmp_path: Path, patch: Path
) -> None:
    (branch,) = (phase.branch for phase in PHASES if phase.patch_name == patch.name)
    example = Example.create(tmp_path / "example")

    example.git("am", "--quiet", "--keep-cr", str(patch))

    assert example.tree("HEAD") == fixed.example.tree(branch) != fixed.example.tree("main")


def test_a_patch_changes_only_files_of_its_phase() -> None:
    for phase in PHASES:
        patch = PATCHES / phase.patch_name
        changed = {file for file, _ in added_lines(patch)} if patch.exists() else set[str]()
        assert all(phase_of(file) is phase for file in changed)
        for test in (EXAMPLE / file for file in changed if file.startswith("tests/")):
            assert test.read_text().startswith(f"// Phase {phase.number}: ")


# What must not be touched


def test_a_release_in_a_test_is_a_call_of_the_types_own_release() -> None:
    released: dict[str, set[str]] = {}
    for file, line in added_lines(PATCHES / "phase-1-http.patch"):
        if file.startswith("tests/"):
            assert "mem_free" not in line
            released.setdefault(Path(file).name, set()).update(re.findall(r"(\w+)\.destroy\(\)", line))
    assert released == {
        "client.test.tml": {"resp", "response"},
        "client_discard.test.tml": {"response"},
        "request.test.tml": {"req"},
        "router.test.tml": {"m", "other", "route_match"},
    }


def test_strings_that_the_compiler_frees_and_views_are_left_to_it(fixed: FixedLibrary) -> None:
    assert fixed.after["tests/http/client.test.tml"].count(b"let body: Str = resp.text()") == 3
    for _, line in added_lines(PATCHES / "phase-1-http.patch"):
        assert not re.search(r"\b(text|body|body_data|header|value_at)\b", line), line


def test_files_that_leak_nothing_are_left_alone(fixed: FixedLibrary) -> None:
    for path in (
        "tests/http/response.test.tml",
        "lib/src/http/response.tml",
        "lib/src/http/headers.tml",
    ):
        assert fixed.after[path] == fixed.before[path]


def test_an_owner_is_released_before_each_return_and_in_each_loop(fixed: FixedLibrary) -> None:
    client = fixed.after["tests/http/client.test.tml"].decode()

    assert re.search(r"assert_eq\(body, [^\n]+\)\n +resp\.destroy\(\)\n +return 0\n", client)
    assert re.search(r"Ok\(resp\) => \{\n +assert_eq\(.*, 404\)\n +resp\.destroy\(\)\n +\},", client)
    assert re.search(r"visits = visits \+ 1\n +resp\.destroy\(\)\n +\}", client)


# Rewriting in place


def test_nothing_is_left_to_fix(fixed: FixedLibrary) -> None:
    preview = fixed.example.tmlfix("apply", "--all", "--dry-run", "--in-place")

    assert ": 0 with a fix, " in preview


def test_a_second_time_changes_nothing(fixed: FixedLibrary) -> None:
    before = fixed.after

    assert fixed.example.tmlfix("apply", "--all", "--in-place").startswith("0 findings fixed in 0 files\n")
    assert fixed.after == before


def test_every_result_parses(fixed: FixedLibrary) -> None:
    for content in fixed.after.values():
        assert parse(content).code() == content


def test_branches_and_working_tree_get_the_same_fixes(fixed: FixedLibrary, tmp_path: Path) -> None:
    example = Example.create(tmp_path / "example")
    example.tmlfix("apply", "--all", "--stacked")

    last = "tmlfix/phase-5-test-infra"
    for path, content in fixed.after.items():
        assert example.git("show", f"{last}:{path}") == content


def test_lines_without_an_edit_stay_as_they_are(fixed: FixedLibrary) -> None:
    after = fixed.after
    for path, before in fixed.before.items():
        edits = [edit for finding in fixed.findings if finding["path"] == path for edit in finding["edits"]]
        left = iter(after[path].splitlines(keepends=True))
        for line in untouched_lines(before, edits):
            assert line in left, f"{path}: {line!r}"


def crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def no_end(content: bytes) -> bytes:
    return content.rstrip(b"\n")


def restyled(folder: Path, style: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """The library with other line ends, after all fixes."""
    example = Example.create(folder)
    for path, content in example.sources().items():
        example.write(path, style(content))
    example.tmlfix("apply", "--all", "--in-place")
    return example.sources()


@pytest.mark.parametrize("style", [crlf, no_end])
def test_fixes_follow_the_line_ends_of_the_file(
    fixed: FixedLibrary, tmp_path: Path, style: Callable[[bytes], bytes]
) -> None:
    after = restyled(tmp_path / "example", style)

    assert [path for path, content in fixed.after.items() if after[path] != style(content)] == []


def test_the_order_of_sets_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = Example.create(tmp_path / "example")
    results = set[str]()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        results.add(example.tmlfix("apply", "--all", "--dry-run", "--format", "json", expect=1))
    assert len(results) == 1
