"""The comments on workarounds lead to the defects of the compiler that they are for."""

from __future__ import annotations

import re

from codemods.compiler_defects import DEFECTS
from codemods.rules.rule import Fixed
from tests.support.rule_examples import all_examples

_COMMENT = re.compile(r"// compiler defect ([\w-]+): ")


def test_a_workaround_names_a_defect_that_is_known() -> None:
    named = {
        (rule, name)
        for rule, example in all_examples()
        if isinstance(example, Fixed)
        for name in _COMMENT.findall(example.after)
        if name not in example.before
    }

    assert {name for _, name in named} <= DEFECTS.keys()
    assert ("cancelled-drop", "private-callee-takes-strings") in named
    assert ("void-tail", "void-end-drops-nothing") in named
