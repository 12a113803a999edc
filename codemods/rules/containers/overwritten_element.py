"""overwritten-element: a list loses an element that only the list held, and nothing releases it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.drained_fields import element_releases
from codemods.fixes.list_elements import are_handed_over, callers_hand_over, element_of, is_freed_by_users
from codemods.fixes.naming import short_code, snake_case
from codemods.fixes.one_line_block import is_one_line, spread_out
from codemods.fixes.viewing_callers import is_viewed_by_callers
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Site, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.handovers import handed_over
from codemods.ownership.summaries.takeovers import moves_last
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, UNIT, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after, insert_statement_before

_BORROWS = frozenset((Effect.BORROWS,))
_LOSING = {
    ("set", 2): ("replaces an element", "it"),
    ("pop", 0): ("takes out an element", "it"),
    ("clear", 0): ("gives up elements", "them"),
}
"""The methods of a list that lose elements, with the number of their arguments, and what to say of it."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls that lose an element of a list in a field, or all of them."""
    if context.file.is_test or not any(
        name in context.file.source for name in (b".set(", b".clear(", b".pop(")
    ):
        return
    for _, graph in context.graphs():
        for call in graph.calls:
            node = call.node
            if not isinstance(node, nodes.MethodCall) or (node.name, len(call.arguments)) not in _LOSING:
                continue
            if _is_pop(node) and call.site.role is not Role.DISCARDED:
                continue
            list_ = node.receiver
            element = element_of(graph.type_of(list_))
            if element is None or element.is_str or not isinstance(list_, nodes.FieldAccess):
                continue
            releases = _lost(context, graph, call, list_)
            if releases:
                lost, it = _LOSING[node.name, len(call.arguments)]
                message = (
                    f"`{short_code(node.text)}` {lost} that nothing else holds, and nothing releases {it}"
                )
                yield context.fix(graph, node, message, _released(context, graph, call, element, releases))


def _lost(
    context: Context, graph: ControlFlowGraph, call: CallSite, list_: nodes.FieldAccess
) -> tuple[str, ...]:
    """What must be called on each element that is lost; nothing if something else may hold it."""
    type_ = graph.type_of(list_.object)
    owner = type_.target() if type_ is not None else None
    use = graph.use_at(list_.object)
    if owner is None or use is None or context.analysis.releases.release_of(owner) is graph.function:
        return ()
    releases = element_releases(context, owner, list_.name)
    if not releases or (call.arguments and not _is_new(context, graph, call)):
        return ()
    moved = (other.node for other in graph.calls if moves_last(graph, other.node) is not None)
    if _takes_element(context, graph, list_, use) or (_is_pop(call.node) and any(moved)):
        return ()
    fate = context.analysis.summaries.fate(graph, use.variable)
    views = (
        view
        for view in fate.views - {use.variable}
        if view.kind is not VariableKind.PARAMETER and not _is_on_another_path(graph, view, use)
    )
    if fate.view_escapes or any(view.type is None or view.type.name not in SCALARS for view in views):
        return ()
    return releases if not _is_held_elsewhere(context, graph, owner, list_.name) else ()


def _is_pop(node: nodes.Node) -> bool:
    return isinstance(node, nodes.MethodCall) and node.name == "pop"


def _is_on_another_path(graph: ControlFlowGraph, view: Variable, use: Use) -> bool:
    """Whether a variable is read from what is used on paths only that do not come past the use."""
    read = (
        [other for other in graph.uses_in(view.value) if other.variable is use.variable] if view.value else []
    )
    return bool(read) and not any(graph.share_a_path(other, use) for other in read)


def _takes_element(context: Context, graph: ControlFlowGraph, list_: nodes.FieldAccess, use: Use) -> bool:
    """Whether the function does more with the list, or an element, than to ask and to change it."""
    for access in graph.nodes_of(nodes.FieldAccess):
        other = graph.use_at(access.object)
        if access.name != list_.name or (other is not None and not graph.share_a_path(other, use)):
            continue
        site = graph.site_of(access)
        call = graph.call_at(site.parent) if site is not None and site.role is Role.RECEIVER else None
        if call is None or call.type is None:
            return True
        is_number = call.type == UNIT or call.type.name in SCALARS
        if not is_number and not _leaves_element(context, graph, graph.site_of(call.node)):
            return True
    return False


def _leaves_element(context: Context, graph: ControlFlowGraph, read: Site | None) -> bool:
    """Whether an element is only asked for a number, or discarded, or moves within its list."""
    if read is None or (read.role is Role.ARGUMENT and moves_last(graph, read.parent) is not None):
        return read is not None
    if read.role is Role.DISCARDED:
        return isinstance(read.parent, nodes.ExpressionStatement)
    while read is not None and read.role in (Role.FIELD, Role.RECEIVER):
        part = graph.type_of(read.parent)
        if read.role is Role.RECEIVER and not context.analysis.summaries.call_effects(read) <= _BORROWS:
            return False
        if part is not None and part.name in SCALARS:
            return True
        read = graph.site_of(read.parent) if read.role is Role.FIELD else None
    return False


def _is_new(context: Context, graph: ControlFlowGraph, call: CallSite) -> bool:
    """Whether the list gets something that was made for it, that every caller hands over, or its own last."""
    if moves_last(graph, call.node) is not None:
        return True
    given = handed_over(context.analysis, graph, call.arguments[1])
    return given is not None and callers_hand_over(context, given)


