"""The rules, one file each, in folders by what they are about."""

from __future__ import annotations

from collections.abc import Mapping

from codemods.rules import semantic_patch
from codemods.rules.compiler import compiler_emitted, foreign_growth, foreign_string
from codemods.rules.containers import (
    claimed_view,
    discarded_element,
    overwritten_element,
    stored_duplicate,
    stored_element,
    undrained_elements,
    undrained_entries,
    undrained_values,
)
from codemods.rules.owners import (
    array_elements,
    discarded_owner,
    double_release,
    ignored_payload,
    lost_argument,
    missing_release,
    named_release,
    overwritten_field,
    overwritten_owner,
    scoped_cleanup,
    tuple_parts,
    unmatched_payload,
    unopened_payload,
    use_after_release,
)
from codemods.rules.rule import Rule
from codemods.rules.strings import (
    branch_value,
    break_path,
    cancelled_drop,
    consumed_by_return,
    dangling_sum,
    early_return,
    interpolated_view,
    library_temporary,
    lingering_temporary,
    missing_allocates,
    overwritten_text,
    returned_argument,
    template_conversion,
    unresolved_path,
    untracked_text,
    void_tail,
)
from codemods.rules.types import element_destroy, incomplete_destroy, missing_destroy

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        double_release.RULE,
        use_after_release.RULE,
        *semantic_patch.RULES,
        interpolated_view.RULE,
        claimed_view.RULE,
        dangling_sum.RULE,
        missing_destroy.RULE,
        incomplete_destroy.RULE,
        missing_release.RULE,
        scoped_cleanup.RULE,
        named_release.RULE,
        discarded_owner.RULE,
        ignored_payload.RULE,
        unmatched_payload.RULE,
        unopened_payload.RULE,
        tuple_parts.RULE,
        array_elements.RULE,
        stored_element.RULE,
        undrained_elements.RULE,
        undrained_entries.RULE,
        discarded_element.RULE,
        missing_allocates.RULE,
        element_destroy.RULE,
        undrained_values.RULE,
        returned_argument.RULE,
        foreign_string.RULE,
        foreign_growth.RULE,
        overwritten_owner.RULE,
        overwritten_field.RULE,
        overwritten_element.RULE,
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
        lingering_temporary.RULE,
        void_tail.RULE,
        compiler_emitted.RULE,
    )
}
"""Every rule by its name, in the order in which they run."""
