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
    assert in_the_end(files) == fixed(name, plan.fixable)


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("seed", range(10))
def test_some_fixes_with_what_they_need_and_then_the_rest(name: str, seed: int) -> None:
    plan = PLANS[name]
    keys = sorted(plan.fixable)
    chosen = plan.closed(random.Random(seed).sample(keys, len(keys) // 3))

    files = fixed(name, chosen)

    unparsed(files, chosen)
    assert len(plan_fixes(files).findings) == len(plan.findings) - len(chosen)
    assert in_the_end(files) == fixed(name, plan.fixable)


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
