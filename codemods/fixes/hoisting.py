"""Binding an expression in front of the statement that holds it, where that changes nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect, builtin_effect, extern_symbol
from codemods.ownership.obligations import Analysis
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import INDENT, SourceEdit, indentation_of, line_ending_of, line_start
from tml_ast.nodes import Expression, Node

_SHORT_CIRCUIT = frozenset(("and", "or", "&&", "||"))
_EVALUATED = nodes.Call | nodes.MethodCall | nodes.StaticCall | nodes.Assignment | nodes.Propagate
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
"""The intrinsics that write to an address, and its place among the arguments."""

_PURE_EXTERNS = frozenset(("strlen", "strcmp", "strncmp", "memcmp", "memchr", "strchr", "strstr", "memcpy"))


class Purity:
    """Which functions only compute a result: nothing they are given or that lives on is changed."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self._known: dict[FunctionInfo, bool] = {}

    def is_pure(self, graph: ControlFlowGraph, node: Expression) -> bool:
        """Whether evaluating an expression has no effect."""
        for each in node.walk():
            if isinstance(each, nodes.Assignment | nodes.Propagate | nodes.Closure | nodes.Return):
                return False
            if isinstance(each, nodes.Unary) and each.operator in ("mut ref", "ref mut", "& mut"):
                return False
            call = graph.call_at(each)
            if call is None or call.constructor:
                continue
            if call.callee is None or not self.function_is_pure(call.callee):
                return False
        return True

    def function_is_pure(self, function: FunctionInfo) -> bool:
        """Whether calling a function has no effect beyond its result."""
        if function not in self._known:
            self._known[function] = True
            self._known[function] = self._compute(function)
        return self._known[function]

    def _compute(self, function: FunctionInfo) -> bool:
        graph = self.analysis.summaries.graph(function)
        if graph is None:
            return function.is_extern and extern_symbol(function) in _PURE_EXTERNS
        for node in function.node.walk():
            if isinstance(node, nodes.Assignment) and not isinstance(node.target, nodes.Path):
                return False
        for call in graph.calls():
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
        """Intrinsics that write do so into memory that the function just made."""
        if callee is not None and callee.is_extern:
            return extern_symbol(callee) in _PURE_EXTERNS
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
            name = node.function.segments[-1]
            if name in _WRITING and not self._is_own_memory(graph, node.arguments[_WRITING[name]]):
                return False
            return name != "mem_free" and builtin_effect(name, 0) in (Effect.BORROWS, Effect.RELEASES)
        return False

    def _is_own_memory(self, graph: ControlFlowGraph, address: Expression) -> bool:
        """Whether an address lies in a block that the function allocated itself."""
        first = min(graph.uses_in(address), key=lambda use: use.node.start, default=None)
        if first is None or first.variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            return False
        if self.analysis.variable_origin(graph, first.variable).is_fresh:
            return True
        value = first.variable.value
        return value is not None and value.start < address.start and self._is_own_memory(graph, value)


def statement_to_hoist_before(
    context: Context, graph: ControlFlowGraph, node: Expression, purity: Purity
) -> Node | None:
    """The statement in front of which ``node`` can be evaluated instead; None where that is not the same.

    Whatever is evaluated before ``node`` in its statement must be free of effects, and must not see any
    of ``node``; only a pure expression may leave a place that is evaluated on a condition.
    """
    pure = purity.is_pure(graph, node)
    child: Node = node
    for parent in context.ancestors(node):
        match parent:
            case nodes.Let() | nodes.Var() | nodes.ExpressionStatement():
                return parent if isinstance(context.parent(parent), nodes.Block) else None
            case nodes.If():
                if child is not parent.condition or isinstance(context.parent(parent), nodes.If):
                    return None
            case nodes.When():
                if child is not parent.subject:
                    return None
            case nodes.Binary() if parent.operator in _SHORT_CIRCUIT and child is parent.right:
                if not pure or not _is_plain_call(graph, node) or _may_guard(graph, parent.left, node):
                    return None
            case nodes.Ternary() if child is not parent.condition:
                return None
            case (
                nodes.Block()
                | nodes.Arm()
                | nodes.Loop()
                | nodes.While()
                | nodes.For()
                | nodes.Closure()
                | nodes.LetCondition()
                | nodes.Guard()
            ):
                return None
            case _:
                pass
        if not _harmless_before(graph, parent, child, purity if pure else None):
            return None
        child = parent
    return None


