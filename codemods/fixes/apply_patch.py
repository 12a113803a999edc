"""Apply a patch: the findings of a semantic patch in a file, each with all of its edits or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.semantic_patches import Application, SemanticPatch

Guard = Callable[[Context, Application], Refusal | None]
"""Says why a patch must not be applied at a place that it fits."""


def patch_findings(context: Context, patch: SemanticPatch, guard: Guard) -> Iterator[Diagnostic]:
    """What a patch finds in a file, fixed unless a name is taken or the guard refuses."""
    if not patch.may_fit(context.file.identifiers):
        return
    for application in patch.applications(context.file.tree):
        yield context.fix(
            application.subject, application.first, application.message, _repair(context, application, guard)
        )


def _repair(context: Context, application: Application, guard: Guard) -> Repair | Refusal:
    name = application.taken_name(context.file.tree)
    if name is not None:
        return Refusal(f"the name `{name}` that its fix brings is taken")
    refusal = guard(context, application)
    return Repair(tuple(application.edits(context.file.source))) if refusal is None else refusal
