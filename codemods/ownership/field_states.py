"""Dataflow about one field: whether it holds something to release where a new value is assigned to it.

Where control comes into a method, the field holds something if every function of the library leaves it so:
what each takes out of the field it replaces before it returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
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
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.dataflow.lattices import Powerset
from codemods.ownership.dataflow.solver import Problem, solve
from codemods.ownership.fields import Fields, Holds, only_empty_constants
from codemods.ownership.value_flow import Place, place_of
from codemods.ownership.variable_states import State
from codemods.semantics.symbols import SCALARS, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

States = frozenset[State]
_OWNED: States = frozenset((State.OWNED,))
_BLANK: States = frozenset((State.MOVED,))
_RELEASED: States = frozenset((State.RELEASED,))
_UNKNOWN: States = frozenset((State.UNKNOWN,))
_READING = frozenset((Role.OPERAND, Role.CONDITION, Role.INTERPOLATED, Role.DISCARDED, Role.SCRUTINEE))
_BORROWS = frozenset((Effect.BORROWS,))
_HANDING_OUT = frozenset((ExitKind.RETURN, ExitKind.TAIL))
_LEAVING = frozenset((ExitKind.RETURN, ExitKind.TAIL, ExitKind.END, ExitKind.PROPAGATE))


@dataclass(frozen=True, slots=True)
class FieldAssignment:
    """An assignment to a field, and what the field may hold before: something of its own, or nothing."""

    node: nodes.Assignment
    place: Place
    before: States

    @property
    def is_certain(self) -> bool:
        """Whether the field holds something to release on every path."""
        return self.before == _OWNED


class FieldProblem(Problem[Action, States]):
    """What one field of a variable may hold: something owned, nothing, or what cannot be followed."""

    def __init__(self, analysis: Analysis, graph: ControlFlowGraph, place: Place, entry: States) -> None:
        super().__init__(Powerset(), entry)
        self._analysis = analysis
        self._summaries = analysis.summaries
        self._graph = graph
        self._place = place
        self._entry = entry
        self.after_release = _RELEASED
        """What the field holds once the struct around it is released."""
        self.targets = {
            id(node.target): node for node in graph.nodes_of(nodes.Assignment) if node.operator == "="
        }

    def actions(self, block: BasicBlock[Action]) -> Sequence[Action]:
        """Those of the variable, and where control leaves the function."""
        variable = self._place.variable
        return [
            action
            for action in block.actions
            if (isinstance(action, Exit) and (action.kind in _LEAVING or variable in action.variables))
            or (isinstance(action, Use | Declare | Assign) and action.variable is variable)
        ]

    def transfer(self, action: Action, state: States) -> States:
        """A declaration gives the field its first value; uses read, replace or release what it holds."""
        match action:
            case Declare():
                return self._declared(action.variable.value)
            case Assign():
                return _UNKNOWN
            case Use():
                becomes = self._after_use(action)
                return state if becomes is None else becomes
            case _:
                return state

    def assigned(self, use: Use) -> nodes.Assignment | None:
        """The assignment to the field whose target a use is in."""
        access = self._access(use)
        return self.targets.get(id(access)) if access is not None else None

    @cached_property
    def may_be_guarded(self) -> bool:
        """Whether an ``if`` that asks the variable may say whether there is something to release."""
        return any(
            isinstance(node, nodes.If)
            and node.condition is not None
            and any(use.variable is self._place.variable for use in self._graph.uses_in(node.condition))
            for node in self._graph.nodes_of(nodes.If)
        )

    def is_whole(self, use: Use) -> bool:
        """Whether a use is one of the variable as a whole."""
        return use.site.role is not Role.FIELD and use.site.role not in _READING

    def _access(self, use: Use) -> nodes.FieldAccess | None:
        """The access to the field itself that a use of the variable begins."""
        node: Node = use.node
        access: nodes.FieldAccess | None = None
        for name in self._place.path:
            site = self._graph.site_of(node)
            if site is None or site.role is not Role.FIELD or not isinstance(site.parent, nodes.FieldAccess):
                return None
            access = site.parent
            if access.name != name:
                return None
            node = access
        return access

    def _declared(self, value: Expression | None) -> States:
        for name in self._place.path:
            if not isinstance(value, nodes.StructLiteral) or value.base is not None:
                return self._entry if value is not None else _UNKNOWN
            entry = next((entry for entry in value.fields if entry.name == name), None)
            if entry is None:
                return _UNKNOWN
            if entry.value is None:
                return _OWNED
            value = entry.value
        if value is None:
            return _UNKNOWN
        return _BLANK if is_blank(self._analysis, self._graph, value) else _OWNED

    def _after_use(self, use: Use) -> States | None:
        access = self._access(use)
        if access is not None:
            assignment = self.targets.get(id(access))
            if assignment is not None:
                return _BLANK if is_blank(self._analysis, self._graph, assignment.value) else _OWNED
            return self._after_read(self._graph.site_of(access))
        node: Node = use.node
        site: Site | None = use.site
        for name in self._place.path:
            if site is None or site.role is not Role.FIELD:
                return self._after_whole(site, node)
            assert isinstance(site.parent, nodes.FieldAccess)
            if site.parent.name != name:
                return None
            node = site.parent
            site = self._graph.site_of(node)
        return _UNKNOWN

    def _after_read(self, site: Site | None) -> States | None:
        """What is left in the field after what it holds, or a part of it, goes to a site."""
        while site is not None and site.role in (Role.CAST, Role.REFERENCED):
            site = self._graph.site_of(site.parent)
        if site is None:
            return _UNKNOWN
        if site.role in _READING:
            return None
        if site.role is Role.FIELD:
            becomes = self._after_read(self._graph.site_of(site.parent))
            owned = self._analysis.obligations.may_own
            type_ = self._graph.type_of(site.parent)
            plain = type_ is not None and type_.name not in ("*", "I64", "U64") and not owned(type_)
            return None if plain else becomes
        if site.role in (Role.RECEIVER, Role.ARGUMENT):
            effects = self._summaries.call_effects(site)
            if effects <= _BORROWS:
                return None
            return _RELEASED if effects == {Effect.RELEASES} else _UNKNOWN
        return _UNKNOWN

    def _after_whole(self, site: Site | None, node: Node) -> States | None:
        """What becomes of the field where the variable, or a struct around the field, is used as a whole."""
        if id(node) in self.targets:
            return _UNKNOWN
        while site is not None and site.role is Role.REFERENCED:
            site = self._graph.site_of(site.parent)
        if site is None:
            return _UNKNOWN
        if site.role in _READING:
            return None
        if site.role not in (Role.RECEIVER, Role.ARGUMENT) or site.callee is None:
            return _UNKNOWN
        effects = self._summaries.call_effects(site)
        if effects == {Effect.RELEASES}:
            return self.after_release
        if not effects <= {Effect.BORROWS, Effect.DRAINS, Effect.RETAINS, Effect.SHARES}:
            return _UNKNOWN
        return None


class FieldStates:
    """The assignments to the fields of structs that lose what the field holds."""

    def __init__(self, analysis: Analysis, fields: Fields) -> None:
        self._analysis = analysis
        self._fields = fields
        self._kept: dict[tuple[Type, str], bool] = {}

    def overwriting(self, graph: ControlFlowGraph) -> Iterator[FieldAssignment]:
        """The assignments of a function over a field that may hold something to release."""
        places: dict[tuple[Variable, tuple[str, ...]], Place] = {}
        for node in graph.nodes_of(nodes.Assignment):
            place = place_of(graph, node.target) if isinstance(node.target, nodes.FieldAccess) else None
            if place is not None and place.path and node.operator == "=":
                places[place.variable, place.path] = place
        for place in places.values():
            problem = FieldProblem(self._analysis, graph, place, self._on_entry(graph, place))
            for step in solve(graph, problem).steps():
                assignment = problem.assigned(step.action) if isinstance(step.action, Use) else None
                if assignment is None or State.OWNED not in step.before:
                    continue
                if step.before == _OWNED or not problem.may_be_guarded:
                    yield FieldAssignment(assignment, place, step.before)

    def _on_entry(self, graph: ControlFlowGraph, place: Place) -> States:
        """What the field of a value holds that comes from elsewhere."""
        owner = owner_of(self._analysis, graph, place)
        variable = place.variable
        by_reference = variable.type is not None and variable.type.name == "ref"
        if owner is None or (variable.kind is VariableKind.PARAMETER and not by_reference):
            return _UNKNOWN
        return _OWNED if self.is_kept_full(owner, place.path[-1]) else _UNKNOWN

    def is_kept_full(self, owner: Type, name: str) -> bool:
        """Whether a field of a struct holds something of its own from when it is made to its release."""
        key = owner, name
        if key not in self._kept:
            self._kept[key] = False
            self._kept[key] = self._is_made_full(owner, name) and all(
                self._leaves_full(graph, owner, name)
                for graph in {id(graph): graph for graph, _ in self._fields.accesses(name)}.values()
            )
        return self._kept[key]

    def _is_made_full(self, owner: Type, name: str) -> bool:
        """Whether everything that ever gets into the field is its own, and none of it blank."""
        origin = self._fields.origin(owner, name, self._analysis.releases.release_of(owner))
        type_ = self._analysis.index.fields(owner).get(name)
        if type_ is None or Holds.OWNED not in origin.holds:
            return False
        accepted = {Holds.OWNED}
        if self._analysis.releases.release_of(type_) is not None:
            accepted.add(Holds.CONSTANT)  # the payload of another variant of an Outcome
            if self._is_released_with(owner, name, type_):
                accepted.add(Holds.BORROWED)
        elif type_.is_str and only_empty_constants(origin):
            accepted.add(Holds.CONSTANT)
        if not origin.holds <= accepted:
            return False
        return not any(
            entry.value is not None and is_blank(self._analysis, graph, entry.value)
            for graph, literal in self._fields.constructors(owner)
            for entry in literal.fields
            if entry.name == name
        )

    def _is_released_with(self, owner: Type, name: str, type_: Type) -> bool:
        """Whether a struct takes over what is passed by value for a field: it releases that with itself."""
        releases = self._analysis.releases
        release = releases.release_of(owner)
        done = releases.fields_released(owner, release).get(name) if release is not None else None
        return self._analysis.drops.drops_field(owner, name) or (done is not None and done.freed)

    def _leaves_full(self, graph: ControlFlowGraph, owner: Type, name: str) -> bool:
        """Whether a function, unless it is the release, puts something back for what it takes out."""
        function = graph.function
        if self._analysis.releases.release_of(owner) is function or _is_drop(function):
            return True
        places = set()
        for access in graph.nodes_of(nodes.FieldAccess):
            if access.name != name:
                continue
            type_ = graph.type_of(access.object)
            if type_ is None and isinstance(access.object, nodes.This):
                type_ = function.owner
            if type_ is not None and type_.target().name != owner.name:
                continue
            place = place_of(graph, access)
            if place is None:
                return self._is_plain_read(graph, access)
            places.add(place)
        for place in places:
            problem = FieldProblem(self._analysis, graph, place, _OWNED)
            problem.after_release = _OWNED
            comes_from_elsewhere = place.variable.kind in (VariableKind.RECEIVER, VariableKind.PARAMETER)
            for step in solve(graph, problem).steps():
                leaves = isinstance(step.action, Exit) and comes_from_elsewhere
                is_passed_on = isinstance(step.action, Use) and problem.is_whole(step.action)
                if (leaves or is_passed_on) and not step.before <= _OWNED:
                    return False
        return True

    def _is_plain_read(self, graph: ControlFlowGraph, access: nodes.FieldAccess) -> bool:
        """Whether a field of a value that no variable holds is only read."""
        site = graph.site_of(access)
        while site is not None and site.role in (Role.CAST, Role.REFERENCED):
            site = graph.site_of(site.parent)
        if site is None:
            return False
        if site.role in (Role.RECEIVER, Role.ARGUMENT):
            return self._analysis.summaries.call_effects(site) <= _BORROWS
        return site.role in _READING or site.role is Role.FIELD


def owner_of(analysis: Analysis, graph: ControlFlowGraph, place: Place) -> Type | None:
    """The struct whose field a place is."""
    type_ = place.variable.type or (
        graph.function.owner if place.variable.kind is VariableKind.RECEIVER else None
    )
    for name in place.path[:-1]:
        type_ = analysis.index.fields(type_.target()).get(name) if type_ is not None else None
    return type_.target() if type_ is not None else None


def _is_drop(function: FunctionInfo) -> bool:
    return function.name == "drop" and function.owner is not None


def is_blank(
    analysis: Analysis,
    graph: ControlFlowGraph,
    value: Expression,
    seen: frozenset[FunctionInfo] = frozenset(),
) -> bool:
    """Whether a value has nothing to release: zero, null, a constant, or a struct of nothing else."""
    match value:
        case nodes.Group():
            return is_blank(analysis, graph, value.inner, seen)
        case nodes.Cast() | nodes.Unary():
            return is_blank(analysis, graph, value.operand, seen)
        case nodes.Literal():
            return value.kind != "TEMPLATE"
        case nodes.StructLiteral():
            return value.base is None and all(
                entry.value is not None and _may_be_blank(analysis, graph, entry.value, seen)
                for entry in value.fields
            )
        case nodes.Path():
            use = graph.use_at(value)
            if use is None:
                return value.segments[-1] == "Nothing"
            first = use.variable.value
            return first is not None and is_blank(analysis, graph, first, seen)
        case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
            call = graph.call_at(value)
            callee = call.callee if call is not None else None
            inner = analysis.summaries.graph(callee) if callee is not None and callee not in seen else None
            if callee is None or inner is None:
                return False
            values = [exit_.value for exit_ in inner.exits if exit_.kind in _HANDING_OUT]
            return bool(values) and all(
                result is not None and is_blank(analysis, inner, result, seen | {callee}) for result in values
            )
        case _:
            return False


def _may_be_blank(
    analysis: Analysis, graph: ControlFlowGraph, value: Expression, seen: frozenset[FunctionInfo]
) -> bool:
    """Whether a part of a struct is blank, or a plain number that says nothing about it."""
    type_ = graph.type_of(value)
    plain = type_ is not None and type_.name in SCALARS - {"I64", "U64"}
    return plain or is_blank(analysis, graph, value, seen)
