"""Which parts of the grammar some source text reaches: its rules, their alternatives and optional pieces.

A part is called like its rule, or ``rule: piece`` for an alternative or an optional piece of it. Commas
and semicolons that may be left out are no parts, nor is what only stands in patterns of code.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache

from parsimonious.expressions import Compound, Expression, Lookahead, OneOf, Quantifier
from parsimonious.nodes import Node

from tml_ast.grammar import MODULE, START_RULES, load_grammar
from tml_ast.lexer import tokenize
from tml_ast.lookahead import PREDICATES

_NOT_IN_FILES = {*START_RULES, "SequenceVariable", *PREDICATES} - {MODULE}
"""Rules that a file never reaches: snippets, and what stands only in patterns of code."""


@cache
def parts() -> dict[str, str]:
    """Every part of the grammar, with the rule that it refers to, or nothing."""
    found: dict[str, str] = {}
    for rule, expression in load_grammar().items():
        if rule not in _NOT_IN_FILES:
            found[rule] = ""
            found |= {part: piece.name for part, piece in _pieces(rule, expression)}
    return found


def _pieces(rule: str, expression: Expression) -> list[tuple[str, Expression]]:
    """The alternatives and optional pieces of a rule, below each other, with what they consist of."""
    if not isinstance(expression, Compound) or isinstance(expression, Lookahead):
        return []
    found = []
    for member in expression.members:
        part = _part(rule, expression, member)
        if part is not None:
            found.append((part, member))
        if not member.name:
            found += _pieces(rule, member)
    return found


def _part(rule: str, around: Expression, piece: Expression) -> str | None:
    """What a piece of a rule is called; None if it always matches where what is around it does."""
    text = piece.name or piece.as_rule()
    is_choice = isinstance(around, OneOf) or (isinstance(around, Quantifier) and around.min == 0)
    is_trivial = text in ("','", "';'") or text.removeprefix("!") in _NOT_IN_FILES
    return f"{rule}: {text}" if is_choice and not is_trivial else None


@cache
def reached(source: bytes) -> frozenset[str]:
    """The parts of the grammar that a file reaches."""
    found: set[str] = set()
    pending: list[tuple[str, Node]] = [("", load_grammar()[MODULE].parse(tokenize(source)))]
    while pending:
        rule, node = pending.pop()
        if isinstance(node.expr, Lookahead):
            continue
        if node.expr.name:
            rule = node.expr.name
            found.add(rule)
        for child in node.children:
            part = _part(rule, node.expr, child.expr)
            if part is not None:
                found.add(part)
            pending.append((rule, child))
    return frozenset(found & parts().keys())


def unreached(found: Set[str]) -> list[str]:
    """The parts that are missing, each once: a rule stands for all that it consists of."""
    known = parts()
    missing = [part for part in known if part not in found]
    return [
        part
        for part in missing
        if known[part] not in missing and (part.partition(":")[0] == part or part.partition(":")[0] in found)
    ]
