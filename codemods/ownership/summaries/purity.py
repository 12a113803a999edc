"""Which functions and expressions have no effect beyond their result.

A function is impure as soon as something that it does is; those that call each other in a cycle are pure
if nothing in the cycle is impure. That is the least fixpoint with "pure" at the bottom.
"""

from __future__ import annotations

from operator import and_

from codemods.ownership.cfg.graph import ControlFlowGraph, VariableKind
from codemods.ownership.compiler.builtins import Effect, builtin_effect, extern_symbol
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.summaries.handles import is_scalar
from codemods.ownership.summaries.origins import is_handed_out
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression

_WRITING = {
    "ptr_write": 0,
    "volatile_write": 0,
    "atomic_store": 0,
    "write_bytes": 0,
    "mem_set": 0,
    "mem_copy": 0,
    "mem_move": 0,
    "copy": 1,
    "copy_nonoverlapping": 1,
}
"""The intrinsics that write to an address, and its position among the arguments."""

_EFFECTS = frozenset(
    """mem_free print println eprint eprintln panic assert assert_eq assert_ne assert_true assert_false
    assert_gt assert_gte assert_lt assert_lte assert_in_range assert_str_len assert_str_empty
    assert_str_not_empty""".split()
)
"""The compiler intrinsics that do more than compute a value or use memory."""

_PURE_EXTERNS = frozenset(("strlen", "strcmp", "strncmp", "memcmp", "memchr", "strchr", "strstr", "memcpy"))


class Purity:
    """Which functions only compute a result: nothing they are given or that lives on is changed."""

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries
        self._pure = Fixpoints()

    def is_pure(self, graph: ControlFlowGraph, expression: Expression, *, may_leave: bool = False) -> bool:
        """Whether evaluating an expression has no effect.

        ``may_leave``: but that opening a Maybe or Outcome with nothing to hand out leaves the function.
        """
        for node in expression.walk():
            if isinstance(node, nodes.Assignment | nodes.Closure | nodes.Return):
                return False
            if isinstance(node, nodes.Propagate) and not may_leave:
                return False
            if isinstance(node, nodes.InterpolatedString) and not _shows_numbers(graph, node):
                return False
            if isinstance(node, nodes.Unary) and node.operator in ("mut ref", "ref mut", "& mut"):
                return False
            call = graph.call_at(node)
            if call is None or call.constructor or (may_leave and is_handed_out(graph, call.node)):
                continue
            if call.callee is None or not self.function_is_pure(call.callee):
                return False
        return True

    def function_is_pure(self, function: FunctionInfo) -> bool:
        """Whether calling a function has no effect beyond its result."""
        return self._pure.find(function, lambda: self._compute(function), True, and_)

    def _compute(self, function: FunctionInfo) -> bool:
        graph = self._summaries.graph(function)
        if graph is None:
            return _is_declared_pure(function)
        for node in function.node.walk():
            if isinstance(node, nodes.Assignment) and not isinstance(node.target, nodes.Path):
                return False
        for call in graph.calls:
            if call.constructor:
                continue
            if call.callee is not None and call.callee.node.body is not None:
                if not self.function_is_pure(call.callee):
                    return False
            elif not self._bodyless_is_pure(graph, call.callee, call.node):
                return False
        return True

    def _bodyless_is_pure(
        self, graph: ControlFlowGraph, callee: FunctionInfo | None, node: Expression
    ) -> bool:
        """Whether a call without a body to read has no effect; it may write to memory made here."""
        if callee is not None and (callee.is_extern or callee.node.decorator("catalogued") is not None):
            return _is_declared_pure(callee)
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
            name = node.function.segments[-1]
            if name in _WRITING and not self._is_own_memory(graph, node.arguments[_WRITING[name]]):
                return False
            return name not in _EFFECTS and builtin_effect(name, 0) in (Effect.BORROWS, Effect.RELEASES)
        return False

    def _is_own_memory(self, graph: ControlFlowGraph, address: Expression) -> bool:
        """Whether an address lies in a block that the function allocated itself."""
        first = min(graph.uses_in(address), key=lambda use: use.node.start, default=None)
        if first is None or first.variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            return False
        if self._summaries.variable_origin(graph, first.variable).is_fresh:
            return True
        value = first.variable.value
        return value is not None and value.start < address.start and self._is_own_memory(graph, value)


def _is_declared_pure(function: FunctionInfo) -> bool:
    """Whether a function without a body to read is known to have no effect."""
    if function.is_extern:
        return extern_symbol(function) in _PURE_EXTERNS
    return function.node.decorator("pure") is not None


def _shows_numbers(graph: ControlFlowGraph, node: nodes.InterpolatedString) -> bool:
    """Whether all that a string shows is plain: what it shows of another string, it frees."""
    return all(is_scalar(graph.type_of(hole)) for hole in node.holes)
