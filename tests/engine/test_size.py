"""Functions that would take too long are named, and the others of their file are fixed all the same."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict
from tests.support.library_code import SOCK

LEAK = "pub func small(n: I64) -> I64 {\n    let s = Sock::open(n)\n    return s.port\n}\n"
BLOCKS = {
    "owners": "    let s{0} = Sock::open({0})\n    if n == {0} {{ return s{0}.port }}\n    s{0}.destroy()\n",
    "one variable": "    s = Sock::open({0})\n    if n == {0} {{ return s.port }}\n    s.destroy()\n",
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_a_function_of_ten_thousand_lines_is_named(block: str) -> None:
    blocks = "".join(block.format(number) for number in range(3_300))
    start = "    var s = Sock::open(0)\n    s.destroy()\n"
    large = f"pub func large(n: I64) -> I64 {{\n{start}{blocks}    return n\n}}\n"
    path = "lib/src/dev/sock.tml"
    result = analyse({path: (SOCK + LEAK + large).encode()}, range(1, 9))
    (error,) = result.errors
    assert (error.path, error.line) == (path, SOCK.count("\n") + LEAK.count("\n") + 1)
    assert error.message.startswith("large has too many variables and ways out")
    (finding,) = result.findings
    assert (finding.verdict, finding.function) == (Verdict.FIXED, "small")
