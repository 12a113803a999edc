"""Drain a list of structs: free the strings of its elements where a release frees the list or some of them.

No variable may hold an element meanwhile: the compiler would drop that, and free its strings a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.list_elements import (
    element_of,
    is_filled_by_tests,
    is_freed_by_users,
    release_of_element,
)
from codemods.fixes.write_destroy import free_string_of_element
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.drained import reaches_elements
from codemods.ownership.struct_lists import getters_of, is_freed_at, reads_of, strings_of_elements
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import insert_statement_after, insert_statement_before

_STAYING = (nodes.Let, nodes.Var, nodes.Assignment, nodes.Return, nodes.Break, nodes.Continue)


def forgotten_strings(context: Context, type_: Type, release: FunctionInfo) -> dict[str, list[str]]:
    """The string fields that a release forgets in the structs of a list, by the field of the list."""
    forgotten: dict[str, list[str]] = {}
    for name, field_type in context.analysis.index.fields(type_).items():
        element = element_of(field_type)
        if element is None or element.is_str or context.analysis.index.type_info(element) is None:
            continue
        if context.analysis.releases.release_of(element) is not None:
            continue
        if release_of_element(context, element, "item"):
            continue  # that takes an element into a variable, and the compiler drops it
        functions = [*context.functions_of_library()]
        functions += _users_of(context, element, name, functions)
        strings = strings_of_elements(context.fields, type_, name, functions)
        if not strings or is_filled_by_tests(context, type_, name, element):
            continue
        if is_freed_by_users(context, type_, name):
            continue
        freed = {read.name for read in freed_reads(context, release, name, element)}
        summaries, index = context.analysis.summaries, context.analysis.index
        if not freed and reaches_elements(summaries, index, release, name, frozenset()):
            continue
        strings = [field for field in strings if field not in freed]
        if strings:
            forgotten[name] = strings
    return forgotten


def _users_of(
    context: Context, element: Type, name: str, library: Iterable[tuple[Analysis, FunctionInfo]]
) -> Iterator[tuple[Analysis, FunctionInfo]]:
    """The functions of tests that may meet a struct of a type, or a string of one."""
    makers = [
        function.name
        for function in context.analysis.index.functions
        if element.bare in str(function.returns)
    ]
    getters = [function.name for function in getters_of(element, library)]
    fields = context.analysis.index.fields(element)
    return context.tests.functions_mentioning([element.bare, name, *fields, *makers, *getters])


def freed_reads(context: Context, release: FunctionInfo, name: str, element: Type) -> list[nodes.FieldAccess]:
    """The places of a release that read a string of a struct in the list field ``name``, and free it."""
    graph = context.analysis.summaries.graph(release)
    if graph is None:
        return []
    return [
        access
        for access in reads_of(graph, element)
        if _is_element(access.object, name) and is_freed_at(context.analysis, graph, access)
    ]


def _is_element(node: nodes.Expression, name: str) -> bool:
    """Whether an expression gets an element of the list in a field of ``this``."""
    if not isinstance(node, nodes.MethodCall) or node.name != "get":
        return False
    match node.receiver:
        case nodes.FieldAccess(object=nodes.This()) as list_:
            return list_.name == name
        case _:
            return False


def free_beside(
    context: Context, release: FunctionInfo, element: Type, read: nodes.FieldAccess, strings: list[str]
) -> Repair:
    """Free these strings, too, where a release frees what it reads from a struct in a list."""
    source, tree = context.file.source, context.file.tree
    graph = context.analysis.summaries.graph(release)
    assert graph is not None
    statement = context.statement_of(read)
    if isinstance(statement, nodes.ExpressionStatement) and _can_be_repeated(context, graph, statement, read):
        lines = [_with_field(source, statement, read, field) for field in strings]
        return Repair((insert_statement_after(source, tree, statement, "\n".join(lines)),))
    lines = [free_string_of_element(context, read.object.text, element, field) for field in strings]
    return Repair((insert_statement_before(source, tree, statement, "\n".join(lines)),))


def _can_be_repeated(
    context: Context, graph: ControlFlowGraph, statement: nodes.ExpressionStatement, read: nodes.FieldAccess
) -> bool:
    """Whether a statement does nothing but free a string, unless that is empty."""
    if not isinstance(statement.expression, nodes.Call | nodes.If):
        return False
    inner = list(statement.walk())
    if any(isinstance(node, _STAYING) for node in inner) or "\n" in statement.text:
        return False
    if any(other.name != read.name for other in _reads_in(statement, read)):
        return False
    if isinstance(statement.expression, nodes.If):
        return statement.expression.condition is not None and _asks_for_length(statement.expression.condition)
    call = graph.call_at(statement.expression)
    callee = call.callee if call is not None else None
    return callee is not None and any(
        isinstance(node, nodes.If) and node.condition is not None and _asks_for_length(node.condition)
        for node in callee.node.walk()
    )


def _asks_for_length(condition: nodes.Expression) -> bool:
    return "len(" in condition.text or "is_empty(" in condition.text or '""' in condition.text


def _with_field(
    source: bytes, statement: nodes.ExpressionStatement, read: nodes.FieldAccess, field: str
) -> str:
    """A statement with another field in the place of the one that it reads."""
    code = bytearray(source[statement.start : statement.end])
    for access in sorted(_reads_in(statement, read), key=lambda access: -access.end):
        end = access.end - statement.start
        code[end - len(access.name.encode()) : end] = field.encode()
    return code.decode("utf-8", "surrogateescape").rstrip("; ")


def _reads_in(statement: nodes.Node, read: nodes.FieldAccess) -> list[nodes.FieldAccess]:
    """The fields that a statement reads from the same struct."""
    return [
        node
        for node in statement.walk()
        if isinstance(node, nodes.FieldAccess) and node.object.text == read.object.text
    ]
