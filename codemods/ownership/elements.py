"""Local lists of strings that were made for them: what is lost with such a list, and who else frees it.

A list frees its own storage and never its elements. A string read from a list is a view; yet the
compiler frees it where it treats it as new: a ``let`` by its initialiser's name, an arm payload and a
hole of an interpolated string always. A list whose strings are freed by hand must not have such places.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from codemods.model.compiler_profile import Trait
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, called_name
from codemods.ownership.fields import FieldOrigin, Fields, Holds, only_empty_constants
from codemods.ownership.summaries.fates import Fate
from codemods.semantics.symbols import FunctionInfo, SourceFile, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A place where the compiler frees a string that belongs to a list."""

    graph: ControlFlowGraph
    node: Node
    value: Expression | None
    """The initialiser that passes for a new string; a cast of it ends the claim."""


class Hazard(Enum):
    """Why the strings of a list may not be freed with it."""

    SHARED = auto()
    """Another variable holds the list as well."""
    REPLACED = auto()
    """The variable gets another list, whose strings may be others."""
    FOREIGN = auto()
    """Some of its strings may be constants, or belong to something else."""
    ESCAPES = auto()
    """A string of it is kept where it outlives the list."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnedList:
    """A local list that is lost with the strings that were made for it."""

    graph: ControlFlowGraph
    variable: Variable
    origin: FieldOrigin
    views: frozenset[Variable]
    """Variables that hold the list or a string of it, itself included."""
    claims: tuple[Claim, ...]
    maker: FunctionInfo | None
    """The function that made the list and its strings."""
    hazard: Hazard | None

    @property
    def file(self) -> SourceFile:
        """The file that declares it."""
        return self.graph.function.file


class OwnedLists:
    """The lists in the files that may get fixes."""

    def __init__(self, analysis: Analysis, fields: Fields, paths: Container[str]) -> None:
        self.analysis = analysis
        self.fields = fields
        self.paths = paths
        """The files that may get fixes."""
        self._known: dict[tuple[FunctionInfo, int], tuple[Claim, ...]] = {}

    @cached_property
    def all(self) -> list[OwnedList]:
        """Every list whose strings nothing frees."""
        found = []
        for function in self.analysis.index.own_functions:
            graph = self.analysis.summaries.graph(function) if function.file.path in self.paths else None
            if graph is None or graph.is_too_large:
                continue
            for inner in graph.with_closures():
                lists = (self._owned(inner, variable) for variable in inner.variables)
                found += [owned for owned in lists if owned is not None]
        return found

    def _owned(self, graph: ControlFlowGraph, variable: Variable) -> OwnedList | None:
        if variable.kind not in (VariableKind.LET, VariableKind.VAR) or not _is_list_of_strings(
            variable.type
        ):
            return None
        origin = self.fields.list_elements(graph, variable)
        fate = self.analysis.summaries.fate(graph, variable)
        if Holds.OWNED not in origin.holds or isinstance(variable.value, nodes.Path):
            return None
        if not fate.effects <= {Effect.BORROWS, Effect.RELEASES, Effect.SHARES}:
            return None
        if Effect.DRAINS in fate.effects or self._is_released_elsewhere(graph, variable, fate.views):
            return None
        hazard = self._hazard(graph, variable, origin, fate)
        claims = tuple(self._claims(graph, variable)) if hazard is None else ()
        maker = next(self._makers(graph, variable.value), None)
        return OwnedList(graph, variable, origin, fate.views, claims, maker, hazard)

    def _hazard(
        self, graph: ControlFlowGraph, variable: Variable, origin: FieldOrigin, fate: Fate
    ) -> Hazard | None:
        if any(view is not variable and self._may_hold(view) for view in fate.views):
            return Hazard.SHARED
        if graph.is_assigned(variable):
            return Hazard.REPLACED
        if not origin.is_owned or not only_empty_constants(origin):
            return Hazard.FOREIGN
        if fate.view_escapes or Effect.SHARES in fate.effects:
            return Hazard.ESCAPES
        return None

    def _may_hold(self, view: Variable) -> bool:
        """Whether a variable is another name of a list, or the compiler drops a list with it."""
        kind = self.analysis.drops.kind(view.type)
        return _is_list_of_strings(view.type) or kind not in (DropKind.NOTHING, DropKind.STRING)

    def _is_released_elsewhere(
        self, graph: ControlFlowGraph, variable: Variable, views: frozenset[Variable]
    ) -> bool:
        """Whether the function frees the list, or strings that it reads from it, by a helper."""
        release = self.analysis.releases.release_of(variable.type)
        for view in views:
            for use in graph.uses(view):
                site = use.site
                if site.role is Role.RECEIVER and site.callee is release:
                    continue
                while site.role in (Role.REFERENCED, Role.CAST):
                    outer = graph.site_of(site.parent)
                    if outer is None:
                        break
                    site = outer
                if site.role in (Role.ARGUMENT, Role.RECEIVER) and not (
                    {Effect.RELEASES, Effect.DRAINS}.isdisjoint(self.analysis.summaries.call_effects(site))
                ):
                    return True
        return False

    def _makers(self, graph: ControlFlowGraph, value: Expression | None) -> Iterator[FunctionInfo]:
        """The functions in an expression that return a list of strings: one of them made its value."""
        if value is None:
            return
        for call in graph.calls:
            if call.callee is None or not value.start <= call.node.start < value.end:
                continue
            if _is_list_of_strings(call.callee.returns):
                yield call.callee

    # -- claims -------------------------------------------------------------------------------

    def _claims(self, graph: ControlFlowGraph, variable: Variable) -> Iterator[Claim]:
        """The places where the compiler frees a string of a list, here or in functions that get it."""
        views = self.analysis.summaries.fate(graph, variable).views
        reads: dict[int, Expression] = {}
        for view in views:
            for use in graph.uses(view):
                yield from self._claims_of_callee(graph, use.site)
                read = use.site.parent
                if (
                    use.site.role is Role.RECEIVER
                    and _is_list_of_strings(view.type)
                    and refers_to_str(graph.type_of(read))
                ):
                    assert isinstance(read, Expression)
                    reads[id(read)] = read
        for read in reads.values():
            site = graph.site_of(read)
            if site is None or self._frees_temporary(graph, read, site):
                yield Claim(graph, read, None)
            else:
                yield from self._claims_of_callee(graph, site)
        for view in views:
            if refers_to_str(view.type):
                yield from self._claims_of_view(graph, view, reads)

    def _claims_of_callee(self, graph: ControlFlowGraph, site: Site) -> Iterator[Claim]:
        """The claims of a function on an argument that is passed to it."""
        if site.role is Role.REFERENCED:
            site = graph.site_of(site.parent) or site
        if site.role is not Role.ARGUMENT or site.callee is None or site.position >= len(site.callee.values):
            return
        yield from self.claims_on_parameter(site.callee, site.position)

    def claims_on_parameter(self, function: FunctionInfo, position: int) -> tuple[Claim, ...]:
        """The places where the compiler frees a string of a list that is passed to a function."""
        inner = self.analysis.summaries.graph(function)
        if inner is None:
            return ()
        key = function, position
        if key not in self._known:
            self._known[key] = ()
            name = function.values[position].name
            parameters = (
                parameter for parameter in inner.variables if parameter.kind is VariableKind.PARAMETER
            )
            self._known[key] = tuple(
                claim
                for parameter in parameters
                if parameter.name == name
                for claim in self._claims(inner, parameter)
            )
        return self._known[key]

    def _frees_temporary(self, graph: ControlFlowGraph, read: Expression, site: Site) -> bool:
        """Whether a string that is read from a list and not bound counts as a new one."""
        if site.role is Role.INTERPOLATED:
            return Trait.INTERPOLATION in graph.traits
        if called_name(read) not in self.analysis.drops.allocating_names:
            return False
        return graph.function.file.is_test or (
            isinstance(site.parent, nodes.Binary) and site.parent.operator == "+"
        )

    def _claims_of_view(
        self, graph: ControlFlowGraph, view: Variable, reads: dict[int, Expression]
    ) -> Iterator[Claim]:
        if self.analysis.drops.is_registered(view):
            is_read = view.kind in (VariableKind.LET, VariableKind.VAR) and id(view.value) in reads
            yield Claim(graph, view.node, view.value if is_read else None)
        for use in graph.uses(view):
            if use.site.role is Role.INTERPOLATED and Trait.INTERPOLATION in graph.traits:
                yield Claim(graph, use.node, None)


def _is_list_of_strings(type_: Type | None) -> bool:
    target = type_.target() if type_ is not None else None
    return (
        target is not None
        and target.bare == "List"
        and [argument.is_str for argument in target.arguments] == [True]
    )