def _may_guard(graph: ControlFlowGraph, condition: Expression, node: Expression) -> bool:
    """Whether a condition speaks of what ``node`` uses, so that it may be what makes evaluating it safe."""
    tested = _variables_in(graph, condition)
    return any(
        each in tested and each.kind is not VariableKind.RECEIVER for each in _variables_in(graph, node)
    )


def _variables_in(graph: ControlFlowGraph, node: Expression) -> set[Variable]:
    return {use.variable for use in graph.uses_in(node)}


@dataclass(frozen=True, slots=True)
class Split:
    """An ``if`` whose condition can be cut in two, so that something is bound between."""

    statement: Node
    branch: nodes.Block
    before: Expression
    """The last operand of ``and`` that is evaluated before."""
    after: Expression
    """The operand that holds what is to be bound."""


def split_before(context: Context, graph: ControlFlowGraph, node: Expression, purity: Purity) -> Split | None:
    """Where to cut the condition of an ``if`` without ``else`` that evaluates ``node`` only sometimes."""
    pure = purity.is_pure(graph, node)
    child: Node = node
    operand: Expression | None = None
    before: Expression | None = None
    for parent in context.ancestors(node):
        if isinstance(parent, nodes.Binary) and parent.operator in ("and", "&&"):
            if operand is None and child is parent.right:
                operand = parent.right
                before = _last_operand(parent.left)
        elif isinstance(parent, nodes.If):
            return _split_of(context, parent, child, before, operand)
        elif (
            operand is not None
            or not _is_step(parent)
            or not _harmless_before(graph, parent, child, purity if pure else None)
        ):
            return None
        child = parent
    return None


def _is_step(node: Node) -> bool:
    """Whether a step of a condition may consist of a node: it evaluates all of its parts."""
    if isinstance(node, nodes.Binary):
        return node.operator not in _SHORT_CIRCUIT
    return isinstance(node, nodes.Unary | nodes.Group | nodes.Call | nodes.MethodCall | nodes.Cast)


def _last_operand(node: Expression) -> Expression:
    return node.right if isinstance(node, nodes.Binary) and node.operator in ("and", "&&") else node


def _split_of(
    context: Context, node: nodes.If, condition: Node, before: Expression | None, operand: Expression | None
) -> Split | None:
    statement = context.parent(node)
    if condition is not node.condition or node.alternative is not None or before is None or operand is None:
        return None
    if not isinstance(statement, nodes.ExpressionStatement) or not isinstance(node.branch, nodes.Block):
        return None
    source = context.file.source
    gap = source[before.end : operand.start].split()
    starts_line = not source[line_start(source, statement.start) : statement.start].strip()
    if gap not in ([b"and"], [b"&&"]) or not starts_line:
        return None
    if any(b"\n" in source[token.start : token.end] for token in node.branch.tokens()):
        return None
    return Split(statement, node.branch, before, operand)


def split_edits(context: Context, split: Split, node: Expression, name: str) -> list[SourceEdit]:
    """The edits that cut the condition, bind the string of ``node`` between the halves and use that."""
    source = context.file.source
    ending = line_ending_of(source, split.statement.start)
    outer = indentation_of(source, split.statement.start)
    inner = ending + outer + INDENT
    binding = f"let {name}: Str = {node.text}".encode()
    unchanged = source[split.after.start : node.start]
    cut = b" {" + inner + binding + inner + b"if " + unchanged + name.encode()
    edits = [
        SourceEdit(split.before.end, node.end, cut),
        SourceEdit(split.branch.end, split.branch.end, ending + outer + b"}"),
    ]
    for match in re.finditer(rb"\n(?=[^\r\n])", source[node.end : split.branch.end]):
        offset = node.end + match.end()
        edits.append(SourceEdit(offset, offset, INDENT))
    return edits


def _is_plain_call(graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a call only needs names, so that it may be made although its turn may not come."""
    inner = [each for each in node.walk() if isinstance(each, _EVALUATED) and each is not node]
    call = graph.call_at(node)
    calls_itself = call is not None and call.callee is graph.function
    return not inner and not calls_itself


def _harmless_before(graph: ControlFlowGraph, parent: Node, child: Node, purity: Purity | None) -> bool:
    """Whether what ``parent`` evaluates before ``child`` may as well be evaluated after it.

    A pure ``child`` can change places with what is pure, any other only with names and constants.
    """
    for sibling in parent.nodes():
        if sibling is child:
            return True
        if purity is not None:
            if isinstance(sibling, Expression) and not purity.is_pure(graph, sibling):
                return False
        elif any(isinstance(each, _EVALUATED) for each in sibling.walk()):
            return False
    return True
