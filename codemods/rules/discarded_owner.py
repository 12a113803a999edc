"""discarded-owner: a call makes something that must be released, and nothing holds it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.builtins import Effect
from codemods.ownership.drops import DropKind
from codemods.ownership.flow import CallSite, Flow, Role
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.hoisting import Purity, statement_to_hoist_before
from codemods.rules.naming import snake_case
from codemods.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after, insert_statement_before

NAME = "discarded-owner"


def check(context: Context) -> Iterator[Proposal]:
    """The owned results that are used once and lost, and the payloads that an arm ignores."""
    purity = Purity(context.analysis)
    for _, flow in context.flows():
        taken: set[str] = set()
        for call in flow.calls():
            if _is_lost(context, flow, call):
                yield _lost_result(context, flow, call, purity, taken)
        for node in flow.function.node.walk():
            if isinstance(node, nodes.When):
                yield from _ignored_payloads(context, flow, node)


def _release(context: Context, type_: Type | None) -> FunctionInfo | None:
    """The release that a value owes by hand."""
    return (
        context.analysis.releases.release_of(type_)
        if context.analysis.releases.needs_release(type_)
        else None
    )


def _is_lost(context: Context, flow: Flow, call: CallSite) -> bool:
    if call.constructor or call.callee is None or _release(context, call.type) is None:
        return False
    if not context.analysis.summaries.origin(flow, call.node).is_fresh:
        return False
    site = call.site
    match site.role:
        case Role.DISCARDED:
            return isinstance(site.parent, nodes.ExpressionStatement) and site.through is None
        case Role.FIELD:
            return site.through is None and not _may_own(context, flow.type_of(site.parent))
        case Role.RECEIVER | Role.ARGUMENT:
            if site.callee is not None and site.callee is _release(context, call.type):
                return False
            return site.through is None and context.analysis.summaries.call_effects(site) <= {Effect.BORROWS}
        case _:
            return False


def _may_own(context: Context, type_: Type | None) -> bool:
    if type_ is None:
        return True
    releases = context.analysis.releases
    return releases.release_of(type_) is not None or context.analysis.drops.kind(type_) is DropKind.CALL


def _lost_result(context: Context, flow: Flow, call: CallSite, purity: Purity, taken: set[str]) -> Proposal:
    node = call.node
    release = _release(context, call.type)
    assert release is not None and call.type is not None
    message = f"the {call.type} that `{_short(node.text)}` makes is never bound, so nothing can release it"
    name = context.names.fresh(snake_case(call.type.bare), f"new_{snake_case(call.type.bare)}", taken=taken)
    source = context.file.source
    function = flow.function.qualified_name
    if call.site.role is Role.DISCARDED:
        edits = (
            SourceEdit(node.start, node.start, f"let {name} = ".encode()),
            insert_statement_after(source, context.file.tree, call.site.parent, f"{name}.{release.name}()"),
        )
        taken.add(name)
        return Proposal(NAME, node.start, function, message, Verdict.FIXED, edits)
    place = statement_to_hoist_before(context, node, pure=purity.is_pure(flow, node))
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


def _ignored_payloads(context: Context, flow: Flow, node: nodes.When) -> Iterator[Proposal]:
    subject = flow.type_of(node.subject)
    if subject is None or not context.analysis.summaries.origin(flow, node.subject).is_fresh:
        return
    variants = context.analysis.index.variants(subject)
    for arm in node.arms:
        if len(arm.patterns) != 1:
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
        name = context.names.fresh(snake_case(payload[0].bare), f"unused_{snake_case(payload[0].bare)}")
        yield Proposal(
            NAME,
            ignored.start,
            flow.function.qualified_name,
            f"`_` loses the {payload[0]} of this {pattern.segments[-1]}: name it to release it",
            Verdict.FIXED,
            (SourceEdit(ignored.start, ignored.end, name.encode()),),
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}..."


RULE = Rule(NAME, "", "", check, (("", ""),), ())
