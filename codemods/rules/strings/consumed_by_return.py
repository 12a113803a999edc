"""consumed-by-return: ``return f(x)`` cancels the drop of ``x``."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.naming import other_names
from codemods.fixes.rename import rename
from codemods.fixes.workarounds import CAST_IS_DROPPED, NAMED_ALONE, explained
from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import is_visible
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that a returned call is given by name, and that nothing frees any more."""
    if Trait.RETURNED_CALL not in context.analysis.drops.traits:
        return
    for _, graph in context.graphs():
        for use in graph.all_uses:
            if use.site.role is Role.ARGUMENT and _is_lost(context, graph, use):
                message = (
                    f"`{use.variable.name}` is never freed: naming it in the returned call "
                    f"on line {context.line(use.site.parent.start)} counts as giving it away"
                )
                yield context.fix(graph, use.node, message, _repair(context, graph, use))


def _is_lost(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    site, variable = use.site, use.variable
    if site.through is not None or site.callee is None:
        return False
    outer = graph.site_of(site.parent)
    if outer is None or outer.role is not Role.RETURNED or not isinstance(outer.parent, nodes.Return):
        return False
    if outer.through is not None or outer.parent.value is not site.parent:
        return False
    return (
        variable.type == STR
        and context.analysis.drops.is_registered(variable)
        and context.analysis.summaries.variable_origin(graph, variable).is_fresh
        and context.analysis.summaries.call_effects(site) == {Effect.BORROWS}
        and (isinstance(site.parent, nodes.MethodCall) or is_visible(graph, site.callee))
    )


def _repair(context: Context, graph: ControlFlowGraph, use: Use) -> Repair:
    name = use.variable.name
    cast = Repair((SourceEdit(use.node.end, use.node.end, b" as Str"),))
    cast = explained(context, graph.function, use.node, CAST_IS_DROPPED, cast)
    if graph.function.owner is None or not context.names.is_consumed(name, graph.function):
        return cast
    names = other_names(graph.function, name, use.variable.value)
    new_name = context.names.for_dropped(graph.function, *names)
    renamed = rename(graph, use.variable, new_name)
    return Repair.of(
        (cast, explained(context, graph.function, use.variable.node, NAMED_ALONE, renamed)),
        "in a method it also needs a name that no other function gives away",
    )


RULE = Rule(
    name="consumed-by-return",
    summary="A string named in a returned call is never freed.",
    reason=(
        "The compiler treats every bare name among the arguments of a returned call as given away and "
        "cancels its drop, even if the function only reads it. A cast to the same type is no bare name, and "
        "keeps the drop. In a method the variable also needs a name that no other function gives away, "
        "because the compiler does not forget such names between methods."
    ),
    check=check,
    examples=(
        Fixed(
            "The argument is cast",
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
    // compiler defect returned-call-cancels-drop: without the cast nothing frees it
    return measure_text(text as Str)
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
