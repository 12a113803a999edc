"""Temporaries: which of them must be released, and whether the compiler would drop a variable instead."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal
from codemods.fixes.open_payload import part_releases
from codemods.fixes.owners import may_hold_variable, owns_strings
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import is_visible
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.summaries.origins import is_handed_out
from codemods.semantics.symbols import SCALARS, STR, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))


def handed_out(graph: ControlFlowGraph) -> Iterator[Expression]:
    """The places where what a Maybe or Outcome holds is handed out: by ``!`` or a method like ``unwrap``."""
    candidates = graph.nodes_of(nodes.MethodCall, nodes.Propagate)
    return (node for node in candidates if is_handed_out(graph, node))


def is_new(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether a value is made by its expression, and holds nothing that a variable holds already."""
    fresh = context.analysis.summaries.origin(graph, node).is_fresh
    return fresh and not may_hold_variable(context, graph, node)


def may_be_owed(context: Context, type_: Type) -> bool:
    """Whether there are values of a type that must be released."""
    return (
        type_.name == "()"
        or type_.bare == "List"
        or context.analysis.drops.kind(type_) in (DropKind.CALL, DropKind.FIELDS)
        or context.analysis.releases.needs_release(type_)
    )


def is_owed(
    context: Context, graph: ControlFlowGraph, node: Expression, type_: Type, *, dropped: bool = False
) -> bool:
    """Whether a value must be released; ``dropped``: the compiler drops it as far as it drops its type."""
    if context.analysis.releases.needs_release(type_):
        return True
    if str(type_) == "List[Str]" and dropped:
        return owns_strings(context.fields.made_elements(graph, node))
    if type_.name == "()":
        return bool(part_releases(context, graph, "parts", type_, node))
    if dropped:
        return False
    match context.analysis.drops.kind(type_):
        case DropKind.CALL:
            return True
        case DropKind.FIELDS:
            return owns_strings(context.contents.strings(graph, node))
        case _:
            return False


def is_released_by_hand(context: Context, type_: Type) -> bool:
    """Whether a variable of a type can be released by hand wherever the compiler does not drop it."""
    releases = context.analysis.releases
    return releases.needs_release(type_) or (
        releases.release_of(type_) is not None and releases.is_idempotent(type_)
    )


def undropped_variable(
    context: Context, graph: ControlFlowGraph, node: Expression, site: Site
) -> Refusal | None:
    """Why a variable in the place of a value would never be dropped, or at the wrong time."""
    if context.analysis.summaries.temporary_fate(graph, node).views:
        return Refusal("something else holds a part of it, which its drop might free again: bind it by hand")
    match site.role:
        case Role.RECEIVER if _lends_nothing(context, graph, site):
            return None
        case Role.RECEIVER:
            return Refusal("what it returns might be freed too early: bind it by hand")
        case Role.ARGUMENT if _is_lent(graph, site):
            return None
        case Role.ARGUMENT:
            return Refusal("a variable that is passed on counts as given away, and is never dropped")
        case Role.FIELD if _is_field_read(context, graph, site.parent):
            return None
        case _:
            return Refusal("its field is passed on: bind it by hand")


def _lends_nothing(context: Context, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether what a method returns holds nothing of its receiver."""
    read = site.parent
    type_ = graph.type_of(read)
    if type_ is not None and type_.name in SCALARS:
        return True
    assert isinstance(read, nodes.MethodCall)
    outer = graph.site_of(read)
    compared = outer is not None and outer.role is Role.OPERAND and outer.through is None
    if compared and read.name not in context.analysis.drops.allocating_names:
        return True
    return context.analysis.summaries.origin(graph, read).is_fresh


def _is_field_read(context: Context, graph: ControlFlowGraph, access: Node) -> bool:
    """Whether a field is read where naming its holder does not count as giving that away."""
    assert isinstance(access, nodes.FieldAccess)
    type_, site = graph.type_of(access), graph.site_of(access)
    if type_ == STR:
        return is_read_in_place(context, graph, access)
    is_plain = type_ is not None and type_.name in SCALARS
    return is_plain and site is not None and site.role in (Role.OPERAND, Role.BOUND, Role.CONDITION)


def _is_lent(graph: ControlFlowGraph, site: Site) -> bool:
    """Whether an argument is passed by reference, to a function that the compiler sees there."""
    if site.callee is None or site.position >= len(site.callee.values):
        return False
    parameter = site.callee.values[site.position].type
    outer = graph.site_of(site.parent)
    returned = outer is not None and outer.role is Role.RETURNED
    by_reference = parameter is not None and parameter.name == "ref"
    return by_reference and is_visible(graph, site.callee) and not returned


def is_read_in_place(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    """Whether the next call or comparison reads a string, and neither keeps nor returns it."""
    site = graph.site_of(node)
    if site is None or site.through is not None:
        return False
    match site.role:
        case Role.ARGUMENT | Role.RECEIVER:
            returned = graph.type_of(site.parent)
            returns = returned is None or returned.name != "Never"
            return returns and context.analysis.summaries.call_effects(site) <= {Effect.BORROWS}
        case Role.OPERAND:
            return isinstance(site.parent, nodes.Binary) and site.parent.operator in _COMPARISONS
        case _:
            return False


def string_temporaries(context: Context, graph: ControlFlowGraph, value: Expression) -> list[Expression]:
    """The strings that an expression of a test makes, which the compiler frees at its statement's end."""
    found: list[Expression] = []
    pending: list[Node] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, nodes.Block | nodes.Closure | nodes.Arm):
            continue
        if isinstance(node, Expression) and _is_new_string(context, graph, node):
            found.append(node)
            if isinstance(node, nodes.InterpolatedString | nodes.Binary):
                continue
        pending += node.nodes()
    return sorted(found, key=lambda made: made.start)


def _is_new_string(context: Context, graph: ControlFlowGraph, node: Expression) -> bool:
    type_ = graph.type_of(node)
    if type_ != STR:
        return False
    if not context.analysis.drops.makes_string(node):
        return False
    if isinstance(node, nodes.Binary):
        return node.operator == "+"
    call = graph.call_at(node)
    if call is None:
        return isinstance(node, nodes.InterpolatedString)
    return call.callee is not None and context.analysis.summaries.makes_string(call.callee)
