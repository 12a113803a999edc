"""Any choice among the fixes of a plan, closed under what they need, leads to the same tree in the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from codemods.engine import plan_fixes
from codemods.files.workspace import read_tree
from codemods.model.findings import FindingKey
from codemods.model.fix_plan import always
from tests.campaigns.choose_fixes import PlannedTree
from tests.engine.small_library import tree
from tests.support.project import EXAMPLE

TREES: Mapping[str, PlannedTree] = {
    "the example": PlannedTree.of(read_tree(EXAMPLE).files),
    "a small library": PlannedTree.of(tree()),
}
FIXES = [(name, key) for name, tree in TREES.items() for key in sorted(tree.plan.fixable)]


def label(fix: tuple[str, FindingKey]) -> str:
    name, key = fix
    return f"{name}-{key.path}:{key.line}:{key.column}-{key.rule}"


@pytest.mark.parametrize("fix", FIXES, ids=map(label, FIXES))
def test_one_fix_with_what_it_needs_and_then_the_rest(fix: tuple[str, FindingKey]) -> None:
    name, key = fix

    assert not list(TREES[name].faults(TREES[name].single(key)))


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("seed", range(5))
def test_some_fixes_with_what_they_need_and_then_the_rest(name: str, seed: int) -> None:
    assert not list(TREES[name].faults(TREES[name].selection(seed)))


@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1], [3, 1, 5, 2, 4]])
def test_the_branches_of_the_phases_merge_in_any_order(order: list[int], tmp_path: Path) -> None:
    planned = TREES["the example"]

    assert not list(planned.merge_faults(planned.repository(tmp_path), order))


@pytest.mark.parametrize(
    "fix", [fix for fix in FIXES if (TREES[fix[0]].plan.requires or {}).get(fix[1])], ids=label
)
def test_without_one_that_it_needs_a_fix_is_not_there_yet(fix: tuple[str, FindingKey]) -> None:
    name, key = fix
    plan = TREES[name].plan
    for needed in (plan.requires or {})[key]:
        left = plan.closed([key]) - plan.dependents([needed])

        then = plan_fixes(TREES[name].fixed(left), requirements=always)

        same = [other for other in then.fixable if (other.path, other.rule) == (key.path, key.rule)]
        here = [other for other in same if (other.function, other.column) == (key.function, key.column)]
        assert all((then.requires or {})[other] for other in here), needed
