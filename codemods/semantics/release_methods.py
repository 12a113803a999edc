"""Which method of a type is its release, where none has a usual name and shape: read off the methods' text.

Such a method takes nothing, returns at most a small number or a truth value, and gives back all that any
method of the type gives back, on every path but those where the fields say that nothing is left to give back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from tml_ast import nodes
from tml_ast.nodes import Expression, Node

RELEASE_NAMES = ("destroy", "free", "drop")
"""The names that a type's own release may have, unless the project's settings name another."""

OTHER_RELEASE_NAMES = ("release", "close", "finish", "dispose", "shutdown", "cleanup", "teardown", "deinit")
"""Names that say the same; a method of one is preferred to others that give back as much."""

_FREEING = frozenset(("mem_free", "free", "dealloc"))
_GROWING = "mem_realloc"
_BLANK = frozenset(("0", "-1", "null", "false", "true", "Nothing"))
_REPEATING = nodes.Loop | nodes.While | nodes.For
_CHOOSING = nodes.When | nodes.Ternary

ReleasesField = Callable[[str, str], bool]
"""Whether the method of a name releases the value in the field of a name."""
FreesArgument = Callable[[str], bool]
"""Whether a function, by its name, frees the first of its arguments."""


@dataclass(slots=True)
class _Work:
    """What a method does to the fields of its receiver."""

    freed: set[str] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)
    """The fields among them that are memory, not values with a release of their own."""
    certain: dict[str, frozenset[str]] = field(default_factory=dict)
    """The fields freed on every path where those fields, which are asked first, say that there is need."""
    blanked: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    """The fields that get something else than a constant that stands for nothing."""
    called: set[str] = field(default_factory=set)
    """The methods called on the receiver."""


def other_release(
    methods: Mapping[str, nodes.Function],
    candidates: Collection[str],
    owning: Collection[str],
    releases: ReleasesField,
    frees: FreesArgument,
) -> str | None:
    """The name of the method that is the release, if one says so or does the work of all others.

    ``candidates`` are the methods of the right shape; ``owning`` the fields whose types have releases.
    """
    search = _Search(methods, releases, frees)
    works = {name: search.work(name) for name in methods}
    ever = set(chain.from_iterable(work.freed for work in works.values()))
    found = [
        name
        for name in candidates
        if works[name].certain.keys() == ever != set()
        and (name in OTHER_RELEASE_NAMES or ever.issuperset(owning))
        and _is_final(name, works)
    ]
    called = set(chain.from_iterable(works[name].called for name in found))
    outermost = [name for name in found if name not in called]
    best = [name for name in OTHER_RELEASE_NAMES if name in found][:1] or outermost
    return best[0] if len(best) == 1 else None


def _is_final(name: str, works: Mapping[str, _Work]) -> bool:
    """Whether nothing takes the place of what a method frees, unless it leaves its fields blank."""
    work = works[name]
    if work.freed & work.filled:
        return False
    asked = frozenset[str]().union(*work.certain.values())
    if not asked <= work.freed | work.blanked:
        return False
    dangling = work.by_hand - work.blanked
    return not any(dangling & (other.filled - other.freed) for other in works.values())


class _Search:
    """What the methods of one type do, those that they call on the same receiver included."""

    def __init__(
        self, methods: Mapping[str, nodes.Function], releases: ReleasesField, frees: FreesArgument
    ) -> None:
        self._methods = methods
        self._releases = releases
        self._frees = frees
        self._known: dict[str, _Work] = {}

    def work(self, name: str) -> _Work:
        """What a method does."""
        if name not in self._known:
            self._known[name] = _Work()
            body = self._methods[name].body
            if body is not None:
                self._known[name] = _Reader(self, self._releases, self._frees).read(body)
        return self._known[name]

    def has(self, name: str) -> bool:
        """Whether the type has a method of a name."""
        return name in self._methods


class _Reader:
    """Reads one body in the order it runs."""

    def __init__(self, search: _Search, releases: ReleasesField, frees: FreesArgument) -> None:
        self._search = search
        self._releases = releases
        self._frees = frees
        self._work = _Work()
        self._names: dict[str, str] = {}
        """The fields that local variables hold, by their names."""
        self._grown: set[str] = set()
        """The local variables that hold the memory of a field where there is more room."""
        self._asked: frozenset[str] = frozenset()
        """The fields that decide whether control gets here."""

    def read(self, body: nodes.Block) -> _Work:
        """What the body does."""
        self._visit(body, certain=True)
        return self._work

    def _visit(self, node: Node, *, certain: bool) -> None:
        match node:
            case nodes.Closure():
                return
            case nodes.If():
                self._choose(node, certain=certain)
                return
            case nodes.Binary() if node.operator in ("and", "or", "&&", "||"):
                certain = False
            case nodes.Return() | nodes.Propagate() | nodes.Throw():
                self._children(node, certain=certain)
                self._asked |= {""}
                return
            case nodes.Let() if isinstance(node.pattern, nodes.BindingPattern) and node.value is not None:
                held = self._field(node.value)
                if held is not None:
                    self._names[node.pattern.name] = held
                if any(_grows(inner) for inner in node.value.walk()):
                    self._grown.add(node.pattern.name)
            case _ if isinstance(node, _REPEATING | _CHOOSING):
                certain = False
        self._children(node, certain=certain)
        self._act(node, certain=certain)

    def _children(self, node: Node, *, certain: bool) -> None:
        for child in node.children:
            if isinstance(child, Node):
                self._visit(child, certain=certain)

    def _choose(self, node: nodes.If, *, certain: bool) -> None:
        """An ``if``: its condition may ask fields whether there is anything to do."""
        before = self._asked
        asked = self._fields_asked(node.condition) if node.condition is not None else None
        if node.condition is not None:
            self._visit(node.condition, certain=certain)
        self._asked |= asked or {""}
        inside = self._asked
        self._visit(node.branch, certain=certain and asked is not None)
        if node.alternative is not None:
            self._visit(node.alternative, certain=False)
        leaves = any(isinstance(inner, nodes.Return | nodes.Throw) for inner in node.walk())
        self._asked = inside if leaves else before

    def _fields_asked(self, condition: Expression) -> frozenset[str] | None:
        """The fields that a condition reads, if it reads nothing else."""
        read = set()
        for node in condition.walk():
            if isinstance(node, nodes.FieldAccess):
                read.add(_own_field(node) or "")
            elif isinstance(node, nodes.Path) and node.text not in _BLANK:
                read.add(self._names.get(node.text, ""))
            elif isinstance(node, nodes.Call):
                read.add("")
        return frozenset(read) if read and "" not in read else None

    def _act(self, node: Node, *, certain: bool) -> None:
        match node:
            case nodes.MethodCall() if isinstance(node.receiver, nodes.This):
                if self._search.has(node.name):
                    self._work.called.add(node.name)
                    self._called(self._search.work(node.name), certain=certain)
            case nodes.MethodCall() if not node.arguments:
                held = self._field(node.receiver)
                if held is not None and self._releases(held, node.name):
                    self._free(held, certain=certain)
            case nodes.Call() if node.arguments:
                name = node.function.text.rpartition("::")[2]
                given = node.arguments[0]
                referenced = (
                    given.operand if isinstance(given, nodes.Unary) and given.operator == "ref" else None
                )
                held = self._field(referenced or given)
                if held is not None and (name in _FREEING or self._frees(name)):
                    self._free(held, certain=certain)
                    if referenced is None:
                        self._work.by_hand.add(held)
            case nodes.Assignment():
                self._assigned(node)

    def _called(self, work: _Work, *, certain: bool) -> None:
        for name in work.freed:
            is_certain = certain and name in work.certain
            self._free(name, certain=is_certain, asked=work.certain.get(name, frozenset()))
        self._work.by_hand |= work.by_hand
        self._work.blanked |= work.blanked
        self._work.filled |= work.filled

    def _free(self, name: str, *, certain: bool, asked: frozenset[str] = frozenset()) -> None:
        self._work.freed.add(name)
        if certain and name not in self._work.certain:
            self._work.certain[name] = self._asked | asked

    def _assigned(self, node: nodes.Assignment) -> None:
        name = _own_field(node.target)
        if name is None:
            return
        value = _bare(node.value)
        if value.text in _BLANK or (isinstance(value, nodes.Path) and value.text == "null"):
            self._work.blanked.add(name)
        elif value.text not in self._grown and not any(_grows(inner) for inner in value.walk()):
            self._work.filled.add(name)

    def _field(self, node: Expression) -> str | None:
        """The field of the receiver whose value an expression is, or points a constant way into."""
        value = _bare(node)
        if isinstance(value, nodes.Binary) and value.operator in ("+", "-"):
            return self._field(value.left)
        if isinstance(value, nodes.Path):
            return self._names.get(value.text)
        return _own_field(value)


def _own_field(node: Node) -> str | None:
    """The name of a receiver's field that an expression reads or writes."""
    if isinstance(node, nodes.FieldAccess) and isinstance(node.object, nodes.This):
        return node.name
    return None


