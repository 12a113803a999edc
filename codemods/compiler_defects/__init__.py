"""The defects of the TML compiler that make correct programs leak: one file each, with a program.

Each was found by measuring under the real compiler; `codemods.ownership.compiler.drops` has the rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from codemods.model.compiler_profile import CompilerProfile
from codemods.model.findings import Cause

LIBRARY_PATH = "lib/std/src/sample.tml"
TEST_PATH = "lib/std/tests/sample.test.tml"
"""The paths of the two parts of a program."""


@dataclass(frozen=True)
class Defect:
    """One defect: what the compiler does, what it should do, and which rules of tmlfix work around it."""

    name: str
    title: str
    effect: str
    """What it leads to: a leak, a double free, and so on."""
    rules: tuple[str, ...]
    """The rules whose findings it explains; the program shows a finding of the first, if there is one."""
    does: str
    should: str
    module: str
    """The part of the program that stands in a library module; may be empty."""
    test: str
    leaks: int | None
    """How many allocations the program leaks; None where it does something else."""
    modelled: bool
    """Whether the drop rules of the analysis contain it; ``Trait`` has its name."""
    confirmed: bool
    """Whether this very program was seen to go wrong under the compiler, not only a larger one."""

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The program, as files of a tree."""
        parts = {LIBRARY_PATH: self.module, TEST_PATH: self.test}
        return {path: text.encode() for path, text in parts.items() if text}

    @property
    def is_fixable(self) -> bool:
        """Whether tmlfix fixes its own program; what only keeps the leak detector quiet is for review."""
        is_lost = self.effect != "false report"
        return bool(self.rules) and is_lost and self.rules != ("compiler-emitted",)


LIBRARY_MISTAKES = (
    "double-release",
    "use-after-release",
    "hash-table-contents",
    "text-table-contents",
    "tree-node-texts",
    "incomplete-destroy",
    "missing-release",
    "scoped-cleanup",
    "named-release",
    "stored-element",
    "undrained-elements",
    "undrained-entries",
    "overwritten-element",
    "discarded-element",
    "missing-allocates",
    "element-destroy",
    "undrained-values",
    "returned-argument",
    "stored-duplicate",
)
"""The rules whose findings no change of the compiler would end: the library's own code has to change."""


def _read(name: str, text: str) -> Defect:
    entry = tomllib.loads(text)
    return Defect(
        name=name,
        title=entry["title"],
        effect=entry["effect"],
        rules=tuple(entry["rules"]),
        does=" ".join(entry["does"].split()),
        should=" ".join(entry["should"].split()),
        module=entry.get("module", ""),
        test=entry["test"],
        leaks=entry.get("leaks"),
        modelled=entry.get("modelled", False),
        confirmed=entry["confirmed"],
    )


DEFECTS: Mapping[str, Defect] = {
    name: _read(name, path.read_text("utf-8"))
    for path in sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
    if (name := path.name.removesuffix(".toml")) != path.name
}
"""Every defect by its name."""

_DEFECT_OF = {rule: defect for defect in DEFECTS.values() for rule in defect.rules}


def defect_of(rule: str) -> Defect | None:
    """The defect that the findings of a rule are about; None for mistakes of the library and its tests."""
    return _DEFECT_OF.get(rule)


def refusals(profile: CompilerProfile) -> Mapping[str, str]:
    """The rules whose fixes are not right under a compiler, as far as anybody knows, each with the reason."""
    changes = {
        **dict.fromkeys(profile.mended, "is mended in the compiler in use"),
        **dict.fromkeys(profile.changed, "is not what it was in the compiler in use"),
    }
    return {
        rule: f"left alone, because the defect {name} {change}"
        for name, change in sorted(changes.items())
        for rule in DEFECTS[name].rules
    }


def cause_of(rule: str) -> Cause:
    """Whose mistakes the findings of a rule are about."""
    return Cause.COMPILER if defect_of(rule) is not None else Cause.LIBRARY
