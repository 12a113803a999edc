"""The lattices that dataflow works on: values that are joined where paths meet.

Every value is immutable. ``bottom`` says that no path comes here, and ``join`` is the least upper bound.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")
H = TypeVar("H", bound=Hashable)
K = TypeVar("K", bound=Hashable)


class Lattice(ABC, Generic[S]):
    """A join semilattice with a least value."""

    @property
    @abstractmethod
    def bottom(self) -> S:
        """The least value."""

    @abstractmethod
    def join(self, left: S, right: S) -> S:
        """The least value that is at least both."""

    def is_at_most(self, left: S, right: S) -> bool:
        """Whether one value is less than another, or the same."""
        return self.join(left, right) == right


class Flag(Lattice[bool]):
    """Whether something holds on some path: false is less than true."""

    bottom = False

    def join(self, left: bool, right: bool) -> bool:
        """Whether it holds on one of them."""
        return left or right


class Powerset(Lattice[frozenset[H]]):
    """What holds on some path: sets by inclusion."""

    bottom: frozenset[H] = frozenset()

    def join(self, left: frozenset[H], right: frozenset[H]) -> frozenset[H]:
        """The union."""
        return left | right


class BoundedPowerset(Lattice[frozenset[H]]):
    """Sets by inclusion, as long as they are small: beyond ``most`` elements all is ``top``."""

    bottom: frozenset[H] = frozenset()

    def __init__(self, most: int, top: frozenset[H]) -> None:
        self.most = most
        self.top = top

    def join(self, left: frozenset[H], right: frozenset[H]) -> frozenset[H]:
        """The union, if it is small enough."""
        return self.top if self.top in (left, right) else self.bounded(left | right)

    def bounded(self, values: frozenset[H]) -> frozenset[H]:
        """A set itself, if it is small enough."""
        return values if len(values) <= self.most else self.top


class Intersections(Lattice[frozenset[H] | None]):
    """What holds on every path: a set is less than its subsets, and None, where no path comes, than all."""

    bottom: frozenset[H] | None = None

    def join(self, left: frozenset[H] | None, right: frozenset[H] | None) -> frozenset[H] | None:
        """What is in both."""
        if left is None or right is None:
            return right if left is None else left
        return left & right


class Pointwise(Lattice[Mapping[K, S]]):
    """A value for each key: a key that is missing has the least one."""

    def __init__(self, values: Lattice[S]) -> None:
        self.values = values

    bottom: Mapping[K, S] = {}

    def join(self, left: Mapping[K, S], right: Mapping[K, S]) -> Mapping[K, S]:
        """The join for each key; ``left`` itself where ``right`` adds nothing."""
        least, join = self.values.bottom, self.values.join
        joined = {key: join(left.get(key, least), value) for key, value in right.items()}
        changed = {key: value for key, value in joined.items() if value != left.get(key, least)}
        return {**left, **changed} if changed else left

    def is_at_most(self, left: Mapping[K, S], right: Mapping[K, S]) -> bool:
        """Whether ``left`` has no greater value than ``right`` under any key."""
        least = self.values.bottom
        return all(self.values.is_at_most(value, right.get(key, least)) for key, value in left.items())


class Product(Lattice[tuple[S, T]]):
    """Two values side by side."""

    def __init__(self, first: Lattice[S], second: Lattice[T]) -> None:
        self.first = first
        self.second = second

    @property
    def bottom(self) -> tuple[S, T]:
        """Both at their least."""
        return self.first.bottom, self.second.bottom

    def join(self, left: tuple[S, T], right: tuple[S, T]) -> tuple[S, T]:
        """Each joined by itself."""
        return self.first.join(left[0], right[0]), self.second.join(left[1], right[1])
