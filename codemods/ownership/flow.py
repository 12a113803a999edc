"""The control-flow graph of a function: basic blocks of actions on its variables.

A variable is declared, used, assigned, or goes out of scope at an exit. A use says what for (its
role), so that the rules of ownership can be applied to it without looking at the tree again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from codemods.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, If, Node


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


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """Where a value goes: its role, the construct that takes it, and its place among the arguments.

    ``through`` is the innermost block, arm or branch whose value it is, when it gets there by one.
    """

    role: Role
    parent: Node
    position: int = 0
    callee: FunctionInfo | None = None
    through: Node | None = None


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


@dataclass(frozen=True, slots=True, eq=False)
class Declare:
    """A variable comes into being, holding its value."""

    variable: Variable
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A variable is read."""

    variable: Variable
    node: Node
    site: Site


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """A variable gets another value."""

    variable: Variable
    node: nodes.Assignment


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(eq=False, slots=True)
class Flow:
    """The control-flow graph of one function."""

    function: FunctionInfo
    blocks: list[BasicBlock]
    variables: list[Variable] = field(default_factory=list)
    types: dict[int, Type] = field(default_factory=dict)
    """The type of an expression, by the identity of its node."""
    sites: dict[int, Site] = field(default_factory=dict)
    """Where an expression's value goes, by the identity of its node."""
    closures: list[Flow] = field(default_factory=list)
    """The graphs of the closures in it."""
    _nodes: list[Node] | None = None
    _calls: list[CallSite] | None = None
    _uses: dict[Variable, list[Use]] | None = None
    _tests: list[If] | None = None
    _ambiguous: frozenset[str] | None = None

    @property
    def entry(self) -> BasicBlock:
        """Where control enters."""
        return self.blocks[0]

    def reachable(self) -> list[BasicBlock]:
        """The blocks that control can get to, in the order they were written."""
        seen = {id(self.entry)}
        pending = [self.entry]
        while pending:
            for successor in pending.pop().successors:
                if id(successor) not in seen:
                    seen.add(id(successor))
                    pending.append(successor)
        return [block for block in self.blocks if id(block) in seen]

    def actions(self) -> Iterator[Action]:
        """All actions of all blocks, reachable or not, in the order they were written."""
        for block in self.blocks:
            yield from block.actions

    @property
    def nodes(self) -> list[Node]:
        """All nodes of the function, outermost and leftmost first; listed once."""
        if self._nodes is None:
            self._nodes = list(self.function.node.walk())
        return self._nodes

    @property
    def tests(self) -> list[If]:
        """All `if` expressions of the function; listed once."""
        if self._tests is None:
            self._tests = [node for node in self.nodes if isinstance(node, If)]
        return self._tests

    @property
    def ambiguous_names(self) -> frozenset[str]:
        """The names that stand for more than one value: of several variables, or of one that changes."""
        if self._ambiguous is None:
            names = Counter(variable.name for variable in self.variables)
            assigned = {action.variable.name for action in self.actions() if isinstance(action, Assign)}
            self._ambiguous = frozenset({name for name, uses in names.items() if uses > 1} | assigned)
        return self._ambiguous

    def calls(self) -> list[CallSite]:
        """All calls; listed once."""
        if self._calls is None:
            self._calls = [action for action in self.actions() if isinstance(action, CallSite)]
        return self._calls

    def uses(self, variable: Variable) -> list[Use]:
        """All uses of a variable; listed once."""
        if self._uses is None:
            self._uses = {}
            for action in self.actions():
                if isinstance(action, Use):
                    self._uses.setdefault(action.variable, []).append(action)
        return self._uses.get(variable, [])

    def with_closures(self) -> Iterator[Flow]:
        """This graph and those of the closures in it, however deep."""
        yield self
        for closure in self.closures:
            yield from closure.with_closures()

    def type_of(self, node: Node) -> Type | None:
        """The type of an expression, where it is known."""
        return self.types.get(id(node))

    def site_of(self, node: Node) -> Site | None:
        """Where the value of an expression goes."""
        return self.sites.get(id(node))


def actions_behind(start: BasicBlock, position: int, ends: Callable[[Action], bool]) -> Iterator[Action]:
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


def uses_behind(start: BasicBlock, position: int, owner: Variable) -> Iterator[Use]:
    """The uses that some path reaches behind an action, as long as ``owner`` is not declared anew."""

    def is_declared_anew(action: Action) -> bool:
        return isinstance(action, Declare) and action.variable is owner

    behind = actions_behind(start, position, is_declared_anew)
    return (action for action in behind if isinstance(action, Use))
