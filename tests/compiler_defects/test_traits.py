"""The defects that the drop rules contain: without one of them, its rules find nothing to work around."""

from __future__ import annotations

import pytest

from codemods.compiler_defects import DEFECTS
from codemods.engine import analyse
from codemods.model.compiler_profile import ALL_TRAITS, CompilerProfile, Trait
from codemods.model.settings import Settings
from codemods.rules import RULES
from codemods.rules.rule import Fixed
from tests.support.rule_examples import PRELUDE


def settings_without(*mended: str) -> Settings:
    """The settings of a project whose compiler does not have these defects."""
    return Settings(compiler=CompilerProfile(mended=frozenset(mended)))


def test_a_trait_has_the_name_of_a_defect_that_says_so() -> None:
    assert {defect.name for defect in DEFECTS.values() if defect.modelled} == ALL_TRAITS


@pytest.mark.parametrize("trait", Trait)
def test_the_program_of_a_defect_needs_no_fix_once_it_is_mended(trait: Trait) -> None:
    defect = DEFECTS[trait]

    result = analyse(defect.files, [5], settings=settings_without(trait))

    assert not result.errors
    assert not list(result.findings)


def test_what_another_defect_loses_is_still_fixed() -> None:
    defect = DEFECTS[Trait.JUMP]

    result = analyse(defect.files, [5], settings=settings_without(Trait.VOID_END))

    assert {finding.rule for finding in result.findings} == set(defect.rules)


@pytest.mark.parametrize("trait", Trait)
def test_no_example_of_its_rules_has_a_finding_once_it_is_mended(trait: Trait) -> None:
    settings = settings_without(trait)

    for rule in DEFECTS[trait].rules:
        for example in RULES[rule].examples:
            if isinstance(example, Fixed):
                files = {"lib/demo/src/prelude.tml": PRELUDE, "lib/demo/src/x.tml": example.before.encode()}
                result = analyse(files, [5], settings=settings)
                assert rule not in {finding.rule for finding in result.findings}, example.title


@pytest.mark.parametrize("trait", [trait for trait in Trait if DEFECTS[trait].rules])
def test_nothing_that_holds_of_another_compiler_is_kept(trait: Trait) -> None:
    files = DEFECTS[trait].files

    assert not list(analyse(files, [5], settings=settings_without(trait)).findings)
    assert {finding.rule for finding in analyse(files, [5]).findings} == {DEFECTS[trait].rules[0]}


def test_a_release_by_hand_is_one_too_many_where_the_compiler_now_drops() -> None:
    path = "lib/std/src/sample.tml"
    before = DEFECTS[Trait.JUMP].files[path]
    by_hand = before.replace(
        b"            break\n",
        b"            lowlevel { mem_free(mark as *Unit) }\n            break\n",
    )

    assert not list(analyse({path: by_hand}, [5]).findings)
    result = analyse({path: by_hand}, [5], settings=settings_without(Trait.JUMP))

    assert [finding.rule for finding in result.findings] == ["double-release"]
    assert result.phases[0].changes[path].after == before
