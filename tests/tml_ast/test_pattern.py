"""Patterns of code with metavariables: what they find, what they bind, what is rendered."""

from __future__ import annotations

import pytest

from tml_ast import Binding, CodePattern, TmlSyntaxError, indentation_of, nodes, parse, render
from tml_ast.parser import SnippetKind
from tml_ast.pattern import filter_for

SOURCE = """\
use test

@test
pub func first(a: I32, b: Str) -> I32 {
    let m = Map[Str, I32]::new()
    m.open() // one
    work(1, twice(2), 3)
    if m.len() == 0 { stop(m) }
    m.close()
    when find(a, b) {
        Just(found) => {
            take(found)
        }
        Many(x, y) => return x, Nothing => 2,
    }
    a = a; b = c
    list[a] + this.list[b]
}

func second() { }

type P { x: I32, y: Str }
type E { A, B(I32) }
impl Drop for P {
    func drop(mut this) { free(this.p as *U8) }
}
"""
MODULE = parse(SOURCE.encode())


def found(pattern: str, kind: SnippetKind | None = None, source: str = SOURCE) -> list[dict[str, str]]:
    """The text of every binding, match by match."""
    matches = list(CodePattern(pattern, kind).search(parse(source.encode())))
    assert not matches or filter_for(pattern)(source.encode())
    return [{name: binding.text for name, binding in match.bindings.items()} for match in matches]


def matched(pattern: str, kind: SnippetKind | None = None) -> list[str]:
    """The source of every match."""
    code = SOURCE.encode()
    return [code[match.start : match.end].decode() for match in CodePattern(pattern, kind).search(MODULE)]


# ---- single metavariables ----


def test_an_expression_stands_anywhere() -> None:
    assert found("$x.len()") == [{"x": "m"}]
    assert found("take($x)") == [{"x": "found"}]
    assert found("twice($_)") == [{}]
    assert matched("twice($_)") == ["twice(2)"]


def test_names_that_are_no_metavariables_must_be_the_same() -> None:
    assert matched("m.close()") == ["m.close()"]
    assert matched("n.close()") == matched("m.closed()") == matched("m.close(1)") == []


def test_a_metavariable_can_be_a_name() -> None:
    assert [match["method"] for match in found("m.$method()")] == ["open", "len", "close"]
    assert [match["f"] for match in found("func $f($..._) { $..._ }")] == ["second", "drop"]


def test_a_metavariable_can_be_a_type() -> None:
    assert found("let $v = Map[$K, $V]::new()") == [{"v": "m", "K": "Str", "V": "I32"}]
    assert found("$x as $T") == [{"x": "this.p", "T": "*U8"}]
    assert found("$T", "type", "const A: List[I32] = 1") == [{"T": "List[I32]"}, {"T": "I32"}]


def test_a_metavariable_can_be_a_pattern() -> None:
    assert found("Just($p)", "pattern") == [{"p": "found"}]
    assert found("let $p = $v") == [{"p": "m", "v": "Map[Str, I32]::new()"}]


def test_a_metavariable_can_be_a_statement() -> None:
    assert found("if m.len() == 0 { $s }") == [{"s": "stop(m)"}]
    assert found("a = a\n$next", "statements") == [{"next": "b = c"}]


def test_a_repeated_metavariable_must_match_equal_code() -> None:
    assert found("$x = $x") == [{"x": "a"}]
    assert found("f($x, $x)", source="const A: I32 = f(a . b, a.b) + f(a, b)") == [{"x": "a . b"}]
    assert found("$x.open(); $..._; $x.close()") == [{"x": "m"}]
    assert found("let $x = $_; $x.open()") == [{"x": "m"}]


# ---- sequences ----


def test_a_sequence_of_arguments_may_be_empty() -> None:
    assert found("work($...all)") == [{"all": "1, twice(2), 3"}]
    assert found("work($first, $...rest)") == [{"first": "1", "rest": "twice(2), 3"}]
    assert found("work($...most, $last)") == [{"most": "1, twice(2)", "last": "3"}]
    assert found("work(1, $...rest, twice(2), 3)") == [{"rest": ""}]


def test_a_sequence_of_statements() -> None:
    assert found("m.open(); $...between; m.close()") == [
        {"between": "work(1, twice(2), 3)\n    if m.len() == 0 { stop(m) }"}
    ]
    (match,) = CodePattern("m.open(); $...between; m.close()").search(MODULE)
    assert [type(node).__name__ for node in match.nodes] == ["ExpressionStatement"] * 4


