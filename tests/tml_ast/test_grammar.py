"""The syntax of TML: what parses to what, and what the compiler refuses.

``grouped`` writes a pair of parentheses around every operator with its operands.
"""

from __future__ import annotations

import pytest

from tests.tml_ast.notation import body_of, error_of, grouped, grouping, kinds
from tml_ast import nodes, parse, parse_snippet


def declared(source: str) -> nodes.Item:
    module = parse(source.encode())
    assert module.code() == source.encode()
    (item,) = module.items
    return item


def refused(source: str) -> bool:
    return bool(error_of(source))


def body_refused(statements: str) -> bool:
    return refused(f"func f() {{\n{statements}\n}}")


# ---- newlines and statements ----


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        ("a b c", ["a", "b", "c"]),
        ("let x = 1 let y = 2", ["let x = 1", "let y = 2"]),
        ("a; b;", ["a", "b"]),
        ("a\n; b", ["a", "b"]),
        # Brackets and steps go with the line they start on, a dot and infix operators do not care.
        ("a\n(b)", ["a", "(b)"]),
        ("a\n[b]", ["a", "[b]"]),
        ("a\n!b", ["a", "(! b)"]),
        ("a\n.b\n// c\n.d()", ["a.b.d()"]),
        ("a\n- b", ["(a - b)"]),
        ("a\n& b", ["(a & b)"]),
        ("a\n  or b", ["(a or b)"]),
        ("a\nas T", ["(a as T)"]),
        ("a\n= b", ["(a = b)"]),
        ("a\n? b : c", ["(a ? b : c)"]),
        ("a\n*b = c", ["a", "((* b) = c)"]),
        ("a *\nb", ["(a * b)"]),
        ("{ a }\n- 1", ["({ a } - 1)"]),
        ("loop (a()) { b() }\n-1", ["(loop (a()) { b() } - 1)"]),
        ("let x = y\n{ a }", ["let x = y", "{ a }"]),
        ("f (a) [b]", ["f(a)[b]"]),
        ("a !b", ["a!", "b"]),
        ("a --b", ["a--", "b"]),
        ("1 - -1", ["(1 - (- 1))"]),
        ("1 --1", ["1--", "1"]),
        # Return and break take a value only from their own line.
        ("return\na", ["return", "a"]),
        ("return a", ["return a"]),
        ("return; a", ["return", "a"]),
        ("break\na", ["break", "a"]),
        ("break a", ["break a"]),
        ("continue a", ["continue", "a"]),
        ("throw new E", ["throw new", "E"]),
    ],
)
def test_where_a_statement_ends(source: str, statements: list[str]) -> None:
    assert grouped(source) == statements


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        ("if c() { f() }\n(a, b)", ["if c() { f() }(a, b)"]),
        ("if c() { f() }\n[a]", ["if c() { f() }[a]"]),
        ("if c() { f() }\n!", ["if c() { f() }!"]),
        ("if c() { f() }\n++", ["if c() { f() }++"]),
        ("if c() { f() }\n*p = 2", ["((if c() { f() } * p) = 2)"]),
        ("if c() { f() }\n*p + 1\n*q", ["((if c() { f() } * p) + 1)", "(* q)"]),
        ("if c() then a\n(b)", ["if c() then a(b)"]),
        ("if let A(x) = b { f() }\n(a)", ["if let A(x) = b { f() }(a)"]),
        ("if c() { f() } else if d() { g() }\n(a)", ["if c() { f() } else if d() { g() }(a)"]),
        ("-if c() { f() }\n(a)\n.b", ["(- if c() { f() }(a)).b"]),
        ("if c() { f() }\n*if d() { g() }\n(a)", ["(if c() { f() } * if d() { g() }(a))"]),
        ("if c() { f() } else { g() }\n*p = 2", ["if c() { f() } else { g() }", "((* p) = 2)"]),
        ("if c() then a else b\n(d)", ["if c() then a else b", "(d)"]),
        ("if c() { f() };\n(a)", ["if c() { f() }", "(a)"]),
        ("while c() { f() }\n(a)", ["while c() { f() }", "(a)"]),
    ],
)
def test_the_line_after_an_if_without_else_is_glued_on(source: str, statements: list[str]) -> None:
    assert grouped(source) == statements


