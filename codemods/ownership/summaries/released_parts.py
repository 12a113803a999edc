"""Which parts of an argument a function releases, by itself or through the functions that it hands them to.

``destroy()`` may call ``close()``, and that a function of another module. A part is the path of fields to it;
the empty path is the argument itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Site, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect, bodyless_effect, builtin_effect, extern_symbol
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

Path = tuple[str, ...]
Paths = frozenset[Path]

_LONGEST_PATH = 4
"""Fields of a path that are told apart; a type may hold itself."""
_BLANK = frozenset(("0", "null", "Nothing", '""', "-1", "false"))
_ARITHMETIC = frozenset(("+", "-"))


class Part(NamedTuple):
    """A part that is released, and the function that does so in the end: two of the same handle differ.

    A channel may be closed and then destroyed; only what its own release calls gives it back.
    """

    path: Path
    by: str

    def is_within(self, other: Part) -> bool:
        """Whether the release of another part is the release of this one, too."""
        inside = self.path[: len(other.path)] == other.path
        return inside and (len(other.path) < len(self.path) or self.by == other.by)


Parts = frozenset[Part]


@dataclass(frozen=True, slots=True)
class ReleasedParts:
    """The parts of an argument that a function releases."""

    certain: Parts = frozenset()
    """On every path, apart from those where the argument itself says that nothing is left to release."""
    possible: Parts = frozenset()
    contents: Paths = frozenset()
    """The parts from which something is read that is released: elements of a list, say."""
    replaced: Paths = frozenset()
    """The parts that may be released and get a successor, which a copy of the argument does not see."""

    def join(self, other: ReleasedParts) -> ReleasedParts:
        """All that either says."""
        return ReleasedParts(
            self.certain | other.certain,
            self.possible | other.possible,
            self.contents | other.contents,
            self.replaced | other.replaced,
        )

    @property
    def is_whole(self) -> bool:
        """Whether the argument itself may be released."""
        return any(not part.path for part in self.possible)

    @property
    def is_certainly_whole(self) -> bool:
        """Whether the argument itself is released on every path."""
        return any(not part.path for part in self.certain)

    def covers(self, wanted: Parts) -> bool:
        """Whether all these parts, or what they lie in, are certainly released."""
        return all(any(part.is_within(done) for done in self.certain) for part in wanted)

    def touches(self, wanted: Parts) -> bool:
        """Whether one of these parts, or something around or in it, may be released."""
        return any(
            part.path[: len(done.path)] == done.path or done.path[: len(part.path)] == part.path
            for part in wanted
            for done in self.possible
        )


NO_PARTS = ReleasedParts()


class Callees(Protocol):
    """What must be known about the functions that a part is passed to."""

    def released_parts(self, function: FunctionInfo, position: int) -> ReleasedParts:
        """The parts of an argument that a function releases."""

    def is_release(self, function: FunctionInfo) -> bool:
        """Whether a method is a type's own release, by its shape and name."""


def _whole(by: str) -> ReleasedParts:
    """The argument itself is released by a function."""
    part = frozenset((Part((), by),))
    return ReleasedParts(part, part)


