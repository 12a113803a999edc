"""Leaks by file, module and phase, and how they changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from codemods.model.phases import PHASES, phase_of

NO_PHASE = 0
"""Stands for the phase of a file that no phase owns."""
NO_FILE = -1
"""Stands for the phase of leaks whose file is not known."""

Key = TypeVar("Key")

_LIBRARY = re.compile(r".*(?:^|/)lib/([^/]+)/(?:tests|src)/(.+)")
_COMPILER = re.compile(r".*(?:^|/)(compiler)/tests/(.+)")
_FOLDER = re.compile(r".*(?:^|/)(?:tests|src)/(.+)")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much leaks: allocations and bytes. Bytes that are not ``exact`` were rounded down by a table."""

    leaks: int = 0
    bytes: int = 0
    exact: bool = True

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.leaks + other.leaks, self.bytes + other.bytes, self.exact and other.exact)

    @property
    def size(self) -> tuple[int, int]:
        """The key to sort by: leaks, then bytes."""
        return self.leaks, self.bytes


def total(amounts: Iterable[Amount]) -> Amount:
    """The amounts added up."""
    return sum(amounts, Amount())


@dataclass(frozen=True, slots=True)
class Leaks:
    """What leaks in each test file, and what leaks without a file that could be named."""

    files: Mapping[str, Amount] = field(default_factory=dict)
    elsewhere: Amount = Amount()
    """It can be bytes alone, which the figures of the files have lost by rounding."""
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
        """The leaks of each phase, the worst first; `NO_PHASE` for files that no phase owns."""
        return worst_first(grouped(self.files, phase_number))

    def every_phase(self) -> dict[int, Amount]:
        """The leaks of every phase in the order of the plan, then of `NO_PHASE` and `NO_FILE` if any leak."""
        found = self.by_phase() | ({NO_FILE: self.elsewhere} if self.elsewhere.leaks else {})
        return {number: found.get(number, Amount()) for number in _in_order(found)}


def grouped(amounts: Mapping[str, Amount], key: Callable[[str], Key]) -> dict[Key, Amount]:
    """The amounts of files added up by ``key`` of their paths."""
    groups: dict[Key, Amount] = {}
    for path, amount in amounts.items():
        groups[key(path)] = groups.get(key(path), Amount()) + amount
    return groups


def worst_first(amounts: Mapping[Key, Amount]) -> dict[Key, Amount]:
    """The amounts with leaks, the largest first, equal ones in the order of their names."""
    some = [(key, amount) for key, amount in amounts.items() if amount.leaks]
    some.sort(key=lambda entry: str(entry[0]))
    some.sort(key=lambda entry: entry[1].size, reverse=True)
    return dict(some)


def module_of(path: str) -> str:
    """The module that a file belongs to, as ``tml test --suite`` names it: ``std/http``.

    It is the library and the first folder below its ``tests`` or ``src``. A path that does not show
    the library gives only the folder: ``http``.
    """
    if match := _LIBRARY.fullmatch(path) or _COMPILER.fullmatch(path):
        return f"{match[1]}/{_first_folder(match[2])}"
    if match := _FOLDER.fullmatch(path):
        return _first_folder(match[1])
    return _first_folder(path)


def folder_name(module: str) -> str:
    """The name of a module without its library."""
    return module.rpartition("/")[2]


def phase_number(path: str) -> int:
    """The number of the phase that owns the file; `NO_PHASE` if none does."""
    phase = phase_of(path)
    return phase.number if phase else NO_PHASE


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
        """How many more leaks there are; negative if there are fewer."""
        return self.after.leaks - self.before.leaks

    @property
    def rose(self) -> bool:
        """Whether there are more leaks now."""
        return self.leaks > 0


def changes(before: Mapping[Key, Amount], after: Mapping[Key, Amount]) -> tuple[Change[Key], ...]:
    """The changes: rises first, the largest in front, then those that fell most."""
    keys = sorted({*before, *after}, key=str)
    pairs = [Change(key, before.get(key, Amount()), after.get(key, Amount())) for key in keys]
    found = [change for change in pairs if change.before.leaks or change.after.leaks]
    return tuple(
        sorted(found, key=lambda change: (-max(change.leaks, 0), change.leaks, -change.before.leaks))
    )


def phase_changes(before: Leaks, after: Leaks) -> tuple[Change[int], ...]:
    """The change of every phase in the order of the plan, then of `NO_PHASE` and `NO_FILE` if any leak."""
    earlier, later = before.every_phase(), after.every_phase()
    return tuple(
        Change(number, earlier.get(number, Amount()), later.get(number, Amount()))
        for number in _in_order({*earlier, *later})
    )


def _in_order(present: Collection[int]) -> list[int]:
    """The numbers of all phases, then those that stand for no phase and no file, if they are present."""
    return [
        *(phase.number for phase in PHASES),
        *(number for number in (NO_PHASE, NO_FILE) if number in present),
    ]


def share_gone(before: Amount, now: Amount) -> float | None:
    """The share of the leaks that is gone, from 0 to 1; None if there were none."""
    if not before.leaks:
        return None
    return max(before.leaks - now.leaks, 0) / before.leaks
