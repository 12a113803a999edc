"""What must hold at a place besides its shape: the lines ``Where:`` of a semantic patch.

Where: $f matches print|println          all of the text of $f; also: does not match
Where: $x is a name                      or call, string, number, literal; also: is not a
Where: $x has type List[$_]              as it is declared, or as it follows; also: does not have type
Where: $x is owned                       the code around must free it; also: is not owned
Where: $x has a method close             its type, or the type $x; also: does not have a method
Where: $v has no other use               in the function around the change; also: has another use
Where: $...body contains return          or any other pattern; also: does not contain
Where: the tree contains enum $T { $..._ }   or the file, the function; also: does not contain
Where: inside loop ($_) { $..._ }        the code, or what is around it; also: not inside
Where: in a test                         a function with @test; also: not in a test
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from codemods.semantic_patches.facts import NOTHING_KNOWN, Facts
from tml_ast import nodes
from tml_ast.lexer import TmlSyntaxError, Token
from tml_ast.nodes import Module, Node
from tml_ast.parser import SnippetKind, parse_snippet
from tml_ast.pattern import Binding, CodePattern, Match, names_in

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
    facts: Facts = NOTHING_KNOWN

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


Test = Callable[[Place], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold at a place."""

    text: str
    variable: str | None
    """The metavariable that it is about; it is asked only where that is bound."""
    test: Test
    asks_for_facts: bool
    """Whether it may ask for more than the file shows."""

    def holds(self, place: Place) -> bool:
        """Whether it holds, or is not asked."""
        return (self.variable is not None and self.variable not in place.bindings) or self.test(place)


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
            is_factual = make in _FACTUAL or found.groupdict().get("scope") == "tree"
            return Condition(text, variable_of(text), make(found), is_factual)
    raise ConditionError(
        "no condition is written so; there are: $x matches REGEX, $x is a KIND, $x is owned,"
        " $x has type TYPE, $x has a method NAME, $x has no other use, $x contains PATTERN,"
        " the function contains PATTERN, the file contains PATTERN, the tree contains PATTERN,"
        " inside PATTERN, in a test, and each with not"
    )


def variable_of(text: str) -> str | None:
    """The metavariable that a condition is about."""
    found = re.match(r"\$(?:\.\.\.|\$\$)?(\w+)", text)
    return found[1] if found else None


def _matches(found: re.Match[str]) -> Test:
    name, is_wanted = found["name"], found["not"] is None
    try:
        expression = re.compile(found["rest"])
    except re.error as error:
        raise ConditionError(
            f"this is no regular expression: {error.msg}", found.start("rest") + (error.pos or 0)
        ) from None
    return lambda place: (expression.fullmatch(place.bindings[name].text) is not None) == is_wanted


def _is_a(found: re.Match[str]) -> Test:
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


def _has_type(found: re.Match[str]) -> Test:
    name, is_wanted = found["name"], found["not"] is None
    shape = _Shape.of(found, "type")

    def holds(place: Place) -> bool:
        bound = place.bindings[name]
        type_ = _declared_type(place, bound.text) or _known_type(place, bound)
        return (type_ is not None and shape.is_shape_of(place, type_)) == is_wanted

    return holds


def _known_type(place: Place, bound: Binding) -> Node | None:
    """The type that follows for what is bound."""
    type_ = place.facts.type_of(bound.nodes[0]) if len(bound.nodes) == 1 else None
    try:
        return parse_snippet(type_.encode(), "type")[0] if type_ is not None else None
    except TmlSyntaxError:  # no type is written as what is known of it
        return None


def _is_owned(found: re.Match[str]) -> Test:
    name, is_wanted = found["name"], found["not"] is None

    def holds(place: Place) -> bool:
        bound = place.bindings[name]
        return len(bound.nodes) == 1 and place.facts.is_owned(bound.nodes[0]) is is_wanted

    return holds


def _has_method(found: re.Match[str]) -> Test:
    name, is_wanted, method = found["name"], found["not"] is None, found["rest"]

    def holds(place: Place) -> bool:
        bound = place.bindings[name]
        methods = place.facts.methods_of(bound.nodes[0]) if len(bound.nodes) == 1 else None
        return methods is not None and (method in methods) == is_wanted

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


def _other_use(found: re.Match[str]) -> Test:
    name, is_wanted = found["name"], found["not"] is None

    def holds(place: Place) -> bool:
        scope: Node = place.function() or place.tree
        start, end = place.changed.start, place.changed.end
        spelled = place.bindings[name].text.encode("utf-8", "surrogateescape")
        is_used = any(
            token.type == "IDENT" and token.lexeme == spelled and not start <= token.start < end
            for token in scope.tokens()
        )
        return is_used == is_wanted

    return holds