def test_an_if_takes_what_is_glued_to_it_as_its_own_suffix() -> None:
    (statement,) = body_of("if c() { f() }\n(a, b)")
    assert isinstance(statement, nodes.ExpressionStatement)
    call = statement.expression
    assert isinstance(call, nodes.Call) and isinstance(call.function, nodes.If)


@pytest.mark.parametrize("statements", ["a;;", ";a", "a = 1; ;", "use a::b", "a ** b", "x?", "a..", "..b"])
def test_refused_statements(statements: str) -> None:
    assert body_refused(statements)


def test_bindings() -> None:
    simple, typed, tuple_, otherwise, declared_only, volatile = body_of(
        "let mut x = 1\nlet y: Map[K, V] = m\nlet (a, b) = f()\n"
        "let Just(v) = g()\nelse { return }\nvar z: I32\nlet volatile w = 2"
    )
    assert isinstance(simple, nodes.Let) and simple.pattern.text == "mut x"
    assert isinstance(typed, nodes.Let) and typed.annotation is not None
    assert typed.annotation.text == "Map[K, V]"
    assert isinstance(tuple_, nodes.Let) and isinstance(tuple_.pattern, nodes.TuplePattern)
    assert isinstance(otherwise, nodes.Let) and otherwise.else_block is not None
    assert isinstance(declared_only, nodes.Var) and declared_only.value is None
    assert declared_only.name == "z"
    assert isinstance(volatile, nodes.Let) and volatile.value is not None


@pytest.mark.parametrize(
    "statement", ["let x", "var (a, b) = c", "var mut x = 1", "let ref x = 1", "let mut volatile x = 1"]
)
def test_refused_bindings(statement: str) -> None:
    assert body_refused(statement)


def test_a_block_has_the_value_of_a_last_expression_without_semicolon() -> None:
    function = declared("func f() -> I32 { a(); b }")
    assert isinstance(function, nodes.Function) and function.body is not None
    assert function.body.value is not None and function.body.value.text == "b"
    for valueless in ("func f() { a(); b; }", "func f() { let x = 1 }", "func f() {}"):
        function = declared(valueless)
        assert isinstance(function, nodes.Function) and function.body is not None
        assert function.body.value is None


def test_declarations_inside_of_a_block() -> None:
    found = body_of("const N: I32 = 1\nfunc g() { }\ntype P { x: I32 }\nimpl P { }\npub use a::b")
    assert [type(item).__name__ for item in found] == ["Const", "Function", "Struct", "Impl", "Use"]
    for statement in (
        "mod m",
        "class C { }",
        "union U { x: I32 }",
        "lowlevel func g() { }",
        "@test func g() { }",
    ):
        assert body_refused(statement)


# ---- operators ----


