"""What must hold at a place besides its shape: the lines ``Where:`` of a semantic patch.

Where: $f matches print|println          all of the text of $f; also: does not match
Where: $x is a name                      or call, string, number, literal; also: is not a
Where: $x has type List[$_]              what the declaration of the name $x writes
Where: $v has no other use               in the function around the change
Where: $...body contains return          or any other pattern; also: does not contain
Where: inside loop ($_) { $..._ }        the code, or what is around it; also: not inside
Where: in a test                         a function with @test; also: not in a test
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tml_ast import nodes
from tml_ast.lexer import TmlSyntaxError, Token
from tml_ast.nodes import Module, Node
from tml_ast.parser import SnippetKind
from tml_ast.pattern import Binding, CodePattern, Match

_KINDS: Mapping[str, tuple[type[Node], ...]] = {
    "name": (nodes.Path, nodes.BindingPattern),
    "call": (nodes.Call, nodes.MethodCall),
    "string": (nodes.Literal,),
    "number": (nodes.Literal,),
    "literal": (nodes.Literal,),
}
_FIRST_CHARACTERS = {"string": '"`', "number": "0123456789"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patch fits: the code that it changes, and what the metavariables stand for."""

    tree: Module
    changed: Match
    """The first match of a change."""
    bindings: Mapping[str, Binding]

    def around(self) -> Iterator[Node]:
        """The nodes that hold the code, outermost first; the last is the code, if it is one node."""
        node: Node | None = self.tree
        start, end = self.changed.start, self.changed.end
        while node is not None:
            yield node
            node = next(
                (
                    child
                    for child in node.children
                    if isinstance(child, Node) and child.start <= start and end <= child.end
                ),
                None,
            )

    def function(self) -> nodes.Function | None:
        """The innermost function that holds the code."""
        return next(
            (node for node in reversed(list(self.around())) if isinstance(node, nodes.Function)), None
        )


Condition = Callable[[Place], bool]
"""Whether it holds at a place; one about a metavariable is asked only where that is bound."""


