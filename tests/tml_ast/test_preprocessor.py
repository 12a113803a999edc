"""The preprocessor: conditions, which lines a set of symbols leaves out, and the variants that there are."""

from __future__ import annotations

import time

import pytest

from tml_ast import TmlSyntaxError, parse
from tml_ast.parser import parse_variant
from tml_ast.preprocessor import (
    Directives,
    condition_of,
    directives_of,
    holds,
    settle,
    text_of,
    variants_of,
)

MOST = 64


def directives(source: str) -> Directives:
    """The directives of a file that has some."""
    found = directives_of(source.encode())
    assert found is not None
    return found


def left_in(source: str, **symbols: bool) -> str:
    """The lines that some symbols leave in, one after the other on a line."""
    spans = directives(source).variant_for(symbols).left_out
    kept, done = "", 0
    for start, end in spans:
        kept += source[done:start]
        done = max(done, end)
    return " ".join((kept + source[done:]).split())


def variants(source: str, most: int = MOST) -> list[str]:
    """What is left in of each variant."""
    found, _ = variants_of([(directives(source), None)], most)
    return sorted(left_in(source, **assignment) for assignment in found)


# Conditions


@pytest.mark.parametrize(
    ("text", "symbols", "expected"),
    [
        ("A", {"A": True}, True),
        ("!A", {}, True),
        ("not A and B", {"B": True}, True),
        ("A || B && C", {"A": True}, True),
        ("(A or B) and !defined(C)", {"B": True}, True),
        ("defined A", {"A": False}, False),
        ("A == 1", {"A": True}, True),
        ("orange", {"orange": True}, True),
    ],
)
def test_conditions_are_those_of_the_compiler(text: str, symbols: dict[str, bool], expected: bool) -> None:
    assert holds(condition_of(text), lambda name: symbols.get(name, False)) is expected
    assert holds(condition_of(text_of(condition_of(text))), lambda name: symbols.get(name, False)) is expected


@pytest.mark.parametrize("text", ["", "1", "(A", "defined(A", "!" * 5000 + "A", "(" * 5000])
def test_what_is_no_condition_makes_no_variant(text: str) -> None:
    assert variants(f"#if {text}\na\n#else\nb\n#endif\n") == []


def test_a_condition_may_have_many_parts() -> None:
    condition = condition_of(" || ".join(f"S{number}" for number in range(10_000)))

    assert holds(condition, lambda name: name == "S9999") is True


# Variants


def test_of_the_branches_of_a_group_one_is_left_in_at_most() -> None:
    source = "#if A\na\n#elif B\nb\n#endif\nc\n"

    assert variants(source) == ["a c", "b c", "c"]


def test_conditions_that_contradict_each_other_are_never_true_together() -> None:
    assert variants("#if A\n#if !A\nnever\n#endif\na\n#endif\n") == ["", "a"]


def test_a_target_has_one_system_and_one_word_size() -> None:
    source = "#if WINDOWS\nw\n#endif\n#if LINUX\nl\n#endif\n#ifdef UNIX\nu\n#endif\n"
    assert variants(source) == ["", "l u", "u", "w"]
    assert variants("#if PTR_64\nwide\n#endif\n#if PTR_32\nnarrow\n#endif\n") == ["narrow", "wide"]
    assert settle({"X86_64": True}, {"PTR_32": True}) is None


def test_symbols_are_defined_and_undefined_on_the_way() -> None:
    assert variants("#define A\n#if A\na\n#endif\n#undef A\n#if A\nb\n#endif\n") == ["a"]
    assert variants("#if C\n#define D\n#endif\n#if C\n#if D\nd\n#endif\n#endif\n") == ["", "d"]


def test_a_variant_that_the_preprocessor_refuses_is_none() -> None:
    assert variants("#if WINDOWS\nw\n#elif UNIX\nu\n#else\n#error no system\n#endif\n") == ["u", "w"]
    assert variants("#if A\n#frobnicate\n#endif\n") == [""]


def test_conditions_nested_50_deep_have_51_variants() -> None:
    source = "".join(f"#if S{number}\n" for number in range(50)) + "x\n" + "#endif\n" * 50

    assert len(variants(source)) == 51


def test_of_very_many_variants_some_are_looked_at() -> None:
    source = "".join(f"#if S{number}\nx{number}\n#endif\n" for number in range(20))
    start = time.monotonic()

    found, more = variants_of([(directives(source), None)], MOST)

    assert (len(found), more) == (MOST, True)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("source", ["#endif\n", "#if A\n", "#else\n", "#if A\n#if B\n#endif\n"])
def test_directives_that_do_not_match_are_an_error(source: str) -> None:
    with pytest.raises(TmlSyntaxError, match="#"):
        directives_of(source.encode())


# Trees


DIRECTIVES_ANYWHERE = {
    "arguments": "func f() {\n    g(\n#if A\n        1,\n#else\n        2,\n#endif\n        3)\n}\n",
    "expression": "func f() -> I64 {\n    return 1\n#if A\n        + 2\n#endif\n        + 3\n}\n",
    "when": "func f(n: I64) {\n    when n {\n#if A\n        1 => 2,\n#endif\n        _ => 3\n    }\n}\n",
    "literal": "func f() -> P {\n    return P {\n#if A\n    x: 1,\n#else\n    x: 2,\n#endif\n    y: 3 }\n}\n",
    "header": "#if A\nfunc f(a: I64) {\n#else\nfunc f(a: I32) {\n#endif\n    g(a)\n}\n",
    "type": "type P {\n#if A\n    x: I64,\n#else\n    x: I32,\n#endif\n    y: I64 }\n",
    "template": "func f() { let t = `a\n#if A\nb\n#else\nc\n#endif\nd` }\n",
    "comment": "/* a\n#if A\n*/ func f() {}\n#else\n*/ func g() {}\n#endif\n",
}


@pytest.mark.parametrize("source", DIRECTIVES_ANYWHERE.values(), ids=DIRECTIVES_ANYWHERE)
def test_a_directive_may_stand_between_any_two_lines(source: str) -> None:
    code = source.encode()
    found, _ = variants_of([(directives(source), None)], MOST)

    assert len(found) == 2
    assert parse(code).code() == code
    for assignment in found:
        tree = parse_variant(code, directives(source).variant_for(assignment))
        assert tree.code() == code
        assert all(code[token.start : token.end] == token.lexeme for token in tree.tokens())


def test_a_file_without_any_variant_that_parses_is_an_error() -> None:
    with pytest.raises(TmlSyntaxError, match="unexpected"):
        parse(b"#if A\nfunc\n#else\ntype\n#endif\n")
