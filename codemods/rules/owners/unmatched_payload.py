"""unmatched-payload: an `if let` loses what the variant holds that it does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.open_payload import Owed, held_types, owed_payloads
from codemods.fixes.write_around import PART, write_around
from codemods.ownership.cfg.graph import ControlFlowGraph, Role
from codemods.ownership.compiler.drops import DropKind
from codemods.rules.rule import Fixed, Reported, Rule, Untouched
from codemods.semantics.symbols import Type
from tml_ast import nodes
from tml_ast.edit import indented, line_start
from tml_ast.nodes import Expression

_IN_EXPRESSION = Refusal("it is part of a larger expression")
_NAMED = Refusal("an arm would also drop what it names")
_VALUES = Refusal("its branches have values, and arms must agree in them")
_LEAVES = Refusal("a break or continue leaves the block and would not drop it")


def check(context: Context) -> Iterator[Diagnostic]:
    """Each `if let` of what a call returns, where a variant may hold what nobody names."""
    if b"if let" not in context.file.source:
        return
    for _, graph in context.graphs():
        taken: set[str] = set()
        for node in graph.nodes_of(nodes.If):
            let = node.let_condition
            if let is None or not isinstance(let.value, nodes.Call | nodes.StaticCall | nodes.MethodCall):
                continue
            type_, pattern = graph.type_of(let.value), let.pattern
            if type_ is None or not isinstance(pattern, nodes.VariantPattern):
                continue
            owed = _unnamed(pattern, owed_payloads(context, graph, let.value, type_, taken))
            if not owed:
                continue
            taken |= {payload.name for payload in owed.values()}
            message = f"the {held_types(owed)} that this `if let` does not name is never released"
            repair = _refusal(context, graph, node, type_, pattern, owed) or _opened(
                context, node, let.value, type_, pattern, owed
            )
            yield context.fix(graph, node, message, repair)


def _unnamed(pattern: nodes.VariantPattern, owed: Mapping[str, Owed]) -> dict[str, Owed]:
    """What is owed of the variants that the pattern does not match, or whose payload it ignores."""
    is_ignored = all(isinstance(payload, nodes.WildcardPattern) for payload in pattern.payload)
    matched = pattern.segments[-1]
    return {variant: payload for variant, payload in owed.items() if variant != matched or is_ignored}


def _refusal(
    context: Context,
    graph: ControlFlowGraph,
    node: nodes.If,
    type_: Type,
    pattern: nodes.VariantPattern,
    owed: Mapping[str, Owed],
) -> Refusal | None:
    """Why a `when` in place of the `if let` would not do."""
    source = context.file.source
    site = graph.site_of(node)
    if site is None or site.role is not Role.DISCARDED:
        return _IN_EXPRESSION
    if source[line_start(source, node.start) : node.start].strip():
        return _IN_EXPRESSION
    bodies = [body for body in (node.branch, node.alternative) if body is not None]
    if any(_has_value(graph, body) for body in bodies):
        return _VALUES
    matched = pattern.segments[-1]
    named = context.analysis.index.variants(type_).get(matched, ())
    if matched not in owed and any(
        context.analysis.drops.kind(payload) is not DropKind.NOTHING for payload in named
    ):
        return _NAMED
    is_dropped = any(not payload.statements for payload in owed.values())
    if is_dropped and any(isinstance(inner, nodes.Break | nodes.Continue) for inner in node.walk()):
        return _LEAVES
    return None


def _has_value(graph: ControlFlowGraph, body: Expression) -> bool:
    """Whether a branch ends in a value, which an arm without one would not match."""
    while isinstance(body, nodes.Block):
        if body.value is None:
            return False
        body = body.value
    type_ = graph.type_of(body)
    return not isinstance(body, nodes.Return) and (type_ is None or type_.name not in ("Unit", "Never"))


def _opened(
    context: Context,
    node: nodes.If,
    value: Expression,
    type_: Type,
    pattern: nodes.VariantPattern,
    owed: Mapping[str, Owed],
) -> Repair:
    """The edits that make the branches the arms of a `when`, the matched variant first."""
    source = context.file.source
    matched = pattern.segments[-1]
    variants = context.analysis.index.variants(type_)
    head = [f"when {PART} {{"]
    bodies = []
    for variant in (matched, *(other for other in variants if other != matched)):
        body = node.branch if variant == matched else node.alternative
        releases = owed[variant].statements if variant in owed else ()
        arm = releases[0] if len(releases) == 1 and not releases[0].startswith("let ") else "{}"
        if body is not None:
            bodies.append(body)
            arm = PART if isinstance(body, nodes.Block) else f"{{\n\t\t{PART}\n\t}}"
        head.append(f"\t{_pattern(variant, matched, pattern, variants[variant], owed)} => {arm},")
    edits = [*write_around(source, node, [value, *bodies], "\n".join([*head, "}"]))]
    for body in bodies:
        edits += indented(source, body, 1 if isinstance(body, nodes.Block) else 2)
    return Repair(tuple(edits), opens_block=True)


def _pattern(
    variant: str,
    matched: str,
    pattern: nodes.VariantPattern,
    payloads: tuple[Type, ...],
    owed: Mapping[str, Owed],
) -> str:
    if variant in owed:
        return f"{variant}({owed[variant].name})"
    if variant == matched:
        return pattern.text
    return f"{variant}(_)" if payloads else variant


RULE = Rule(
    name="unmatched-payload",
    summary="An `if let` loses what a variant holds that it does not name.",
    reason=(
        "An `if let` opens one variant. What another one holds, or what it ignores with `_`, has no name, "
        "so nothing can release it. A `when` names both: what is named is released by its own "
        "release, which missing-release writes, or by the compiler at the end of its arm."
    ),
    check=check,
    examples=(
        Fixed(
            "Only the failure is named",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    if let Err(code) = open_reel(3) {
        assert(code == 1, "too small")
        return 1
    }
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(code) => {
            assert(code == 1, "too small")
            return 1
        },
        Ok(reel) => reel.destroy(),
    }
    return 0
}
""",
        ),
        Fixed(
            "The payload is ignored",
            """\
use demo::prelude::open_reel

pub func is_open(size: I64) -> I64 {
    var count: I64 = 0
    if let Ok(_) = open_reel(size) {
        count = 1
    } else if size > 4 {
        count = 2
    }
    return count
}
""",
            """\
use demo::prelude::open_reel

pub func is_open(size: I64) -> I64 {
    var count: I64 = 0
    when open_reel(size) {
        Ok(reel) => {
            count = 1
            reel.destroy()
        },
        Err(_) => {
            if size > 4 {
                count = 2
            }
        },
    }
    return count
}
""",
        ),
        Reported(
            "Branches with values",
            """\
use demo::prelude::open_reel

pub func size_of(size: I64) -> I64 {
    let found: I64 = if let Ok(_) = open_reel(size) { size } else { 0 }
    return found
}
""",
        ),
        Untouched(
            "Nothing that could be lost",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    if let Ok(reel) = open_reel(3) {
        reel.destroy()
    }
    return 0
}
""",
        ),
    ),
)
