"""The control-flow graph of a function: basic blocks of actions on its variables.

A variable is declared, used, assigned, or goes out of scope at an exit. A use says what for (its
role), so that the rules of ownership can be applied to it without looking at the tree again.

Nothing here changes once a graph is made. Its parts are not frozen all the same: there are very many,
and making a frozen one takes three times as long. What follows from a graph is found when it is first asked
for: here as a cached property, elsewhere by a query (``FlowGraph.ask``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from itertools import chain
from typing import TypeVar, cast

from codemods.model.compiler_profile import ALL_TRAITS, Traits
from codemods.ownership.dataflow.flow_graph import BasicBlock, FlowGraph
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

N = TypeVar("N", bound=Node)


class Role(Enum):
    """What an expression's value is used for."""

    BOUND = auto()
    """The initialiser of a let or var."""
    ASSIGNED = auto()
    """Assigned to a variable."""
    STORED = auto()
    """Assigned to a field, an element or through a pointer."""
    RETURNED = auto()
    """Returned, or the value at the end of the function."""
    ARGUMENT = auto()
    RECEIVER = auto()
    FIELD = auto()
    """A field of it is read."""
    ELEMENT = auto()
    """A field of a struct literal, or an element of a tuple or array."""
    BASE = auto()
    """What a struct literal takes the fields from that it does not give."""
    CONSTRUCTED = auto()
    """The payload of an enum constructor."""
    INTERPOLATED = auto()
    OPERAND = auto()
    CONDITION = auto()
    SCRUTINEE = auto()
    CAST = auto()
    REFERENCED = auto()
    CAPTURED = auto()
    PROPAGATED = auto()
    DISCARDED = auto()


@dataclass(slots=True, eq=False)
class Site:
    """Where a value goes: its role, the construct that takes it, and its position among the arguments.

    ``through`` is the innermost block, arm or branch whose value it is, if there is one.
    """

    role: Role
    parent: Node
    position: int = 0
    callee: FunctionInfo | None = None
    through: Node | None = None

    def by_way_of(self, node: Node) -> Site:
        """The same site for the value of a block, arm or branch."""
        return Site(self.role, self.parent, self.position, self.callee, node)


class VariableKind(Enum):
    """How a variable came to be."""

    LET = auto()
    VAR = auto()
    PAYLOAD = auto()
    """Bound by an arm of a when."""
    DESTRUCTURED = auto()
    """Bound by a tuple or struct pattern, an if let or a let else: the compiler never drops it."""
    LOOP = auto()
    PARAMETER = auto()
    RECEIVER = auto()


@dataclass(eq=False, slots=True)
class Variable:
    """A local variable or parameter."""

    name: str
    type: Type | None
    kind: VariableKind
    node: Node
    """The pattern, parameter or var that declares it."""
    value: Expression | None = None
    """The initialiser, or the subject of the when that binds it."""
    depth: int = 0
    """1 for the top level of the body, more for inner blocks."""

    @property
    def offset(self) -> int:
        """Byte offset of the name where it is declared."""
        token = self.node.token("IDENT")
        return token.start if token is not None else self.node.last_token.start

    def __repr__(self) -> str:
        return f"Variable({self.name}: {self.type})"


@dataclass(slots=True, eq=False)
class Declare:
    """A variable comes into being, holding its value."""

    variable: Variable
    node: Node


@dataclass(slots=True, eq=False)
class Use:
    """A variable is read."""

    variable: Variable
    node: Node
    site: Site


@dataclass(slots=True, eq=False)
class Assign:
    """A variable gets another value."""

    variable: Variable
    node: nodes.Assignment


@dataclass(slots=True, eq=False)
class CallSite:
    """A call, after its arguments are evaluated."""

    node: Expression
    callee: FunctionInfo | None
    type: Type | None
    site: Site
    receiver: Expression | None
    arguments: Sequence[Expression]
    constructor: bool = False
    """Whether it only builds an enum variant."""


class ExitKind(Enum):
    """How control leaves a scope."""

    RETURN = auto()
    TAIL = auto()
    """The end of the body, with a value."""
    END = auto()
    """The end of the body, without one."""
    SCOPE = auto()
    """The end of an inner block."""
    ARM = auto()
    BREAK = auto()
    CONTINUE = auto()
    PROPAGATE = auto()
    THROW = auto()


@dataclass(slots=True, eq=False)
class Exit:
    """Control leaves the scope of variables, the innermost first."""

    kind: ExitKind
    node: Node
    variables: tuple[Variable, ...]
    value: Expression | None = None
    leaving: frozenset[Variable] = field(init=False)
    """The same variables, for those who ask whether one is among them."""

    def __post_init__(self) -> None:
        """Every owner of the function asks, so they are put in order once."""
        self.leaving = frozenset(self.variables)


