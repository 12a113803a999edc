"""The kinds of mutations: those of mutmut that change a decision, and some that it lacks.

Each takes a node of a syntax tree and yields what may stand in its place. Strings, arguments and plain
assignments are left alone: nearly every such mutation ends in an exception, which any test notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import libcst as cst
from mutmut.mutation import mutators

Kind = tuple[type[cst.CSTNode], Callable[[Any], Any]]

TRUE, FALSE, NONE = cst.Name("True"), cst.Name("False"), cst.Name("None")


def condition(node: cst.If | cst.CompIf | cst.IfExp) -> Iterator[cst.CSTNode]:
    """A condition that always holds, or never."""
    yield node.with_changes(test=TRUE)
    yield node.with_changes(test=FALSE)


def loop(node: cst.While) -> Iterator[cst.CSTNode]:
    """A loop that is never entered; one that never ends would only cost time."""
    yield node.with_changes(test=FALSE)


def empty_loop(node: cst.For) -> Iterator[cst.CSTNode]:
    """A loop over nothing."""
    yield node.with_changes(iter=cst.Tuple([]))


def guard(node: cst.MatchCase) -> Iterator[cst.CSTNode]:
    """A case without its guard."""
    if node.guard:
        yield node.with_changes(guard=TRUE)


def operand(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    """One side of an ``and`` or ``or`` alone."""
    yield node.left.with_changes(lpar=node.lpar or node.left.lpar, rpar=node.rpar or node.left.rpar)
    yield node.right.with_changes(lpar=node.lpar or node.right.lpar, rpar=node.rpar or node.right.rpar)


def returned(node: cst.Return) -> Iterator[cst.CSTNode]:
    """A result that is forgotten; True and False are turned round instead."""
    if node.value and not (
        isinstance(node.value, cst.Name) and node.value.value in ("None", "True", "False")
    ):
        yield node.with_changes(value=NONE, whitespace_after_return=cst.SimpleWhitespace(" "))


def statement(node: cst.BaseSmallStatement) -> Iterator[cst.CSTNode]:
    """A statement that is left out, if the rest still makes sense without it."""
    match node:
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute() | cst.Subscript())]):
            yield cst.Pass()
        case cst.Expr() | cst.AugAssign() | cst.Continue() | cst.Raise() | cst.Del() | cst.Return(value=None):
            yield cst.Pass()


KINDS: tuple[Kind, ...] = (
    (cst.BaseNumber, mutators.operator_number),
    (cst.Name, mutators.operator_name),
    (cst.UnaryOperation, mutators.operator_remove_unary_ops),
    (cst.BaseCompOp, mutators.operator_keywords),
    (cst.Break, mutators.operator_keywords),
    (cst.Continue, mutators.operator_keywords),
    (cst.BinaryOperation, mutators.operator_swap_op),
    (cst.BooleanOperation, mutators.operator_swap_op),
    (cst.ComparisonTarget, mutators.operator_swap_op),
    (cst.AugAssign, mutators.operator_swap_op),
    (cst.Match, mutators.operator_match),
    (cst.If, condition),
    (cst.CompIf, condition),
    (cst.IfExp, condition),
    (cst.While, loop),
    (cst.For, empty_loop),
    (cst.MatchCase, guard),
    (cst.BooleanOperation, operand),
    (cst.Return, returned),
    (cst.BaseSmallStatement, statement),
)


def possible(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What may stand in the place of a node."""
    of_type = type(node)
    if of_type not in _KINDS_OF:
        _KINDS_OF[of_type] = [mutate for base, mutate in KINDS if issubclass(of_type, base)]
    for mutate in _KINDS_OF[of_type]:
        yield from mutate(node)


_KINDS_OF: dict[type[cst.CSTNode], list[Callable[[Any], Any]]] = {}
