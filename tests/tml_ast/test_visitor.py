"""Visitors look at a tree, transformers make a changed copy, and neither minds its depth."""

from __future__ import annotations

import pytest

from tml_ast import REMOVE, Node, Transformer, Visitor, nodes, parse, parse_snippet
from tml_ast.visitor import Removal

SOURCE = b"func f(a: I32) {\n    let x = g(a, h(b))\n    // keep\n    x.close()\n}\n"


def transformed(transformer: Transformer, source: bytes) -> bytes:
    module = parse(source)
    result = transformer.transform(module)
    assert module.code() == source
    return result.code()


class Journal(Visitor):
    """Notes calls as they are entered and left, and stays out of the calls of one name."""

    def __init__(self, closed: str = "") -> None:
        self.closed = closed
        self.notes: list[str] = []

    def visit_Call(self, node: nodes.Call) -> bool | None:
        self.notes.append(f"+{node.function.text}")
        return False if node.function.text == self.closed else None

    def leave_Call(self, node: nodes.Call) -> None:
        self.notes.append(f"-{node.function.text}")


def test_a_visitor_enters_and_leaves_nodes_by_class() -> None:
    journal = Journal()
    journal.visit(parse(SOURCE))
    assert journal.notes == ["+g", "+h", "-h", "-g"]


def test_a_visit_that_returns_false_leaves_the_children_out() -> None:
    journal = Journal(closed="g")
    journal.visit(parse(SOURCE))
    assert journal.notes == ["+g", "-g"]


def test_a_misspelt_class_is_found_early() -> None:
    with pytest.raises(TypeError, match="there is no node class Calls"):
        type("Wrong", (Visitor,), {"visit_Calls": lambda self, node: None})


class Rename(Transformer):
    def leave_Path(self, original: nodes.Path, updated: nodes.Path) -> Node:
        if original.identifier != "x":
            return updated
        (renamed,) = parse_snippet(b"y", "expression")
        return renamed.with_trivia(updated.first_token.trivia)


class Unwrap(Transformer):
    """``f(value)`` becomes ``value``, innermost first."""

    def leave_Call(self, original: nodes.Call, updated: nodes.Call) -> Node:
        return updated.arguments[0] if original.function.text == "f" else updated


class Drop(Transformer):
    """Removes what calls ``close``, arguments named ``b`` and arms and alternatives of ``B``."""

    def leave_ExpressionStatement(
        self, original: nodes.ExpressionStatement, updated: nodes.ExpressionStatement
    ) -> Node | Removal:
        return REMOVE if "close" in original.text else updated

    def leave_Path(self, original: nodes.Path, updated: nodes.Path) -> Node | Removal:
        return REMOVE if original.identifier == "b" else updated

    def leave_Arm(self, original: nodes.Arm, updated: nodes.Arm) -> Node | Removal:
        return REMOVE if original.patterns[0].text == "B" else updated

    def leave_BindingPattern(
        self, original: nodes.BindingPattern, updated: nodes.BindingPattern
    ) -> Node | Removal:
        return REMOVE if original.name == "C" else updated


def test_a_transformer_puts_other_nodes_in_place() -> None:
    assert transformed(Rename(), SOURCE) == SOURCE.replace(b"x.close", b"y.close")


def test_children_are_transformed_before_their_parents() -> None:
    assert transformed(Unwrap(), b"const A: I32 = g(f(f(1)))") == b"const A: I32 = g(1)"


def test_an_unchanged_tree_is_the_same_tree() -> None:
    module = parse(b"func f() { a() }")
    assert Rename().transform(module) is module


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a(); close(); c()", "a(); c()"),
        ("f(a, b)", "f(a)"),
        ("f(b, a)", "f( a)"),
        ("f(b)", "f()"),
        ("f(b, b,)", "f()"),
        ("when x() { A => 1, B => 2 }", "when x() { A => 1 }"),
        ("when x() { B => 1 A => 2 }", "when x() { A => 2 }"),
        ("when x() { C | A => 1 }", "when x() { A => 1 }"),
        ("when x() { A | C => 1 }", "when x() { A => 1 }"),
    ],
)
def test_a_removed_node_takes_its_separator_along(before: str, after: str) -> None:
    result = transformed(Drop(), f"func f() {{ {before} }}".encode()).decode()
    assert " ".join(result.split()) == " ".join(f"func f() {{ {after} }}".split())


def test_the_root_stays() -> None:
    (statement,) = parse_snippet(b"close()", "statements")
    with pytest.raises(ValueError, match="root"):
        Drop().transform(statement)


def test_a_forgotten_return_is_an_error() -> None:
    class Forgetful(Transformer):
        def leave_Call(self, original: nodes.Call, updated: nodes.Call) -> None:
            return None

    with pytest.raises(TypeError, match="leave_Call returned None"):
        Forgetful().transform(parse(SOURCE))


def test_a_visit_that_returns_false_keeps_what_is_below() -> None:
    class Outer(Rename):
        def visit_MethodCall(self, node: nodes.MethodCall) -> bool:
            return False

    assert transformed(Outer(), SOURCE) == SOURCE


def test_depth_does_not_matter() -> None:
    source = b"const A: I32 = x" + b".x" * 50_000
    assert transformed(Rename(), source) == source.replace(b"= x", b"= y")
    Journal().visit(parse(source))
