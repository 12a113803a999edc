"""Obligations: an owned value must be released exactly once on every path out of its scope.

A forward dataflow, one small lattice for each variable, in the manner of the Checker Framework's Resource
Leak Checker. What it cannot follow is unknown, and unknown is never called a leak.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from codemods.ownership.aliases import LOCAL_KINDS, Aliases
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    ControlFlowGraph,
    Exit,
    Role,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, Drops
from codemods.ownership.objects import ObjectProblem, World, Worlds
from codemods.ownership.releases import Releases
from codemods.ownership.summaries.summaries import Summaries
from codemods.ownership.value_flow import Place, ValueFlow
from codemods.ownership.variable_states import State
from codemods.semantics.layers import Layer, by_type
from codemods.semantics.symbols import FunctionInfo, Index, Type
from tml_ast import nodes


class Outcome(Enum):
    """What becomes of an owned value at one action."""

    LEAKED = auto()
    DROPPED = auto()
    UNCLEAR = auto()
    UNFOLLOWED = auto()
    LOST = auto()
    RELEASED = auto()
    MOVED = auto()
    OVERWRITTEN = auto()
    MAYBE_OVERWRITTEN = auto()
    RELEASED_TWICE = auto()
    USED_RELEASED = auto()


@dataclass(frozen=True, slots=True)
class Misuse:
    """A use of a value that is released on some path."""

    use: Use
    releases: tuple[Use, ...]
    """What may have released it, in the order they were written."""
    is_release: bool
    """Whether the use releases it once more."""
    is_certain: bool
    """Whether the value is released on every path that comes here."""


@dataclass(frozen=True, eq=False)
class ObligationReport:
    """A variable that owns a value with a release, and what becomes of the value."""

    graph: ControlFlowGraph
    variable: Variable
    release: FunctionInfo
    outcomes: Mapping[Outcome, Sequence[Action]]
    """The actions with an outcome, in the order they were written."""
    views: frozenset[Variable]
    """Variables that refer to the value or into it, its own included."""
    misuses: Sequence[Misuse] = ()
    """The uses that find the value released, in the order they were written."""
    sharers: frozenset[Variable] = frozenset()
    """Variables that on some path share the value, and on another one own a value of their own."""

    @cached_property
    def leaks(self) -> Sequence[Exit]:
        """Exits that it reaches owned on every path, and where the compiler does not release it."""
        return self._exits(Outcome.LEAKED)

    @cached_property
    def dropped(self) -> Sequence[Exit]:
        """Exits that it reaches owned on every path, and where the compiler releases it."""
        return self._exits(Outcome.DROPPED)

    @cached_property
    def unclear(self) -> Sequence[Exit]:
        """Exits that it reaches owned on some paths only, or where a part of it lives on."""
        return self._exits(Outcome.UNCLEAR)

    @cached_property
    def unfollowed(self) -> Sequence[Exit]:
        """Exits that it always reaches after one of ``lost``, unless the compiler releases it anyway."""
        return self._exits(Outcome.UNFOLLOWED)

    @cached_property
    def lost(self) -> Sequence[Use]:
        """Uses of the owned value whose effect is not known."""
        return self._uses(Outcome.LOST)

    @cached_property
    def released(self) -> Sequence[Use]:
        """Uses that release it."""
        return self._uses(Outcome.RELEASED)

    @cached_property
    def moved(self) -> Sequence[Use]:
        """Uses that give it away."""
        return self._uses(Outcome.MOVED)

    @cached_property
    def overwritten(self) -> Sequence[nodes.Assignment]:
        """Assignments that replace the value where it is owned on every path and nothing else holds it."""
        return self._assignments(Outcome.OVERWRITTEN)

    @cached_property
    def maybe_overwritten(self) -> Sequence[nodes.Assignment]:
        """Assignments that replace it where it is owned on some paths only, or a part of it lives on."""
        return self._assignments(Outcome.MAYBE_OVERWRITTEN)

    @cached_property
    def misused(self) -> Sequence[Use]:
        """Uses and releases that some path reaches with the value released already."""
        return [*self._uses(Outcome.RELEASED_TWICE), *self._uses(Outcome.USED_RELEASED)]

    def _exits(self, outcome: Outcome) -> list[Exit]:
        return [action for action in self.outcomes.get(outcome, ()) if isinstance(action, Exit)]

    def _uses(self, outcome: Outcome) -> list[Use]:
        return [action for action in self.outcomes.get(outcome, ()) if isinstance(action, Use)]

    def _assignments(self, outcome: Outcome) -> list[nodes.Assignment]:
        return [action.node for action in self.outcomes.get(outcome, ()) if isinstance(action, Assign)]


class Obligations(Layer):
    """Which variables of a function owe a release, and what becomes of each."""

    def __init__(
        self,
        index: Index,
        summaries: Summaries,
        drops: Drops,
        releases: Releases,
        aliases: Aliases,
        library: Obligations | None = None,
    ) -> None:
        super().__init__(index, library)
        self.summaries = summaries
        self.drops = drops
        self.releases = releases
        self.aliases = aliases
        self._reports: dict[ControlFlowGraph, Sequence[ObligationReport]] = {}
        self._releases_owed: dict[Type, FunctionInfo | None] = {}

    def of(self, graph: ControlFlowGraph) -> Sequence[ObligationReport]:
        """The obligations of the local variables of a function, in the order of their declarations."""
        if graph not in self._reports:
            self._reports[graph] = self._find(graph)
        return self._reports[graph]

    def _find(self, graph: ControlFlowGraph) -> Sequence[ObligationReport]:
        owners: list[_Owned] = []
        aliases: set[Variable] = set()
        for variable in graph.variables:
            release = self._release_owed(graph, variable)
            if release is None:
                continue
            owner = _Owned(self, graph, variable, release)
            if variable not in aliases or owner.is_made:
                owners.append(owner)
                aliases |= owner.aliases
        followed = _Followed.of(owners)
        return [report for owner in owners for report in owner.reports(followed)]

    def of_parameter(self, graph: ControlFlowGraph, variable: Variable) -> ObligationReport | None:
        """What becomes of a parameter that is received by value, whose release may be left to the function.

        The compiler drops no parameter, and counts what is passed by value as given away.
        """
        release = self.releases.release_of(variable.type)
        if variable.kind is not VariableKind.PARAMETER or release is None or variable.type is None:
            return None
        if not self.releases.is_idempotent(variable.type):
            return None
        owner = _Owned(self, graph, variable, release, is_parameter=True)
        return next(iter(owner.reports(_Followed.of([owner]))))

    def misuses(self, graph: ControlFlowGraph) -> Iterator[tuple[ObligationReport, Misuse]]:
        """The uses of released values, of local variables and of parameters that are received by value."""
        for report in self.of(graph):
            yield from ((report, misuse) for misuse in report.misuses)
        for variable in graph.variables:
            release = self.releases.release_of(variable.type)
            if variable.kind is not VariableKind.PARAMETER or release is None:
                continue
            if sum(use.site.role in (Role.RECEIVER, Role.ARGUMENT) for use in graph.uses(variable)) < 2:
                continue
            owner = _Owned(self, graph, variable, release, is_parameter=True)
            for report in owner.reports(_Followed.of([owner])):
                yield from ((report, misuse) for misuse in report.misuses)

    def _release_owed(self, graph: ControlFlowGraph, variable: Variable) -> FunctionInfo | None:
        if variable.kind not in LOCAL_KINDS or variable.value is None or variable.type is None:
            return None
        if isinstance(variable.value, nodes.Path) and variable.kind is not VariableKind.PAYLOAD:
            return None
        # The arguments of a type may be declared above the layer that declares the type.
        release = (
            self._release_of_owner(variable.type)
            if variable.type.arguments
            else self._release_in_layer(variable.type)
        )
        if release is None or not self.summaries.variable_origin(graph, variable).is_fresh:
            return None
        return None if self.aliases.may_be_taken_elsewhere(graph, variable) else release

    @by_type
    def _release_in_layer(self, type_: Type) -> FunctionInfo | None:
        return self._release_of_owner(type_)

    def _release_of_owner(self, type_: Type) -> FunctionInfo | None:
        """The release of a type if values of it are released by hand, or by the compiler as if by hand."""
        if type_ not in self._releases_owed:
            release = self.releases.release_of(type_)
            if release is not None and not self.releases.needs_release(type_):
                release = release if self.releases.may_precede_drop(type_) else None
            self._releases_owed[type_] = release
        return self._releases_owed[type_]

    def may_own(self, type_: Type, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a value of a type, or something in it, is released by hand or by Drop."""
        if self.releases.release_of(type_) is not None or self.drops.kind(type_) is DropKind.CALL:
            return True
        if type_.name in seen:
            return False
        inner = seen | {type_.name}
        parts = [*type_.arguments, *self.index.fields(type_).values()]
        return any(self.may_own(part, inner) for part in parts)


