"""Hypothesis strategies for well-typed TML functions that make, use, give away and forget values.

Every value has its own number, and no function uses a value that it released or gave away, so
whatever leaks or is released twice later is not their fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.second_opinion.writing.constructs import ConstructWriter
from tests.second_opinion.writing.kinds import Kind, palette
from tests.second_opinion.writing.platforms import CONDITIONS, PlatformWriter
from tests.second_opinion.writing.statements import FunctionWriter
from tests.second_opinion.writing.support import support_of, with_imports
from tests.second_opinion.writing.writer import Signature

MADE, TEST = "lib/demo/src/made.tml", "tests/demo/made.test.tml"
ENTRY = "test_made"
"""The function of a generated program that is run."""

T = TypeVar("T")


@st.composite
def programs(draw: st.DrawFn) -> dict[str, bytes]:
    """A library module, and a test file with one test that calls into it (path to content)."""

    def choose(options: Sequence[T]) -> T:
        return options[draw(st.integers(0, len(options) - 1))]

    return made(choose)


def made(choose: Callable[[Sequence[Any]], Any]) -> dict[str, bytes]:
    """The program that ``choose`` decides on."""
    writer = choose((ConstructWriter, ConstructWriter, PlatformWriter))
    kinds = palette(choose)
    parameters = ("I64", "Str", *(kind.type for kind in kinds), *(f"ref {kind.type}" for kind in kinds))
    results = ("I64", "Str", "", *(kind.type for kind in kinds))
    results += tuple(f"Outcome[{kind.type}, I64]" for kind in kinds)
    results += tuple(f"Maybe[{kind.type}]" for kind in kinds)
    known: list[Signature] = []
    library: list[str] = []
    test: list[str] = []
    number = 0
    for index in range(choose((0, 0, 1, 2, 3))):
        in_library = choose((True, True, False))
        prefix = "made" if in_library else "local"
        signature = Signature(
            f"{prefix}_{index}",
            tuple(choose(parameters) for _ in range(choose((0, 1, 1, 2)))),
            choose(results),
            choose((True, True, False)),
            in_library,
            choose((True, False)),
        )
        lines, number = _function(choose, writer, signature, known, number, kinds)
        (library if in_library else test).append("\n".join(lines) + "\n")
        known.append(signature)
    entry_signature = Signature(ENTRY, (), choose(("I32", "I32", "")), True, False)
    entry = writer(choose, entry_signature, known, number, kinds)
    test.append("@test\n" + "\n".join(entry.function()) + "\n")
    sources = {MADE: with_imports("\n".join(library)), TEST: with_imports("\n".join(test))}
    visible = [signature.name for signature in known if signature.in_library and signature.is_visible]
    if visible:
        sources[TEST] = f"use demo::made::{{{', '.join(visible)}}}\n{sources[TEST]}"
    files = {path: source.encode() for path, source in sources.items()}
    return {**support_of(*sources.values()), **files}


def _function(
    choose: Callable[[Sequence[Any]], Any],
    writer: type[FunctionWriter],
    signature: Signature,
    known: Sequence[Signature],
    number: int,
    kinds: tuple[Kind, ...],
) -> tuple[list[str], int]:
    """The lines of a function, and the last number in it; now and then it has a twin for other platforms."""
    first = writer(choose, signature, known, number, kinds)
    lines = first.function()
    if writer is not PlatformWriter or choose((True, True, False)):
        return lines, first.number
    second = writer(choose, signature, known, first.number, kinds)
    return [f"#if {choose(CONDITIONS)}", *lines, "#else", *second.function(), "#endif"], second.number