def test_a_sequence_at_either_end_reaches_to_the_end_of_the_block() -> None:
    assert matched("$...all\nm.open()") == ["let m = Map[Str, I32]::new()\n    m.open()"]
    assert found("b = c; $...rest") == [{"rest": "list[a] + this.list[b]"}]


def test_a_sequence_of_arms() -> None:
    assert found("when $_ { Just($p) => $body, $...arms }") == [
        {
            "p": "found",
            "body": "{\n            take(found)\n        }",
            "arms": "Many(x, y) => return x, Nothing => 2",
        }
    ]
    assert found("when $_ { $..._ Many($...p) => $_ $..._ }") == [{"p": "x, y"}]


def test_sequences_of_parameters_fields_variants_and_members() -> None:
    assert found("func first($...p) -> $R { $..._ }") == [{"p": "a: I32, b: Str", "R": "I32"}]
    assert found("type $T { $...fields }") == [{"T": "P", "fields": "x: I32, y: Str"}]
    assert found("enum $T { $...variants }") == [{"T": "E", "variants": "A, B(I32)"}]
    assert [match["T"] for match in found("impl Drop for $T { $..._ }")] == ["P"]
    literal = "const A: Q = Q { a: 1, b, ..c }"
    assert found("Q { $...given, ..$rest }", source=literal) == [{"given": "a: 1, b", "rest": "c"}]


def test_all_ways_to_split_are_tried_until_repeated_names_agree() -> None:
    (only,) = found("f($...a, $x, $...b, $x, $...c)", source="func f() { f(1, 2, 3, 2, 4) }")
    assert only == {"a": "1", "x": "2", "b": "3", "c": "4"}


# ---- what counts ----


@pytest.mark.parametrize(
    "code",
    ["f(a, b)", "f (a,b)", "f(\n    a,\n    b, // two\n)", "f( /* one */ a, b)"],
)
def test_layout_and_optional_separators_do_not_count(code: str) -> None:
    assert found("f($x, b,)", source=f"func g() {{ {code}; }}") == [{"x": "a"}]


def test_separators_that_mean_something_do() -> None:
    assert found("[0; $n]", source="const A: T = [0, 4]") == []
    assert found("($x)", source="const A: T = (a,)") == []


def test_grouping_counts_as_the_compiler_does_it() -> None:
    assert found("$a + $b", source="const A: I32 = 1 + 2 * 3") == [{"a": "1", "b": "2 * 3"}]
    assert found("$a * 3", source="const A: I32 = 1 + 2 * 3") == [{"a": "2"}]


def test_an_item_may_have_decorators_that_the_pattern_does_not_mention() -> None:
    assert [match["f"] for match in found("@test func $f($..._) -> I32 { $..._ }")] == ["first"]
    assert [match["f"] for match in found("pub func $f($..._) -> I32 { $..._ }")] == ["first"]
    assert found("@bench func $f($..._) -> I32 { $..._ }") == []


def test_case_distinguishes_values_from_types() -> None:
    assert matched("$x[$i]") == ["list[a]", "this.list[b]"]
    assert matched("Map[$..._]::new()") == ["Map[Str, I32]::new()"]
    assert matched("if $c { $..._ }") == ["if m.len() == 0 { stop(m) }"]


def test_a_twin_keyword_is_the_same() -> None:
    assert found("lowlevel { $x }", source="const A: T = unsafe { a }") == [{"x": "a"}]


@pytest.mark.parametrize("between", ["", " ", "/**/", " /* of f */ "])
def test_a_filter_lets_all_pass_that_has_the_shape(between: str) -> None:
    source = f"func g() {{ f{between}(1) }}"
    assert found("f($x)", source=source) == [{"x": "1"}]


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        ("f($x)", b"let f = off(f) + f2(2)"),
        ("$x == 1", b"x = 1"),
        ("if $c { $...x }", b"i f c { }"),
        ('open("door")', b"open('door')"),
    ],
)
def test_a_filter_tells_without_parsing_that_a_shape_is_not_there(pattern: str, source: bytes) -> None:
    assert not filter_for(pattern)(source)


def test_kinds_are_guessed_or_given() -> None:
    guessed = {text: CodePattern(text).kind for text in ("$x.f()", "func f()", "let $x = 1", "f() g()")}
    assert list(guessed.values()) == ["expression", "item", "statements", "statements"]
    assert len(found("m.close()", "statements")) == 1
    assert CodePattern("$x", "pattern").variables == {"x"}