@pytest.mark.parametrize(
    ("source", "grouping"),
    [
        ("a = b = c", "(a = (b = c))"),
        ("a += b ? c : d", "(a += (b ? c : d))"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a or b and c", "(a or (b and c))"),
        ("a || b && c", "(a || (b && c))"),
        ("a and b == c", "(a and (b == c))"),
        ("a == b != c", "((a == b) != c)"),
        ("a < b | c", "(a < (b | c))"),
        ("a | b ^ c xor d", "(a | ((b ^ c) xor d))"),
        ("a ^ b & c", "(a ^ (b & c))"),
        ("a & b << c shr d", "(a & ((b << c) shr d))"),
        ("a & b == c", "((a & b) == c)"),
        ("a << b + c", "(a << (b + c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c", "(a + (b * c))"),
        ("a * b / c % d", "(((a * b) / c) % d)"),
        ("a * b as T", "(a * (b as T))"),
        ("a as T is U", "((a as T) is U)"),
        ("-x as T", "((- x) as T)"),
        ("a + 0 to n", "(a + (0 to n))"),
        ("0 to n + 1", "((0 to n) + 1)"),
        ("a..b * c", "((a .. b) * c)"),
        ("a through b through c", "((a through b) through c)"),
        ("0 to x.len()", "(0 to x.len())"),
        ("not a == b", "((not a) == b)"),
        ("not a.b", "(not a.b)"),
        ("- -x", "(- (- x))"),
        ("*p.x", "(* p.x)"),
        ("*p++", "(* p++)"),
        ("ref mut x", "(ref mut x)"),
        ("mut ref x", "(mut ref x)"),
        ("&mut x.y", "(& mut x.y)"),
        ("~a & !b", "((~ a) & (! b))"),
        ("await f() + 1", "((await f()) + 1)"),
        ("x.await + 1", "(x.await + 1)"),
        ("x as I32.m()", "(x as I32).m()"),
        ("x as *U8", "(x as *U8)"),
        ("lowlevel { e } as *U8", "(lowlevel { e } as *U8)"),
        ("-x\n.m()", "(- x).m()"),
        ("not x\n.m()", "(not x).m()"),
        ("-x.m()", "(- x.m())"),
        ("a + b\n.m()", "(a + b.m())"),
        ("(if a() { b } else { c }) / 4", "((if a() { b } else { c }) / 4)"),
        ("f()! + 1", "(f()! + 1)"),
    ],
)
def test_precedence(source: str, grouping: str) -> None:
    assert grouped(source) == [grouping]


def test_a_ternary_needs_its_colon_on_the_line() -> None:
    assert not body_refused("a ? b : c")
    assert body_refused("a ? b")
    assert body_refused("a ? b = 1 : c")


# ---- suffixes, paths, generics and indices ----


def first_expression(source: str) -> nodes.Expression:
    (expression,) = parse_snippet(source.encode(), "expression")
    assert isinstance(expression, nodes.Expression)
    return expression


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("arr[i]", nodes.Index),
        ("arr[0]", nodes.Index),
        ("arr[i + 1]", nodes.Index),
        ('arr["k"]', nodes.Index),
        ('arr["{k}"]', nodes.Index),
        ("arr['k']", nodes.Index),
        ("arr[null]", nodes.Index),
        ("this.arr[this.i]", nodes.Index),
        ("this.arr[not b]", nodes.Index),
        ("f()[-1]", nodes.Index),
        ("(arr)[N + 1]", nodes.Index),
        ("arr[N]", nodes.Path),
        ("arr[_k]", nodes.Path),
        ("List[I32]", nodes.Path),
        ("f[t](x)", nodes.Call),
        ("f[List[I32]](x)", nodes.Call),
        ("f[ref Str](x)", nodes.Call),
        ("Arr[I32, 4]::new()", nodes.StaticCall),
        ("HashMap[K, V]::new().len()", nodes.MethodCall),
        ("List[I32].new(4)", nodes.MethodCall),
        ("Node::new[T](v)", nodes.Call),
        ("p.cast[U8]()", nodes.MethodCall),
        ("x.arr[i](y)", nodes.MethodCall),
        ("x.arr[i]", nodes.Index),
        ("x.arr[x.arr[0]]", nodes.Index),
        ("this.0.to_string()", nodes.MethodCall),
        ("t.0x1", nodes.FieldAccess),
        ("x.await", nodes.FieldAccess),
        ("base.area()", nodes.BaseAccess),
        ("this.try_accept()!", nodes.Propagate),
    ],
)
def test_generic_arguments_or_index(source: str, kind: type[nodes.Node]) -> None:
    assert type(first_expression(source)) is kind


