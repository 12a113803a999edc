"""Blocks of memory that record who made them and whether they were freed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

KINDS = frozenset({"words", "text", "list", "map", "map iterator"})
"""The kinds of block."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program stands: file, function, 1-based line."""

    path: str
    function: str
    line: int


@dataclass(slots=True, eq=False)
class Block:
    """A block of memory: a string, the items of a list, the entries of a map, or words by byte offset.

    A constant is part of the program and never freed. An uncounted block is one that the leak
    detector of TML's compiler does not see. A forgotten one was in a container of the standard library
    that let go of it without freeing it; nobody who uses that can free it.
    """

    kind: str
    made_at: tuple[Place, ...] = ()
    """The calls that led to it, the innermost last."""
    text: str = ""
    items: list[Any] = field(default_factory=list)
    words: dict[int, Any] = field(default_factory=dict)
    is_constant: bool = False
    is_counted: bool = True
    is_freed: bool = False
    is_forgotten: bool = False

    def made_outside(self, paths: Collection[str]) -> Place:
        """The innermost place that led to it and does not lie in one of these files."""
        return next(place for place in reversed(self.made_at) if place.path not in paths)

    @property
    def content(self) -> str:
        """What it holds, as a string."""
        return self.text or str(self.words.get(0, "")) or self.kind


@dataclass(frozen=True, slots=True, eq=False)
class Pointer:
    """An address: a block and an offset in bytes; without a block it is null."""

    block: Block | None = None
    offset: int = 0

    def plus(self, offset: int) -> Pointer:
        """The address ``offset`` bytes further on."""
        return Pointer(self.block, self.offset + offset)


NULL = Pointer()


@dataclass(frozen=True, slots=True)
class Fault:
    """A misuse of memory: ``kind`` is one of the class's constants."""

    kind: str
    what: str
    places: tuple[Place, ...]

    RELEASED_TWICE = "released twice"
    USED_AFTER_RELEASE = "used after its release"
    NOT_RELEASABLE = "released although it is no block of the heap"
    NEVER_MADE = "released on a path that does not make it"


class Heap:
    """All blocks that were made, and the faults that were committed on them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.faults: list[Fault] = []
        self.places: list[Place] = []
        """Where the program stands: the calls that are open, the innermost last."""

    def clear(self) -> None:
        """Forget everything."""
        self.blocks.clear()
        self.faults.clear()
        self.places.clear()

    def make(self, kind: str, **content: Any) -> Pointer:
        """A new block."""
        block = Block(kind, tuple(self.places), **content)
        self.blocks.append(block)
        return Pointer(block)

    def constant(self, text: str) -> Pointer:
        """A string that is part of the program."""
        return Pointer(Block("text", text=text, is_constant=True))

    def use(self, pointer: Pointer) -> Block:
        """The block that a pointer leads to, about to be read or written."""
        if pointer.block is None:
            raise AssertionError("a null pointer is used")
        if pointer.block.is_freed:
            self._fault(Fault.USED_AFTER_RELEASE, pointer.block)
        return pointer.block

    def free(self, pointer: Pointer) -> None:
        """What a program's ``mem_free`` does."""
        if pointer.block is None:
            return
        if pointer.block.is_constant or pointer.offset:
            self._fault(Fault.NOT_RELEASABLE, pointer.block)
        self.drop(pointer)

    def drop(self, pointer: Pointer) -> None:
        """What the compiler's own release of a string does: constants and null are left alone."""
        if pointer.block is None or pointer.block.is_constant:
            return
        if pointer.block.is_freed:
            self._fault(Fault.RELEASED_TWICE, pointer.block)
        pointer.block.is_freed = True

    def release_unmade(self) -> None:
        """What the compiler does with a string that only another path makes."""
        self.faults.append(Fault(Fault.NEVER_MADE, "a string", tuple(self.places)))

    def leaks(self) -> list[Block]:
        """The blocks that were never freed."""
        return [block for block in self.blocks if not block.is_freed]

    def _fault(self, kind: str, block: Block) -> None:
        self.faults.append(Fault(kind, f"{block.kind} {block.content}", tuple(self.places)))
