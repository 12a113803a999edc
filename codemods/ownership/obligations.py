"""Obligations: an owned value must be released exactly once on every path out of its scope.

A forward dataflow over the control-flow graph, one small lattice for each variable, in the manner of
the Checker Framework's Resource Leak Checker. What it cannot follow is unknown, and unknown is never
called a leak.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property

from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    CallSite,
    ControlFlowGraph,
    Declare,
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
from codemods.ownership.releases import Releases
from codemods.ownership.summaries.summaries import Fate, Result, Summaries
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, FunctionInfo, Index, SourceFile, Type
from tml_ast import nodes


class State(Enum):
    """What a variable may be at a point: several at once where paths meet."""

    OWNED = auto()
    RELEASED = auto()
    MOVED = auto()
    UNKNOWN = auto()


_LOCAL_KINDS = frozenset(
    (VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD, VariableKind.DESTRUCTURED)
)


@dataclass(eq=False, slots=True)
class Obligation:
    """A local variable that owns a value with a release, and what becomes of it at its exits."""

    graph: ControlFlowGraph
    variable: Variable
    release: FunctionInfo
    leaks: list[Exit] = field(default_factory=list)
    """Exits that it reaches owned on every path, and where the compiler does not release it."""
    unclear: list[Exit] = field(default_factory=list)
    """Exits that it reaches owned on some paths only, or where a part of it lives on."""
    unfollowed: list[Exit] = field(default_factory=list)
    """Exits that it always reaches behind one of ``lost``, unless the compiler releases it anyway."""
    lost: list[Use] = field(default_factory=list)
    """Uses of the owned value that nobody can tell the effect of."""
    dropped: list[Exit] = field(default_factory=list)
    """Exits that it reaches owned on every path, and where the compiler releases it."""
    released: list[Use] = field(default_factory=list)
    """Uses that release it."""
    moved: list[Use] = field(default_factory=list)
    """Uses that give it away."""
    overwritten: list[nodes.Assignment] = field(default_factory=list)
    """Assignments that replace the value where it is owned on every path and nothing else holds it."""
    maybe_overwritten: list[nodes.Assignment] = field(default_factory=list)
    """Assignments that replace it where it is owned on some paths only, or where a part of it lives on."""
    released_twice: list[Use] = field(default_factory=list)
    """Releases that some path reaches with the value released already."""
    used_released: list[Use] = field(default_factory=list)
    """Other uses that some path reaches with the value released."""
    views: set[Variable] = field(default_factory=set)
    """Variables that refer to it or into it, itself included."""


_LEAVING_FUNCTION = frozenset(
    (ExitKind.RETURN, ExitKind.TAIL, ExitKind.END, ExitKind.PROPAGATE, ExitKind.THROW)
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found in files beside a library, for the next state of that library."""

    functions: Mapping[SourceFile, Sequence[FunctionInfo]]
    graphs: dict[FunctionInfo, ControlFlowGraph | None]


