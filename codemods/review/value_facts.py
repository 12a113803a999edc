"""Who frees each value of a function, and on what grounds.

The answers are those that findings rest on: obligations, origins, fates and drops are asked of the ownership
analysis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from functools import partial

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Site, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import consumes
from codemods.ownership.compiler.drops import DropKind, Obstacle
from codemods.ownership.obligations import ObligationReport
from codemods.ownership.string_drops import drop_hazard, drop_obstacles
from codemods.ownership.summaries.origins import Origin
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, FunctionInfo, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression


class Ownership(StrEnum):
    """Who frees a value; where its paths differ, the first of these that holds on one of them."""

    LEAKS = "leaks"
    UNCLEAR = "unclear"
    RELEASED = "released"
    DROPPED = "dropped"
    MOVED = "moved"
    VIEW = "view"
    BORROWED = "borrowed"
    NOTHING = "nothing"


class Ground(Enum):
    """What a variable's ownership rests on."""

    PLAIN = auto()
    """Its type is one of plain numbers."""
    PARAMETER = auto()
    """It is a parameter, and what this function does with it decides."""
    ADDRESS = auto()
    """It is a number that holds the address of memory."""
    OBLIGATION = auto()
    """Its release is owed."""
    CONSTANT = auto()
    """It holds a literal."""
    VIEW = auto()
    """It is a view of a part of something else."""
    ARGUMENT = auto()
    """It holds what this function was given."""
    UNPROVEN = auto()
    """It is not proven to be new, and something else may hold it."""
    RELEASED = auto()
    """It, or a part of it, is released, although no release is owed."""
    NEVER_OWNS = auto()
    """No value of its type has anything to free."""
    DROPS = auto()
    """The compiler drops it at some of its exits, or at none."""
    GIVEN_AWAY = auto()
    """Something else gets it."""
    OPENED = auto()
    """It is a Maybe or Outcome, and its payload is a value by itself."""
    NO_EXIT = auto()
    """No path leaves its block while it holds the value."""
    UNKNOWN = auto()
    """Nothing is known of what it holds at its exits."""


@dataclass(frozen=True, slots=True)
class VariableFacts:
    """Who frees the value of a variable, with the exits and uses that decide it."""

    variable: Variable
    ownership: Ownership
    ground: Ground
    effects: Set[Effect] = frozenset()
    """What becomes of the value over all its uses."""
    obligation: ObligationReport | None = None
    released: Sequence[Use] = ()
    moved: Sequence[Use] = ()
    opened: Sequence[Use] = ()
    unclear: Sequence[Use] = ()
    """Uses whose effect is not known."""
    dropped: Sequence[Exit] = ()
    """The exits at which the compiler drops it."""
    undropped: Mapping[Exit, Obstacle] = field(default_factory=dict)
    """The exits at which it still holds the value and is not dropped, each with the reason."""
    holders: Sequence[str] = ()
    """The names of variables whose value it is, or may be, a part of."""
    is_registered: bool = False
    """Whether the compiler registers it for a drop."""
    has_known_origin: bool = True


class TemporaryGround(Enum):
    """What the ownership of a value that no variable holds rests on."""

    VIEW = auto()
    UNPROVEN = auto()
    ARGUMENT = auto()
    UNKNOWN_ORIGIN = auto()
    GIVEN_AWAY = auto()
    OPENED = auto()
    NEVER_DROPPED = auto()
    """It is no string, and the compiler drops nothing else without a variable."""
    JOINED = auto()
    """It is freed by the string that it becomes a part of."""
    STATEMENT_END = auto()
    TESTS_ONLY = auto()
    """The compiler would free it in a test, and this is none."""
    UNSEEN = auto()
    """The compiler does not see that a string is made."""


@dataclass(frozen=True, slots=True)
class TemporaryFacts:
    """Who frees a value that no variable holds."""

    node: Expression
    type: Type
    site: Site
    ownership: Ownership
    ground: TemporaryGround
    holders: Sequence[str]


_KEEPING = frozenset((Role.RETURNED, Role.STORED, Role.ELEMENT, Role.CONSTRUCTED))
"""Uses by which a value lives on elsewhere."""


