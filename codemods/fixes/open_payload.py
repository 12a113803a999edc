"""Open a payload: a ``when`` that names what a Maybe or Outcome holds, and releases it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.naming import names_like, noun_of, owner_name
from codemods.fixes.owners import are_unshared, owns_dropped_fields, owns_new_strings, release_of_dropped
from codemods.fixes.string_code import free_owned
from codemods.fixes.workarounds import OPENED, explained_beside
from codemods.fixes.write_around import PART, write_around
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, VariableKind
from codemods.ownership.compiler.drops import DropKind
from codemods.semantics.symbols import BUILTIN_VARIANTS, STR, Type
from tml_ast import nodes
from tml_ast.edit import line_start
from tml_ast.nodes import Expression

_UNWRAPS = {"Ok": "unwrap", "Just": "unwrap", "Err": "unwrap_err"}
_QUESTIONS = {"Ok": "is_ok", "Just": "is_just", "Err": "is_err"}


@dataclass(frozen=True, slots=True)
class Owed:
    """What a variant of a Maybe or Outcome holds that somebody must release."""

    payload: Type
    name: str
    """A name to bind it to."""
    statements: tuple[str, ...]
    """What releases it then; none where the compiler drops it once it has a name."""


def owed_payloads(
    context: Context,
    graph: ControlFlowGraph,
    value: Expression,
    type_: Type,
    taken: set[str],
    *,
    in_arms: bool = True,
) -> dict[str, Owed]:
    """What the variants of a Maybe or Outcome hold that is lost unless they are opened.

    ``in_arms`` says that the arms of a ``when`` bind it, which may share their names with other arms.
    """
    if type_.name not in BUILTIN_VARIANTS:
        return {}
    found: dict[str, Owed] = {}
    reusable = _names_of_other_arms(context, graph, value) if in_arms else frozenset()
    for variant, payloads in context.analysis.index.variants(type_).items():
        if len(payloads) != 1:
            continue
        payload = payloads[0]
        if _releases(context, graph, value, variant, payload, "payload") is None:
            continue
        taken = taken | {owed.name for owed in found.values()}
        name = payload_name(context, graph, payload, taken, value, reusable)
        if variant == "Err":
            names = ("error", "failure", name)
            name = context.names.for_dropped(graph.function, *names, taken=taken, reusable=reusable)
        statements = _releases(context, graph, value, variant, payload, name)
        assert statements is not None
        found[variant] = Owed(payload, name, statements)
    return found


def held_types(owed: Mapping[str, Owed]) -> str:
    """``Reel or Str``, for a message."""
    return " or ".join(str(payload.payload) for payload in owed.values())


def payload_name(
    context: Context,
    graph: ControlFlowGraph,
    payload: Type,
    taken: set[str],
    value: Expression | None = None,
    reusable: frozenset[str] = frozenset(),
) -> str:
    """A name for what a variant of a value holds, or for the value itself."""
    if payload.name == "()":
        return context.names.for_dropped(graph.function, "parts", "pair", "payload", taken=taken)
    if payload == STR:
        stem = noun_of(value) or "text"
        names = names_like(graph.function, stem, value)
        return context.names.for_dropped(graph.function, *names, taken=taken, reusable=reusable)
    return owner_name(context, graph.function, payload, taken, value, reusable)


def _names_of_other_arms(context: Context, graph: ControlFlowGraph, value: Expression) -> frozenset[str]:
    """The names that only other arms use: the compiler forgets them at the end of their arm."""
    arms: dict[str, list[nodes.Arm]] = {}
    for variable in graph.variables:
        if variable.kind is VariableKind.PAYLOAD:
            arm = next(node for node in context.ancestors(variable.node) if isinstance(node, nodes.Arm))
            arms.setdefault(variable.name, []).append(arm)
    for token in graph.function.node.tokens():
        around = arms.get(token.text, ())
        if around and not any(arm.start <= token.start < arm.end for arm in around):
            del arms[token.text]
    return frozenset(
        name for name, around in arms.items() if not any(arm.start <= value.start < arm.end for arm in around)
    )


def _releases(
    context: Context,
    graph: ControlFlowGraph,
    value: Expression,
    variant: str,
    payload: Type,
    name: str,
) -> tuple[str, ...] | None:
    """The statements that release a payload once it has a name; None if it needs no release."""
    analysis = context.analysis
    if payload.name == "()":
        parts = part_releases(context, graph, name, payload, value, variant)
        return tuple(parts.values()) or None
    release = release_of_dropped(context, payload)
    if release is not None:
        fresh = analysis.summaries.origin(graph, value).is_fresh
        return (release.statement_on(name),) if fresh else None
    if analysis.drops.kind(payload) not in (DropKind.STRING, DropKind.FIELDS):
        return None
    strings = context.contents.strings(graph, value, variant)
    owned = are_unshared(strings) or (not strings.holds and owns_dropped_fields(context, payload))
    return () if owned and analysis.summaries.origin(graph, value).is_fresh else None


def opening(context: Context, subject: str, type_: Type, owed: Mapping[str, Owed]) -> list[str]:
    """The lines that ask what a Maybe or Outcome holds, name what is to be released, and release it.

    An ``if`` suffices for one variant of a variable. The compiler drops only what an arm of a ``when`` names.
    """
    if len(owed) == 1 and subject.isidentifier():
        ((variant, payload),) = owed.items()
        if payload.statements:
            inside = _unwrapped(subject, variant, payload)
            return [f"if {subject}.{_QUESTIONS[variant]}() {{", *(f"\t{line}" for line in inside), "}"]
    lines = []
    if not any(payload.statements for payload in owed.values()):
        lines.append(OPENED)
    lines.append(f"when {subject} {{")
    for variant, payloads in context.analysis.index.variants(type_).items():
        pattern = f"{variant}(_)" if payloads else variant
        statements: tuple[str, ...] = ()
        if variant in owed:
            pattern = f"{variant}({owed[variant].name})"
            statements = owed[variant].statements
        if len(statements) > 1 or any(statement.startswith("let ") for statement in statements):
            lines += (f"\t{pattern} => {{", *(f"\t\t{line}" for line in statements), "\t},")
        else:
            lines.append(f"\t{pattern} => {statements[0] if statements else '{}'},")
    return [*lines, "}"]


def opening_of(context: Context, offset: int, subject: str, variant: str, owed: Owed) -> list[str] | None:
    """The lines that release what a variable holds where it can only be this variant; None for a string.

    They follow the statement at an offset.
    The compiler frees a string in the arm of a ``when``, and not what a method returns.
    """
    if owed.payload == STR:
        return None
    if not owed.statements:
        taken = f"{subject}.{_UNWRAPS[variant]}()"
        return [explained_beside(context, offset, f"let {owed.name} = {taken}", OPENED)]
    return _unwrapped(subject, variant, owed)


def _unwrapped(subject: str, variant: str, owed: Owed) -> list[str]:
    """The statements that take a payload out of a variable and release it."""
    taken = f"{subject}.{_UNWRAPS[variant]}()"
    release, *others = owed.statements
    if not others and release.startswith(f"{owed.name}."):
        return [taken + release.removeprefix(owed.name)]
    return [f"let {owed.name} = {taken}", *owed.statements]


def open_in_place(
    context: Context, call: CallSite, type_: Type, owed: Mapping[str, Owed]
) -> Repair | Refusal:
    """Put such a ``when`` around the call of a statement that stands on lines of its own."""
    source, statement = context.file.source, call.site.parent
    if source[line_start(source, statement.start) : statement.start].strip():
        return Refusal("open it by hand")
    text = "\n".join(opening(context, PART, type_, owed))
    return Repair(write_around(source, statement, [call.node], text))


def part_releases(
    context: Context,
    graph: ControlFlowGraph,
    name: str,
    type_: Type,
    value: Expression,
    *variant: str,
) -> dict[int, str]:
    """The statements that release the parts of the tuple ``name``, by the number of the part.

    ``value`` is what the tuple comes from; with ``variant`` it is that variant's payload.
    """
    found: dict[int, str] = {}
    fresh = context.analysis.summaries.origin(graph, value).is_fresh
    for number, part in enumerate(type_.arguments):
        release = release_of_dropped(context, part)
        if release is not None and fresh:
            found[number] = release.statement_on(f"{name}.{number}")
        elif part == STR and owns_new_strings(strings := context.contents.strings(graph, value, *variant)):
            found[number] = free_owned(context, f"{name}.{number}", strings)
    return found
