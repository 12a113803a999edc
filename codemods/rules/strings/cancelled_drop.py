"""cancelled-drop: a string passed by name to a private function is never freed."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.naming import other_names, quoted_names
from codemods.fixes.rename import rename
from codemods.fixes.workarounds import (
    CAST_IS_FREED,
    NAMED_ALONE,
    PUBLIC_TAKES_NOTHING,
    comment_above,
    explained,
)
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import is_visible
from codemods.ownership.string_dataflow import states_at_exits
from codemods.ownership.variable_states import State
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR, FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit

_FEW = 2
"""So many arguments are cast. For more, or where another string takes the place of one, the function is made
public, which changes its signature."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The private functions of the file that strings are passed to and lost."""
    if context.file.is_test:
        return
    lost: dict[FunctionInfo, list[tuple[ControlFlowGraph, Use]]] = {}
    for _, graph in context.graphs():
        for use in graph.all_uses:
            if use.site.callee is not None and _is_lost(context, graph, use):
                lost.setdefault(use.site.callee, []).append((graph, use))
    for callee, uses in lost.items():
        freed = [(graph, use) for graph, use in uses if _may_be_freed(context, graph, use.variable)]
        are_few = len(freed) == len(uses) <= _FEW and not any(
            graph.is_assigned(use.variable) for graph, use in uses
        )
        if not are_few and _may_be_public(context, callee):
            yield _make_public(context, callee, uses)
        else:
            for graph, use in freed:
                yield _cast(context, graph, use, callee)


# -- what is lost ---------------------------------------------------------------------------------


