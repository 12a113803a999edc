"""lost-argument: a function that takes over an argument returns early without releasing it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.release_at_exits import Cleanup, before_every_exit
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind, uses_behind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.obligations import Obligation
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo

NAME = "lost-argument"


def check(context: Context) -> Iterator[Diagnostic]:
    """The parameters of private functions that some exits put into the result and others lose."""
    for function, graph in context.graphs():
        if function.owner is not None or function.is_public or graph.function.node.body is None:
            continue
        for variable in graph.variables:
            obligation = _lost(context, graph, variable)
            if obligation is not None and _is_left_by_callers(context, function, variable):
                yield _proposal(context, graph, obligation)


def _lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> Obligation | None:
    """The obligation of a parameter that goes into the result on some path and is lost on others."""
    if variable.kind is not VariableKind.PARAMETER or variable.type is None or variable.type.name == "ref":
        return None
    if context.analysis.releases.release_of(variable.type) is None:
        return None
    effects = context.analysis.fate(graph, variable).effects
    if Effect.RETURNS not in effects or not effects <= {Effect.RETURNS, Effect.BORROWS, Effect.RELEASES}:
        return None
    if any(use.site.role is Role.RETURNED and use.site.through is None for use in graph.uses(variable)):
        return None
    obligation = context.analysis.parameter_obligation(graph, variable)
    if obligation is None or not obligation.leaks or obligation.unclear or obligation.overwritten:
        return None
    return obligation


def _is_left_by_callers(context: Context, function: FunctionInfo, variable: Variable) -> bool:
    """Whether every caller passes an owner of its own by name and has no use for it afterwards."""
    mentioned = sum(token.text == function.name for token in context.file.tree.tokens())
    called = 0
    for _, graph in context.graphs():
        for block in graph.reachable():
            for position, action in enumerate(block.actions):
                if not isinstance(action, Use) or action.site.callee is not function:
                    continue
                site = action.site
                if function.values[site.position].name != variable.name:
                    continue
                called += 1
                owner = action.variable
                if site.role is not Role.ARGUMENT or site.through is not None:
                    return False
                if owner.kind not in (VariableKind.LET, VariableKind.VAR):
                    return False
                if not context.analysis.variable_origin(graph, owner).is_fresh:
                    return False
                if _is_held_besides(context, graph, owner, action):
                    return False
                views = {
                    each for each in context.analysis.fate(graph, owner).views if each.type == owner.type
                }
                if any(use.variable in views for use in uses_behind(block, position, owner)):
                    return False
    return called > 0 and mentioned == called + 1


def _is_held_besides(context: Context, graph: ControlFlowGraph, owner: Variable, given: Use) -> bool:
    """Whether a caller also puts the owner into something else, or gives it to another name."""
    for use in graph.uses(owner):
        if use is given or use.node is given.node:
            continue
        passed = use.site.role in (Role.ARGUMENT, Role.RECEIVER)
        effects = context.analysis.call_effects(use.site) if passed else frozenset()
        borrows = passed and effects <= {Effect.BORROWS, Effect.RELEASES}
        reads = use.site.role in (Role.FIELD, Role.REFERENCED, Role.OPERAND, Role.CONDITION)
        if not borrows and not reads:
            return True
    return False


def _proposal(context: Context, graph: ControlFlowGraph, obligation: Obligation) -> Diagnostic:
    variable = obligation.variable
    release = Cleanup(f"{variable.name}.{obligation.release.name}()", variable, frozenset(obligation.views))
    lines = sorted({context.line((exit_.value or exit_.node).start) for exit_ in obligation.leaks})
    message = (
        f"{graph.function.name}() takes over `{variable.name}` ({variable.type}) and loses it where it "
        f"leaves without it, on line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
    )
    repair = before_every_exit(context, graph, release, obligation.leaks, in_place=True)
    return context.fix(graph, variable, message, repair)


RULE = Rule(
    name=NAME,
    summary="A function takes over an argument and loses it where it returns early.",
    reason=(
        "What is passed by value to a free function counts as given away: the caller does not drop it, and "
        "the compiler drops no parameter. A function that puts it into its result on success must release "
        "it itself where it returns something else. That is written only in private functions whose callers "
        "all pass an owner of their own and do not use it again."
    ),
    check=check,
    examples=(
        Fixed(
            "an early return loses the list",
            """\
use std::collections::List

pub type Track {
    points: List[I64],
    length: I64,
}

func empty_track() -> Track {
    return Track { points: List[I64]::new(2), length: 0 }
}

func track_of(points: List[I64], length: I64) -> Track {
    let marks: List[I64] = List[I64]::new(2)
    marks.push(length)
    if length < 1 {
        marks.destroy()
        return empty_track()
    }
    marks.destroy()
    return Track { points: points, length: length }
}

pub func make_track(length: I64) -> Track {
    let points: List[I64] = List[I64]::new(2)
    points.push(length)
    let track: Track = track_of(points, length)
    return track
}
""",
            """\
use std::collections::List

pub type Track {
    points: List[I64],
    length: I64,
}

func empty_track() -> Track {
    return Track { points: List[I64]::new(2), length: 0 }
}

func track_of(points: List[I64], length: I64) -> Track {
    let marks: List[I64] = List[I64]::new(2)
    marks.push(length)
    if length < 1 {
        marks.destroy()
        points.destroy()
        return empty_track()
    }
    marks.destroy()
    return Track { points: points, length: length }
}

pub func make_track(length: I64) -> Track {
    let points: List[I64] = List[I64]::new(2)
    points.push(length)
    let track: Track = track_of(points, length)
    return track
}
""",
        ),
        Untouched(
            "a caller releases it",
            """\
use std::collections::List

pub type Track {
    points: List[I64],
    length: I64,
}

func track_of(points: List[I64], length: I64) -> Track {
    if length < 1 {
        return Track { points: List[I64]::new(2), length: 0 }
    }
    return Track { points: points, length: length }
}

pub func make_track(length: I64) -> Track {
    let points: List[I64] = List[I64]::new(2)
    let track: Track = track_of(points, length)
    if length < 1 {
        points.destroy()
    }
    return track
}
""",
        ),
        Untouched(
            "a public function",
            """\
use std::collections::List

pub type Track {
    points: List[I64],
    length: I64,
}

pub func track_of(points: List[I64], length: I64) -> Track {
    if length < 1 {
        return Track { points: List[I64]::new(2), length: 0 }
    }
    return Track { points: points, length: length }
}
""",
        ),
    ),
)
