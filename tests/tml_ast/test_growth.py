"""Large, deep and broken input takes work in proportion to its size and never breaks the interpreter."""

from __future__ import annotations

import tracemalloc
from functools import partial

import pytest

from tests.support.work import work
from tml_ast import TmlSyntaxError, engine, nodes, parse, tokenize

MANY = 100_000
DEEP = 900
CALLS_PER_BYTE = 100
"""More than any source needs, far less than anything quadratic takes."""


def in_function(code: str) -> bytes:
    return f"func f() {{ {code} }}\n".encode()


def refused(source: bytes) -> None:
    """Fail unless the source is refused, with a place inside of the function."""
    with pytest.raises(TmlSyntaxError) as caught:
        parse(source)
    assert (caught.value.line, caught.value.column) > (1, 10)


@pytest.mark.parametrize(
    "code",
    [
        "(" * MANY,
        "[" * MANY,
        "{" * MANY,
        "if c() { a() }" + " else if c() { a() }" * MANY,
        "ref " * MANY,
        "return " * MANY,
        "do() " * MANY + "a",
        "a = " * MANY + "a",
        "a ? " * MANY,
        '"{a + ' * MANY,
        "x as " + "* " * MANY + "T",
    ],
    ids=lambda code: code[:12],
)
def test_what_is_too_deep_or_unfinished_is_an_error_with_its_place(code: str) -> None:
    source = in_function(code)
    work(partial(refused, source), at_most=CALLS_PER_BYTE * len(source))


@pytest.mark.parametrize(
    "code",
    [
        "a" + ".b" * MANY,
        "a" + " + a" * MANY,
        "a" + "()" * MANY,
        "- " * MANY + "a",
        "ref " * MANY + "a",
        "a " * MANY,
    ],
    ids=lambda code: code[:8],
)
def test_long_chains_parse_and_can_be_walked(code: str) -> None:
    source = in_function(code)
    module = parse(source)
    assert module.code() == source
    assert sum(1 for _ in module.walk()) > MANY


@pytest.mark.parametrize("code", ["a" + ".b" * MANY, "a" + " + a" * MANY, "- " * MANY + "a", "a " * MANY])
def test_how_deep_a_tree_is_takes_one_look_at_most(code: str) -> None:
    source = in_function(code)
    module = parse(source)
    work(partial(module.node_below, 5000), at_most=CALLS_PER_BYTE * len(source))


@pytest.mark.parametrize(
    ("opener", "closer"),
    [
        ("(", ")"),
        ("[", "]"),
        ("{ ", " }"),
        ("f(", ")"),
        ("x.a[", "]"),
        ("if (a) { ", " }"),
        ("when a() { A => ", " }"),
        ("do() { ", " }"),
        ("P { a: ", " }"),
        ("lowlevel { ", " }"),
    ],
)
def test_deep_nesting_parses(opener: str, closer: str) -> None:
    source = in_function(opener * DEEP + "a" + closer * DEEP)
    assert parse(source).code() == source


NESTING = [
    *(
        "(",
        "f(",
        "x.m(",
        "x.a[",
        "x.m[T](",
        "f[T](",
        "T[T]::n(",
        "{ ",
        "if (a) { ",
        "when a() { A => ",
        "do() ",
    ),
    *("do() { ", "do(x: T) -> T ", "P { a: ", "a ? ", "a + ", "a = ", "- ", "throw "),
    *(
        "if a() then b else ",
        "x.a[T[",
        "func g(a: T[",
        "type A[T = ",
        "type A { B = ",
        '"{a + ',
        "let A(",
        "if a() { b() }\n*",
    ),
]


@pytest.mark.parametrize("outer", NESTING)
def test_an_error_deep_inside_is_found_without_trying_everything(outer: str) -> None:
    for inner in NESTING:
        source = in_function((outer + inner) * 30 + "use")
        work(partial(refused, source), at_most=100 * CALLS_PER_BYTE * len(source))


@pytest.mark.parametrize(
    ("opener", "closer"),
    [
        ("type A[T = [I32; { ", " }]] = X"),
        ("type A[T = [I32; { ", " }]] = X | Y"),
        ("type A[T = [I32; { ", " }]] { a: X }"),
        ("type A[T = [I32; { ", " }]] where X: Y { a: X }"),
        ("x.a[[T; { ", "\n } ]]\n(1)"),
    ],
)
def test_what_is_nested_is_read_once(opener: str, closer: str) -> None:
    source = in_function(opener * 40 + "1" + closer * 40)
    assert parse(source).code() == source
    work(partial(parse, source), at_most=CALLS_PER_BYTE * len(source))


@pytest.mark.parametrize(
    "code",
    ["1" * MANY, "x = use " + "a" * MANY, "a: '" + "b" * MANY, "use `" + "c\n" * MANY + "`"],
    ids=lambda code: code[:8],
)
def test_the_message_about_a_long_token_is_short(code: str) -> None:
    with pytest.raises(TmlSyntaxError) as caught:
        parse(in_function(code))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "unit",
    [
        "func add(a: I32, b: I32) -> I32 {\n    let c = a + b\n    return c.abs(1)\n}\n",
        "type A = B ",
        "const A: I32 = x.a[x.a[x.a[0]]]\n",
        "const A: P = P { a, b, c, d }\n",
        "/* c */ // d\n#if X\n",
        'const A: Str = "a{b}c{f("d{e}")}"\n',
    ],
    ids=lambda unit: unit[:12],
)
def test_work_grows_with_size(unit: str) -> None:
    small, large = (unit.encode() * (size // len(unit)) for size in (30_000, 240_000))
    assert work(partial(parse, large)) < 8.1 * work(partial(parse, small))


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        ('"', "text ", '"'),
        ('"', "{} ", '"'),
        ("`", r"\n", ""),
        ("", "#\n", ""),
        ("", "\t//\n", ""),
        ("", "/**/", ""),
    ],
)
def test_a_long_token_takes_little_memory(before: str, unit: str, after: str) -> None:
    source = (before + unit * (200_000 // len(unit)) + after).encode()
    tracemalloc.start()
    try:
        tokenize(source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * len(source)


def test_a_failing_parse_takes_little_memory() -> None:
    source = b"func add(a: I32) -> I32 { return a }\n" * 500 + b"func ("
    tokens = tokenize(source)
    tracemalloc.start()
    try:
        engine.furthest_failure(tokens)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150 * len(source)


def test_brackets_around_much_code_are_matched_once() -> None:
    inside = "f(" + "a, " * 150_000 + ")"
    source = in_function("x.a[" * DEEP + inside + "]" * DEEP)
    work(partial(parse, source), at_most=CALLS_PER_BYTE * len(source))


def test_a_megabyte_of_small_functions() -> None:
    source = b"func add(a: I32, b: I32) -> I32 {\n    let c = a + b\n    return c.abs(1)\n}\n" * 14_000
    module = parse(source)
    assert len(module.all(nodes.Function)) == 14_000
