"""ignored-payload: an arm ignores its payload or reuses a name for it, so nothing releases it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import other_names
from codemods.fixes.open_payload import payload_name
from codemods.fixes.owners import are_unshared, is_opened_elsewhere, owns_strings
from codemods.fixes.variants import known_variant, settled_variant
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit

_TAKING_OVER = frozenset((Effect.RELEASES, Effect.DRAINS, Effect.RETURNS, Effect.RETAINS))


@dataclass(frozen=True, slots=True)
class _Payload:
    """The payload of an arm of a ``when`` that has no name of its own."""

    subject: nodes.Expression
    arm: nodes.Arm
    variant: str
    type: Type
    pattern: nodes.Pattern


def check(context: Context) -> Iterator[Diagnostic]:
    """The wildcards, and the names that are in use already, of arms that lose what was made for them."""
    if b"when" not in context.file.source:
        return
    for _, graph in context.graphs():
        taken: set[str] = set()
        for node in graph.nodes_of(nodes.When):
            for payload in _lost_payloads(context, graph, node):
                if isinstance(payload.pattern, nodes.BindingPattern):
                    yield from _named_again(context, graph, payload, taken)
                else:
                    yield from _unnamed(context, graph, payload, taken)


# -- what is lost ---------------------------------------------------------------------------------


def _lost_payloads(context: Context, graph: ControlFlowGraph, node: nodes.When) -> Iterator[_Payload]:
    """The payloads that were made for whoever opens them, and that an arm loses."""
    subject = graph.type_of(node.subject)
    opened = [(arm, pattern) for arm in node.arms if (pattern := _opened(graph, arm)) is not None]
    if subject is None or not opened:
        return
    if not context.analysis.summaries.origin(graph, node.subject).is_fresh:
        return
    if is_opened_elsewhere(context, graph, node.subject):
        return
    only = _only_variant(context, graph, node)
    variants = context.analysis.index.variants(subject)
    for arm, pattern in opened:
        variant = pattern.segments[-1]
        types = variants.get(variant, ())
        if len(types) == 1 and only in (None, variant):
            payload = _Payload(node.subject, arm, variant, types[0], pattern.payload[0])
            if _is_lost(context, graph, payload, subject):
                yield payload


def _opened(graph: ControlFlowGraph, arm: nodes.Arm) -> nodes.VariantPattern | None:
    """The pattern of an arm with one payload that has no name, or one that the function has twice."""
    pattern = arm.patterns[0]
    if len(arm.patterns) != 1 or not isinstance(pattern, nodes.VariantPattern) or len(pattern.payload) != 1:
        return None
    bound = pattern.payload[0]
    if isinstance(bound, nodes.BindingPattern):
        if len(graph.named(bound.name)) < 2:
            return None
    elif not isinstance(bound, nodes.WildcardPattern):
        return None
    return None if _panics(graph, arm) else pattern


def _panics(graph: ControlFlowGraph, arm: nodes.Arm) -> bool:
    """Whether an arm ends in a panic, which drops nothing."""
    body = graph.type_of(arm.body)
    return body is not None and body.name == "Never" and not isinstance(arm.body, nodes.Return)


def _always_fails(arm: nodes.Arm) -> bool:
    """Whether an arm asserts what is never true, so that the test ends there."""
    steps = arm.body.statements if isinstance(arm.body, nodes.Block) else [arm.body]
    return any(map(_asserts_false, steps))


def _asserts_false(step: nodes.Node) -> bool:
    call = step.expression if isinstance(step, nodes.ExpressionStatement) else step
    return (
        isinstance(call, nodes.Call)
        and call.function.text == "assert"
        and bool(call.arguments)
        and call.arguments[0].text == "false"
    )


def _only_variant(context: Context, graph: ControlFlowGraph, node: nodes.When) -> str | None:
    """The variant that an assertion, or an ``if`` around, leaves as the only one."""
    variable = graph.variable_at(node.subject)
    if variable is None:
        return None
    return settled_variant(context, graph, variable) or known_variant(context, node, variable)


def _is_lost(context: Context, graph: ControlFlowGraph, payload: _Payload, subject: Type) -> bool:
    """Whether a payload was made for whoever opens it, and must be released."""
    if context.analysis.releases.needs_release(payload.type):
        return True
    if subject.name not in BUILTIN_VARIANTS and not (payload.type.is_str and _is_made_here(payload.subject)):
        return False
    match context.analysis.drops.kind(payload.type):
        case DropKind.CALL:
            return True
        case DropKind.FIELDS | DropKind.STRING:
            return are_unshared(context.contents.strings(graph, payload.subject, payload.variant))
        case _:
            return False


def _is_made_here(subject: nodes.Expression) -> bool:
    """Whether no variable holds what is opened: an enum's own drop frees the strings of a variable."""
    return isinstance(subject, nodes.Call | nodes.MethodCall | nodes.StaticCall)


# -- a name for it --------------------------------------------------------------------------------


