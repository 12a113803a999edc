"""Raw memory: what a number or pointer stands for that nothing but a call by hand gives back.

A block of ``mem_alloc``, or a string that library code holds as a number, has no type that says how it is
released. It is followed like any other owner; what makes it says what gives it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Exit, ExitKind, Role, Site, Use, Variable
from codemods.ownership.cfg.graph import VariableKind as Kind
from codemods.ownership.compiler.builtins import ALLOCATING, Effect
from codemods.ownership.compiler.drops import Drops
from codemods.ownership.contents import variant_of
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.objects import ObjectProblem, World
from codemods.ownership.summaries.summaries import Summaries
from codemods.ownership.value_flow import Outcome, Path, ValueFlow
from codemods.ownership.variable_states import State
from codemods.semantics.layers import Layer, by_function
from codemods.semantics.symbols import SCALARS, STR, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_ADDRESSES = frozenset(("*", "I64", "U64", "Usize"))
"""The types of what may stand for memory."""
_LOCAL = frozenset((Kind.LET, Kind.VAR, Kind.PAYLOAD))
_PAYLOADS = {"Outcome": "Ok.0", "Maybe": "Just.0"}
_OPENING = frozenset(("unwrap", "expect"))
_KEPT = frozenset((Effect.BORROWS, Effect.RETURNS, Effect.RELEASES, Effect.DRAINS, Effect.SHARES))
_RELEASING = frozenset((Effect.BORROWS, Effect.RELEASES, Effect.DRAINS))
_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))


@dataclass(frozen=True, slots=True)
class Making:
    """Where the memory that an expression stands for comes from."""

    makers: frozenset[FunctionInfo] = frozenset()
    """The functions that may have made it."""
    is_raw: bool = False
    """Whether it may be made right there, and so by none of them."""
    literals: frozenset[str] = frozenset()
    """The constants that a string may be in place of new memory."""
    is_elsewhere: bool = False
    """Whether it may be something that lives on."""
    holds_others: bool = False
    """Whether a word of it may lead to something that somebody else gives back."""
    holds_arguments: bool = False
    """Whether a word of it is an argument of the function that made it."""

    @property
    def is_owned(self) -> bool:
        """Whether it is always memory that whoever receives it has to give back."""
        return not self.is_elsewhere and (self.is_raw or bool(self.makers)) and self.literals <= {'""'}

    def __or__(self, other: Making) -> Making:
        return Making(
            self.makers | other.makers,
            self.is_raw or other.is_raw,
            self.literals | other.literals,
            self.is_elsewhere or other.is_elsewhere,
            self.holds_others or other.holds_others,
            self.holds_arguments or other.holds_arguments,
        )


_NOTHING = Making()
_RAW = Making(is_raw=True)
_ELSEWHERE = Making(is_elsewhere=True)
_HOLDS_OTHERS = Making(holds_others=True)
_HOLDS_ARGUMENTS = Making(holds_arguments=True)


@dataclass(frozen=True, eq=False)
class MemoryReport:
    """A variable that stands for memory, and where the memory is lost."""

    graph: ControlFlowGraph
    variable: Variable
    making: Making
    leaks: Sequence[Exit]
    """The exits that it reaches on every path without being given back."""
    releases: Sequence[CallSite]
    """The calls of the function that give it back elsewhere."""
    holders: frozenset[Variable]
    """The variables that may stand for it, its own included."""
    views: frozenset[Variable]
    """The variables that may hold a word of it besides."""
    is_shared: bool
    """Whether a word of it may be stored elsewhere, or what the word leads to may be given back."""


class Memory(Layer):
    """Which numbers and pointers stand for memory that has to be given back, and where it is lost."""

    def __init__(self, analysis: Analysis, library: Memory | None = None) -> None:
        super().__init__(analysis.index, library)
        self.summaries = analysis.summaries
        self.drops = analysis.drops
        self._results = Fixpoints()
        self._releases: dict[FunctionInfo, FunctionInfo | None] = {}

    # -- what is made -------------------------------------------------------------------------

    @by_function
    def result(self, function: FunctionInfo, path: Path) -> Making:
        """What memory a function hands to its caller, in its result or in the payload of that."""
        return self._results.find(
            (function, path), lambda: self._find_result(function, path), _NOTHING, Making.__or__
        )

    def _find_result(self, function: FunctionInfo, path: Path) -> Making:
        graph = self.summaries.graph(function)
        if graph is None:
            return _RAW if function.name in ALLOCATING else _ELSEWHERE
        if not _is_address(_at(function.returns, path)):
            return _ELSEWHERE
        made = _NOTHING
        for exit_ in graph.exits:
            if exit_.kind in (ExitKind.RETURN, ExitKind.TAIL) and exit_.value is not None:
                made |= self.of(graph, exit_.value, path)
        return replace(made, makers=frozenset((function,)), is_raw=False) if made.is_raw else made

    def of(
        self, graph: ControlFlowGraph, node: Expression, path: Path = (), seen: frozenset[int] = frozenset()
    ) -> Making:
        """Where the memory comes from that an expression, or a payload of it, stands for."""
        match node:
            case nodes.Group():
                return self.of(graph, node.inner, path, seen)
            case nodes.Cast():
                if graph.type_of(node.operand) == STR:
                    return self._of_string(graph, node.operand)
                return self.of(graph, node.operand, path, seen)
            case nodes.LowlevelBlock():
                return self.of(graph, node.block, path, seen)
            case nodes.Block():
                return self.of(graph, node.value, path, seen) if node.value is not None else _NOTHING
            case nodes.Propagate():
                return self._of_payload(graph, node.operand, seen)
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
                return self._of_call(graph, node, path, seen)
            case nodes.Path():
                return self._of_variable(graph, node, path, seen)
            case nodes.Ternary():
                return self._join(graph, node.branches, path, seen)
            case nodes.If():
                branches = [node.branch, *([node.alternative] if node.alternative else [])]
                return self._join(graph, branches, path, seen)
            case nodes.When():
                return self._join(graph, (arm.body for arm in node.arms), path, seen)
            case nodes.Return() | nodes.Break() | nodes.Continue() | nodes.Throw():
                return _NOTHING
            case _:
                return _ELSEWHERE

    def _of_string(self, graph: ControlFlowGraph, node: Expression) -> Making:
        """A string is memory once it is a number; in a test the compiler frees it all the same."""
        if graph.function.file.is_test or not isinstance(
            node, nodes.Call | nodes.StaticCall | nodes.MethodCall
        ):
            return _ELSEWHERE
        origin = self.summaries.origin(graph, node)
        return Making(is_raw=True, literals=origin.literals) if origin.is_fresh else _ELSEWHERE

    def _of_payload(self, graph: ControlFlowGraph, node: Expression, seen: frozenset[int]) -> Making:
        type_ = graph.type_of(node)
        payload = _PAYLOADS.get(type_.name) if type_ is not None else None
        return self.of(graph, node, (payload,), seen) if payload is not None else _ELSEWHERE

    def _of_call(
        self,
        graph: ControlFlowGraph,
        node: nodes.Call | nodes.StaticCall | nodes.MethodCall,
        path: Path,
        seen: frozenset[int],
    ) -> Making:
        call = graph.call_at(node)
        if call is None:
            return _ELSEWHERE
        if call.type is not None and call.type.name == "Never":
            return _NOTHING
        if call.constructor:
            return self._of_constructor(graph, call, path, seen)
        if call.callee is not None:
            made = self.result(call.callee, path)
            return made if made.is_elsewhere else self._with_arguments(graph, call, made, seen)
        if isinstance(node, nodes.MethodCall):
            is_opened = node.name in _OPENING and not path
            return self._of_payload(graph, node.receiver, seen) if is_opened else _ELSEWHERE
        is_made = isinstance(node, nodes.Call) and node.function.text in ALLOCATING
        return _RAW if is_made and not path else _ELSEWHERE

    def _with_arguments(
        self, graph: ControlFlowGraph, call: CallSite, made: Making, seen: frozenset[int]
    ) -> Making:
        """The same, with what the call puts into it."""
        made = replace(made, holds_arguments=False)
        for argument in call.arguments:
            site = graph.site_of(argument)
            if site is None or not self.summaries.call_effects(site) <= {Effect.BORROWS}:
                made |= self.put_in(graph, argument, seen)
        return made

    def put_in(self, graph: ControlFlowGraph, node: Expression, seen: frozenset[int] = frozenset()) -> Making:
        """What memory holds that a word is put into."""
        type_ = graph.type_of(node)
        if type_ is not None and not (_is_address(type_) or type_.is_str):
            return _NOTHING
        match node:
            case nodes.Group():
                return self.put_in(graph, node.inner, seen)
            case nodes.Cast():
                return self.put_in(graph, node.operand, seen)
            case nodes.Literal() | nodes.Binary():
                return _NOTHING
            case nodes.Path():
                use = graph.use_at(node)
                return self._variable_put_in(graph, use.variable, seen) if use is not None else _NOTHING
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall() | nodes.Propagate():
                return self._result_put_in(graph, node, seen)
            case _:
                return _HOLDS_OTHERS

    def _variable_put_in(self, graph: ControlFlowGraph, variable: Variable, seen: frozenset[int]) -> Making:
        if id(variable) in seen:
            return _NOTHING
        seen |= {id(variable)}
        if any(_is_counted(use.site) for use in graph.uses(variable)):
            return _NOTHING
        if variable.kind is Kind.PARAMETER:
            return _HOLDS_ARGUMENTS
        if variable.kind not in _LOCAL or variable.value is None:
            return _HOLDS_OTHERS
        if _is_address(variable.type) and not graph.is_assigned(variable):
            made = self._of_owner(graph, variable)
            if made.is_owned or made == _NOTHING:
                is_given_back = _Owned(self, graph, variable).is_given_back_after_all
                return _HOLDS_OTHERS if is_given_back or made.holds_others else _NOTHING
        held = self.put_in(graph, variable.value, seen)
        for assignment in graph.assignments_to(variable):
            held |= self.put_in(graph, assignment.node.value, seen)
        return held

    def _result_put_in(self, graph: ControlFlowGraph, node: Expression, seen: frozenset[int]) -> Making:
        """A new block goes in, or a number that a function finds without any address."""
        made = self.of(graph, node, (), seen)
        if made.is_owned or made == _NOTHING:
            return Making(holds_others=made.holds_others, holds_arguments=made.holds_arguments)
        call = graph.call_at(node)
        if call is None or graph.type_of(node) == STR:
            return _HOLDS_OTHERS
        given = [*([call.receiver] if call.receiver is not None else []), *call.arguments]
        types = [graph.type_of(value) for value in given]
        is_plain = all(type_ is not None and (type_.is_str or _is_number_only(type_)) for type_ in types)
        return _NOTHING if is_plain else _HOLDS_OTHERS

    def _of_constructor(
        self, graph: ControlFlowGraph, call: CallSite, path: Path, seen: frozenset[int]
    ) -> Making:
        if not path or not isinstance(call.node, nodes.Call) or len(call.arguments) != 1:
            return _ELSEWHERE
        if path[0] != f"{call.node.function.text.rpartition('::')[2]}.0":
            return _NOTHING
        return self.of(graph, call.arguments[0], path[1:], seen)

    def _of_variable(
        self, graph: ControlFlowGraph, node: nodes.Path, path: Path, seen: frozenset[int]
    ) -> Making:
        use = graph.use_at(node)
        if use is None:
            return _NOTHING if path and node.text == "Nothing" else _ELSEWHERE
        variable = use.variable
        if id(variable) in seen:
            return _NOTHING
        if path and not _is_opened_once(graph, use):
            return _ELSEWHERE
        return self._of_declared(graph, variable, path, seen | {id(variable)})

    def _of_declared(
        self, graph: ControlFlowGraph, variable: Variable, path: Path, seen: frozenset[int]
    ) -> Making:
        """What a variable stands for that keeps what it is declared with, and gives it to nobody else."""
        if variable.kind not in _LOCAL or variable.value is None or graph.is_assigned(variable):
            return _ELSEWHERE
        if not path and not self.summaries.fate(graph, variable).effects <= _KEPT:
            return _ELSEWHERE
        if _is_address(variable.type) and _Owned(self, graph, variable).shares_words:
            return _ELSEWHERE
        held = _Owned(self, graph, variable).held(seen) if _is_address(variable.type) else _NOTHING
        if variable.kind is Kind.PAYLOAD:
            variant = variant_of(graph, variable)
            if variant is None or path:
                return _ELSEWHERE
            path = (f"{variant}.0",)
        return self.of(graph, variable.value, path, seen) | held

    def _join(
        self, graph: ControlFlowGraph, parts: Iterable[Expression], path: Path, seen: frozenset[int]
    ) -> Making:
        made = _NOTHING
        for part in parts:
            made |= self.of(graph, part, path, seen)
        return made

    # -- what gives it back -------------------------------------------------------------------

    @by_function
    def release_of(self, maker: FunctionInfo) -> FunctionInfo | None:
        """The function of a maker's module that gives back what it makes; None if there is no such pair."""
        if maker not in self._releases:
            found = [
                function for function in self.index.functions_in(maker.file) if self._may_give_back(function)
            ]
            named = [function for function in found if _is_about_same(maker.name, function.name)]
            self._releases[maker] = named[0] if len(named) == 1 else None
        return self._releases[maker]

    @by_function
    def has_release(self, maker: FunctionInfo) -> bool:
        """Whether something in a maker's module may be meant to give back what it makes."""
        return any(self._may_give_back(function) for function in self.index.functions_in(maker.file))

    def _may_give_back(self, function: FunctionInfo) -> bool:
        if (
            function.owner is not None
            or len(function.values) != 1
            or not _is_address(function.values[0].type)
        ):
            return False
        return function.returns_nothing and self.gives_back(self.summaries.effects(function, 0))

    @staticmethod
    def gives_back(effects: frozenset[Effect]) -> bool:
        """Whether these effects on memory are those of its release."""
        return Effect.RELEASES in effects and effects <= _RELEASING

    # -- where it is lost ---------------------------------------------------------------------

    def reports(self, graph: ControlFlowGraph) -> Iterator[MemoryReport]:
        """The variables of a function that stand for memory which is lost at some exit."""
        for variable in graph.variables:
            if not _is_address(variable.type) or variable.kind not in _LOCAL or graph.is_assigned(variable):
                continue
            making = self._of_owner(graph, variable)
            if making.is_owned:
                owned = _Owned(self, graph, variable)
                report = owned.report(making | owned.held())
                if report.leaks:
                    yield report

    def _of_owner(self, graph: ControlFlowGraph, variable: Variable) -> Making:
        """What a variable is declared with, if it is not only another name for what one has already."""
        value = variable.value
        if value is None:
            return _ELSEWHERE
        if variable.kind is not Kind.PAYLOAD:
            return self.of(graph, value) if not _names_variable(value) else _ELSEWHERE
        variant = variant_of(graph, variable)
        return self.of(graph, value, (f"{variant}.0",)) if variant is not None else _ELSEWHERE


