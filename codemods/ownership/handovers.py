"""Whether an owner that is put into a container belongs to the container from then on.

It does if it was made for it, and the function that puts it there neither releases nor keeps it elsewhere. A
function may put in what it is given by value; then its callers must hand over what is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import consumes
from codemods.ownership.summaries.origins import Origin
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

Parameter = tuple[FunctionInfo, int]
"""A parameter of a function, by its position."""

_READING = frozenset((Role.FIELD, Role.OPERAND, Role.CONDITION, Role.INTERPOLATED, Role.DISCARDED))
_LOCAL = frozenset((VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD))
_BORROWS = frozenset((Effect.BORROWS,))


def handed_over(
    analysis: Analysis, graph: ControlFlowGraph, value: Expression
) -> frozenset[Parameter] | None:
    """The parameters that a value handed to a container comes from; None if it may not be the container's."""
    parts = _parts(analysis, graph, value)
    if parts:
        given = [handed_over(analysis, graph, part) for part in parts]
        known = [parameters for parameters in given if parameters is not None]
        return frozenset().union(*known) if len(known) == len(given) else None
    origins = analysis.summaries.origin(graph, value).origins
    if not origins <= {Origin.FRESH, Origin.PASSED, Origin.LITERAL} or origins <= {Origin.LITERAL}:
        return None
    found: set[Parameter] = set()
    for use in graph.uses_in(value):
        type_ = use.variable.type
        if type_ is not None and not analysis.obligations.may_own(type_):
            continue
        if _only_reads(analysis, use) or _is_lent(analysis, graph, use):
            continue
        if use.variable.kind is VariableKind.PARAMETER and (type_ is None or type_.name != "ref"):
            found.add((graph.function, _position(graph.function, use.variable)))
        elif use.variable.kind not in _LOCAL or (
            analysis.drops.is_registered(use.variable) and not consumes(graph, use)
        ):
            return None
        if not _is_given_once(analysis, graph, use):
            return None
    if Origin.PASSED in origins and not found:
        return None
    return frozenset(found)


def _parts(analysis: Analysis, graph: ControlFlowGraph, value: Expression) -> list[Expression]:
    """The owners among the values of a struct literal; none if something else in the struct may be one."""
    if not isinstance(value, nodes.StructLiteral) or value.base is not None:
        return []
    built = graph.type_of(value)
    values = [entry.value for entry in value.fields if entry.value is not None]
    if built is None or analysis.summaries.handles.fields(built) or len(values) < len(value.fields):
        return []
    types = ((part, graph.type_of(part)) for part in values)
    return [part for part, type_ in types if type_ is None or analysis.obligations.may_own(type_)]


def replaces_element(
    analysis: Analysis, graph: ControlFlowGraph, call: nodes.MethodCall, given: Expression
) -> frozenset[Parameter] | None:
    """What ``handed_over`` says of the new parts in a struct that replaces an element and keeps parts of it.

    An example is ``xs.set(i, Item { count: 1, reel: xs.get(i).reel })``; None if the struct keeps none.
    """
    parts = _parts(analysis, graph, given)
    kept = [part for part in parts if stays_in_place(analysis, graph, call, part)]
    new = [part for part in parts if part not in kept]
    if not kept or len({part.text for part in kept}) < len(kept):
        return None
    found: frozenset[Parameter] = frozenset()
    for part in new:
        parameters = handed_over(analysis, graph, part)
        if parameters is None:
            return None
        found |= parameters
    return found


def stays_in_place(analysis: Analysis, graph: ControlFlowGraph, call: Node, value: Node) -> bool:
    """Whether a value is a part of the element that a call replaces."""
    if not isinstance(call, nodes.MethodCall) or call.name != "set":
        return False
    element: Expression | None = value.object if isinstance(value, nodes.FieldAccess) else None
    use = graph.use_at(element) if element is not None else None
    if use is not None:
        is_copy = not graph.is_assigned(use.variable) and not analysis.drops.is_registered(use.variable)
        element = use.variable.value if is_copy else None
    return (
        isinstance(element, nodes.MethodCall)
        and element.name == "get"
        and element.receiver.text == call.receiver.text
        and [argument.text for argument in element.arguments] == [call.arguments[0].text]
        and not any(
            element.start < assignment.start < call.start and assignment.target.text in call.arguments[0].text
            for assignment in graph.nodes_of(nodes.Assignment)
        )
    )


def _position(function: FunctionInfo, variable: Variable) -> int:
    return next(
        position for position, parameter in enumerate(function.values) if parameter.name == variable.name
    )


def _only_reads(analysis: Analysis, use: Use) -> bool:
    """Whether a use leaves the value where it is."""
    if use.site.role in _READING:
        return True
    if use.site.role not in (Role.RECEIVER, Role.ARGUMENT):
        return False
    return analysis.summaries.call_effects(use.site) <= _BORROWS


def _is_lent(analysis: Analysis, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a function gets a reference to a value, and hands out no part of it."""
    site = graph.site_of(use.site.parent) if use.site.role is Role.REFERENCED else None
    if site is None or site.role is not Role.ARGUMENT or site.callee is None:
        return False
    summaries = analysis.summaries
    return summaries.call_effects(site) <= _BORROWS and not summaries.lends(site.callee, site.position)


def _is_given_once(analysis: Analysis, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether no path takes or releases the value besides this use, by this or another name."""
    variable = use.variable
    views = analysis.summaries.fate(graph, variable).views - {variable}
    if any(view.type is None or analysis.obligations.may_own(view.type) for view in views):
        return False
    if any(later is use for later in graph.uses_after(use, variable)):
        return False
    for other in graph.uses(variable):
        if other is use or _only_reads(analysis, other):
            continue
        later = any(action is other for action in graph.uses_after(use, variable))
        if later or any(action is use for action in graph.uses_after(other, variable)):
            return False
    return True


def arguments_for(
    analysis: Analysis, graph: ControlFlowGraph, parameter: Parameter
) -> Iterator[Expression | None]:
    """What the calls of a function in a graph give for a parameter; None for a call that may be one of it."""
    function, position = parameter
    for call in graph.calls:
        if call.callee is function:
            yield call.arguments[position] if position < len(call.arguments) else None
        elif (
            call.callee is None
            and isinstance(call.node, nodes.MethodCall)
            and call.node.name == function.name
        ):
            yield None
