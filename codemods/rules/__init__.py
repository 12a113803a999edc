"""The rules, one file a kind of fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codemods.phases import Phase
from codemods.rules import (
    cancelled_drop,
    consumed_by_return,
    dangling_sum,
    discarded_owner,
    foreign_string,
    incomplete_destroy,
    library_temporary,
    missing_destroy,
    missing_release,
    tuple_parts,
    undrained_elements,
    unopened_payload,
)
from codemods.rules.base import Rule

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        dangling_sum.RULE,
        missing_destroy.RULE,
        incomplete_destroy.RULE,
        missing_release.MISSING_RELEASE_RULE,
        missing_release.SCOPED_CLEANUP_RULE,
        discarded_owner.RULE,
        unopened_payload.RULE,
        tuple_parts.RULE,
        undrained_elements.RULE,
        foreign_string.RULE,
        consumed_by_return.RULE,
        cancelled_drop.RULE,
        library_temporary.RULE,
    )
}
"""Every rule by its name, in the order they have their turn."""


def rules_of(phase: Phase) -> Sequence[Rule]:
    """The rules that a phase applies."""
    return [RULES[name] for name in phase.rules]
