"""What the conditions around a place imply: that it is never reached, or that a value is null there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from codemods.ownership.cfg.graph import ControlFlowGraph
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


class _Guard(NamedTuple):
    """A branch by its span, and the name that its condition says something about."""

    start: int
    end: int
    name: str


def is_impossible(graph: ControlFlowGraph, node: Node, given: Mapping[str, Expression]) -> bool:
    """Whether a place is reached only if an argument, which is a string literal with content, were empty."""
    for test in graph.ask(_emptiness_tests):
        argument = given.get(test.name)
        if not isinstance(argument, nodes.Literal) or argument.kind != "STRING" or len(argument.text) <= 2:
            continue
        if test.start <= node.start < test.end:
            return True
    return False


def is_only_reached_empty(graph: ControlFlowGraph, node: Node, name: str) -> bool:
    """Whether a place is only reached when the string of a variable is empty."""
    return any(
        test.name == name and test.start <= node.start < test.end for test in graph.ask(_emptiness_tests)
    )


def _emptiness_tests(graph: ControlFlowGraph) -> list[_Guard]:
    """Where an ``if`` has found a string empty, with the name of the string."""
    found = [
        _Guard(branch.start, branch.end, measured)
        for branch, tested in _tested_for_zero(graph)
        if (measured := _measured_variable(graph, tested)) is not None
    ]
    for block in graph.nodes_of(nodes.Block) if graph.has_any(b">") else ():
        for statement in block.statements:
            tested = _leaves_unless_zero(statement)
            measured = _measured_variable(graph, tested) if tested is not None else None
            if measured is not None and not _is_assigned(graph, measured):
                found.append(_Guard(statement.end, block.end, measured))
    return found


def _leaves_unless_zero(statement: Node) -> Expression | None:
    """What an ``if`` without ``else`` compares, which leaves the block where that is more than zero."""
    test = statement.expression if isinstance(statement, nodes.ExpressionStatement) else None
    if not isinstance(test, nodes.If) or test.alternative is not None:
        return None
    condition, branch = test.condition, test.branch
    last = branch.statements[-1] if isinstance(branch, nodes.Block) and branch.statements else None
    if not isinstance(last, nodes.ExpressionStatement) or not isinstance(
        last.expression, nodes.Return | nodes.Throw
    ):
        return None
    if not isinstance(condition, nodes.Binary) or condition.operator != ">" or condition.right.text != "0":
        return None
    return condition.left


def is_null(graph: ControlFlowGraph, node: Node) -> bool:
    """Whether a name stands where its own address was found to be zero."""
    tests = graph.ask(_null_tests)
    if not tests or not isinstance(node, nodes.Path | nodes.This):
        return False
    start, name = node.start, node.text
    found = any(test.name == name and test.start <= start < test.end for test in tests)
    return found and not _is_assigned(graph, name)


def _null_tests(graph: ControlFlowGraph) -> list[_Guard]:
    """The branches of each ``if`` that finds an address zero, with the name of what it points to."""
    return [
        _Guard(branch.start, branch.end, name)
        for branch, tested in _tested_for_zero(graph)
        if (name := _address_of(graph, tested)) is not None
    ]


def _tested_for_zero(graph: ControlFlowGraph) -> Iterator[tuple[Node, Expression]]:
    """The branches that are taken where an expression is zero, and that expression."""
    for test in graph.nodes_of(nodes.If) if graph.has_any(b"==") else ():
        condition = test.condition
        if not isinstance(condition, nodes.Binary) or condition.operator != "==":
            continue
        if condition.right.text == "0":
            yield test.branch, condition.left


def _is_assigned(graph: ControlFlowGraph, name: str) -> bool:
    """Whether a name stands for more than one value."""
    return name in graph.ambiguous_names or not graph.named(name)


def _address_of(graph: ControlFlowGraph, node: Expression) -> str | None:
    """The name whose address an expression is, directly or by a variable."""
    if isinstance(node, nodes.Path) and node.identifier and not _is_assigned(graph, node.identifier):
        variable = graph.named(node.identifier)[0]
        if variable.value is None:
            return None
        node = variable.value
    if isinstance(node, nodes.Cast) and node.annotation.text == "I64":
        return node.operand.text if isinstance(node.operand, nodes.Path | nodes.This) else None
    return None


def _measured_variable(graph: ControlFlowGraph, node: Expression) -> str | None:
    """The variable whose length an expression is, directly or by a variable."""
    if isinstance(node, nodes.Path) and node.identifier:
        variable = next(iter(graph.named(node.identifier)), None)
        if variable is None or variable.value is None:
            return None
        node = variable.value
    if isinstance(node, nodes.MethodCall) and node.name == "len" and not node.arguments:
        return node.receiver.text
    if isinstance(node, nodes.Call) and node.function.text.rpartition("::")[2] in ("len", "c_strlen"):
        return node.arguments[0].text if len(node.arguments) == 1 else None
    return None
