"""Which variant of a Maybe or Outcome a place is reached with, as far as the code around it asks."""

from __future__ import annotations

from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.release_at_exits import exits_of
from codemods.ownership.cfg.graph import ControlFlowGraph, ExitKind, Site, Variable, VariableKind
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_OTHER = {"Ok": "Err", "Err": "Ok", "Just": "Nothing", "Nothing": "Just"}
_JUMPS = (ExitKind.RETURN, ExitKind.BREAK, ExitKind.CONTINUE, ExitKind.PROPAGATE, ExitKind.THROW)


def only_asks(site: Site) -> bool:
    """Whether a method of Maybe or Outcome only asks which variant it is."""
    return isinstance(site.parent, nodes.MethodCall) and site.parent.name.startswith("is_")


@dataclass(frozen=True, slots=True)
class Settled:
    """The statement after which a variable can only be one variant."""

    statement: Node
    variant: str
    is_asserted: bool
    """Whether it is an assertion, and not an ``if`` that leaves with the other variant."""


def settled(context: Context, graph: ControlFlowGraph, variable: Variable) -> Settled | None:
    """The first statement after a declaration that leaves one variant; None if control may leave before."""
    let = context.parent(variable.node) if not isinstance(variable.node, nodes.Var) else variable.node
    block = context.parent(let) if let is not None else None
    if let is None or not isinstance(block, nodes.Block):
        return None
    for statement in block.statements[block.statements.index(let) + 1 :]:
        if not isinstance(statement, nodes.ExpressionStatement):
            continue
        asserted = asserted_variant(statement.expression, variable.name)
        variant = asserted or _variant_after(statement, variable.name)
        if variant is not None:
            early = (
                exit_.kind in _JUMPS and exit_.node.start < statement.start
                for exit_ in exits_of(graph, variable)
            )
            return None if any(early) else Settled(statement, variant, asserted is not None)
    return None


def settled_variant(context: Context, graph: ControlFlowGraph, variable: Variable) -> str | None:
    """The variant that an assertion right after the declaration leaves as the only one."""
    found = settled(context, graph, variable)
    return found.variant if found is not None and found.is_asserted else None


def asserted_variant(call: Node, asked: str) -> str | None:
    """The variant of ``asked`` that an assertion leaves as the only one."""
    if not isinstance(call, nodes.Call) or not call.arguments:
        return None
    name = call.function.text
    if name not in ("assert", "assert_true", "assert_false"):
        return None
    return _variant_where(call.arguments[0], asked, holds=name != "assert_false")


def known_variant(context: Context, place: Node, variable: Variable) -> str | None:
    """The variant that an ``if`` around a place, or one in front of it that leaves, has asked for."""
    child = place
    for parent in context.ancestors(place):
        if isinstance(parent, nodes.Block) and variable.kind is VariableKind.LET:
            for statement in parent.statements:
                if variable.node.start < statement.start < child.start:
                    left = _variant_after(statement, variable.name)
                    if left is not None:
                        return left
        if isinstance(parent, nodes.If) and parent.condition is not None and child is not parent.condition:
            known = _variant_where(parent.condition, variable.name, holds=child is parent.branch)
            if known is not None and variable.node.start < parent.start:
                return known
        child = parent
    return None


def _variant_after(statement: Node, asked: str) -> str | None:
    """The variant that is left after an ``if`` that leaves with the other one."""
    test = statement.expression if isinstance(statement, nodes.ExpressionStatement) else None
    if not isinstance(test, nodes.If) or test.condition is None or test.alternative is not None:
        return None
    steps = test.branch.statements if isinstance(test.branch, nodes.Block) else []
    last = steps[-1].expression if steps and isinstance(steps[-1], nodes.ExpressionStatement) else None
    if not isinstance(last, nodes.Return | nodes.Break | nodes.Continue):
        return None
    return _variant_where(test.condition, asked, holds=False)


def _variant_where(condition: Expression, asked: str, *, holds: bool) -> str | None:
    """The variant of what is asked where a condition holds, or does not."""
    if isinstance(condition, nodes.Unary) and condition.operator in ("not", "!"):
        condition, holds = condition.operand, not holds
    if not isinstance(condition, nodes.MethodCall) or condition.receiver.text != asked:
        return None
    variant = {"is_ok": "Ok", "is_err": "Err", "is_just": "Just", "is_nothing": "Nothing"}.get(condition.name)
    return variant if variant is None or holds else _OTHER[variant]
