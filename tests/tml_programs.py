"""Hypothesis strategies for TML: programs that mostly parse, soups of tokens, and bytes."""

from __future__ import annotations

from hypothesis import strategies as st

from tml_ast.lexer import KEYWORDS

# ---- programs ----

NAMES = st.sampled_from(["a", "b", "item", "T", "Map", "_x", "self"])
TYPES = st.recursive(
    st.sampled_from(["I32", "T", "This::Item", "_", "()"]),
    lambda inner: st.one_of(
        st.builds("Map[{}, {}]".format, inner, inner),
        st.builds("ref {}".format, inner),
        st.builds("*const {}".format, inner),
        st.builds("[{}; 4]".format, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("func({}) -> {}".format, inner, inner),
    ),
    max_leaves=4,
)
PATTERNS = st.recursive(
    st.sampled_from(["_", "a", "mut b", "1", "'a' to 'z'", "A::B", "None"]),
    lambda inner: st.one_of(
        st.builds("Just({})".format, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("[{}, ..]".format, inner),
        st.builds("P {{ a: {}, .. }}".format, inner),
        st.builds("{} | {}".format, inner, inner),
    ),
    max_leaves=4,
)
INFIX = st.sampled_from(
    "= += or || and == < | ^ xor & << shr + - * / % to through ..".split(),
)
PREFIX = st.sampled_from(["-", "not ", "!", "~", "*", "ref ", "mut ref ", "&mut ", "await "])
GAPS = st.sampled_from([" ", "\n", " // note\n", " /* note */ ", "\r\n", "\n#if X\n"])


def expressions(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blocks = statements.map("{{\n{}\n}}".format)
    return st.recursive(
        st.one_of(
            NAMES, st.sampled_from(["1", "2.5", '"text"', '"a{b}c"', "'c'", "true", "this", "`t\n{a}`"])
        ),
        lambda inner: st.one_of(
            st.builds("{}{}{}{}{}".format, inner, GAPS, INFIX, GAPS, inner),
            st.builds("{}{}".format, PREFIX, inner),
            st.builds("({})".format, inner),
            st.builds("f({}, {})".format, inner, inner),
            st.builds("{}{}.m({})".format, inner, st.sampled_from(["", "\n"]), inner),
            st.builds("x.m[{}]({})".format, TYPES, inner),
            st.builds("Map[{}]::new({})".format, TYPES, inner),
            st.builds("{}[{}]".format, inner, inner),
            st.builds("{}!".format, inner),
            st.builds("{} as {}".format, inner, TYPES),
            st.builds("{} ? {} : {}".format, inner, inner, inner),
            st.builds("P {{ a: {}, b, ..{} }}".format, inner, inner),
            st.builds("[{}; {}]".format, inner, inner),
            st.builds("do(a, {}: {}) {}".format, PATTERNS, TYPES, inner),
            st.builds("if ({}) {} else {}".format, inner, blocks, blocks),
            st.builds("if ({}) {}{}".format, inner, blocks, st.sampled_from(["", "\n(1)", "\n*b"])),
            st.builds("if {} then {} else {}".format, inner, inner, inner),
            st.builds("if let {} = {} {}".format, PATTERNS, inner, blocks),
            st.builds(
                "when ({}) {{ {} => {}\n {} if a => {} }}".format, inner, PATTERNS, inner, PATTERNS, inner
            ),
            st.builds("loop ({}) {}".format, inner, blocks),
            st.builds("for {} in ({}) {}".format, PATTERNS, inner, blocks),
            st.builds("return {}".format, inner),
            blocks,
        ),
        max_leaves=6,
    )


def statements(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.sampled_from(["", "a", "f(1)", "let b = 1", "return"])
    inner = expressions(statements(depth - 1))
    one = st.one_of(
        inner,
        st.builds("let {} = {}".format, PATTERNS, inner),
        st.builds("let {}: {} = {}\nelse {{ return }}".format, PATTERNS, TYPES, inner),
        st.builds("var {}: {}".format, NAMES, TYPES),
        st.builds("const N: {} = {}".format, TYPES, inner),
    )
    return st.lists(one, max_size=3).map("\n".join) | st.lists(one, max_size=3).map("; ".join)


ITEMS = st.one_of(
    st.builds(
        "@test\npub func f(a: {}, {}: {}) -> {} {{\n{}\n}}".format,
        TYPES,
        PATTERNS,
        TYPES,
        TYPES,
        statements(2),
    ),
    st.builds("type P[T: A + B] {{ pub a: {}, b: {} }}".format, TYPES, TYPES),
    st.builds("type E {{\n A\n B({})\n C {{ a: {} }}\n}}".format, TYPES, TYPES),
    st.builds("type S = A | B({})".format, TYPES),
    st.builds("impl[T] A for {} where T: B {{ func f(mut this) {{ {} }} }}".format, TYPES, statements(1)),
    st.builds("behavior B {{ type I: {} func f(this) -> {} }}".format, TYPES, TYPES),
    st.sampled_from(["use a::{b, c}", "mod m", "class C { x: I32 = 1 static func new(a: I32) { } }"]),
)
PROGRAMS = st.lists(ITEMS, max_size=3).map("\n".join)

# ---- soups ----

SPELLINGS = st.sampled_from(
    [
        *sorted(KEYWORDS),
        *'a b T Fn new get self _ 1 2.5 \'c\' "s" "s{ } } { ( ) [ ] , ; :'.split(),
        *":: . .. -> => = == + - * ! ? & | @".split(),
        *["func f() {", "type A {", "if a() {", "when a() {", "\n", "\r\n", " // c\n", "\n#if X\n", "\n "],
    ]
)
_LOOSE_SOUPS = st.lists(SPELLINGS, max_size=12).map(" ".join)
SOUPS = _LOOSE_SOUPS.map("func f() {{ {} }}".format) | _LOOSE_SOUPS
BYTES = st.lists(
    st.one_of(
        st.sampled_from(
            [b'"', b"`", b"'", b"{", b"}", b"/*", b"*/", b"//", b"\n", b"\r", b"#", b"\\", b"a", b"0x"]
        ),
        st.binary(max_size=3),
    ),
    max_size=30,
).map(b"".join)
