"""One check in several parts: which files belong to which, and what the parts have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heapify, heapreplace

from codemods.model.errors import UserError

MOST_SHARDS = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """A part of a check: its number, counted from 1, and how many parts there are."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"shard {self.number} of {self.count}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that a text like ``2/8`` names. Raises `UserError` for any other text."""
        parts = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if parts is None:
            raise UserError(f"{text!r} is no shard; say which one of how many, as in 2/8")
        number, count = int(parts[1]), int(parts[2])
        if not 1 <= count <= MOST_SHARDS:
            raise UserError(f"there is no shard {text}; there can be 1 to {MOST_SHARDS:,} of them")
        if not 1 <= number <= count:
            raise UserError(f"there is no shard {text}; they go from 1/{count} to {count}/{count}")
        return cls(number, count)

    def share(self, sizes: Mapping[str, int]) -> Callable[[str], bool]:
        """Whether a file is this shard's. The first shard has what is not among the files."""
        owners = split(sizes, self.count)
        return lambda path: owners.get(path, 1) == self.number


def split(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """The number of the shard that each file belongs to, by their sizes in bytes.

    The largest file goes first, into the shard that has the least so far. Of files of one size the first
    by path, as Python compares texts, goes first; of shards the first by number. Nothing else decides: not
    the order of the files, no locale, no platform. A file that comes, goes or grows may move others.
    """
    loads = [(0, number) for number in range(1, count + 1)]
    heapify(loads)
    owners: dict[str, int] = {}
    for path in sorted(sizes, key=lambda path: (-sizes[path], path)):
        load, number = loads[0]
        owners[path] = number
        heapreplace(loads, (load + sizes[path], number))
    return owners


@dataclass(frozen=True, slots=True)
class Common:
    """What the shards of one check have in common: all that decides what is found, and how it counts."""

    tool: str
    """The version of tmlfix."""
    tree: str
    """A digest of the files, and of what could not be read."""
    settings: str
    """A digest of the project's settings."""
    phases: tuple[int, ...]
    paths: tuple[str, ...]
    cause: str | None
    leak_paths: str | None
    fail_on: str
    changed_since: str | None
    """The commit that a change began with, where only a change counts."""
    baseline: str | None
    """A digest of the known findings, if there are any."""
