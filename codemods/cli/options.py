"""What options mean: which go together, in a table for each command, and which phases they name.

An option is named as on the command line; one that takes a value also with the value, as ``--format json``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer

from codemods.app.configuration import RuleChoice
from codemods.app.requests import choose_phases
from codemods.app.rule_texts import choose_rules, described
from codemods.model.errors import UserError
from codemods.model.phases import PHASES


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    return path


Folder = Annotated[
    Path, typer.Argument(metavar="PATH", help="Any file or folder of the tree.", callback=_existing)
]
"""The tree that a command is about."""

GIVEN = "COMMANDLINE"
"""The source of a parameter that the user wrote."""


class Rule(Protocol):
    """A rule about the options of a command, and what to say to those who break it."""

    @property
    def message(self) -> str: ...

    def allows(self, given: Collection[str]) -> bool:
        """Whether the options that were given follow the rule."""


@dataclass(frozen=True, slots=True)
class NotTogether:
    """No option of the one group goes with one of the other."""

    options: tuple[str, ...]
    others: tuple[str, ...]
    message: str

    def allows(self, given: Collection[str]) -> bool:
        """Whether options of at most one group were given."""
        return not (_any(self.options, given) and _any(self.others, given))


@dataclass(frozen=True, slots=True)
class OneNeeded:
    """At least one of the options must be there; always, or where option ``by`` is."""

    options: tuple[str, ...]
    message: str
    by: str | None = None

    def allows(self, given: Collection[str]) -> bool:
        """Whether one of the options was given, or none is needed."""
        return _any(self.options, given) or not (self.by is None or self.by in given)


PHASE_OR_ALL = NotTogether(("--phase",), ("--all",), "--phase and --all exclude each other")

APPLY: tuple[Rule, ...] = (
    PHASE_OR_ALL,
    OneNeeded(("--phase", "--all", "--selection"), "say which phases: --phase N or --all"),
    NotTogether(
        ("--interactive",),
        ("--selection", "--dry-run", "--format json"),
        "--interactive goes with neither --selection, --dry-run nor --format json",
    ),
    NotTogether(
        ("--push", "--patches", "--force"),
        ("--dry-run", "--in-place"),
        "--push, --patches and --force go with neither --dry-run nor --in-place",
    ),
    NotTogether(("--stacked",), ("--in-place",), "--stacked is about branches, and --in-place makes none"),
    NotTogether(
        ("--selection",),
        ("--select", "--ignore"),
        "--selection names the findings to fix, so it goes with neither --select nor --ignore",
    ),
    NotTogether(
        ("--diff",),
        ("--statistics", "--format json"),
        "--diff goes with --format text and without --statistics",
    ),
    NotTogether(
        ("--pr-body -",),
        ("--diff", "--format json", "--statistics", "--output"),
        "--pr-body - prints nothing else; name a file to have another output as well",
    ),
    OneNeeded(("--dry-run",), "--statistics counts what a --dry-run finds", by="--statistics"),
    OneNeeded(("--dry-run",), "--exit-zero goes with --dry-run; fixing exits 0 anyway", by="--exit-zero"),
)

CHECK_LEAKS_OR_NOT = NotTogether(
    ("--check-leaks",), ("--no-check-leaks",), "--check-leaks and --no-check-leaks exclude each other"
)

REWRITE: tuple[Rule, ...] = (CHECK_LEAKS_OR_NOT,)

CODEMOD: tuple[Rule, ...] = (
    CHECK_LEAKS_OR_NOT,
    NotTogether(
        ("--branch",),
        ("--in-place", "--patch"),
        "--branch is about the commit HEAD, so it goes with neither --in-place nor --patch",
    ),
    OneNeeded(("--branch",), "--push says where the --branch goes", by="--push"),
    OneNeeded(("--branch",), "--patches is about the patch of a --branch", by="--patches"),
    OneNeeded(("--branch",), "--force is about a --branch", by="--force"),
    NotTogether(
        ("--review",),
        ("--in-place", "--patch", "--push", "--dry-run", "--diff"),
        "--review writes a page only; make the changes with --selection afterwards",
    ),
    NotTogether(
        ("--dry-run",),
        ("--patch", "--push"),
        "--dry-run writes nothing, so it goes with neither --patch nor --push",
    ),
    NotTogether(
        ("--diff",), ("--dry-run", "--format json", "--format sarif"), "--diff goes with --format text alone"
    ),
)

REVIEW: tuple[Rule, ...] = (PHASE_OR_ALL,)

CHECK: tuple[Rule, ...] = (
    PHASE_OR_ALL,
    NotTogether(
        ("--write-baseline",),
        (
            "--baseline",
            "--changed-since",
            "--shard",
            "--fail-on",
            "--exit-zero",
            "--statistics",
            "--output",
            "--format json",
            "--format sarif",
            "--format github",
            "--format markdown",
            "--format junit",
        ),
        "--write-baseline goes with phases, rules and paths only",
    ),
    NotTogether(
        ("--write-baseline",),
        ("--cause", "--paths"),
        "--write-baseline records all findings, so it goes with neither --cause nor --paths",
    ),
    NotTogether(
        ("--stdin-filename",),
        ("--write-baseline", "--shard"),
        "--stdin-filename goes with neither --write-baseline nor --shard",
    ),
    NotTogether(
        ("--statistics",),
        ("--format sarif", "--format github", "--format markdown", "--format junit"),
        "--statistics goes with --format text or json",
    ),
    NotTogether(("--statistics",), ("--shard",), "--statistics counts a whole check, not a shard"),
)

VERIFY: tuple[Rule, ...] = (
    NotTogether(("--all",), ("--phase", "--branch"), "--all goes with neither --phase nor --branch"),
    OneNeeded(("--phase", "--all", "--branch"), "say which branch: --phase N, --all or --branch NAME"),
)

PLAN: tuple[Rule, ...] = (
    OneNeeded(("--leaks",), "--before goes with --leaks LOG, which has the leaks of now", by="--before"),
    NotTogether(
        ("--baseline",),
        ("--leaks", "--no-findings"),
        "--baseline measures by findings, so it goes with neither --leaks nor --no-findings",
    ),
    NotTogether(
        ("--cause", "--paths"),
        ("--baseline", "--no-findings"),
        "--cause and --paths choose findings to show, so they go with neither --baseline nor --no-findings",
    ),
)

TREE_OF_ONE_FILE = "--tree prints the tree of one file as text"

PARSE: tuple[Rule, ...] = (
    OneNeeded(("--check", "--tree"), "say what to do: --check or --tree"),
    NotTogether(("--check",), ("--tree",), "say what to do: --check or --tree"),
    NotTogether(("--tree",), ("--format json",), TREE_OF_ONE_FILE),
    NotTogether(
        ("--tree",), ("--quiet", "--exit-zero"), "--quiet and --exit-zero are about --check, not about --tree"
    ),
)


def refusal(rules: Sequence[Rule], given: Collection[str]) -> str | None:
    """The message of the first rule that the options break; None if they follow all."""
    return next((rule.message for rule in rules if not rule.allows(given)), None)


def check_options(context: typer.Context, rules: Sequence[Rule]) -> None:
    """Raise `UserError` if the options of the command line do not go together."""
    message = refusal(rules, given_options(context))
    if message is not None:
        raise UserError(message)


def given_options(context: typer.Context) -> set[str]:
    """The options that the user wrote, by their long names; those with a value also with it."""
    given = set[str]()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name) if parameter.name else None
        if source is not None and source.name == GIVEN:
            name = next((name for name in parameter.opts if name.startswith("--")), "")
            given |= {name, f"{name} {context.params[parameter.name or '']}"}
    return given


def phases_of(names: str | None) -> tuple[int, ...]:
    """The phases that ``--phase`` names; without a value, all. Raises `UserError` for an unknown one."""
    return tuple(phase.number for phase in PHASES) if names is None else choose_phases(names)


def rules_of(select: str | None, ignore: str | None) -> RuleChoice:
    """The rules that ``--select`` and ``--ignore`` leave. Raises `UserError` for an unknown one."""
    ignored = choose_rules(ignore) if ignore is not None else frozenset[str]()
    return RuleChoice(choose_rules(select) if select is not None else None, ignored)


def complete_phases(incomplete: str) -> list[str]:
    """Completes the last value of ``--phase`` for a shell; the phases before the last comma are kept."""
    return _complete_last(incomplete, (phase.slug for phase in PHASES))


def complete_rules(incomplete: str) -> list[str]:
    """Completes the name of a rule for a shell, of several the last."""
    return _complete_last(incomplete, described())


def _complete_last(incomplete: str, names: Iterable[str]) -> list[str]:
    listed, comma, last = incomplete.rpartition(",")
    return [f"{listed}{comma}{name}" for name in names if name.startswith(last)]


def _any(options: Collection[str], given: Collection[str]) -> bool:
    return any(option in given for option in options)
