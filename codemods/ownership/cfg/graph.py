"""The control-flow graph of a function: basic blocks of actions on its variables.

A variable is declared, used, assigned, or goes out of scope at an exit. A use says what for (its
role), so that the rules of ownership can be applied to it without looking at the tree again.

Nothing here changes once a graph is made. Its parts are not frozen all the same: there are very many,
and making a frozen one takes three times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain
from typing import NamedTuple, TypeVar, cast

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
    """Where a value goes: its role, the construct that takes it, and its place among the arguments.

    ``through`` is the innermost block, arm or branch whose value it is, when it gets there by one.
    """

    role: Role
    parent: Node
    position: int = 0
    callee: FunctionInfo | None = None
    through: Node | None = None

    def by_way_of(self, node: Node) -> Site:
        """The same place for the value of a block, arm or branch."""
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


Action = Declare | Use | Assign | CallSite | Exit


@dataclass(eq=False, slots=True)
class BasicBlock:
    """Actions that happen in a row, and where control may go then."""

    actions: list[Action] = field(default_factory=list)
    successors: list[BasicBlock] = field(default_factory=list)


_KEYWORDS: dict[type[Node], bytes] = {
    nodes.If: b"if",
    nodes.When: b"when",
    nodes.Loop: b"loop",
    nodes.While: b"while",
    nodes.For: b"for",
    nodes.Closure: b"do",
}
"""What is in the text of each construct of these classes."""


class Guard(NamedTuple):
    """A branch by its span, and the name that its condition tells something about."""

    start: int
    end: int
    name: str


@dataclass(eq=False, slots=True)
class ControlFlowGraph:
    """The control-flow graph of one function."""

    function: FunctionInfo
    blocks: list[BasicBlock]
    variables: list[Variable] = field(default_factory=list)
    types: dict[int, Type] = field(default_factory=dict)
    """The type of an expression, by the identity of its node."""
    sites: dict[int, Site] = field(default_factory=dict)
    """Where an expression's value goes, by the identity of its node."""
    closures: list[ControlFlowGraph] = field(default_factory=list)
    """The graphs of the closures in it."""
    consumed: list[Use] | None = None
    """The uses that give a name away by the compiler's rules, once they are known."""
    null_tests: list[Guard] | None = None
    """The branches in which a name is null, once they are known."""
    emptiness_tests: list[Guard] | None = None
    """The branches in which a text is empty, once they are known."""
    _nodes: list[Node] | None = None
    _nodes_of: dict[tuple[type[Node], ...], Sequence[Node]] = field(default_factory=dict)
    _reachable: list[BasicBlock] | None = None
    _calls: list[CallSite] | None = None
    _exits: list[Exit] | None = None
    _all_uses: list[Use] | None = None
    _uses: dict[Variable, list[Use]] | None = None
    _assignments: list[Assign] | None = None
    _uses_by_node: dict[int, Use] | None = None
    _calls_by_node: dict[int, CallSite] | None = None
    _variables_by_name: dict[str, list[Variable]] | None = None
    _variables_by_node: dict[int, list[Variable]] | None = None
    _ambiguous: frozenset[str] | None = None

    @property
    def entry(self) -> BasicBlock:
        """Where control enters."""
        return self.blocks[0]

    def reachable(self) -> list[BasicBlock]:
        """The blocks that control can get to, in the order they were written; found once."""
        if self._reachable is None:
            seen = {id(self.entry)}
            pending = [self.entry]
            while pending:
                for successor in pending.pop().successors:
                    if id(successor) not in seen:
                        seen.add(id(successor))
                        pending.append(successor)
            self._reachable = [block for block in self.blocks if id(block) in seen]
        return self._reachable

    def actions(self) -> Iterator[Action]:
        """All actions of all blocks, reachable or not, in the order they were written."""
        return chain.from_iterable([block.actions for block in self.blocks])

    @property
    def nodes(self) -> list[Node]:
        """All nodes of the function, outermost and leftmost first; listed once."""
        if self._nodes is None:
            self._nodes = list(self.function.node.walk())
        return self._nodes

    def nodes_of(self, *kinds: type[N]) -> Sequence[N]:
        """The nodes of these classes, outermost and leftmost first; listed once."""
        if kinds not in self._nodes_of:
            words = [_KEYWORDS.get(each, b"") for each in kinds]
            self._nodes_of[kinds] = (
                [node for node in self.nodes if isinstance(node, kinds)] if self.has_any(*words) else ()
            )
        return cast(Sequence[N], self._nodes_of[kinds])

    def has_any(self, *codes: bytes) -> bool:
        """Whether one of these stands in the text of the function, in code or elsewhere."""
        node, source = self.function.node, self.function.file.source
        start, end = node.start, node.end
        return any(source.find(code, start, end) >= 0 for code in codes)

    @property
    def ambiguous_names(self) -> frozenset[str]:
        """The names that stand for more than one value: of several variables, or of one that changes."""
        if self._ambiguous is None:
            several = {name for name, each in self._by_name().items() if len(each) > 1}
            assigned = {each.variable.name for each in self.assignments()}
            self._ambiguous = frozenset(several | assigned)
        return self._ambiguous

    def concerning(self, variable: Variable) -> dict[int, list[Action]]:
        """The actions on a variable, and the exits of its scope, by the identity of their block."""
        found: dict[int, list[Action]] = {}
        for block in self.blocks:
            actions = [each for each in block.actions if _concerns(each, variable)]
            if actions:
                found[id(block)] = actions
        return found

    def calls(self) -> list[CallSite]:
        """All calls; listed once."""
        if self._calls is None:
            self._calls = [action for action in self.actions() if isinstance(action, CallSite)]
        return self._calls

    def call_at(self, node: Node) -> CallSite | None:
        """The call that an expression is."""
        if self._calls_by_node is None:
            self._calls_by_node = {id(call.node): call for call in reversed(self.calls())}
        return self._calls_by_node.get(id(node))

    def exits(self) -> list[Exit]:
        """All exits; listed once."""
        if self._exits is None:
            self._exits = [action for action in self.actions() if isinstance(action, Exit)]
        return self._exits

    def uses(self, variable: Variable) -> list[Use]:
        """All uses of a variable; listed once."""
        return self.uses_by_variable().get(variable, [])

    def uses_by_variable(self) -> dict[Variable, list[Use]]:
        """The uses of each variable that has any; listed once."""
        if self._uses is None:
            self._uses = {}
            for use in self.all_uses():
                self._uses.setdefault(use.variable, []).append(use)
        return self._uses

    def all_uses(self) -> list[Use]:
        """All uses of all variables; listed once."""
        if self._all_uses is None:
            self._all_uses = [action for action in self.actions() if isinstance(action, Use)]
        return self._all_uses

    def uses_in(self, node: Node) -> list[Use]:
        """The uses inside of a node, in the order they were written."""
        start, end = node.start, node.end
        return [use for use in self.all_uses() if start <= use.node.start < end]

    def use_at(self, node: Node) -> Use | None:
        """The first use of a variable that an expression or a field's short initialiser is."""
        if self._uses_by_node is None:
            self._uses_by_node = {id(use.node): use for use in reversed(self.all_uses())}
        return self._uses_by_node.get(id(node))

    def assignments(self) -> list[Assign]:
        """All assignments to variables; listed once."""
        if self._assignments is None:
            self._assignments = [action for action in self.actions() if isinstance(action, Assign)]
        return self._assignments

    def assignments_to(self, variable: Variable) -> list[Assign]:
        """The assignments to a variable."""
        return [each for each in self.assignments() if each.variable is variable]

    def is_assigned(self, variable: Variable) -> bool:
        """Whether a variable gets another value somewhere."""
        return any(each.variable is variable for each in self.assignments())

    def named(self, name: str) -> list[Variable]:
        """The variables of a name, in the order they are declared."""
        return self._by_name().get(name, [])

    def _by_name(self) -> dict[str, list[Variable]]:
        if self._variables_by_name is None:
            self._variables_by_name = {}
            for variable in self.variables:
                self._variables_by_name.setdefault(variable.name, []).append(variable)
        return self._variables_by_name

    def declared_at(self, node: Node) -> list[Variable]:
        """The variables that a pattern, parameter or var declares."""
        if self._variables_by_node is None:
            self._variables_by_node = {}
            for variable in self.variables:
                self._variables_by_node.setdefault(id(variable.node), []).append(variable)
        return self._variables_by_node.get(id(node), [])

    def variable_at(self, node: Node) -> Variable | None:
        """The variable of the function's own that an expression reads."""
        use = self.use_at(node)
        if use is None or not any(each is use.variable for each in self.named(use.variable.name)):
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


def _concerns(action: Action, variable: Variable) -> bool:
    if isinstance(action, Exit):
        return variable in action.variables
    return not isinstance(action, CallSite) and action.variable is variable


def actions_after(start: BasicBlock, position: int, ends: Callable[[Action], bool]) -> Iterator[Action]:
    """The actions that some path reaches behind an action; a path ends with one that ``ends`` is true for."""
    pending = [(start, position + 1)]
    seen: set[int] = set()
    while pending:
        block, first = pending.pop()
        for action in block.actions[first:]:
            yield action
            if ends(action):
                break
        else:
            for successor in block.successors:
                if id(successor) not in seen:
                    seen.add(id(successor))
                    pending.append((successor, 0))


def uses_after(start: BasicBlock, position: int, owner: Variable) -> Iterator[Use]:
    """The uses that some path reaches behind an action, as long as ``owner`` is not declared anew."""

    def is_declared_anew(action: Action) -> bool:
        return isinstance(action, Declare) and action.variable is owner

    behind = actions_after(start, position, is_declared_anew)
    return (action for action in behind if isinstance(action, Use))
