"""The rules of the semantic patches: a shape is mended where no caller relies on what would be freed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import (
    BasicBlock,
    CallSite,
    ControlFlowGraph,
    Variable,
    VariableKind,
    uses_after,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.obligations import Analysis
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantic_patches import Application, SemanticPatch, semantic_patches
from codemods.semantics.symbols import SCALARS, FunctionInfo, Type
from tml_ast import nodes

_DECLARED = re.compile(r"\b(?:let|var|func) (?:mut )?([a-z]\w*)")
_METAVARIABLE = re.compile(r"\$\w+")


def _check(patch: SemanticPatch, context: Context) -> Iterator[Diagnostic]:
    if context.file.is_test or not patch.names <= context.file.identifiers:
        return
    for application in patch.applications(context.file.tree):
        texts = {f"${name}": each.text for name, each in application.shared.items()}
        function = texts[_METAVARIABLE.findall(patch.finding)[0]]
        message = patch.finding
        for variable, text in texts.items():
            message = message.replace(variable, text)
        refusal = _taken_name(context, application) or _stale_reader(context, application)
        if refusal is not None:
            message = f"{message}; {refusal}"
            yield Diagnostic(patch.name, application.offset, function, message, Verdict.REPORTED)
        else:
            edits = tuple(application.edits(context.file.source))
            yield Diagnostic(patch.name, application.offset, function, message, Verdict.FIXED, edits)


def _taken_name(context: Context, application: Application) -> str | None:
    """A name that the patch brings, if something there has it already."""
    for hunk, match in application.matches:
        brought = _DECLARED.findall(hunk.change.added)
        if not brought:
            continue
        first = match.nodes[0]
        around = [first, *context.ancestors(first)]
        holder = next((each for each in around if isinstance(each, nodes.Function)), None)
        if holder is not None:
            known = {token.text for token in holder.tokens() if token.type == "IDENT"}
        else:
            known = {each.name for each in context.functions}
        for name in brought:
            if name in known:
                return f"the name `{name}` that its fix brings is taken"
    return None


def _stale_reader(context: Context, application: Application) -> str | None:
    """A caller that still holds a text of the table when a changed method frees it, if there is one."""
    changed = _changed_methods(context, application)
    table = next((each.owner for each in changed if each.owner is not None), None)
    if table is None:
        return None
    readers = _with_callers(context, _readers(context, changed), through=_hands_on)
    freeing = _with_callers(context, changed, through=_frees_what_it_is_given)
    names = {table.bare, *(each.name for each in readers)}
    for analysis, function in chain(context.functions_of_library(), context.tests.functions_beside(names)):
        graph = None if function in changed else analysis.summaries.graph(function)
        if graph is None:
            continue
        if _holds_freed_text(analysis, graph, table, readers, freeing):
            return f"{function.qualified_name} still reads a text that would be freed by then"
        if function.file.is_test and _claims_text(analysis, graph, readers):
            return (
                f"{function.qualified_name} reads texts by a name that another module marks with @allocates, "
                "so the compiler frees them there"
            )
    return None


def _claims_text(analysis: Analysis, graph: ControlFlowGraph, readers: frozenset[FunctionInfo]) -> bool:
    """Whether a test reads a text by a name that makes the compiler free it at the end of the statement."""
    return any(
        call.callee in readers
        and call.type is not None
        and call.type.name == "Str"
        and analysis.is_reserved_in(graph.function.file, call.callee.name)
        for call in graph.calls()
        if call.callee is not None
    )


def _changed_methods(context: Context, application: Application) -> frozenset[FunctionInfo]:
    """The methods that free something once the patch is made."""
    spans = [
        (match.start, match.end)
        for hunk, match in application.matches
        if not hunk.change.changes_nothing and not isinstance(match.nodes[0], nodes.Impl)
    ]
    return frozenset(
        function
        for function in context.functions
        if any(function.node.start < end and start < function.node.end for start, end in spans)
    )


def _readers(context: Context, changed: frozenset[FunctionInfo]) -> frozenset[FunctionInfo]:
    """The methods beside the changed ones that hand out what the table keeps."""
    return frozenset(
        function
        for function in context.functions
        if function.has_receiver
        and function not in changed
        and (function.returns.name == "Str" or function.returns.name in function.generics)
        and not context.analysis.summaries.result(function).is_fresh
    )


def _with_callers(
    context: Context,
    functions: frozenset[FunctionInfo],
    through: Callable[[Context, FunctionInfo, CallSite], bool],
) -> frozenset[FunctionInfo]:
    """The functions, and those that do the same by calling one of them."""
    found = set(functions)
    names = {each.name for each in found}
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
        names |= {each.name for each in more}


def _calling_methods(context: Context, names: Iterable[str]) -> Iterator[FunctionInfo]:
    """The functions of the library that call a method of one of these names, by their text."""
    calls = [f".{name}(".encode() for name in names]
    index = context.analysis.index
    for file in index.files.values():
        called = [] if file.is_test else [each for each in calls if each in file.source]
        for function in index.functions_in(file) if called else ():
            start, end = function.node.start, function.node.end
            if any(file.source.find(each, start, end) >= 0 for each in called):
                yield function


def _calls(context: Context, function: FunctionInfo) -> list[CallSite]:
    graph = context.analysis.summaries.graph(function)
    return graph.calls() if graph is not None else []


def _hands_on(context: Context, function: FunctionInfo, call: CallSite) -> bool:
    """Whether a function returns the text that a call reads."""
    if function.returns.name != "Str" or context.analysis.summaries.result(function).is_fresh:
        return False
    graph = context.analysis.summaries.graph(function)
    assert graph is not None
    fate = context.analysis.summaries.temporary_fate(graph, call)
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
        each.name == first.text and each.kind is VariableKind.PARAMETER for each in graph.variables
    )


def _holds_freed_text(
    analysis: Analysis,
    graph: ControlFlowGraph,
    table: Type,
    readers: frozenset[FunctionInfo],
    freeing: frozenset[FunctionInfo],
) -> bool:
    """Whether a text that a function reads from a table is used, or kept, when a call has freed it."""
    for variable in graph.variables:
        if _ends_here(analysis, variable, table) and _texts_leave(analysis, graph, variable):
            return True
    for block in graph.blocks:
        for position, action in enumerate(block.actions):
            if not isinstance(action, CallSite) or action.callee not in readers or not _is_text(action.type):
                continue
            fate = analysis.summaries.temporary_fate(graph, action)
            kept = bool(fate.effects & {Effect.RETAINS, Effect.SHARES, Effect.UNKNOWN})
            if not kept and not fate.views:
                continue
            for later, at in _freed_behind(block, position, freeing, action):
                if kept or any(
                    use.variable in fate.views and use.node.start != action.node.start
                    for view in fate.views
                    for use in uses_after(later, at, view)
                ):
                    return True
    return False


def _is_text(type_: Type | None) -> bool:
    return type_ is None or type_.name == "Str"


def _freed_behind(
    start: BasicBlock, position: int, freeing: frozenset[FunctionInfo], read: CallSite
) -> Iterator[tuple[BasicBlock, int]]:
    """The calls that free and that some path reaches behind a read, before it reads anew."""
    pending = [(start, position + 1)]
    seen: set[int] = set()
    while pending:
        block, first = pending.pop()
        for at, action in enumerate(block.actions[first:], first):
            if action is read:
                break
            if isinstance(action, CallSite) and action.callee in freeing and action.receiver is not None:
                yield block, at
        else:
            for successor in block.successors:
                if id(successor) not in seen:
                    seen.add(id(successor))
                    pending.append((successor, 0))


def _ends_here(analysis: Analysis, variable: Variable, table: Type) -> bool:
    """Whether a table is a local variable that the compiler drops."""
    return (
        variable.kind in (VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD)
        and variable.type is not None
        and variable.type.name == table.name
        and (not variable.type.arguments or any(each.name == "Str" for each in variable.type.arguments))
        and analysis.drops.kind(variable.type) is DropKind.CALL
    )


def _texts_leave(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the function may return a text of a table that ends with it."""
    returned = graph.function.returns.target()
    if returned.name in SCALARS or returned.name in ("()", "Unit"):
        return False
    return analysis.fate(graph, variable).view_escapes


def _rule(patch: SemanticPatch) -> Rule:
    return Rule(
        name=patch.name,
        summary=patch.summary,
        reason=patch.reason,
        check=partial(_check, patch),
        examples=(
            Fixed("The whole shape", *patch.example),
            *(Untouched("A part of it is missing", code) for code in patch.untouched),
        ),
    )


RULES = tuple(_rule(patch) for patch in semantic_patches())
"""One rule a semantic patch."""
