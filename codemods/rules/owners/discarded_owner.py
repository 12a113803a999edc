"""discarded-owner: a call makes something that must be released, and nothing holds it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import statement_to_bind_before
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import owner_name, short_code, text_name
from codemods.fixes.open_payload import opening, owed_payloads, part_releases, payload_name
from codemods.fixes.owners import is_opened_elsewhere, may_hold_variable, may_own, owns_strings
from codemods.fixes.variants import asserted_variant, only_asks
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, called_name, is_visible
from codemods.ownership.summaries.summaries import Origin
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, Type
from tml_ast import nodes
from tml_ast.edit import (
    SourceEdit,
    indentation_of,
    insert_statement_after,
    insert_statement_before,
    line_ending_of,
    line_start,
)

NAME = "discarded-owner"


def check(context: Context) -> Iterator[Diagnostic]:
    """The owned results that are used once, or not at all, and lost."""
    for _, graph in context.graphs():
        taken: set[str] = set()
        for call in graph.calls():
            if call.constructor or call.callee is None or call.type is None:
                continue
            proposal = (
                _unread(context, graph, call, taken)
                if _is_unread(context, call)
                else _read_once(context, graph, call, taken)
            )
            if proposal is not None:
                yield proposal


# -- results that nothing reads -------------------------------------------------------------------


def _is_unread(context: Context, call: CallSite) -> bool:
    """Whether a result is a statement of its own, or bound to `_`."""
    site = call.site
    if site.through is not None:
        return False
    if site.role is Role.BOUND:
        return isinstance(site.parent, nodes.Let) and isinstance(site.parent.pattern, nodes.WildcardPattern)
    return site.role is Role.DISCARDED and isinstance(site.parent, nodes.ExpressionStatement)


def _unread(context: Context, graph: ControlFlowGraph, call: CallSite, taken: set[str]) -> Diagnostic | None:
    """Give the result a name, or open it."""
    node, type_ = call.node, call.type
    assert type_ is not None and call.callee is not None
    summaries = context.analysis.summaries
    if type_.name not in BUILTIN_VARIANTS and type_.name != "Str" and not _may_be_owed(context, type_):
        return None
    if not summaries.origin(graph, node).is_fresh or may_hold_variable(context, graph, node):
        return None
    if Origin.PASSED in summaries.result(call.callee).origins:
        return None
    if type_.name == "Str":
        return _unread_text(context, graph, call, taken)
    function = graph.function.qualified_name
    binding = call.site.parent if isinstance(call.site.parent, nodes.Let) else None
    if type_.name in BUILTIN_VARIANTS:
        owed = owed_payloads(context, graph, node, type_, taken)
        if not owed:
            return None
        held = " or ".join(str(each.payload) for each in owed.values())
        message = (
            f"nothing opens what `{short_code(node.text)}` returns, so the {held} in it is never released"
        )
        taken |= {each.name for each in owed.values()}
        edit = _opened(context, call, opening(context, node.text, type_, owed))
        if edit is None:
            message += "; open it by hand"
            return Diagnostic(NAME, node.start, function, message, Verdict.REPORTED)
        return Diagnostic(NAME, node.start, function, message, Verdict.FIXED, (edit,))
    if not _is_owed(context, graph, call, dropped=_is_dropped_there(context, call)):
        return None
    if is_opened_elsewhere(context, graph, node):
        return None
    message = f"the {type_} that `{short_code(node.text)}` makes is never bound, so nothing can release it"
    name = payload_name(context, graph, type_, taken)
    taken.add(name)
    if binding is not None:
        pattern = binding.pattern
        edits = [SourceEdit(pattern.start, pattern.end, name.encode())]
    else:
        edits = [SourceEdit(node.start, node.start, f"let {name} = ".encode())]
    release = context.analysis.releases.release_of(type_)
    if release is not None and context.analysis.releases.needs_release(type_):
        statement = f"{name}.{release.name}()"
        edits.append(
            insert_statement_after(context.file.source, context.file.tree, call.site.parent, statement)
        )
    return Diagnostic(NAME, node.start, function, message, Verdict.FIXED, tuple(edits))


def _unread_text(
    context: Context, graph: ControlFlowGraph, call: CallSite, taken: set[str]
) -> Diagnostic | None:
    """A string is freed at the end of its statement in tests, and only if its maker's name tells of it."""
    node = call.node
    known = called_name(node) in context.analysis.drops.allocating_names
    if (known and context.file.is_test) or call.site.role is not Role.DISCARDED:
        return None
    function = graph.function.qualified_name
    message = f"the string that `{short_code(node.text)}` makes is never bound, so nothing frees it"
    if not known:
        message += "; the compiler does not know that it makes one"
        return Diagnostic(NAME, node.start, function, message, Verdict.REPORTED)
    name = text_name(context, graph.function, node, taken)
    taken.add(name)
    edit = SourceEdit(node.start, node.start, f"let {name}: Str = ".encode())
    return Diagnostic(NAME, node.start, function, message, Verdict.FIXED, (edit,))


