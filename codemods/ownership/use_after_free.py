"""Releases and uses that find their value released: what no fix may add to.

Four kinds of values are followed: those that owe a release; strings, which the compiler frees where their
variable is registered and the program frees by hand where it is not; each Maybe and Outcome, whose payload
may be released once; and each part of a tuple or array. A receiver that is not bound where it stands
counts too, and so does each release of what a closure captured and releases.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from codemods.ownership.analysis import Analysis
from codemods.ownership.captured_releases import captured_releases
from codemods.ownership.cfg.graph import (
    Action,
    ControlFlowGraph,
    Exit,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.dataflow.lattices import Flag
from codemods.ownership.dataflow.solver import solve
from codemods.ownership.dropped_holders import holder_misuses
from codemods.ownership.element_releases import element_misuses
from codemods.ownership.variable_states import VariableProblem
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS
from tml_ast import nodes

_UNWRAPPING = frozenset(("unwrap", "unwrap_err", "expect", "expect_err"))
_MACHINE_WORDS = SCALARS - {"Bool", "F32", "F64"}


def misuses(analysis: Analysis, graph: ControlFlowGraph) -> int:
    """How many places of a function and its closures may release a value twice, or use it afterwards."""
    found = sum(_own_misuses(analysis, part) for part in graph.with_closures())
    return found + captured_releases(analysis, graph)


def _own_misuses(analysis: Analysis, graph: ControlFlowGraph) -> int:
    reports = analysis.obligations.of(graph)
    owed = sum(len(report.misused) for report in reports)
    followed = {report.variable for report in reports}
    freed = sum(
        _freed_misuses(analysis, graph, variable) for variable in graph.variables if variable not in followed
    )
    strings = sum(1 + len(misuse.others) for misuse in analysis.string_lifetimes.misuses(graph))
    elements = sum(element_misuses(analysis, graph, variable) for variable in graph.variables)
    held = sum(
        holder_misuses(analysis, graph, variable, lambda site: _is_released_at(analysis, graph, site))
        for variable in graph.variables
    )
    return owed + freed + strings + elements + held + len(graph.unbound)


def _freed_misuses(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> int:
    """The places where a variable is used, or dropped, when what it holds is freed already.

    It may be a string, a number that holds the address of one, a Maybe or Outcome with its payload, or an
    owner of which nobody can say where it comes from.
    """
    if variable.type is None:
        return 0
    if variable.type.name in ("()", "[]"):
        return _part_misuses(analysis, graph, variable)
    if variable.type.name in BUILTIN_VARIANTS:
        opening = [use for use in graph.uses(variable) if not _only_asks(use.site)]
        return _uses_of_freed(analysis, graph, variable, _emptied_at(analysis, graph, variable), opening)
    if variable.type.is_str or variable.type.name in _MACHINE_WORDS or _is_released_once(analysis, variable):
        frees = {id(use.node) for use in graph.uses(variable) if _is_freed_at(analysis, graph, use.site)}
    else:
        return 0
    return _uses_of_freed(analysis, graph, variable, frees, graph.uses(variable))


def _is_released_once(analysis: Analysis, variable: Variable) -> bool:
    """Whether a second release of a variable would do harm."""
    releases = analysis.releases
    return releases.release_of(variable.type) is not None and not releases.may_be_repeated_on(variable)


def _part_misuses(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> int:
    """The places where a part of a tuple or array is used when it is released already."""
    by_part: dict[str | None, list[Use]] = {}
    for use in graph.uses(variable):
        by_part.setdefault(_part(use), []).append(use)
    others = by_part.pop(None, [])
    found = sum(
        _uses_of_freed(analysis, graph, variable, _released(analysis, graph, uses), [*uses, *others])
        for uses in by_part.values()
    )
    # an element that a variable chooses is released once in each turn of a loop, but not in two of them
    for use in others:
        if isinstance(use.site.parent, nodes.Index):
            released = _released(analysis, graph, [use])
            rest = [other for other in graph.uses(variable) if other is not use]
            found += _uses_of_freed(analysis, graph, variable, released, rest)
    return found


def _part(use: Use) -> str | None:
    """The number of the part that a use reads; None for the whole, or for one that a variable chooses."""
    match use.site.parent:
        case nodes.FieldAccess() as access if use.site.role is Role.FIELD:
            return access.name
        case nodes.Index() as access:
            return access.constant
        case _:
            return None


def _released(analysis: Analysis, graph: ControlFlowGraph, uses: Iterable[Use]) -> set[int]:
    """The uses of a part that release it."""
    sites = {id(use.node): graph.site_of(use.site.parent) for use in uses}
    return {node for node, site in sites.items() if site is not None and _is_freed_at(analysis, graph, site)}


def _uses_of_freed(
    analysis: Analysis, graph: ControlFlowGraph, variable: Variable, frees: set[int], uses: Iterable[Use]
) -> int:
    """How many of these uses, or drops of the variable, find what it holds freed."""
    if not frees:
        return 0
    solution = solve(graph, _Freed(graph, variable, frees))
    counted = {id(use.node) for use in uses}
    return sum(
        step.before and _touches(analysis, graph, variable, step.action, counted) for step in solution.steps()
    )


class _Freed(VariableProblem[bool]):
    """Whether what a variable holds may be freed already; ``frees`` are identities of nodes that free it."""

    def __init__(self, graph: ControlFlowGraph, variable: Variable, frees: set[int]) -> None:
        super().__init__(graph, variable, Flag(), boundary=False)
        self._frees = frees

    def transfer(self, action: Action, state: bool) -> bool:
        """Only a use frees; a new value is not freed, nor is the variable where it is out of scope."""
        return isinstance(action, Use) and (state or id(action.node) in self._frees)


def _touches(
    analysis: Analysis, graph: ControlFlowGraph, variable: Variable, action: Action, uses: Container[int]
) -> bool:
    """Whether an action is one of the uses of the variable, or an exit where the compiler frees it."""
    if isinstance(action, Exit):
        is_owner = variable.type is not None and analysis.releases.release_of(variable.type) is not None
        return not is_owner and analysis.drops.covers(graph, variable, action)
    return isinstance(action, Use) and id(action.node) in uses


def _only_asks(site: Site) -> bool:
    """Whether a use only asks a Maybe or Outcome which variant it is."""
    return isinstance(site.parent, nodes.MethodCall) and site.parent.name.startswith("is_")


def _emptied_at(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> set[int]:
    """The uses of a Maybe or Outcome that open it, where the payload is released or dropped."""
    emptied = set()
    for use in graph.uses(variable):
        opening = use.site.parent
        if use.site.role is Role.SCRUTINEE and isinstance(opening, nodes.When):
            payloads = [
                payload
                for payload in graph.variables
                if payload.kind is VariableKind.PAYLOAD and opening.start <= payload.offset < opening.end
            ]
            is_emptied = any(_is_released(analysis, graph, payload) for payload in payloads)
        elif use.site.role is Role.RECEIVER and isinstance(opening, nodes.MethodCall):
            is_emptied = opening.name in _UNWRAPPING and _is_result_released(analysis, graph, opening)
        else:
            continue
        if is_emptied:
            emptied.add(id(use.node))
    return emptied


def _is_result_released(analysis: Analysis, graph: ControlFlowGraph, call: nodes.MethodCall) -> bool:
    """Whether what a call takes out is released, at once or by the name that it gets."""
    site = graph.site_of(call)
    if site is not None and _is_freed_at(analysis, graph, site):
        return True
    bound = [variable for variable in graph.variables if variable.value is call]
    return any(
        _is_released(analysis, graph, variable) or analysis.drops.is_registered(variable)
        for variable in bound
    )


def _is_released(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> bool:
    return Effect.RELEASES in analysis.summaries.fate(graph, variable).effects


def _is_freed_at(analysis: Analysis, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether a use hands the value itself to something that releases it."""
    while site.role is Role.CAST:
        further = graph.site_of(site.parent)
        if further is None:
            return False
        site = further
    return site.role in (Role.ARGUMENT, Role.RECEIVER) and Effect.RELEASES in analysis.summaries.call_effects(
        site
    )


def _is_released_at(analysis: Analysis, graph: ControlFlowGraph, site: Site) -> bool:
    """Whether a use hands the value, or a reference to it, to something that releases it."""
    lent = graph.site_of(site.parent) if site.role is Role.REFERENCED else site
    return lent is not None and _is_freed_at(analysis, graph, lent)