class _Owned:
    """What becomes of the memory that a variable is declared with."""

    def __init__(self, known: Memory, graph: ControlFlowGraph, variable: Variable) -> None:
        self._known = known
        self._graph = graph
        self._variable = variable
        flow = _MemoryFlow(graph, variable, known.summaries, known.drops)
        self._problem = ObjectProblem(graph, variable, flow)
        self._views = known.summaries.fate(graph, variable).views | self._problem.holders

    def report(self, making: Making) -> MemoryReport:
        """Where it is lost, and where it is given back."""
        graph, holders = self._graph, self._problem.holders
        leaks: list[Exit] = []
        releases: list[CallSite] = []
        for step in self._problem.solve().steps():
            made = [world for world in step.before if world.state is not None]
            match step.action:
                case Exit() if made and self._is_lost(step.action, made, making):
                    leaks.append(step.action)
                case Use() if any(world.holds(step.action.variable) for world in made):
                    call = self._releasing_call(step.action)
                    if call is not None:
                        releases.append(call)
        return MemoryReport(
            graph, self._variable, making, leaks, releases, holders, self._views, self.shares_words
        )

    @property
    def shares_words(self) -> bool:
        """Whether a word of it may be stored elsewhere, or what the word leads to may be given back."""
        graph = self._graph
        return (
            any(self._takes_word(call) for call in graph.calls)
            or any(
                isinstance(assignment, nodes.Assignment)
                and not isinstance(assignment.target, nodes.Path)
                and self._is_word(assignment.value)
                and not self._mentions_holder(assignment.target)
                for assignment in graph.nodes_of(nodes.Assignment)
            )
            or any(
                self._is_word(entry.value)
                for literal in graph.nodes_of(nodes.StructLiteral)
                for entry in literal.fields
                if entry.value is not None
            )
        )

    def held(self, seen: frozenset[int] = frozenset()) -> Making:
        """What is put into it, apart from its own words."""
        graph, found = self._graph, _NOTHING
        seen |= {id(self._variable)}
        for call in graph.calls:
            if not any(map(self._mentions_holder, call.arguments)):
                continue
            for argument in call.arguments:
                site = graph.site_of(argument)
                effects = self._known.summaries.call_effects(site) if site is not None else frozenset()
                if not effects <= {Effect.BORROWS} and not self._mentions_view(argument):
                    found |= self._known.put_in(graph, argument, seen)
        for assignment in graph.nodes_of(nodes.Assignment):
            is_stored = not isinstance(assignment.target, nodes.Path)
            is_put_in = is_stored and self._mentions_holder(assignment.target)
            if is_put_in and not self._mentions_view(assignment.value):
                found |= self._known.put_in(graph, assignment.value, seen)
        return found

    @property
    def is_given_back_after_all(self) -> bool:
        """Whether it is given back where it was given away before."""
        return any(
            isinstance(step.action, Use)
            and any(world.state is State.MOVED and world.holds(step.action.variable) for world in step.before)
            and self._releasing_call(step.action) is not None
            for step in self._problem.solve().steps()
        )

    def _takes_word(self, call: CallSite) -> bool:
        """Whether a call keeps a word of it elsewhere, or gives back what a word leads to."""
        for argument in call.arguments:
            site = self._graph.site_of(argument)
            if site is None or site.role is not Role.ARGUMENT or not self._is_word(argument):
                continue
            effects = self._known.summaries.call_effects(site)
            if effects & {Effect.RELEASES, Effect.DRAINS}:
                return True
            others = [other for other in call.arguments if other is not argument]
            if not effects <= {Effect.BORROWS} and not any(map(self._mentions_holder, others)):
                return True
        return False

    def _is_word(self, node: Expression) -> bool:
        """Whether a number may come from the memory, and is not what stands for it."""
        type_ = self._graph.type_of(node)
        if type_ is not None and not (_is_address(type_) or type_.is_str):
            return False
        named = node
        while isinstance(named, nodes.Cast | nodes.Group):
            named = named.operand if isinstance(named, nodes.Cast) else named.inner
        use = self._graph.use_at(named)
        if use is not None:
            return use.variable in self._views - self._problem.holders
        return self._mentions_view(node)

    def _mentions_view(self, node: Node) -> bool:
        return any(use.variable in self._views for use in self._graph.uses_in(node))

    def _mentions_holder(self, node: Node) -> bool:
        return any(use.variable in self._problem.holders for use in self._graph.uses_in(node))

    def _is_lost(self, exit_: Exit, made: Sequence[World], making: Making) -> bool:
        if making.literals and is_only_reached_empty(
            self._graph, exit_.node, f"{self._variable.name} as Str"
        ):
            return False
        leaving = frozenset(exit_.variables)
        ending = [world for world in made if any(place.variable in leaving for place in world.places)]
        return (
            bool(ending)
            and self._variable in leaving
            and all(
                world.state is State.OWNED
                and world.holds(self._variable)
                and all(place.variable in leaving for place in world.places)
                for world in ending
            )
            and not _may_be_null(self._graph, exit_, self._problem.holders)
        )

    def _releasing_call(self, use: Use) -> CallSite | None:
        site: Site | None = use.site
        while site is not None and site.role is Role.CAST:
            site = self._graph.site_of(site.parent)
        if site is None or site.role is not Role.ARGUMENT:
            return None
        if not self._known.gives_back(self._known.summaries.call_effects(site)):
            return None
        return self._graph.call_at(site.parent)


