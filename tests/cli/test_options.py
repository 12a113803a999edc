"""Which options go together: every rule of every command, each with a command line that breaks it."""

from __future__ import annotations

import pytest

from codemods.cli.options import APPLY, CHECK, PARSE, PLAN, REVIEW, VERIFY, Rule, refusal
from tests.support.command import Run

COMMANDS = {"apply": APPLY, "check": CHECK, "parse": PARSE, "plan": PLAN, "review": REVIEW, "verify": VERIFY}

REFUSED = [
    ("apply", set(), "say which phases: --phase N or --all"),
    ("apply", {"--phase", "--all"}, "--phase and --all exclude each other"),
    ("apply", {"--all", "--interactive", "--dry-run"}, "--interactive goes with neither"),
    ("apply", {"--all", "--interactive", "--selection"}, "--interactive goes with neither"),
    ("apply", {"--all", "--interactive", "--format", "--format json"}, "--interactive goes with neither"),
    ("apply", {"--all", "--dry-run", "--push"}, "--push, --patches and --force go with neither"),
    ("apply", {"--all", "--in-place", "--patches"}, "--push, --patches and --force go with neither"),
    ("apply", {"--all", "--in-place", "--force"}, "--push, --patches and --force go with neither"),
    ("apply", {"--all", "--stacked", "--in-place"}, "--stacked is about branches, and --in-place makes none"),
    ("apply", {"--selection", "--select"}, "--selection names the findings to fix"),
    ("apply", {"--selection", "--ignore"}, "--selection names the findings to fix"),
    ("apply", {"--all", "--diff", "--format json"}, "--diff goes with --format text"),
    ("apply", {"--all", "--dry-run", "--diff", "--statistics"}, "--diff goes with --format text"),
    ("apply", {"--all", "--statistics"}, "--statistics counts what a --dry-run finds"),
    ("apply", {"--all", "--exit-zero"}, "--exit-zero goes with --dry-run"),
    ("apply", {"--all", "--pr-body -", "--output"}, "--pr-body - prints nothing else"),
    ("apply", {"--all", "--pr-body -", "--diff"}, "--pr-body - prints nothing else"),
    ("apply", {"--all", "--pr-body -", "--format json"}, "--pr-body - prints nothing else"),
    ("review", {"--output", "--phase", "--all"}, "--phase and --all exclude each other"),
    ("check", {"--phase", "--all"}, "--phase and --all exclude each other"),
    ("check", {"--write-baseline", "--baseline"}, "--write-baseline goes with phases, rules and paths only"),
    (
        "check",
        {"--write-baseline", "--changed-since"},
        "--write-baseline goes with phases, rules and paths only",
    ),
    ("check", {"--write-baseline", "--shard"}, "--write-baseline goes with phases, rules and paths only"),
    ("check", {"--write-baseline", "--output"}, "--write-baseline goes with phases, rules and paths only"),
    (
        "check",
        {"--write-baseline", "--format sarif"},
        "--write-baseline goes with phases, rules and paths only",
    ),
    ("check", {"--write-baseline", "--fail-on"}, "--write-baseline goes with phases, rules and paths only"),
    ("check", {"--write-baseline", "--exit-zero"}, "--write-baseline goes with phases, rules and paths only"),
    (
        "check",
        {"--write-baseline", "--statistics"},
        "--write-baseline goes with phases, rules and paths only",
    ),
    ("check", {"--write-baseline", "--cause"}, "--write-baseline records all findings"),
    ("check", {"--write-baseline", "--paths"}, "--write-baseline records all findings"),
    ("check", {"--stdin-filename", "--shard"}, "--stdin-filename goes with neither"),
    ("check", {"--stdin-filename", "--write-baseline"}, "--stdin-filename goes with neither"),
    ("check", {"--statistics", "--format sarif"}, "--statistics goes with --format text or json"),
    ("check", {"--statistics", "--shard"}, "--statistics counts a whole check, not a shard"),
    ("verify", {"--tml"}, "say which branch: --phase N, --all or --branch NAME"),
    ("verify", {"--tml", "--all", "--phase"}, "--all goes with neither --phase nor --branch"),
    ("verify", {"--tml", "--all", "--branch"}, "--all goes with neither --phase nor --branch"),
    ("plan", {"--cause", "--baseline"}, "--cause and --paths choose findings to show"),
    ("plan", {"--paths", "--no-findings"}, "--cause and --paths choose findings to show"),
    ("plan", {"--before"}, "--before goes with --leaks LOG"),
    ("plan", {"--baseline", "--leaks"}, "--baseline measures by findings"),
    ("parse", set(), "say what to do: --check or --tree"),
    ("parse", {"--check", "--tree"}, "say what to do: --check or --tree"),
    ("parse", {"--tree", "--format json"}, "--tree prints the tree of one file as text"),
    ("parse", {"--tree", "--quiet"}, "--quiet and --exit-zero are about --check, not about --tree"),
]

ALLOWED = [
    ("apply", {"--selection"}),
    ("apply", {"--selection", "--all"}),
    ("apply", {"--selection", "--phase", "--dry-run"}),
    ("apply", {"--all", "--interactive", "--in-place"}),
    ("apply", {"--all", "--diff", "--format text", "--pr-body", "--pr-body body.md"}),
    ("apply", {"--phase", "--push", "--patches", "--force", "--stacked"}),
    ("apply", {"--all", "--dry-run", "--statistics", "--exit-zero", "--select", "--output"}),
    ("review", {"--output", "--phase"}),
    ("check", set()),
    ("check", {"--write-baseline", "--phase", "--format text"}),
    ("check", {"--write-baseline", "--select", "--quiet"}),
    ("check", {"--statistics", "--format json", "--exit-zero"}),
    ("check", {"--baseline", "--changed-since", "--shard", "--output", "--format sarif"}),
    ("verify", {"--tml", "--branch", "--phase"}),
    ("plan", {"--before", "--leaks"}),
    ("parse", {"--check", "--format json"}),
]


@pytest.mark.parametrize(("command", "given", "message"), REFUSED)
def test_refused_with_a_reason(command: str, given: set[str], message: str) -> None:
    assert (refusal(COMMANDS[command], given) or "").startswith(message)


@pytest.mark.parametrize(("command", "given"), ALLOWED)
def test_allowed(command: str, given: set[str]) -> None:
    assert refusal(COMMANDS[command], given) is None


def test_every_rule_is_tested() -> None:
    broken: set[tuple[str, Rule]] = {
        (command, next(rule for rule in COMMANDS[command] if not rule.allows(given)))
        for command, given, _ in REFUSED
    }
    assert broken == {(command, rule) for command, rules in COMMANDS.items() for rule in rules}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["apply", "--all", "--pr-body=-", "--format=json"], "--pr-body - prints nothing else"),
        (
            ["check", "--write-baseline", "known.json", "-o", "out.json"],
            "goes with phases, rules and paths only",
        ),
        (["plan", "--before", "old.log"], "--before goes with --leaks LOG"),
    ],
)
def test_options_are_known_however_they_are_written(run: Run, arguments: list[str], message: str) -> None:
    outcome = run(*arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