class Analysis:
    """All the facts about one state of a workspace; what an earlier one knew is used where it holds.

    Those about the ``library`` of the index are not found anew.
    """

    def __init__(
        self, index: Index, previous: Analysis | None = None, library: Analysis | None = None
    ) -> None:
        self.index = index
        self.follows = id(previous) if previous is not None else None
        """The identity of the earlier state."""
        self._library = library
        known = library.summaries if library is not None else None
        self.summaries: Summaries = Summaries(index, previous.summaries if previous else None, known)
        self.drops: Drops = Drops(index, library.drops if library is not None else None)
        releases = library.releases if library is not None else None
        self.releases: Releases = Releases(index, self.summaries, self.drops, releases)
        index.forget_previous()
        self._groups_of: dict[ControlFlowGraph, dict[int, set[Variable]]] = {}
        self._obligations: dict[ControlFlowGraph, list[Obligation]] = {}
        self._fates: dict[tuple[ControlFlowGraph, Variable], Fate] = {}
        self._origins: dict[tuple[ControlFlowGraph, Variable], Result] = {}
        self._call_effects: dict[Site, frozenset[Effect]] = {}
        self._releases_owed: dict[Type, FunctionInfo | None] = {}

    def fate(self, graph: ControlFlowGraph, variable: Variable) -> Fate:
        """What becomes of the value of a variable; found once.

        No summary is in progress when this is asked, so what is found holds.
        """
        if self._library is not None and not self.index.is_own(graph.function):
            return self._library.fate(graph, variable)
        key = graph, variable
        if key not in self._fates:
            self._fates[key] = self.summaries.fate(graph, variable)
        return self._fates[key]

    def variable_origin(self, graph: ControlFlowGraph, variable: Variable) -> Result:
        """Where the value of a variable comes from, over all its assignments; found once."""
        if self._library is not None and not self.index.is_own(graph.function):
            return self._library.variable_origin(graph, variable)
        key = graph, variable
        if key not in self._origins:
            self._origins[key] = self.summaries.variable_origin(graph, variable)
        return self._origins[key]

    def call_effects(self, site: Site) -> frozenset[Effect]:
        """The effect of the call at a site on the argument or receiver that goes there; found once."""
        if site not in self._call_effects:
            self._call_effects[site] = self.summaries.call_effects(site)
        return self._call_effects[site]

    def beside(self, files: Iterable[SourceFile], kept: Kept | None = None) -> Analysis:
        """The facts about files that use this library, and that it knows nothing of."""
        declared = kept.functions if kept is not None else None
        found = Analysis(Index(files, library=self.index, declared=declared), library=self)
        if kept is not None:
            found.summaries.graphs = dict(kept.graphs)
        return found

    def keep(self) -> Kept:
        """What was found in the files beside the library."""
        index = self.index
        assert index.base is not None
        own = [file for path, file in index.files.items() if path not in index.base.files]
        return Kept({file: index.functions_in(file) for file in own}, self.summaries.graphs)

    def obligations(self, graph: ControlFlowGraph) -> list[Obligation]:
        """The obligations of a function, in the order of their declarations; found once."""
        if graph not in self._obligations:
            self._obligations[graph] = [
                _Dataflow(self, graph, variable, release).run()
                for variable in graph.variables
                if (release := self._release_owed(graph, variable)) is not None
            ]
        return self._obligations[graph]

    def parameter_obligation(self, graph: ControlFlowGraph, variable: Variable) -> Obligation | None:
        """What becomes of a parameter that is received by value, whose release may be left to the function.

        The compiler drops no parameter, and counts what is passed by value as given away.
        """
        release = self.releases.release_of(variable.type)
        if variable.kind is not VariableKind.PARAMETER or release is None or variable.type is None:
            return None
        if not self.releases.is_idempotent(variable.type):
            return None
        return _Dataflow(self, graph, variable, release).run()

    def is_reserved_in(self, file: SourceFile, name: str) -> bool:
        """Whether a program with ``file`` in it has a function of the name that says it makes strings."""
        reserving = self.drops.allocating_files.get(name)
        if reserving is None:
            return False
        return not reserving.isdisjoint(self.index.reachable(file))

    @cached_property
    def makers_of_lists(self) -> dict[Type, list[FunctionInfo]]:
        """The functions of the library that return a list, by the type of its elements."""
        found: dict[Type, list[FunctionInfo]] = {}
        for function in self.index.functions_outside_tests:
            returned = function.returns
            if len(returned.arguments) == 1 and returned.bare == "List":
                found.setdefault(returned.arguments[0], []).append(function)
        return found

    def is_only_read(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether nothing but the variable holds its value or a part of it, at any time."""
        fate = self.fate(graph, variable)
        return not fate.view_escapes and fate.effects <= {Effect.BORROWS} and fate.views <= {variable}

    def _release_owed(self, graph: ControlFlowGraph, variable: Variable) -> FunctionInfo | None:
        if variable.kind not in _LOCAL_KINDS or variable.value is None or variable.type is None:
            return None
        if isinstance(variable.value, nodes.Path) and variable.kind is not VariableKind.PAYLOAD:
            return None
        release = self._release_of_owner(variable.type)
        if release is None or not self.variable_origin(graph, variable).is_fresh:
            return None
        return None if self.may_be_taken_elsewhere(graph, variable) else release

    def _release_of_owner(self, type_: Type) -> FunctionInfo | None:
        """The release of a type if values of it are released by hand, or by the compiler as if by hand."""
        if self._library is not None and not type_.arguments and type_.name not in self.index.own_types:
            return self._library._release_of_owner(type_)
        if type_ not in self._releases_owed:
            release = self.releases.release_of(type_)
            if release is not None and not self.releases.needs_release(type_):
                dropped = self.drops.kind(type_) is DropKind.CALL
                release = release if dropped and self.releases.is_idempotent(type_) else None
            self._releases_owed[type_] = release
        return self._releases_owed[type_]

    def may_be_taken_elsewhere(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether the value comes out of a Maybe or Outcome that is opened a second time."""
        value = variable.value
        assert value is not None
        start, end = value.start, value.end
        for source, uses in graph.uses_by_variable.items():
            if source.type is None or source.type.target().name not in BUILTIN_VARIANTS:
                continue
            for use in uses:
                if not start <= use.node.start < end:
                    continue
                if use.site.role is Role.RECEIVER and _only_asks(use.site):
                    continue
                if not self.is_opened_once(graph, source, use):
                    return True
        return False

    def is_opened_once(self, graph: ControlFlowGraph, source: Variable, opening: Use) -> bool:
        """Whether a local Maybe or Outcome is opened at one place only, and there at most once."""
        if source.kind not in _LOCAL_KINDS or source.value is None:
            return False
        if graph.is_assigned(source):
            return False
        for use in graph.uses(source):
            asks = use.site.role is Role.RECEIVER and _only_asks(use.site)
            if use.node is not opening.node and not asks:
                return False
        aliases = self._groups(graph).get(id(source), {source}) - {source}
        if any(
            each.type is not None
            and each.type.target().name in BUILTIN_VARIANTS
            and not _within(each, source)
            for each in aliases
        ):
            return False
        if self.may_be_taken_elsewhere(graph, source):
            return False
        loops = [
            node
            for node in graph.nodes_of(nodes.Loop, nodes.While, nodes.For)
            if node.start <= opening.node.start < node.end
        ]
        return all(loop.start <= source.node.start < loop.end for loop in loops)

    def others_released(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether something else that is released may be the same value, or hold it, or be a part of it."""
        group = self._groups(graph).get(id(variable), {variable})
        if len(group) == 1:
            return False
        for use in graph.all_uses:
            if use.variable is variable or use.variable not in group:
                continue
            if use.site.role not in (Role.RECEIVER, Role.ARGUMENT, Role.CAST):
                continue
            site = use.site
            while site.role is Role.CAST:
                further = graph.site_of(site.parent)
                if further is None:
                    break
                site = further
            if site.role in (Role.RECEIVER, Role.ARGUMENT) and Effect.RELEASES in (self.call_effects(site)):
                return True
        return False

    def _groups(self, graph: ControlFlowGraph) -> dict[int, set[Variable]]:
        """For each local variable those that may share a value with it."""
        if graph not in self._groups_of:
            groups: dict[int, set[Variable]] = {}
            for variable in graph.variables:
                if variable.kind is VariableKind.LOOP or not _may_hold(variable.type):
                    continue
                if variable.type is not None and variable.type.name in SCALARS:
                    continue
                members = {each for each in self.fate(graph, variable).views if _may_hold(each.type)}
                merged = set(members)
                for each in members | {variable}:
                    merged |= groups.get(id(each), {each})
                for each in merged:
                    groups[id(each)] = merged
            self._groups_of[graph] = groups
        return self._groups_of[graph]


def _within(outer: Variable, inner: Variable) -> bool:
    """Whether a variable is where another one's value comes out of; that one is judged by itself."""
    value = inner.value
    return value is not None and outer.node.start < inner.node.start and outer.name in value.text


def _only_asks(site: Site) -> bool:
    return isinstance(site.parent, nodes.MethodCall) and site.parent.name.startswith("is_")


def _may_hold(type_: Type | None) -> bool:
    """Whether a variable of this type may hold an owner or its handle, not just text of it."""
    return type_ is None or (type_.name not in SCALARS - {"I64", "U64"} and not type_.is_str)


class _Dataflow:
    def __init__(
        self, analysis: Analysis, graph: ControlFlowGraph, variable: Variable, release: FunctionInfo
    ) -> None:
        self.analysis = analysis
        self.graph = graph
        self.variable = variable
        self.obligation = Obligation(graph, variable, release)
        self.by_hand = analysis.releases.needs_release(variable.type)

    def run(self) -> Obligation:
        """States are propagated until nothing changes; then exits are judged once."""
        graph = self.graph
        events = {id(block): actions for block, actions in graph.actions_on.get(self.variable, {}).items()}
        if self.variable.kind is VariableKind.PARAMETER:
            for block in graph.blocks:
                events[id(block)] = [each for each in block.actions if self._concerns_parameter(each)]
        received = self.variable.kind is VariableKind.PARAMETER
        at_entry = frozenset((State.OWNED,)) if received else frozenset[State]()
        reaching: dict[int, frozenset[State]] = {id(graph.entry): at_entry}
        pending: list[BasicBlock[Action]] = [graph.entry]
        while pending:
            block = pending.pop()
            states = reaching[id(block)]
            for action in events.get(id(block), ()):
                states = self._after(action, states)
            for successor in block.successors:
                known = reaching.get(id(successor))
                merged = states if known is None else known | states
                if merged != known:
                    reaching[id(successor)] = merged
                    pending.append(successor)
        self.obligation.views = self.analysis.fate(graph, self.variable).views
        for block in graph.blocks:
            if id(block) in reaching:
                states = reaching[id(block)]
                for action in events.get(id(block), ()):
                    self._judge(action, states)
                    states = self._after(action, states)
        return self.obligation

    def _concerns_parameter(self, action: Action) -> bool:
        if isinstance(action, Exit):
            return action.kind in _LEAVING_FUNCTION
        return not isinstance(action, CallSite) and action.variable is self.variable

    @cached_property
    def _unsafe(self) -> bool:
        """Whether something besides the variable may hold the value, a part of it, or what releases it."""
        fate = self.analysis.fate(self.graph, self.variable)
        return (
            fate.view_escapes
            or Effect.SHARES in fate.effects
            or (Effect.DRAINS in fate.effects and not self._is_list())
            or self.analysis.others_released(self.graph, self.variable)
            or any(
                each is not self.variable
                and self.analysis.drops.is_registered(each)
                and self.analysis.summaries.is_released(each.type)
                for each in fate.views
            )
        )

    def _judge(self, action: Action, states: frozenset[State]) -> None:
        obligation = self.obligation
        if isinstance(action, Exit) and self._ends_at(action) and State.OWNED in states:
            shadowed = any(
                each is not self.variable and each.name == self.variable.name for each in action.variables
            )
            if not self.by_hand and self.analysis.drops.covers(self.graph, self.variable, action):
                if states == {State.OWNED} and not shadowed and not self._unsafe:
                    obligation.dropped.append(action)
                return
            if states == {State.OWNED} and not shadowed and not self._unsafe:
                obligation.leaks.append(action)
            else:
                obligation.unclear.append(action)
        elif isinstance(action, Exit) and self._ends_at(action) and states == {State.UNKNOWN}:
            if self.by_hand:
                obligation.unfollowed.append(action)
        elif isinstance(action, Assign) and action.variable is self.variable and State.OWNED in states:
            certain = states == {State.OWNED} and not self._unsafe
            (obligation.overwritten if certain else obligation.maybe_overwritten).append(action.node)
        elif isinstance(action, Use) and action.variable is self.variable and State.RELEASED in states:
            wrong = obligation.released_twice if self._is_release(action.site) else obligation.used_released
            wrong.append(action)
        elif isinstance(action, Use) and action.variable is self.variable and State.OWNED in states:
            match self._use(action.site):
                case State.UNKNOWN:
                    obligation.lost.append(action)
                case State.RELEASED:
                    obligation.released.append(action)
                case State.MOVED:
                    obligation.moved.append(action)

    def _after(self, action: Action, states: frozenset[State]) -> frozenset[State]:
        """The states behind an action."""
        if isinstance(action, Declare) and action.variable is self.variable:
            return frozenset((State.OWNED,))
        if isinstance(action, Assign) and action.variable is self.variable:
            return frozenset((State.OWNED,))
        if isinstance(action, Exit) and self._ends_at(action):
            return frozenset()
        if not isinstance(action, Use) or action.variable is not self.variable or not states:
            return states
        becomes = self._use(action.site)
        if becomes is None:
            return states
        return frozenset((becomes,))

    def _ends_at(self, exit_: Exit) -> bool:
        """Whether the scope of the variable is left; a parameter's is the whole function."""
        if self.variable.kind is VariableKind.PARAMETER:
            return exit_.kind in _LEAVING_FUNCTION
        return self.variable in exit_.variables

    def _is_list(self) -> bool:
        """A list stays what it is when its elements are released."""
        return self.variable.type is not None and self.variable.type.bare == "List"

    def _is_release(self, site: Site) -> bool:
        return site.role is Role.RECEIVER and site.callee is self.obligation.release

    def _use(self, site: Site) -> State | None:
        """What a use makes of the variable; None when it leaves it as it is."""
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
        effects = self.analysis.call_effects(site)
        if self._is_list():
            effects -= {Effect.DRAINS}
        if effects <= {Effect.BORROWS}:
            return None
        if effects <= {Effect.BORROWS, Effect.RETURNS}:
            outer = self.graph.site_of(site.parent)
            result = self.graph.type_of(site.parent)
            return None if result is not None and not self._may_own(result) else self._lent(outer)
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
        analysis = self.analysis
        opened = self._opened(outer)
        bound = self._bound(opened) if opened is not None and opened.role is Role.BOUND else []
        fates = [analysis.fate(self.graph, each) for each in bound]
        if (
            not bound
            or any(analysis.variable_origin(self.graph, each).is_fresh for each in bound)
            or any(not each.effects <= {Effect.BORROWS} or each.view_escapes for each in fates)
        ):
            return State.MOVED
        dropped = any(analysis.drops.is_registered(view) for each in fates for view in each.views)
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
        if type_ is not None and not self._may_own(type_):
            return self._handle(outer) if type_.name in ("*", "I64", "U64") else None
        if outer.role in (Role.RECEIVER, Role.ARGUMENT):
            return None if self.analysis.call_effects(outer) <= {Effect.BORROWS} else State.UNKNOWN
        return None if outer.role is Role.FIELD else State.UNKNOWN

    def _handle(self, outer: Site) -> State | None:
        """A raw handle read from the value: it may be given back or kept behind the value's back."""
        match outer.role:
            case Role.ARGUMENT:
                effects = self.analysis.call_effects(outer)
                if Effect.RELEASES in effects:
                    return State.RELEASED if effects == {Effect.RELEASES} else State.UNKNOWN
                return None if effects <= {Effect.BORROWS, Effect.UNKNOWN} else State.UNKNOWN
            case Role.CAST | Role.OPERAND:
                further = self.graph.site_of(outer.parent)
                return self._handle(further) if further is not None and outer.role is Role.CAST else None
            case Role.ELEMENT if isinstance(outer.parent, nodes.FieldInit):
                literal = next(
                    each for each in self.graph.nodes_of(nodes.StructLiteral) if outer.parent in each.fields
                )
                built = self.graph.type_of(literal)
                return State.UNKNOWN if built is None or self._may_own(built) else None
            case Role.BOUND:
                fates = [self.analysis.fate(self.graph, each) for each in self._bound(outer)]
                effects = frozenset().union(*(each.effects for each in fates))
                return None if effects <= {Effect.BORROWS} else State.UNKNOWN
            case _:
                return None

    def _may_own(self, type_: Type, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a value of this type, or something in it, is released by hand or by Drop."""
        releases = self.analysis.releases
        if releases.release_of(type_) is not None or self.analysis.drops.kind(type_) is DropKind.CALL:
            return True
        if type_.name in seen:
            return False
        inner = seen | {type_.name}
        parts = [*type_.arguments, *self.analysis.index.fields(type_).values()]
        return any(self._may_own(each, inner) for each in parts)
