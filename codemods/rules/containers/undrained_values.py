"""undrained-values: a list of structs is destroyed, and the strings that its elements own stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.naming import owner_name
from codemods.fixes.release_at_exits import Cleanup, before_every_exit, exits_of
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind, uses_after
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.obligations import Obligation
from codemods.ownership.struct_lists import element_type
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import RELEASE_NAMES, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import insert_statement_before

NAME = "undrained-values"


def check(context: Context) -> Iterator[Diagnostic]:
    """The lists that are destroyed while their elements still own something."""
    for _, graph in context.graphs():
        taken: set[str] = set()
        for variable in graph.variables:
            if variable.kind not in (VariableKind.LET, VariableKind.VAR):
                continue
            element = element_type(context.fields, graph, variable)
            release = context.analysis.releases.release_of(element)
            if element is None or release is None or not context.analysis.releases.is_idempotent(element):
                continue
            if not _may_be_drained(context, graph, variable, element):
                continue
            places = _destroyed_full(context, graph, variable)
            obligation = next(
                (each for each in context.obligations(graph) if each.variable is variable), None
            )
            if places:
                yield _proposal(context, graph, variable, element, release, taken, places=places)
            elif obligation is not None and _is_dropped_full(obligation):
                yield _proposal(context, graph, variable, element, release, taken, dropped=obligation)


def _may_be_drained(context: Context, graph: ControlFlowGraph, variable: Variable, element: Type) -> bool:
    """Whether no element of the list is released or kept elsewhere."""
    fate = context.analysis.fate(graph, variable)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RELEASES}:
        return False
    views = fate.views - {variable}
    return not any(each.type is None or each.type.target() in (element, variable.type) for each in views)


def _is_dropped_full(obligation: Obligation) -> bool:
    """Whether the compiler drops the list at each exit, and nothing releases it before."""
    graph, variable = obligation.graph, obligation.variable
    if not obligation.dropped or any(_is_release(use) for use in graph.uses(variable)):
        return False
    return {id(each) for each in obligation.dropped} == {id(each) for each in exits_of(graph, variable)}


def _destroyed_full(context: Context, graph: ControlFlowGraph, variable: Variable) -> list[nodes.Node]:
    """The statements that destroy the list; none where what is in it is still looked at."""
    views = context.analysis.fate(graph, variable).views - {variable}
    places: list[nodes.Node] = []
    for block in graph.reachable():
        for position, action in enumerate(block.actions):
            if not isinstance(action, Use) or action.variable is not variable or not _is_release(action):
                continue
            statement = context.parent(action.site.parent)
            behind = list(uses_after(block, position, variable))
            again = any(use.variable is variable and _is_release(use) for use in behind)
            if not isinstance(statement, nodes.ExpressionStatement) or again:
                return []
            if any(use.variable in views for use in behind):
                return []
            places.append(statement)
    return places


def _is_release(use: Use) -> bool:
    site = use.site
    return site.role is Role.RECEIVER and site.callee is not None and site.callee.name in RELEASE_NAMES


def _proposal(
    context: Context,
    graph: ControlFlowGraph,
    variable: Variable,
    element: Type,
    release: FunctionInfo,
    taken: set[str],
    *,
    places: Sequence[nodes.Node] = (),
    dropped: Obligation | None = None,
) -> Diagnostic:
    """Release each element in front of the statements that destroy the list, or of its every exit."""
    message = (
        f"destroying `{variable.name}` frees none of the strings that its {element.bare} elements own: "
        f"{element.bare}.{release.name}() is missing"
    )
    item = owner_name(context, graph.function, element, taken)
    index = context.names.for_consumed(graph.function, "i", "k", "index", taken=taken)
    taken |= {item, index}
    lines = [
        f"var {index}: I64 = 0",
        f"loop ({index} < {variable.name}.len()) {{",
        f"    let {item} = {variable.name}.get({index})",
        f"    {item}.{release.name}()",
        f"    {index} = {index} + 1",
        "}",
    ]
    source, tree = context.file.source, context.file.tree
    if dropped is not None:
        lines.append(f"{variable.name}.{dropped.release.name}()")
        cleanup = Cleanup("\n".join(lines), variable, frozenset(dropped.views))
        return context.fix(graph, variable, message, before_every_exit(context, graph, cleanup))
    edits = tuple(insert_statement_before(source, tree, place, "\n".join(lines)) for place in places)
    return context.fix(graph, variable, message, Repair(edits))


RULE = Rule(
    name=NAME,
    summary="A list of structs is destroyed without what its elements own.",
    reason=(
        "A list frees its own storage and never its elements, and the compiler drops what an element owns "
        "only where a variable holds it. So each element is taken out and released before the list is "
        "destroyed."
    ),
    check=check,
    examples=(
        Fixed(
            "",
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
    var i: I64 = 0
    loop (i < parts.len()) {
        let part = parts.get(i)
        part.destroy()
        i = i + 1
    }
    parts.destroy()
    return count
}
""",
        ),
        Fixed(
            "",
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
    var i: I64 = 0
    loop (i < parts.len()) {
        let part = parts.get(i)
        part.destroy()
        i = i + 1
    }
    parts.destroy()
    return count
}
""",
        ),
        Untouched(
            "",
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
