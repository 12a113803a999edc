"""Obligations: an owned value must be released exactly once on every path out of its scope.

A forward dataflow, one small lattice for each variable, in the manner of the Checker Framework's Resource
Leak Checker. What it cannot follow is unknown, and unknown is never called a leak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from codemods.ownership.aliases import LOCAL_KINDS, Aliases
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    CallSite,
    ControlFlowGraph,
    Exit,
    ExitKind,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, Drops
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.dataflow.solver import solve
from codemods.ownership.releases import Releases
from codemods.ownership.summaries.summaries import Summaries
from codemods.ownership.variable_states import OwnershipProblem, State
from codemods.semantics.layers import Layer, by_type
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo, Index, Type
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


_LEAVING_FUNCTION = frozenset(
    (ExitKind.RETURN, ExitKind.TAIL, ExitKind.END, ExitKind.PROPAGATE, ExitKind.THROW)
)


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
            self._reports[graph] = [
                _Owned(self, graph, variable, release).report()
                for variable in graph.variables
                if (release := self._release_owed(graph, variable)) is not None
            ]
        return self._reports[graph]

    def of_parameter(self, graph: ControlFlowGraph, variable: Variable) -> ObligationReport | None:
        """What becomes of a parameter that is received by value, whose release may be left to the function.

        The compiler drops no parameter, and counts what is passed by value as given away.
        """
        release = self.releases.release_of(variable.type)
        if variable.kind is not VariableKind.PARAMETER or release is None or variable.type is None:
            return None
        if not self.releases.is_idempotent(variable.type):
            return None
        return _OwnedParameter(self, graph, variable, release).report()

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
                dropped = self.drops.kind(type_) is DropKind.CALL
                release = release if dropped and self.releases.is_idempotent(type_) else None
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


class _Owned(OwnershipProblem):
    """What a variable may be that owns a value with a release, and what is to be said of it."""

    def __init__(
        self,
        known: Obligations,
        graph: ControlFlowGraph,
        variable: Variable,
        release: FunctionInfo,
        boundary: frozenset[State] = frozenset(),
    ) -> None:
        super().__init__(graph, variable, boundary)
        self._known = known
        self._summaries = known.summaries
        self._drops = known.drops
        self._release = release
        self._is_list = variable.type is not None and variable.type.bare == "List"

    # -- what is reported ---------------------------------------------------------------------

    def report(self) -> ObligationReport:
        """What becomes of the value, by the states that each action is reached with."""
        outcomes: dict[Outcome, list[Action]] = {}
        for step in solve(self.graph, self).steps():
            outcome = self._outcome(step.action, step.before)
            if outcome is not None:
                outcomes.setdefault(outcome, []).append(step.action)
        views = self._summaries.fate(self.graph, self.variable).views
        return ObligationReport(self.graph, self.variable, self._release, outcomes, views)

    def _outcome(self, action: Action, states: frozenset[State]) -> Outcome | None:
        match action:
            case Exit():
                return self._outcome_of_exit(action, states)
            case Assign() if State.OWNED in states:
                certain = states == {State.OWNED} and not self._may_live_on
                return Outcome.OVERWRITTEN if certain else Outcome.MAYBE_OVERWRITTEN
            case Use() if State.RELEASED in states:
                is_release = self._is_release(action.site)
                return Outcome.RELEASED_TWICE if is_release else Outcome.USED_RELEASED
            case Use() if State.OWNED in states:
                becomes = self.after_use(action.site)
                return _OUTCOME_OF_USE[becomes] if becomes is not None else None
            case _:
                return None

    def _outcome_of_exit(self, exit_: Exit, states: frozenset[State]) -> Outcome | None:
        by_hand = self._needs_release
        if State.OWNED not in states:
            return Outcome.UNFOLLOWED if by_hand and states == {State.UNKNOWN} else None
        shadowed = any(
            other is not self.variable and other.name == self.variable.name for other in exit_.variables
        )
        is_covered = not by_hand and self._drops.covers(self.graph, self.variable, exit_)
        if states != {State.OWNED} or shadowed or self._may_live_on:
            return None if is_covered else Outcome.UNCLEAR
        return Outcome.DROPPED if is_covered else Outcome.LEAKED

    @cached_property
    def _needs_release(self) -> bool:
        return self._known.releases.needs_release(self.variable.type)

    @cached_property
    def _may_live_on(self) -> bool:
        """Whether something besides the variable may hold the value, a part of it, or what releases it."""
        fate = self._summaries.fate(self.graph, self.variable)
        return (
            fate.view_escapes
            or Effect.SHARES in fate.effects
            or (Effect.DRAINS in fate.effects and not self._is_list)
            or self._known.aliases.others_released(self.graph, self.variable)
            or any(
                view is not self.variable
                and self._drops.is_registered(view)
                and self._summaries.handles.is_released(view.type)
                for view in fate.views
            )
        )

    # -- what uses do -------------------------------------------------------------------------

    def _is_release(self, site: Site) -> bool:
        return site.role is Role.RECEIVER and site.callee is self._release

    def after_use(self, site: Site) -> State | None:
        """What a use makes of the variable; a list stays owned when its elements are released."""
        match site.role:
            case Role.RECEIVER if self._is_release(site):
                return State.RELEASED
            case Role.RECEIVER | Role.ARGUMENT:
                return self._passed(site)
            case Role.RETURNED | Role.STORED | Role.ELEMENT | Role.CONSTRUCTED:
                return State.MOVED
            case Role.FIELD:
                return self._field(site)
            case Role.REFERENCED:
                outer = self.graph.site_of(site.parent)
                passed = self._passed(outer) if outer is not None and outer.role is Role.ARGUMENT else None
                if outer is None or outer.role is not Role.ARGUMENT or passed is State.MOVED:
                    return State.UNKNOWN
                return passed
            case Role.INTERPOLATED | Role.CONDITION | Role.DISCARDED | Role.OPERAND:
                return None
            case _:
                return State.UNKNOWN

    def _passed(self, site: Site) -> State | None:
        effects = self._summaries.call_effects(site)
        if self._is_list:
            effects -= {Effect.DRAINS}
        if effects <= {Effect.BORROWS}:
            return None
        if effects <= {Effect.BORROWS, Effect.RETURNS}:
            outer = self.graph.site_of(site.parent)
            result = self.graph.type_of(site.parent)
            return None if result is not None and not self._known.may_own(result) else self._lent(outer)
        if effects <= {Effect.BORROWS, Effect.RETAINS}:
            return State.MOVED
        if effects <= {Effect.BORROWS, Effect.RELEASES}:
            return State.RELEASED if effects == {Effect.RELEASES} else State.UNKNOWN
        return State.UNKNOWN

    def _lent(self, outer: Site | None) -> State | None:
        """What the value becomes when what a call returns may be, or hold, the value.

        It stays where variables get that and do nothing but read it; unless the compiler drops one.
        """
        if outer is None or outer.role is Role.DISCARDED:
            return State.MOVED if outer is None else None
        opened = self._opened(outer)
        bound = self._bound(opened) if opened is not None and opened.role is Role.BOUND else []
        fates = [self._summaries.fate(self.graph, variable) for variable in bound]
        if (
            not bound
            or any(self._summaries.variable_origin(self.graph, variable).is_fresh for variable in bound)
            or not all(fate.is_only_read for fate in fates)
        ):
            return State.MOVED
        dropped = any(self._drops.is_registered(view) for fate in fates for view in fate.views)
        return State.UNKNOWN if dropped else None

    def _opened(self, site: Site) -> Site | None:
        """Where the payload goes when a Maybe or Outcome is unwrapped on the spot; else the site itself."""
        call = site.parent
        if site.role is not Role.RECEIVER or not isinstance(call, nodes.MethodCall) or call.name != "unwrap":
            return site
        type_ = self.graph.type_of(call.receiver)
        return self.graph.site_of(call) if type_ is not None and type_.name in BUILTIN_VARIANTS else None

    def _bound(self, site: Site) -> Sequence[Variable]:
        """The variables that a let binds to what is given to it."""
        parent = site.parent
        return self.graph.declared_at(parent.pattern if isinstance(parent, nodes.Let) else parent)

    def _field(self, site: Site) -> State | None:
        """Reading a field leaves the value owned, unless what the field holds is released or moved out."""
        type_ = self.graph.type_of(site.parent)
        outer = self.graph.site_of(site.parent)
        if outer is None:
            return State.UNKNOWN
        if type_ is not None and not self._known.may_own(type_):
            return self._handle(outer) if type_.name in ("*", "I64", "U64") else None
        if outer.role in (Role.RECEIVER, Role.ARGUMENT):
            return None if self._summaries.call_effects(outer) <= {Effect.BORROWS} else State.UNKNOWN
        return None if outer.role is Role.FIELD else State.UNKNOWN

    def _handle(self, outer: Site) -> State | None:
        """A raw handle read from the value: it may be given back, or kept where nobody sees it."""
        match outer.role:
            case Role.ARGUMENT:
                effects = self._summaries.call_effects(outer)
                if Effect.RELEASES in effects:
                    return State.RELEASED if effects == {Effect.RELEASES} else State.UNKNOWN
                return None if effects <= {Effect.BORROWS, Effect.UNKNOWN} else State.UNKNOWN
            case Role.CAST | Role.OPERAND:
                further = self.graph.site_of(outer.parent)
                return self._handle(further) if further is not None and outer.role is Role.CAST else None
            case Role.ELEMENT if isinstance(outer.parent, nodes.FieldInit):
                literal = next(
                    literal
                    for literal in self.graph.nodes_of(nodes.StructLiteral)
                    if outer.parent in literal.fields
                )
                built = self.graph.type_of(literal)
                return State.UNKNOWN if built is None or self._known.may_own(built) else None
            case Role.BOUND:
                fates = [self._summaries.fate(self.graph, variable) for variable in self._bound(outer)]
                effects = frozenset().union(*(fate.effects for fate in fates))
                return None if effects <= {Effect.BORROWS} else State.UNKNOWN
            case _:
                return None


class _OwnedParameter(_Owned):
    """The same about a parameter that is received by value: its scope is the whole function."""

    def __init__(
        self, known: Obligations, graph: ControlFlowGraph, variable: Variable, release: FunctionInfo
    ) -> None:
        super().__init__(known, graph, variable, release, boundary=frozenset((State.OWNED,)))

    def actions(self, block: BasicBlock[Action]) -> Sequence[Action]:
        """Those on the parameter, and the exits from the function."""
        return [action for action in block.actions if self._concerns(action)]

    def _concerns(self, action: Action) -> bool:
        if isinstance(action, Exit):
            return action.kind in _LEAVING_FUNCTION
        return not isinstance(action, CallSite) and action.variable is self.variable


_OUTCOME_OF_USE = {
    State.UNKNOWN: Outcome.LOST,
    State.RELEASED: Outcome.RELEASED,
    State.MOVED: Outcome.MOVED,
}
