"""Values that depend on each other in cycles are the same whatever is asked for first."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.ownership.dataflow.fixpoints import Fixpoints

Graph = list[list[int]]

EMPTY: frozenset[int] = frozenset()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """For each node those that it depends on."""
    size = draw(st.integers(1, 9))
    return [draw(st.lists(st.integers(0, size - 1), max_size=4)) for _ in range(size)]


def reached(graph: Graph, start: int) -> frozenset[int]:
    """The node, and those that it depends on in any number of steps."""
    found, pending = {start}, [start]
    while pending:
        for successor in graph[pending.pop()]:
            if successor not in found:
                found.add(successor)
                pending.append(successor)
    return frozenset(found)


class Reach:
    """What each node reaches, found as a fixpoint; how often a value was computed."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.fixpoints = Fixpoints()
        self.computed = 0

    def of(self, node: int) -> frozenset[int]:
        return self.fixpoints.find(node, self._compute(node), EMPTY, frozenset.union)

    def _compute(self, node: int) -> Callable[[], frozenset[int]]:
        def compute() -> frozenset[int]:
            self.computed += 1
            return frozenset((node,)).union(*map(self.of, self.graph[node]))

        return compute


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_questions_changes_nothing(graph: Graph, random: Random) -> None:
    order = list(range(len(graph)))
    random.shuffle(order)
    reach = Reach(graph)
    assert {node: reach.of(node) for node in order} == {node: reached(graph, node) for node in order}


@given(graphs())
def test_what_is_found_is_not_computed_again(graph: Graph) -> None:
    reach = Reach(graph)
    reach.of(0)
    before = reach.computed
    for node in reached(graph, 0):
        reach.of(node)
    assert reach.computed == before


@pytest.mark.parametrize("size", [10, 20, 40])
def test_a_circle_of_all_is_no_explosion(size: int) -> None:
    reach = Reach([list(range(size)) for _ in range(size)])
    assert reach.of(0) == frozenset(range(size))
    assert reach.computed <= size * size


def test_a_failure_leaves_nothing_half_found() -> None:
    fixpoints = Fixpoints()

    def fail() -> int:
        fixpoints.find("inner", lambda: fixpoints.find("outer", int, 0, max) + 1, 0, max)
        raise RecursionError

    with pytest.raises(RecursionError):
        fixpoints.find("outer", fail, 0, max)
    assert fixpoints.find("inner", lambda: 5, 0, max) == 5
