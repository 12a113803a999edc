"""lost-argument: a function that takes over an argument returns early without releasing it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.leaks import leak_paths
from codemods.fixes.release_at_exits import Cleanup, before_every_exit
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import consumes
from codemods.ownership.handovers import Parameter, arguments_for
from codemods.ownership.obligations import ObligationReport
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo
from tml_ast.nodes import Expression

_OWN = (VariableKind.LET, VariableKind.VAR, VariableKind.PARAMETER)
_KEEPING = frozenset((Effect.RETURNS, Effect.RETAINS))


def check(context: Context) -> Iterator[Diagnostic]:
    """The parameters that some exits put into the result, or somewhere else, and others lose."""
    for function, graph in context.graphs():
        if graph.function is not function or function.node.body is None:
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
            repair = before_every_exit(context, graph, release, obligation.leaks)
            paths = leak_paths(obligation, obligation.leaks)
            yield context.fix(graph, variable, message, repair, paths=paths)


def _lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> ObligationReport | None:
    """The obligation of a parameter that is kept on some path, or in the result, and is lost on others."""
    if variable.kind is not VariableKind.PARAMETER or variable.type is None or variable.type.name == "ref":
        return None
    if context.analysis.releases.release_of(variable.type) is None:
        return None
    effects = context.analysis.summaries.fate(graph, variable).effects
    if not effects & _KEEPING or not effects <= _KEEPING | {Effect.BORROWS, Effect.RELEASES}:
        return None
    if any(use.site.role is Role.RETURNED and use.site.through is None for use in graph.uses(variable)):
        return None
    obligation = context.analysis.obligations.of_parameter(graph, variable)
    if obligation is None or not obligation.leaks or obligation.unclear or obligation.overwritten:
        return None
    return obligation


def _is_left_by_callers(context: Context, function: FunctionInfo, variable: Variable) -> bool:
    """Whether there are callers, and each hands over what is its own and has no use for it afterwards."""
    pending = [(function, _position(function, variable))]
    for parameter in pending:
        called = 0
        for value, graph, analysis in _given_for(context, parameter):
            called += 1
            if value is None or not _gives_away(analysis, graph, value):
                return False
            given = graph.use_at(value)
            if given is not None and given.variable.kind is VariableKind.PARAMETER:
                passed = (graph.function, _position(graph.function, given.variable))
                pending += () if passed in pending else (passed,)
        if not called:
            return False
    return True


def _position(function: FunctionInfo, variable: Variable) -> int:
    return [value.name for value in function.values].index(variable.name)


def _given_for(
    context: Context, parameter: Parameter
) -> Iterator[tuple[Expression | None, ControlFlowGraph, Analysis]]:
    """What callers give for a parameter; None for what may be a call, or for the function as a value."""
    function, _ = parameter
    library = context.analysis.index.functions_mentioning([function.name])
    tests = context.tests.functions_mentioning([function.name])
    for analysis, caller in chain(((context.analysis, caller) for caller in library), tests):
        outer = analysis.summaries.graph(caller)
        if outer is None:
            continue
        found = [
            (value, graph, analysis)
            for graph in outer.with_closures()
            for value in arguments_for(analysis, graph, parameter)
        ]
        yield from found
        if (
            function.owner is None
            and caller is not function
            and _mentions(caller, function.name) > len(found)
        ):
            yield None, outer, analysis


def _mentions(caller: FunctionInfo, name: str) -> int:
    return sum(token.text == name for token in caller.node.tokens())


def _gives_away(analysis: Analysis, graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether a caller passes something new, or an owner of its own that it does not look at again."""
    given = graph.use_at(value)
    if given is None:
        return analysis.summaries.origin(graph, value).is_fresh and not any(graph.uses_in(value))
    owner = given.variable
    if given.site.through is not None or owner.kind not in _OWN:
        return False
    if owner.kind is VariableKind.PARAMETER:
        if owner.type is None or owner.type.name == "ref":
            return False
    elif not analysis.summaries.variable_origin(graph, owner).is_fresh:
        return False
    if analysis.drops.is_registered(owner) and not consumes(graph, given):
        return False
    views = analysis.summaries.fate(graph, owner).views | {owner}
    later = graph.uses_after(given, owner)
    others = (use for use in graph.uses(owner) if use is not given and graph.share_a_path(use, given))
    return all(_only_reads(analysis, use) for use in others) and not any(
        use.variable in views and use.variable.type == owner.type for use in later
    )


def _only_reads(analysis: Analysis, use: Use) -> bool:
    """Whether a use neither puts the owner into something else nor gives it to another name."""
    if use.site.role in (Role.ARGUMENT, Role.RECEIVER):
        return analysis.summaries.call_effects(use.site) <= {Effect.BORROWS, Effect.RELEASES}
    return use.site.role in (Role.FIELD, Role.REFERENCED, Role.OPERAND, Role.CONDITION)


RULE = Rule(
    name="lost-argument",
    summary="A function takes over an argument and loses it where it returns early.",
    reason=(
        "What is passed by value to a free function counts as given away: the caller does not drop it, and "
        "the compiler drops no parameter. A function that puts it into its result on success must release "
        "it itself where it returns something else. That is written only where there are callers, and all "
        "of them pass an owner of their own and do not use it again."
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
            "Nobody calls it yet",
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
