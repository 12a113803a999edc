"""Bytes to tokens: nothing is lost, and what is no token is named with its place."""

from __future__ import annotations

import pytest

from tests.tml_ast.notation import error_of, grouped, lexed
from tml_ast import parse, position, tokenize


def rebuilt(source: bytes) -> bytes:
    return b"".join(token.code() for token in tokenize(source))


def newlines(source: str) -> list[bool]:
    """For every token but the first, whether the grammar sees a line end before it."""
    return [token.newline_before for token in tokenize(source.encode())[1:-1]]


def in_function(expression: str) -> str:
    return f"func f() {{ {expression} }}"


# ---- whitespace, line ends, comments ----


def test_whitespace_and_comments_belong_to_the_token_they_precede() -> None:
    first, second, end = tokenize(b"  a /* x */ b // y\n")
    assert (first.trivia, first.lexeme, first.start) == (b"  ", b"a", 2)
    assert (second.trivia, second.lexeme, second.start) == (b" /* x */ ", b"b", 12)
    assert (end.type, end.trivia, end.start) == ("EOF", b" // y\n", 19)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("a b", False),
        ("a\nb", True),
        ("a\r\nb", True),
        ("a\rb", False),
        ("a\tb", False),
        ("a // c\nb", True),
        ("a /// doc\nb", True),
        ("a //! doc\nb", True),
        ("a /* one\ntwo */ b", False),
        ("a /* c */\nb", True),
        ("a\n/* c */ b", True),
        ("a /* c */ // d\n/* e */ b", True),
    ],
)
def test_a_line_end_outside_of_block_comments_is_seen(source: str, seen: bool) -> None:
    assert newlines(source) == [seen]


def test_block_comments_nest_and_hide_line_comments_and_strings() -> None:
    assert lexed('a /* 1 /* 2 */ 3 */ b /* " // */ c') == ["IDENT a", "IDENT b", "IDENT c"]
    assert lexed("a // /* not a block\nb") == ["IDENT a", "IDENT b"]


def test_an_unterminated_block_comment_is_an_error_where_it_opens() -> None:
    assert error_of("func f() {}\n  /* /* */ x") == "2:3: unterminated block comment"
    assert error_of("// /* no\n/* yes */ /* x") == "2:11: unterminated block comment"
    assert rebuilt(b"a /* /* */ x\n") == b"a /* /* */ x\n"


def test_a_file_may_mix_line_endings_and_lack_the_last_one() -> None:
    source = b"func f() {\r\n    a()\n    b()\r\n}"
    assert rebuilt(source) == parse(source).code() == source


@pytest.mark.parametrize("character", ["\f", "\v", "\x00", "#", "\\", "\x7f"])
def test_characters_that_are_no_token_are_named(character: str) -> None:
    message = (
        "a NUL byte is not allowed in TML source"
        if character == "\x00"
        else f"unexpected character {character!r}"
    )
    assert error_of(f"func f() {{\n  é {character} }}") == f"2:5: {message}"


def test_columns_count_characters_and_offsets_count_bytes() -> None:
    source = '// é\nfunc f() { x = "ü€𝄞" § }'.encode()
    assert position(source, source.index(b"x =")) == (2, 12)
    assert position(source, source.rindex(b"}")) == (2, 24)
    assert position(source, len(source)) == (2, 25)


def test_invalid_utf8_is_an_error_where_it_stands_and_still_round_trips() -> None:
    source = '// é\nfunc f() { "ä'.encode() + b'\xff" }'
    assert error_of(source) == "2:14: this byte is not valid UTF-8"
    assert rebuilt(source) == source


def test_a_byte_order_mark_is_an_error() -> None:
    assert error_of(b"\xef\xbb\xbffunc f() {}") == (
        "1:1: the file starts with a byte order mark; TML files have none"
    )


# ---- names and keywords ----


def test_every_keyword_is_reserved_and_case_matters() -> None:
    assert lexed("loop Loop this This self Self new get _ __x9") == [
        "loop",
        "IDENT Loop",
        "this",
        "This",
        "IDENT self",
        "IDENT Self",
        "IDENT new",
        "IDENT get",
        "IDENT _",
        "IDENT __x9",
    ]


def test_two_keywords_have_a_twin() -> None:
    assert lexed("enum E type unsafe lowlevel") == [
        "type enum",
        "IDENT E",
        "type",
        "lowlevel unsafe",
        "lowlevel",
    ]


