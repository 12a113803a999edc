"""Lists of structs that own their strings: what such a list loses when it is destroyed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site, Use
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, called_name
from codemods.ownership.drained import is_freed
from codemods.ownership.fields import Fields, Holds, only_empty_constants
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_LENT = frozenset((Effect.BORROWS, Effect.RETURNS))
_TAKING_OUT = frozenset(("pop",))
_REPLACING = frozenset(("pop", "clear", "set", "destroy"))
_PASSING_ON = (Role.CAST, Role.REFERENCED)
_READING = (Role.OPERAND, Role.CONDITION, Role.DISCARDED, Role.RETURNED, Role.SCRUTINEE)


def strings_of_elements(
    fields: Fields, owner: Type, name: str, functions: Collection[tuple[Analysis, FunctionInfo]]
) -> list[str]:
    """The string fields that the structs in the list field ``name`` of ``owner`` own, and that stay theirs.

    ``functions`` are all that may meet such a struct. None of them lets the compiler free such a string, and
    none keeps it elsewhere.
    """
    element = _struct_in(fields, owner, name)
    elements = fields.elements(owner, name)
    if element is None or not elements.is_owned or elements.givers:
        return []
    owned = [
        field
        for field, type_ in fields.index.fields(element).items()
        if type_.is_str and _is_own(fields, element, field)
    ]
    if not owned:
        return []
    getters = getters_of(element, functions)
    for analysis, function in functions:
        graph = analysis.summaries.graph(function)
        if graph is None:
            continue
        for inner in graph.with_closures():
            if _drops_element(analysis, inner, element) or _keeps_element(analysis, inner, element):
                return []
            empties = _names_in(inner, name, _REPLACING)
            owned = [field for field in owned if empties or not _frees(analysis, inner, element, field)]
            owned = [field for field in owned if not _keeps(analysis, inner, element, field)]
            kept = _kept_from_getters(analysis, inner, getters)
            owned = [field for field in owned if field not in kept]
    return owned


def getters_of(
    element: Type, functions: Iterable[tuple[Analysis, FunctionInfo]]
) -> dict[FunctionInfo, set[str]]:
    """The functions that return a string of a struct of a type, which stays the struct's, by its fields."""
    getters: dict[FunctionInfo, set[str]] = {}
    for analysis, function in functions:
        graph = analysis.summaries.graph(function)
        if graph is None or not function.returns.is_str:
            continue
        for access in reads_of(graph, element):
            getters.setdefault(function, set()).add(access.name)
    return getters


def _kept_from_getters(
    analysis: Analysis, graph: ControlFlowGraph, getters: Mapping[FunctionInfo, set[str]]
) -> set[str]:
    """The fields whose strings do not stay theirs where a function calls a getter: it frees or keeps them."""
    kept: set[str] = set()
    for call in graph.calls:
        if call.callee is None or call.callee not in getters:
            continue
        site = _end_of(graph, call.node)
        if (
            (site is not None and site.role is Role.RETURNED)
            or called_name(call.node) in analysis.drops.allocating_names
            or is_freed_at(analysis, graph, call.node)
            or _is_kept(analysis, graph, call.node)
        ):
            kept |= getters[call.callee]
    return kept


def _struct_in(fields: Fields, owner: Type, name: str) -> Type | None:
    """The type of the structs in a list field, if the compiler drops their fields and nothing else does."""
    type_ = fields.index.fields(owner).get(name)
    if type_ is None or type_.bare != "List" or len(type_.arguments) != 1:
        return None
    element = type_.arguments[0]
    if element.arguments or fields.analysis.drops.kind(element) is not DropKind.FIELDS:
        return None
    return element


def _is_own(fields: Fields, element: Type, field: str) -> bool:
    """Whether every struct of a type has a string of its own in a field, and shares it with no other."""
    origin = fields.origin(element, field)
    return (
        Holds.OWNED in origin.holds
        and origin.holds <= {Holds.OWNED, Holds.CONSTANT}
        and only_empty_constants(origin)
        and not any(
            _is_shared(fields.analysis, graph, value) for graph, value in _values(fields, element, field)
        )
    )


def _values(fields: Fields, element: Type, field: str) -> Iterator[tuple[ControlFlowGraph, Node]]:
    """What is put into a field, or the field's short initialiser."""
    for graph, literal in fields.constructors(element):
        for entry in literal.fields:
            if entry.name == field:
                yield graph, entry if entry.value is None else entry.value
    for graph, assignment in fields.assignments(element, field):
        yield graph, assignment.value


def _is_shared(analysis: Analysis, graph: ControlFlowGraph, value: Node) -> bool:
    """Whether a string of a variable goes somewhere else as well, by this or another name, or in a loop."""
    use = graph.use_at(_uncast(value))
    if use is None:
        return False
    variable = use.variable
    if variable.value is not None and graph.use_at(_uncast(variable.value)) is not None:
        return True
    if any(later is use for later in graph.uses_after(use, variable)):
        return True
    views = (
        view
        for view in analysis.summaries.fate(graph, variable).views
        if view is variable or _is_word(view.type)
    )
    return any(
        _goes_on(analysis, graph, other) for view in views for other in graph.uses(view) if other is not use
    )