def test_bindings_have_spans_and_nodes() -> None:
    (match,) = CodePattern("let $v = $T[$...G]::new()").search(MODULE)
    code = SOURCE.encode()
    for binding in match.bindings.values():
        assert code[binding.start : binding.end].decode() == binding.text
    assert match.start == code.index(b"let m")
    assert [type(node) for node in match.bindings["G"].nodes] == [nodes.NamedType, nodes.NamedType]
    (nothing,) = CodePattern("twice(2, $...more)").search(MODULE)
    empty = nothing.bindings["more"]
    assert (empty.nodes, empty.start, empty.text) == ((), code.index(b"2)") + 1, "")


def test_match_looks_at_one_node_only() -> None:
    (call,) = (node for node in MODULE.walk() if isinstance(node, nodes.Call) and node.text == "take(found)")
    match = CodePattern("take($x)").match(call)
    assert match is not None and match.bindings["x"].text == "found"
    assert CodePattern("take($x)").match(MODULE) is None


@pytest.mark.parametrize("text", ["let = 1", "f(", "$x $", "func f( {}"])
def test_what_is_no_tml_is_an_error(text: str) -> None:
    with pytest.raises(TmlSyntaxError):
        CodePattern(text)


def test_other_mistakes() -> None:
    with pytest.raises(ValueError, match="empty"):
        CodePattern("  // nothing\n")
    with pytest.raises(ValueError, match=r"\$x is used with and without dots"):
        CodePattern("f($x, $...x)")


def test_long_blocks_do_not_take_long() -> None:
    source = "func f() {\n" + "    a.open()\n" * 2000 + "}\n"
    assert found("$x.open(); $...between; $x.close()", source=source) == []


# ---- rendering ----


def bindings(pattern: str, source: str = SOURCE) -> dict[str, Binding | str]:
    match = next(CodePattern(pattern).search(parse(source.encode())))
    return dict(match.bindings)


def test_render_fills_in_and_indents() -> None:
    match = next(CodePattern("when $v { Just($p) => $body, $...arms }").search(MODULE))
    rendered = render(
        """
        if ready() {
            let result = $v
            when result {
                Just($p) => $body
                $...arms
            }
        }
        """,
        match.bindings,
        indentation_of(SOURCE.encode(), match.start),
    )
    assert rendered == (
        "if ready() {\n"
        "        let result = find(a, b)\n"
        "        when result {\n"
        "            Just(found) => {\n"
        "                take(found)\n"
        "            }\n"
        "            Many(x, y) => return x, Nothing => 2\n"
        "        }\n"
        "    }"
    )


def test_render_takes_text_and_a_line_ending() -> None:
    assert (
        render("let $n = $v\n$n.f()", {"n": "tmp", "v": "g()"}, ending=b"\r\n") == "let tmp = g()\r\ntmp.f()"
    )
    with pytest.raises(ValueError, match=r"nothing is bound to \$v"):
        render("f($v)", {})


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("$x.f()", "(a + b).f()"),
        ("$x * 2", "(a + b) * 2"),
        ("-$x", "-(a + b)"),
        ("ref $x", "ref (a + b)"),
        ("$x\n.f()", "(a + b)\n.f()"),
        ("f($x, [$x])", "f(a + b, [a + b])"),
        ("let y = $x\n*p = 1", "let y = a + b\n*p = 1"),
        ("return $x", "return a + b"),
    ],
)
def test_render_keeps_an_operand_together(template: str, rendered: str) -> None:
    assert render(template, bindings("g($x)", "const A: I32 = g(a + b)")) == rendered


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("f($...none)", "f()"),
        ("f(a, $...none)", "f(a)"),
        ("f($...none, a)", "f( a)"),
        ("f() {\n    $...none\n    a\n}", "f() {\n    a\n}"),
        ("a\n// why\n$...none", "a\n// why\n"),
    ],
)
def test_render_drops_an_empty_sequence_with_its_comma_or_line(template: str, rendered: str) -> None:
    assert render(template, bindings("g($...none)", "const A: I32 = g()")) == rendered


def test_render_does_not_double_a_semicolon() -> None:
    assert render("$s; b", bindings("a(); $s", "func f() { a(); c(); }")) == "c(); b"
