"""Error paths: the paths on which something fails, which are seldom taken and seldom tested.

A path fails where it leaves the function with an `Err` or by `!`, panics, or fails a test. It also fails
where a condition or a pattern says that there is an error or nothing, unless only such paths come to an end:
a loop may run until nothing is left, and a test may expect an error.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from codemods.model.findings import Paths
from codemods.ownership.cfg.graph import (
    Action,
    Assume,
    CallSite,
    ControlFlowGraph,
    Declare,
    Exit,
    ExitKind,
    Role,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.dataflow.flow_graph import BasicBlock
from tml_ast import nodes
from tml_ast.nodes import Expression, Node, Pattern

_Block = BasicBlock[Action]

_FAILED = frozenset(("Err", "Nothing"))
_SUCCEEDED = frozenset(("Ok", "Just"))
_ASKS_FAILURE = frozenset(("is_err", "is_none", "is_nothing"))
_ASKS_SUCCESS = frozenset(("is_ok", "is_some", "is_just"))


class _Known(NamedTuple):
    """Actions of a graph, by their identity."""

    failing: frozenset[int]
    """Those at which a path fails."""
    normal: frozenset[int]
    """Those on a path that does not fail before or after."""


def paths_of_leaks(
    graph: ControlFlowGraph, variable: Variable, exits: Sequence[Exit], ends: Iterable[Use] = ()
) -> Paths:
    """On which paths a variable leaks at some exits; a path no longer owns it after one of ``ends``."""
    if not exits:
        return Paths.NORMAL
    known = graph.ask(_known)
    leaking = {id(exit_) for exit_ in exits} & known.normal
    declared = graph.ask(_declarations).get(variable)
    if declared is not None:
        stops = {*known.failing, *map(id, ends)}
        after = graph.actions_after(declared, lambda action: id(action) in stops)
        leaking &= set(map(id, after)) if id(declared) in known.normal else set()
    return Paths.NORMAL if leaking else Paths.ERROR


def paths_of_place(graph: ControlFlowGraph, node: Node) -> Paths:
    """Which paths come to a place."""
    known = graph.ask(_known)
    actions = graph.reachable_actions
    inside = (action for action in actions if node.start <= action.node.start < node.end)
    around = (action for action in reversed(actions) if _matches_with(action, node))
    first = next(inside, None) or next(around, None)
    return Paths.NORMAL if first is None or id(first) in known.normal else Paths.ERROR


def _matches_with(action: Action, node: Node) -> bool:
    """Whether a pattern that a node may be a part of fits here."""
    return (
        isinstance(action, Assume)
        and action.holds
        and isinstance(action.node, nodes.Arm | nodes.LetCondition)
        and action.node.start <= node.start < action.node.end
    )


def _declarations(graph: ControlFlowGraph) -> dict[Variable, Declare]:
    return {action.variable: action for action in graph.reachable_actions if isinstance(action, Declare)}


def _known(graph: ControlFlowGraph) -> _Known:
    failing = frozenset(_failing(graph))
    doomed = _doomed(graph, failing)
    blocks = [block for block in _passed([graph.entry], failing) if block not in doomed]
    return _Known(failing, frozenset(id(action) for block in blocks for action in block.actions))


def _failing(graph: ControlFlowGraph) -> set[int]:
    """Where a path fails. The branch of a failure is no error path if the other branches never end well."""
    failing = {id(action) for action in graph.reachable_actions if _fails(graph, action)}
    branches = [
        (block, action)
        for block in graph.reachable
        for action in block.actions
        if isinstance(action, Assume) and _is_after_failure(graph, action)
    ]
    failing.update(id(action) for _, action in branches)
    for block, action in reversed(branches):
        others = [other for before in graph.predecessors[block] for other in before.successors]
        if all(other.successors for other in _passed(others, failing)):
            failing.remove(id(action))
    return failing


def _passed(start: Iterable[_Block], failing: Container[int]) -> Iterator[_Block]:
    """The blocks that some path from ``start`` passes without failing."""
    pending = list(start)
    seen = set(pending)
    while pending:
        block = pending.pop()
        if not any(id(action) in failing for action in block.actions):
            yield block
            following = [successor for successor in block.successors if successor not in seen]
            seen.update(following)
            pending += following


def _doomed(graph: ControlFlowGraph, failing: Container[int]) -> set[_Block]:
    """The blocks from which every path comes to fail; one that loops forever does not."""
    doomed = {block for block in graph.reachable if any(id(action) in failing for action in block.actions)}
    while True:
        more = {
            block
            for block in graph.reachable
            if block not in doomed and block.successors and doomed.issuperset(block.successors)
        }
        if not more:
            return doomed
        doomed |= more


# -- what fails -----------------------------------------------------------------------------------


def _fails(graph: ControlFlowGraph, action: Action) -> bool:
    match action:
        case Exit(kind=ExitKind.PROPAGATE | ExitKind.THROW):
            return True
        case Exit():
            return action.value is not None and _is_failed_test(graph, action.value)
        case CallSite():
            return _makes_failure(action) or _never_returns(action)
        case _:
            return False


def _is_failed_test(graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether a value is the status that a test returns, and not that of success."""
    site = graph.site_of(value)
    if site is None or site.role is not Role.RETURNED or not graph.function.node.decorator("test"):
        return False
    if any(closure.start <= value.start < closure.end for closure in graph.nodes_of(nodes.Closure)):
        return False
    number = value.operand if isinstance(value, nodes.Unary) and value.operator == "-" else value
    return isinstance(number, nodes.Literal) and number.kind == "INT" and number.text.strip("0_") != ""