def test_only_the_token_after_the_bracket_decides() -> None:
    generic = first_expression("f[List[I32]](x)")
    assert isinstance(generic, nodes.Call) and isinstance(generic.function, nodes.Path)
    assert [argument.text for argument in generic.function.generic_arguments] == ["List[I32]"]
    indexed = first_expression("f[t](x)")
    assert isinstance(indexed, nodes.Call) and isinstance(indexed.function, nodes.Index)


@pytest.mark.parametrize(
    "expression",
    [
        *("arr[N + 1]", "arr[Foo::len()]", "arr[this.i]", "arr[-1]", "arr[not b]", "HashMap[K, V]::new"),
        *("f(x: 1)", "a.", "t.0.1", "This::f()", "super::f()", "crate::f()", "async { }", "|x| x"),
        *("func(x) { x }", "quote", "move(x) x", "do x { }", "do move(x) x"),
    ],
)
def test_refused_expressions(expression: str) -> None:
    assert body_refused(f"let v = {expression}")


# ---- struct literal or block ----


@pytest.mark.parametrize(
    "literal",
    [
        "Point { }",
        "Point {\n}",
        "Point { // c\n }",
        "Point { x: 1, y: 2 }",
        "Point { x: 1 y: 2 }",
        "Point { x }",
        "Point { x, y }",
        "Point {\n x,\n y\n }",
        "Point {\n x: 1,\n }",
        "Point { ..p }",
        "Point { x: 5, ..p.q() }",
        "a::Point[T] { x: 1 }",
    ],
)
def test_struct_literals(literal: str) -> None:
    assert isinstance(first_expression(literal), nodes.StructLiteral)


def test_a_struct_literal_has_its_fields_and_its_base() -> None:
    literal = first_expression("Point { x: 5, y, ..p }")
    assert isinstance(literal, nodes.StructLiteral)
    assert literal.path.identifier == "Point"
    assert [(field.name, field.value.text if field.value else None) for field in literal.fields] == [
        ("x", "5"),
        ("y", None),
    ]
    assert literal.base is not None and literal.base.text == "p"


@pytest.mark.parametrize(
    "statements",
    [
        "if a {\n b\n }",
        "if a { f() }",
        "if a { x = 1 }",
        "if a { return b }",
        "if a { 5 }",
        "if a { b.c }",
        "if a { Enum::V }",
        "if a.b { c }",
        "if f() { c }",
        "if (a) { c }",
        "if x[i] { c }",
        "if this.f { c }",
        "if x != Y::Z {\n z\n }",
        "when x { A => 1 }",
        "when x { a, b => 1 }",
        "when x { A(v) => 1 }",
        "when x { A | B => 1 }",
        "when (x) { A, B(v) => 1 }",
        "when this.try()! { A => 1 }",
        "Point\n{ x }",
        "Point {\n x\n }",
    ],
)
def test_blocks(statements: str) -> None:
    assert not any(
        isinstance(node, nodes.StructLiteral)
        for statement in body_of(statements)
        for node in statement.walk()
    )


@pytest.mark.parametrize(
    "statements",
    [
        *("if a { b }", "while a { b }", "for i in xs { i }", "if x == Y { z }", "if not a { b }"),
        *("if a { }", "for (x, y) in xs { }", "when x { }", "if a { // c\n }", "if X[N] { c }"),
        *("when x { A, B(v) => 1 }", "when x { A, m::B => 1 }", "when y() { A if b { c } => 1, x: }"),
    ],
)
def test_heads_that_swallow_their_block(statements: str) -> None:
    assert body_refused(statements)


# ---- control flow ----


def test_ifs_chain_and_mix_their_forms() -> None:
    (chain,) = body_of("if c { f() }\n// why\nelse if d then a else b")
    assert isinstance(chain, nodes.ExpressionStatement)
    first = chain.expression
    assert isinstance(first, nodes.If) and isinstance(first.alternative, nodes.If)
    assert first.condition is not None and first.condition.text == "c"
    assert isinstance(first.branch, nodes.Block)
    assert first.alternative.branch.text == "a"
    assert first.alternative.alternative is not None and first.alternative.alternative.text == "b"


