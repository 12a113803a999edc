"""The five phases of the clean-up: what each is called and which files it covers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import cache


def _module(name: str) -> tuple[str, ...]:
    """The patterns of a library module: its folder, its file, and the tests named after it."""
    return (f"*/{name}/*", f"*/{name}.tml", f"*/{name}.test.tml", f"*/{name}_*.test.tml")


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether "/" + path matches one of the patterns."""
    return bool(patterns) and _expression(patterns).match(f"/{path}") is not None


@cache
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """All patterns as one expression: each file of a tree is compared with some dozens of them."""
    return re.compile("|".join(map(translate, patterns)))


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of the plan; its fixes become one branch, one commit and one patch."""

    number: int
    slug: str
    title: str
    scope: tuple[str, ...]
    """Patterns over "/" + path, where ``*`` also matches "/"; the first phase that matches owns a file."""

    @property
    def branch(self) -> str:
        """The name of the branch that carries the fixes."""
        return f"tmlfix/phase-{self.number}-{self.slug}"

    @property
    def patch_name(self) -> str:
        """The file name of the patch that carries the fixes."""
        return f"phase-{self.number}-{self.slug}.patch"

    def covers(self, path: str) -> bool:
        """Whether ``path`` (posix, relative to the root of the tree) matches the scope."""
        return _matches(path, self.scope)


RELEASED_BY_NAME = (
    ("response", "http"),
    ("hash map", ""),
    ("str map", ""),
    ("hash table", ""),
    ("url", ""),
    ("json", ""),
    ("value", "json"),
)
"""The types that the plan wants released by name in tests: the words that their names end with, and the word
that must stand before them or in the path of their module. Not every value is one of JSON.
"""

PHASES: tuple[Phase, ...] = (
    Phase(1, "http", "HTTP", _module("http")),
    Phase(2, "net-parsers", "network parser", _module("net")),
    Phase(3, "collections", "collection", (*_module("collections"), *_module("hashmap"))),
    Phase(
        4,
        "url-json-crypto",
        "URL, JSON and crypto",
        (*_module("url"), *_module("json"), *_module("crypto")),
    ),
    Phase(5, "test-infra", "test infrastructure and remaining", ("*.tml",)),
)

OUTSIDE = ("/compiler/*", "/docs/*", "/tools/*", "/vscode-tml/*", "*.error.tml")
"""What no phase covers: the compiler and its tests, samples, and tests that must not compile."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The phases with their scopes, and what no phase covers."""

    phases: tuple[Phase, ...] = PHASES
    outside: tuple[str, ...] = OUTSIDE

    def phase_of(self, path: str) -> Phase | None:
        """The one phase that owns the .tml file ``path``; None for a file outside of the plan."""
        if _matches(path, self.outside):
            return None
        return next((phase for phase in self.phases if phase.covers(path)), None)


phase_of = Plan().phase_of
"""The phase of a file by the default plan."""


def phase_numbered(number: int) -> Phase:
    """The phase of that number."""
    return next(phase for phase in PHASES if phase.number == number)
