"""Callers that still read what they took out of a value, when a method of it releases that part."""

from __future__ import annotations

from itertools import chain

from codemods.fixes.context import Context
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Declare, Role, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.semantics.symbols import SCALARS, FunctionInfo, Type
from tml_ast import nodes


def is_viewed_by_callers(context: Context, function: FunctionInfo, part: Type | None = None) -> bool:
    """Whether a caller reads something out of what it gives a function, and uses it after the call.

    A call after a release of the value counts, too: its parts are gone then. ``part`` is the type of the
    only part that is gone after the call, if nothing but the value itself ever holds that part.
    """
    users = context.tests.functions_mentioning([function.name])
    for analysis, caller in chain(context.functions_of_library(), users):
        outer = analysis.summaries.graph(caller)
        for call in outer.calls if outer is not None else ():
            assert outer is not None
            if call.callee is function and _outlives(analysis, outer, call.node, part):
                return True
    return False


def _outlives(analysis: Analysis, graph: ControlFlowGraph, call: nodes.Node, part: Type | None) -> bool:
    """Whether what was read from a value is used after a call, or kept, or it is released before."""
    for use in graph.uses_in(call):
        if use.variable.type is not None and use.variable.type.name in SCALARS:
            continue
        fate = analysis.summaries.fate(graph, use.variable)
        views = [
            view
            for view in fate.views
            if view is not use.variable and (part is None or may_hold(analysis, view.type, part))
        ]
        if (part is None and fate.view_escapes) or any(is_used_after(graph, use, view) for view in views):
            return True
        for earlier in graph.uses(use.variable):
            if (
                earlier.site.role is Role.RECEIVER
                and Effect.RELEASES in analysis.summaries.call_effects(earlier.site)
                and use in graph.uses_after(earlier, use.variable)
            ):
                return True
    return False


def is_used_after(graph: ControlFlowGraph, start: Use, variable: Variable) -> bool:
    """Whether a variable may be read after an action without being declared anew."""
    after = graph.actions_after(
        start, lambda action: isinstance(action, Declare) and action.variable is variable
    )
    return any(isinstance(action, Use) and action.variable is variable for action in after)


# -- containers in fields -------------------------------------------------------------------------


def is_plain_container(type_: Type) -> bool:
    """Whether the release of a type frees the storage of a container, and nothing that was put into it."""
    return type_.bare in ("List", "HashMap")


def may_hold(analysis: Analysis, type_: Type | None, container: Type) -> bool:
    """Whether a value of a type may be such a container, have one in it, or point into one."""
    if type_ is not None and type_.target().name in ("I64", "U64"):
        return type_.target() not in container.arguments
    return _contains(analysis, type_, container, frozenset())


def _contains(analysis: Analysis, type_: Type | None, container: Type, seen: frozenset[Type]) -> bool:
    target = type_.target() if type_ is not None else None
    if target is None or target.name in ("*", "func") or target.bare.startswith(container.bare):
        return True  # an iterator has the name of its container
    if target in seen or target.is_str or target.name in SCALARS:
        return False
    fields = analysis.index.fields(target)
    held = [*target.arguments, *fields.values()]
    for payload in analysis.index.variants(target).values():
        held += payload
    if not held:
        return analysis.index.type_info(target) is None
    return any(_contains(analysis, held_type, container, seen | {target}) for held_type in held)


def stays_in_field(context: Context, owner: Type, name: str) -> bool:
    """Whether a container is only reached through its field: nothing else holds it, or points into it."""
    container = context.analysis.index.fields(owner)[name]
    users = context.tests.functions_mentioning([name])
    for analysis, function in chain(context.functions_of_library(), users):
        graph = analysis.summaries.graph(function)
        if graph is None:
            continue
        targets = {id(assignment.target) for assignment in graph.nodes_of(nodes.Assignment)}
        for access in graph.nodes_of(nodes.FieldAccess):
            holder = graph.type_of(access.object)
            if access.name != name or id(access) in targets:
                continue
            if holder is not None and holder.target().name != owner.name:
                continue
            if _is_handed_out(analysis, graph, access, container):
                return False
    return True


def _is_handed_out(
    analysis: Analysis, graph: ControlFlowGraph, access: nodes.FieldAccess, container: Type
) -> bool:
    """Whether more comes of naming a container than a call of one of its methods, or of a reader of it."""
    site = graph.site_of(access)
    if site is not None and site.role is Role.REFERENCED:
        site = graph.site_of(site.parent)
    if site is None or site.callee is None:
        return True
    if site.role is Role.ARGUMENT and not analysis.summaries.call_effects(site) <= {Effect.BORROWS}:
        return True
    if site.role not in (Role.RECEIVER, Role.ARGUMENT):
        return True
    made = site.callee.returns if isinstance(site.parent, nodes.MethodCall) else None
    made = graph.type_of(site.parent) or made
    if made is not None and made.name in SCALARS and not analysis.summaries.result(site.callee).is_view:
        return False
    return made is None or may_hold(analysis, made, container)
