"""What the conditions around a place tell: that it is never reached, or that a value is null there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codemods.ownership.flow import Flow
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


def is_impossible(flow: Flow, node: Node, given: Mapping[str, Expression]) -> bool:
    """Whether a place is only reached when an argument that is a literal text were empty."""
    for measured in _emptiness_tests(flow, node):
        argument = given.get(measured)
        if isinstance(argument, nodes.Literal) and argument.kind == "STRING" and len(argument.text) > 2:
            return True
    return False


def is_only_reached_empty(flow: Flow, node: Node, name: str) -> bool:
    """Whether a place is only reached when the text of a variable is empty."""
    return name in _emptiness_tests(flow, node)


def _emptiness_tests(flow: Flow, node: Node) -> Iterator[str]:
    """The names of the texts that an ``if`` around a place finds empty."""
    for test in flow.tests:
        if not _holds(test.branch, node):
            continue
        condition = test.condition
        if not isinstance(condition, nodes.Binary) or condition.operator != "==":
            continue
        if condition.right.text != "0":
            continue
        measured = _measured_parameter(flow, condition.left)
        if measured is not None:
            yield measured


def is_null(flow: Flow, node: Node) -> bool:
    """Whether a name stands where its own address was found to be zero."""
    if not flow.tests or not isinstance(node, nodes.Path | nodes.This) or _is_assigned(flow, node.text):
        return False
    return any(
        _holds(test.branch, node)
        and isinstance(test.condition, nodes.Binary)
        and test.condition.operator == "=="
        and test.condition.right.text == "0"
        and _address_of(flow, test.condition.left) == node.text
        for test in flow.tests
    )


def _is_assigned(flow: Flow, name: str) -> bool:
    """Whether a name stands for more than one value."""
    return name in flow.ambiguous_names or all(variable.name != name for variable in flow.variables)


def _address_of(flow: Flow, node: Expression) -> str | None:
    """The name whose address an expression is, directly or by a variable."""
    if isinstance(node, nodes.Path) and node.identifier and not _is_assigned(flow, node.identifier):
        variable = next(each for each in flow.variables if each.name == node.identifier)
        if variable.value is None:
            return None
        node = variable.value
    if isinstance(node, nodes.Cast) and node.annotation.text == "I64":
        return node.operand.text if isinstance(node.operand, nodes.Path | nodes.This) else None
    return None


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start <= inner.start < outer.end


def _measured_parameter(flow: Flow, node: Expression) -> str | None:
    """The parameter whose length an expression is, directly or by a variable."""
    if isinstance(node, nodes.Path) and node.identifier:
        variable = next((each for each in flow.variables if each.name == node.identifier), None)
        if variable is None or variable.value is None:
            return None
        node = variable.value
    if isinstance(node, nodes.MethodCall) and node.name == "len" and not node.arguments:
        return node.receiver.text
    if isinstance(node, nodes.Call) and node.function.text.rpartition("::")[2] in ("len", "c_strlen"):
        return node.arguments[0].text if len(node.arguments) == 1 else None
    return None
