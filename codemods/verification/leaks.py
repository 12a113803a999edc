"""Leaks by file, module and phase, and how they changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from codemods.model.phases import PHASES, phase_of

Key = TypeVar("Key")

_LIBRARY = re.compile(r".*(?:^|/)lib/([^/]+)/(?:tests|src)/(.+)")
_COMPILER = re.compile(r".*(?:^|/)(compiler)/tests/(.+)")
_FOLDER = re.compile(r".*(?:^|/)(?:tests|src)/(.+)")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much leaks. The bytes are ``exact``, or what a table has rounded them down to."""

    leaks: int = 0
    bytes: int = 0
    exact: bool = True

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.leaks + other.leaks, self.bytes + other.bytes, self.exact and other.exact)

    @property
    def size(self) -> tuple[int, int]:
        """What to sort by: the leaks, and the bytes where they are equal."""
        return self.leaks, self.bytes


def total(amounts: Iterable[Amount]) -> Amount:
    """The amounts added up."""
    return sum(amounts, Amount())


@dataclass(frozen=True, slots=True)
class Leaks:
    """What leaks in each test file, and what leaks without a file that could be named."""

    files: Mapping[str, Amount] = field(default_factory=dict)
    elsewhere: Amount = Amount()
    """It may be bytes alone: what was rounded away in the figures of the files."""
    has_exact_sum: bool = False
    """Whether the sum is known to the byte even where the figures of the files are not."""

    @property
    def total(self) -> Amount:
        """All leaks."""
        sums = total(self.files.values()) + self.elsewhere
        return Amount(sums.leaks, sums.bytes, sums.exact or self.has_exact_sum)

    def by_file(self) -> dict[str, Amount]:
        """The files that leak, the worst first."""
        return worst_first(self.files)

    def by_module(self) -> dict[str, Amount]:
        """The leaks of each module, the worst first."""
        return worst_first(grouped(self.files, module_of))

    def by_phase(self) -> dict[int, Amount]:
        """The leaks of each phase, the worst first; those of files that no phase owns under 0."""
        return worst_first(grouped(self.files, phase_number))


def grouped(amounts: Mapping[str, Amount], key: Callable[[str], Key]) -> dict[Key, Amount]:
    """The amounts of files added up by ``key`` of their paths."""
    groups: dict[Key, Amount] = {}
    for path, amount in amounts.items():
        groups[key(path)] = groups.get(key(path), Amount()) + amount
    return groups


def worst_first(amounts: Mapping[Key, Amount]) -> dict[Key, Amount]:
    """The amounts that are not nothing, the largest first, and equal ones in the order of their names."""
    some = [(key, amount) for key, amount in amounts.items() if amount.leaks]
    some.sort(key=lambda each: str(each[0]))
    some.sort(key=lambda each: each[1].size, reverse=True)
    return dict(some)


def module_of(path: str) -> str:
    """The module that a file belongs to, as ``tml test --suite`` names it: ``std/http``.

    It is the library with the first folder below its ``tests`` or ``src``. A path that does not show
    the library gives the folder alone: ``http``.
    """
    if match := _LIBRARY.fullmatch(path) or _COMPILER.fullmatch(path):
        return f"{match[1]}/{_first_folder(match[2])}"
    if match := _FOLDER.fullmatch(path):
        return _first_folder(match[1])
    return _first_folder(path)


def folder_name(module: str) -> str:
    """The name of a module without that of its library."""
    return module.rpartition("/")[2]


def phase_number(path: str) -> int:
    """The number of the phase that owns the file; 0 if none does."""
    phase = phase_of(path)
    return phase.number if phase else 0


def _first_folder(path: str) -> str:
    folder, slash, _ = path.partition("/")
    return folder if slash else folder.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Change(Generic[Key]):
    """The leaks of one file, module or phase before and after."""

    key: Key
    before: Amount
    after: Amount

    @property
    def leaks(self) -> int:
        """How many leaks came; fewer than 0 if leaks went."""
        return self.after.leaks - self.before.leaks

    @property
    def rose(self) -> bool:
        """Whether there are more leaks now."""
        return self.leaks > 0


def changes(before: Mapping[Key, Amount], after: Mapping[Key, Amount]) -> tuple[Change[Key], ...]:
    """What changed: the rises first, the largest in front, then what fell most."""
    keys = sorted({*before, *after}, key=str)
    every = [Change(key, before.get(key, Amount()), after.get(key, Amount())) for key in keys]
    found = [each for each in every if each.before.leaks or each.after.leaks]
    return tuple(sorted(found, key=lambda each: (-max(each.leaks, 0), each.leaks, -each.before.leaks)))


def phases_in_order(amounts: Mapping[int, Amount]) -> Iterator[tuple[int, Amount]]:
    """Every phase of the plan with its amount; 0, for what no phase owns, only if something leaks there."""
    for phase in PHASES:
        yield phase.number, amounts.get(phase.number, Amount())
    if 0 in amounts:
        yield 0, amounts[0]


def share_gone(before: Amount, now: Amount) -> float | None:
    """How much of the leaks is gone, from 0 to 1; None where there were none."""
    if not before.leaks:
        return None
    return max(before.leaks - now.leaks, 0) / before.leaks
