"""Edits of bytes, and statements inserted where they stay statements."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tml_ast.generated_programs import statements
from tests.tml_ast.notation import body_of, grouping
from tml_ast import (
    EditConflict,
    SourceEdit,
    TmlSyntaxError,
    apply,
    compose,
    in_order,
    indentation_of,
    insert_before_block_end,
    insert_statement_after,
    insert_statement_before,
    line_ending_of,
    nodes,
    parse,
)
from tml_ast.edit import indentation_unit, indented, lay_out, reindent


def edit(start: int, end: int, text: str = "", *owners: str) -> SourceEdit:
    return SourceEdit(start, end, text.encode(), frozenset(owners))


# ---- spans ----


def test_edits_are_spans_of_the_original_in_any_order() -> None:
    assert apply(b"one two three", [edit(8, 13, "3"), edit(0, 3, "1"), edit(7, 7, ",")]) == b"1 two, 3"
    assert apply("é x".encode(), [edit(3, 4, "y")]) == "é y".encode()


def test_insertions_at_one_point_keep_their_order_and_precede_a_replacement() -> None:
    assert apply(b"ab", [edit(1, 2, "B"), edit(1, 1, "1"), edit(1, 1, "2")]) == b"a12B"


@pytest.mark.parametrize(
    "clash", [(edit(0, 3), edit(2, 4)), (edit(0, 3), edit(1, 1, "x")), (edit(1, 2, "a"), edit(1, 2, "a"))]
)
def test_overlaps_are_conflicts(clash: tuple[SourceEdit, SourceEdit]) -> None:
    with pytest.raises(EditConflict) as caught:
        apply(b"abcdef", clash)
    assert {caught.value.first, caught.value.second} == set(clash)


def test_touching_edits_are_none() -> None:
    assert apply(b"abcd", [edit(0, 2, "x"), edit(2, 4, "y"), edit(2, 2, "-")]) == b"x-y"


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (2, 1)])
def test_a_span_has_a_start_and_an_end(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a span"):
        edit(start, end)


def test_an_edit_after_the_source_is_an_error() -> None:
    with pytest.raises(ValueError, match="after the end"):
        apply(b"ab", [edit(1, 3)])


# ---- composition ----


def test_a_second_round_of_edits_joins_the_first() -> None:
    first = [edit(0, 3, "uno", "a"), edit(8, 13, "tres", "b")]
    second = [edit(3, 3, "!", "c"), edit(4, 7, "dos", "d")]
    assert compose(first, second) == [
        edit(0, 3, "uno!", "a", "c"),
        edit(4, 7, "dos", "d"),
        edit(8, 13, "tres", "b"),
    ]


def test_an_edit_of_inserted_text_has_both_owners() -> None:
    first = [edit(2, 2, "hello", "a")]
    assert compose(first, [edit(3, 6, "u", "b")]) == [edit(2, 2, "huo", "a", "b")]
    assert compose(first, [edit(2, 7, "", "b")]) == [edit(2, 2, "", "a", "b")]


def test_an_edit_over_several_earlier_ones_joins_them_all() -> None:
    first = [edit(0, 1, "AA", "a"), edit(3, 4, "DD", "d")]
    assert compose(first, [edit(1, 5, "-", "x")]) == [edit(0, 4, "A-D", "a", "d", "x")]


def test_neighbours_of_one_round_stay_apart() -> None:
    assert compose([edit(1, 1, "a", "a"), edit(1, 1, "b", "b")], []) == [
        edit(1, 1, "a", "a"),
        edit(1, 1, "b", "b"),
    ]


@st.composite
def edits_of(draw: st.DrawFn, length: int) -> list[SourceEdit]:
    """Edits of a text of this length that do not overlap."""
    bounds = sorted(draw(st.lists(st.integers(0, length), max_size=8)))
    found = []
    for start, end in zip(bounds[::2], bounds[1::2], strict=False):
        text = draw(st.text("xyz", max_size=3))
        found.append(edit(start, end, text, draw(st.sampled_from("abcdef"))))
    return in_order(found) if not _clash(found) else []


def _clash(edits: list[SourceEdit]) -> bool:
    try:
        in_order(edits)
    except EditConflict:
        return True
    return False


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_composing_is_applying_one_after_the_other(data: st.DataObject) -> None:
    source = b"0123456789"
    first = data.draw(edits_of(len(source)))
    between = apply(source, first)
    second = data.draw(edits_of(len(between)))
    composed = compose(first, second)
    assert apply(source, composed) == apply(between, second)
    owners = {owner for edit in composed for owner in edit.owners}
    assert owners == {owner for edit in (*first, *second) for owner in edit.owners}


# ---- layout ----


def test_indentation_and_line_ending_are_those_of_the_line_concerned() -> None:
    source = b"a\r\n\t  b\n  c"
    assert [indentation_of(source, offset) for offset in (0, 3, 6, 9, 11)] == [
        b"",
        b"\t  ",
        b"\t  ",
        b"  ",
        b"  ",
    ]
    assert [line_ending_of(source, offset) for offset in (0, 1, 3, 10)] == [b"\r\n", b"\r\n", b"\n", b"\n"]
    assert line_ending_of(b"a\r\nb", 3) == b"\r\n"
    assert line_ending_of(b"", 0) == line_ending_of(b"a", 1) == b"\n"


def test_reindent_leaves_blank_lines_and_text_inside_of_literals() -> None:
    text = "f(`one\n  two`,\n    // why\n\n    b\n)"
    assert reindent(text, b"    ", b"  ", b"\r\n") == "f(`one\n  two`,\r\n  // why\r\n\r\n  b\r\n  )"


def test_indented_moves_the_lines_of_a_node_and_no_text_inside_of_literals() -> None:
    source = b"func f() {\n    if ready {\n        // why\n\n        say(`one\n  two`)\n    }\n}\n"
    (branch,) = (node for node in parse(source).walk() if isinstance(node, nodes.If))
    assert apply(source, indented(source, branch, 1)) == (
        b"func f() {\n    if ready {\n            // why\n\n            say(`one\n  two`)\n        }\n}\n"
    )


# ---- statements ----


def body(source: bytes) -> tuple[nodes.Module, nodes.Block]:
    module = parse(source)
    function = module.items[0]
    assert isinstance(function, nodes.Function) and function.body is not None
    return module, function.body


def before(source: str, text: str = "new()", index: int = 0) -> str:
    code = source.encode()
    module, block = body(code)
    return apply(code, [insert_statement_before(code, module, block.statements[index], text)]).decode()


def after(source: str, text: str = "new()", index: int = 0) -> str:
    code = source.encode()
    module, block = body(code)
    return apply(code, [insert_statement_after(code, module, block.statements[index], text)]).decode()


def at_end(source: str, text: str = "new()") -> str:
    code = source.encode()
    module, block = body(code)
    return apply(code, [insert_before_block_end(code, module, block, text)]).decode()


def test_statements_get_lines_of_their_own() -> None:
    source = "func f() {\n    a() // note\n    // last\n}\n"
    assert before(source) == "func f() {\n    new()\n    a() // note\n    // last\n}\n"
    assert after(source) == "func f() {\n    a() // note\n    new()\n    // last\n}\n"
    assert at_end(source) == "func f() {\n    a() // note\n    // last\n    new()\n}\n"


def test_each_line_keeps_its_ending() -> None:
    source = "func f() {\n    a()\r\n    b()\n}"
    assert after(source) == "func f() {\n    a()\r\n    new()\r\n    b()\n}"
    assert after(source, index=1) == "func f() {\n    a()\r\n    b()\n    new()\n}"
    assert (
        before(source, "x(\n    y\n)") == "func f() {\n    x(\r\n        y\r\n    )\r\n    a()\r\n    b()\n}"
    )


@pytest.mark.parametrize(
    ("source", "front", "rest", "end"),
    [
        ("{ a() }", "{ new(); a() }", "{ a(); new() }", "{ a(); new() }"),
        ("{ a(); }", "{ new(); a(); }", "{ a(); new(); }", "{ a(); new(); }"),
        ("{a()}", "{new(); a()}", "{a(); new()}", "{a(); new()}"),
        ("{ a() b() }", "{ new(); a() b() }", "{ a(); new(); b() }", "{ a() b(); new() }"),
        ("{ a(); b() }", "{ new(); a(); b() }", "{ a(); new(); b() }", "{ a(); b(); new() }"),
        ("{ a()\n}", "{ new(); a()\n}", "{ a()\n    new()\n}", "{ a()\n    new()\n}"),
        ("{\n  a() }", "{\n  new()\n  a() }", "{\n  a(); new() }", "{\n  a(); new() }"),
        (
            "{\n  a()\n  ; b() }",
            "{\n  new()\n  a()\n  ; b() }",
            "{\n  a()\n  ; new(); b() }",
            "{\n  a()\n  ; b(); new() }",
        ),
    ],
)
def test_statements_that_share_a_line_are_kept_apart(source: str, front: str, rest: str, end: str) -> None:
    head = "func f() "
    assert before(head + source) == head + front
    assert after(head + source) == head + rest
    assert at_end(head + source) == head + end


def test_empty_blocks() -> None:
    assert at_end("func f() {}") == "func f() { new() }"
    assert at_end("func f() { }") == "func f() { new() }"
    assert at_end("func f() {\n}\n") == "func f() {\n    new()\n}\n"
    assert at_end("func f() {\n    // nothing\n}\n") == "func f() {\n    // nothing\n    new()\n}\n"


def test_a_semicolon_comes_only_where_the_next_line_would_be_absorbed() -> None:
    assert before("func f() -> I32 {\n    -1\n}") == "func f() -> I32 {\n    new();\n    -1\n}"
    assert before("func f() {\n    (a).b()\n}") == "func f() {\n    new()\n    (a).b()\n}"
    assert before("func f() {\n    *a = 1\n}") == "func f() {\n    new()\n    *a = 1\n}"
    conditional = "if c() {\n    new()\n}"
    assert before("func f() {\n    (a).b()\n}", conditional) == (
        "func f() {\n    if c() {\n        new()\n    };\n    (a).b()\n}"
    )
    assert after("func f() {\n    a();\n    *p = 1\n}", "if c() { b() } // why") == (
        "func f() {\n    a();\n    if c() { b() }; // why\n    *p = 1\n}"
    )


def test_the_statement_before_gets_one_where_it_would_absorb_the_new_one() -> None:
    source = "func f() {\n    if c() { a() } // note\n    b()\n}"
    expected = "func f() {\n    if c() { a() }; // note\n    (*p).free()\n    b()\n}"
    assert after(source, "(*p).free()") == before(source, "(*p).free()", 1) == expected
    assert after("func f() {\n    a()\n}", "-b") == "func f() {\n    a();\n    -b\n}"


def test_a_semicolon_that_kept_a_block_from_having_a_value_is_repeated() -> None:
    assert (
        after("func f() {\n    a();\n}")
        == at_end("func f() {\n    a();\n}")
        == "func f() {\n    a();\n    new();\n}"
    )


@pytest.mark.parametrize(
    ("code", "semicolon"),
    [
        ("func f() {{ a() }}", ""),
        ("func f() {{\n    if c {{\n        {}\n    }}\n}}", ""),
        ("func f() {{\n    if c {{\n        {}\n    }} else {{\n        b()\n    }}\n}}", ";"),
        ("func f() {{\n    if c {{\n        b()\n    }} else {{\n        {}\n    }}\n}}", ";"),
        ("func f() {{\n    if c {{ b() }} else if d {{\n        {}\n    }}\n}}", ";"),
        ("func f() {{\n    when c {{\n        Just(x) => {{\n            {}\n        }}\n    }}\n}}", ";"),
        ("func f() {{\n    if c {{\n        {}\n        b()\n    }} else {{ b() }}\n}}", ""),
    ],
)
def test_a_lowlevel_block_at_the_end_of_a_branch_is_no_value(code: str, semicolon: str) -> None:
    source = code.format("a()").encode()
    module = parse(source)
    statement = next(
        node for node in module.walk() if node.text == "a()" and isinstance(node, nodes.Statement)
    )
    added = insert_statement_after(source, module, statement, "lowlevel { free(x) }")
    result = apply(source, [added]).decode()
    assert f"lowlevel {{ free(x) }}{semicolon}" in result
    assert ("lowlevel { free(x) };" in result) is bool(semicolon)


def test_nothing_comes_between_a_declaration_and_its_semicolon() -> None:
    assert after("func f() {\n    const N: I32 = 1;\n    a()\n}") == (
        "func f() {\n    const N: I32 = 1;\n    new()\n    a()\n}"
    )


def test_a_comment_over_several_lines_is_not_torn() -> None:
    assert after("func f() {\n    a() /* one\n    two */\n    b()\n}") == (
        "func f() {\n    a(); new(); /* one\n    two */\n    b()\n}"
    )


def test_a_comment_at_the_end_of_the_new_text_swallows_nothing() -> None:
    assert after("func f() { a() }", "new() // why") == "func f() { a(); new() // why\n }"


def test_directives_stay_where_they_are() -> None:
    source = "func f() {\n#if X\n    a()\n#else\n    b()\n#endif\n}\n"
    assert before(source, index=1) == "func f() {\n#if X\n    a()\n#else\n    new()\n    b()\n#endif\n}\n"
    assert after(source) == "func f() {\n#if X\n    a()\n    new()\n#else\n    b()\n#endif\n}\n"
    assert at_end(source) == "func f() {\n#if X\n    a()\n#else\n    b()\n#endif\n    new()\n}\n"


def test_several_statements_and_owners() -> None:
    source = b"func f() {\n    a()\n}"
    module, block = body(source)
    edited = insert_statement_after(source, module, block.statements[0], "b()\nc()", frozenset({"rule"}))
    assert edited == edit(18, 18, "\n    b()\n    c()", "rule")


def test_only_a_statement_of_the_module_has_a_place() -> None:
    source = b"func f() { a(b) }"
    module, block = body(source)
    (statement,) = block.statements
    with pytest.raises(ValueError, match="is not a statement"):
        insert_statement_before(source, module, statement.nodes()[0], "new()")
    with pytest.raises(TmlSyntaxError):
        insert_statement_before(source, module, statement, "let")
    with pytest.raises(ValueError, match="no statement"):
        insert_statement_before(source, module, statement, " // nothing")


NEW = ["new()", "let x = 1", "if c() { d() }", "(*p).free()", "[1]", "*p = 1", "-1", "&x", "!x", "return"]


@given(statements(2), st.sampled_from(NEW), st.data())
@settings(max_examples=200, deadline=None)
def test_an_inserted_statement_changes_no_other(code: str, text: str, data: st.DataObject) -> None:
    try:
        old = body_of(code)
    except TmlSyntaxError:
        return
    if not old:
        return
    index = data.draw(st.integers(0, len(old) - 1))
    source = f"func f() {{\n{code}\n}}\n"
    expected = [grouping(statement) for statement in old]
    for inserted, place in ((before(source, text, index), index), (after(source, text, index), index + 1)):
        found = [grouping(statement) for statement in body(inserted.encode())[1].statements]
        wanted = [*expected[:place], *(grouping(statement) for statement in body_of(text)), *expected[place:]]
        assert found == wanted


# ---- indentation and comments ----


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        (b"func f() {\n\ta()\n\n", b"\t"),
        (b"func f() {\n  a()\n\n", b"  "),
        (b"func f() {\r\n   a()\r\n\r\n", b"   "),
        (b"func f() { // note\n\n    a()\n\n", b"    "),
        (b"func f() {\n\ta()\n}\nfunc g() {\n  when n {\n", b"  "),
        (b"func f() {\n\ta()\n}\nfunc g() {\n  a()\n", b"  "),
        (b"func f() { a() }\n", b"    "),
        (b"", b"    "),
    ],
)
def test_one_level_is_that_of_the_nearest_brace(source: bytes, unit: bytes) -> None:
    assert indentation_unit(source, len(source)) == unit


def test_one_level_is_looked_for_below_where_nothing_above_shows_it() -> None:
    assert indentation_unit(b"use a\n\nfunc f() {\n  a()\n}\n", 0) == b"  "


def test_tabs_become_the_levels_of_the_file() -> None:
    source = b"func f() {\r\n  a()\r\n}\r\n"
    assert lay_out(source, source.index(b"a()"), "if b {\n\tc()\n}") == b"if b {\r\n    c()\r\n  }"


def test_a_statement_keeps_the_comments_above_it() -> None:
    source = b"func f() {\n    a()\n\n    // of b\n    // too\n    b() // of b\n    // of c\n    c()\n}\n"
    module, block = body(source)
    first, second, third = block.statements
    edits = [
        insert_statement_before(source, module, statement, "x()") for statement in (first, second, third)
    ]
    assert apply(source, edits).decode() == (
        "func f() {\n    x()\n    a()\n\n    x()\n    // of b\n    // too\n    b() // of b\n"
        "    x()\n    // of c\n    c()\n}\n"
    )


def test_a_directive_above_is_no_comment() -> None:
    source = b"func f() {\n    // a\n#if LINUX\n    // b\n    b()\n#endif\n}\n"
    module, block = body(source)
    (statement,) = block.statements
    assert b"#if LINUX\n    x()\n    // b" in apply(
        source, [insert_statement_before(source, module, statement, "x()")]
    )
