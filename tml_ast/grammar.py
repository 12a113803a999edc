"""The grammar of ``tml.peg`` as a parsimonious Grammar, and how a rule becomes a node."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from parsimonious.grammar import TokenGrammar

from tml_ast.lookahead import PREDICATES
from tml_ast.nodes import Node, node_classes
from tml_ast.precedence import FOLDS, Piece, piece_classes

MODULE = "Module"
START_RULES = (
    MODULE,
    "expression_snippet",
    "statements_snippet",
    "item_snippet",
    "pattern_snippet",
    "type_snippet",
)
"""The rules that end with EOF, so that they can match a whole input."""


@cache
def load_grammar() -> TokenGrammar:
    """The one statement of TML's syntax."""
    rules = files("tml_ast").joinpath("tml.peg").read_text(encoding="utf-8")
    return TokenGrammar(rules, **PREDICATES)


NODE_CLASSES: dict[str, type[Node]] = {**piece_classes(), **node_classes()}
"""The node class of each rule whose name starts with a capital letter."""


def fold_of(rule: str) -> Callable[[list[Piece]], list[Piece]] | None:
    """What a rule makes of its pieces: a node, one of the folds, or None to pass them on."""
    if rule in FOLDS:
        return FOLDS[rule]
    if rule[:1].isupper():
        node_class = NODE_CLASSES[rule]
        return lambda pieces: [node_class(pieces)]
    return None
