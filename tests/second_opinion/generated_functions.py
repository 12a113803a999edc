"""Hypothesis strategies for well-typed TML functions that make, use, give away and forget values.

Every value has its own number, and no function uses a value that it released or gave away, so
whatever leaks or is released twice later is not their fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.second_opinion.writing.constructs import ConstructWriter
from tests.second_opinion.writing.handling import Handling
from tests.second_opinion.writing.kinds import Kind, Opening, palette
from tests.second_opinion.writing.platforms import CONDITIONS, PlatformWriter
from tests.second_opinion.writing.statements import FunctionWriter
from tests.second_opinion.writing.support import support_of, with_imports
from tests.second_opinion.writing.writer import Signature

MADE, TEST = "lib/demo/src/made.tml", "tests/demo/made.test.tml"
MORE, SECOND_TEST = "lib/demo/src/more.tml", "tests/demo/more.test.tml"
"""A share of the programs has a second module, which uses the first, and a second test file."""

ENTRIES = ENTRY, SECOND_ENTRY = "test_made", "test_more"
"""The functions of a generated program that are run."""


def entries_of(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The functions of a generated program that are run."""
    return ENTRIES if SECOND_TEST in files else ENTRIES[:1]


T = TypeVar("T")


@st.composite
def programs(draw: st.DrawFn) -> GeneratedProgram:
    """A library module, and a test file with one test that calls into it."""

    def choose(options: Sequence[T]) -> T:
        return options[draw(st.integers(0, len(options) - 1))]

    return generated(choose)


@dataclass(frozen=True, slots=True)
class GeneratedProgram:
    """A program (path to content), and what it does with values."""

    files: dict[str, bytes]
    handled: frozenset[Handling]


def made(choose: Callable[[Sequence[Any]], Any]) -> dict[str, bytes]:
    """The files of the program that ``choose`` decides on."""
    return generated(choose).files


def generated(
    choose: Callable[[Sequence[Any]], Any], kinds: tuple[Kind, ...] | None = None
) -> GeneratedProgram:
    """The program that ``choose`` decides on, with values of these kinds."""
    writer = choose((ConstructWriter, ConstructWriter, PlatformWriter))
    kinds = kinds or palette(choose)
    handled: set[Handling] = set()
    parameters = ("I64", "Str", *(kind.type for kind in kinds), *(f"ref {kind.type}" for kind in kinds))
    results = ("I64", "Str", "", *(kind.type for kind in kinds))
    results += tuple(f"Outcome[{kind.type}, I64]" for kind in kinds)
    results += tuple(f"Maybe[{kind.type}]" for kind in kinds)
    is_large = choose((False, False, True))
    modules = (MADE, MORE) if is_large else (MADE,)
    tests = (TEST, SECOND_TEST) if is_large else (TEST,)
    code: dict[str, list[str]] = {path: [] for path in (*modules, *tests)}
    sees = {path: frozenset(modules) for path in tests} | {MADE: frozenset(), MORE: frozenset((MADE,))}
    openings, opening_code = _openings(kinds)
    known: list[Signature] = []
    number = 0
    for index in range(choose((0, 0, 1, 2, 3) if not is_large else (2, 3, 4))):
        path = choose((*modules, *modules, *tests))
        in_library = path in modules
        signature = Signature(
            f"{'made' if in_library else 'local'}_{index}",
            tuple(choose(parameters) for _ in range(choose((0, 1, 1, 2)))),
            choose(results),
            choose((True, True, False)),
            in_library,
            choose((True, False)),
            path,
            sees[path],
        )
        lines, number = _function(choose, writer, signature, known, number, kinds, openings, handled)
        code[path].append("\n".join(lines) + "\n")
        known.append(signature)
    for path, name in zip(tests, ENTRIES, strict=False):
        entry_signature = Signature(
            name, (), choose(("I32", "I32", "")), True, False, False, path, sees[path]
        )
        entry = writer(choose, entry_signature, known, number, kinds, openings)
        code[path].append("@test\n" + "\n".join(entry.function()) + "\n")
        number = entry.number
        handled |= entry.handled
    words = set(re.findall(r"\w+", "\n".join(line for lines in code.values() for line in lines)))
    code[MADE] += [lines for name, lines in opening_code.items() if name in words]
    sources = {path: with_imports("\n".join(lines)) for path, lines in code.items()}
    for path in sources:
        for module in sorted(sees[path]):
            exported = [each.name for each in known if each.path == module and each.is_visible]
            exported += sorted(opening_code) if module == MADE else []
            used = [name for name in exported if re.search(rf"\b{name}\b", sources[path])]
            if used:
                sources[path] = f"use {_module(module)}::{{{', '.join(used)}}}\n{sources[path]}"
    files = {path: source.encode() for path, source in sources.items()}
    return GeneratedProgram({**support_of(*sources.values()), **files}, frozenset(handled))


def _openings(kinds: Sequence[Kind]) -> tuple[dict[str, Opening], dict[str, str]]:
    """Functions that yield a value or an error, for the kinds without one: calls of them, and their code."""
    openings: dict[str, Opening] = {}
    code: dict[str, str] = {}
    for position, kind in enumerate(dict.fromkeys(kinds)):
        if any(opening.good == "Ok" for opening in kind.openings) or not kind.makers:
            continue
        name = f"attempt_{position}"
        openings[kind.name] = Opening(f"{name}($n)")
        maker = kind.makers[0].replace('"one two $n"', '"one two"').replace('"label $n"', '"label"')
        code[name] = (
            f"pub func {name}(site: I64) -> Outcome[{kind.type}, I64] {{\n    if decide(site) {{\n"
            f"        return Err(site)\n    }}\n    return Ok({maker.replace('$n', 'site')})\n}}\n"
        )
    return openings, code


def _module(path: str) -> str:
    """The name of a module of the library."""
    return f"demo::{path.rpartition('/')[2].removesuffix('.tml')}"


def _function(
    choose: Callable[[Sequence[Any]], Any],
    writer: type[FunctionWriter],
    signature: Signature,
    known: Sequence[Signature],
    number: int,
    kinds: tuple[Kind, ...],
    openings: Mapping[str, Opening],
    handled: set[Handling],
) -> tuple[list[str], int]:
    """The lines of a function, and the last number in it; now and then it has a twin for other platforms."""
    first = writer(choose, signature, known, number, kinds, openings)
    lines = first.function()
    handled |= first.handled
    if writer is not PlatformWriter or choose((True, True, False)):
        return lines, first.number
    second = writer(choose, signature, known, first.number, kinds, openings)
    twins = [f"#if {choose(CONDITIONS)}", *lines, "#else", *second.function(), "#endif"]
    handled |= second.handled
    return twins, second.number
