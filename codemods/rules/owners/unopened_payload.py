"""unopened-payload: a Maybe or Outcome is never opened, and what it holds is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import owner_name
from codemods.fixes.owners import may_hold_variable, release_of_dropped
from codemods.fixes.placement import Cleanup, before_exits, exits_of
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, ExitKind, Role, Site, Variable, VariableKind
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.fields import Holds
from codemods.ownership.summaries.contents import Contents
from codemods.rules.owners.tuple_parts import part_releases
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

NAME = "unopened-payload"

_OTHER = {"Ok": "Err", "Err": "Ok", "Just": "Nothing", "Nothing": "Just"}
_JUMPS = (ExitKind.RETURN, ExitKind.BREAK, ExitKind.CONTINUE, ExitKind.PROPAGATE, ExitKind.THROW)


@dataclass(frozen=True, slots=True)
class Owed:
    """What a variant of a Maybe or Outcome holds that somebody must release."""

    payload: Type
    name: str
    """A name to bind it to."""
    statements: tuple[str, ...]
    """What releases it then; the compiler drops the name where there is nothing."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The variables that are only asked which variant they are."""
    contents = Contents(context.analysis)
    for _, graph in context.graphs():
        taken: set[str] = set()
        for variable in graph.variables:
            if _is_unopened(context, graph, variable):
                proposal = _proposal(context, graph, variable, contents, taken)
                if proposal is not None:
                    yield proposal


def only_asks(site: Site) -> bool:
    """Whether a method of Maybe or Outcome only asks which variant it is."""
    return isinstance(site.parent, nodes.MethodCall) and site.parent.name.startswith("is_")


def owed_payloads(
    context: Context,
    contents: Contents,
    graph: ControlFlowGraph,
    value: Expression,
    type_: Type,
    taken: set[str],
) -> dict[str, Owed]:
    """What the variants of a Maybe or Outcome hold that is lost unless they are opened."""
    if type_.name not in BUILTIN_VARIANTS:
        return {}
    found: dict[str, Owed] = {}
    for variant, payload in context.analysis.index.variants(type_).items():
        if len(payload) != 1:
            continue
        if _releases(context, contents, graph, value, variant, payload[0], "payload") is None:
            continue
        name = payload_name(context, graph, payload[0], taken | {each.name for each in found.values()})
        statements = _releases(context, contents, graph, value, variant, payload[0], name)
        assert statements is not None
        found[variant] = Owed(payload[0], name, statements)
    return found


def payload_name(context: Context, graph: ControlFlowGraph, payload: Type, taken: set[str]) -> str:
    """A name for what a variant holds, or for another value of such a type."""
    if payload.name == "()":
        return context.names.for_dropped(graph.function, "parts", "pair", "payload", taken=taken)
    if payload.name == "Str":
        return context.names.for_dropped(graph.function, "text", "new_text", "payload", taken=taken)
    return owner_name(context, graph.function, payload, taken)


def _releases(
    context: Context,
    contents: Contents,
    graph: ControlFlowGraph,
    value: Expression,
    variant: str,
    payload: Type,
    name: str,
) -> tuple[str, ...] | None:
    """The statements that release a payload once it has a name; None if nobody owes it anything."""
    analysis = context.analysis
    if payload.name == "()":
        parts = part_releases(context, contents, graph, name, payload, value, variant)
        return tuple(parts.values()) or None
    release = release_of_dropped(context, payload)
    if release is not None:
        fresh = analysis.summaries.origin(graph, value).is_fresh
        return (f"{name}.{release.name}()",) if fresh else None
    if analysis.drops.kind(payload) not in (DropKind.TEXT, DropKind.FIELDS):
        return None
    strings = contents.strings(graph, value, variant)
    owned = strings.is_owned and Holds.SHARED not in strings.holds
    return () if owned and analysis.summaries.origin(graph, value).is_fresh else None


