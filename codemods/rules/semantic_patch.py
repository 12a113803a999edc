"""The rules of the semantic patches: a shape is fixed where no caller relies on what would be freed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from codemods.fixes.apply_patch import patch_findings
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal
from codemods.fixes.stale_readers import stale_reader
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantic_patches import Application, Example, SemanticPatch, bundled_patches
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes


def _check(patch: SemanticPatch, context: Context) -> Iterator[Diagnostic]:
    if not context.file.is_test:
        yield from patch_findings(context, patch, _guard)


def _guard(context: Context, application: Application) -> Refusal | None:
    return stale_reader(context, _changed_methods(context, application))


def _changed_methods(context: Context, application: Application) -> frozenset[FunctionInfo]:
    """The methods that free something once the patch is made."""
    changed = [match for match in application.changed if not isinstance(match.nodes[0], nodes.Impl)]
    return frozenset(
        function
        for function in context.functions
        if any(function.node.start < match.end and match.start < function.node.end for match in changed)
    )


def _rule(patch: SemanticPatch) -> Rule:
    return Rule(
        name=patch.name,
        summary=patch.summary,
        reason=patch.reason,
        check=partial(_check, patch),
        examples=tuple(map(_example, patch.examples)),
    )


def _example(example: Example) -> Fixed | Untouched:
    if example.before == example.after:
        return Untouched(example.title, example.before)
    return Fixed(example.title, example.before, example.after)


RULES = tuple(map(_rule, bundled_patches()))
"""One rule for each semantic patch."""