def _makes_failure(call: CallSite) -> bool:
    """Whether a call makes the `Err` that a function returns."""
    node = call.node
    is_returned = call.constructor and call.site.role is Role.RETURNED
    return is_returned and isinstance(node, nodes.Call) and called_name(node) == "Err"


def _never_returns(call: CallSite) -> bool:
    """Whether a call panics, or asserts what is false."""
    if call.type is not None and call.type.name == "Never":
        return True
    node = call.node
    is_assertion = isinstance(node, nodes.Call) and called_name(node) == "assert"
    return is_assertion and bool(call.arguments) and call.arguments[0].text == "false"


def _is_after_failure(graph: ControlFlowGraph, assume: Assume) -> bool:
    if isinstance(assume.node, nodes.Arm):
        assert assume.when is not None
        return _is_arm_of_failure(assume.when, assume.node)
    return _tells_failure(graph, assume.node, holds=assume.holds)


def _is_arm_of_failure(when: nodes.When, arm: nodes.Arm) -> bool:
    """Whether an arm is for an error, for nothing, or for all that is not the success of an arm before it."""
    if all(_fits(pattern, _FAILED) for pattern in arm.patterns):
        return True
    before = when.arms[: when.arms.index(arm)]
    return all(map(_fits_anything, arm.patterns)) and any(
        other.guard is None and any(_fits_each(pattern, _SUCCEEDED) for pattern in other.patterns)
        for other in before
    )


def _tells_failure(graph: ControlFlowGraph, node: Node, *, holds: bool) -> bool:
    """Whether there is an error or nothing where a condition holds, or where it does not."""
    match node:
        case nodes.LetCondition() | nodes.Let():
            return _fits(node.pattern, _FAILED) if holds else _fits_each(node.pattern, _SUCCEEDED)
        case nodes.Group():
            return _tells_failure(graph, node.inner, holds=holds)
        case nodes.Unary() if node.operator in ("not", "!"):
            return _tells_failure(graph, node.operand, holds=not holds)
        case nodes.Binary() if node.operator in ("and", "&&", "or", "||"):
            parts = [_tells_failure(graph, part, holds=holds) for part in (node.left, node.right)]
            are_both_known = (node.operator in ("and", "&&")) == holds
            return any(parts) if are_both_known else all(parts)
        case nodes.MethodCall():
            return node.name in (_ASKS_FAILURE if holds else _ASKS_SUCCESS)
        case nodes.Path():
            variable = graph.variable_at(node)
            if variable is None or variable.value is None or variable.kind is not VariableKind.LET:
                return False
            return _tells_failure(graph, variable.value, holds=holds)
        case _:
            return False


def _fits(pattern: Pattern, variants: frozenset[str]) -> bool:
    """Whether a pattern fits these variants only."""
    match pattern:
        case nodes.VariantPattern() | nodes.PathPattern():
            return pattern.segments[-1] in variants
        case nodes.BindingPattern():
            return pattern.name in variants
        case nodes.OrPattern():
            return all(_fits(each, variants) for each in pattern.all(Pattern))
        case _:
            return False


def _fits_each(pattern: Pattern, variants: frozenset[str]) -> bool:
    """Whether a pattern fits every value of one of these variants."""
    if isinstance(pattern, nodes.OrPattern):
        return any(_fits_each(each, variants) for each in pattern.all(Pattern))
    payload = pattern.payload if isinstance(pattern, nodes.VariantPattern) else []
    return _fits(pattern, variants) and all(map(_fits_anything, payload))


def _fits_anything(pattern: Pattern) -> bool:
    match pattern:
        case nodes.WildcardPattern():
            return True
        case nodes.BindingPattern():
            return not pattern.name[:1].isupper()
        case _:
            return False