def test_a_dangling_else_belongs_to_the_nearest_if() -> None:
    expression = first_expression("if a then if b then c else d")
    assert isinstance(expression, nodes.If) and expression.alternative is None
    assert isinstance(expression.branch, nodes.If) and expression.branch.alternative is not None


def test_if_let() -> None:
    expression = first_expression("if let Just(x) = f() { x } else { 0 }")
    assert isinstance(expression, nodes.If) and expression.condition is None
    assert expression.let_condition is not None
    assert (expression.let_condition.pattern.text, expression.let_condition.value.text) == ("Just(x)", "f()")
    assert expression.branch.text == "{ x }"
    assert expression.alternative is not None


def test_then_takes_no_assignment() -> None:
    assert grouped("if c then x = 1") == ["(if c then x = 1)"]
    assert body_refused("if c then x = 1 else y")
    assert body_refused("if let A(x) = b then c")
    assert body_refused("if c { a } else b")


def test_arms() -> None:
    when = first_expression(
        "when this.v {\n A => 1 B => 2,\n C, D(x) => { x }\n"
        " E | F if g() => return\n _ => when b() { T => 3 }\n}"
    )
    assert isinstance(when, nodes.When)
    assert [[pattern.text for pattern in arm.patterns] for arm in when.arms] == [
        ["A"],
        ["B"],
        ["C", "D(x)"],
        ["E | F"],
        ["_"],
    ]
    guard = when.arms[3].guard
    assert guard is not None and guard.text == "g()"
    assert [type(arm.body).__name__ for arm in when.arms] == ["Literal", "Literal", "Block", "Return", "When"]


@pytest.mark.parametrize(
    "statement",
    [
        *("when (x) { A -> 1 }", "when (x) { A => 1; }", "when (x) { else => 1 }", "when (x) { -1 => 1 }"),
        *("when (x) { A => return, B => 1 }", "loop { }", "loop x in xs { }", "loop i < 3 { }"),
        *("while (a) then b", "for x xs { }", "if (a) { b } else", "while let A(x) = b { }"),
    ],
)
def test_refused_control_flow(statement: str) -> None:
    assert body_refused(statement)


def test_loops() -> None:
    loop, counting, while_, for_ = body_of(
        "loop (true) { a() }\nloop (var i: I32 < 5) { b() }\nwhile a.b { c }\nfor (k, v) in m.items() { d() }"
    )
    assert isinstance(loop, nodes.ExpressionStatement) and isinstance(loop.expression, nodes.Loop)
    assert loop.expression.condition is not None and loop.expression.condition.text == "true"
    assert isinstance(counting, nodes.ExpressionStatement) and isinstance(counting.expression, nodes.Loop)
    assert counting.expression.condition is None and counting.expression.body.text == "{ b() }"
    assert isinstance(while_, nodes.ExpressionStatement) and isinstance(while_.expression, nodes.While)
    assert while_.expression.condition.text == "a.b"
    assert isinstance(for_, nodes.ExpressionStatement) and isinstance(for_.expression, nodes.For)
    assert (for_.expression.pattern.text, for_.expression.iterable.text) == ("(k, v)", "m.items()")


@pytest.mark.parametrize(
    ("closure", "body"),
    [
        ("do() x = 1", nodes.Assignment),
        ("do(a, b: I32) a ? b : c", nodes.Ternary),
        ("do(n: I32) -> I32 { n }", nodes.Block),
        ("move do((a, b)) { a }", nodes.Block),
        ("do(_)\n{ 1 }", nodes.Block),
        ("do() do() 1", nodes.Closure),
    ],
)
def test_closures(closure: str, body: type[nodes.Node]) -> None:
    expression = first_expression(closure)
    assert isinstance(expression, nodes.Closure)
    assert type(expression.body) is body


