"""The leaks of owners: what their findings say, and the repair where one is safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.naming import describe_exits, quoted_names
from codemods.fixes.release_at_exits import Cleanup, described_misses, placed_before
from codemods.model.findings import Paths
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.error_paths import paths_of_leaks
from codemods.ownership.obligations import ObligationReport

_UNSAFE = Refusal("some path gives it away or keeps a part of it")


@dataclass(frozen=True, slots=True)
class Leak:
    """Where an owner leaks, as a message, and the repair for it.

    Exits that get no release although others do are not in it: they are found when the others have one.
    """

    message: str
    repair: Repair | Refusal
    paths: Paths


def leak_of(context: Context, graph: ControlFlowGraph, obligation: ObligationReport) -> Leak:
    """The leak of an owner, with the releases in front of its exits where they are safe."""
    placed = _refusal(context, obligation) or placed_before(
        context, graph, Cleanup.of(obligation), obligation.leaks
    )
    exits = [*obligation.leaks, *obligation.unclear]
    if isinstance(placed, Refusal):
        return _leak(context, obligation, exits, placed)
    if not placed.repairs:
        missed = {**placed.missed, **dict.fromkeys(obligation.unclear, _UNSAFE)}
        reasons = {*missed.values()}
        refusal = reasons.pop() if len(reasons) == 1 else Refusal(described_misses(context, missed))
        return _leak(context, obligation, exits, refusal)
    fixed = [exit_ for exit_ in obligation.leaks if exit_ not in placed.missed]
    return _leak(context, obligation, fixed, Repair.of(placed.repairs))


def _leak(
    context: Context, obligation: ObligationReport, exits: Sequence[Exit], repair: Repair | Refusal
) -> Leak:
    return Leak(_message(context, obligation, exits), repair, leak_paths(obligation, exits))


def _refusal(context: Context, obligation: ObligationReport) -> Refusal | None:
    """Why no release of the owner is safe, whatever the exit."""
    if obligation.overwritten or obligation.maybe_overwritten:
        return Refusal("it is overwritten while it owns a value; release the old value first")
    if obligation.unclear and not obligation.leaks and obligation.sharers:
        others = quoted_names(sorted({sharer.name for sharer in obligation.sharers}))
        return Refusal(f"{others} may hold the same value, and a release of each would free it twice")
    if obligation.unclear and not obligation.leaks:
        return Refusal("no release is proven safe: some path gives it away or keeps a part of it")
    borrowed = _borrowed_fields(context, obligation)
    if borrowed:
        return Refusal(
            f"its {obligation.release.name}() leaves {', '.join(borrowed)} to the compiler, "
            "but those strings belong to the caller"
        )
    return None


def _message(context: Context, obligation: ObligationReport, exits: Sequence[Exit]) -> str:
    variable = obligation.variable
    return (
        f"`{variable.name}` ({variable.type}), created on line {context.line(variable.offset)}, leaks at "
        f"{describe_exits(exits, context.line)}: {variable.name}.{obligation.release.name}() is missing"
    )


def leak_paths(obligation: ObligationReport, exits: Sequence[Exit]) -> Paths:
    """On which paths an owner leaks, of those that end in some exits."""
    ends = [*obligation.released, *obligation.moved]
    return paths_of_leaks(obligation.graph, obligation.variable, exits, ends)


def _borrowed_fields(context: Context, obligation: ObligationReport) -> list[str]:
    """The fields with borrowed strings that the compiler frees once the variable is no longer given away."""
    variable, graph, analysis = obligation.variable, obligation.graph, context.analysis
    if variable.type is None or analysis.drops.kind(variable.type) is not DropKind.FIELDS:
        return []
    if all(analysis.drops.covers(graph, variable, exit_) for exit_ in obligation.leaks):
        return []
    done = analysis.releases.fields_released(variable.type, obligation.release)
    return [
        name
        for name in context.fields.borrowed_strings(variable.type)
        if name in done and not done[name].blanked
    ]
