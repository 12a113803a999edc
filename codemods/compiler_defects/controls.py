"""Programs that show whether anything is measured: what they do has to be seen, whatever the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from codemods.compiler_defects import LIBRARY_PATH, TEST_PATH


class Expected(Enum):
    """What a control program does."""

    CLEAN = auto()
    """It passes and leaks nothing."""
    LEAK = auto()
    """It passes and leaks one allocation."""
    FAILURE = auto()
    """It frees memory twice, which must not pass."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control program."""

    name: str
    expected: Expected
    module: str
    test: str

    @property
    def files(self) -> Mapping[str, bytes]:
        """The program, as files of a tree."""
        parts = {LIBRARY_PATH: self.module, TEST_PATH: self.test}
        return {path: text.encode() for path, text in parts.items() if text}


CONTROLS = (
    Control(
        "drops-strings",
        Expected.CLEAN,
        """
use core::str

pub func width(count: I64) -> I64 {
    let line: Str = str::repeat("*", count)
    let size: I64 = str::len(line as Str)
    return size
}
""",
        """
use test
use std::sample::width

@test
func test_width() -> I32 {
    assert(width(3) == 3, "three stars")
    return 0
}
""",
    ),
    Control(
        "drops-lists",
        Expected.CLEAN,
        "",
        """
use test
use std::collections::List

@test
func test_numbers() -> I32 {
    let numbers: List[I64] = List[I64]::new(2)
    numbers.push(1)
    assert(numbers.len() == 1, "one number")
    return 0
}
""",
    ),
    Control(
        "forgets-a-block",
        Expected.LEAK,
        """
use core::intrinsics::{mem_alloc, mem_free}

pub func forget(size: I64) -> Bool {
    let block: I64 = lowlevel { mem_alloc(size) } as I64
    return block != 0
}
""",
        """
use test
use std::sample::forget

@test
func test_forget() -> I32 {
    assert(forget(8), "a block")
    return 0
}
""",
    ),
    Control(
        "frees-a-block-twice",
        Expected.FAILURE,
        """
use core::intrinsics::{mem_alloc, mem_free}

pub func free_twice(size: I64) -> Bool {
    let block: *Unit = lowlevel { mem_alloc(size) }
    lowlevel { mem_free(block) }
    lowlevel { mem_free(block) }
    return true
}
""",
        """
use test
use std::sample::free_twice

@test
func test_free_twice() -> I32 {
    assert(free_twice(8), "freed")
    return 0
}
""",
    ),
)
