"""The pre-commit hooks and the GitHub action, run as a project would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.bundled import Example, environment
from tests.support.project import PROJECT

HOOKS = PROJECT / ".pre-commit-hooks.yaml"
ACTION = PROJECT / "action.yml"
LEAK = """\
use std::collections::HashMap

@test
func test_entry() -> I32 {
    let scores = HashMap[I64, I64]::new(4)
    scores.set(1, 10)
    return 0
}
"""
RELEASED = LEAK.replace("    return 0", "    scores.destroy()\n    return 0")
TEST = "tests/collections/scores.test.tml"


# pre-commit


def hook(name: str) -> dict[str, Any]:
    """A hook as it is published."""
    (found,) = (hook for hook in yaml.safe_load(HOOKS.read_text()) if hook["id"] == name)
    assert isinstance(found, dict)
    return found


def pre_commit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        env=environment()
        | {"PRE_COMMIT_HOME": str(folder.parent / "pre-commit"), "PRE_COMMIT_COLOR": "never"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def use(example: Example, name: str, **options: object) -> None:
    """Configure a hook. It uses the tmlfix that is installed, because installing one needs a network."""
    published = hook(name) | {"language": "system"} | options
    configuration = {"repos": [{"repo": "local", "hooks": [published]}]}
    example.write(".pre-commit-config.yaml", yaml.safe_dump(configuration).encode())
    example.commit("Use a hook")


def test_the_hooks_are_valid() -> None:
    outcome = pre_commit(PROJECT, "validate-manifest", str(HOOKS))

    assert (outcome.returncode, outcome.stdout) == (0, "")
    assert [hook["id"] for hook in yaml.safe_load(HOOKS.read_text())] == ["tmlfix-check", "tmlfix-apply"]


def test_before_each_commit_of_this_project_is_checked_what_make_lint_checks() -> None:
    configuration = PROJECT / ".pre-commit-config.yaml"
    (repository,) = yaml.safe_load(configuration.read_text())["repos"]
    hooks = {hook["entry"].removesuffix(" --force-exclude") for hook in repository["hooks"]}
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (PROJECT / "Makefile").read_text(), re.MULTILINE)

    assert pre_commit(PROJECT, "validate-config", str(configuration)).returncode == 0
    assert recipe is not None
    lint = {line.removesuffix(" .").replace("$(BIN)", ".venv/bin") for line in recipe[1].split("\n\t")}
    assert hooks == {line.strip() for line in lint}


def test_a_staged_leak_fails_the_hook(example: Example) -> None:
    use(example, "tmlfix-check")
    example.write("notes.txt", b"leak")
    example.git("add", ".")
    assert pre_commit(example.folder, "run").returncode == 0
    example.write(TEST, LEAK.encode())
    example.git("add", ".")

    outcome = pre_commit(example.folder, "run")

    assert outcome.returncode == 1
    assert f"{TEST}:5:9: [fixable] named-release" in outcome.stdout
    assert "1 finding in 1 file" in outcome.stdout


def test_what_is_staged_counts_not_what_is_beside_it(example: Example) -> None:
    use(example, "tmlfix-check")
    example.write(TEST, LEAK.encode())
    example.git("add", ".")
    example.write(TEST, RELEASED.encode())

    assert pre_commit(example.folder, "run").returncode == 1

    example.git("add", ".")
    example.write(TEST, LEAK.encode())
    assert pre_commit(example.folder, "run").returncode == 0


def test_a_commit_is_stopped(example: Example) -> None:
    use(example, "tmlfix-check", args=["--changed-since", "HEAD"])
    head = example.head()
    assert pre_commit(example.folder, "install").returncode == 0
    events = example.folder / "tests/events/quiet.test.tml"
    events.write_text(events.read_text().replace("let rounds: I64 = 1", "let rounds: I64 = 2"))
    subprocess.run(["git", "commit", "-qam", "Old leaks"], cwd=example.folder, env=environment(), check=True)
    assert example.head() != head
    head = example.head()
    example.write(TEST, LEAK.encode())
    example.git("add", ".")

    process = subprocess.run(
        ["git", "commit", "-qm", "A new leak"],
        cwd=example.folder,
        env=environment(),
        capture_output=True,
        text=True,
    )

    assert process.returncode == 1
    assert "named-release" in process.stderr
    assert example.head() == head


def test_the_other_hook_fixes_what_is_staged(example: Example) -> None:
    use(example, "tmlfix-apply")
    example.write(TEST, LEAK.encode())
    example.git("add", ".")

    outcome = pre_commit(example.folder, "run")

    assert outcome.returncode == 1
    assert "files were modified by this hook" in outcome.stdout
    assert (example.folder / TEST).read_text() == RELEASED
    assert example.line("diff", "--name-only") == TEST
    example.git("add", ".")
    assert pre_commit(example.folder, "run").returncode == 0


# The action


def action() -> dict[str, Any]:
    document = yaml.safe_load(ACTION.read_text())
    assert isinstance(document, dict)
    return document


def steps() -> dict[str, dict[str, Any]]:
    """The steps by name."""
    return {step["name"]: step for step in action()["runs"]["steps"]}


def run_step(
    name: str, folder: Path, variables: Mapping[str, str], **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Run a step's script as the runner does, with the inputs by their names with _ for -."""
    values = {input_: str(given.get("default", "")) for input_, given in action()["inputs"].items()}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    step = steps()[name]

    def value(expression: str) -> str:
        match = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)
        assert match is not None, expression
        return values[match[1]]

    given = {key: value(expression) for key, expression in step.get("env", {}).items()}
    script = folder.parent / "step.sh"
    script.write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        env=environment() | dict(variables) | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def runner(example: Example, tmp_path: Path) -> dict[str, str]:
    """The variables of a runner on which tmlfix is installed."""
    programs = tmp_path / "temp/tmlfix/bin"
    programs.mkdir(parents=True)
    (programs / "tmlfix").write_text(
        f"#!{sys.executable}\nimport sys\nfrom codemods.cli import main\nsys.exit(main())\n"
    )
    (programs / "tmlfix").chmod(0o755)
    (programs.parent / "codemods").symlink_to(PROJECT / "codemods")
    (programs.parent / "tml_ast").symlink_to(PROJECT / "tml_ast")
    return {
        "GITHUB_ACTIONS": "true",
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_ACTION_PATH": str(PROJECT),
        "GITHUB_WORKSPACE": str(example.folder),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


def test_the_action_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions"]
    outcome = subprocess.run([*command, str(ACTION)], capture_output=True, text=True)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_inputs_reach_scripts_as_variables_alone() -> None:
    scripts = [step["run"] for step in steps().values() if "run" in step]
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", ACTION.read_text()))
    assert used == action()["inputs"].keys()
    for step in steps().values():
        for name in step.get("env", {}):
            assert f'"${name}"' in step["run"] or f"=${name}" in step["run"]


def test_the_action_annotates_and_fails(example: Example, runner: dict[str, str], tmp_path: Path) -> None:
    outcome = run_step("Check for leaks", example.folder, runner, phase="2")

    assert outcome.returncode == 1, outcome.stdout
    assert outcome.stdout.startswith("::warning file=lib/src/net/addr.tml,line=71,col=9,")
    assert (tmp_path / "summary.md").read_text().startswith("## tmlfix: 3 findings in 1 file")


def test_the_inputs_of_the_action(example: Example, runner: dict[str, str]) -> None:
    example.tmlfix("check", "--phase", "3", "--write-baseline", "known findings.json")
    example.write(TEST, LEAK.encode())

    outcome = run_step(
        "Check for leaks",
        example.folder,
        runner,
        phase="3",
        baseline="known findings.json",
        changed_since="HEAD",
        sarif_file="out/leaks.sarif",
        args="--fail-on   findings\ntests lib",
    )

    assert outcome.returncode == 1
    assert outcome.stdout.startswith("1 finding in 1 file of the working tree: 1 with a fix")
    assert '"2.1.0"' in (example.folder / "out/leaks.sarif").read_text()


def test_the_action_checks_in_shards_and_merges_them(example: Example, runner: dict[str, str]) -> None:
    for shard in ("1/2", "2/2"):
        name = f"all shards/{shard[0]}.sarif"
        outcome = run_step("Check for leaks", example.folder, runner, phase="2", shard=shard, sarif_file=name)
        assert outcome.stdout.startswith(f"shard {shard[0]} of 2: ")

    merged = run_step("Check for leaks", example.folder, runner, merge="all shards", sarif_file="all.sarif")

    assert (merged.returncode, merged.stdout) == (
        1,
        "2 shards joined: 3 new findings, 3 that fail the check\n",
    )
    whole = example.tmlfix("check", "--phase", "2", "--format", "sarif", expect=1)
    assert (example.folder / "all.sarif").read_text() == whole
    (example.folder / "all shards/1.sarif").unlink()
    assert run_step("Check for leaks", example.folder, runner, merge="all shards").returncode == 2


def test_no_input_is_run(example: Example, runner: dict[str, str]) -> None:
    hostile = "\"; touch hacked; $(touch hacked) `touch hacked` '; touch hacked"
    names = ("phase", "format", "sarif_file", "baseline", "changed_since", "shard", "args")

    for inputs in (dict.fromkeys(names, hostile), {"merge": hostile, "sarif_file": hostile}):
        outcome = run_step("Check for leaks", example.folder, runner, **inputs)
        assert outcome.returncode == 2
    assert not (example.folder / "hacked").exists()


@pytest.mark.skipif(find_spec("setuptools") is None, reason="building needs setuptools, or a network")
def test_the_action_installs_its_own_checkout(
    example: Example, runner: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "action"
    for name in ("codemods", "tml_ast"):
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(PROJECT / name, source / name)
    shutil.rmtree(tmp_path / "temp/tmlfix")
    example.write("json.py", b"raise SystemExit('a module of the tree was imported')\n")
    # Nothing is fetched: dependencies and the means to build are those of the tests.
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    variables = runner | offline | {"GITHUB_ACTION_PATH": str(source), "PIP_CONFIG_FILE": os.devnull}

    installed = run_step("Install tmlfix", example.folder, variables)
    outcome = run_step("Check for leaks", example.folder, variables, phase="2", format="text")

    assert installed.returncode == 0, installed.stdout
    assert (tmp_path / "temp/tmlfix/codemods/cli/check.py").exists()
    assert "3 findings in 1 file" in outcome.stdout
