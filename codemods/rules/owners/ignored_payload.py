"""ignored-payload: an arm has no name of its own for what it is given, so nothing releases it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.open_payload import payload_name
from codemods.fixes.owners import is_opened_elsewhere, owns_strings
from codemods.fixes.variants import known_variant, settled_variant
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.fields import Holds
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit

NAME = "ignored-payload"

_TAKING_OVER = frozenset((Effect.RELEASES, Effect.DRAINS, Effect.RETURNS, Effect.RETAINS))


def check(context: Context) -> Iterator[Diagnostic]:
    """The wildcards, and the names that are in use already, of arms that lose what was made for them."""
    if b"when" not in context.file.source:
        return
    for _, graph in context.graphs():
        taken: set[str] = set()
        for node in graph.nodes_of(nodes.When):
            yield from _of_when(context, graph, node, taken)


def _of_when(
    context: Context, graph: ControlFlowGraph, node: nodes.When, taken: set[str]
) -> Iterator[Diagnostic]:
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
        payload = variants.get(variant, ())
        if len(payload) != 1 or (only is not None and variant != only):
            continue
        refusal = None
        if not context.analysis.releases.needs_release(payload[0]):
            if subject.name not in BUILTIN_VARIANTS:
                continue
            if not _is_lost(context, graph, node, variant, payload[0]):
                continue
            refusal = _refusal(context, graph, node, arm, payload[0])
        bound = pattern.payload[0]
        if isinstance(bound, nodes.WildcardPattern):
            yield _unnamed(context, graph, bound, variant, payload[0], refusal, taken)
        elif isinstance(bound, nodes.BindingPattern):
            yield from _named_again(context, graph, bound, refusal, taken)


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
    return None if _cannot_go_on(graph, arm) else pattern


def _cannot_go_on(graph: ControlFlowGraph, arm: nodes.Arm) -> bool:
    """Whether an arm ends in a panic, which drops nothing."""
    body = graph.type_of(arm.body)
    return body is not None and body.name == "Never" and not isinstance(arm.body, nodes.Return)


def _unnamed(
    context: Context,
    graph: ControlFlowGraph,
    bound: nodes.Pattern,
    variant: str,
    payload: Type,
    refusal: str | None,
    taken: set[str],
) -> Diagnostic:
    """Name a payload that is ignored."""
    message = f"`_` loses the {payload} of this {variant}: name it to release it"
    function = graph.function.qualified_name
    if refusal is not None:
        return Diagnostic(NAME, bound.start, function, f"{message}; {refusal}", Verdict.REPORTED)
    name = payload_name(context, graph, payload, taken)
    taken.add(name)
    edit = SourceEdit(bound.start, bound.end, name.encode())
    return Diagnostic(NAME, bound.start, function, message, Verdict.FIXED, (edit,))


def _named_again(
    context: Context, graph: ControlFlowGraph, bound: nodes.Pattern, refusal: str | None, taken: set[str]
) -> Iterator[Diagnostic]:
    """Give a payload a name of its own if the compiler takes it for another variable."""
    variable = next(iter(graph.declared_at(bound)), None)
    if variable is None or not context.analysis.drops.is_registered(variable):
        return
    if not _has_name_in_use(context, variable, graph):
        return
    if context.analysis.fate(graph, variable).effects & _TAKING_OVER:
        return
    message = f"`{variable.name}` is not dropped: the function has another variable of that name"
    function = graph.function.qualified_name
    uses = [use.node for use in graph.uses(variable)]
    only_names = all(isinstance(each, nodes.Path) for each in uses)
    if refusal is None and not (only_names and context.analysis.is_only_read(graph, variable)):
        refusal = "if nothing else releases it, give it a name of its own"
    if refusal is not None:
        yield Diagnostic(NAME, bound.start, function, f"{message}; {refusal}", Verdict.REPORTED)
        return
    name = context.names.for_dropped(
        graph.function, f"new_{variable.name}", f"{variable.name}_here", taken=taken
    )
    taken.add(name)
    edits = tuple(SourceEdit(each.start, each.end, name.encode()) for each in (bound, *uses))
    yield Diagnostic(NAME, bound.start, function, message, Verdict.FIXED, edits)


def _has_name_in_use(context: Context, payload: Variable, graph: ControlFlowGraph) -> bool:
    """Whether the name of a payload is in force already, so that the compiler does not note it for a drop.

    The compiler forgets the names of an arm at its end, and those of other blocks never.
    """
    around = {id(each) for each in context.ancestors(payload.node)}
    return any(
        each.name == payload.name
        and each.offset < payload.offset
        and all(id(arm) in around for arm in context.ancestors(each.node) if isinstance(arm, nodes.Arm))
        for each in graph.variables
    )


def _is_lost(
    context: Context,
    graph: ControlFlowGraph,
    node: nodes.When,
    variant: str,
    payload: Type,
) -> bool:
    """Whether a payload that the compiler would drop was made for whoever opens it."""
    match context.analysis.drops.kind(payload):
        case DropKind.CALL:
            return True
        case DropKind.FIELDS | DropKind.TEXT:
            strings = context.contents.strings(graph, node.subject, variant)
            return strings.is_owned and Holds.SHARED not in strings.holds
        case _:
            return False


def _refusal(
    context: Context,
    graph: ControlFlowGraph,
    node: nodes.When,
    arm: nodes.Arm,
    payload: Type,
) -> str | None:
    """Why a name would not be enough to have the compiler drop a payload."""
    variant = next(each.segments[-1] for each in arm.patterns if isinstance(each, nodes.VariantPattern))
    if context.analysis.drops.kind(payload) is DropKind.CALL:
        idempotent = context.analysis.releases.is_idempotent(payload)
        if context.analysis.releases.release_of(payload) is not None and idempotent:
            return None
    elif not owns_strings(context.contents.strings(graph, node.subject, variant)):
        return "but it may be a constant, which nobody may free"
    if any(isinstance(each, nodes.Break | nodes.Continue) for each in arm.body.walk()):
        return "but a break or continue leaves the arm, and would not drop it"
    return None


def _only_variant(context: Context, graph: ControlFlowGraph, node: nodes.When) -> str | None:
    """The variant that an assertion, or an ``if`` around, leaves as the only one."""
    variable = graph.variable_at(node.subject)
    if variable is None:
        return None
    return settled_variant(context, graph, variable) or known_variant(context, node, variable)


RULE = Rule(
    name=NAME,
    summary="An arm has no name of its own for what it is given, so nothing releases it.",
    reason=(
        "The compiler drops the payload of an arm, a string included, if it has a name; what an arm ignores "
        "with `_` is lost. So is what gets the name of an earlier variable of the function, even where that "
        "variable's block has ended. So it gets a name that the function has for nothing else. A payload "
        "that the compiler does not drop is released by its own release, which follows by missing-release."
    ),
    check=check,
    examples=(
        Fixed(
            "an arm that ignores an owner",
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
            "a name that is in use already",
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
        Ok(new_text) => assert(new_text != "", "a mark"),
        Err(_) => return 1,
    }
    return 0
}
""",
        ),
        Untouched(
            "opened once more",
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
