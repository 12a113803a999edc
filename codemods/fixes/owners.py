"""What several rules ask about the owners of values."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.fields import FieldOrigin, Holds, only_empty_constants
from codemods.ownership.summaries.origins import Origin
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Node

_HOLDING = frozenset((Role.ELEMENT, Role.CONSTRUCTED, Role.RECEIVER, Role.ARGUMENT))


def may_own(context: Context, type_: Type | None) -> bool:
    """Whether values of a type may be released; true where the type is not known."""
    if type_ is None:
        return True
    releases = context.analysis.releases
    return releases.release_of(type_) is not None or context.analysis.drops.kind(type_) is DropKind.CALL


def may_hold_variable(context: Context, graph: ControlFlowGraph, value: Node) -> bool:
    """Whether a value may be, or hold, what a variable holds already, as with a builder method."""
    for use in graph.uses_in(value):
        if use.site.role not in _HOLDING or not may_own(context, use.variable.type):
            continue
        if use.site.role in (Role.ELEMENT, Role.CONSTRUCTED):
            return True
        if Effect.RETURNS in context.analysis.summaries.call_effects(use.site):
            return True
    return False


def release_of_dropped(context: Context, type_: Type | None) -> FunctionInfo | None:
    """The release of a type whose values must be released, by the compiler or by hand; it can be called."""
    releases = context.analysis.releases
    release = releases.release_of(type_)
    if type_ is None or release is None or context.refusal_to_call(release) is not None:
        return None
    if releases.needs_release(type_):
        return release
    return release if releases.may_precede_drop(type_) else None


def is_only_holder(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a ``let`` or ``var`` keeps its first value, and nothing else ever holds that value."""
    value = variable.value
    return (
        variable.kind in (VariableKind.LET, VariableKind.VAR)
        and value is not None
        and not isinstance(value, nodes.Path)
        and not graph.is_assigned(variable)
        and not may_hold_variable(context, graph, value)
        and not context.analysis.aliases.may_be_taken_elsewhere(graph, variable)
    )


def holds_views(context: Context, type_: Type | None, seen: frozenset[Type] = frozenset()) -> bool:
    """Whether a struct that is dropped is made somewhere with an owner that belongs to something else."""
    drops, summaries = context.analysis.drops, context.analysis.summaries
    if type_ is None or type_ in seen or drops.kind(type_) is not DropKind.FIELDS:
        return False
    for name, field_type in context.analysis.index.fields(type_).items():
        if field_type.is_str or not drops.drops_field(type_, name):
            continue
        for graph, literal in context.fields.constructors(type_):
            value = next((entry.value for entry in literal.fields if entry.name == name), None)
            if value is not None and Origin.VIEW in summaries.origin(graph, value).origins:
                return True
        if holds_views(context, field_type, seen | {type_}):
            return True
    return False


def owns_dropped_fields(context: Context, type_: Type) -> bool:
    """Whether a struct without a release owns all that the compiler drops with it, and none of it is text."""
    drops = context.analysis.drops
    dropped = [name for name in context.analysis.index.fields(type_) if drops.drops_field(type_, name)]
    types = context.analysis.index.fields(type_)
    return (
        bool(dropped)
        and not type_.arguments
        and context.analysis.releases.release_of(type_) is None
        and all(
            drops.kind(types[name]) is DropKind.CALL and context.fields.origin(type_, name).is_owned
            for name in dropped
        )
    )


def are_unshared(strings: FieldOrigin) -> bool:
    """Whether strings were made for their holder, and nothing else holds them."""
    return strings.is_owned and Holds.SHARED not in strings.holds


def owns_strings(strings: FieldOrigin) -> bool:
    """Whether strings are nobody else's, and the compiler may free them wherever it drops their holder.

    The empty constant counts as owned: the compiler recognizes it, and does not free it.
    """
    return are_unshared(strings) and only_empty_constants(strings)


def owns_new_strings(strings: FieldOrigin) -> bool:
    """Whether strings are always made for their holder, but for the empty constant in their place."""
    return Holds.OWNED in strings.holds and owns_strings(strings)


def only_drop_frees_strings(
    context: Context, graph: ControlFlowGraph, variable: Variable, variant: str | None = None
) -> bool:
    """Whether the strings in a variable are its own, and only the compiler's drop of it can free them.

    ``variant`` is the one whose payload the variable is.
    """
    if variable.value is None or context.analysis.releases.release_of(variable.type) is not None:
        return False
    if variable.type is not None and owns_dropped_fields(context, variable.type):
        return True
    return owns_strings(context.contents.strings(graph, variable.value, variant))


def is_freed_by_drop(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether only the compiler's drop of a variable can free its string, or the strings in it."""
    match context.analysis.drops.kind(variable.type):
        case DropKind.STRING:
            return True
        case DropKind.FIELDS:
            return only_drop_frees_strings(context, graph, variable)
        case _:
            return False


def is_opened_elsewhere(context: Context, graph: ControlFlowGraph, value: Node) -> bool:
    """Whether a value comes out of a Maybe or Outcome in a variable that may be opened a second time."""
    return any(
        not context.analysis.aliases.is_opened_once(graph, use.variable, use)
        for use in graph.uses_in(value)
        if use.variable.type is not None and use.variable.type.target().name in BUILTIN_VARIANTS
    )
