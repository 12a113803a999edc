"""The elements of lists: what frees each, and whether the list is the only one to hold them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from codemods.fixes.context import Context
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.drained import frees_part, is_list_of_its_own, is_taken_out_of, reaches_elements
from codemods.ownership.fields import FieldOrigin, only_empty_constants
from codemods.ownership.handovers import Parameter, arguments_for, handed_over
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_REMOVING = frozenset(("pop", "set", "clear", "remove"))


def element_of(type_: Type | None) -> Type | None:
    """The type of the elements of a list."""
    if type_ is None or type_.bare != "List" or len(type_.arguments) != 1:
        return None
    return type_.arguments[0]


# -- one element ----------------------------------------------------------------------------------


def release_of_element(context: Context, type_: Type, item: str) -> tuple[str, ...]:
    """The statements that release an element in the variable ``item``; none if it owns nothing.

    The variable is a copy, which the compiler drops at the end of the loop's body if its type is dropped.
    """
    analysis = context.analysis
    kind = analysis.drops.kind(type_)
    release = analysis.releases.release_of(type_)
    if release is None:
        return _release_of_fields(context, type_, item)
    if kind is DropKind.NOTHING and not analysis.releases.needs_release(type_):
        return ()
    if kind is not DropKind.NOTHING and not analysis.releases.is_idempotent(type_):
        return ()
    if kind is DropKind.FIELDS and not _owns_dropped_strings(context, type_):
        return ()
    return () if context.refusal_to_call(release) is not None else (release.statement_on(item),)


def release_taken_out(context: Context, type_: Type, list_: str, item: str) -> str:
    """The code that takes the last element out of a list and releases it; ``item`` names one with parts."""
    release = context.analysis.releases.release_of(type_)
    if release is not None:
        return release.statement_on(f"{list_}.pop()")
    return "\n".join((f"let {item} = {list_}.pop()", *release_of_element(context, type_, item)))


def _release_of_fields(context: Context, type_: Type, item: str) -> tuple[str, ...]:
    """Release the owners in the fields of a struct that has no release of its own."""
    analysis = context.analysis
    if not _owns_dropped_strings(context, type_) or analysis.drops.kind(type_) is DropKind.CALL:
        return ()
    statements = []
    for name, field_type in analysis.index.fields(type_).items():
        release = analysis.releases.release_of(field_type)
        if release is None:
            if analysis.obligations.may_own(field_type):
                return ()
            continue
        is_dropped = analysis.drops.kind(field_type) is DropKind.CALL
        if not is_dropped and not analysis.releases.needs_release(field_type):
            continue
        if analysis.drops.drops_field(type_, name) and not analysis.releases.is_idempotent(field_type):
            return ()
        if not context.fields.origin(type_, name).is_owned or context.refusal_to_call(release) is not None:
            return ()
        statements.append(release.statement_on(f"{item}.{name}"))
    return tuple(statements)


def _owns_dropped_strings(context: Context, type_: Type) -> bool:
    """Whether the strings that the compiler frees with a value of the type are the value's own."""
    for name, field_type in context.analysis.index.fields(type_).items():
        if field_type.is_str and context.analysis.drops.drops_field(type_, name):
            origin = context.fields.origin(type_, name)
            if not origin.is_owned or not only_empty_constants(origin):
                return False
    return True


# -- the elements of a list -----------------------------------------------------------------------


def are_handed_over(context: Context, elements: FieldOrigin) -> bool:
    """Whether all elements are the list's own: whoever calls what puts them in hands over what is theirs."""
    return elements.is_owned and callers_hand_over(context, elements.givers)


def callers_hand_over(context: Context, parameters: frozenset[Parameter]) -> bool:
    """Whether all that callers give for these parameters is theirs, and theirs no more after the call."""
    pending = [*parameters]
    seen = set(pending)
    while pending:
        parameter = pending.pop()
        users = context.tests.functions_mentioning([parameter[0].name])
        for analysis, graph in _graphs(chain(context.functions_of_library(), users)):
            for argument in arguments_for(analysis, graph, parameter):
                given = handed_over(analysis, graph, argument) if argument is not None else None
                if given is None:
                    return False
                pending += given - seen
                seen |= given
    return True


def _graphs(
    functions: Iterator[tuple[Analysis, FunctionInfo]],
) -> Iterator[tuple[Analysis, ControlFlowGraph]]:
    for analysis, function in functions:
        graph = analysis.summaries.graph(function)
        if graph is not None:
            yield analysis, graph


def owns_elements(context: Context, type_: Type, name: str, release: FunctionInfo) -> bool:
    """Whether the list in a field owns all of its elements, and nobody frees them, the release included."""
    analysis = context.analysis
    origin = context.fields.elements(type_, name)
    if not origin.is_owned or not only_empty_constants(origin):
        return False
    if reaches_elements(analysis.summaries, analysis.index, release, name, frozenset()):
        return False
    if is_filled_by_tests(context, type_, name) or is_freed_by_users(context, type_, name):
        return False
    return are_handed_over(context, origin)


