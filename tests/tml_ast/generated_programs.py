"""Hypothesis strategies for TML: programs that mostly parse, random tokens, and bytes."""

from __future__ import annotations

from random import Random

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

# ---- nesting ----

INSIDE: dict[str, list[tuple[str, str, str]]] = {
    "expression": [
        *(("(", "expression", ")"), ("f(", "expression", ")"), ("(1, ", "expression", ")")),
        *(("x.m(", "expression", ")"), ("x.a[", "expression", "]"), ("x.a[[", "expression", "]]")),
        *(("x.m[", "type", "](1)"), ("x.m[", "type", "]()\n"), ("x.a[[T; ", "expression", "]]\n")),
        *(("f[", "type", "](1)"), ("T[", "type", "]::n(1)"), ("base.m[", "type", "](1)")),
        *(("T[", "type", "]::n(1)"), ("T[A, ", "type", "] { a: 1 }"), ("A[T = ", "type", "](1)")),
        *(("P { a: ", "expression", " }"), ("P { a, ..", "expression", " }")),
        *(("[", "expression", "; 4]"), ("[1, ", "expression", "]"), ("[1; ", "expression", "]")),
        *(("{\n", "statement", "\n}"), ("lowlevel {\n", "statement", "\n}")),
        *(("if (a) {\n", "statement", "\n}"), ("if (a) {\n", "statement", "\n} else {\n1\n}")),
        *(("if (a) {\n1\n} else {\n", "statement", "\n}"), ("if (a) {\n1\n}\n(", "expression", ")")),
        *(("if a() then ", "expression", " else b"), ("if a() then b else ", "expression", "")),
        *(("if (a) {\n1\n} else if (", "expression", ") {\n1\n}"), ("if (a) {\n1\n}\n*", "expression", "")),
        *(("if let ", "pattern", " = a() {\n1\n}"), ("if let A(x) = (", "expression", ") {\n1\n}")),
        *(("when (a) { A => ", "expression", "\n}"), ("when (", "expression", ") { A => 1\n}")),
        *(("when (a) { ", "pattern", " => 1\n}"), ("when (a) { A if (", "expression", ") => 1\n}")),
        *(("do() ", "expression", ""), ("do() {\n", "statement", "\n}"), ("do(x: ", "type", ") 1")),
        *(("do(", "pattern", ") 1"), ("do() -> ", "type", " {\n1\n}"), ("do() -> ", "type", " 1")),
        *(("a ? ", "expression", " : b"), ("a ? b : ", "expression", ""), ("a as ", "type", "")),
        *(("a + ", "expression", ""), ("a = ", "expression", ""), ("- ", "expression", "")),
        *(("throw ", "expression", ""), ("return ", "expression", ""), ('"{f(', "expression", ')}"')),
        *(("`{f(", "expression", ")} {b}`"), ("loop (", "expression", ") {\n1\n}")),
        *(("loop (a()) {\n", "statement", "\n}"), ("loop (var i: ", "type", " < 4) {\n1\n}")),
        *(("for ", "pattern", " in (a) {\n1\n}"), ("while (a) {\n", "statement", "\n}")),
    ],
    "type": [
        *(
            ("[I32; ", "expression", "]"),
            ("[", "type", "]"),
            ("(", "type", ", I32)"),
            ("A[4 + ", "expression", "]"),
        ),
        *(
            ("func(", "type", ") -> I32"),
            ("Fn(", "type", ")"),
            ("func() -> ", "type", ""),
            ("() -> ", "type", ""),
        ),
        *(("Map[", "type", "]"), ("A[I = ", "type", "]"), ("dyn A[", "type", "]"), ("impl A[", "type", "]")),
        *(("ref ", "type", ""), ("ref [a] ", "type", ""), ("ref [", "type", "]"), ("*const ", "type", "")),
    ],
    "pattern": [
        *(
            ("A(", "pattern", ")"),
            ("(", "pattern", ", a)"),
            ("[", "pattern", ", ..]"),
            ("[a, ..", "pattern", "]"),
        ),
        *(("P { a: ", "pattern", " }"), ("a | ", "pattern", "")),
    ],
    "statement": [
        *(("let ", "pattern", " = 1"), ("let a: ", "type", " = 1"), ("let a = ", "expression", "")),
        *(("let A(x) = a()\nelse {\n", "statement", "\n}"), ("var a: ", "type", ""), ("", "expression", ";")),
        *(("const N: ", "type", " = 1"), ("pub const N: I32 = ", "expression", "")),
        *(
            ("func g[A: ", "type", "]() { 1 }"),
            ("func g(a: ", "type", ") {\n1\n}"),
            ("func g() {\n", "statement", "\n}"),
        ),
        *(("func g(", "pattern", ": T) {\n1\n}"), ("func g() where ", "type", ": A {\n1\n}")),
        *(
            ("type A[X = ", "type", "] = X"),
            ("type A[X = ", "type", "] = X | Y"),
            ("pub type A[X = ", "type", "] { a: X }"),
        ),
        *(
            ("type A[X = ", "type", "] {\nB\n}"),
            ("type A {\nB(", "type", ")\n}"),
            ("type A {\nB = ", "expression", "\n}"),
        ),
        *(
            ("type A { a: T = ", "expression", " }"),
            ("type A = B(", "type", ") | C"),
            ("type A = ", "type", ""),
        ),
        *(
            ("impl A for ", "type", " { }"),
            ("impl[A: ", "type", "] B {\ntype C = D\n}"),
            ("impl A { const N: I32 = ", "expression", " }"),
        ),
        *(("impl A {\npub func f() {\n", "statement", "\n} }"), ("behavior B: ", "type", " { func f() }")),
        *(
            ("behavior B { type I = ", "type", " func f() {\n1\n} }"),
            ("behavior B { func f() {\n", "statement", "\n} }"),
        ),
    ],
}
"""What may stand inside of what: the text before it, its kind, and the text after it."""