def test_groups_tuples_and_arrays() -> None:
    found = {
        source: type(first_expression(source)).__name__
        for source in ("(a)", "()", "(a,)", "(a, b)", "(\na,\nb,\n)", "[]", "[a, b,]", "[a; 4]", "[\na\n; 4]")
    }
    assert list(found.values()) == ["Group", *["Tuple"] * 4, *["Array"] * 4]


# ---- declarations ----


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("type P { x: I32, y: I32 }", "Struct"),
        ("type P { x: I32 y: I32 }", "Struct"),
        ("type P { pub x: I32 = 1\n pub(crate) y: T }", "Struct"),
        ("type E {}", "Struct"),
        ("enum P { x: I32 }", "Struct"),
        ("type P[T] where T: A + B { x: T }", "Struct"),
        ("type E { A, B }", "Enum"),
        ("type E { A(I32) B { x: I32 } }", "Enum"),
        ("type E { A = 1, B = 2 }", "Enum"),
        ("enum E {\nA\nB\nC\n}", "Enum"),
        ("type A = B", "Alias"),
        ("type A = Map[K, V]", "Alias"),
        ("type A = (B) -> C", "Alias"),
        ("type A = B | C", "SumType"),
        ("type A =\n | B\n | C(I32)", "SumType"),
        ("type A = B | C { x: I32 }\n | D", "SumType"),
        ("type A[T] = Some(T) | None", "SumType"),
        ("union U { a: I32, b: F32 }", "Union"),
        ("const N: I32 = 1", "Const"),
        ("mod x", "ModuleDeclaration"),
        ("behavior B[T]: A + C { type Item: D = E\n func f(this)\n pub func g() { } }", "Behavior"),
        ("impl[T] B[T] for ref T { }", "Impl"),
        ("impl B for (A, C) { }", "Impl"),
        ("impl B for [T; 4] where T: D { type X = Y\n const C: I32 = 1\n @inline pub func f() { } }", "Impl"),
        ("abstract class C[T] extends a::B implements I, J[T] { }", "Class"),
        ("interface I extends A, B { static func f() -> I32\n func g(this) }", "Interface"),
        ("namespace a.b { func f() }", "Namespace"),
    ],
)
def test_declarations(source: str, kind: str) -> None:
    assert kinds(source) == [kind]


def test_several_declarations_may_share_a_line() -> None:
    assert kinds("mod a mod b func f() func g() { } const C: I32 = 1 use x::y type A = B") == [
        *("ModuleDeclaration", "ModuleDeclaration", "Function", "Function", "Const", "Use", "Alias")
    ]


@pytest.mark.parametrize(
    "source",
    [
        *(
            "let x = 1",
            "use a;",
            "const N = 1",
            "mod m { }",
            "func f();",
            "type P;",
            "type P(I32)",
            "module m",
        ),
        *("enum E { A B C }", "type A = B\n | C", "type P { x: I32,, y: I32 }", "type P { ,x: I32 }"),
        *(
            "func f() = 1",
            "func f(x) { }",
            "func f(x: I32 = 1) { }",
            "func f(ref this) { }",
            "func f() with io { }",
        ),
        *(
            "static func f() { }",
            "extern { }",
            "extend X with B { }",
            "pub @test func f() { }",
            "@when(x) func f() { }",
        ),
        *(
            "@a::b func f() { }",
            "@x(a: 1) func f() { }",
            "class C { x: I32, y: I32 }",
            "class C { func new() -> C { } }",
        ),
        *("class C { const N: I32 = 1 }", "behavior B { const N: I32 = 1 }", "behavior B { @x func f() }"),
        *(
            "behavior B { func f(); }",
            "interface I { pub func f() }",
            "namespace a::b { }",
            "union U[T] { x: T }",
        ),
        *("impl A + B { }", "impl A { use b }", "type P { @x a: I32 }", "func f(x: I32 { }", "}"),
    ],
)
def test_refused_declarations(source: str) -> None:
    assert refused(source)


