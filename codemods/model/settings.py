"""What a project can decide about an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from codemods.model.compiler_profile import SHIPPED_PROFILE, CompilerProfile
from codemods.model.phases import Plan


class ExplicitReleases(StrEnum):
    """Which releases are written by name in tests although the compiler would free the value."""

    PLAN = "plan"
    """Those that the plan asks for: of responses, maps, URLs and JSON values."""
    NEEDED = "needed"
    """None: a release is written only where a path leaks without it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which files may get findings, which rules run, and what is declared about types.

    ``include`` and ``exclude`` are patterns over posix paths relative to the root of the tree, where ``*``
    also matches "/". A file that is left out still informs the analysis of the others.
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    disabled_rules: frozenset[str] = frozenset()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Patterns of files, each with the rules that find nothing in them."""
    explicit_releases: ExplicitReleases = ExplicitReleases.PLAN
    owning_types: Mapping[str, str] = field(default_factory=dict)
    """Types that own something, by name or qualified name, each with the method that releases it."""
    plan: Plan = field(default_factory=Plan)
    compiler: CompilerProfile = SHIPPED_PROFILE

    def covers(self, path: str) -> bool:
        """Whether the file may get findings."""
        return _matches(path, self.include) and not _matches(path, self.exclude)

    def applies(self, rule: str, path: str | None = None) -> bool:
        """Whether the rule of this name runs: in the file, or without one in any file."""
        if path is not None and self._ignores(rule, path):
            return False
        if rule == "named-release" and self.explicit_releases is ExplicitReleases.NEEDED:
            return False
        return rule not in self.disabled_rules

    def _ignores(self, rule: str, path: str) -> bool:
        return any(
            rule in rules and fnmatchcase(path, pattern) for pattern, rules in self.per_file_ignores.items()
        )


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
