"""discarded-owner: a call makes something that must be released, and nothing holds it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.builtins import Effect
from codemods.ownership.contents import Contents
from codemods.ownership.flow import CallSite, Flow, Role, Use
from codemods.ownership.summaries import Origin
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.hoisting import Purity, statement_to_hoist_before
from codemods.rules.naming import owner_name, short_code
from codemods.rules.owners import may_hold_variable, may_own
from codemods.rules.unopened_payload import asserted_variant, only_asks, owed_payloads
from codemods.symbols import BUILTIN_VARIANTS, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after, insert_statement_before

NAME = "discarded-owner"


def check(context: Context) -> Iterator[Proposal]:
    """The owned results that are used once and lost, and the payloads that an arm ignores."""
    purity = Purity(context.analysis)
    contents = Contents(context.analysis)
    for _, flow in context.flows():
        taken: set[str] = set()
        for call in flow.calls():
            if _is_lost(context, flow, call, contents):
                yield _lost_result(context, flow, call, purity, taken)
        for node in flow.nodes:
            if isinstance(node, nodes.When):
                yield from _ignored_payloads(context, flow, node, taken)


def _release(context: Context, type_: Type | None) -> FunctionInfo | None:
    """The release that a value owes by hand."""
    return (
        context.analysis.releases.release_of(type_)
        if context.analysis.releases.needs_release(type_)
        else None
    )


def _is_lost(context: Context, flow: Flow, call: CallSite, contents: Contents) -> bool:
    if call.constructor or call.callee is None:
        return False
    if call.type is not None and call.type.name in BUILTIN_VARIANTS:
        site = call.site
        if site.role is not Role.RECEIVER or site.through is not None or not only_asks(site):
            return False
        assertion = next(
            (each for each in context.ancestors(call.node) if isinstance(each, nodes.Call)), None
        )
        only = asserted_variant(assertion, call.node.text) if assertion is not None else None
        owed = owed_payloads(context, contents, flow, call.node, call.type, set())
        return bool(owed) if only is None else only in owed
    if _release(context, call.type) is None:
        return False
    if not context.analysis.summaries.origin(flow, call.node).is_fresh or may_hold_variable(
        context, flow, call.node
    ):
        return False
    fate = context.analysis.summaries.temporary_fate(flow, call)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS}:
        return False
    site = call.site
    match site.role:
        case Role.DISCARDED:
            if Origin.PASSED in context.analysis.summaries.result(call.callee).origins:
                return False
            return isinstance(site.parent, nodes.ExpressionStatement) and site.through is None
        case Role.FIELD:
            return site.through is None and not may_own(context, flow.type_of(site.parent))
        case Role.RECEIVER | Role.ARGUMENT:
            if site.callee is not None and site.callee is _release(context, call.type):
                return False
            return site.through is None and context.analysis.summaries.call_effects(site) <= {Effect.BORROWS}
        case _:
            return False


def _lost_result(context: Context, flow: Flow, call: CallSite, purity: Purity, taken: set[str]) -> Proposal:
    node = call.node
    release = _release(context, call.type)
    assert call.type is not None
    message = (
        f"the {call.type} that `{short_code(node.text)}` makes is never bound, so nothing can release it"
    )
    name = owner_name(context, flow.function, call.type, taken)
    source = context.file.source
    function = flow.function.qualified_name
    if call.site.role is Role.DISCARDED and release is not None:
        edits = (
            SourceEdit(node.start, node.start, f"let {name} = ".encode()),
            insert_statement_after(source, context.file.tree, call.site.parent, f"{name}.{release.name}()"),
        )
        taken.add(name)
        return Proposal(NAME, node.start, function, message, Verdict.FIXED, edits)
    place = statement_to_hoist_before(context, flow, node, purity)
    if place is None:
        message += "; it is evaluated again or only sometimes: bind it by hand"
        return Proposal(NAME, node.start, function, message, Verdict.REPORTED)
    taken.add(name)
    binding = insert_statement_before(source, context.file.tree, place, f"let {name} = {node.text}")
    return Proposal(
        NAME,
        node.start,
        function,
        message,
        Verdict.FIXED,
        (binding, SourceEdit(node.start, node.end, name.encode())),
    )


def _ignored_payloads(context: Context, flow: Flow, node: nodes.When, taken: set[str]) -> Iterator[Proposal]:
    subject = flow.type_of(node.subject)
    if subject is None or not context.analysis.summaries.origin(flow, node.subject).is_fresh:
        return
    variants = context.analysis.index.variants(subject)
    for arm in node.arms:
        body = flow.type_of(arm.body)
        if len(arm.patterns) != 1 or (body is not None and body.name == "Never"):
            continue
        pattern = arm.patterns[0]
        if not isinstance(pattern, nodes.VariantPattern) or len(pattern.payload) != 1:
            continue
        ignored = pattern.payload[0]
        payload = variants.get(pattern.segments[-1], ())
        if not isinstance(ignored, nodes.WildcardPattern) or len(payload) != 1:
            continue
        if _release(context, payload[0]) is None:
            continue
        if isinstance(node.subject, nodes.Path) and not _is_opened_here_only(context, flow, node.subject):
            continue
        name = owner_name(context, flow.function, payload[0], taken)
        taken.add(name)
        yield Proposal(
            NAME,
            ignored.start,
            flow.function.qualified_name,
            f"`_` loses the {payload[0]} of this {pattern.segments[-1]}: name it to release it",
            Verdict.FIXED,
            (SourceEdit(ignored.start, ignored.end, name.encode()),),
        )


def _is_opened_here_only(context: Context, flow: Flow, subject: nodes.Path) -> bool:
    """Whether the variable that a when opens is opened nowhere else."""
    opening = next(
        (action for action in flow.actions() if isinstance(action, Use) and action.node is subject), None
    )
    return opening is not None and context.analysis.is_opened_once(flow, opening.variable, opening)


RULE = Rule(
    name=NAME,
    summary="A call makes something that must be released, and no variable holds it.",
    reason=(
        "A result that is only the receiver or argument of the next call has no name, so nothing can "
        "release it, and the compiler does not drop such a temporary. The same goes for a payload that an "
        "arm ignores with `_`, and for a Maybe or Outcome that is only asked which it is: those are never "
        "dropped. It gets a name; its release follows by missing-release or unopened-payload."
    ),
    check=check,
    invalid=(
        (
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
        (
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(e) => return 1,
        Ok(_) => assert(true, "opened"),
    }
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(e) => return 1,
        Ok(reel) => {
            assert(true, "opened")
            reel.destroy()
        },
    }
    return 0
}
""",
        ),
        (
            """\
use demo::prelude::Reel

@test
func test_new() -> I32 {
    Reel::new(4)
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_new() -> I32 {
    let reel = Reel::new(4)
    reel.destroy()
    return 0
}
""",
        ),
        (
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
    ),
    valid=(
        """\
use demo::prelude::open_reel

@test
func test_refused() -> I32 {
    assert(open_reel(0).is_err(), "refused")
    return 0
}
""",
        """\
use demo::prelude::open_reel

@test
func test_opened_later() -> I32 {
    let opened = open_reel(3)
    assert(opened.is_ok(), "opened")
    let reel = opened.unwrap()
    reel.destroy()
    return 0
}
""",
        """\
use demo::prelude::{Reel, Shelf}

pub func fill(shelf: Shelf) {
    shelf.keep(Reel::new(4))
}
""",
        """\
use demo::prelude::Reel

@test
func test_only_on_a_condition() -> I32 {
    var i: I64 = 0
    loop (i < Reel::new(4).size()) {
        i = i + 1
    }
    return 0
}
""",
        """\
use demo::prelude::Label

@test
func test_a_label_owns_nothing() -> I32 {
    assert(Label { text: "a" }.peek() == "a", "text")
    return 0
}
""",
    ),
)