def test_functions() -> None:
    function = declared(
        "@test\n@cfg(not x)\npub async func f[T: A + life a, const N: I32, life b, U = V]"
        "(mut this, _: I32, (a, b): (A, B), mut c: ref T) -> Maybe[T]\n where T: X,\n U = Y\n { }"
    )
    assert isinstance(function, nodes.Function)
    assert (function.name, function.is_public) == ("f", True)
    assert [decorator.name for decorator in function.decorators] == ["test", "cfg"]
    decorator = function.decorator("cfg")
    assert decorator is not None and [grouping(argument) for argument in decorator.arguments] == ["(not x)"]
    assert [parameter.name for parameter in function.generic_parameters] == ["T", "N", "b", "U"]
    assert [
        (parameter.name, parameter.is_mutable, parameter.is_receiver) for parameter in function.parameters
    ] == [
        ("this", True, True),
        (None, False, False),
        (None, False, False),
        ("c", True, False),
    ]
    assert function.return_type is not None and function.return_type.text == "Maybe[T]"
    assert function.body is not None


@pytest.mark.parametrize(
    "receiver", ["this", "mut this", "this: ref This", "mut this: T", "self", "mut self"]
)
def test_receivers(receiver: str) -> None:
    function = declared(f"func f({receiver}, x: I32)")
    assert isinstance(function, nodes.Function) and function.body is None
    assert [parameter.is_receiver for parameter in function.parameters] == [True, False]


def test_class_members() -> None:
    class_ = declared(
        "class C {\n private x: I32 = 1\n pub static y: T\n func new(a: I32): base(a) { }\n"
        " prop p: I32 { get { 1 } set }\n override func f(this) { }\n protected virtual func g(this)\n}"
    )
    assert [type(child).__name__ for child in class_.children if isinstance(child, nodes.Item)] == [
        *("ClassField", "ClassField", "Constructor", "Property", "Function", "Function")
    ]


@pytest.mark.parametrize(
    ("source", "path", "group", "glob", "alias"),
    [
        ("use std", ["std"], None, False, None),
        ("use std::io::read as r", ["std", "io", "read"], None, False, "r"),
        ("use super::a.b", ["super", "a", "b"], None, False, None),
        ("use a::*", ["a"], None, True, None),
        ("pub use a::{\n b,\n c,\n}", ["a"], ["b", "c"], False, None),
        ("use a::{} as d", ["a"], [], False, "d"),
    ],
)
def test_uses(source: str, path: list[str], group: list[str] | None, glob: bool, alias: str | None) -> None:
    use = declared(source)
    assert isinstance(use, nodes.Use)
    assert (use.path, use.group, use.is_glob, use.alias) == (path, group, glob, alias)


@pytest.mark.parametrize(
    "source", ["use a::{b::c}", "use a::{b as c}", "use crate::x", "use super::super::x", "use ::x"]
)
def test_refused_uses(source: str) -> None:
    assert refused(source)


# ---- types ----


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("I32", nodes.NamedType),
        ("This::Item", nodes.NamedType),
        ("a::Map[K, List[V]]", nodes.NamedType),
        ("A[]", nodes.NamedType),
        ("A[T, 4]", nodes.NamedType),
        ("FnOnce[(This::Output,), Output = U]", nodes.NamedType),
        ("_", nodes.NamedType),
        ("ref T", nodes.ReferenceType),
        ("mut ref T", nodes.ReferenceType),
        ("ref[a] T", nodes.ReferenceType),
        ("mut ref [static] T", nodes.ReferenceType),
        ("ref [T]", nodes.ReferenceType),
        ("&mut T", nodes.ReferenceType),
        ("*const T", nodes.PointerType),
        ("* *T", nodes.PointerType),
        ("[T; n + 1]", nodes.ArrayType),
        ("[T]", nodes.ArrayType),
        ("()", nodes.TupleType),
        ("(A)", nodes.TupleType),
        ("(A, B,)", nodes.TupleType),
        ("(A) -> R", nodes.TupleType),
        ("func(A, B) -> R", nodes.FunctionType),
        ("Fn(A) -> R", nodes.FunctionType),
        ("dyn mut P[T]", nodes.DynType),
        ("impl P", nodes.ImplType),
    ],
)
def test_types(source: str, kind: type[nodes.Node]) -> None:
    (found,) = parse_snippet(source.encode(), "type")
    assert type(found) is kind
    assert found.text == source


