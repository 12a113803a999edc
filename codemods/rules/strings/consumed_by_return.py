"""consumed-by-return: ``return f(x)`` cancels the drop of ``x``."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import result_name
from codemods.fixes.release_at_exits import annotation
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import is_visible
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast import nodes
from tml_ast.edit import INDENT, SourceEdit, indentation_of, line_ending_of

NAME = "consumed-by-return"


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that a returned call is given by name, and that nothing frees any more."""
    for _, graph in context.graphs():
        for use in graph.all_uses:
            if use.site.role is Role.ARGUMENT and _is_lost(context, graph, use):
                yield _proposal(context, graph, use)


def _is_lost(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    site = use.site
    if site.through is not None or site.callee is None:
        return False
    outer = graph.site_of(site.parent)
    if outer is None or outer.role is not Role.RETURNED or not isinstance(outer.parent, nodes.Return):
        return False
    if outer.through is not None or outer.parent.value is not site.parent:
        return False
    variable = use.variable
    if variable.type is None or variable.type.name != "Str":
        return False
    if not context.analysis.drops.is_registered(variable):
        return False
    if not context.analysis.variable_origin(graph, variable).is_fresh:
        return False
    if context.analysis.call_effects(site) != {Effect.BORROWS}:
        return False
    return isinstance(site.parent, nodes.MethodCall) or is_visible(site.callee, graph.function)


def _proposal(context: Context, graph: ControlFlowGraph, use: Use) -> Diagnostic:
    variable = use.variable
    returned = use.site.parent
    message = (
        f"`{variable.name}` is never freed: naming it in the returned call "
        f"on line {context.line(returned.start)} counts as giving it away"
    )
    assert isinstance(returned, nodes.Expression)
    edits = bind_returned(context, graph, returned)
    if edits is None:
        return Diagnostic(NAME, use.node.start, graph.function.qualified_name, message, Verdict.REPORTED)
    if graph.function.owner is not None and context.names.is_consumed(variable.name, graph.function):
        renamed = context.names.for_dropped(
            graph.function, f"raw_{variable.name}", f"{variable.name}_text", f"owned_{variable.name}"
        )
        edits += rename(graph, variable, renamed)
        message += f"; in a method it also needs a name that nothing else gives away, `{renamed}`"
    return Diagnostic(
        NAME, use.node.start, graph.function.qualified_name, message, Verdict.FIXED, tuple(edits)
    )


def bind_returned(
    context: Context, graph: ControlFlowGraph, call: nodes.Expression
) -> list[SourceEdit] | None:
    """``return call`` becomes a binding and a return of the binding; None where there is no room."""
    outer = graph.site_of(call)
    if outer is None or not isinstance(outer.parent, nodes.Return) or outer.parent.value is not call:
        return None
    jump = outer.parent
    source = context.file.source
    name = result_name(context, graph.function, call)
    binding = name + annotation(graph, jump)
    ending = line_ending_of(source, call.end)
    parent = context.parent(jump)
    if isinstance(parent, nodes.ExpressionStatement):
        separator = ending + indentation_of(source, jump.start)
        return [
            SourceEdit(jump.start, call.start, f"let {binding} = ".encode()),
            SourceEdit(call.end, call.end, separator + f"return {name}".encode()),
        ]
    if isinstance(parent, nodes.Arm):
        outer_indentation = indentation_of(source, parent.start)
        inner = ending + outer_indentation + INDENT
        return [
            SourceEdit(jump.start, call.start, b"{" + inner + f"let {binding} = ".encode()),
            SourceEdit(
                call.end,
                jump.end,
                inner + f"return {name}".encode() + ending + outer_indentation + b"}",
            ),
        ]
    return None


def rename(graph: ControlFlowGraph, variable: Variable, name: str) -> list[SourceEdit]:
    """Give a variable another name, where it is declared and wherever it is used."""
    token = variable.node.last_token if isinstance(variable.node, nodes.BindingPattern) else None
    if token is None and isinstance(variable.node, nodes.Var):
        token = variable.node.token("IDENT")
    assert token is not None
    edits = {token.start: SourceEdit(token.start, token.end, name.encode())}
    for use in graph.uses(variable):
        short = isinstance(use.node, nodes.FieldInit)
        text = f"{variable.name}: {name}" if short else name
        edits[use.node.start] = SourceEdit(use.node.start, use.node.end, text.encode())
    for assignment in graph.assignments_to(variable):
        target = assignment.node.target
        edits[target.start] = SourceEdit(target.start, target.end, name.encode())
    return list(edits.values())


RULE = Rule(
    name=NAME,
    summary="A string named in a returned call is never freed.",
    reason=(
        "The compiler takes every bare name among the arguments of a returned call for given away and "
        "cancels its drop, even when the function only reads it. Binding the result first keeps the drop. In "
        "a method the drop also needs a name that no other function gives away, because the compiler does "
        "not forget such names between methods."
    ),
    check=check,
    examples=(
        Fixed(
            "The result is bound first",
            """\
use demo::prelude::{Label, measure_text}

pub func width(label: Label) -> I64 {
    let text: Str = label.render()
    return measure_text(text)
}
""",
            """\
use demo::prelude::{Label, measure_text}

pub func width(label: Label) -> I64 {
    let text: Str = label.render()
    let measure_text_result: I64 = measure_text(text)
    return measure_text_result
}
""",
        ),
        Untouched(
            "A parameter belongs to the caller",
            """\
use demo::prelude::measure_text

pub func width(text: Str) -> I64 {
    return measure_text(text)
}
""",
        ),
        Untouched(
            "The call puts the string into its result",
            """\
use demo::prelude::Label

pub func relabel(label: Label) -> Label {
    let text: Str = label.render()
    return copy_of(text)
}

pub func copy_of(text: Str) -> Label {
    return Label { text: text }
}
""",
        ),
    ),
)
