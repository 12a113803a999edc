"""What the conditions around a place tell: that it is never reached, or that a value is null there."""

from __future__ import annotations

from collections.abc import Mapping

from codemods.ownership.flow import Flow, Variable
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


def is_impossible(flow: Flow, node: Node, given: Mapping[str, Expression]) -> bool:
    """Whether a place is only reached when an argument that is a literal text were empty."""
    for test in flow.function.node.walk():
        if not isinstance(test, nodes.If) or not _holds(test.branch, node):
            continue
        condition = test.condition
        if not isinstance(condition, nodes.Binary) or condition.operator != "==":
            continue
        if condition.right.text != "0":
            continue
        measured = _measured_parameter(flow, condition.left)
        argument = given.get(measured) if measured is not None else None
        if isinstance(argument, nodes.Literal) and argument.kind == "STRING" and len(argument.text) > 2:
            return True
    return False


def is_null(flow: Flow, variable: Variable, node: Node) -> bool:
    """Whether a place is only reached when a variable, or the number it is cast to, is zero."""
    for test in flow.function.node.walk():
        if not isinstance(test, nodes.If) or not _holds(test.branch, node):
            continue
        condition = test.condition
        if not isinstance(condition, nodes.Binary) or condition.operator != "==":
            continue
        if condition.right.text in ("0", "null") and _is_word_of(flow, condition.left, variable):
            return True
    return False


def _is_word_of(flow: Flow, node: Expression, variable: Variable) -> bool:
    """Whether an expression is a variable, or another one that it was cast to."""
    if node.text == variable.name:
        return True
    other = next((each for each in flow.variables if each.name == node.text), None)
    value = other.value if other is not None else None
    return isinstance(value, nodes.Cast) and value.operand.text == variable.name


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