def is_freed_by_users(context: Context, type_: Type, name: str) -> bool:
    """Whether a function frees a part of a value, or what it reads from it, and leaves it in the list.

    Where the compiler drops a copy of an element, it frees what the element owns.
    """
    analysis = context.analysis
    element = element_of(analysis.index.fields(type_).get(name))
    methods = [method for found in analysis.index.methods.get(type_.name, {}).values() for method in found]
    names = [name, *(method.name for method in methods if not method.returns_nothing)]
    users = context.tests.functions_mentioning(names)
    for analysis, graph in _graphs(chain(context.functions_of_library(), users)):
        is_own = graph.function.owner is not None and graph.function.owner.name == type_.name
        if is_own and (analysis.releases.release_of(type_) is graph.function or _removes(graph, name)):
            continue
        for variable in graph.variables:
            holder = variable.type or (graph.function.owner if variable.name == "this" else None)
            if holder is None or holder.target().name != type_.name:
                continue
            if frees_part(analysis.summaries, graph, variable, name) or drops_copy(
                analysis,
                graph,
                variable,
                element,
                list_=name,
                except_in=context.analysis.releases.release_of(type_),
            ):
                return True
    return False


def _removes(graph: ControlFlowGraph, name: str) -> bool:
    """Whether a method takes elements out of the list in a field, or replaces them."""
    return any(
        isinstance(node.receiver, nodes.FieldAccess) and node.receiver.name == name and node.name in _REMOVING
        for node in graph.nodes_of(nodes.MethodCall)
    )


def drops_copy(
    analysis: Analysis,
    graph: ControlFlowGraph,
    variable: Variable,
    element: Type | None,
    seen: frozenset[Variable] = frozenset(),
    *,
    list_: str | None = None,
    except_in: FunctionInfo | None = None,
) -> bool:
    """Whether the compiler drops a copy of an element of a list in the value of a variable.

    A function counts that is given the value, or a part of it, but for the one that may do so. What methods
    take out of the list in the field ``list_`` is no element any more.
    """
    if element is None or variable in seen or analysis.drops.kind(element) is DropKind.NOTHING:
        return False
    for view in analysis.summaries.fate(graph, variable).views:
        if view.value is not None and is_taken_out_of(analysis.summaries, graph, view.value, list_):
            continue
        is_element = view is not variable and (view.type is None or view.type.name == element.name)
        if (
            is_element
            and analysis.drops.is_registered(view)
            and not is_list_of_its_own(analysis.summaries, graph, view)
        ):
            return True
        for use in graph.uses(view):
            given = _given(analysis, graph, use.node)
            if given is None or given[0].function is except_in:
                continue
            if drops_copy(analysis, *given, element, seen | {variable}, list_=list_, except_in=except_in):
                return True
    return False


def _given(
    analysis: Analysis, graph: ControlFlowGraph, value: Expression | Node
) -> tuple[ControlFlowGraph, Variable] | None:
    """The parameter that receives a value, a part of it, or a reference to one."""
    site = graph.site_of(value)
    while site is not None and site.role in (Role.FIELD, Role.REFERENCED, Role.CAST):
        site = graph.site_of(site.parent)
    if site is None or site.callee is None or site.role not in (Role.ARGUMENT, Role.RECEIVER):
        return None
    inner = analysis.summaries.graph(site.callee)
    parameter = inner.parameter(-1 if site.role is Role.RECEIVER else site.position) if inner else None
    return (inner, parameter) if inner is not None and parameter is not None else None


def is_filled_by_tests(context: Context, type_: Type, name: str, element: Type | None = None) -> bool:
    """Whether a test makes such a struct itself, or an ``element``, or may put something into its list."""
    made = [type_] if element is None else [type_, element]
    names = [name, *(struct.bare for struct in made)]
    for analysis, graph in _graphs(context.tests.functions_mentioning(names)):
        literals = (graph.type_of(literal) for literal in graph.nodes_of(nodes.StructLiteral))
        if any(built is None or built.name in [struct.name for struct in made] for built in literals):
            return True
        for access in graph.nodes_of(nodes.FieldAccess):
            owner = graph.type_of(access.object)
            if access.name != name or (owner is not None and owner.target().name != type_.name):
                continue
            site = graph.site_of(access)
            callee = site.callee if site is not None and site.role is Role.RECEIVER else None
            if callee is None or any(
                Effect.RETAINS in analysis.summaries.effects(callee, position)
                for position in range(len(callee.values))
            ):
                return True
    return False