def test_names_may_hold_any_byte_from_0x80() -> None:
    assert lexed("größe\u00a0x 名") == ["IDENT größe\u00a0x", "IDENT 名"]


def test_three_names_are_literals() -> None:
    assert lexed("__FILE__ __DIRNAME__ __LINE__ __OTHER__") == [
        "STRING __FILE__",
        "STRING __DIRNAME__",
        "INT __LINE__",
        "IDENT __OTHER__",
    ]


# ---- numbers ----


@pytest.mark.parametrize(
    "number", "0 42 1_000_ 0xFF 0XfF_u8 0b1010 0B1_i64 0o17 0O7 7i8 7u128 18446744073709551615".split()
)
def test_whole_numbers(number: str) -> None:
    assert lexed(number) == [f"INT {number}"]


@pytest.mark.parametrize("number", "1.5 1_0.2_5 1e9 1E+9 1.5e-3f64 42f32 2.0f32".split())
def test_fractions(number: str) -> None:
    assert lexed(number) == [f"FLOAT {number}"]


def test_a_dot_starts_a_fraction_only_before_a_digit() -> None:
    assert lexed("1.abs() 1..5 t.0.1") == [
        *("INT 1", ".", "IDENT abs", "(", ")"),
        *("INT 1", "..", "INT 5"),
        *("IDENT t", ".", "FLOAT 0.1"),
    ]
    assert lexed("5abc 0b102") == ["INT 5", "IDENT abc", "INT 0b10", "INT 2"]


@pytest.mark.parametrize(
    "number",
    "1u64x 1i7 0xFFu7 1f16 1.5i32 1e 1else 2e+ 0x_ 0b_ 18446744073709551616 0x1_0000000000000000".split(),
)
def test_wrong_suffixes_empty_exponents_and_numbers_too_large(number: str) -> None:
    assert error_of(in_function(f"x = {number}")).startswith("1:16: invalid number ")


# ---- strings, holes, templates, characters ----


def test_escapes_do_not_end_a_string() -> None:
    text = r'"\n\r\t\\\'\"\0\x41\u{1F600}\{x\}"'
    assert lexed(text) == [f"STRING {text}"]
    assert lexed(r'"\\" "\""') == [r'STRING "\\"', r'STRING "\""']


@pytest.mark.parametrize("escape", [r"\e", r"\x4g", r"\u{}", r"\u{1234567}", r"\`"])
def test_unknown_escapes(escape: str) -> None:
    assert error_of(in_function(f'"a{escape}b"')) == "1:12: unknown escape sequence in a string"


@pytest.mark.parametrize("length", [4094, 4095, 4096, 4097, 8192, 10_000])
@pytest.mark.parametrize("piece", ["{}", r"\n", "{ "])
def test_long_texts_end_where_short_ones_do(piece: str, length: int) -> None:
    text = piece * length
    assert lexed(f'"{text}" a') == [f'STRING "{text}"', "IDENT a"]
    assert lexed(f"`{text}\n` a") == [f"TEMPLATE `{text}\n`", "IDENT a"]
    assert lexed(f'"{text}{{x}}{text}"') == [f'STRING_START "{text}{{', "IDENT x", f'STRING_END }}{text}"']
    assert error_of(in_function(f'"{text}\\e"')) == "1:12: unknown escape sequence in a string"
    assert error_of(in_function(f"`{text}")) == "1:12: unterminated template"


@pytest.mark.parametrize("length", [4094, 4095, 4096, 4097, 8192, 10_000])
@pytest.mark.parametrize("piece", [b"\n", b"// c\n", b"#if X\n", b"\t//\n", b"/**/\n", b"/* \n#*/\n */"])
def test_trivia_may_be_long(piece: bytes, length: int) -> None:
    name, end = tokenize(piece * length + b"a\n" + piece * length)
    assert (name.type, name.trivia) == ("IDENT", piece * length)
    assert (end.type, end.trivia) == ("EOF", b"\n" + piece * length)


def test_strings_end_with_their_line() -> None:
    assert error_of('func f() {\n    x = "a\n    y = "b"\n}') == "2:9: unterminated string"
    assert error_of(in_function('"abc')) == "1:12: unterminated string"
    assert error_of('func f() { "abc\\\n}') == "1:12: unterminated string"
    assert error_of(in_function('"a{b}c')) == "1:16: unterminated string or template"
    assert error_of(in_function('"a{b}\\e"')) == "1:16: unknown escape sequence in a string or template"