class _Owned:
    """The objects that a variable is made with, and what is to be said of them."""

    def __init__(
        self,
        known: Obligations,
        graph: ControlFlowGraph,
        variable: Variable,
        release: FunctionInfo,
        *,
        is_parameter: bool = False,
    ) -> None:
        self.graph = graph
        self.variable = variable
        self._known = known
        self._summaries = known.summaries
        self._drops = known.drops
        self._release = release
        self._is_parameter = is_parameter
        self._flow = ValueFlow(graph, variable, release, known.summaries, known.drops, known.may_own)
        problem = ObjectProblem(graph, variable, self._flow, is_parameter=is_parameter)
        self.aliases = problem.holders - {variable}
        """The other variables that may hold one of the objects, or something that one is in."""
        self._steps = list(problem.solve().steps())
        self._at_exit = {
            step.action: _made(step.before) for step in self._steps if isinstance(step.action, Exit)
        }

    @property
    def is_made(self) -> bool:
        """Whether the variable is declared with an object that was in no place before."""
        return self.variable.value is not None and self._flow.makes(self.variable.value)

    def reports(self, followed: _Followed) -> Iterator[ObligationReport]:
        """What becomes of the objects, for each variable that they can be released through."""
        outcomes: dict[Variable, dict[Outcome, list[Action]]] = {self.variable: {}}
        for step in self._steps:
            variable, outcome = self._outcome(step.action, _made(step.before), followed)
            if outcome is not None:
                outcomes.setdefault(variable, {}).setdefault(outcome, []).append(step.action)
        views = self._summaries.fate(self.graph, self.variable).views | self.aliases
        sharers = self._sharers(followed)
        for variable, found in outcomes.items():
            misuses = self._misuses if variable is self.variable else ()
            yield ObligationReport(self.graph, variable, self._release, found, views, misuses, sharers)

    def _sharers(self, followed: _Followed) -> frozenset[Variable]:
        """The variables that may hold one of the objects, and are released for one of their own."""
        candidates = (self.aliases & followed.variables) - {self.variable}
        return frozenset(
            variable
            for variable in candidates
            if any(world.holds(variable) for worlds in self._at_exit.values() for world in worlds)
        )

    @cached_property
    def _misuses(self) -> Sequence[Misuse]:
        """The uses of places that hold an object which is released."""
        return [
            misuse
            for step in self._steps
            if isinstance(step.action, Use) and (misuse := self._misuse(step.action, _made(step.before)))
        ]

    def _misuse(self, use: Use, worlds: Worlds) -> Misuse | None:
        held = [world for world in worlds if world.holds(use.variable)]
        releases = {
            world.release
            for world in held
            if world.state is State.RELEASED and world.release is not None and world.release is not use
        }
        if not releases or any(use.node is release.node for release in releases):
            return None
        return Misuse(
            use,
            tuple(sorted(releases, key=lambda release: release.node.start)),
            is_release=self._flow.is_release(use.site),
            is_certain=all(world.state is State.RELEASED for world in held),
        )

    def _outcome(
        self, action: Action, worlds: Worlds, followed: _Followed
    ) -> tuple[Variable, Outcome | None]:
        """The variable that is reported, and what becomes of what it holds."""
        owner = self.variable
        match action:
            case Exit():
                return self._outcome_of_exit(action, worlds, followed)
            case Assign() if action.node.operator == "=":
                return owner, self._outcome_of_assignment(action, worlds)
            case Use():
                held = [
                    (world, place)
                    for world in worlds
                    for place in world.places
                    if place.variable is action.variable and not place.is_due
                ]
                return owner, self._outcome_of_use(action, held)
            case _:
                return owner, None

    def _outcome_of_use(self, use: Use, held: Sequence[tuple[World, Place]]) -> Outcome | None:
        if any(world.state is State.RELEASED and not place.path for world, place in held):
            is_release = self._flow.is_release(use.site)
            return Outcome.RELEASED_TWICE if is_release else Outcome.USED_RELEASED
        becomes = {
            outcome
            for world, place in held
            if world.state is State.OWNED
            for outcome in self._flow.after_use(use, place.path)
            if isinstance(outcome, State)
        }
        state = next((state for state in _OUTCOME_OF_USE if state in becomes), None)
        return _OUTCOME_OF_USE[state] if state is not None else None

    def _outcome_of_assignment(self, assignment: Assign, worlds: Worlds) -> Outcome | None:
        """Whether a variable that gets another value is the last place of an object that it owns."""
        variable = assignment.variable
        held = [world for world in worlds if any(place.variable is variable for place in world.places)]
        lost = [
            world
            for world in held
            if world.state is State.OWNED and all(place.variable is variable for place in world.places)
        ]
        if not lost or any(place.is_due for world in lost for place in world.places):
            return None
        certain = len(lost) == len(held) and not self._may_live_on and variable is self.variable
        return Outcome.OVERWRITTEN if certain else Outcome.MAYBE_OVERWRITTEN

    def _outcome_of_exit(
        self, exit_: Exit, worlds: Worlds, followed: _Followed
    ) -> tuple[Variable, Outcome | None]:
        owner = self.variable
        by_hand = self._needs_release
        leaving = self._leaving(exit_)
        ending = [
            world
            for world in worlds
            if all(place.variable in leaving for place in world.places)
            or any(place.variable is owner for place in world.places if owner in leaving)
        ]
        lost = [
            world
            for world in ending
            if world.state is State.OWNED and all(place.variable in leaving for place in world.places)
        ]
        if not lost:
            unknown = {world.state for world in ending} == {State.UNKNOWN}
            return owner, Outcome.UNFOLLOWED if by_hand and unknown else None
        is_covered = not by_hand and any(
            self._drops.covers(self.graph, place.variable, exit_)
            for world in lost
            for place in world.places
            if not place.path
        )
        holder = self._holder(exit_, lost, followed)
        shadowed = holder is not None and any(
            other is not holder and other.name == holder.name for other in exit_.variables
        )
        if (
            holder is None
            or len(lost) != len(ending)
            or shadowed
            or any(world.holds(other) for world in lost for other in followed.variables - {holder})
            or self._may_live_on
            or not all(
                other.is_lost_with(holder, exit_) for other in followed.held_by(holder) if other is not self
            )
        ):
            return owner, None if is_covered else Outcome.UNCLEAR
        return holder, Outcome.DROPPED if is_covered else Outcome.LEAKED

    def _leaving(self, exit_: Exit) -> frozenset[Variable]:
        """The variables whose scope ends; that of a parameter is the whole function."""
        return frozenset((*exit_.variables, self.variable) if self._is_parameter else exit_.variables)

    def _holder(self, exit_: Exit, lost: Sequence[World], followed: _Followed) -> Variable | None:
        """A variable that holds the object in all worlds: the owner, or one whose objects are followed."""
        candidates = [self.variable, *(alias for alias in exit_.variables if alias in self.aliases)]
        for variable in candidates:
            if all(world.holds(variable) for world in lost) and (
                variable in followed.variables or not self.graph.is_assigned(variable)
            ):
                return variable
        return None

    def is_lost_with(self, variable: Variable, exit_: Exit) -> bool:
        """Whether a variable, where it holds one of the objects at an exit, is the last that owns it."""
        holding = [
            world
            for world in self._at_exit.get(exit_, ())
            if any(place.variable is variable for place in world.places)
        ]
        leaving = self._leaving(exit_) if holding else frozenset()
        return all(
            world.state is State.OWNED and all(place.variable in leaving for place in world.places)
            for world in holding
        )

    @cached_property
    def _needs_release(self) -> bool:
        return self._known.releases.needs_release(self.variable.type)

    @cached_property
    def _may_live_on(self) -> bool:
        """Whether something besides the places may hold the value, a part of it, or what releases it."""
        fate = self._summaries.fate(self.graph, self.variable)
        is_list = self.variable.type is not None and self.variable.type.bare == "List"
        return (
            fate.view_escapes
            or Effect.SHARES in fate.effects
            or (Effect.DRAINS in fate.effects and not is_list)
            or self._known.aliases.others_released(self.graph, self.variable, self.aliases)
            or any(
                view is not self.variable
                and view not in self.aliases
                and not self._known.aliases.only_lists_parts(self.graph, view, self.variable)
                and self._drops.is_registered(view)
                and self._summaries.handles.is_released(view.type)
                for view in fate.views
            )
        )


@dataclass(frozen=True, slots=True)
class _Followed:
    """The owners of a function whose objects are followed together."""

    variables: frozenset[Variable]
    by_holder: Mapping[Variable, Sequence[_Owned]]
    """The owners by each variable that may hold one of their objects."""

    @classmethod
    def of(cls, owners: Sequence[_Owned]) -> _Followed:
        """Owners by what may hold their objects."""
        by_holder: dict[Variable, list[_Owned]] = {}
        for owner in owners:
            for holder in (owner.variable, *owner.aliases):
                by_holder.setdefault(holder, []).append(owner)
        return cls(frozenset(owner.variable for owner in owners), by_holder)

    def held_by(self, variable: Variable) -> Sequence[_Owned]:
        """The owners whose objects a variable may hold."""
        return self.by_holder.get(variable, ())


def _made(worlds: Worlds) -> Worlds:
    """The worlds in which the object is made."""
    return frozenset(world for world in worlds if world.state is not None)


_OUTCOME_OF_USE = {
    State.UNKNOWN: Outcome.LOST,
    State.RELEASED: Outcome.RELEASED,
    State.MOVED: Outcome.MOVED,
}