@dataclass(slots=True, eq=False)
class Assume:
    """Control is where a condition is true, or false; or where a pattern fits, or does not.

    The pattern is that of a ``let`` or of an arm of a ``when``.
    """

    node: Expression | nodes.LetCondition | nodes.Let | nodes.Arm
    holds: bool = True
    when: nodes.When | None = None


Action = Declare | Use | Assign | CallSite | Exit | Assume


_KEYWORDS: dict[type[Node], bytes] = {
    nodes.If: b"if",
    nodes.When: b"when",
    nodes.Loop: b"loop",
    nodes.While: b"while",
    nodes.For: b"for",
    nodes.Closure: b"do",
}
"""The keyword that every construct of each class has in its source."""


MAX_WAYS_OUT = 60_000
"""The most values times ways out of a function that is looked at."""


@dataclass(eq=False)
class ControlFlowGraph(FlowGraph[Action]):
    """The control-flow graph of one function."""

    function: FunctionInfo
    traits: Traits = ALL_TRAITS
    """What the compiler does to it."""
    variables: list[Variable] = field(default_factory=list)
    types: dict[int, Type] = field(default_factory=dict)
    """The type of an expression, by the identity of its node."""
    sites: dict[int, Site] = field(default_factory=dict)
    """Where an expression's value goes, by the identity of its node."""
    closures: list[ControlFlowGraph] = field(default_factory=list)
    """The graphs of the closures in it."""
    unbound: list[Node] = field(default_factory=list)
    """Receivers whose name no variable in scope has."""
    _nodes_of: dict[tuple[type[Node], ...], Sequence[Node]] = field(
        default_factory=dict, init=False, repr=False
    )
    """The nodes of each combination of classes that was asked for."""

    @cached_property
    def is_too_large(self) -> bool:
        """Whether following each value to each way out would take too long.

        The work grows with the product of the two; real functions stay below 3,000.
        """
        return (len(self.variables) + len(self.assignments)) * len(self.exits) > MAX_WAYS_OUT

    def actions(self) -> Iterator[Action]:
        """All actions of all blocks, reachable or not, in the order they were written."""
        return chain.from_iterable([block.actions for block in self.blocks])

    @cached_property
    def nodes(self) -> Sequence[Node]:
        """All nodes of the function, outermost and leftmost first."""
        return list(self.function.node.walk())

    def nodes_of(self, *kinds: type[N]) -> Sequence[N]:
        """The nodes of these classes, outermost and leftmost first; listed once."""
        if kinds not in self._nodes_of:
            keywords = [_KEYWORDS.get(kind, b"") for kind in kinds]
            self._nodes_of[kinds] = (
                [node for node in self.nodes if isinstance(node, kinds)] if self.has_any(*keywords) else ()
            )
        return cast(Sequence[N], self._nodes_of[kinds])

    def has_any(self, *codes: bytes) -> bool:
        """Whether the function's source contains one of these, in code or elsewhere."""
        node, source = self.function.node, self.function.file.source
        start, end = node.start, node.end
        return any(source.find(code, start, end) >= 0 for code in codes)

    @cached_property
    def ambiguous_names(self) -> frozenset[str]:
        """The names that stand for more than one value: of several variables, or of one that changes."""
        several = {name for name, variables in self._variables_by_name.items() if len(variables) > 1}
        assigned = {assignment.variable.name for assignment in self.assignments}
        return frozenset(several | assigned)

    @cached_property
    def actions_on(self) -> Mapping[Variable, Mapping[BasicBlock[Action], Sequence[Action]]]:
        """For each variable the blocks with actions on it, and those actions; an exit of its scope is one."""
        found: dict[Variable, dict[BasicBlock[Action], list[Action]]] = {}
        for block in self.blocks:
            for action in block.actions:
                if isinstance(action, CallSite | Assume):
                    continue
                for variable in action.variables if isinstance(action, Exit) else (action.variable,):
                    found.setdefault(variable, {}).setdefault(block, []).append(action)
        return found

    @cached_property
    def calls(self) -> Sequence[CallSite]:
        """All calls, in the order they were written."""
        return [action for action in self.actions() if isinstance(action, CallSite)]

    def call_at(self, node: Node) -> CallSite | None:
        """The call that an expression is."""
        return self._calls_by_node.get(id(node))

    @cached_property
    def _calls_by_node(self) -> dict[int, CallSite]:
        return {id(call.node): call for call in reversed(self.calls)}

    @cached_property
    def exits(self) -> Sequence[Exit]:
        """All exits, in the order they were written."""
        return [action for action in self.actions() if isinstance(action, Exit)]

    @cached_property
    def all_uses(self) -> Sequence[Use]:
        """All uses of all variables, in the order they were written."""
        return [action for action in self.actions() if isinstance(action, Use)]

    @cached_property
    def uses_by_variable(self) -> Mapping[Variable, Sequence[Use]]:
        """The uses of each variable that has any."""
        found: dict[Variable, list[Use]] = {}
        for use in self.all_uses:
            found.setdefault(use.variable, []).append(use)
        return found

    def uses(self, variable: Variable) -> Sequence[Use]:
        """All uses of a variable."""
        return self.uses_by_variable.get(variable, ())

    def uses_in(self, node: Node) -> list[Use]:
        """The uses inside of a node, in the order they were written."""
        offsets, order = self._uses_by_offset
        inside = order[bisect_left(offsets, node.start) : bisect_left(offsets, node.end)]
        return [self.all_uses[number] for number in sorted(inside)]

    @cached_property
    def _uses_by_offset(self) -> tuple[Sequence[int], Sequence[int]]:
        """The offsets of all uses, sorted, and the number in `all_uses` of each."""
        numbered = sorted((use.node.start, number) for number, use in enumerate(self.all_uses))
        return [offset for offset, _ in numbered], [number for _, number in numbered]

    def use_at(self, node: Node) -> Use | None:
        """The first use of a variable that an expression or a field's short initialiser is."""
        return self._uses_by_node.get(id(node))

    @cached_property
    def _uses_by_node(self) -> dict[int, Use]:
        return {id(use.node): use for use in reversed(self.all_uses)}

    def uses_after(self, start: Action, owner: Variable) -> Iterator[Use]:
        """The uses that some path reaches after an action, as long as ``owner`` is not declared anew."""
        after = self.actions_after(
            start, lambda action: isinstance(action, Declare) and action.variable is owner
        )
        return (action for action in after if isinstance(action, Use))

    def share_a_path(self, first: Use, second: Use) -> bool:
        """Whether some path comes past both uses of a variable, while that is not declared anew."""
        owner = first.variable
        after_first, after_second = self.uses_after(first, owner), self.uses_after(second, owner)
        return first is second or second in after_first or first in after_second

    @cached_property
    def assignments(self) -> Sequence[Assign]:
        """All assignments to variables, in the order they were written."""
        return [action for action in self.actions() if isinstance(action, Assign)]

    def assignments_to(self, variable: Variable) -> list[Assign]:
        """The assignments to a variable."""
        return [assignment for assignment in self.assignments if assignment.variable is variable]

    def is_assigned(self, variable: Variable) -> bool:
        """Whether a variable gets another value somewhere."""
        return any(assignment.variable is variable for assignment in self.assignments)

    def named(self, name: str) -> Sequence[Variable]:
        """The variables of a name, in the order they are declared."""
        return self._variables_by_name.get(name, ())

    def parameter(self, position: int) -> Variable | None:
        """The variable of a parameter, None where it has no name; position -1 is the receiver."""
        function = self.function
        parameters = function.parameters if position < 0 else function.values
        index = max(position, 0)
        name = parameters[index].name if index < len(parameters) else None
        kinds = (VariableKind.PARAMETER, VariableKind.RECEIVER)
        named = self.named(name) if name is not None else ()
        return next((variable for variable in named if variable.kind in kinds), None)

    @cached_property
    def _variables_by_name(self) -> dict[str, list[Variable]]:
        found: dict[str, list[Variable]] = {}
        for variable in self.variables:
            found.setdefault(variable.name, []).append(variable)
        return found

    def declared_at(self, node: Node) -> Sequence[Variable]:
        """The variables that a pattern, parameter or var declares."""
        return self._variables_by_node.get(id(node), ())

    def bound_by(self, statement: Node) -> Sequence[Variable]:
        """The variables that a let or var binds its value to: one, unless the pattern takes it apart."""
        return self.declared_at(statement.pattern if isinstance(statement, nodes.Let) else statement)

    @cached_property
    def _variables_by_node(self) -> dict[int, list[Variable]]:
        found: dict[int, list[Variable]] = {}
        for variable in self.variables:
            found.setdefault(id(variable.node), []).append(variable)
        return found

    def variable_at(self, node: Node) -> Variable | None:
        """The variable of the function's own that an expression reads."""
        use = self.use_at(node)
        if use is None or not any(variable is use.variable for variable in self.named(use.variable.name)):
            return None
        return use.variable

    def with_closures(self) -> Iterable[ControlFlowGraph]:
        """This graph and those of the closures in it, however deep."""
        if not self.closures:
            return (self,)
        return chain((self,), *(closure.with_closures() for closure in self.closures))

    def type_of(self, node: Node) -> Type | None:
        """The type of an expression, where it is known."""
        return self.types.get(id(node))

    def site_of(self, node: Node) -> Site | None:
        """Where the value of an expression goes."""
        return self.sites.get(id(node))