def _is_held_elsewhere(context: Context, graph: ControlFlowGraph, owner: Type, field: str) -> bool:
    """Whether an element may be another's as well, or callers or methods use or release what they read."""
    return (
        not are_handed_over(context, context.fields.elements(owner, field))
        or is_viewed_by_callers(context, graph.function)
        or is_freed_by_users(context, owner, field)
    )


def _released(
    context: Context, graph: ControlFlowGraph, call: CallSite, element: Type, releases: tuple[str, ...]
) -> Repair | Refusal:
    """Release the old elements in front of the statement."""
    node = call.node
    assert isinstance(node, nodes.MethodCall)
    statement = context.statement_of(node)
    block = context.parent(statement)
    inner = statement.expression if isinstance(statement, nodes.ExpressionStatement) else statement
    if inner is not node or not isinstance(block, nodes.Block):
        return Refusal("it is part of a larger expression")
    place = moves_last(graph, node)
    if place is not None and place is not statement:
        statement, block = place, context.parent(place)
        assert isinstance(block, nodes.Block)
    stem = snake_case(element.bare)
    name = context.names.for_dropped(graph.function, f"old_{stem}", f"replaced_{stem}")
    released = [f"{name}{release}" for release in releases]
    source, tree = context.file.source, context.file.tree
    before, changed, after, edits = list[str](), statement.text, list[str](), list[SourceEdit]()
    if _is_pop(node):
        changed, after = f"let {name} = {statement.text}", released
        edits.append(SourceEdit(statement.start, statement.start, f"let {name} = ".encode()))
        edits.append(insert_statement_after(source, tree, statement, "\n".join(released)))
    elif not call.arguments:
        at = context.names.for_dropped(graph.function, "i", f"{stem}_index")
        inside = [f"let {name} = {node.receiver.text}.get({at})", *released, f"{at} = {at} + 1"]
        before = [f"var {at}: I64 = 0", f"loop ({at} < {node.receiver.text}.len()) {{"]
        before += [*(f"\t{line}" for line in inside), "}"]
    else:
        index = call.arguments[0]
        at = index.text
        if not context.purity.is_pure(graph, index):
            at = context.names.for_dropped(graph.function, f"{stem}_index", f"index_of_{stem}")
            before.append(f"let {at}: I64 = {index.text}")
            edits.append(SourceEdit(index.start, index.end, at.encode()))
            changed = statement.text.replace(index.text, at, 1)
        before += [f"let {name} = {node.receiver.text}.get({at})", *released]
    if is_one_line(source, block):
        kept = [other.text for other in block.statements]
        position = block.statements.index(statement)
        kept[position : position + 1] = [*before, changed, *after]
        return Repair((spread_out(source, block, kept),))
    if before:
        edits.append(insert_statement_before(source, tree, statement, "\n".join(before)))
    return Repair(tuple(edits))


RULE = Rule(
    name="overwritten-element",
    summary="A list loses an element that nothing else holds, and nothing releases it.",
    reason=(
        "A list never frees its elements, and neither do set(), clear() and a pop() without a use. Where the "
        "release of a struct releases every element of its list, the list owns them; what is replaced, "
        "cleared or popped is then not there any more. It is released beside the call, in the way of that "
        "release, unless the method, a caller or another method may still hold it."
    ),
    check=check,
    examples=(
        Fixed(
            "A method that makes one element anew",
            """\
use std::collections::List
use demo::prelude::Reel

pub type Rack {
    reels: List[Reel],
}

impl Rack {
    pub func of(size: I64) -> Rack {
        let reels: List[Reel] = List[Reel].new(2)
        reels.push(Reel::new(size))
        return Rack { reels: reels }
    }

    pub func reload(mut this, at: I64, size: I64) {
        this.reels.set(at, Reel::new(size))
    }

    pub func destroy(mut this) {
        var i: I64 = 0
        loop (i < this.reels.len()) {
            let reel: Reel = this.reels.get(i)
            reel.destroy()
            i = i + 1
        }
        this.reels.destroy()
    }
}
""",
            """\
use std::collections::List
use demo::prelude::Reel

pub type Rack {
    reels: List[Reel],
}

impl Rack {
    pub func of(size: I64) -> Rack {
        let reels: List[Reel] = List[Reel].new(2)
        reels.push(Reel::new(size))
        return Rack { reels: reels }
    }

    pub func reload(mut this, at: I64, size: I64) {
        let old_reel = this.reels.get(at)
        old_reel.destroy()
        this.reels.set(at, Reel::new(size))
    }

    pub func destroy(mut this) {
        var i: I64 = 0
        loop (i < this.reels.len()) {
            let reel: Reel = this.reels.get(i)
            reel.destroy()
            i = i + 1
        }
        this.reels.destroy()
    }
}
""",
        ),
        Untouched(
            "The method hands the old element out",
            """\
use std::collections::List
use demo::prelude::Reel

pub type Rack {
    reels: List[Reel],
}

impl Rack {
    pub func exchange(mut this, at: I64, size: I64) -> Reel {
        let old: Reel = this.reels.get(at)
        this.reels.set(at, Reel::new(size))
        return old
    }

    pub func destroy(mut this) {
        var i: I64 = 0
        loop (i < this.reels.len()) {
            let reel: Reel = this.reels.get(i)
            reel.destroy()
            i = i + 1
        }
        this.reels.destroy()
    }
}
""",
        ),
    ),
)