class _MemoryFlow(ValueFlow):
    """Where the uses of a number or pointer send the memory that it stands for."""

    def __init__(self, graph: ControlFlowGraph, owner: Variable, summaries: Summaries, drops: Drops) -> None:
        super().__init__(graph, owner, None, summaries, drops, lambda _: True)

    def _flow(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        if path:
            return super()._flow(site, path)
        match site.role:
            case Role.CAST:
                type_ = self._graph.type_of(site.parent)
                is_kept = type_ is None or type_.is_str or _is_address(type_)
                return self._follow(site.parent, ()) if is_kept else (None,)
            case Role.OPERAND:
                return self._computed(site.parent)
            case Role.CONDITION | Role.DISCARDED:
                return (None,)
            case Role.INTERPOLATED:
                return (State.UNKNOWN,)
            case Role.BOUND:
                outcomes = super()._flow(site, path)
                is_dropped = any(self._drops.is_registered(variable) for variable in self._named(site))
                return (State.UNKNOWN,) if is_dropped else outcomes
            case Role.CAPTURED:
                return (State.UNKNOWN,)
            case _:
                return super()._flow(site, path)

    def _captured(self, use: Use, path: Path) -> tuple[Outcome, ...]:
        return (State.UNKNOWN,)

    def _computed(self, parent: Node) -> tuple[Outcome, ...]:
        """What is reached through it is no more than read; what is computed from it may lead to it again."""
        match parent:
            case nodes.Unary() if parent.operator == "*":
                return (None,)
            case nodes.Binary() if parent.operator in _COMPARISONS:
                return (None,)
            case nodes.Binary() if parent.operator in ("+", "-"):
                return self._follow(parent, ())
            case _:
                return (State.UNKNOWN,)

    def _passed(self, site: Site) -> tuple[Outcome, ...]:
        effects = self._summaries.call_effects(site)
        if Memory.gives_back(effects):
            return (State.RELEASED,) if Effect.RELEASES in effects else (None,)
        if effects <= {Effect.BORROWS}:
            return (None,) if not self._lends_string(site) else (State.UNKNOWN,)
        if effects <= {Effect.BORROWS, Effect.RETURNS}:
            return (None, *self._follow(site.parent, ()))
        return (State.MOVED,) if effects <= {Effect.BORROWS, Effect.RETAINS} else (State.UNKNOWN,)

    def _lends_string(self, site: Site) -> bool:
        """Whether the result of a call may point into the memory, and not only be a word of it."""
        position = -1 if site.role is Role.RECEIVER else site.position
        if site.callee is None or not self._summaries.lends(site.callee, position):
            return False
        type_ = self._graph.type_of(site.parent)
        return type_ is None or not _is_number(type_)


def _is_opened_once(graph: ControlFlowGraph, opening: Use) -> bool:
    """Whether a payload is taken out of a local Maybe or Outcome at one place, and there at most once."""
    variable = opening.variable
    if variable.value is None or graph.is_assigned(variable):
        return False
    if any(use is not opening and not _leaves_payload(use.site) for use in graph.uses(variable)):
        return False
    loops = graph.nodes_of(nodes.Loop, nodes.While, nodes.For)
    around = (loop for loop in loops if loop.start <= opening.node.start < loop.end)
    return all(loop.start <= variable.node.start < loop.end for loop in around)


def _is_counted(site: Site) -> bool:
    """Whether a use treats a number as one: nobody multiplies an address, or asks whether it is above 3."""
    parent = site.parent
    if site.role is not Role.OPERAND or not isinstance(parent, nodes.Binary):
        return False
    if parent.operator in ("<", ">", "<=", ">="):
        return not any(side.text == "0" for side in (parent.left, parent.right))
    return parent.operator in ("*", "/", "%", "-")


def _leaves_payload(site: Site) -> bool:
    """Whether a use only asks which variant it is, or takes an error out."""
    call = site.parent
    if site.role is not Role.RECEIVER or not isinstance(call, nodes.MethodCall):
        return False
    return call.name.startswith("is_") or call.name.endswith("_err")


def _is_address(type_: Type | None) -> bool:
    return type_ is not None and type_.name in _ADDRESSES


def _is_number(type_: Type) -> bool:
    return type_.name in _ADDRESSES - {"*"}


def _is_number_only(type_: Type) -> bool:
    """Whether values of a type cannot be addresses."""
    return type_.name in SCALARS and not _is_address(type_)


def _at(type_: Type, path: Path) -> Type | None:
    if not path:
        return type_
    return type_.arguments[0] if _PAYLOADS.get(type_.name) == path[0] and type_.arguments else None


def _names_variable(value: Expression) -> bool:
    """Whether an expression is a variable, by another type perhaps."""
    match value:
        case nodes.Group():
            return _names_variable(value.inner)
        case nodes.Cast():
            return _names_variable(value.operand)
        case nodes.LowlevelBlock():
            return value.block.value is None or _names_variable(value.block.value)
        case nodes.Block() | nodes.If() | nodes.When() | nodes.Ternary():
            return True
        case _:
            return isinstance(value, nodes.Path)


def _may_be_null(graph: ControlFlowGraph, exit_: Exit, holders: frozenset[Variable]) -> bool:
    """Whether the conditions around or before an exit leave open that there is no memory."""
    place = exit_.node.start
    for test in graph.nodes_of(nodes.If):
        condition = test.condition
        if condition is None or not _asks(graph, condition, holders):
            continue
        is_simple = isinstance(condition, nodes.Binary) and condition.operator in ("==", "!=")
        if not is_simple:
            return True
        assert isinstance(condition, nodes.Binary)
        null: Node | None = test.branch
        other: Node | None = test.alternative
        if condition.operator == "!=":
            null, other = other, null
        if other is not None and other.start <= place < other.end:
            continue
        if null is None or null.start <= place < null.end or not _leaves(null):
            return True
    return False


def _asks(graph: ControlFlowGraph, condition: Expression, holders: frozenset[Variable]) -> bool:
    """Whether a condition asks what a number is, and not what it leads to."""
    return any(use.variable in holders and _is_asked(graph, use.site) for use in graph.uses_in(condition))


def _is_asked(graph: ControlFlowGraph, site: Site) -> bool:
    while site.role is Role.CAST:
        outer = graph.site_of(site.parent)
        if outer is None:
            return True
        site = outer
    if site.role is Role.OPERAND:
        return isinstance(site.parent, nodes.Binary) and site.parent.operator in _COMPARISONS
    if site.role is Role.RECEIVER:
        return isinstance(site.parent, nodes.MethodCall) and site.parent.name.startswith("is_")
    return False


def _leaves(branch: Node) -> bool:
    """Whether a block always ends in a jump."""
    last = branch.statements[-1] if isinstance(branch, nodes.Block) and branch.statements else None
    return isinstance(last, nodes.ExpressionStatement) and isinstance(
        last.expression, nodes.Return | nodes.Break | nodes.Continue | nodes.Throw
    )


_VERBS = frozenset(
    """new make create alloc allocate open init build get acquire begin free destroy delete release drop
    dispose close del end of""".split()
)


def _is_about_same(maker: str, release: str) -> bool:
    """Whether two functions name the same thing: ``new_node`` and ``free_node``, or ``node`` and ``free``."""
    made, freed = set(maker.split("_")) - _VERBS, set(release.split("_")) - _VERBS
    return not freed or not made or made == freed