def _is_word(type_: Type | None) -> bool:
    """Whether a type is that of a string, or of its address."""
    return type_ is None or type_.is_str or type_.bare == "I64"


def _goes_on(analysis: Analysis, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a string goes from a variable to something that may keep it or free it."""
    assert isinstance(use.node, Expression)
    site = _end_of(graph, use.node)
    if site is not None and site.role in (Role.ARGUMENT, Role.RECEIVER):
        return not analysis.summaries.call_effects(site) <= _LENT
    return site is not None and (site.role is Role.RETURNED or site.role not in (Role.BOUND, *_READING))


def _uncast(value: Node) -> Node:
    while isinstance(value, nodes.Cast | nodes.Group):
        value = value.operand if isinstance(value, nodes.Cast) else value.inner
    return value


def _drops_element(analysis: Analysis, graph: ControlFlowGraph, element: Type) -> bool:
    """Whether the compiler drops a struct that a list may still hold, and so frees its strings."""
    return any(
        variable.type is not None
        and variable.type.target() == element
        and analysis.drops.is_registered(variable)
        and not analysis.summaries.variable_origin(graph, variable).is_fresh
        and not (isinstance(variable.value, nodes.MethodCall) and variable.value.name in _TAKING_OUT)
        for variable in graph.variables
    )


def _keeps_element(analysis: Analysis, graph: ControlFlowGraph, element: Type) -> bool:
    """Whether a function puts a struct that a list may still hold somewhere else as well."""
    return any(
        Effect.RETAINS in analysis.summaries.call_effects(site)
        and not analysis.summaries.origin(graph, argument).is_fresh
        for call in graph.calls
        for argument in call.arguments
        if (type_ := graph.type_of(argument)) is not None
        and type_.target() == element
        and not (isinstance(argument, nodes.MethodCall) and argument.name in _TAKING_OUT)
        and (site := graph.site_of(argument)) is not None
    )


def _names_in(graph: ControlFlowGraph, name: str, methods: frozenset[str]) -> bool:
    """Whether a function calls one of these methods on a field of a name."""
    return any(
        isinstance(call.node, nodes.MethodCall)
        and call.node.name in methods
        and isinstance(call.receiver, nodes.FieldAccess)
        and call.receiver.name == name
        for call in graph.calls
    )


def reads_of(graph: ControlFlowGraph, element: Type, field: str | None = None) -> Iterator[nodes.FieldAccess]:
    """The places that read a field, or that of a name, of a struct of a type."""
    for access in graph.nodes_of(nodes.FieldAccess):
        owner = graph.type_of(access.object)
        if field in (None, access.name) and (owner is None or owner.target() == element):
            yield access


def _frees(analysis: Analysis, graph: ControlFlowGraph, element: Type, field: str) -> bool:
    """Whether a function frees the string in a field of such a struct."""
    return any(is_freed_at(analysis, graph, access) for access in reads_of(graph, element, field))


def is_freed_at(analysis: Analysis, graph: ControlFlowGraph, read: Expression) -> bool:
    """Whether what is read is freed right there, or through the variable that is bound to it."""
    site = _end_of(graph, read)
    if site is None:
        return False
    if is_freed(analysis.summaries, graph, site):
        return True
    return site.role is Role.BOUND and any(
        not analysis.summaries.fate(graph, variable).effects.isdisjoint({Effect.RELEASES, Effect.DRAINS})
        for variable in graph.bound_by(site.parent)
    )


def _keeps(analysis: Analysis, graph: ControlFlowGraph, element: Type, field: str) -> bool:
    """Whether a function keeps the string in a field of such a struct, or lets the compiler free it."""
    return any(_is_kept(analysis, graph, access) for access in reads_of(graph, element, field))


def _is_kept(analysis: Analysis, graph: ControlFlowGraph, read: Expression) -> bool:
    site = _end_of(graph, read)
    if site is None or site.role in _READING:
        return False
    if site.role is Role.STORED and isinstance(site.parent, nodes.Assignment):
        return site.parent.target is not read
    if site.role in (Role.ARGUMENT, Role.RECEIVER):
        effects = analysis.summaries.call_effects(site)
        return not effects <= _LENT and effects.isdisjoint({Effect.RELEASES, Effect.DRAINS})
    if site.role is not Role.BOUND:
        return True
    for variable in graph.bound_by(site.parent):
        fate = analysis.summaries.fate(graph, variable)
        if fate.view_escapes or Effect.RETAINS in fate.effects or Effect.UNKNOWN in fate.effects:
            return True
        if analysis.drops.is_registered(variable):
            return True
        if any(use.site.role is Role.INTERPOLATED for use in graph.uses(variable)):
            return True
    return False


def _end_of(graph: ControlFlowGraph, read: Expression) -> Site | None:
    """Where a value goes, after casts of it."""
    site = graph.site_of(read)
    while site is not None and site.role in _PASSING_ON:
        site = graph.site_of(site.parent)
    return site