def test_what_follows_distinguishes_a_lifetime_from_a_slice() -> None:
    with_lifetime, of_slice = (parse_snippet(source, "type")[0] for source in (b"ref [a] T", b"ref [a]"))
    assert with_lifetime.child(nodes.LifetimeArgument) is not None
    assert isinstance(of_slice, nodes.ReferenceType) and isinstance(of_slice.target, nodes.ArrayType)


@pytest.mark.parametrize(
    "source",
    [
        "T?",
        "T!",
        "!",
        "mut T",
        "A[4]",
        "A[t]",
        "**T",
        "dyn A + B",
        "func(x: T)",
        "Map[K, V]::Iter",
        "FnMut(A)",
    ],
)
def test_refused_types(source: str) -> None:
    assert refused(f"func f(x: {source}) {{ }}")


# ---- patterns ----


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("_", nodes.WildcardPattern),
        ("x", nodes.BindingPattern),
        ("mut x", nodes.BindingPattern),
        ("mut this", nodes.BindingPattern),
        ("this", nodes.BindingPattern),
        ("1", nodes.LiteralPattern),
        ("'a' to 'z'", nodes.LiteralPattern),
        ("0 through 9", nodes.LiteralPattern),
        ("null", nodes.LiteralPattern),
        ("[a, b, ..rest]", nodes.ArrayPattern),
        ("[..]", nodes.ArrayPattern),
        ("()", nodes.TuplePattern),
        ("(a, (b, _))", nodes.TuplePattern),
        ("A::B", nodes.PathPattern),
        ("A::B(x, C(y))", nodes.VariantPattern),
        ("V()", nodes.VariantPattern),
        ("P { x, y: Just(z), .. }", nodes.StructPattern),
        ("A | B(x) | 3", nodes.OrPattern),
    ],
)
def test_patterns(source: str, kind: type[nodes.Node]) -> None:
    (found,) = parse_snippet(source.encode(), "pattern")
    assert type(found) is kind
    assert found.text == source


def test_patterns_have_their_parts() -> None:
    (variant,) = parse_snippet(b"A::B(x, _)", "pattern")
    assert isinstance(variant, nodes.VariantPattern)
    assert (variant.segments, [part.text for part in variant.payload]) == (["A", "B"], ["x", "_"])


@pytest.mark.parametrize(
    "source",
    ["ref x", "x @ p", "1..5", "-1", "V(..)", "V(a: x)", "This::X", "A[T]", '"{x}"', "1 to", "P { x y }"],
)
def test_refused_patterns(source: str) -> None:
    assert body_refused(f"let {source} = v")


# ---- errors ----


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("func f() {\n    a +\n}\n", "3:1: unexpected '}'"),
        ("func f( {\n}", "1:9: unexpected '{'"),
        ("const é: I32 1", "1:14: unexpected '1'"),
        ("func f() {", "1:11: unexpected the end of the file"),
        ("type P { x I32 }", "1:12: unexpected 'I32'"),
    ],
)
def test_errors_name_the_place_and_what_is_there(source: str, error: str) -> None:
    assert error_of(source).startswith(error)


def test_errors_say_what_was_expected_when_that_is_little() -> None:
    assert error_of("mod 1") == "1:5: unexpected '1', expected a name"
