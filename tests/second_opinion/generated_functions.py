"""Hypothesis strategies for well-typed TML functions that make, use, give away and forget values.

Every value has its own number, and no function uses a value that it released or gave away, so
whatever leaks or is released twice later is not their fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.second_opinion.writing.constructs import ConstructWriter
from tests.second_opinion.writing.kinds import IMPORTS, SUPPORT
from tests.second_opinion.writing.writer import Signature

MADE, TEST = "lib/demo/src/made.tml", "tests/demo/made.test.tml"
ENTRY = "test_made"
"""The function of a generated program that is run."""

PARAMETERS = ((), ("I64",), ("Reel",), ("ref Chest",), ("Str",), ("Str", "I64"), ("ref Reel", "Str"))
RETURNS = ("I64", "Str", "Reel", "Chest", "Outcome[Reel, I64]", "")

T = TypeVar("T")


@st.composite
def programs(draw: st.DrawFn) -> dict[str, bytes]:
    """A library module, and a test file with one test that calls into it (path to content)."""

    def choose(options: Sequence[T]) -> T:
        return options[draw(st.integers(0, len(options) - 1))]

    return made(choose)


def made(choose: Callable[[Sequence[Any]], Any]) -> dict[str, bytes]:
    """The program that ``choose`` decides on."""
    known: list[Signature] = []
    library, test = [IMPORTS], [IMPORTS]
    number = 0
    for index in range(choose((0, 0, 1, 2, 3))):
        in_library = choose((True, True, False))
        prefix = "made" if in_library else "local"
        signature = Signature(
            f"{prefix}_{index}",
            choose(PARAMETERS),
            choose(RETURNS),
            choose((True, True, False)),
            in_library,
            choose((True, False)),
        )
        writer = ConstructWriter(choose, signature, known, number)
        (library if in_library else test).append("\n".join(writer.function()) + "\n")
        number = writer.number
        known.append(signature)
    visible = [signature.name for signature in known if signature.in_library and signature.is_visible]
    if visible:
        test[0] += f"use demo::made::{{{', '.join(visible)}}}\n"
    entry_signature = Signature(ENTRY, (), choose(("I32", "I32", "")), True, False)
    entry = ConstructWriter(choose, entry_signature, known, number)
    test.append("@test\n" + "\n".join(entry.function()) + "\n")
    return {**SUPPORT, MADE: "\n".join(library).encode(), TEST: "\n".join(test).encode()}
