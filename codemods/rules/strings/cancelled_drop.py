"""cancelled-drop: a string passed by name to a private function is never freed."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import quoted_names
from codemods.fixes.rename import rename
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import is_visible
from codemods.ownership.obligations import State
from codemods.ownership.string_dataflow import states_at_exits
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit

NAME = "cancelled-drop"


def check(context: Context) -> Iterator[Diagnostic]:
    """The private functions of the file that strings are lost to."""
    if context.file.is_test:
        return
    lost: dict[FunctionInfo, list[tuple[ControlFlowGraph, Use]]] = {}
    for _, graph in context.graphs():
        for use in graph.all_uses:
            if use.site.callee is not None and _is_lost(context, graph, use):
                lost.setdefault(use.site.callee, []).append((graph, use))
    for callee, uses in lost.items():
        yield from _proposals(context, callee, uses)


def _is_lost(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether naming a string here and in other such places is all that keeps it from being freed."""
    if not _is_cancelled(context, graph, use):
        return False
    drops = context.analysis.drops
    callees = _cancelling(context, graph, use.variable)
    return any(
        State.MOVED not in states
        and drops.covers(graph, use.variable, exit_, callees)
        and not drops.covers(graph, use.variable, exit_)
        for exit_, states in states_at_exits(context.analysis.summaries, graph, use.variable)
    )


def _cancelling(context: Context, graph: ControlFlowGraph, variable: Variable) -> set[FunctionInfo]:
    """The private functions that only read a variable, and cancel its drop."""
    return {
        use.site.callee
        for use in graph.uses(variable)
        if use.site.callee is not None and _is_cancelled(context, graph, use)
    }


def _is_cancelled(context: Context, graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a string is taken for given away here although it is only read."""
    site, variable = use.site, use.variable
    if site.role is not Role.ARGUMENT or site.through is not None or site.callee is None:
        return False
    if isinstance(site.parent, nodes.MethodCall) or is_visible(site.callee, graph.function):
        return False
    if variable.type is None or variable.type.name != "Str":
        return False
    if not context.analysis.drops.is_registered(variable):
        return False
    if not context.analysis.variable_origin(graph, variable).is_fresh:
        return False
    return context.analysis.call_effects(site) == {Effect.BORROWS}


def _refusal(context: Context, graph: ControlFlowGraph, variable: Variable) -> str | None:
    """Why the compiler must not free the variable at the end of its block, if there is a reason."""
    fate = context.analysis.fate(graph, variable)
    given = fate.view_escapes or not fate.effects <= {Effect.BORROWS}
    if given and not _is_given_away_last(context, graph, variable):
        return "its text lives on elsewhere or is freed there already"
    same = [each for each in graph.variables if each.name == variable.name and each is not variable]
    for each in same:
        other = context.analysis.fate(graph, each)
        if context.analysis.drops.is_registered(each) and (
            other.view_escapes or not other.effects <= {Effect.BORROWS}
        ):
            return "another variable of its name would be freed as well"
    return None


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


def _proposals(
    context: Context, callee: FunctionInfo, uses: list[tuple[ControlFlowGraph, Use]]
) -> Iterator[Diagnostic]:
    names = sorted({use.variable.name for _, use in uses})
    message = (
        f"{callee.name}() is private, so the compiler takes {quoted_names(names)} for given away to it "
        "and never frees what it only reads"
    )
    offset = callee.node.name_token.start
    refusals = [(use, _refusal(context, graph, use.variable)) for graph, use in uses]
    if all(reason is None for _, reason in refusals) and _may_be_public(context, callee):
        keyword = next(
            child
            for child in callee.node.children
            if not isinstance(child, nodes.Decorator | nodes.Visibility)
        )
        edits = [SourceEdit(keyword.start, keyword.start, b"pub ")]
        yield Diagnostic(NAME, offset, callee.qualified_name, message, Verdict.FIXED, tuple(edits))
        return
    for graph, use in uses:
        if _refusal(context, graph, use.variable) is not None:
            continue
        own = (
            f"`{use.variable.name}` is never freed: the compiler takes it for given away to {callee.name}(), "
            "which is private"
        )
        edits = [SourceEdit(use.node.end, use.node.end, b" as Str")]
        if graph.function.owner is not None and context.names.is_consumed(use.variable.name, graph.function):
            stem = use.variable.name
            fresh = context.names.for_dropped(graph.function, f"{stem}_text", f"own_{stem}")
            edits = _renamed(graph, use, fresh)
        yield Diagnostic(
            NAME, use.node.start, graph.function.qualified_name, own, Verdict.FIXED, tuple(edits)
        )


def _renamed(graph: ControlFlowGraph, use: Use, name: str) -> list[SourceEdit]:
    edits = []
    for edit in rename(graph, use.variable, name).edits:
        if edit.start == use.node.start:
            edit = SourceEdit(edit.start, edit.end, f"{name} as Str".encode())
        edits.append(edit)
    return edits


def _may_be_public(context: Context, callee: FunctionInfo) -> bool:
    """Whether making the function public changes nothing but the drops of what it is given.

    The compiler looks signatures up by bare name, so the name must be the function's alone; and every
    string that any function of the file passes to it must be one that may be freed.
    """
    index = context.analysis.index
    if callee.owner is not None or len(index.free_functions[callee.name]) != 1:
        return False
    for _, graph in context.graphs():
        for use in graph.all_uses:
            if use.site.callee is not callee:
                continue
            if use.site.role is not Role.ARGUMENT or isinstance(use.site.parent, nodes.MethodCall):
                continue
            if not context.analysis.drops.is_registered(use.variable):
                continue
            if context.analysis.call_effects(use.site) != {Effect.BORROWS}:
                return False
            if _refusal(context, graph, use.variable) is not None:
                return False
            if graph.function.owner is not None and context.names.is_consumed(
                use.variable.name, graph.function
            ):
                return False
    return True


RULE = Rule(
    name=NAME,
    summary="A string passed by name to a private library function is never freed.",
    reason=(
        "The compiler does not find the signature of a private function of a library module, and takes every "
        "name it is given for given away. A function that only reads the string is made public, so that its "
        "signature is found; where that would free something else as well, the one argument is cast to Str, "
        "which is no name and keeps the drop."
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

pub func colon_in(text: Str) -> I64 {
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