def _bare(node: Expression) -> Expression:
    """An expression without casts, groups and blocks around it."""
    while True:
        match node:
            case nodes.Cast():
                node = node.operand
            case nodes.Group():
                node = node.inner
            case nodes.LowlevelBlock() if node.block.value is not None:
                node = node.block.value
            case _:
                return node


def _grows(node: Node) -> bool:
    """Whether a call puts the memory of a field somewhere with more room."""
    return (
        isinstance(node, nodes.Call)
        and node.function.text.rpartition("::")[2] == _GROWING
        and any(_own_field(inner) is not None for inner in node.walk())
    )


def may_free(function: nodes.Function) -> bool:
    """Whether a function may give anything back, by its text."""
    text = function.text
    return any(name in text for name in (*RELEASE_NAMES, *OTHER_RELEASE_NAMES, "free"))


def frees_first(function: nodes.Function, names: Sequence[str]) -> bool:
    """Whether a function hands its first parameter, or a copy of it, to ``mem_free``, or releases it."""
    held = set(names[:1])
    for node in function.walk():
        if isinstance(node, nodes.Let) and isinstance(node.pattern, nodes.BindingPattern):
            if node.value is not None and _bare(node.value).text in held:
                held.add(node.pattern.name)
        elif (
            isinstance(node, nodes.Call)
            and node.function.text.rpartition("::")[2] in _FREEING
            and any(_bare(argument).text in held for argument in node.arguments[:1])
        ) or (
            isinstance(node, nodes.MethodCall)
            and node.name in RELEASE_NAMES
            and not node.arguments
            and node.receiver.text in held
        ):
            return True
    return False