INNERMOST = {
    "expression": ["1", "a", "use", "x.a[T]"],
    "type": ["I32", "use"],
    "pattern": ["a", "1"],
    "statement": ["a", "use"],
}
"""What the deepest place holds; ``use`` is an error anywhere."""

PLACES = {
    "expression": "func f() {{\nlet a = {}\n}}\n",
    "type": "func f() {{\nlet a: {} = 1\n}}\n",
    "pattern": "func f() {{\nlet {} = 1\n}}\n",
    "statement": "func f() {{\n{}\n}}\n",
}


def deeply_nested(levels: int, chance: Random) -> str:
    """A function in whose body a few constructs are nested in a circle, many times over.

    A parser that reads something twice on its way takes a time that doubles with each level. Sometimes
    the constructs are left open, so that all of what was read is given up.
    """
    kind = first = chance.choice(sorted(INSIDE))
    opening, closing = "", ""
    while not opening or kind != first:
        steps = [step for step in INSIDE[kind] if step[1] != "pattern" or first == "pattern"]
        before, kind, after = chance.choice(steps)
        opening, closing = opening + before, after + closing
    innermost = chance.choice(INNERMOST[first])
    closed = chance.choice([closing * levels, closing * levels, closing * (levels // 2), ""])
    return PLACES[first].format(opening * levels + innermost + closed)


def constructs() -> list[str]:
    """A file for each entry of INSIDE, with no more in it."""
    return [
        PLACES[kind].format(before + INNERMOST[held][0] + after)
        for kind, entries in INSIDE.items()
        for before, held, after in entries
    ]


# ---- soups ----

LEXEMES = [
    *sorted(KEYWORDS),
    *'a b T Fn new get self _ 1 2.5 \'c\' "s" "s{ } } { ( ) [ ] , ; :'.split(),
    *":: . .. -> => = == + - * ! ? & | @".split(),
]
SPELLINGS = st.sampled_from(
    [
        *LEXEMES,
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