def _is_lost(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a string would be freed if it were not named here and in other such calls."""
    if not _is_cancelled(context, graph, use):
        return False
    drops = context.analysis.drops
    callees = _cancelling(context, graph, use.variable)
    return any(
        drops.covers(graph, use.variable, exit_, callees) and not drops.covers(graph, use.variable, exit_)
        for exit_, _ in states_at_exits(context.analysis.summaries, graph, use.variable)
    )


def _cancelling(context: Context, graph: ControlFlowGraph, variable: Variable) -> set[FunctionInfo]:
    """The private functions that cancel the drop of a variable."""
    return {
        use.site.callee
        for use in graph.uses(variable)
        if use.site.callee is not None and _is_cancelled(context, graph, use)
    }


def _is_cancelled(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether the compiler treats a string as given away here because it finds no signature."""
    site, variable = use.site, use.variable
    if site.role is not Role.ARGUMENT or site.through is not None or site.callee is None:
        return False
    if isinstance(site.parent, nodes.MethodCall) or is_visible(graph, site.callee):
        return False
    return variable.type == STR and context.analysis.drops.is_registered(variable)


# -- what may be freed ----------------------------------------------------------------------------


def _may_be_freed(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the compiler may free the variable at the end of its block, and others of its name."""
    others = [
        other
        for other in graph.named(variable.name)
        if other is not variable and context.analysis.drops.is_registered(other)
    ]
    return (
        all(_is_new(context, graph, named) for named in (variable, *others))
        and (_is_only_read(context, graph, variable) or _is_given_away_last(context, graph, variable))
        and all(_is_only_read(context, graph, other) for other in others)
    )


def _is_new(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the variable holds strings of its own, and no view whose maker has an allocating name."""
    return context.analysis.summaries.variable_origin(graph, variable).is_fresh


def _is_only_read(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    return context.analysis.summaries.fate(graph, variable).is_only_read


def _is_given_away_last(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether the compiler would drop the variable only at exits where the function still owns it."""
    analysis = context.analysis
    if graph.is_assigned(variable):
        return False
    callees = _cancelling(context, graph, variable)
    return all(
        states == {State.OWNED}
        for exit_, states in states_at_exits(analysis.summaries, graph, variable)
        if analysis.drops.covers(graph, variable, exit_, callees)
    )


def _may_be_public(context: Context, callee: FunctionInfo) -> bool:
    """Whether making the function public changes nothing but the drops of what it is given.

    The compiler looks signatures up by bare name, so the name must be the function's alone; and every
    string that any function of the file passes to it must be one that may be freed.
    """
    if callee.owner is not None or len(context.analysis.index.free_functions[callee.name]) != 1:
        return False
    return all(
        context.analysis.summaries.call_effects(use.site) == {Effect.BORROWS}
        and _may_be_freed(context, graph, use.variable)
        and not _needs_new_name(context, graph, use.variable)
        for _, graph in context.graphs()
        for use in graph.all_uses
        if use.site.callee is callee and context.analysis.drops.is_registered(use.variable)
    )


def _needs_new_name(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether another function gives the name away, which the compiler does not forget between methods."""
    return graph.function.owner is not None and context.names.is_consumed(variable.name, graph.function)


# -- the repairs ----------------------------------------------------------------------------------


def _make_public(
    context: Context, callee: FunctionInfo, uses: list[tuple[ControlFlowGraph, Use]]
) -> Diagnostic:
    names = sorted({use.variable.name for _, use in uses})
    message = (
        f"{callee.name}() is private, so the compiler treats {quoted_names(names)} as given away to it "
        "and never frees what it only reads"
    )
    keyword = next(
        child for child in callee.node.children if not isinstance(child, nodes.Decorator | nodes.Visibility)
    )
    edits = (
        comment_above(context, keyword.start, PUBLIC_TAKES_NOTHING),
        SourceEdit(keyword.start, keyword.start, b"pub "),
    )
    return context.fix(callee, callee.node.name_token, message, Repair(edits))


def _cast(context: Context, graph: ControlFlowGraph, use: Use, callee: FunctionInfo) -> Diagnostic:
    """Cast an argument; the first cast of a function gets a comment."""
    name = use.variable.name
    message = (
        f"`{name}` is never freed: the compiler treats it as given away to {callee.name}(), which is private"
    )
    repair = Repair((SourceEdit(use.node.end, use.node.end, b" as Str"),))
    if _needs_new_name(context, graph, use.variable):
        names = other_names(graph.function, name, use.variable.value)
        name = context.names.for_dropped(graph.function, *names)
        renamed = rename(graph, use.variable, name)
        cast = SourceEdit(use.node.start, use.node.end, f"{name} as Str".encode())
        repair = Repair(tuple(cast if edit.start == cast.start else edit for edit in renamed.edits))
        repair = explained(context, graph.function, use.variable.node, NAMED_ALONE, repair)
    repair = explained(context, graph.function, use.node, CAST_IS_FREED, repair)
    return context.fix(graph, use.node, message, repair)


RULE = Rule(
    name="cancelled-drop",
    summary="A string passed by name to a private library function is never freed.",
    reason=(
        "The compiler does not find the signature of a private function of a library module, and treats "
        "every variable passed to it as given away. A function that only reads the string is made public, "
        "so that its signature is found. Where that would free something else too, the one argument is cast "
        "to Str: a cast is not a name, so the drop stays."
    ),
    check=check,
    examples=(
        Fixed(
            "The function becomes public",
            """\
use core::str

func colon_in(text: Str) -> I64 {
    var i: I64 = 0
    loop (i < str::len(text) and str::char_at(text, i) != 58) {
        i = i + 1
    }
    return i
}

pub func host_length(address: Str) -> I64 {
    let trimmed: Str = str::trim(address)
    let colon: I64 = colon_in(trimmed)
    return colon
}
""",
            """\
use core::str

func colon_in(text: Str) -> I64 {
    var i: I64 = 0
    loop (i < str::len(text) and str::char_at(text, i) != 58) {
        i = i + 1
    }
    return i
}

pub func host_length(address: Str) -> I64 {
    let trimmed: Str = str::trim(address)
    // compiler defect private-callee-takes-strings: without the cast nothing frees it
    let colon: I64 = colon_in(trimmed as Str)
    return colon
}
""",
        ),
        Fixed(
            "A cast, where another caller gives its string away",
            """\
use core::str

pub type Name {
    text: Str,
}

func width_of(text: Str) -> I64 {
    return str::len(text)
}

pub func named(line: Str) -> Name {
    let kept: Str = str::trim(line)
    let width: I64 = width_of(kept)
    var text: Str = kept
    if width == 0 {
        text = "none"
    }
    return Name { text: text }
}

pub func width(line: Str) -> I64 {
    let trimmed: Str = str::trim(line)
    let found: I64 = width_of(trimmed)
    return found
}
""",
            """\
use core::str

pub type Name {
    text: Str,
}

func width_of(text: Str) -> I64 {
    return str::len(text)
}

pub func named(line: Str) -> Name {
    let kept: Str = str::trim(line)
    let width: I64 = width_of(kept)
    var text: Str = kept
    if width == 0 {
        text = "none"
    }
    return Name { text: text }
}

pub func width(line: Str) -> I64 {
    let trimmed: Str = str::trim(line)
    // compiler defect private-callee-takes-strings: without the cast nothing frees it
    let found: I64 = width_of(trimmed as Str)
    return found
}
""",
        ),
        Untouched(
            "A public function",
            """\
use core::str

pub func width_of(text: Str) -> I64 {
    return str::len(text)
}

pub func width(line: Str) -> I64 {
    let trimmed: Str = str::trim(line)
    let found: I64 = width_of(trimmed)
    return found
}
""",
        ),
    ),
)
