"""Any choice among the fixes of a plan, closed under what they need, leads to the same tree in the end."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import pytest

from codemods.engine import plan_fixes
from codemods.files.workspace import read_tree
from codemods.model.findings import FindingKey
from codemods.model.fix_plan import NOTHING, FixPlan, Keys, always
from tests.engine.small_library import tree
from tests.support.project import EXAMPLE
from tml_ast import parse

TREES: Mapping[str, dict[str, bytes]] = {
    "the example": dict(read_tree(EXAMPLE).files),
    "a small library": tree(),
}
PLANS: Mapping[str, FixPlan] = {name: plan_fixes(files, requirements=always) for name, files in TREES.items()}
OTHER_ORDER = {("tests/http/router.test.tml", 40, "discarded-owner")}
"""Fixes after which two releases are found at once that the plan writes one after the other. These then stand
in another order."""
FIXES = [(name, key) for name, plan in PLANS.items() for key in sorted(plan.fixable)]


def fixed(name: str, keys: Keys) -> dict[str, bytes]:
    """A tree with some of its fixes."""
    changes = PLANS[name].changes(NOTHING, keys)
    return TREES[name] | {path: change.after for path, change in changes.items()}


def in_the_end(files: dict[str, bytes]) -> dict[str, bytes]:
    """A tree with all that tmlfix finds to fix in it."""
    plan = plan_fixes(files)
    changes = plan.changes(NOTHING, plan.fixable)
    return files | {path: change.after for path, change in changes.items()}


def unparsed(files: Mapping[str, bytes], keys: Iterable[FindingKey]) -> None:
    """Raises TmlSyntaxError if a file with a fix does not parse."""
    for path in {key.path for key in keys}:
        parse(files[path])


def label(fix: tuple[str, FindingKey]) -> str:
    name, key = fix
    return f"{name}-{key.path}:{key.line}:{key.column}-{key.rule}"


@pytest.mark.parametrize("fix", FIXES, ids=map(label, FIXES))
def test_one_fix_with_what_it_needs_and_then_the_rest(fix: tuple[str, FindingKey]) -> None:
    name, key = fix
    plan = PLANS[name]
    chosen = plan.closed([key])

    files = fixed(name, chosen)

    unparsed(files, chosen)
    then, whole = in_the_end(files), fixed(name, plan.fixable)
    if (key.path, key.line, key.rule) in OTHER_ORDER:
        assert then != whole
        then, whole = ({path: sorted(text) for path, text in each.items()} for each in (then, whole))
    assert then == whole


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("seed", range(5))
def test_after_some_fixes_with_what_they_need_the_rest_is_found(name: str, seed: int) -> None:
    """Only names of new functions, and the order of releases at one exit, may be others."""
    plan = PLANS[name]
    keys = sorted(plan.fixable)
    chosen = plan.closed(random.Random(seed).sample(keys, len(keys) // 3))

    files = fixed(name, chosen)
    then = plan_fixes(files)

    unparsed(files, chosen)
    assert len(then.findings) == len(plan.findings) - len(chosen)
    assert not plan_fixes(in_the_end(files)).fixable


@pytest.mark.parametrize(
    "fix", [fix for fix in FIXES if (PLANS[fix[0]].requires or {}).get(fix[1])], ids=label
)
def test_without_one_that_it_needs_a_fix_is_not_there_yet(fix: tuple[str, FindingKey]) -> None:
    name, key = fix
    plan = PLANS[name]
    for needed in (plan.requires or {})[key]:
        left = plan.closed([key]) - plan.dependents([needed])

        then = plan_fixes(fixed(name, left), requirements=always)

        same = [other for other in then.fixable if (other.path, other.rule) == (key.path, key.rule)]
        here = [other for other in same if (other.function, other.column) == (key.function, key.column)]
        assert all((then.requires or {})[other] for other in here), needed