class ConditionError(ValueError):
    """A line that is no condition: what is wrong, and at which character of it."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


def read_condition(text: str) -> Condition:
    """The condition that a line states. Raises `ConditionError`."""
    for form, make in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            name, holds = variable_of(text), make(found)
            return lambda place: (name is not None and name not in place.bindings) or holds(place)
    raise ConditionError(
        "no condition is written so; there are: $x matches REGEX, $x is a KIND, $x has type TYPE,"
        " $x has no other use, $x contains PATTERN, the file contains PATTERN, the function contains PATTERN,"
        " inside PATTERN, in a test, and each with not"
    )


def variable_of(text: str) -> str | None:
    """The metavariable that a condition is about."""
    found = re.match(r"\$(?:\.\.\.|\$\$)?(\w+)", text)
    return found[1] if found else None


def _matches(found: re.Match[str]) -> Condition:
    name, is_wanted = found["name"], found["not"] is None
    try:
        expression = re.compile(found["rest"])
    except re.error as error:
        raise ConditionError(
            f"this is no regular expression: {error.msg}", found.start("rest") + (error.pos or 0)
        ) from None
    return lambda place: (expression.fullmatch(place.bindings[name].text) is not None) == is_wanted


def _is_a(found: re.Match[str]) -> Condition:
    name, kind, is_wanted = found["name"], found["rest"], found["not"] is None
    if kind not in _KINDS:
        raise ConditionError(f"a {kind} is none of: {', '.join(_KINDS)}", found.start("rest"))

    def is_of_kind(binding: Binding) -> bool:
        if len(binding.nodes) != 1:
            return False
        (node,) = binding.nodes
        if isinstance(node, Token):
            return kind == "name"
        if not isinstance(node, _KINDS[kind]):
            return False
        if kind == "name":
            return binding.text.isidentifier()
        return binding.text[0] in _FIRST_CHARACTERS.get(kind, binding.text[0])

    return lambda place: is_of_kind(place.bindings[name]) == is_wanted


def _has_type(found: re.Match[str]) -> Condition:
    name, is_wanted = found["name"], found["not"] is None
    pattern = _pattern(found, "type")

    def holds(place: Place) -> bool:
        declared = _declared_type(place, place.bindings[name].text)
        return (declared is not None and pattern(place).match(declared) is not None) == is_wanted

    return holds


def _declared_type(place: Place, name: str) -> Node | None:
    """The type that the last declaration of a name before the code writes."""
    function = place.function()
    declared: Node | None = None
    for node in function.walk() if function is not None else ():
        if node.start > place.changed.start:
            break
        if isinstance(node, nodes.Parameter | nodes.Let):
            if isinstance(node, nodes.Let):
                pattern = node.pattern
                is_named = isinstance(pattern, nodes.BindingPattern) and pattern.name == name
            else:
                is_named = node.name == name
            declared = node.child(nodes.TypeNode) if is_named else declared
    return declared


def _no_other_use(found: re.Match[str]) -> Condition:
    name = found["name"]

    def holds(place: Place) -> bool:
        scope: Node = place.function() or place.tree
        start, end = place.changed.start, place.changed.end
        spelled = place.bindings[name].text.encode("utf-8", "surrogateescape")
        return not any(
            token.type == "IDENT" and token.lexeme == spelled and not start <= token.start < end
            for token in scope.tokens()
        )

    return holds


def _contains(found: re.Match[str]) -> Condition:
    name, is_wanted = found["name"], found["not"] is None
    pattern = _pattern(found)

    def holds(place: Place) -> bool:
        held = (node for node in place.bindings[name].nodes if isinstance(node, Node))
        return any(True for node in held for _ in pattern(place).search(node)) == is_wanted

    return holds


def _around_contains(found: re.Match[str]) -> Condition:
    is_wanted, is_file = found["not"] is None, found["scope"] == "file"
    pattern = _pattern(found)

    def holds(place: Place) -> bool:
        scope: Node = place.tree if is_file else place.function() or place.tree
        return any(True for _ in pattern(place).search(scope)) == is_wanted

    return holds


def _inside(found: re.Match[str]) -> Condition:
    is_wanted = found["not"] is None
    pattern = _pattern(found)
    return lambda place: any(pattern(place).match(node) for node in place.around()) == is_wanted


def _in_a_test(found: re.Match[str]) -> Condition:
    is_wanted = found["not"] is None

    def holds(place: Place) -> bool:
        function = place.function()
        return (function is not None and function.decorator("test") is not None) == is_wanted

    return holds


def _pattern(found: re.Match[str], kind: SnippetKind | None = None) -> Callable[[Place], CodePattern]:
    """The pattern that a condition ends with, in which what is bound stands for itself."""
    text = found["rest"]
    try:
        pattern = CodePattern(text, kind)
    except TmlSyntaxError as error:
        raise ConditionError(error.message, found.start("rest") + error.column - 1) from None

    def at(place: Place) -> CodePattern:
        known = {name: bound.text for name, bound in place.bindings.items() if name in pattern.variables}
        if not known:
            return pattern
        return _compiled(_NAMES.sub(lambda name: known.get(name[1], name[0]), text), kind)

    return at


_compiled = lru_cache(maxsize=256)(CodePattern)
_NAMES = re.compile(r"\$(?:\.\.\.|\$\$)?(\w+)")
_VARIABLE = r"\$(?:\.\.\.|\$\$)?(?P<name>\w+)"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Condition]], ...] = (
    (re.compile(rf"{_VARIABLE} (?:matches|(?P<not>does not) match) (?P<rest>.+)"), _matches),
    (re.compile(rf"{_VARIABLE} is (?P<not>not )?an? (?P<rest>\w+)"), _is_a),
    (re.compile(rf"{_VARIABLE} (?:has|(?P<not>does not have)) type (?P<rest>.+)"), _has_type),
    (re.compile(rf"{_VARIABLE} has no other use"), _no_other_use),
    (re.compile(rf"{_VARIABLE} (?:contains|(?P<not>does not) contain) (?P<rest>.+)"), _contains),
    (
        re.compile(r"the (?P<scope>file|function) (?:contains|(?P<not>does not) contain) (?P<rest>.+)"),
        _around_contains,
    ),
    (re.compile(r"(?P<not>not )?inside (?P<rest>.+)"), _inside),
    (re.compile(r"(?P<not>not )?in a test"), _in_a_test),
)
