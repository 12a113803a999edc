"""The rules, one file a kind of fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codemods.phases import Phase
from codemods.rules import (
    break_path,
    cancelled_drop,
    compiler_emitted,
    consumed_by_return,
    discarded_owner,
    element_destroy,
    incomplete_destroy,
    library_temporary,
    lost_argument,
    missing_release,
    overwritten_text,
    returned_argument,
    stored_element,
    template_conversion,
    undrained_elements,
    undrained_values,
    untracked_text,
    void_tail,
)
from codemods.rules.base import Rule

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        incomplete_destroy.RULE,
        missing_release.MISSING_RELEASE_RULE,
        missing_release.SCOPED_CLEANUP_RULE,
        discarded_owner.RULE,
        stored_element.RULE,
        undrained_elements.RULE,
        element_destroy.RULE,
        undrained_values.RULE,
        returned_argument.RULE,
        consumed_by_return.RULE,
        cancelled_drop.RULE,
        library_temporary.RULE,
        lost_argument.RULE,
        break_path.RULE,
        untracked_text.RULE,
        overwritten_text.RULE,
        template_conversion.RULE,
        void_tail.RULE,
        compiler_emitted.RULE,
    )
}
"""Every rule by its name, in the order they have their turn."""


def rules_of(phase: Phase) -> Sequence[Rule]:
    """The rules that a phase applies."""
    return [RULES[name] for name in phase.rules]
