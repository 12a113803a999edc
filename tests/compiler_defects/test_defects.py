"""The compiler's defects: each has a program that shows it and nothing else."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from codemods.compiler_defects import DEFECTS, LIBRARY_MISTAKES, Defect
from codemods.engine import analyse
from codemods.model.findings import Verdict
from codemods.rules import RULES
from tml_ast import parse


def test_every_rule_is_explained_once() -> None:
    explained = Counter(rule for defect in DEFECTS.values() for rule in defect.rules)
    explained.update(LIBRARY_MISTAKES)

    missing = RULES.keys() - explained.keys()
    assert not missing, "add it to `rules` of a file in codemods/compiler_defects, or to LIBRARY_MISTAKES"
    assert explained == Counter(RULES.keys())


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=lambda defect: defect.name)
def test_a_program_shows_its_defect_and_nothing_else(defect: Defect) -> None:
    for content in defect.files.values():
        parse(content)
    result = analyse(defect.files, [5])

    assert not result.errors
    assert {finding.rule for finding in result.findings} == set(defect.rules[:1])
    fixed = {finding.verdict for finding in result.findings} == {Verdict.FIXABLE}
    assert fixed == defect.is_fixable


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=lambda defect: defect.name)
def test_a_defect_is_described_in_whole_sentences(defect: Defect) -> None:
    assert not defect.title.endswith(".")
    assert defect.does.endswith(".") and defect.should.endswith(".")
    assert re.fullmatch("leak|double free|use after free|false report", defect.effect)
    assert (defect.leaks is not None) is (defect.effect == "leak")
    assert "@test" in defect.test
