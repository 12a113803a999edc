"""Every example has a title that no other example of its rule has."""

from __future__ import annotations

from collections import Counter

import pytest

from codemods.rules import RULES
from tests.support.rule_examples import all_examples


@pytest.mark.parametrize("rule", RULES)
def test_every_example_has_a_title_of_its_own(rule: str) -> None:
    titles = Counter(example.title.casefold() for name, example in all_examples() if name == rule)
    assert [title for title, count in titles.items() if not title or count > 1] == []