def _is_unopened(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.value is None:
        return False
    if variable.type is None or variable.type.name not in BUILTIN_VARIANTS:
        return False
    if isinstance(variable.value, nodes.Path) or graph.is_assigned(variable):
        return False
    if not all(use.site.role is Role.RECEIVER and only_asks(use.site) for use in graph.uses(variable)):
        return False
    if may_hold_variable(context, graph, variable.value):
        return False
    analysis = context.analysis
    return not analysis.others_released(graph, variable) and not analysis.may_be_taken_elsewhere(
        graph, variable
    )


def _proposal(
    context: Context, graph: ControlFlowGraph, variable: Variable, contents: Contents, taken: set[str]
) -> Diagnostic | None:
    """Open the variable before each exit, and release what it holds."""
    assert variable.type is not None and variable.value is not None
    owed = owed_payloads(context, contents, graph, variable.value, variable.type, taken)
    if not owed:
        return None
    settled = settled_variant(context, graph, variable)
    if settled is not None:
        owed = {variant: each for variant, each in owed.items() if variant == settled}
    exits = [
        exit_
        for exit_ in exits_of(graph, variable)
        if (known := known_variant(context, exit_.node, variable)) is None or known in owed
    ]
    if not owed or not exits:
        return None
    taken |= {each.name for each in owed.values()}
    lines = opening(context, variable.name, variable.type, owed)
    opened = Cleanup("\n".join(lines), variable, frozenset((variable,)))
    held = " or ".join(str(each.payload) for each in owed.values())
    message = f"`{variable.name}` is never opened, so the {held} in it is never released"
    placements = before_exits(context, graph, opened, exits)
    for exit_ in placements.unplaced:
        message += f"; not mended on line {context.line(exit_.node.start)}: open it there by hand"
    verdict = Verdict.FIXED if placements.edits else Verdict.REPORTED
    function = graph.function.qualified_name
    return Diagnostic(
        NAME, variable.offset, function, message, verdict, placements.edits, placements.opens_block
    )


def opening(context: Context, subject: str, type_: Type, owed: Mapping[str, Owed]) -> list[str]:
    """The lines of a ``when`` that names what is to be released, and releases it."""
    lines = []
    if not any(each.statements for each in owed.values()):
        lines.append("// What it holds is freed only where it has a name.")
    lines.append(f"when {subject} {{")
    for variant, payload in context.analysis.index.variants(type_).items():
        each = owed.get(variant)
        if each is None:
            lines.append(f"    {variant}(_) => {{}}," if payload else f"    {variant} => {{}},")
        elif len(each.statements) == 1:
            lines.append(f"    {variant}({each.name}) => {each.statements[0]},")
        elif each.statements:
            lines.append(f"    {variant}({each.name}) => {{")
            lines += (f"        {statement}" for statement in each.statements)
            lines.append("    },")
        else:
            lines.append(f"    {variant}({each.name}) => {{}},")
    return [*lines, "}"]


def settled_variant(context: Context, graph: ControlFlowGraph, variable: Variable) -> str | None:
    """The variant that an assertion right behind the declaration leaves as the only one."""
    let = context.parent(variable.node) if not isinstance(variable.node, nodes.Var) else variable.node
    block = context.parent(let) if let is not None else None
    if let is None or not isinstance(block, nodes.Block):
        return None
    for statement in block.statements[block.statements.index(let) + 1 :]:
        if isinstance(statement, nodes.ExpressionStatement):
            settled = asserted_variant(statement.expression, variable.name)
            if settled is not None:
                early = (
                    exit_.kind in _JUMPS and exit_.node.start < statement.start
                    for exit_ in exits_of(graph, variable)
                )
                return None if any(early) else settled
    return None


def asserted_variant(call: Node, asked: str) -> str | None:
    """The variant of ``asked`` that an assertion leaves as the only one."""
    if not isinstance(call, nodes.Call) or not call.arguments:
        return None
    name = call.function.text
    if name not in ("assert", "assert_true", "assert_false"):
        return None
    return _variant_where(call.arguments[0], asked, holds=name != "assert_false")


def known_variant(context: Context, place: Node, variable: Variable) -> str | None:
    """The variant that an ``if`` around a place has asked for."""
    child = place
    for parent in context.ancestors(place):
        if isinstance(parent, nodes.If) and parent.condition is not None and child is not parent.condition:
            known = _variant_where(parent.condition, variable.name, holds=child is parent.branch)
            if known is not None and variable.node.start < parent.start:
                return known
        child = parent
    return None


def _variant_where(condition: Expression, asked: str, *, holds: bool) -> str | None:
    """The variant of what is asked where a condition holds, or does not."""
    if isinstance(condition, nodes.Unary) and condition.operator in ("not", "!"):
        condition, holds = condition.operand, not holds
    if not isinstance(condition, nodes.MethodCall) or condition.receiver.text != asked:
        return None
    variant = {"is_ok": "Ok", "is_err": "Err", "is_just": "Just", "is_nothing": "Nothing"}.get(condition.name)
    return variant if variant is None or holds else _OTHER[variant]


RULE = Rule(
    name=NAME,
    summary="A Maybe or Outcome is never opened, and what it holds is lost.",
    reason=(
        "The compiler never drops a Maybe or Outcome, and asking which variant it is takes nothing out. So "
        "what it holds leaks unless it is opened, once. A `when` gives it a name: with that it is released "
        "by its own release, or by the compiler at the end of the arm. An assertion that leaves one variant "
        "is believed, and what cannot be there is not released."
    ),
    check=check,
    examples=(
        Fixed(
            "",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let opened = open_reel(3)
    assert(opened.is_ok(), "opened")
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let opened = open_reel(3)
    assert(opened.is_ok(), "opened")
    when opened {
        Ok(reel) => reel.destroy(),
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use core::str
use std::collections::List

pub type Refusal {
    reason: Str,
}

func refuse(reason: Str) -> Refusal {
    return Refusal { reason: reason }
}

pub func numbers(count: I64) -> Outcome[List[I64], Refusal] {
    if count < 0 {
        return Err(refuse("less than nothing: {count}"))
    }
    return Ok(List[I64]::new(count))
}

pub func is_refused(count: I64) -> Bool {
    let made = numbers(count)
    return made.is_err()
}
""",
            """\
use core::str
use std::collections::List

pub type Refusal {
    reason: Str,
}

func refuse(reason: Str) -> Refusal {
    return Refusal { reason: reason }
}

pub func numbers(count: I64) -> Outcome[List[I64], Refusal] {
    if count < 0 {
        return Err(refuse("less than nothing: {count}"))
    }
    return Ok(List[I64]::new(count))
}

pub func is_refused(count: I64) -> Bool {
    let made = numbers(count)
    let is_err_result: Bool = made.is_err()
    when made {
        Ok(list) => list.destroy(),
        Err(refusal) => {},
    }
    return is_err_result
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let opened = open_reel(3)
    if opened.is_err() {
        return 1
    }
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    let opened = open_reel(3)
    if opened.is_err() {
        return 1
    }
    when opened {
        Ok(reel) => reel.destroy(),
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::read_mark

@test
func test_read() -> I32 {
    let mark = read_mark(3)
    assert(mark.is_ok(), "read")
    return 0
}
""",
            """\
use demo::prelude::read_mark

@test
func test_read() -> I32 {
    let mark = read_mark(3)
    assert(mark.is_ok(), "read")
    // What it holds is freed only where it has a name.
    when mark {
        Ok(text) => {},
        Err(_) => {},
    }
    return 0
}
""",
        ),
        Untouched(
            "",
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
        ),
        Untouched(
            "",
            """\
use demo::prelude::open_reel

@test
func test_refused() -> I32 {
    let opened = open_reel(0)
    assert(opened.is_err(), "refused")
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Label

pub func text_of(label: Label) -> Maybe[Str] {
    return Just(label.peek())
}

pub func has_text(label: Label) -> Bool {
    let text = text_of(label)
    return text.is_just()
}
""",
        ),
    ),
)
