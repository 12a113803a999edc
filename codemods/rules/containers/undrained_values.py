"""undrained-values: a list of structs is destroyed without what its elements own."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.drain_list import final_releases, is_release, loop_until_empty, unreleased_exits
from codemods.fixes.list_elements import (
    are_handed_over,
    drops_copy,
    element_of,
    release_of_element,
    release_taken_out,
)
from codemods.fixes.naming import describe_exits, element_name
from codemods.fixes.owners import may_hold_variable
from codemods.fixes.release_at_exits import Cleanup, before_every_exit, exits_of
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.obligations import ObligationReport
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import Type
from tml_ast import nodes
from tml_ast.edit import insert_statement_before


def check(context: Context) -> Iterator[Diagnostic]:
    """The lists that are destroyed while their elements still own something."""
    for _, graph in context.graphs():
        taken: set[str] = set()
        for variable in graph.variables:
            if variable.kind not in (VariableKind.LET, VariableKind.VAR):
                continue
            element = _owning_element(context, graph, variable)
            if element is None or not _may_be_drained(context, graph, variable, element):
                continue
            destroyed = _destroyed_full(context, graph, variable)
            dropped = None if destroyed else _dropped_full(context, graph, variable)
            if not destroyed and dropped is None:
                continue
            message = f"destroying `{variable.name}` frees nothing that its {element.bare} elements own"
            loop = _loop(context, graph, variable, element, taken)
            if dropped is None:
                if others := unreleased_exits(graph, variable):
                    message += (
                        f"; not fixed at {describe_exits(others, context.line)}, where the compiler drops it"
                    )
                source, tree = context.file.source, context.file.tree
                edits = (insert_statement_before(source, tree, statement, loop) for statement in destroyed)
                repair: Repair | Refusal = Repair(tuple(edits))
            else:
                code = f"{loop}\n{dropped.release.statement_on(variable.name)}"
                cleanup = Cleanup(code, variable, frozenset(dropped.views))
                repair = before_every_exit(context, graph, cleanup)
            yield context.fix(graph, variable, message, repair)


def _owning_element(context: Context, graph: ControlFlowGraph, variable: Variable) -> Type | None:
    """The type of the elements of a list that nobody but the list has, if they own something."""
    element = element_of(variable.type)
    if element is None or element.is_str or not release_of_element(context, element, "item"):
        return None
    return element if are_handed_over(context, context.fields.list_elements(graph, variable)) else None


def _may_be_drained(context: Context, graph: ControlFlowGraph, variable: Variable, element: Type) -> bool:
    """Whether no element of the list is released or kept elsewhere; a copy of one may be read."""
    fate = context.analysis.summaries.fate(graph, variable)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RELEASES}:
        return False
    if drops_copy(context.analysis, graph, variable, element):
        return False
    if variable.value is not None and may_hold_variable(context, graph, variable.value):
        return False
    kept = () if context.analysis.drops.kind(element) is DropKind.NOTHING else (element,)
    views = fate.views - {variable}
    return not any(view.type is None or view.type.target() in (*kept, variable.type) for view in views)


def _destroyed_full(
    context: Context, graph: ControlFlowGraph, variable: Variable
) -> list[nodes.ExpressionStatement]:
    """The statements that destroy the list; none where an element is still read afterwards."""
    releases = final_releases(graph, variable, context.analysis.summaries.fate(graph, variable).views)
    if isinstance(releases, Refusal):
        return []
    parents = [context.parent(release.call) for release in releases]
    statements = [parent for parent in parents if isinstance(parent, nodes.ExpressionStatement)]
    return statements if len(statements) == len(parents) else []


def _dropped_full(context: Context, graph: ControlFlowGraph, variable: Variable) -> ObligationReport | None:
    """The obligation of a list that the compiler drops at each exit, and nothing releases before."""
    obligations = context.obligations(graph)
    obligation = next((candidate for candidate in obligations if candidate.variable is variable), None)
    if obligation is None or not obligation.dropped:
        return None
    if any(is_release(use, variable) for use in graph.uses(variable)):
        return None
    dropped = {id(exit_) for exit_ in obligation.dropped}
    return obligation if dropped == {id(exit_) for exit_ in exits_of(graph, variable)} else None


def _loop(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    element: Type,
    taken: set[str],
) -> str:
    """The loop that takes out and releases each element; a name in it is added to those ``taken``."""
    item = element_name(context, graph.function, element, variable.name, taken)
    taken.add(item)
    return loop_until_empty(variable.name, release_taken_out(context, element, variable.name, item))


RULE = Rule(
    name="undrained-values",
    summary="A list of structs is destroyed without what its elements own.",
    reason=(
        "A list frees its own storage and never its elements, and the compiler drops what an element owns "
        "only where a variable holds it. So each element is taken out and released before the list is "
        "destroyed."
    ),
    check=check,
    examples=(
        Fixed(
            "A list that is destroyed by hand",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    found.push(Part { text: str::substring(line, 0, 2) })
    return found
}

pub func count_parts(line: Str) -> I64 {
    let parts = parts_of(line)
    let count: I64 = parts.len()
    parts.destroy()
    return count
}
""",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    found.push(Part { text: str::substring(line, 0, 2) })
    return found
}

pub func count_parts(line: Str) -> I64 {
    let parts = parts_of(line)
    let count: I64 = parts.len()
    loop (parts.len() > 0) {
        parts.pop().destroy()
    }
    parts.destroy()
    return count
}
""",
        ),
        Untouched(
            "An element that is still read",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

impl Part {
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    found.push(Part { text: str::substring(line, 0, 2) })
    return found
}

pub func first_size(line: Str) -> I64 {
    let parts = parts_of(line)
    let first = parts.get(0)
    let size: I64 = str::len(first.text)
    parts.destroy()
    return size
}
""",
        ),
    ),
)