class ValueClassifier:
    """Decides who frees the values of one function; ``graph`` is its graph or that of a closure."""

    def __init__(self, analysis: Analysis, graph: ControlFlowGraph) -> None:
        self.analysis = analysis
        self.graph = graph
        self._obligations = {obligation.variable: obligation for obligation in analysis.obligations.of(graph)}

    # -- variables ----------------------------------------------------------------------------

    def of_variable(self, variable: Variable) -> VariableFacts:
        """Who frees the value of a variable."""
        if variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            return self._parameter(variable)
        if variable.type is not None and variable.type.name in SCALARS:
            return self._number(variable)
        if variable in self._obligations:
            return self._owner(self._obligations[variable])
        return self._borrower(variable) or self._local(variable)

    def _parameter(self, variable: Variable) -> VariableFacts:
        name = variable.type.name if variable.type is not None else ""
        effects = self.analysis.summaries.fate(self.graph, variable).effects
        if name in SCALARS and (name not in ("I64", "U64") or Effect.RELEASES not in effects):
            return VariableFacts(variable, Ownership.NOTHING, Ground.PLAIN)
        ownership = Ownership.BORROWED
        if Effect.RELEASES in effects:
            ownership = Ownership.RELEASED
        elif Effect.RETAINS in effects:
            ownership = Ownership.MOVED
        released = self._uses_with(variable, Effect.RELEASES)
        return VariableFacts(variable, ownership, Ground.PARAMETER, effects, released=released)

    def _number(self, variable: Variable) -> VariableFacts:
        fate = self.analysis.summaries.fate(self.graph, variable)
        is_fresh = self.analysis.summaries.variable_origin(self.graph, variable).is_fresh
        if not is_fresh or not (self._is_address(variable) or Effect.RELEASES in fate.effects):
            return VariableFacts(variable, Ownership.NOTHING, Ground.PLAIN)
        if Effect.RELEASES in fate.effects:
            released = self._uses_with(variable, Effect.RELEASES)
            return VariableFacts(variable, Ownership.RELEASED, Ground.ADDRESS, released=released)
        if fate.effects & {Effect.RETAINS, Effect.RETURNS, Effect.SHARES} or fate.view_escapes:
            moved = self._given_away(variable)
            return VariableFacts(variable, Ownership.MOVED, Ground.ADDRESS, moved=moved)
        return VariableFacts(variable, Ownership.UNCLEAR, Ground.ADDRESS)

    def _is_address(self, variable: Variable) -> bool:
        """Whether a variable is made of something that is no number, by a cast."""
        value = variable.value
        if not isinstance(value, nodes.Cast):
            return False
        type_ = self.graph.type_of(value.operand)
        return type_ is not None and type_.name not in SCALARS

    def _owner(self, obligation: ObligationReport) -> VariableFacts:
        """A variable whose release is owed."""
        fates = {
            Ownership.LEAKS: (*obligation.leaks, *obligation.overwritten),
            Ownership.UNCLEAR: (*obligation.unclear, *obligation.lost, *obligation.maybe_overwritten),
            Ownership.RELEASED: obligation.released,
            Ownership.DROPPED: obligation.dropped,
            Ownership.MOVED: obligation.moved,
        }
        ownership = next((fate for fate, places in fates.items() if places), Ownership.DROPPED)
        variable = obligation.variable
        is_registered = self.analysis.drops.is_registered(variable)
        return VariableFacts(
            variable, ownership, Ground.OBLIGATION, obligation=obligation, is_registered=is_registered
        )

    def _borrower(self, variable: Variable) -> VariableFacts | None:
        """A variable whose value something else frees, or nothing; None where that is not so."""
        origins = self.analysis.summaries.variable_origin(self.graph, variable).origins
        is_registered = self.analysis.drops.is_registered(variable)
        facts = partial(VariableFacts, variable, is_registered=is_registered)
        if origins == {Origin.LITERAL}:
            return facts(Ownership.NOTHING, Ground.CONSTANT)
        if Origin.VIEW in origins:
            return facts(Ownership.VIEW, Ground.VIEW, holders=self._holders(variable))
        if origins and origins <= {Origin.PASSED, Origin.LITERAL}:
            return facts(Ownership.BORROWED, Ground.ARGUMENT)
        if Origin.FRESH in origins or is_registered:
            return None
        holders = self._holders(variable)
        return facts(Ownership.VIEW, Ground.UNPROVEN, holders=holders) if holders else None

    def _holders(self, variable: Variable) -> list[str]:
        """The variables that a value is, or may be, a part of."""
        return [
            holder.name
            for holder in self.graph.variables
            if holder is not variable
            and holder.offset <= variable.offset
            and variable in self.analysis.summaries.fate(self.graph, holder).views
        ]

    def _local(self, variable: Variable) -> VariableFacts:
        """A variable that holds its value itself, and whose type owes no release by hand."""
        analysis, graph, type_ = self.analysis, self.graph, variable.type
        is_registered = analysis.drops.is_registered(variable)
        if Effect.RELEASES in analysis.summaries.fate(graph, variable).effects:
            released = self._uses_with(variable, Effect.RELEASES)
            return VariableFacts(variable, Ownership.RELEASED, Ground.RELEASED, released=released)
        if type_ is not None and not self._may_own(type_):
            return VariableFacts(variable, Ownership.NOTHING, Ground.NEVER_OWNS, is_registered=is_registered)
        origin = analysis.summaries.variable_origin(graph, variable)
        obstacles = drop_obstacles(analysis, graph, variable)
        moved = self._given_away(variable)
        facts = partial(
            VariableFacts,
            variable,
            moved=moved,
            dropped=[exit_ for exit_, obstacle in obstacles.items() if obstacle is None],
            is_registered=is_registered,
            has_known_origin=Origin.UNKNOWN not in origin.origins,
        )
        undropped = {exit_: obstacle for exit_, obstacle in obstacles.items() if obstacle is not None}
        if undropped and origin.is_fresh and analysis.drops.kind(type_) is not DropKind.NOTHING:
            is_sole = drop_hazard(analysis, graph, variable) is None if refers_to_str(type_) else not moved
            ownership = Ownership.LEAKS if is_sole else Ownership.UNCLEAR
            return facts(ownership, Ground.DROPS, undropped=undropped)
        if len(undropped) < len(obstacles):
            return facts(Ownership.DROPPED, Ground.DROPS)
        if moved:
            return facts(Ownership.MOVED, Ground.GIVEN_AWAY)
        opened = self._openings(variable)
        if opened:
            return facts(Ownership.MOVED, Ground.OPENED, opened=opened)
        if obstacles:
            return facts(Ownership.UNCLEAR, Ground.UNKNOWN)
        unclear = [use for use in graph.uses(variable) if not self.effects(use.site) <= {Effect.BORROWS}]
        ownership = Ownership.UNCLEAR if unclear else Ownership.NOTHING
        return facts(ownership, Ground.NO_EXIT, unclear=unclear)

    def _openings(self, variable: Variable) -> list[Use]:
        """The uses that open a Maybe or Outcome."""
        if variable.type is None or variable.type.name not in BUILTIN_VARIANTS:
            return []
        return [use for use in self.graph.uses(variable) if use.site.role in (Role.SCRUTINEE, Role.RECEIVER)]

    def losing_functions(self, variable: Variable) -> Iterator[FunctionInfo]:
        """The functions whose declarations keep the compiler from freeing what a variable holds."""
        if not self.analysis.drops.is_registered(variable):
            made = next((call for call in self.graph.calls if call.node is variable.value), None)
            if made is not None and made.callee is not None:
                yield made.callee
            return
        for use in self.graph.uses(variable):
            if use.site.callee is not None and consumes(self.graph, use):
                yield use.site.callee

    # -- uses ---------------------------------------------------------------------------------

    def final_site(self, site: Site) -> Site:
        """Where a value goes after all casts at a site."""
        while site.role is Role.CAST:
            outer = self.graph.site_of(site.parent)
            if outer is None:
                break
            site = outer
        return site

    def effects(self, site: Site) -> frozenset[Effect]:
        """What the call at a site does with the value that is passed to it; nothing where there is none."""
        site = self.final_site(site)
        if site.role in (Role.RECEIVER, Role.ARGUMENT):
            return self.analysis.summaries.call_effects(site)
        return frozenset()

    def _uses_with(self, variable: Variable, effect: Effect) -> list[Use]:
        return [use for use in self.graph.uses(variable) if effect in self.effects(use.site)]

    def _given_away(self, variable: Variable) -> list[Use]:
        return [use for use in self.graph.uses(variable) if self._gives_away(use)]

    def _gives_away(self, use: Use) -> bool:
        role = self.final_site(use.site).role
        if role in _KEEPING or role is Role.CAPTURED:
            return True
        return bool(self.effects(use.site) & {Effect.RETAINS, Effect.RETURNS})

    # -- values that no variable holds --------------------------------------------------------

    def temporaries(self) -> Iterator[TemporaryFacts]:
        """The values that calls and strings make and that no let binds."""
        for node, type_, site in self._made_in_passing():
            if type_ is None or site is None or type_.name in SCALARS or not self._may_own(type_):
                continue
            if self.final_site(site).role is not Role.BOUND:
                holders = self._receivers(node)
                ownership, ground = self._temporary(node, type_, site, bool(holders))
                yield TemporaryFacts(node, type_, site, ownership, ground, holders)

    def _made_in_passing(self) -> Iterator[tuple[Expression, Type | None, Site | None]]:
        for call in self.graph.calls:
            if not call.constructor:
                yield call.node, call.type, call.site
        for node in self.graph.nodes_of(nodes.InterpolatedString, nodes.Binary):
            type_ = self.graph.type_of(node)
            if refers_to_str(type_) and self.analysis.drops.makes_string(node):
                yield node, type_, self.graph.site_of(node)

    def _temporary(
        self, node: Expression, type_: Type, site: Site, has_receiver: bool
    ) -> tuple[Ownership, TemporaryGround]:
        origin = self.analysis.summaries.origin(self.graph, node)
        is_argument = origin.origins <= {Origin.PASSED, Origin.LITERAL}
        if origin.is_view:
            return Ownership.VIEW, TemporaryGround.VIEW
        if origin.is_fresh:
            return self._new_temporary(node, type_, site)
        if has_receiver and not is_argument:
            return Ownership.VIEW, TemporaryGround.UNPROVEN
        if origin.origins and is_argument:
            return Ownership.BORROWED, TemporaryGround.ARGUMENT
        return Ownership.UNCLEAR, TemporaryGround.UNKNOWN_ORIGIN

    def _new_temporary(self, node: Expression, type_: Type, site: Site) -> tuple[Ownership, TemporaryGround]:
        drops = self.analysis.drops
        if site.role in _KEEPING or site.role is Role.ASSIGNED:
            return Ownership.MOVED, TemporaryGround.GIVEN_AWAY
        if self.effects(site) & {Effect.RETAINS, Effect.RETURNS}:
            return Ownership.MOVED, TemporaryGround.GIVEN_AWAY
        if site.role is Role.SCRUTINEE or type_.name in BUILTIN_VARIANTS:
            return Ownership.MOVED, TemporaryGround.OPENED
        if not refers_to_str(type_):
            return Ownership.UNCLEAR, TemporaryGround.NEVER_DROPPED
        if not drops.makes_string(node):
            return Ownership.UNCLEAR, TemporaryGround.UNSEEN
        if _is_joined(site):
            return Ownership.DROPPED, TemporaryGround.JOINED
        if drops.frees_temporary(self.graph, node):
            return Ownership.DROPPED, TemporaryGround.STATEMENT_END
        return Ownership.UNCLEAR, TemporaryGround.TESTS_ONLY

    def _receivers(self, node: Expression) -> list[str]:
        """The variables that a method is called on, or on whose parts it is."""
        if not isinstance(node, nodes.MethodCall):
            return []
        inside = node.receiver
        return [use.variable.name for use in self.graph.all_uses if inside.start == use.node.start]

    def _may_own(self, type_: Type) -> bool:
        """Whether a value of a type, or a part of it, can be freed at all."""
        target = type_.target()
        if type_.name in ("ref", "func"):
            return False
        if target.name in BUILTIN_VARIANTS or target.name in ("()", "[]", "*"):
            return not target.arguments or any(self._may_own(part) for part in target.arguments)
        if target.name in SCALARS:
            return False
        if self.analysis.index.type_info(target) is None:
            return True
        is_dropped = self.analysis.drops.kind(target) is not DropKind.NOTHING
        return is_dropped or self.analysis.summaries.handles.is_released(target)


def _is_joined(site: Site) -> bool:
    """Whether a string becomes a part of another one here."""
    joining = isinstance(site.parent, nodes.Binary) and site.parent.operator == "+"
    return joining or isinstance(site.parent, nodes.InterpolatedString)
