"""Which parts of an argument a function releases, by itself or through the functions that it hands them to.

``destroy()`` may call ``close()``, and that a function of another module. A part is the path of fields to it;
the empty path is the argument itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Site, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

Path = tuple[str, ...]
Paths = frozenset[Path]

_LONGEST_PATH = 4
"""Fields of a path that are told apart; a type may hold itself."""
_BLANK = frozenset(("0", "null", "Nothing", '""', "-1", "false"))
_ARITHMETIC = frozenset(("+", "-"))


@dataclass(frozen=True, slots=True)
class ReleasedParts:
    """The parts of an argument that a function releases."""

    certain: Paths = frozenset()
    """On every path, apart from those where the argument itself says that nothing is left to release."""
    possible: Paths = frozenset()
    contents: Paths = frozenset()
    """The parts from which something is read that is released: elements of a list, say."""

    def join(self, other: ReleasedParts) -> ReleasedParts:
        """All that either says."""
        return ReleasedParts(
            self.certain | other.certain, self.possible | other.possible, self.contents | other.contents
        )

    def covers(self, wanted: Paths) -> bool:
        """Whether all these parts, or what they lie in, are certainly released."""
        return all(any(path[: len(done)] == done for done in self.certain) for path in wanted)

    def touches(self, wanted: Paths) -> bool:
        """Whether one of these parts, or something around or in it, may be released."""
        return any(
            path[: len(done)] == done or done[: len(path)] == path
            for path in wanted
            for done in self.possible
        )


NO_PARTS = ReleasedParts()


class Callees(Protocol):
    """What must be known about the functions that a part is passed to."""

    def released_parts(self, function: FunctionInfo, position: int) -> ReleasedParts:
        """The parts of an argument that a function releases."""

    def call_effects(self, site: Site) -> frozenset[Effect]:
        """The effect of the call at a site on the argument or receiver that goes there."""


class PartsSearch:
    """Finds the parts of what one variable holds that a function releases."""

    def __init__(self, callees: Callees, graph: ControlFlowGraph, variable: Variable) -> None:
        self._callees = callees
        self._graph = graph
        self._variable = variable
        self._certain_at: dict[int, Paths] = {}
        """What each call certainly releases, by the identity of its node."""
        self._possible: set[Path] = set()
        self._contents: set[Path] = set()
        self._left_with: list[Paths] = []
        """What is certainly released at each place where control leaves."""

    def found(self) -> ReleasedParts:
        """What the function releases."""
        for call in self._graph.calls:
            self._certain_at[id(call.node)] = self._released_by(call)
        if not self._possible and not self._contents:
            return NO_PARTS
        replaced = self._replaced()
        body = self._graph.function.node.body
        end = self._after(body, frozenset()) if body is not None else frozenset()
        ends = [*self._left_with, *([] if end is None else [end])]
        certain = frozenset.intersection(*ends) if ends else frozenset()
        return ReleasedParts(
            certain - replaced, frozenset(self._possible) - replaced, frozenset(self._contents)
        )

    # -- calls --------------------------------------------------------------------------------

    def _released_by(self, call: CallSite) -> Paths:
        certain: set[Path] = set()
        given = [*call.arguments] if call.receiver is None else [call.receiver, *call.arguments]
        for value in given:
            part = self._part(value)
            site = self._graph.site_of(value)
            if part is None or site is None:
                continue
            path, is_whole = part
            inner = self._inner(site)
            effects = self._callees.call_effects(site)
            if not is_whole:
                if Effect.RELEASES in effects or inner.possible:
                    self._contents.add(path)
                continue
            if path or inner is NO_PARTS:
                releases = Effect.RELEASES in effects
                inner_paths = ReleasedParts(
                    frozenset(((),)) if effects == {Effect.RELEASES} else frozenset(),
                    frozenset(((),)) if releases else frozenset(),
                )
                inner = inner.join(inner_paths)
            certain |= {(*path, *below) for below in inner.certain if len(path) + len(below) <= _LONGEST_PATH}
            self._possible |= {(*path, *below)[:_LONGEST_PATH] for below in inner.possible}
            self._contents |= {(*path, *below)[:_LONGEST_PATH] for below in inner.contents}
        return frozenset(certain)

    def _inner(self, site: Site) -> ReleasedParts:
        if site.callee is None or site.callee.node.body is None:
            return NO_PARTS
        position = -1 if site.role is Role.RECEIVER else site.position
        return self._callees.released_parts(site.callee, position)

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

    def _replaced(self) -> Paths:
        """The parts that get something new, as when storage grows: the owner has as much as before."""
        found = set()
        for assignment in self._graph.nodes_of(nodes.Assignment):
            value = assignment.value
            while isinstance(value, nodes.Cast | nodes.Group):
                value = value.operand if isinstance(value, nodes.Cast) else value.inner
            if value.text in _BLANK or not isinstance(assignment.target, nodes.FieldAccess):
                continue
            part = self._part(assignment.target)
            if part is not None and part[1]:
                found.add(part[0])
        return frozenset(found)

    # -- paths --------------------------------------------------------------------------------

    def _after(self, node: Node, state: Paths) -> Paths | None:
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

    def _in_order(self, children: Sequence[object], state: Paths) -> Paths | None:
        for child in children:
            if isinstance(child, Node):
                after = self._after(child, state)
                if after is None:
                    return None
                state = after
        return state

    def _branched(
        self, test: Node, branches: Sequence[Node], state: Paths, *, may_skip: bool
    ) -> Paths | None:
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
