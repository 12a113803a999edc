"""``when`` and its patterns.

TML's compiler checks the guard of an arm and then forgets it: the arm is taken wherever its pattern
matches. ``Machine.evaluates_guards`` says whether guards decide nevertheless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.second_opinion.compilation import (
    Compilation,
    Compiled,
    Matches,
    Unsupported,
    identifier,
    sequence,
)
from tests.second_opinion.drops import Code, Frame, Refused
from tests.second_opinion.heap import Pointer
from tests.second_opinion.mended import IGNORED_PAYLOAD
from tests.second_opinion.values import Cell, Variant, base_and_arguments
from tml_ast import nodes
from tml_ast.lexer import Token

UNNAMED = "_ "
"""How the names begin of what no name stands for."""


@dataclass(frozen=True, slots=True)
class _Arm:
    matches: Matches
    guard: Code | None
    body: Code
    type: str
    has_left: bool


class Patterns(Compilation):
    """Compiles ``when``, and what it shares with ``if let`` and ``let else``."""

    def _When(self, node: nodes.When) -> Compiled:
        subject, type_text = self.expression(node.subject)
        arms = [self._arm(arm, type_text) for arm in node.arms]
        self.notes.has_left = all(arm.has_left for arm in arms)
        going_on = [arm for arm in arms if not arm.has_left]
        if len({bool(arm.type) for arm in going_on}) > 1:
            line = self.declaration.line(node.start)
            raise Refused(f"the arms of a when in {self.declaration.name}, line {line}, differ in type")

        def choose(frame: Frame) -> Any:
            value = subject(frame)
            for arm in arms:
                if arm.matches(frame, value) and (arm.guard is None or arm.guard(frame)):
                    return arm.body(frame)
            raise AssertionError(f"no arm takes {value}")

        return choose, next((arm.type for arm in going_on if arm.type), "")

    def _arm(self, arm: nodes.Arm, type_text: str) -> _Arm:
        saved = dict(self.locals)
        self.notes.scopes.append([])
        patterns = [self.matched(pattern, type_text) for pattern in arm.patterns]
        payloads = {name for pattern in arm.patterns for name in payload_names(pattern)}
        hides = IGNORED_PAYLOAD not in self.program.mended
        for name, local in self.locals.items():
            if name in saved if hides else local is saved.get(name):
                continue
            is_text = local.type == "Str" and (name in payloads or name.startswith(UNNAMED))
            # of an enum that is dropped itself, only a string is dropped here as well
            if is_text or (self.is_dropped(local.type) and not self._is_dropped_enum(type_text)):
                self.notes.register(name, self.drop_of(local), local.slot)
        guard = None
        if arm.guard is not None and self.machine.evaluates_guards:
            guard, _ = self.expression(arm.guard)
        before = len(self.notes.temporaries)
        self.notes.has_left = False
        code, body_type = self.expression(arm.body)
        has_left = self.notes.has_left
        made = self.notes.take_temporaries(before)
        ending: list[Code] = []
        if not has_left:
            name = identifier(arm.body) or ""
            if name in self.locals and name not in saved:
                self.notes.give_away(name)
            ending = [*self.frees(made), *self.notes.scope_drops()]
        self.notes.scopes.pop()
        self.locals = saved
        return _Arm(_any(patterns), guard, sequence([], code, ending), body_type, has_left)

    # -- patterns -----------------------------------------------------------------------------

    def matched(self, pattern: nodes.Pattern, type_text: str) -> Matches:
        """Code that says whether a value of this type matches, and binds the pattern's names."""
        match pattern:
            case nodes.WildcardPattern():
                return lambda _frame, _value: True
            case nodes.BindingPattern() if self._is_variant(pattern.name, type_text):
                return self._variant(pattern.name, [])
            case nodes.BindingPattern():
                return self._bound(pattern.name, type_text)
            case nodes.VariantPattern():
                name = pattern.segments[-1]
                types = self.payload_types(name, type_text)
                parts = [self._part(*part) for part in zip(pattern.payload, types, strict=True)]
                return self._variant(name, parts)
            case nodes.PathPattern():
                return self._variant(pattern.segments[-1], [])
            case nodes.TuplePattern():
                types = base_and_arguments(type_text)[1]
                parts = [self.matched(*part) for part in zip(pattern.elements, types, strict=True)]
                return lambda frame, value: all(
                    part(frame, element) for part, element in zip(parts, value, strict=True)
                )
            case nodes.OrPattern():
                return _any([self.matched(choice, type_text) for choice in pattern.all(nodes.Pattern)])
            case nodes.LiteralPattern():
                return self._literal_pattern(pattern)
        raise Unsupported(pattern.text)

    def _part(self, pattern: nodes.Pattern, type_text: str) -> Matches:
        """A part of a payload, which has an owner also where it gets no name, once that is mended."""
        if IGNORED_PAYLOAD in self.program.mended and isinstance(pattern, nodes.WildcardPattern):
            return self._bound(f"{UNNAMED}{self.slots}", type_text)
        return self.matched(pattern, type_text)

    def payload_types(self, variant: str, type_text: str) -> list[str]:
        """The types of what a variant of this enum holds."""
        base, arguments = base_and_arguments(type_text)
        if base in self.program.variants:
            return self.program.variants[base][variant]
        number = {("Maybe", "Just"): 0, ("Outcome", "Ok"): 0, ("Outcome", "Err"): 1}.get((base, variant))
        return [] if number is None else [arguments[number]]

    def _is_variant(self, name: str, type_text: str) -> bool:
        base = base_and_arguments(type_text)[0]
        return (base == "Maybe" and name == "Nothing") or name in self.program.variants.get(base, {})

    def _is_dropped_enum(self, type_text: str) -> bool:
        return type_text in self.program.variants and self.machine.types.needs_drop(type_text)

    def _variant(self, name: str, payload: list[Matches]) -> Matches:
        def matches(frame: Frame, value: Variant) -> bool:
            return value.name == name and all(
                part(frame, content) for part, content in zip(payload, value.payload, strict=True)
            )

        return matches

    def _bound(self, name: str, type_text: str) -> Matches:
        slot = self.local(name, type_text).slot

        def bind(frame: Frame, value: Any) -> bool:
            frame[slot] = Cell(value)
            return True

        return bind

    def _literal_pattern(self, pattern: nodes.LiteralPattern) -> Matches:
        tokens = [child for child in pattern.children if isinstance(child, Token)]
        low, high = _constant(tokens[0]), _constant(tokens[-1])
        if len(tokens) == 1:
            return lambda _frame, value: self._plain(value) == low
        beyond = int(tokens[1].type == "through")
        return lambda _frame, value: low <= value < high + beyond

    def _plain(self, value: Any) -> Any:
        return self.heap.use(value).text if isinstance(value, Pointer) else value


def payload_names(pattern: nodes.Pattern) -> list[str]:
    """The names that stand for the content of a variant; a string is dropped only there."""
    if not isinstance(pattern, nodes.VariantPattern):
        return []
    return [part.name for part in pattern.payload if isinstance(part, nodes.BindingPattern)]


def _any(patterns: list[Matches]) -> Matches:
    return lambda frame, value: any(pattern(frame, value) for pattern in patterns)


def _constant(token: Token) -> Any:
    if token.type == "INT":
        return int(token.text)
    return token.text == "true" if token.type in ("true", "false") else token.text[1:-1]
