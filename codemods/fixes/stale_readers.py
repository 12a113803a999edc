"""Stale readers: callers that still hold a string of a table when one of its methods will free it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    CallSite,
    ControlFlowGraph,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.semantics.symbols import SCALARS, STR, FunctionInfo, Type
from tml_ast import nodes


def stale_reader(context: Context, changed: frozenset[FunctionInfo]) -> Refusal | None:
    """Refuse where a caller still holds a string of a table when one of its ``changed`` methods frees it."""
    table = next((method.owner for method in changed if method.owner is not None), None)
    if table is None:
        return None
    readers = _with_callers(context, _readers(context, changed), through=_hands_on)
    freeing = _with_callers(context, changed, through=_frees_what_it_is_given)
    names = {table.bare, *(reader.name for reader in readers)}
    for analysis, function in chain(context.functions_of_library(), context.tests.functions_beside(names)):
        graph = None if function in changed else analysis.summaries.graph(function)
        if graph is None:
            continue
        if _holds_freed_string(analysis, graph, table, readers, freeing):
            return Refusal(f"{function.qualified_name} still reads a string that would be freed before that")
        if function.file.is_test and _claims_string(analysis, graph, readers):
            return Refusal(
                f"{function.qualified_name} reads strings by a name that another module marks with "
                "@allocates, so the compiler frees them there"
            )
    return None


def _claims_string(analysis: Analysis, graph: ControlFlowGraph, readers: frozenset[FunctionInfo]) -> bool:
    """Whether a test reads a string by a name that makes the compiler free it at the end of the statement."""
    return any(
        call.callee in readers
        and call.type == STR
        and analysis.is_reserved_in(graph.function.file, call.callee.name)
        for call in graph.calls
        if call.callee is not None
    )


def _readers(context: Context, changed: frozenset[FunctionInfo]) -> frozenset[FunctionInfo]:
    """The methods beside the changed ones that hand out what the table keeps."""
    return frozenset(
        function
        for function in context.functions
        if function.has_receiver
        and function not in changed
        and (function.returns == STR or function.returns.name in function.generics)
        and not context.analysis.summaries.result(function).is_fresh
    )


def _with_callers(
    context: Context,
    functions: frozenset[FunctionInfo],
    through: Callable[[Context, FunctionInfo, CallSite], bool],
) -> frozenset[FunctionInfo]:
    """The functions, and those that do the same by calling one of them."""
    found = set(functions)
    names = {function.name for function in found}
    while True:
        more = {
            function
            for function in _calling_methods(context, names)
            if function not in found
            for call in _calls(context, function)
            if call.callee in found and through(context, function, call)
        }
        if not more:
            return frozenset(found)
        found |= more
        names |= {function.name for function in more}


def _calling_methods(context: Context, names: Iterable[str]) -> Iterator[FunctionInfo]:
    """The functions of the library that call a method of one of these names, by their text."""
    calls = [f".{name}(".encode() for name in names]
    index = context.analysis.index
    for file in index.files.values():
        called = [] if file.is_test else [call for call in calls if call in file.source]
        for function in index.functions_in(file) if called else ():
            start, end = function.node.start, function.node.end
            if any(file.source.find(call, start, end) >= 0 for call in called):
                yield function


def _calls(context: Context, function: FunctionInfo) -> Sequence[CallSite]:
    graph = context.analysis.summaries.graph(function)
    return graph.calls if graph is not None else []


def _hands_on(context: Context, function: FunctionInfo, call: CallSite) -> bool:
    """Whether a function returns the string that a call reads."""
    if function.returns != STR or context.analysis.summaries.result(function).is_fresh:
        return False
    graph = context.analysis.summaries.graph(function)
    assert graph is not None
    fate = context.analysis.summaries.temporary_fate(graph, call.node)
    return Effect.RETURNS in fate.effects or fate.lends


def _frees_what_it_is_given(context: Context, function: FunctionInfo, call: CallSite) -> bool:
    """Whether a function calls a method on a table that it was given or that belongs to its receiver."""
    graph = context.analysis.summaries.graph(function)
    receiver = call.receiver
    if graph is None or receiver is None or context.analysis.index.has_release_name(function):
        return False
    first = receiver
    while isinstance(first, nodes.FieldAccess):
        first = first.object
    return isinstance(first, nodes.This) or any(
        variable.name == first.text and variable.kind is VariableKind.PARAMETER
        for variable in graph.variables
    )


def _holds_freed_string(
    analysis: Analysis,
    graph: ControlFlowGraph,
    table: Type,
    readers: frozenset[FunctionInfo],
    freeing: frozenset[FunctionInfo],
) -> bool:
    """Whether a string that a function reads from a table is used or kept after a call has freed it."""
    for variable in graph.variables:
        if _ends_here(analysis, variable, table) and _strings_leave(analysis, graph, variable):
            return True
    for call in graph.calls:
        if call.callee not in readers or not _may_be_string(call.type):
            continue
        fate = analysis.summaries.temporary_fate(graph, call.node)
        kept = bool(fate.effects & {Effect.RETAINS, Effect.SHARES, Effect.UNKNOWN})
        if not kept and not fate.views:
            continue
        for later in _freed_after(graph, call, freeing):
            if kept or any(
                use.variable in fate.views and use.node.start != call.node.start
                for view in fate.views
                for use in graph.uses_after(later, view)
            ):
                return True
    return False


def _may_be_string(type_: Type | None) -> bool:
    return type_ in (None, STR)


def _freed_after(
    graph: ControlFlowGraph, read: CallSite, freeing: frozenset[FunctionInfo]
) -> Iterator[CallSite]:
    """The calls that free and that some path reaches after a read, before it reads anew."""
    for action in graph.actions_after(read, lambda action: action is read):
        if action is read or not isinstance(action, CallSite) or action.receiver is None:
            continue
        if action.callee in freeing:
            yield action


def _ends_here(analysis: Analysis, variable: Variable, table: Type) -> bool:
    """Whether a table is a local variable that the compiler drops."""
    return (
        variable.kind in (VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD)
        and variable.type is not None
        and variable.type.name == table.name
        and (not variable.type.arguments or STR in variable.type.arguments)
        and analysis.drops.kind(variable.type) is DropKind.CALL
    )


def _strings_leave(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the function may return a string of a table that ends with it."""
    returned = graph.function.returns.target()
    if returned.name in SCALARS or returned.name in ("()", "Unit"):
        return False
    return analysis.summaries.fate(graph, variable).view_escapes
