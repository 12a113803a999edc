"""The rules, one file a kind of fix."""

from __future__ import annotations

from collections.abc import Mapping

from codemods.rules import (
    branch_value,
    break_path,
    cancelled_drop,
    claimed_view,
    compiler_emitted,
    consumed_by_return,
    dangling_sum,
    discarded_element,
    discarded_owner,
    early_return,
    element_destroy,
    foreign_string,
    incomplete_destroy,
    interpolated_view,
    library_temporary,
    lost_argument,
    missing_allocates,
    missing_destroy,
    missing_release,
    overwritten_owner,
    overwritten_text,
    returned_argument,
    semantic_patch,
    stored_duplicate,
    stored_element,
    template_conversion,
    tuple_parts,
    undrained_elements,
    undrained_values,
    unopened_payload,
    unresolved_path,
    untracked_text,
    void_tail,
)
from codemods.rules.base import Rule

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        *semantic_patch.RULES,
        interpolated_view.RULE,
        claimed_view.RULE,
        dangling_sum.RULE,
        missing_destroy.RULE,
        incomplete_destroy.RULE,
        missing_release.MISSING_RELEASE_RULE,
        missing_release.SCOPED_CLEANUP_RULE,
        discarded_owner.RULE,
        unopened_payload.RULE,
        tuple_parts.RULE,
        stored_element.RULE,
        undrained_elements.RULE,
        discarded_element.RULE,
        missing_allocates.RULE,
        element_destroy.RULE,
        undrained_values.RULE,
        returned_argument.RULE,
        foreign_string.RULE,
        overwritten_owner.RULE,
        consumed_by_return.RULE,
        early_return.RULE,
        branch_value.RULE,
        unresolved_path.RULE,
        cancelled_drop.RULE,
        library_temporary.RULE,
        stored_duplicate.RULE,
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
