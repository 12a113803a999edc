"""Dataflow about one object: how it stands with its release, and which places hold it, on each path.

A typestate with the set of places that hold the object, as in Fink et al., "Effective Typestate Verification
in the Presence of Aliasing" (2008). Paths that differ keep states of their own. Within one it is certain what
holds the object, and what is so in all of them must be so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    Assume,
    CallSite,
    ControlFlowGraph,
    Declare,
    Exit,
    ExitKind,
    Use,
    Variable,
)
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.dataflow.lattices import BoundedPowerset
from codemods.ownership.dataflow.path_sensitive import PathSensitiveProblem
from codemods.ownership.dataflow.solver import Solution, solve
from codemods.ownership.flags import Flags, flags, flags_after, may_hold
from codemods.ownership.value_flow import Place, ValueFlow, place_of
from codemods.ownership.variable_states import State
from tml_ast import nodes
from tml_ast.nodes import Node, Pattern

_MOST_WORLDS = 48
_INNER = frozenset((ExitKind.SCOPE, ExitKind.ARM))
_LEAVING_FUNCTION = frozenset(
    (ExitKind.RETURN, ExitKind.TAIL, ExitKind.END, ExitKind.PROPAGATE, ExitKind.THROW)
)


class World(NamedTuple):
    """What is so on some paths: the state of the object, its places, and the flags whose value is known.

    The state is None where the object is not made yet.
    """

    state: State | None
    places: frozenset[Place] = frozenset()
    flags: Flags = frozenset()
    release: Use | None = None
    """The use that released it, where it is released."""

    def holds(self, variable: Variable) -> bool:
        """Whether the variable itself holds the object."""
        return Place(variable) in self.places


Worlds = frozenset[World]
_UNBORN = World(None)
_WORLDS = BoundedPowerset(_MOST_WORLDS, top=frozenset((World(State.UNKNOWN),)))


class ObjectProblem(PathSensitiveProblem[Action, World]):
    """What becomes of the objects that a variable is declared with, or is assigned."""

    def __init__(
        self, graph: ControlFlowGraph, owner: Variable, flow: ValueFlow, *, is_parameter: bool = False
    ) -> None:
        born = World(State.OWNED, frozenset((Place(owner),)))
        super().__init__(_WORLDS, frozenset((born if is_parameter else _UNBORN,)))
        self.graph = graph
        self.owner = owner
        self._flow = flow
        self._is_parameter = is_parameter
        self._actions: dict[BasicBlock[Action], Sequence[Action]] = {}

    def solve(self) -> Solution[Action, Worlds]:
        """The worlds at each point of the function."""
        return solve(self.graph, self)

    # -- what matters -------------------------------------------------------------------------

    @cached_property
    def holders(self) -> frozenset[Variable]:
        """The variables that may hold the object or something it is in, the owner among them."""
        found = {Place(self.owner)}
        pending = [*found]
        while pending:
            place = pending.pop()
            copies = [copy for use in self.graph.uses(place.variable) for copy in self._copies(use, place)]
            if self.graph.has_any(b"when"):
                copies += self._matched_copies(place)
            fresh = {Place(copy.variable, copy.path) for copy in copies} - found
            found |= fresh
            pending += fresh if len(found) <= _MOST_WORLDS else ()
        return frozenset(place.variable for place in found)

    def _copies(self, use: Use, place: Place) -> list[Place]:
        outcomes = self._flow.after_use(use, place.path)
        return [outcome for outcome in outcomes if isinstance(outcome, Place)]

    def _matched_copies(self, place: Place) -> Iterator[Place]:
        for assume in self.graph.ask(_arms):
            if not place.path or assume.when is None or not isinstance(assume.node, nodes.Arm):
                continue
            subject = place_of(self.graph, assume.when.subject)
            if subject is None or subject.variable is not place.variable:
                continue
            if place.path[: len(subject.path)] != subject.path:
                continue
            rest = place.path[len(subject.path) :]
            for pattern in assume.node.patterns:
                yield from (
                    copy for copy in self._flow.matched(pattern, rest) if rest and isinstance(copy, Place)
                )

    @cached_property
    def _flags(self) -> frozenset[Variable]:
        return self.graph.ask(flags)

    def actions(self, block: BasicBlock[Action]) -> Sequence[Action]:
        """Those on the holders and on the flags, and where arms of a when begin."""
        if block not in self._actions:
            self._actions[block] = self._relevant(block)
        return self._actions[block]

    def _relevant(self, block: BasicBlock[Action]) -> Sequence[Action]:
        holders = self.holders
        if self._is_parameter:
            return [action for action in block.actions if self._concerns(action, holders)]
        if len(holders) == 1 and not self._flags:
            return self.graph.actions_on.get(self.owner, {}).get(block, ())
        return [action for action in block.actions if self._concerns(action, holders)]

    def _concerns(self, action: Action, holders: frozenset[Variable]) -> bool:
        match action:
            case CallSite():
                return False
            case Assume():
                return isinstance(action.node, nodes.Arm) or bool(self._flags)
            case Exit():
                leaves = self._is_parameter and action.kind not in (
                    *_INNER,
                    ExitKind.BREAK,
                    ExitKind.CONTINUE,
                )
                return leaves or not holders.isdisjoint(action.leaving)
            case _:
                return action.variable in holders or action.variable in self._flags

    # -- what happens -------------------------------------------------------------------------

    def step(self, action: Action, state: World) -> Iterator[World]:
        """A use whose effect depends on more than is known splits a world."""
        match action:
            case Use():
                yield from self._used(action, state)
            case Declare() | Assign():
                yield from self._given(action, state)
            case Exit():
                yield from self._left(action, state)
            case Assume():
                yield from self._assumed(action, state)
            case _:
                yield state

    def _used(self, use: Use, world: World) -> Iterator[World]:
        results = [world]
        for place in world.places:
            if place.variable is use.variable and not place.is_due:
                outcomes = self._flow.after_use(use, place.path)
                results = [self._become(result, outcome, use) for result in results for outcome in outcomes]
        yield from results

    @staticmethod
    def _become(world: World, outcome: State | Place | None, use: Use | None = None) -> World:
        if outcome is None:
            return world
        if isinstance(outcome, Place):
            return world._replace(places=world.places | {outcome})
        return world._replace(state=outcome, release=use if outcome is State.RELEASED else None)

    def _given(self, action: Declare | Assign, world: World) -> Iterator[World]:
        """The variable loses what it held and gets what is due to it; the owner may get a new object."""
        variable = action.variable
        if isinstance(action, Assign) and action.node.operator != "=":
            yield world
            return
        if variable in self._flags:
            world = world._replace(flags=flags_after(self.graph, action, world.flags))
        if world.state is None:
            yield world
            if variable is self.owner and (
                isinstance(action, Declare) or self._flow.makes(action.node.value)
            ):
                yield World(State.OWNED, frozenset((Place(variable),)), world.flags)
            return
        if not any(place.variable is variable for place in world.places):
            yield world
            return
        places = frozenset(
            Place(variable, place.path) if place.variable is variable else place
            for place in world.places
            if place.is_due or place.variable is not variable
        )
        if places:
            yield world._replace(places=places)

    def _left(self, exit_: Exit, world: World) -> Iterator[World]:
        """Variables go out of scope; an object that no place holds any more is gone."""
        if world.state is None:
            yield world
            return
        if exit_.kind is ExitKind.PROPAGATE and self._is_in_success(exit_, world):
            return
        places = frozenset(
            place
            for place in world.places
            if place.variable not in exit_.leaving and (not place.is_due or exit_.kind in _INNER)
        )
        due = frozenset(place for place in world.places if place.is_due and exit_.kind in _INNER)
        if places and world.state is State.OWNED and self._is_dropped_in_another(exit_, world):
            world = world._replace(state=State.UNKNOWN)
        if places | due:
            yield world._replace(places=places | due)

    def _is_dropped_in_another(self, exit_: Exit, world: World) -> bool:
        """Whether the compiler drops the object through a variable that leaves before the others."""
        return any(
            place.variable in exit_.leaving
            and not place.path
            and not place.is_due
            and self._flow.is_dropped_at(place.variable, exit_)
            for place in world.places
        )

    def _is_in_success(self, exit_: Exit, world: World) -> bool:
        """Whether the object is in what a ``!`` would have handed out, so that this exit is not taken."""
        node = exit_.node
        if not isinstance(node, nodes.Propagate):
            return False
        operand = place_of(self.graph, node.operand)
        return operand is not None and any(
            place.variable is operand.variable
            and place.path[: len(operand.path)] == operand.path
            and place.path[len(operand.path) : len(operand.path) + 1] in (("Ok.0",), ("Just.0",))
            for place in world.places
        )

    def _assumed(self, assume: Assume, world: World) -> Iterator[World]:
        if not isinstance(assume.node, nodes.Arm):
            if may_hold(self.graph, assume, world.flags):
                yield world
            return
        when, arm = assume.when, assume.node
        assert when is not None
        if any(place.is_due and _is_in(place, when) and not _is_in(place, arm) for place in world.places):
            return
        subject = place_of(self.graph, when.subject)
        for place in world.places if subject is not None else ():
            assert subject is not None
            rest = place.path[len(subject.path) :]
            if place.variable is not subject.variable or place.is_due or not rest:
                continue
            if place.path[: len(subject.path)] != subject.path:
                continue
            fitting = [pattern for pattern in arm.patterns if _may_fit(pattern, rest[0])]
            if not fitting:
                return
            for pattern in fitting:
                for outcome in self._flow.matched(pattern, rest):
                    world = self._become(world, outcome)
        yield world


def _is_in(place: Place, node: Node) -> bool:
    """Whether the variable of a place is declared inside of a node."""
    return node.start <= place.variable.offset < node.end


def _may_fit(pattern: Pattern, part: str) -> bool:
    """Whether a pattern may fit an enum whose variant has this part."""
    variant, dot, _ = part.partition(".")
    if not dot:
        return True
    match pattern:
        case nodes.VariantPattern() | nodes.PathPattern():
            return pattern.segments[-1] == variant
        case nodes.BindingPattern():
            return not pattern.name[:1].isupper() or pattern.name == variant
        case nodes.OrPattern():
            return any(_may_fit(alternative, part) for alternative in pattern.all(Pattern))
        case _:
            return True


def _arms(graph: ControlFlowGraph) -> list[Assume]:
    return [action for action in graph.actions() if isinstance(action, Assume) and action.when is not None]
