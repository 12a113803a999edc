"""The engine that reads files: the parsers that ``generate.py`` made from the grammar.

Each is imported where it is first needed: many commands need no parser, few need the recorder, and
``generate.py`` must run when they are broken, to write them again.
"""

from __future__ import annotations

from collections.abc import Sequence

from tml_ast.lexer import Token
from tml_ast.nodes import Module, Node


class _Furthest:
    """How far the grammar got in a file that does not parse, and what it wanted there."""

    __slots__ = ("index", "wanted")

    def __init__(self) -> None:
        self.index = 0
        self.wanted: set[str] = set()

    def miss(self, index: int, *types: str) -> None:
        """Note that none of these token types is at the index."""
        if index > self.index:
            self.index = index
            self.wanted.clear()
        if index == self.index:
            self.wanted.update(types)


def parse_tokens(tokens: Sequence[Token]) -> Module | None:
    """The tree of a file's tokens, or None when they do not parse. May raise RecursionError."""
    found = parse_rule(tokens, Module.__name__)
    if found is None:
        return None
    (module,) = found
    assert isinstance(module, Module)
    return module


def parse_rule(tokens: Sequence[Token], rule: str) -> list[Node | Token] | None:
    """What ``rule``, one of START_RULES, makes of all the tokens; None when it does not match them."""
    from tml_ast import generated_parser

    types = [token.type for token in tokens]
    failed: list[set[int]] = [set() for _ in range(generated_parser.REMEMBERED)]
    found: list[Node | Token] = []
    end = generated_parser.ROOTS[rule](types, tokens, failed, 0, found)
    return found if end == len(types) else None


def furthest_failure(tokens: Sequence[Token], rule: str = Module.__name__) -> tuple[int, list[str]]:
    """The furthest index that the grammar got to, and the token types it wanted there."""
    from tml_ast import generated_recorder

    types = [token.type for token in tokens]
    failed: list[set[int]] = [set() for _ in range(generated_recorder.REMEMBERED)]
    furthest = _Furthest()
    generated_recorder.ROOTS[rule](types, tokens, failed, furthest, 0, [])
    return furthest.index, sorted(furthest.wanted)
