"""discarded-owner: a call makes something that must be released, and nothing holds it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import (
    NOT_EVALUATED_ONCE,
    bind_before,
    needed_annotation,
    statement_to_bind_before,
)
from codemods.fixes.bind_in_loop import bind_in_loop
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.lazy_default import lost_defaults, make_where_needed
from codemods.fixes.naming import owner_name, short_code, string_name
from codemods.fixes.open_payload import held_types, open_in_place, opening, owed_payloads, payload_name
from codemods.fixes.owners import is_opened_elsewhere, may_own
from codemods.fixes.temporaries import (
    handed_out,
    is_new,
    is_owed,
    is_released_by_hand,
    may_be_owed,
    undropped_variable,
)
from codemods.fixes.variants import asserted_variant, only_asks
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Site
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.summaries.origins import Origin, is_handed_out
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, STR, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after
from tml_ast.nodes import Expression


def check(context: Context) -> Iterator[Diagnostic]:
    """The owned results that are used once, or not at all, and lost."""
    for _, graph in context.graphs():
        taken: set[str] = set()
        for call in graph.calls:
            if call.constructor or call.callee is None or call.type is None:
                continue
            if _is_unread(call):
                yield from _unread(context, graph, call, call.type, taken)
            else:
                yield from _read_once(context, graph, call.node, taken)
        for node in handed_out(graph):
            yield from _read_once(context, graph, node, taken)
        for handing, default in lost_defaults(context, graph):
            yield from _default(context, graph, handing, default)


def _unbound(type_: Type, node: nodes.Expression) -> str:
    return f"the {type_} that `{short_code(node.text)}` makes is never bound, so nothing can release it"


# -- results that nothing reads -------------------------------------------------------------------


def _is_unread(call: CallSite) -> bool:
    """Whether a result is a statement of its own, or bound to `_`."""
    site = call.site
    if site.through is not None:
        return False
    if site.role is Role.BOUND:
        return isinstance(site.parent, nodes.Let) and isinstance(site.parent.pattern, nodes.WildcardPattern)
    return site.role is Role.DISCARDED and isinstance(site.parent, nodes.ExpressionStatement)


def _unread(
    context: Context, graph: ControlFlowGraph, call: CallSite, type_: Type, taken: set[str]
) -> Iterator[Diagnostic]:
    """Give the result a name, or open it."""
    node = call.node
    is_variant = type_.name in BUILTIN_VARIANTS
    if not is_variant and type_ != STR and not may_be_owed(context, type_):
        return
    if not is_new(context, graph, node) or _passes_on(context, call):
        return
    if type_ == STR:
        yield from _unread_string(context, graph, call, taken)
    elif is_variant:
        owed = owed_payloads(context, graph, node, type_, taken)
        if owed:
            message = (
                f"nothing opens what `{short_code(node.text)}` returns, "
                f"so the {held_types(owed)} in it is never released"
            )
            repair = open_in_place(context, call, type_, owed)
            yield context.fix(graph, node, message, repair)
    else:
        owed_here = is_owed(context, graph, node, type_, dropped=_is_dropped_there(context, call))
        if not owed_here or is_opened_elsewhere(context, graph, node):
            return
        name = payload_name(context, graph, type_, taken, node)
        taken.add(name)
        yield context.fix(graph, node, _unbound(type_, node), _named(context, call, type_, name))


def _passes_on(context: Context, call: CallSite) -> bool:
    """Whether a call may return what it was given."""
    assert call.callee is not None
    return Origin.PASSED in context.analysis.summaries.result(call.callee).origins


def _unread_string(
    context: Context, graph: ControlFlowGraph, call: CallSite, taken: set[str]
) -> Iterator[Diagnostic]:
    """Name a string; in tests the compiler frees it at the end of its statement if its maker is marked."""
    node = call.node
    known = called_name(node) in context.analysis.drops.allocating_names
    if (known and context.file.is_test) or call.site.role is not Role.DISCARDED:
        return
    repair: Repair | Refusal = Refusal("the compiler does not know that it makes one")
    if known:
        name = string_name(context, graph.function, node, taken)
        taken.add(name)
        repair = Repair((SourceEdit(node.start, node.start, f"let {name}: Str = ".encode()),))
    message = f"the string that `{short_code(node.text)}` makes is never bound, so nothing frees it"
    yield context.fix(graph, node, message, repair)


def _is_dropped_there(context: Context, call: CallSite) -> bool:
    """Whether the compiler drops a result that nothing reads: not where it is the value of a block."""
    statement = call.site.parent
    if isinstance(statement, nodes.Let):
        return True
    block = context.parent(statement)
    return not (isinstance(block, nodes.Block) and block.value is call.node)


def _named(context: Context, call: CallSite, type_: Type, name: str) -> Repair | Refusal:
    """Bind a result, and release it at once if the compiler would not."""
    node, statement = call.node, call.site.parent
    if isinstance(statement, nodes.Let):
        edits = [SourceEdit(statement.pattern.start, statement.pattern.end, name.encode())]
    else:
        edits = [SourceEdit(node.start, node.start, f"let {name} = ".encode())]
    release = context.analysis.releases.release_of(type_)
    if release is not None and context.analysis.releases.needs_release(type_):
        uncallable = context.refusal_to_call(release)
        if uncallable is not None:
            return uncallable
        source, tree = context.file.source, context.file.tree
        edits.append(insert_statement_after(source, tree, statement, release.statement_on(name)))
    return Repair(tuple(edits))


def _default(
    context: Context, graph: ControlFlowGraph, call: nodes.MethodCall, default: Expression
) -> Iterator[Diagnostic]:
    """Make a default where it is needed; what is to be bound first is done in the next round."""
    site, type_ = graph.site_of(call), graph.type_of(call)
    if site is None or type_ is None or _is_borrowed_and_lost(context, graph, call, site, type_):
        return
    message = (
        f"the {type_} that `{short_code(default.text)}` makes is lost where "
        f"`{short_code(call.receiver.text)}` holds one"
    )
    yield context.fix(graph, default, message, make_where_needed(context, graph, call, default))


# -- results that are read once -------------------------------------------------------------------


def _read_once(
    context: Context, graph: ControlFlowGraph, node: Expression, taken: set[str]
) -> Iterator[Diagnostic]:
    """Bind a value in front of the statement that reads it."""
    site, type_ = graph.site_of(node), graph.type_of(node)
    if site is None or type_ is None or site.through is not None:
        return
    is_variant = type_.name in BUILTIN_VARIANTS
    lost = _is_asked_and_lost if is_variant else _is_borrowed_and_lost
    if lost(context, graph, node, site, type_):
        refusal = None
        if not is_variant and not is_released_by_hand(context, type_):
            refusal = undropped_variable(context, graph, node, site)
        release = context.analysis.releases.release_of(type_)
        if refusal is None and release is not None and context.analysis.releases.needs_release(type_):
            refusal = context.refusal_to_call(release)
        repair = refusal or _bound(context, graph, node, type_, taken)
        yield context.fix(graph, node, _unbound(type_, node), repair)


def _bound(
    context: Context, graph: ControlFlowGraph, node: Expression, type_: Type, taken: set[str]
) -> Repair | Refusal:
    annotation = needed_annotation(context, type_)
    if isinstance(annotation, Refusal):
        return annotation
    statement = statement_to_bind_before(context, graph, node)
    name = owner_name(context, graph.function, type_, taken, node)
    if statement is None:
        return _bound_in_loop(context, graph, node, name, annotation, taken)
    taken.add(name)
    return bind_before(context, statement, node, name, type_=annotation)


def _bound_in_loop(
    context: Context, graph: ControlFlowGraph, node: Expression, name: str, annotation: str, taken: set[str]
) -> Repair | Refusal:
    """Bind a value that the condition of a loop asks for, in the loop's body, and open it there at once."""
    type_ = graph.type_of(node)
    if type_ is None or type_.name not in BUILTIN_VARIANTS:
        return NOT_EVALUATED_ONCE
    owed = owed_payloads(context, graph, node, type_, taken | {name})
    repair = bind_in_loop(context, graph, node, name, annotation, opening(context, name, type_, owed))
    if repair is None:
        return NOT_EVALUATED_ONCE
    taken |= {name, *(payload.name for payload in owed.values())}
    return repair


