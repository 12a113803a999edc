"""What is too large to follow is named, and all else is fixed; types without end come to an end."""

from __future__ import annotations

from typing import Any

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import Action
from codemods.ownership.string_tracks import StringTrack
from tests.support.demo_code import SOCK
from tml_ast import Node, edit

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
    assert (finding.verdict, finding.function) == (Verdict.FIXABLE, "small")


MADE = 'let s{0}: Str = "{{n}}.{0}"'
STRINGS = {
    "bound": f"    {MADE}\n    total = total + str::len(s{{0}})\n",
    "moved": f"    {MADE}\n    let t{{0}}: Str = s{{0}}\n    total = total + str::len(t{{0}})\n",
    "in branches": f"    if total > {{0}} {{{{\n        {MADE}\n        total = str::len(s{{0}})\n    }}}}\n",
}


@pytest.mark.parametrize("block", STRINGS.values(), ids=STRINGS)
def test_following_strings_takes_no_more_steps_for_each_in_a_longer_function(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    transfer = StringTrack.transfer

    def counted(track: StringTrack, action: Action, state: frozenset[Any]) -> frozenset[Any]:
        nonlocal steps
        steps += 1
        return transfer(track, action, state)

    monkeypatch.setattr(StringTrack, "transfer", counted)

    def steps_for(number: int) -> int:
        nonlocal steps
        steps = 0
        blocks = "".join(block.format(position) for position in range(number))
        code = f"pub func large(n: I64) -> I64 {{\n    var total: I64 = 0\n{blocks}    return total\n}}\n"
        analyse({"lib/src/dev/sock.tml": code.encode()}, range(1, 9))
        return steps

    few, many = steps_for(40), steps_for(80)
    assert 0 < few < many <= 2.2 * few


TYPES_WITHOUT_END = {
    "two that hold each other": "type A { b: B, s: Str }\ntype B { a: A, all: List[A], s: Str }\n",
    "arguments that grow": "type A { g: G[Str], s: Str }\ntype G[T] { next: Maybe[G[List[T]]], v: T }\n",
    "arguments that double": "type A { g: G[Str], s: Str }\ntype G[T] { a: G[G[T]], b: G[(T, T)] }\n",
    "variants": "type A { g: E[Str], s: Str }\ntype E[T] { Leaf(T), Pair(E[(T, T)], E[T]), Up(A) }\n",
    "names for each other": "type A { x: X, s: Str }\ntype X = Y\ntype Y = X\n",
}


@pytest.mark.parametrize("types", TYPES_WITHOUT_END.values(), ids=TYPES_WITHOUT_END)
def test_types_without_end_are_followed_to_an_end(types: str) -> None:
    code = f"""{types}
pub func build(n: I64) -> A {{
    return build(n - 1)
}}

pub func keep(all: ref List[A], n: I64) {{
    let one: Maybe[A] = Just(build(n))
    all.push(build(n))
}}

pub func first(all: ref List[A]) -> Str {{
    return all.get(0).s
}}
"""
    sources = {"lib/src/dev/sock.tml": (SOCK + LEAK).encode(), "lib/src/dev/endless.tml": code.encode()}
    result = analyse(sources, range(1, 9))
    assert not result.errors
    assert "small" in {finding.function for finding in result.findings}


def test_many_findings_in_one_file_take_hardly_more_steps_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps are starts of nodes that are looked at to find where a statement is inserted."""
    steps = 0
    is_counting = False
    place, start = edit._place, Node.start.fget

    def counted(node: Node) -> int:
        nonlocal steps
        steps += is_counting
        return start(node)

    def placed(*arguments: Any) -> Any:
        nonlocal is_counting
        is_counting = True
        try:
            return place(*arguments)
        finally:
            is_counting = False

    monkeypatch.setattr(Node, "start", property(counted))
    monkeypatch.setattr("tml_ast.edit._place", placed)

    def steps_for(number: int) -> int:
        nonlocal steps
        steps = 0
        test = "@test\nfunc t{}() -> I32 {{\n    let s = Sock::open(1)\n    return 0\n}}\n"
        leaks = "use demo::dev::sock::Sock\n" + "".join(map(test.format, range(number)))
        files = {"lib/demo/src/dev/sock.tml": SOCK.encode(), "tests/a.test.tml": leaks.encode()}
        (result,) = analyse(files, [5]).phases
        assert len(result.findings) == number
        return steps

    assert 0 < steps_for(120) < 8 * steps_for(30)