def test_a_brace_opens_a_hole_only_before_a_letter_or_underscore() -> None:
    for text in ('"{}"', '"{ x }"', '"{1}"', '"{-x}"', '"{(x)}"', '"{é}"', '"}"', '"{"', '"{{"'):
        assert lexed(text) == [f"STRING {text}"]
    assert lexed('"a {x} b {_y} c"') == [
        'STRING_START "a {',
        "IDENT x",
        "STRING_MIDDLE } b {",
        "IDENT _y",
        'STRING_END } c"',
    ]
    assert lexed('"{{x}}"') == ['STRING_START "{{', "IDENT x", 'STRING_END }}"']


def test_holes_hold_strings_with_holes() -> None:
    assert lexed('"a{f("}{y}")}b"') == [
        'STRING_START "a{',
        "IDENT f",
        "(",
        'STRING_START "}{',
        "IDENT y",
        'STRING_END }"',
        ")",
        'STRING_END }b"',
    ]
    assert grouped('"{f("}", \'}\', a + b /* } */)}"') == ['"{f("}", \'}\', (a + b))}"']


def test_the_first_brace_closes_a_hole() -> None:
    assert "expected" in error_of(in_function('"{P { x: 1 }}"'))


def test_a_comment_in_a_hole_swallows_its_end() -> None:
    assert error_of(in_function('"{x // y}"')) != ""


def test_raw_strings_have_no_escapes_and_no_holes() -> None:
    assert lexed(r'r"a\{x}" for"x" r "y"') == [
        r'STRING r"a\{x}"',
        "for",
        'STRING "x"',
        "IDENT r",
        'STRING "y"',
    ]
    assert error_of(in_function('r"a')) == "1:12: unterminated raw string"


def test_there_are_no_triple_quotes_and_no_byte_strings() -> None:
    assert lexed('"""a""" b"x"') == ['STRING ""', 'STRING "a"', 'STRING ""', "IDENT b", 'STRING "x"']


def test_templates_span_lines_and_have_holes() -> None:
    assert lexed('`a "\n \\` {x} b`') == ['TEMPLATE_START `a "\n \\` {', "IDENT x", "TEMPLATE_END } b`"]
    assert lexed("`{1} // no comment`") == ["TEMPLATE `{1} // no comment`"]
    assert error_of(in_function("`abc")) == "1:12: unterminated template"
    assert lexed('`{f("{y}")}`')[0] == "TEMPLATE_START `{"


@pytest.mark.parametrize(
    "character", ["'a'", "'é'", "'\"'", "'{'", "'}'", r"'\''", r"'\\'", r"'\u{41}'", r"'\x41'"]
)
def test_characters(character: str) -> None:
    assert lexed(character) == [f"CHAR {character}"]


@pytest.mark.parametrize("character", ["''", "'ab'", r"'\{'", "'a", r"'\e'"])
def test_what_is_not_one_character(character: str) -> None:
    assert error_of(in_function(character)) == "1:12: a character literal holds exactly one character"


# ---- operators ----


def test_the_longest_operator_wins() -> None:
    assert lexed("<<= << <= < a..=b ... && &= -> => ** ++ --x ::") == [
        *("<<=", "<<", "<=", "<"),
        *("IDENT a", "..", "=", "IDENT b", "..", "."),
        *("&&", "&=", "->", "=>", "**", "++", "--", "IDENT x", "::"),
    ]


# ---- preprocessor ----


def test_directives_are_trivia_and_every_branch_is_kept() -> None:
    source = "func f() {\n    a()\n#if X\n    b()\n  # else // c\n    c(\n#endif\n    )\n}\n"
    assert grouped(source.partition("{\n")[2].rpartition("}")[0]) == ["a()", "b()", "c()"]


def test_a_directive_takes_its_line_end_with_it() -> None:
    assert newlines("a\n#if X\nb") == [True]
    assert newlines("a /* \n#if X\n*/ b") == [False]
    assert lexed("#define X\na") == ["IDENT a"]
    assert lexed("a\n#end") == ["IDENT a"]


def test_a_directive_inside_of_a_block_comment_hides_what_would_close_it() -> None:
    assert lexed("/*\n#if */\n*/ a") == ["IDENT a"]


def test_a_hash_that_does_not_start_its_line_is_an_error() -> None:
    assert error_of("func f() {}\nfunc #g() {}") == "2:6: unexpected character '#'"
