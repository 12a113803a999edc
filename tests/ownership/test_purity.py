"""Which functions are pure does not depend on the order of the questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from codemods.ownership.analysis import Analysis
from codemods.ownership.summaries.purity import Purity
from codemods.semantics.symbols import Index, SourceFile

WRITES_MEMORY = "ptr_write(address, n)"


def purity_of(source: str, order: Iterable[str]) -> dict[str, bool]:
    """Whether each function is pure, asked in that order."""
    index = Index([SourceFile.read("lib/std/src/sample.tml", source.encode())])
    purity = Purity(Analysis(index).summaries)
    functions = {function.name: function for function in index.functions}
    return {name: purity.function_is_pure(functions[name]) for name in order}


def cycle(first_does: str, second_does: str) -> str:
    """Two functions that call each other, and what else each does after the call."""
    return f"""
func first(address: I64, n: I64) -> I64 {{
    if n == 0 {{ return 0 }}
    let result = second(address, n - 1)
    {first_does}
    return result
}}

func second(address: I64, n: I64) -> I64 {{
    let result = first(address, n)
    {second_does}
    return result
}}
"""


def test_functions_in_a_circle_that_writes_memory_are_impure_in_any_order() -> None:
    for source in (
        cycle(WRITES_MEMORY, ""),
        cycle("", WRITES_MEMORY),
        cycle(WRITES_MEMORY, WRITES_MEMORY),
    ):
        for order in (("first", "second"), ("second", "first")):
            assert purity_of(source, order) == {"first": False, "second": False}


def test_functions_in_a_circle_that_only_computes_are_pure_in_any_order() -> None:
    for order in (("first", "second"), ("second", "first")):
        assert purity_of(cycle("let m = n + 1", ""), order) == {"first": True, "second": True}


@st.composite
def programs(draw: st.DrawFn) -> tuple[Mapping[str, list[str]], set[str]]:
    """Functions, each with those that it calls, and which of them write memory."""
    names = [f"f{number}" for number in range(draw(st.integers(1, 6)))]
    calls = {name: draw(st.lists(st.sampled_from(names), max_size=3)) for name in names}
    return calls, draw(st.sets(st.sampled_from(names), max_size=2))


@given(programs(), st.randoms(use_true_random=False))
def test_a_function_is_impure_where_it_can_reach_one_that_writes_memory(
    program: tuple[Mapping[str, list[str]], set[str]], random: Random
) -> None:
    calls, writers = program
    source = "\n".join(
        f"func {name}(address: I64, n: I64) {{\n"
        + (f"    {WRITES_MEMORY}\n" if name in writers else "")
        + "".join(f"    {callee}(address, n)\n" for callee in callees)
        + "}\n"
        for name, callees in calls.items()
    )
    impure = set(writers)
    while spread := {name for name in calls if name not in impure and impure.intersection(calls[name])}:
        impure |= spread
    order = list(calls)
    random.shuffle(order)
    assert purity_of(source, order) == {name: name not in impure for name in order}