class PartsSearch:
    """Finds the parts of what one variable holds that a function releases."""

    def __init__(self, callees: Callees, graph: ControlFlowGraph, variable: Variable) -> None:
        self._callees = callees
        self._graph = graph
        self._variable = variable
        self._certain_at: dict[int, Parts] = {}
        """What each call certainly releases, by the identity of its node."""
        self._possible: set[Part] = set()
        self._releases: dict[Part, list[Node]] = {}
        """The calls that may release each part."""
        self._contents: set[Path] = set()
        self._replaced: set[Path] = set()
        self._left_with: list[Parts] = []
        """What is certainly released at each place where control leaves."""

    def found(self) -> ReleasedParts:
        """What the function releases."""
        for call in self._graph.calls:
            self._certain_at[id(call.node)] = self._released_by(call)
        if not self._possible and not self._contents and not self._replaced:
            return NO_PARTS
        body = self._graph.function.node.body
        end = self._after(body, frozenset()) if body is not None else frozenset()
        ends = [*self._left_with, *([] if end is None else [end])]
        certain = frozenset.intersection(*ends) if ends else frozenset()
        return ReleasedParts(
            frozenset(part for part in certain if not self._is_replaced(part)),
            frozenset(part for part in self._possible if not self._is_replaced(part)),
            frozenset(self._contents),
            frozenset(self._replaced.union(part.path for part in self._possible if self._is_replaced(part))),
        )

    # -- calls --------------------------------------------------------------------------------

    def _released_by(self, call: CallSite) -> Parts:
        certain: set[Part] = set()
        given = [*call.arguments] if call.receiver is None else [call.receiver, *call.arguments]
        for value in given:
            found = self._part(value)
            site = self._graph.site_of(value)
            if found is None or site is None:
                continue
            path, is_whole = found
            if is_whole and not path and self._is_refused(site):
                continue
            inner = self._inner(call, site)
            if not is_whole:
                if inner.possible:
                    self._contents.add(path)
                continue
            room = _LONGEST_PATH - len(path)
            self._replaced |= {path + below[:room] for below in inner.replaced}
            certain |= {
                Part(path + below.path, below.by) for below in inner.certain if len(below.path) <= room
            }
            possible = {Part(path + below.path[:room], below.by) for below in inner.possible}
            self._possible |= possible
            for part in possible:
                self._releases.setdefault(part, []).append(call.node)
            self._contents |= {path + below[:room] for below in inner.contents}
        return frozenset(certain)

    def _inner(self, call: CallSite, site: Site) -> ReleasedParts:
        """The parts that a call releases of what goes there."""
        callee, position = site.callee, -1 if site.role is Role.RECEIVER else site.position
        if callee is None:
            node = call.node
            name = node.function.text if isinstance(node, nodes.Call) else ""
            name = name.rpartition("::")[2]
            return _whole(name) if builtin_effect(name, position) is Effect.RELEASES else NO_PARTS
        if callee.node.body is None:
            releases = bodyless_effect(callee, position) is Effect.RELEASES
            return (
                _whole(extern_symbol(callee) if callee.is_extern else callee.name) if releases else NO_PARTS
            )
        inner = self._callees.released_parts(callee, position)
        if inner == NO_PARTS and position < 0 and self._callees.is_release(callee):
            return _whole(callee.qualified_name)
        return inner

    def _is_refused(self, site: Site) -> bool:
        """Whether a receiver goes where a struct is expected: the compiler takes no method that does so."""
        if self._variable.kind is not VariableKind.RECEIVER or site.role is not Role.ARGUMENT:
            return False
        values = site.callee.values if site.callee is not None else ()
        type_ = values[site.position].type if site.position < len(values) else None
        return type_ is not None and type_.name != "ref"

    def _part(self, value: Expression, depth: int = 0) -> tuple[Path, bool] | None:
        """The part of the argument that an expression is; False: something that is read from it."""
        if depth > 20:
            return None
        match value:
            case nodes.Group():
                return self._part(value.inner, depth)
            case nodes.Cast():
                return self._part(value.operand, depth)
            case nodes.Unary() if "ref" in value.operator or value.operator.startswith("&"):
                return self._part(value.operand, depth)
            case nodes.LowlevelBlock():
                inner = value.block.value
                return self._part(inner, depth) if inner is not None else None
            case nodes.Binary() if value.operator in _ARITHMETIC:
                return self._part(value.left, depth) or self._part(value.right, depth)
            case nodes.FieldAccess():
                return self._field(value, depth)
            case nodes.MethodCall() | nodes.Call() | nodes.Index():
                return self._read(value, depth)
            case nodes.Path() | nodes.This():
                return self._held(value, depth)
            case _:
                return None

    def _field(self, access: nodes.FieldAccess, depth: int) -> tuple[Path, bool] | None:
        part = self._part(access.object, depth)
        if part is None or not part[1]:
            return part
        path = (*part[0], access.name)
        return (part[0], False) if len(path) > _LONGEST_PATH else (path, True)

    def _held(self, name: Expression, depth: int) -> tuple[Path, bool] | None:
        use = self._graph.use_at(name)
        if use is None:
            return None
        if use.variable is self._variable:
            return (), True
        value = use.variable.value
        if value is None or self._graph.is_assigned(use.variable):
            return None
        return self._part(value, depth + 1)

    def _read(
        self, value: nodes.MethodCall | nodes.Call | nodes.Index, depth: int
    ) -> tuple[Path, bool] | None:
        """What a call or an index reads from a part."""
        for node in value.walk():
            if isinstance(node, nodes.FieldAccess | nodes.Path | nodes.This):
                part = self._part(node, depth + 1)
                if part is not None:
                    return part[0], False
        return None

    def _is_replaced(self, part: Part) -> bool:
        """Whether what was released gets a successor, as when storage grows: as much is owed as before.

        That is so if each release is in an assignment of something new, or is followed by one, in its block
        or around it, and control does not leave in between.
        """
        releases = self._releases.get(part, ())
        return bool(releases) and all(
            any(self._follows(assignment, release) for assignment in self._assignments(part.path))
            for release in releases
        )

    def _assignments(self, path: Path) -> Iterator[nodes.Assignment]:
        """The assignments of something new to a part, or to what it lies in."""
        for assignment in self._graph.nodes_of(nodes.Assignment):
            value = assignment.value
            while isinstance(value, nodes.Cast | nodes.Group):
                value = value.operand if isinstance(value, nodes.Cast) else value.inner
            if value.text in _BLANK or not isinstance(assignment.target, nodes.FieldAccess):
                continue
            part = self._part(assignment.target)
            if part is not None and part[1] and path[: len(part[0])] == part[0]:
                yield assignment

    def _follows(self, assignment: nodes.Assignment, release: Node) -> bool:
        start, end = release.start, assignment.start
        if end < start:
            return start < assignment.end
        leaving = self._graph.nodes_of(
            nodes.Return, nodes.Throw, nodes.Break, nodes.Continue, nodes.Propagate
        )
        around = [block for block in self._graph.nodes_of(nodes.Block) if block.start <= end < block.end]
        return around[-1].start <= start and not any(start < node.start < end for node in leaving)

    # -- paths --------------------------------------------------------------------------------

    def _after(self, node: Node, state: Parts) -> Parts | None:
        """What is certainly released after a node; None where control never gets there."""
        match node:
            case nodes.Closure():
                return state
            case nodes.If():
                branches = [node.branch] if node.alternative is None else [node.branch, node.alternative]
                test = node.condition or node.let_condition
                assert test is not None
                return self._branched(test, branches, state, may_skip=node.alternative is None)
            case nodes.Ternary():
                return self._branched(node.condition, node.branches, state, may_skip=False)
            case nodes.When():
                return self._branched(node.subject, [arm.body for arm in node.arms], state, may_skip=False)
            case nodes.Binary() if node.operator in ("and", "or", "&&", "||"):
                return self._branched(node.left, [node.right], state, may_skip=True)
            case nodes.Loop() | nodes.While() | nodes.For():
                before = self._left_with[:]
                self._in_order(node.children, state)
                left = self._left_with[len(before) :]
                self._left_with = [*before, *(state for _ in left)]
                return state
            case nodes.Return() | nodes.Throw() | nodes.Break() | nodes.Continue():
                after = self._in_order(node.children, state)
                if after is not None and not isinstance(node, nodes.Break | nodes.Continue):
                    self._left_with.append(after)
                return None
            case nodes.Propagate():
                after = self._in_order(node.children, state)
                if after is not None:
                    self._left_with.append(after)
                return after
            case _:
                after = self._in_order(node.children, state)
                return None if after is None else after | self._certain_at.get(id(node), frozenset())

    def _in_order(self, children: Sequence[object], state: Parts) -> Parts | None:
        for child in children:
            if isinstance(child, Node):
                after = self._after(child, state)
                if after is None:
                    return None
                state = after
        return state

    def _branched(
        self, test: Node, branches: Sequence[Node], state: Parts, *, may_skip: bool
    ) -> Parts | None:
        before = self._after(test, state)
        if before is None:
            return None
        if self._asks_argument(test):
            kept = self._left_with
            self._left_with = []
            ends = [self._after(branch, before) for branch in branches]
            ends += self._left_with
            self._left_with = kept
            return before.union(*(end for end in ends if end is not None))
        ends = [self._after(branch, before) for branch in branches]
        if may_skip:
            ends.append(before)
        reached = [end for end in ends if end is not None]
        return frozenset.intersection(*reached) if reached else None

    def _asks_argument(self, test: Node) -> bool:
        """Whether only the argument decides: it knows whether anything is left to release."""
        uses = self._graph.uses_in(test)
        return bool(uses) and all(
            use.variable is self._variable
            or (isinstance(use.node, Expression) and self._held(use.node, 0) is not None)
            for use in uses
        )