def _is_asked_and_lost(
    context: Context, graph: ControlFlowGraph, node: Expression, site: Site, type_: Type
) -> bool:
    """Whether a Maybe or Outcome is only asked which variant it is, and may hold something to release."""
    if site.role is not Role.RECEIVER or not only_asks(site):
        return False
    owed = owed_payloads(context, graph, node, type_, set())
    around = (outer for outer in context.ancestors(node) if isinstance(outer, nodes.Call))
    assertion = next(around, None) if owed else None
    only = asserted_variant(assertion, node.text) if assertion is not None else None
    return bool(owed) and (only is None or only in owed)


def _is_borrowed_and_lost(
    context: Context, graph: ControlFlowGraph, node: Expression, site: Site, type_: Type
) -> bool:
    """Whether a new value is only read by what it is given to, and must be released after that."""
    analysis = context.analysis
    if site.role not in (Role.FIELD, Role.RECEIVER, Role.ARGUMENT):
        return False
    if not is_owed(context, graph, node, type_) or not is_new(context, graph, node):
        return False
    is_opened = is_handed_out(graph, node) or not analysis.releases.needs_release(type_)
    if is_opened and is_opened_elsewhere(context, graph, node):
        return False
    if not analysis.summaries.temporary_fate(graph, node).is_only_read:
        return False
    if site.role is Role.FIELD:
        return not may_own(context, graph.type_of(site.parent))
    if site.callee is not None and site.callee is analysis.releases.release_of(type_):
        return False
    return analysis.summaries.call_effects(site) <= {Effect.BORROWS}


RULE = Rule(
    name="discarded-owner",
    summary="A call makes something that must be released, and no variable holds it.",
    reason=(
        "A result that is only the receiver or argument of the next call has no name, so nothing can "
        "release it, and the compiler does not drop such a temporary, nor what stands alone as the last "
        "expression of a block. The same goes for a Maybe, an Outcome or a tuple that is not read: those are "
        "never dropped. It gets a name, or a `when` that opens it; what the compiler does not drop then is "
        "released by the rules for variables."
    ),
    check=check,
    examples=(
        Fixed(
            "The receiver of a call",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    assert(Reel::new(4).size() == 4, "size")
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    let reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    reel.destroy()
    return 0
}
""",
        ),
        Fixed(
            "An Outcome that is only asked",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    assert(open_reel(3).is_ok(), "opened")
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let outcome = open_reel(3)
    assert(outcome.is_ok(), "opened")
    outcome.unwrap().destroy()
    return 0
}
""",
        ),
        Untouched(
            "Given to a shelf",
            """\
use demo::prelude::{Reel, Shelf}

pub func fill(shelf: Shelf) {
    shelf.keep(Reel::new(4))
}
""",
        ),
    ),
)
