"""Dataflow: the laws of lattices and solutions on random graphs, and points-to sets as a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.ownership.dataflow.flow_graph import BasicBlock, FlowGraph
from codemods.ownership.dataflow.lattices import (
    BoundedPowerset,
    Flag,
    Intersections,
    Lattice,
    Pointwise,
    Powerset,
    Product,
)
from codemods.ownership.dataflow.solver import Direction, Problem, Solution, solve

SETS = st.frozensets(st.integers(0, 4))
EVERYTHING = frozenset((-1,))

LATTICES: dict[str, tuple[Lattice[Any], st.SearchStrategy[Any]]] = {
    "flag": (Flag(), st.booleans()),
    "powerset": (Powerset(), SETS),
    "bounded": (
        BoundedPowerset(3, EVERYTHING),
        SETS.filter(lambda values: len(values) <= 3) | st.just(EVERYTHING),
    ),
    "intersections": (Intersections(), st.none() | SETS),
    "pointwise": (Pointwise(Powerset()), st.dictionaries(st.sampled_from("abc"), SETS.filter(bool))),
    "product": (Product(Flag(), Powerset()), st.tuples(st.booleans(), SETS)),
}


@pytest.mark.parametrize("name", LATTICES)
@given(data=st.data())
def test_join_is_a_least_upper_bound(name: str, data: st.DataObject) -> None:
    lattice, values = LATTICES[name]
    first, second, third = (data.draw(values) for _ in range(3))
    joined = lattice.join(first, second)

    assert lattice.join(first, first) == first
    assert joined == lattice.join(second, first)
    assert lattice.join(joined, third) == lattice.join(first, lattice.join(second, third))
    assert lattice.join(lattice.bottom, first) == first
    assert lattice.is_at_most(first, joined) and lattice.is_at_most(second, joined)
    if lattice.is_at_most(first, third) and lattice.is_at_most(second, third):
        assert lattice.is_at_most(joined, third)


# -- solutions ------------------------------------------------------------------------------------

Action = tuple[str, int]
"""``make`` or ``kill`` a value."""


class Values(Problem[Action, frozenset[int]]):
    """The values that are made and not killed on some path: reaching definitions."""

    def __init__(self, boundary: frozenset[int] = frozenset()) -> None:
        super().__init__(Powerset(), boundary)

    def transfer(self, action: Action, state: frozenset[int]) -> frozenset[int]:
        verb, value = action
        return state | {value} if verb == "make" else state - {value}


class ValuesBackward(Values):
    direction = Direction.BACKWARD


@st.composite
def graphs(draw: st.DrawFn) -> FlowGraph[Action]:
    actions = st.lists(st.tuples(st.sampled_from(("make", "kill")), st.integers(0, 3)), max_size=3)
    blocks = [BasicBlock[Action](draw(actions)) for _ in range(draw(st.integers(1, 7)))]
    for block in blocks:
        block.successors = draw(st.lists(st.sampled_from(blocks), max_size=3, unique_by=id))
    return FlowGraph(blocks)


def reached_by_walking(graph: FlowGraph[Action], problem: Values) -> dict[BasicBlock[Action], frozenset[int]]:
    """The least solution by round-robin iteration, as textbooks have it."""
    forward = problem.direction is Direction.FORWARD
    states = {block: frozenset[int]() for block in graph.reachable}
    for block in [graph.entry] if forward else [block for block in graph.reachable if not block.successors]:
        states[block] = problem.boundary
    for _ in range(4 * len(graph.blocks) + 1):
        for block in graph.reachable:
            state = states[block]
            for action in block.actions if forward else block.actions[::-1]:
                state = problem.transfer(action, state)
            for following in block.successors if forward else graph.predecessors[block]:
                states[following] |= state
    return states


@pytest.mark.parametrize("problem", [Values(frozenset((3,))), ValuesBackward(frozenset((3,)))])
@given(graph=graphs())
def test_the_solution_is_the_least_fixpoint(problem: Values, graph: FlowGraph[Action]) -> None:
    assert dict(solve(graph, problem).states) == reached_by_walking(graph, problem)


@given(graph=graphs())
def test_a_greater_boundary_makes_no_state_less(graph: FlowGraph[Action]) -> None:
    small, great = solve(graph, Values()), solve(graph, Values(frozenset((0, 3))))

    assert all(small.states[block] <= great.states[block] for block in graph.reachable)


@given(graph=graphs())
def test_steps_lead_from_the_state_of_a_block_to_those_of_its_successors(graph: FlowGraph[Action]) -> None:
    solution = solve(graph, Values())

    for block in graph.reachable:
        steps = list(solution.steps_of(block))
        assert [step.action for step in steps] == block.actions
        states = [solution.states[block], *(step.after for step in steps)]
        assert [step.before for step in steps] == states[:-1]
        assert all(states[-1] <= solution.states[successor] for successor in block.successors)


@given(graph=graphs(), data=st.data())
def test_actions_after_one_are_those_that_paths_from_it_reach(
    graph: FlowGraph[Action], data: st.DataObject
) -> None:
    places = [(block, place) for block in graph.blocks for place in range(len(block.actions))]
    if not places:
        return
    # Equal actions are distinguished by their identity, which tuples of constants may share.
    for block in graph.blocks:
        block.actions = [(*action,) for action in block.actions]
    block, place = data.draw(st.sampled_from(places))
    reached = {id(action) for action in graph.actions_after(block.actions[place], lambda _: False)}

    blocks, pending = set[BasicBlock[Action]](), [*block.successors]
    while pending:
        following = pending.pop()
        if following not in blocks:
            blocks.add(following)
            pending += following.successors
    expected = {id(action) for action in block.actions[place + 1 :]}
    expected |= {id(action) for following in blocks for action in following.actions}
    assert reached == expected


# -- a heap of points-to sets ---------------------------------------------------------------------

Heap = Mapping[str, frozenset[str]]
"""The objects, named by where they are made, that each place may hold. A field is a place like ``x.f``."""


class PointsTo(Problem[tuple[str, str, str], Heap]):
    """``("new", place, object)`` makes an object; ``("copy", place, other)`` copies what the other holds."""

    def __init__(self) -> None:
        super().__init__(Pointwise(Powerset()), {})

    def transfer(self, action: tuple[str, str, str], state: Heap) -> Heap:
        verb, place, source = action
        if verb == "new":
            return {**state, place: frozenset((source,))}
        inner = {
            place + held[len(source) :]: objects
            for held, objects in state.items()
            if held == source or held.startswith(source + ".")
        }
        kept = {
            held: objects
            for held, objects in state.items()
            if held != place and not held.startswith(place + ".")
        }
        return {**kept, **inner}


def held_at_end(solution: Solution[tuple[str, str, str], Heap], block: BasicBlock[Any]) -> Heap:
    return [step.after for step in solution.steps_of(block)][-1]


def test_a_copy_holds_what_was_copied_and_an_assignment_replaces_it() -> None:
    block = BasicBlock([("new", "a.url", "first"), ("copy", "b", "a"), ("new", "a.url", "second")])
    heap = held_at_end(solve(FlowGraph([block]), PointsTo()), block)

    assert heap == {"a.url": {"second"}, "b.url": {"first"}}


def test_where_paths_meet_a_place_may_hold_the_object_of_either() -> None:
    end = BasicBlock([("copy", "c", "a")])
    branch = BasicBlock([("new", "a", "second")], [end])
    start = BasicBlock([("new", "a", "first")], [branch, end])
    heap = held_at_end(solve(FlowGraph([start, branch, end]), PointsTo()), end)

    assert heap["c"] == {"first", "second"}


def test_a_loop_is_followed_until_nothing_new_is_held() -> None:
    body = BasicBlock([("copy", "third", "second"), ("copy", "second", "first"), ("new", "first", "body")])
    end = BasicBlock([("copy", "result", "third")])
    body.successors = [body, end]
    start = BasicBlock([("new", "first", "start")], [body])
    heap = held_at_end(solve(FlowGraph([start, body, end]), PointsTo()), end)

    assert heap["result"] == {"start", "body"}