def _refusal(context: Context, graph: ControlFlowGraph, payload: _Payload) -> Refusal | None:
    """Why a name would not be enough to have the compiler drop a payload."""
    releases = context.analysis.releases
    release = releases.release_of(payload.type)
    if release is not None and releases.needs_release(payload.type):
        return context.refusal_to_call(release)
    if context.analysis.drops.kind(payload.type) is DropKind.CALL:
        if releases.release_of(payload.type) is not None and releases.is_idempotent(payload.type):
            return None
    elif not owns_strings(context.contents.strings(graph, payload.subject, payload.variant)):
        return Refusal("it may be a constant, which must not be freed")
    if any(isinstance(node, nodes.Break | nodes.Continue) for node in payload.arm.body.walk()):
        return Refusal("a break or continue leaves the arm and would not drop it")
    return None


def _unnamed(
    context: Context, graph: ControlFlowGraph, payload: _Payload, taken: set[str]
) -> Iterator[Diagnostic]:
    """Name a payload that is ignored; where that cannot be done, it matters only if the arm can succeed."""
    pattern = payload.pattern
    repair: Repair | Refusal | None = _refusal(context, graph, payload)
    if repair is None:
        name = payload_name(context, graph, payload.type, taken, payload.subject)
        taken.add(name)
        repair = Repair((SourceEdit(pattern.start, pattern.end, name.encode()),))
    elif _always_fails(payload.arm):
        return
    message = f"`_` loses the {payload.type} of this {payload.variant}: name it to release it"
    yield context.fix(graph, pattern, message, repair)


def _named_again(
    context: Context, graph: ControlFlowGraph, payload: _Payload, taken: set[str]
) -> Iterator[Diagnostic]:
    """Give a payload a name of its own if the compiler confuses it with another variable."""
    variable = next(iter(graph.declared_at(payload.pattern)), None)
    if variable is None or not context.analysis.drops.is_registered(variable):
        return
    if not _has_name_in_use(context, variable, graph):
        return
    if context.analysis.summaries.fate(graph, variable).effects & _TAKING_OVER:
        return
    message = f"`{variable.name}` is not dropped: the function has another variable of that name"
    repair = _refusal(context, graph, payload) or _renamed(context, graph, variable, taken)
    yield context.fix(graph, payload.pattern, message, repair)


def _renamed(
    context: Context, graph: ControlFlowGraph, variable: Variable, taken: set[str]
) -> Repair | Refusal:
    uses = [use.node for use in graph.uses(variable)]
    only_names = all(isinstance(use, nodes.Path) for use in uses)
    if not only_names or not context.analysis.aliases.is_only_read(graph, variable):
        return Refusal("if nothing else releases it, give it a name of its own")
    candidates = other_names(graph.function, variable.name, variable.value)
    name = context.names.for_dropped(graph.function, *candidates, taken=taken)
    taken.add(name)
    places = (variable.node, *uses)
    return Repair(tuple(SourceEdit(place.start, place.end, name.encode()) for place in places))


def _has_name_in_use(context: Context, payload: Variable, graph: ControlFlowGraph) -> bool:
    """Whether the name of a payload is in force already, so that the compiler does not note it for a drop.

    The compiler forgets the names of an arm at its end, and those of other blocks never.
    """
    around = {id(node) for node in context.ancestors(payload.node)}
    return any(
        variable.name == payload.name
        and variable.offset < payload.offset
        and all(id(arm) in around for arm in context.ancestors(variable.node) if isinstance(arm, nodes.Arm))
        for variable in graph.variables
    )


RULE = Rule(
    name="ignored-payload",
    summary="An arm ignores its payload or reuses a name for it, so nothing releases it.",
    reason=(
        "The compiler drops the payload of an arm, a string included, if it has a name; what an arm ignores "
        "with `_` is lost. So is a payload that gets the name of an earlier variable of the function, even "
        "of one whose block has ended. Both get a name of their own. If the compiler "
        "does not drop the payload even then, missing-release writes the call of its own release."
    ),
    check=check,
    examples=(
        Fixed(
            "An arm that ignores an owner",
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
        Fixed(
            "A name that is in use already",
            """\
use core::str
use demo::prelude::read_mark

@test
func test_read() -> I32 {
    if str::len("abc") == 3 {
        let text: Str = "a text"
        assert(text == "a text", "untouched")
    }
    when read_mark(3) {
        Ok(text) => assert(text != "", "a mark"),
        Err(_) => return 1,
    }
    return 0
}
""",
            """\
use core::str
use demo::prelude::read_mark

@test
func test_read() -> I32 {
    if str::len("abc") == 3 {
        let text: Str = "a text"
        assert(text == "a text", "untouched")
    }
    when read_mark(3) {
        Ok(current_text) => assert(current_text != "", "a mark"),
        Err(_) => return 1,
    }
    return 0
}
""",
        ),
        Untouched(
            "Opened once more",
            """\
use demo::prelude::open_reel

@test
func test_opened_later() -> I32 {
    let opened = open_reel(3)
    when opened {
        Ok(_) => assert(true, "opened"),
        Err(_) => return 1,
    }
    let reel = opened.unwrap()
    reel.destroy()
    return 0
}
""",
        ),
    ),
)
