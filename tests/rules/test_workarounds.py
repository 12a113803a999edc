"""The comments on workarounds lead to the defects of the compiler that they are for."""

from __future__ import annotations

import re

from codemods.compiler_defects import DEFECTS
from codemods.rules.rule import Fixed
from tests.support.rule_examples import all_examples, run

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
    assert ("early-return", "early-return-cancels-later-drops") in named
    assert ("branch-value", "branch-initialisers") in named
    assert ("library-temporary", "library-temporaries") in named
    assert ("overwritten-owner", "interpolation-frees-operands") in named
    assert ("stored-element", "allocates-goes-by-bare-name") in named


def test_one_comment_is_enough_for_a_function() -> None:
    code = """\
use core::str

pub type Fault {
    reason: Str,
}

pub func first(name: Str, at: I64) -> Outcome[I64, Fault] {
    if at < 0 {
        return Err(Fault { reason: "below: " + name })
    }
    if at > 9 {
        return Err(Fault { reason: "above: " + name })
    }
    return Ok(at)
}

pub func second(name: Str) -> Outcome[I64, Fault] {
    return Err(Fault { reason: "second: " + name })
}
"""
    comment = "// compiler defect joined-strings-are-freed-early: interpolated copies are not\n"

    became = run(code)[1]

    assert became.count(comment) == 2
    assert f'        {comment}        return Err(Fault {{ reason: "below' in became
    assert f'    {comment}    return Err(Fault {{ reason: "second' in became
