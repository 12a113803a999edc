"""String variables: whether the compiler may free one, and where it is still held."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.model.compiler_profile import Trait
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    Action,
    ControlFlowGraph,
    Declare,
    Exit,
    Role,
    Site,
    Use,
    Variable,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import consumes
from codemods.ownership.compiler.drops import Obstacle
from codemods.ownership.dataflow.lattices import Flag
from codemods.ownership.dataflow.solver import solve
from codemods.ownership.variable_states import VariableProblem
from tml_ast import nodes


def drop_hazard(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> str | None:
    """Why the compiler must not free a string at the end of its variable's block, if there is a reason."""
    if not analysis.summaries.variable_origin(graph, variable).is_fresh:
        return f"`{variable.name}` may hold a string that belongs to something else"
    uses = graph.uses(variable)
    if Trait.INTERPOLATION in graph.traits and any(use.site.role is Role.INTERPOLATED for use in uses):
        return f"an interpolation of `{variable.name}` already frees it"
    fate = analysis.summaries.fate(graph, variable)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RETURNS}:
        return f"the string of `{variable.name}` is kept elsewhere or already freed there"
    returned = Effect.RETURNS in fate.effects
    if not all(_gets_no_other_holder(analysis, graph, use, returned=returned) for use in uses):
        return f"something else may hold the string of `{variable.name}`"
    return None


def _gets_no_other_holder(analysis: Analysis, graph: ControlFlowGraph, use: Use, *, returned: bool) -> bool:
    """Whether this use gives the string no other holder, or moves it by consuming its name."""
    site = use.site
    match site.role:
        case Role.RETURNED:
            return consumes(graph, use)
        case Role.ARGUMENT | Role.RECEIVER:
            effects = analysis.summaries.call_effects(site)
            if effects <= {Effect.BORROWS}:
                return True
            outer = graph.site_of(site.parent)
            if outer is None or outer.role is not Role.RETURNED or outer.through is not None:
                return False
            return effects <= {Effect.BORROWS, Effect.RETURNS} and consumes(graph, use)
        case Role.OPERAND | Role.CONDITION | Role.DISCARDED:
            return site.through is None
        case Role.CAST:
            return not returned or _is_lent(analysis, graph.site_of(site.parent))
        case _:
            return False


def _is_lent(analysis: Analysis, site: Site | None) -> bool:
    """Whether a value only goes to a call that reads it."""
    return (
        site is not None
        and site.role is Role.ARGUMENT
        and analysis.summaries.call_effects(site) == {Effect.BORROWS}
    )


def held_at(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> Iterator[Exit]:
    """The exits of a variable's scope that some path reaches before the string is given away."""
    solution = solve(graph, _Held(analysis, graph, variable))
    return (step.action for step in solution.steps() if step.before and isinstance(step.action, Exit))


class _Held(VariableProblem[bool]):
    """Whether the variable may still own the string that it was declared with."""

    def __init__(self, analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> None:
        super().__init__(graph, variable, Flag(), boundary=False)
        self._analysis = analysis

    def transfer(self, action: Action, state: bool) -> bool:
        """The declaration brings the string; it leaves by a use that gives it away, or with the scope."""
        if isinstance(action, Declare):
            return True
        if isinstance(action, Exit):
            return False
        return state and not (isinstance(action, Use) and _gives_away(self._analysis, self.graph, action))


def _gives_away(analysis: Analysis, graph: ControlFlowGraph, use: Use) -> bool:
    site = use.site
    if site.role in (Role.ARGUMENT, Role.RECEIVER):
        return not analysis.summaries.call_effects(site) <= {Effect.BORROWS}
    if site.role is Role.INTERPOLATED:
        return Trait.INTERPOLATION in graph.traits
    return consumes(graph, use)


def drop_obstacles(
    analysis: Analysis, graph: ControlFlowGraph, variable: Variable
) -> dict[Exit, Obstacle | None]:
    """The exits that a variable reaches with its value, each with why the compiler does not drop it there."""
    exits = held_at(analysis, graph, variable)
    return {exit_: analysis.drops.obstacle(graph, variable, exit_) for exit_ in exits}


def lost_at(analysis: Analysis, graph: ControlFlowGraph, variable: Variable) -> list[Exit]:
    """The exits at which a string is not freed only because its name was given away."""
    obstacles = drop_obstacles(analysis, graph, variable)
    return [exit_ for exit_, obstacle in obstacles.items() if obstacle is Obstacle.GIVEN_AWAY]


def bound_variable(graph: ControlFlowGraph, statement: nodes.Node) -> Variable | None:
    """The one variable that a let or var declares."""
    return next(iter(graph.bound_by(statement)), None)