def _contains(found: re.Match[str]) -> Test:
    name, is_wanted = found["name"], found["not"] is None
    shape = _Shape.of(found)

    def holds(place: Place) -> bool:
        held = (node for node in place.bindings[name].nodes if isinstance(node, Node))
        return any(shape.is_in(place, node) for node in held) == is_wanted

    return holds


def _around_contains(found: re.Match[str]) -> Test:
    is_wanted, scope = found["not"] is None, found["scope"]
    shape = _Shape.of(found)

    def places(place: Place) -> Iterable[Node]:
        if scope == "tree":
            return place.facts.files_with(names_in(shape.filled_in(place)))
        return (place.tree if scope == "file" else place.function() or place.tree,)

    return lambda place: any(shape.is_in(place, node) for node in places(place)) == is_wanted


def _inside(found: re.Match[str]) -> Test:
    is_wanted = found["not"] is None
    shape = _Shape.of(found)
    return lambda place: any(shape.is_shape_of(place, node) for node in place.around()) == is_wanted


def _in_a_test(found: re.Match[str]) -> Test:
    is_wanted = found["not"] is None

    def holds(place: Place) -> bool:
        function = place.function()
        return (function is not None and function.decorator("test") is not None) == is_wanted

    return holds


@dataclass(frozen=True, slots=True)
class _Shape:
    """The pattern that a condition ends with, in which what is bound stands for itself."""

    text: str
    kind: SnippetKind | None

    @classmethod
    def of(cls, found: re.Match[str], kind: SnippetKind | None = None) -> _Shape:
        """The one of a condition. Raises `ConditionError` for one that is no TML."""
        try:
            CodePattern(found["rest"], kind)
        except TmlSyntaxError as error:
            raise ConditionError(error.message, found.start("rest") + error.column - 1) from None
        return cls(found["rest"], kind)

    def filled_in(self, place: Place) -> str:
        """The text with what is known of the metavariables."""
        known = {name: bound.text for name, bound in place.bindings.items()}
        return _NAMES.sub(lambda name: known.get(name[1], name[0]), self.text)

    def is_shape_of(self, place: Place, node: Node) -> bool:
        """Whether a node has the shape."""
        pattern = self._pattern(place)
        return pattern is not None and pattern.match(node) is not None

    def is_in(self, place: Place, node: Node) -> bool:
        """Whether a node has it, or anything inside of the node."""
        pattern = self._pattern(place)
        return pattern is not None and any(True for _ in pattern.search(node))

    def _pattern(self, place: Place) -> CodePattern | None:
        """The pattern for a place; None where what is bound cannot stand in it, so that nothing matches."""
        return _compiled(self.filled_in(place), self.kind)


@lru_cache(maxsize=256)
def _compiled(text: str, kind: SnippetKind | None) -> CodePattern | None:
    try:
        return CodePattern(text, kind)
    except TmlSyntaxError:
        return None


_NAMES = re.compile(r"\$(?:\.\.\.|\$\$)?(\w+)")
_VARIABLE = r"\$(?:\.\.\.|\$\$)?(?P<name>\w+)"
_FACTUAL = (_has_type, _is_owned, _has_method)
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Test]], ...] = (
    (re.compile(rf"{_VARIABLE} (?:matches|(?P<not>does not) match) (?P<rest>.+)"), _matches),
    (re.compile(rf"{_VARIABLE} is (?P<not>not )?an? (?P<rest>\w+)"), _is_a),
    (re.compile(rf"{_VARIABLE} (?:has|(?P<not>does not have)) type (?P<rest>.+)"), _has_type),
    (re.compile(rf"{_VARIABLE} is (?P<not>not )?owned"), _is_owned),
    (
        re.compile(rf"{_VARIABLE} (?:has|(?P<not>does not have)) (?:a )?method (?P<rest>\w+)"),
        _has_method,
    ),
    (re.compile(rf"{_VARIABLE} has (?:(?P<not>no other)|another) use"), _other_use),
    (re.compile(rf"{_VARIABLE} (?:contains|(?P<not>does not) contain) (?P<rest>.+)"), _contains),
    (
        re.compile(r"the (?P<scope>tree|file|function) (?:contains|(?P<not>does not) contain) (?P<rest>.+)"),
        _around_contains,
    ),
    (re.compile(r"(?P<not>not )?inside (?P<rest>.+)"), _inside),
    (re.compile(r"(?P<not>not )?in a test"), _in_a_test),
)
