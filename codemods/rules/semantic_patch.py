"""The rules of the semantic patches: a shape is mended where no caller relies on what would be freed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from codemods.findings import Verdict
from codemods.ownership.drops import DropKind
from codemods.ownership.flow import CallSite, Flow, Variable, VariableKind, uses_behind
from codemods.rules.base import Context, Proposal, Rule
from codemods.semantic_patches import Application, SemanticPatch, semantic_patches
from codemods.symbols import FunctionInfo, Type
from tml_ast import nodes

_DECLARED = re.compile(r"\b(?:let|var|func) (?:mut )?([a-z]\w*)")
_METAVARIABLE = re.compile(r"\$\w+")


def _check(patch: SemanticPatch, context: Context) -> Iterator[Proposal]:
    if context.file.is_test:
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
            yield Proposal(patch.name, application.offset, function, message, Verdict.REPORTED)
        else:
            edits = tuple(application.edits(context.file.source))
            yield Proposal(patch.name, application.offset, function, message, Verdict.FIXED, edits)


def _taken_name(context: Context, application: Application) -> str | None:
    """A name that the patch brings, if something there has it already."""
    for hunk, match in application.matches:
        first = match.nodes[0]
        around = [first, *context.ancestors(first)]
        holder = next((each for each in around if isinstance(each, nodes.Function)), None)
        scope = holder if holder is not None else context.file.tree
        known = {token.text for token in scope.tokens() if token.type == "IDENT"}
        functions = {each.name for each in context.functions}
        for name in _DECLARED.findall(hunk.change.added):
            if name in (known if holder is not None else functions):
                return f"the name `{name}` that its fix brings is taken"
    return None


def _stale_reader(context: Context, application: Application) -> str | None:
    """A caller that still reads a text of the table when a changed method has freed it, if there is one."""
    changed = _changed_methods(context, application)
    table = next((each.owner for each in changed if each.owner is not None), None)
    if table is None:
        return None
    for function in context.analysis.index.functions:
        flow = None if function in changed else context.analysis.summaries.flow(function)
        if flow is not None and _reads_freed_text(context, flow, table, changed):
            return f"{function.qualified_name} still reads a text that would be freed by then"
    return None


def _changed_methods(context: Context, application: Application) -> set[FunctionInfo]:
    """The methods that free something once the patch is made."""
    spans = [
        (match.start, match.end)
        for hunk, match in application.matches
        if not hunk.change.changes_nothing and not isinstance(match.nodes[0], nodes.Impl)
    ]
    return {
        function
        for function in context.functions
        if any(function.node.start < end and start < function.node.end for start, end in spans)
    }


def _reads_freed_text(context: Context, flow: Flow, table: Type, changed: set[FunctionInfo]) -> bool:
    for variable in flow.variables:
        if _ends_here(context, variable, table) and _texts_leave(context, flow, variable):
            return True
    for block in flow.blocks:
        for position, action in enumerate(block.actions):
            if not isinstance(action, CallSite) or action.callee not in changed or action.receiver is None:
                continue
            for view in _views_of(flow, action.receiver.text):
                if any(use.variable is view for use in uses_behind(block, position, view)):
                    return True
    return False


def _ends_here(context: Context, variable: Variable, table: Type) -> bool:
    """Whether a table is a local variable that the compiler drops."""
    return (
        variable.kind in (VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD)
        and variable.type is not None
        and variable.type.name == table.name
        and (not variable.type.arguments or any(each.name == "Str" for each in variable.type.arguments))
        and context.analysis.drops.kind(variable.type) is DropKind.CALL
    )


def _texts_leave(context: Context, flow: Flow, variable: Variable) -> bool:
    returned = flow.function.returns.target()
    if returned.name != "Str" and not any(each.name == "Str" for each in returned.arguments):
        return False
    return context.analysis.summaries.fate(flow, variable).view_escapes


def _views_of(flow: Flow, receiver: str) -> list[Variable]:
    """The strings that are bound to what a method of a value hands out."""
    return [
        variable
        for variable in flow.variables
        if variable.type is not None
        and variable.type.name == "Str"
        and isinstance(variable.value, nodes.MethodCall)
        and variable.value.receiver.text == receiver
    ]


def _rule(patch: SemanticPatch) -> Rule:
    return Rule(
        name=patch.name,
        summary=patch.summary,
        reason=patch.reason,
        check=partial(_check, patch),
        invalid=(patch.example,),
        valid=patch.untouched,
    )


RULES = tuple(_rule(patch) for patch in semantic_patches())
"""One rule a semantic patch."""
