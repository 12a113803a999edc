"""Who frees a part of a value by hand: an element of its list, say, that nobody else may free then."""

from __future__ import annotations

from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.summaries.handles import is_scalar
from codemods.ownership.summaries.origins import is_handed_out
from codemods.ownership.summaries.summaries import Summaries
from codemods.ownership.summaries.takeovers import is_taken_out, moves_last
from codemods.semantics.symbols import FunctionInfo, Index
from tml_ast import nodes
from tml_ast.nodes import Node

_FREEING = frozenset((Effect.RELEASES, Effect.DRAINS))
_READING = frozenset(("get", "first", "last", "pop"))
_ASKING = frozenset(("len", "is_empty"))


def frees_part(
    summaries: Summaries, graph: ControlFlowGraph, variable: Variable, list_: str | None = None
) -> bool:
    """Whether a function frees what it reads from the value of a variable, other than by its methods.

    If ``list_`` is given, only the list in that field counts; what methods take out of it is no part of it.
    """
    for view in summaries.fate(graph, variable).views:
        is_part = view is not variable and not is_list_of_its_own(summaries, graph, view)
        if is_part and view.value is not None:
            read_from = [use for use in graph.uses_in(view.value) if use.variable is variable]
            is_other = bool(read_from) and all(_is_other_field(use, list_) for use in read_from)
            if is_other or is_taken_out_of(summaries, graph, view.value, list_):
                continue
        for use in graph.uses(view):
            if view is variable and _is_other_field(use, list_):
                continue
            if is_part and is_freed(summaries, graph, use.site):
                return True
            read: Site | None = use.site
            while read is not None and read.role in (Role.RECEIVER, Role.FIELD):
                if is_taken_out_of(summaries, graph, read.parent, list_):
                    break
                read = graph.site_of(read.parent)
                if read is not None and is_freed(summaries, graph, read):
                    return True
    return False


def _is_other_field(use: Use, list_: str | None) -> bool:
    """Whether a value is used for another field than the one of this name."""
    read = use.site.parent
    return list_ is not None and isinstance(read, nodes.FieldAccess) and read.name != list_


def is_taken_out_of(summaries: Summaries, graph: ControlFlowGraph, value: Node, list_: str | None) -> bool:
    """Whether a value is what a method takes out of a list."""
    while isinstance(value, nodes.MethodCall) and is_handed_out(graph, value):
        value = value.receiver
    call = graph.call_at(value)
    inner = summaries.graph(call.callee) if call is not None and call.callee is not None else None
    return inner is not None and list_ is not None and takes_out(inner, list_)


def takes_out(graph: ControlFlowGraph, list_: str) -> bool:
    """Whether what a method hands out of the list in a field of ``this`` is in the list no more."""
    reads = [
        node
        for node in graph.nodes_of(nodes.MethodCall)
        if node.name in _READING and node.receiver.text == f"this.{list_}"
    ]
    return any(is_taken_out(graph, read) for read in reads) and all(
        is_taken_out(graph, read) or _is_only_asked(graph, read) for read in reads
    )


def _is_only_asked(graph: ControlFlowGraph, read: nodes.MethodCall) -> bool:
    """Whether all that an element is read for is a number or the like, or its move within the list."""
    site = graph.site_of(read)
    if site is None:
        return False
    if site.role is Role.ARGUMENT:
        return moves_last(graph, site.parent) is not None
    if site.role is Role.DISCARDED:
        return True
    return site.role in (Role.RECEIVER, Role.FIELD) and is_scalar(graph.type_of(site.parent))


def is_list_of_its_own(summaries: Summaries, graph: ControlFlowGraph, view: Variable) -> bool:
    """Whether a variable is a new list that a part was put into: it is released without its elements."""
    is_list = view.type is not None and view.type.bare == "List"
    return is_list and summaries.variable_origin(graph, view).is_fresh


def is_freed(summaries: Summaries, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether the value at a site, or a cast of it, is handed to something that frees it."""
    while site.role in (Role.CAST, Role.REFERENCED):
        outer = graph.site_of(site.parent)
        if outer is None:
            return False
        site = outer
    if site.role not in (Role.ARGUMENT, Role.RECEIVER):
        return False
    return not _FREEING.isdisjoint(summaries.call_effects(site))


def reaches_elements(
    summaries: Summaries, index: Index, function: FunctionInfo, field: str, seen: frozenset[FunctionInfo]
) -> bool:
    """Whether a method does more with the list in a field of ``this`` than to release it or ask for its size.

    Methods that it calls on ``this`` count, and functions that it gives ``this`` to.
    """
    graph = summaries.graph(function)
    if graph is None or function in seen:
        return False
    for access in graph.nodes_of(nodes.FieldAccess):
        if access.name != field or not isinstance(access.object, nodes.This):
            continue
        site = graph.site_of(access)
        if site is None or site.role in (Role.FIELD, Role.OPERAND, Role.CONDITION, Role.DISCARDED):
            continue
        callee = site.callee
        if site.role is not Role.RECEIVER or callee is None:
            return True
        if callee.name not in _ASKING and not index.has_release_name(callee):
            return True
    return any(
        call.callee is not None and reaches_elements(summaries, index, call.callee, field, seen | {function})
        for call in graph.calls
        if isinstance(call.receiver, nodes.This)
        or any(isinstance(argument, nodes.This) for argument in call.arguments)
    )