def _is_dropped_there(context: Context, call: CallSite) -> bool:
    """Whether the compiler drops a result that nothing reads: not where it is the value of a block."""
    statement = call.site.parent
    if isinstance(statement, nodes.Let):
        return True
    block = context.parent(statement)
    return not (isinstance(block, nodes.Block) and block.value is call.node)


def _opened(context: Context, call: CallSite, lines: list[str]) -> SourceEdit | None:
    """Put a ``when`` in the place of a statement; None where it does not stand on lines of its own."""
    source, statement = context.file.source, call.site.parent
    start = line_start(source, statement.start)
    if source[start : statement.start].strip() or "\n" in call.node.text:
        return None
    separator = (line_ending_of(source, statement.start) + indentation_of(source, statement.start)).decode()
    return SourceEdit(statement.start, statement.end, separator.join(lines).encode())


# -- results that are read once -------------------------------------------------------------------


def _read_once(
    context: Context,
    graph: ControlFlowGraph,
    call: CallSite,
    taken: set[str],
) -> Diagnostic | None:
    """Bind a result in front of the statement that reads it."""
    node, type_ = call.node, call.type
    assert type_ is not None
    if not _is_lost(context, graph, call):
        return None
    message = f"the {type_} that `{short_code(node.text)}` makes is never bound, so nothing can release it"
    function = graph.function.qualified_name
    place = statement_to_bind_before(context, graph, node)
    refusal = None
    if place is None:
        refusal = "it is evaluated again or only sometimes: bind it by hand"
    elif not _is_released_by_hand(context, type_) and type_.name not in BUILTIN_VARIANTS:
        refusal = _drop_refusal(context, graph, call)
    if refusal is not None or place is None:
        return Diagnostic(NAME, node.start, function, f"{message}; {refusal}", Verdict.REPORTED)
    name = owner_name(context, graph.function, type_, taken)
    taken.add(name)
    binding = insert_statement_before(
        context.file.source, context.file.tree, place, f"let {name} = {node.text}"
    )
    use = SourceEdit(node.start, node.end, name.encode())
    return Diagnostic(NAME, node.start, function, message, Verdict.FIXED, (binding, use))


def _is_lost(context: Context, graph: ControlFlowGraph, call: CallSite) -> bool:
    assert call.type is not None
    if call.type.name in BUILTIN_VARIANTS:
        site = call.site
        if site.role is not Role.RECEIVER or site.through is not None or not only_asks(site):
            return False
        owed = owed_payloads(context, graph, call.node, call.type, set())
        if not owed:
            return False
        assertion = next(
            (each for each in context.ancestors(call.node) if isinstance(each, nodes.Call)), None
        )
        only = asserted_variant(assertion, call.node.text) if assertion is not None else None
        return only is None or only in owed
    site = call.site
    if site.role not in (Role.FIELD, Role.RECEIVER, Role.ARGUMENT) or site.through is not None:
        return False
    if not _is_owed(context, graph, call):
        return False
    if not context.analysis.summaries.origin(graph, call.node).is_fresh or may_hold_variable(
        context, graph, call.node
    ):
        return False
    by_hand = context.analysis.releases.needs_release(call.type)
    if not by_hand and is_opened_elsewhere(context, graph, call.node):
        return False
    fate = context.analysis.summaries.temporary_fate(graph, call)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS}:
        return False
    if site.role is Role.FIELD:
        return not may_own(context, graph.type_of(site.parent))
    if site.callee is not None and site.callee is context.analysis.releases.release_of(call.type):
        return False
    return context.analysis.call_effects(site) <= {Effect.BORROWS}


