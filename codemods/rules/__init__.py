"""The rules, one file a kind of fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codemods.phases import Phase
from codemods.rules import (
    cancelled_drop,
    consumed_by_return,
    discarded_element,
    discarded_owner,
    incomplete_destroy,
    interpolated_view,
    library_temporary,
    missing_release,
    overwritten_owner,
    semantic_patch,
    stored_duplicate,
    undrained_elements,
)
from codemods.rules.base import Rule

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        *semantic_patch.RULES,
        interpolated_view.RULE,
        incomplete_destroy.RULE,
        missing_release.MISSING_RELEASE_RULE,
        missing_release.SCOPED_CLEANUP_RULE,
        discarded_owner.RULE,
        undrained_elements.RULE,
        overwritten_owner.RULE,
        discarded_element.RULE,
        consumed_by_return.RULE,
        cancelled_drop.RULE,
        library_temporary.RULE,
        stored_duplicate.RULE,
    )
}
"""Every rule by its name, in the order they have their turn."""


def rules_of(phase: Phase) -> Sequence[Rule]:
    """The rules that a phase applies."""
    return [RULES[name] for name in phase.rules]
