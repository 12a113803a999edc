"""The leaks of owners: what their findings say, and the repair where one is safe."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.naming import describe_exits, quoted_names
from codemods.fixes.release_at_exits import Cleanup, before_exits
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.obligations import ObligationReport


def release_leaks(
    context: Context, graph: ControlFlowGraph, obligation: ObligationReport
) -> Repair | Refusal:
    """Release an owner in front of the exits at which it leaks."""
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
    return before_exits(context, graph, Cleanup.of(obligation), obligation.leaks, unsafe=obligation.unclear)


def leak_message(context: Context, obligation: ObligationReport, repair: Repair | Refusal) -> str:
    """Where an owner leaks: at the exits that the repair is for, or at all of them if there is none."""
    variable = obligation.variable
    unclear = obligation.unclear if isinstance(repair, Refusal) else []
    return (
        f"`{variable.name}` ({variable.type}), created on line {context.line(variable.offset)}, leaks at "
        f"{describe_exits([*obligation.leaks, *unclear], context.line)}: "
        f"{variable.name}.{obligation.release.name}() is missing"
    )


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
