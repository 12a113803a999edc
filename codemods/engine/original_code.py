"""The code of messages as its author knows it: names that fixes have written give way to what they stand for.

A later round finds ``trim(part_copy)`` where an earlier one has bound ``part.duplicate()`` to ``part_copy``.
The message shows ``trim(part.duplicate())``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from codemods.fixes.naming import short_code
from tml_ast import nodes
from tml_ast.nodes import Node

_WORD = re.compile(rb"[A-Za-z_]\w*")
_VARIABLE = re.compile(rb'"(?:\\.|[^"\\])*"|//[^\n]*|(?<![\w.:])([A-Za-z_]\w*)\b(?!\s*\(|::)')
"""A string, a comment, or a word that may be a variable: no method or function, and no part of a path."""
_QUOTED = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class _Written:
    """The names that fixes have written in one function, and the original code that each stands for."""

    start: int
    end: int
    """The span of the function as it is now."""
    code: Mapping[str, str]


class OriginalCode:
    """What the names that fixes have written in a file stand for.

    ``trees`` are the file by now, in each of its variants. ``before`` is where an offset was in the original
    file, and ``replaced`` what the edit at an offset has replaced there.
    """

    def __init__(
        self,
        trees: Iterable[Node],
        original: bytes,
        before: Callable[[int], int],
        replaced: Callable[[int], bytes],
    ) -> None:
        self._functions: list[_Written] = []
        self._elsewhere: dict[str, str] = {}
        """The names that the original file has nowhere: a message may name them outside of their function."""
        everywhere = _words(original)
        for function in (function for tree in trees for function in _outermost_functions(tree)):
            known = _variables(original[before(function.start) : before(function.end)])
            code: dict[str, str] = {}
            for name, offset, pattern, value in _bindings(function):
                if name in known:
                    continue
                there = replaced(offset)
                if there == b"_":
                    code[name] = _with_code(pattern.text, {name: "_"})
                else:
                    is_name = _WORD.fullmatch(there) is not None
                    code[name] = there.decode() if is_name else _with_code(value.text, code)
            self._functions.append(_Written(function.start, function.end, code))
            for name in code.keys() - everywhere:
                self._elsewhere.setdefault(name, code[name])

    def in_message(self, message: str, offset: int) -> str:
        """A message about what is at an offset, with the original code in the place of the names."""
        code = dict(self._elsewhere)
        for function in self._functions:
            if function.start <= offset < function.end:
                code |= function.code
        return _in_message(message, code) if code else message


def _variables(source: bytes) -> set[str]:
    return {found[1].decode() for found in _VARIABLE.finditer(source) if found[1]}


def _words(source: bytes) -> set[str]:
    return {word.decode() for word in _WORD.findall(source)}


def _in_message(message: str, code: Mapping[str, str]) -> str:
    said: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(message):
        said += [_in_prose(message[end : quoted.start()], code), _in_quote(quoted[0], code)]
        end = quoted.end()
    return "".join([*said, _in_prose(message[end:], code)])


def _in_quote(quoted: str, code: Mapping[str, str]) -> str:
    became = _with_code(quoted[1:-1], code)
    return quoted if became == quoted[1:-1] else f"`{short_code(became)}`"


def _in_prose(text: str, code: Mapping[str, str]) -> str:
    """Outside of quotes a name counts only where something is called on it, as in ``name.destroy()``."""
    for name in code:
        text = re.sub(rf"(?<![\w.]){name}\.(?=[a-z_]\w*\()", "its ", text)
    return text


def _outermost_functions(node: Node) -> Iterator[nodes.Function]:
    if isinstance(node, nodes.Function):
        yield node
        return
    for child in node.nodes():
        yield from _outermost_functions(child)


_Binding = tuple[str, int, Node, nodes.Expression]
"""A name that is bound, its offset, the pattern it is in, and what its value is of."""


def _bindings(function: nodes.Function) -> Iterator[_Binding]:
    """The names that a function binds."""
    for node in function.walk():
        match node:
            case nodes.Var(value=value) if value is not None:
                token = node.token("IDENT")
                assert token is not None
                yield node.name, token.start, node, value
            case nodes.Let(value=value) if value is not None:
                yield from _bound([node.pattern], value)
            case nodes.LetCondition():
                yield from _bound([node.pattern], node.value)
            case nodes.When():
                for arm in node.arms:
                    yield from _bound(arm.patterns, node.subject)


def _bound(patterns: Iterable[nodes.Pattern], value: nodes.Expression) -> Iterator[_Binding]:
    for pattern in patterns:
        for part in pattern.walk():
            if isinstance(part, nodes.BindingPattern):
                yield part.name, part.last_token.start, pattern, value


def _with_code(text: str, code: Mapping[str, str]) -> str:
    """Code with other code in the place of some variables."""
    if not code:
        return text
    names = re.compile(rf"(?<![\w.:])(?:{'|'.join(code)})(?!\w)")
    return names.sub(lambda found: code[found[0]], text)
