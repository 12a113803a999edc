"""A first patch from code before and after: the smallest change, with its names and texts left open."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from codemods.semantic_patches.patch_text import PatchError, read_patch
from codemods.semantic_patches.rewriting import failures
from tml_ast import nodes
from tml_ast.lexer import Token
from tml_ast.nodes import Node
from tml_ast.parser import parse

_SHAPES = (nodes.Call, nodes.MethodCall, nodes.Binary)
"""Expressions that say enough to be looked for by themselves."""

_BODY = "    $...body\n}"


class NoProposalError(Exception):
    """Code before and after that no single change of statements or of a signature leads from and to."""


def propose(name: str, before: str, after: str) -> str:
    """The text of a patch that makes the one of the other, which are its example.

    Raises `NoProposalError`, and TmlSyntaxError for code that is no TML.
    """
    old, new = parse(before.encode()), parse(after.encode())
    if _lexemes(old) == _lexemes(new):
        raise NoProposalError("the code before and after is the same")
    example = f"=== before ===\n{before.strip()}\n\n=== after ===\n{after.strip()}\n"
    summary = name.replace("-", " ").capitalize()
    for difference, is_open in product(reversed(_differences(old, new)), (True, False)):
        names = _variables(difference.opened) if is_open else {}
        lines = _marked(_filled_in(difference.removed, names), _filled_in(difference.added, names))
        text = f"{summary}.\n\nSay here why.\n\n@@ Say here what changes. @@\n{lines}\n"
        try:
            patch = read_patch(name, f"{text}\n{example}")
        except PatchError:
            continue
        if not list(failures(patch)):
            return f"{text}\n{example}"
    raise NoProposalError("no single change leads from the code before to the code after")


@dataclass(frozen=True, slots=True)
class _Difference:
    """The pieces that differ before and after, and the nodes whose names are left open."""

    removed: Sequence[Node | str]
    added: Sequence[Node | str]
    opened: Sequence[Node] = ()


def _differences(old: Node, new: Node) -> list[_Difference]:
    """What makes the one of the other, the smallest last."""
    found: list[_Difference] = []
    while True:
        if isinstance(old, nodes.Block) and isinstance(new, nodes.Block):
            gone, come = _unlike(old.statements, new.statements)
            if not gone:
                # A statement that only comes needs both neighbours: without them, it would come again.
                index = next(i for i, one in enumerate(new.statements) if one is come[0])
                gone = old.statements[max(index - 1, 0) : index + 1]
                come = new.statements[max(index - 1, 0) : index + len(come) + 1]
            found.append(_Difference(gone, come, gone))
        elif isinstance(old, nodes.Function) and isinstance(new, nodes.Function):
            found.append(_Difference([old], [new]))
            bodies = old.child(nodes.Block), new.child(nodes.Block)
            if bodies[0] and bodies[1] and _lexemes(bodies[0]) == _lexemes(bodies[1]):
                found.append(_Difference([_head(old)], [_head(new)]))
        elif isinstance(old, nodes.Item) or not found:
            found.append(_Difference([old], [new]))
        elif isinstance(old, _SHAPES) and isinstance(new, nodes.Expression):
            found.append(_Difference([old], [new], [old]))
        unlike = [
            (one, other)
            for one, other in zip(old.nodes(), new.nodes(), strict=False)
            if type(one) is not type(other) or _lexemes(one) != _lexemes(other)
        ]
        if type(old) is not type(new) or len(unlike) != 1 or len(old.nodes()) != len(new.nodes()):
            return found
        old, new = unlike[0]


def _unlike(old: list[Node], new: list[Node]) -> tuple[list[Node], list[Node]]:
    """The statements between those that are the same at the start and at the end."""
    first = 0
    while first < min(len(old), len(new)) and _lexemes(old[first]) == _lexemes(new[first]):
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and _lexemes(old[-1 - last]) == _lexemes(new[-1 - last]):
        last += 1
    return old[first : len(old) - last], new[first : len(new) - last]


def _head(function: nodes.Function) -> str:
    body = function.child(nodes.Block)
    assert body is not None
    return f"{function.text[: len(function.text) - len(body.text)]}{{\n{_BODY}"


def _variables(changed: Sequence[Node]) -> dict[str, str]:
    """What each name and text that is left open is called."""
    called: dict[str, str] = {}
    for node in (node for top in changed for node in top.walk()):
        callee = node.children[0] if isinstance(node, nodes.Call) else None
        for child in node.children:
            if isinstance(child, nodes.Path | nodes.BindingPattern) and child is not callee:
                tokens = list(child.tokens())
                if len(tokens) == 1 and tokens[0].type == "IDENT" and tokens[0].text[0].islower():
                    called.setdefault(tokens[0].text, f"${tokens[0].text}")
            elif isinstance(child, nodes.Literal) and child.text.startswith('"'):
                called.setdefault(child.text, f"$text{len(called) or ''}")
    return called


def _filled_in(pieces: Sequence[Node | str], names: dict[str, str]) -> str:
    return "\n".join(piece if isinstance(piece, str) else _spelled(piece, names) for piece in pieces)


def _spelled(node: Node, names: dict[str, str]) -> str:
    column = len(node.first_token.trivia.rpartition(b"\n")[2])
    code = "".join(_spell(token, names, is_first=token is node.first_token) for token in node.tokens())
    return textwrap.dedent(" " * column + code)


def _spell(token: Token, names: dict[str, str], *, is_first: bool) -> str:
    trivia = "" if is_first else token.trivia.decode()
    return trivia + names.get(token.text, token.text)


def _marked(removed: str, added: str) -> str:
    """The lines with their marks; those that stay at the start and at the end have none."""
    old, new = removed.split("\n"), added.split("\n") if added else []
    return "\n".join(_marks(old, new))


def _marks(old: list[str], new: list[str]) -> Iterator[str]:
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    yield from (f" {line}" for line in old[:first])
    yield from (f"-{line}" for line in old[first : len(old) - last])
    yield from (f"+{line}" for line in new[first : len(new) - last])
    yield from (f" {line}" for line in old[len(old) - last :])


def _lexemes(node: Node) -> list[bytes]:
    return [token.lexeme for token in node.tokens()]
