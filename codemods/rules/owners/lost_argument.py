"""lost-argument: a function that takes over an argument returns early without releasing it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.release_at_exits import Cleanup, before_every_exit
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.obligations import ObligationReport
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo


def check(context: Context) -> Iterator[Diagnostic]:
    """The parameters of private functions that some exits put into the result and others lose."""
    for function, graph in context.graphs():
        if function.owner is not None or function.is_public or graph.function.node.body is None:
            continue
        for variable in graph.variables:
            obligation = _lost(context, graph, variable)
            if obligation is None or not _is_left_by_callers(context, function, variable):
                continue
            lines = sorted({context.line((exit_.value or exit_.node).start) for exit_ in obligation.leaks})
            message = (
                f"{function.name}() takes over `{variable.name}` ({variable.type}) and loses it at other "
                f"exits, on line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
            )
            release = Cleanup.of(obligation)
            repair = before_every_exit(context, graph, release, obligation.leaks, in_place=True)
            yield context.fix(graph, variable, message, repair)


def _lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> ObligationReport | None:
    """The obligation of a parameter that goes into the result on some path and is lost on others."""
    if variable.kind is not VariableKind.PARAMETER or variable.type is None or variable.type.name == "ref":
        return None
    if context.analysis.releases.release_of(variable.type) is None:
        return None
    effects = context.analysis.summaries.fate(graph, variable).effects
    if Effect.RETURNS not in effects or not effects <= {Effect.RETURNS, Effect.BORROWS, Effect.RELEASES}:
        return None
    if any(use.site.role is Role.RETURNED and use.site.through is None for use in graph.uses(variable)):
        return None
    obligation = context.analysis.obligations.of_parameter(graph, variable)
    if obligation is None or not obligation.leaks or obligation.unclear or obligation.overwritten:
        return None
    return obligation


def _is_left_by_callers(context: Context, function: FunctionInfo, variable: Variable) -> bool:
    """Whether every caller passes an owner of its own by name and has no use for it afterwards."""
    mentioned = sum(token.text == function.name for token in context.file.tree.tokens())
    called = 0
    for _, graph in context.graphs():
        for action in graph.reachable_actions:
            if not isinstance(action, Use) or action.site.callee is not function:
                continue
            if function.values[action.site.position].name != variable.name:
                continue
            called += 1
            if not _gives_away(context, graph, action):
                return False
            owner = action.variable
            views = context.analysis.summaries.fate(graph, owner).views
            later = graph.uses_after(action, owner)
            if any(use.variable in views and use.variable.type == owner.type for use in later):
                return False
    return called > 0 and mentioned == called + 1


def _gives_away(context: Context, graph: ControlFlowGraph, given: Use) -> bool:
    """Whether a caller passes an owner of its own, and nothing else of it holds it."""
    owner = given.variable
    return (
        given.site.role is Role.ARGUMENT
        and given.site.through is None
        and owner.kind in (VariableKind.LET, VariableKind.VAR)
        and context.analysis.summaries.variable_origin(graph, owner).is_fresh
        and all(
            _only_reads(context, use)
            for use in graph.uses(owner)
            if use is not given and use.node is not given.node
        )
    )


def _only_reads(context: Context, use: Use) -> bool:
    """Whether a use neither puts the owner into something else nor gives it to another name."""
    if use.site.role in (Role.ARGUMENT, Role.RECEIVER):
        return context.analysis.summaries.call_effects(use.site) <= {Effect.BORROWS, Effect.RELEASES}
    return use.site.role in (Role.FIELD, Role.REFERENCED, Role.OPERAND, Role.CONDITION)


RULE = Rule(
    name="lost-argument",
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
            "An early return loses the list",
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
            "A caller releases it",
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
            "A public function",
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
