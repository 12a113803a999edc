"""missing-release and its sibling scoped-cleanup: an owner leaves its scope unreleased."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.drops import DropKind
from codemods.ownership.flow import Exit, ExitKind, Flow, Variable
from codemods.ownership.obligations import Obligation
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.incomplete_destroy import borrowed_text_fields
from codemods.rules.naming import result_name
from codemods.rules.placement import before_exit, mentions
from tml_ast.edit import SourceEdit

MISSING_RELEASE = "missing-release"
SCOPED_CLEANUP = "scoped-cleanup"

_EXIT_WORDS = {
    ExitKind.RETURN: "the return",
    ExitKind.TAIL: "the end of the function",
    ExitKind.END: "the end of the function",
    ExitKind.SCOPE: "the end of the block",
    ExitKind.ARM: "the end of the arm",
    ExitKind.BREAK: "the break",
    ExitKind.CONTINUE: "the continue",
    ExitKind.PROPAGATE: "the error exit",
    ExitKind.THROW: "the throw",
}


def missing_releases(context: Context) -> Iterator[Proposal]:
    """The leaks that a release in an existing block mends, and those that nothing here can mend."""
    return (each for each in _proposals(context) if each.rule == MISSING_RELEASE)


def scoped_cleanups(context: Context) -> Iterator[Proposal]:
    """The leaks that need a block to release in."""
    return (each for each in _proposals(context) if each.rule == SCOPED_CLEANUP)


def _proposals(context: Context) -> Iterator[Proposal]:
    for _, flow in context.flows():
        for obligation in context.obligations(flow):
            if obligation.leaks or obligation.unclear or obligation.overwritten:
                yield _proposal(context, flow, obligation)


def _proposal(context: Context, flow: Flow, obligation: Obligation) -> Proposal:
    variable = obligation.variable
    statement = f"{variable.name}.{obligation.release.name}()"
    refusal = _refusal(context, obligation)
    edits: list[SourceEdit] = []
    opens_block = False
    unplaced: list[Exit] = []
    if refusal is None:
        result = _result_name(context, flow, obligation)
        for exit_ in obligation.leaks:
            placement = before_exit(context, flow, exit_, statement, obligation.views, result)
            if placement is None:
                unplaced.append(exit_)
            else:
                edits += placement.edits
                opens_block = opens_block or placement.opens_block
    left = [*unplaced, *obligation.unclear]
    fixed = bool(edits) and refusal is None
    message = _describe(
        context, obligation, obligation.leaks if fixed else [*obligation.leaks, *obligation.unclear]
    )
    if refusal is not None:
        message += f"; {refusal}"
    elif left:
        message += f"; not mended at {_places(context, left)}: release it there by hand"
    return Proposal(
        SCOPED_CLEANUP if opens_block else MISSING_RELEASE,
        variable.node.start,
        flow.function.qualified_name,
        message,
        Verdict.FIXED if fixed else Verdict.REPORTED,
        tuple(edits) if fixed else (),
    )


def _refusal(context: Context, obligation: Obligation) -> str | None:
    """Why no release is written for this variable, if none is."""
    if obligation.overwritten:
        return "it is overwritten while it owns a value; release the old value first"
    if obligation.unclear and not obligation.leaks:
        return "no release is proven safe: some path gives it away or keeps a part of it"
    variable = obligation.variable
    drops = context.analysis.drops
    if variable.type is not None and drops.kind(variable.type) is DropKind.FIELDS:
        shared = _borrowed_text_fields(context, obligation)
        if shared:
            return (
                f"its {obligation.release.name}() leaves {', '.join(shared)} to the compiler, "
                "but that text belongs to the caller"
            )
    return None


def _borrowed_text_fields(context: Context, obligation: Obligation) -> list[str]:
    """Borrowed text that the compiler frees as soon as the variable is no longer consumed."""
    variable, flow = obligation.variable, obligation.flow
    assert variable.type is not None
    covered = [
        exit_ for exit_ in obligation.leaks if not context.analysis.drops.covers(flow, variable, exit_)
    ]
    if not covered:
        return []
    done = context.analysis.releases.fields_released(variable.type, obligation.release)
    return [
        name
        for name in borrowed_text_fields(context, variable.type)
        if name in done and not done[name].blanked
    ]


def _result_name(context: Context, flow: Flow, obligation: Obligation) -> str:
    """A name for the value that leaves after the release."""
    for exit_ in obligation.leaks:
        if exit_.value is not None and mentions(flow, exit_.value, obligation.views):
            return result_name(context, flow.function, exit_.value)
    return ""


def _describe(context: Context, obligation: Obligation, exits: list[Exit]) -> str:
    variable: Variable = obligation.variable
    line = context.line(variable.node.start)
    places = _places(context, exits) if exits else "an assignment that overwrites it"
    return (
        f"`{variable.name}` ({variable.type}) is created at line {line} "
        f"and leaks at {places}: {obligation.release.name}() is never called"
    )


def _places(context: Context, exits: list[Exit]) -> str:
    words = []
    for exit_ in exits:
        ends = exit_.kind in (ExitKind.END, ExitKind.SCOPE, ExitKind.ARM)
        offset = exit_.node.end - 1 if ends else (exit_.value or exit_.node).start
        words.append(f"{_EXIT_WORDS[exit_.kind]} on line {context.line(offset)}")
    return ", ".join(dict.fromkeys(words))


MISSING_RELEASE_RULE = Rule(MISSING_RELEASE, "", "", missing_releases, (("", ""),), ())
SCOPED_CLEANUP_RULE = Rule(SCOPED_CLEANUP, "", "", scoped_cleanups, (("", ""),), ())
