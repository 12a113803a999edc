"""Takes releases out of TML source, as if nobody had written them."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from codemods.semantics.symbols import RELEASE_NAMES
from tml_ast import nodes, parse, position
from tml_ast.edit import SourceEdit, apply, line_start
from tml_ast.nodes import Expression, Module, Node

_REST_OF_LINE = re.compile(rb"[ \t\r]*(?://[^\n]*)?(?:\n|\Z)")


class Kind(StrEnum):
    """How a release is written."""

    DESTROY = "destroy"
    """``x.destroy()``, ``x.free()`` or ``x.drop()``."""
    DRAIN = "drain"
    """``mem_free(word)``, alone, in a ``lowlevel`` block, in a guard, or in a loop over elements."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that stands by itself: a statement, or all that an arm does."""

    kind: Kind
    owner: str
    """What is released, as it is written: ``reel``, ``pair.0``."""
    offset: int
    """Where the owner stands."""
    line: int
    start: int
    end: int
    """The span that goes without the release."""
    is_arm: bool = False

    def edit(self) -> SourceEdit:
        """Take it out; an arm keeps an empty block."""
        return SourceEdit(self.start, self.end, b"{}" if self.is_arm else b"")


@dataclass(frozen=True, slots=True)
class Stripped:
    """A source without releases, and those that were taken out of it."""

    source: bytes
    releases: tuple[Release, ...]


def strip(source: bytes, kinds: Collection[Kind], *, part: float = 1.0, seed: str = "") -> Stripped:
    """Take the releases of these kinds out, or of each with the likelihood ``part``.

    What stands on a line of its own goes with the line; nothing else changes. The same ``seed`` takes
    the same. Raises TmlSyntaxError for what does not parse.
    """
    choice = random.Random(seed)
    chosen = [release for release in find_releases(source, kinds) if choice.random() < part]
    result = apply(source, [release.edit() for release in chosen])
    return Stripped(result, tuple(chosen))


def find_releases(source: bytes, kinds: Collection[Kind]) -> list[Release]:
    """The releases of these kinds, in the order of the text; what lies in another is a part of it."""
    module = parse(source)
    found: list[Release] = []
    done = 0
    for node, parent in sorted(
        _statements(module), key=lambda statement: (statement[0].start, -statement[0].end)
    ):
        if node.start < done:
            continue
        released = _released(node, kinds)
        if released is None:
            continue
        kind, owner = released
        start, end = _span(source, node, parent)
        done = node.end
        line = position(source, node.start)[0]
        is_arm = isinstance(parent, nodes.Arm)
        found.append(Release(kind, _shown(owner), owner.start, line, start, end, is_arm))
        found += _counters(source, found[-1], node, parent)
    return sorted(found, key=lambda release: release.start)


def _statements(module: Module) -> Iterator[tuple[Node, Node]]:
    """Every statement with its block, and the body of every arm that is no block with the arm."""
    for parent in module.walk():
        if isinstance(parent, nodes.Block):
            yield from ((statement, parent) for statement in parent.statements)
        elif isinstance(parent, nodes.Arm) and not isinstance(parent.body, nodes.Block):
            yield parent.body, parent


def _released(node: Node, kinds: Collection[Kind]) -> tuple[Kind, Expression] | None:
    """What a statement does nothing but release, and how."""
    expression = node.expression if isinstance(node, nodes.ExpressionStatement) else node
    if Kind.DESTROY in kinds:
        owner = _destroyed(expression)
        if owner is not None:
            return Kind.DESTROY, owner
    if Kind.DRAIN in kinds:
        owner = _drained(expression)
        if owner is not None:
            return Kind.DRAIN, owner
    return None


def _destroyed(expression: Node) -> Expression | None:
    if not isinstance(expression, nodes.MethodCall) or expression.arguments:
        return None
    return expression.receiver if expression.name in RELEASE_NAMES else None


def _drained(expression: Node) -> Expression | None:
    """The first machine word that is freed by an expression that does nothing else."""
    match expression:
        case nodes.Call(function=nodes.Path(segments=[*_, "mem_free"]), arguments=[word]):
            return _without_casts(word)
        case nodes.LowlevelBlock():
            return _drained_by_all(expression.block.statements)
        case nodes.If(alternative=None, let_condition=None, branch=nodes.Block() as block):
            return _drained_by_all(block.statements)
        case nodes.Loop() | nodes.While() | nodes.For():
            return _drained_by_all(expression.body.statements, in_loop=True)
    return None


def _drained_by_all(statements: Sequence[Node], *, in_loop: bool = False) -> Expression | None:
    """The first machine word that statements free; None when one of them does something else."""
    first: Expression | None = None
    for statement in statements:
        expression = statement.expression if isinstance(statement, nodes.ExpressionStatement) else statement
        owner = _drained(expression) or (_destroyed(expression) if in_loop else None)
        if owner is None and not (in_loop and isinstance(expression, nodes.Let | nodes.Assignment)):
            return None
        first = first or owner
    return first


def _without_casts(node: Expression) -> Expression:
    while isinstance(node, nodes.Cast | nodes.Group):
        node = node.operand if isinstance(node, nodes.Cast) else node.inner
    return node


def _counters(source: bytes, release: Release, node: Node, parent: Node) -> Iterator[Release]:
    """The variable that a loop over elements counts with, when it does nothing else."""
    expression = node.expression if isinstance(node, nodes.ExpressionStatement) else node
    if not isinstance(expression, nodes.Loop | nodes.While) or not isinstance(parent, nodes.Block):
        return
    before = parent.statements[: parent.statements.index(node)]
    counter = before[-1] if before else None
    if not isinstance(counter, nodes.Var) or any(
        _names(statement, counter.name) for statement in parent.statements if statement not in (counter, node)
    ):
        return
    start, end = _span(source, counter, parent)
    line = position(source, counter.start)[0]
    yield Release(release.kind, release.owner, release.offset, line, start, end)


def _names(node: Node, name: str) -> bool:
    return any(isinstance(part, nodes.Path) and part.identifier == name for part in node.walk())


def _span(source: bytes, node: Node, parent: Node) -> tuple[int, int]:
    """What goes with a statement: its ``;``, and its line when nothing else stands there."""
    if isinstance(parent, nodes.Arm):
        return node.start, node.end
    end = node.end
    index = parent.children.index(node)
    following = parent.children[index + 1]
    if not isinstance(following, Node) and following.type == ";":
        end = following.end
    own_line = line_start(source, node.start)
    rest = _REST_OF_LINE.match(source, end)
    if rest is not None and not source[own_line : node.start].strip():
        return own_line, rest.end()
    while source[end : end + 1] in (b" ", b"\t"):
        end += 1
    return node.start, end


def _shown(owner: Expression) -> str:
    return " ".join(owner.text.split())