def _may_be_owed(context: Context, type_: Type) -> bool:
    """Whether there are values of a type that must be released."""
    return (
        type_.name == "()"
        or type_.bare == "List"
        or context.analysis.drops.kind(type_) in (DropKind.CALL, DropKind.FIELDS)
        or context.analysis.releases.needs_release(type_)
    )


def _is_owed(context: Context, graph: ControlFlowGraph, call: CallSite, *, dropped: bool = False) -> bool:
    """Whether a value must be released; ``dropped``: the compiler drops it as far as it drops its type."""
    analysis, type_ = context.analysis, call.type
    assert type_ is not None
    if analysis.releases.needs_release(type_):
        return True
    if str(type_) == "List[Str]" and dropped:
        return owns_strings(context.fields.made_elements(graph, call.node))
    if type_.name == "()":
        return bool(part_releases(context, graph, "parts", type_, call.node))
    if dropped:
        return False
    match analysis.drops.kind(type_):
        case DropKind.CALL:
            return True
        case DropKind.FIELDS:
            return owns_strings(context.contents.strings(graph, call.node))
        case _:
            return False


def _is_released_by_hand(context: Context, type_: Type) -> bool:
    """Whether a variable of a type can be released by hand wherever the compiler does not drop it."""
    releases = context.analysis.releases
    return releases.needs_release(type_) or (
        releases.release_of(type_) is not None and releases.is_idempotent(type_)
    )


def _drop_refusal(context: Context, graph: ControlFlowGraph, call: CallSite) -> str | None:
    """Why a variable would not be dropped, or not rightly, where the compiler is the only one to do it."""
    analysis, site = context.analysis, call.site
    if analysis.summaries.temporary_fate(graph, call).views:
        return "something else holds a part of it, which its drop might free again: bind it by hand"
    match site.role:
        case Role.RECEIVER:
            read = site.parent
            type_ = graph.type_of(read)
            if type_ is not None and type_.name in SCALARS:
                return None
            outer = graph.site_of(read)
            compared = outer is not None and outer.role is Role.OPERAND and outer.through is None
            assert isinstance(read, nodes.MethodCall)
            if compared and read.name not in analysis.drops.allocating_names:
                return None
            if analysis.summaries.origin(graph, read).is_fresh:
                return None
            return "what it hands out might be freed before it: bind it by hand"
        case Role.ARGUMENT:
            position = site.position
            values = site.callee.values if site.callee is not None else ()
            parameter = values[position].type if position < len(values) else None
            by_reference = parameter is not None and parameter.name == "ref"
            outer = graph.site_of(site.parent)
            returned = outer is not None and outer.role is Role.RETURNED
            visible = site.callee is not None and is_visible(site.callee, graph.function)
            if by_reference and visible and not returned:
                return None
            return "a variable that is passed on counts as given away, and is never dropped"
        case _:
            return "its field is passed on: bind it by hand"


RULE = Rule(
    name=NAME,
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
            "the receiver of a call",
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
            "an Outcome that is only asked",
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
    when outcome {
        Ok(reel) => reel.destroy(),
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Untouched(
            "given to a shelf",
            """\
use demo::prelude::{Reel, Shelf}

pub func fill(shelf: Shelf) {
    shelf.keep(Reel::new(4))
}
""",
        ),
    ),
)
