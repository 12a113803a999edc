"""Blocks, branches, patterns, loops and what leaves them."""

from __future__ import annotations

from typing import Any

from tests.second_opinion.compilation import (
    Broken,
    Compilation,
    Compiled,
    Continued,
    Local,
    Refused,
    Returned,
    Unsupported,
    identifier,
    nothing,
    sequence,
    statements,
)
from tests.second_opinion.drops import Code, Frame
from tests.second_opinion.values import Cell, base_and_arguments, is_address
from tml_ast import nodes


class Branches(Compilation):
    """Compiles what decides where a function goes on."""

    def _Block(self, node: nodes.Block) -> Compiled:
        self.notes.scopes.append([])
        codes = [self.statement(statement) for statement in statements(node)]
        result: Code = nothing
        type_text = ""
        if node.value is not None and not self.notes.has_left:
            result, type_text = self.last_expression(node.value)
        drops = [] if self.notes.has_left else self.notes.scope_drops()
        self.notes.scopes.pop()
        return sequence(codes, result, drops), type_text

    def last_expression(self, node: nodes.Expression) -> Compiled:
        """The value of a block, which the compiler does not treat as a statement."""
        code, type_text = self.expression(node)
        return self.located(node, code), type_text

    def _branch(self, node: nodes.Expression) -> tuple[Code, str, bool]:
        """A branch with its type and whether it leaves; strings made in it do not outlive it."""
        self.notes.has_left = False
        before = len(self.notes.temporaries)
        code, type_text = self.expression(node)
        has_left = self.notes.has_left
        if has_left:
            del self.notes.temporaries[before:]
            return code, type_text, True
        frees = self.frees(self._branch_temporaries(before))
        return sequence([], code, frees), type_text, False

    def _branch_temporaries(self, before: int) -> list[int]:
        made = self.notes.temporaries[before:]
        del self.notes.temporaries[before:]
        return made

    def _If(self, node: nodes.If) -> Compiled:
        if node.condition is None:
            raise Unsupported("if let")
        condition, _ = self.expression(node.condition)
        first, type_text, first_left = self._branch(node.branch)
        second: Code = nothing
        second_left = False
        if node.alternative is not None:
            second, _, second_left = self._branch(node.alternative)
        self.notes.has_left = first_left and second_left
        type_text = type_text if node.alternative is not None else ""
        return (lambda frame: first(frame) if condition(frame) else second(frame)), type_text

    def _When(self, node: nodes.When) -> Compiled:
        subject, type_text = self.expression(node.subject)
        base, type_arguments = base_and_arguments(type_text)
        payload_types = dict(zip(("Ok", "Err"), type_arguments, strict=False))
        if base == "Maybe":
            payload_types = {"Just": type_arguments[0]}
        arms = [self._arm(arm, payload_types) for arm in node.arms]
        self.notes.has_left = all(has_left for *_, has_left in arms)
        if len({bool(type_name) for *_, type_name, has_left in arms if not has_left}) > 1:
            line = self.declaration.line(node.start)
            raise Refused(f"the arms of a when in {self.declaration.name}, line {line}, differ in type")

        def choose(frame: Frame) -> Any:
            value = subject(frame)
            for variant, slot, body, *_ in arms:
                if variant in (value.name, None):
                    if slot is not None:
                        frame[slot] = Cell(value.payload[0])
                    return body(frame)
            raise AssertionError(f"no arm takes {value.name}")

        result = next((type_name for _, _, _, type_name, has_left in arms if type_name and not has_left), "")
        return choose, result

    def _arm(
        self, arm: nodes.Arm, payload_types: dict[str, str]
    ) -> tuple[str | None, int | None, Code, str, bool]:
        if arm.guard is not None or len(arm.patterns) != 1:
            raise Unsupported(arm.text)
        saved = dict(self.locals)
        self.notes.scopes.append([])
        pattern = arm.patterns[0]
        variant: str | None = None
        slot: int | None = None
        if isinstance(pattern, nodes.VariantPattern):
            variant = pattern.segments[-1]
            bound = pattern.payload[0]
            if isinstance(bound, nodes.BindingPattern):
                slot = self._payload(bound.name, payload_types[variant], saved)
        elif isinstance(pattern, nodes.BindingPattern):
            variant = pattern.name
        before = len(self.notes.temporaries)
        self.notes.has_left = False
        code, type_text = self.expression(arm.body)
        has_left = self.notes.has_left
        made = self._branch_temporaries(before)
        ending: list[Code] = []
        if not has_left:
            name = identifier(arm.body)
            if name is not None and name in self.locals and name not in saved:
                self.notes.give_away(name)
            ending = [*self.frees(made), *self.notes.scope_drops()]
        self.notes.scopes.pop()
        self.locals = saved
        return variant, slot, sequence([], code, ending), type_text, has_left

    def _payload(self, name: str, type_text: str, outer: dict[str, Local]) -> int:
        local = self.local(name, type_text)
        if name not in outer and (type_text == "Str" or self.is_dropped(type_text)):
            self.notes.register(name, self.drop_of(local))
        return local.slot

    def _Propagate(self, node: nodes.Propagate) -> Compiled:
        code, type_text = self.expression(node.operand)
        drops = self.notes.all_drops()

        def unwrap(frame: Frame) -> Any:
            value = code(frame)
            if value.name in ("Ok", "Just"):
                return value.payload[0]
            for drop in drops:
                drop(frame)
            raise Returned(value)

        return unwrap, base_and_arguments(type_text)[1][0]

    def _Loop(self, node: nodes.Loop) -> Compiled:
        if node.condition is None:
            raise Unsupported("a counting loop")
        condition, _ = self.expression(node.condition)
        self.notes.has_left = False
        body, _ = self._Block(node.body)
        self.notes.has_left = False

        def run(frame: Frame) -> None:
            while condition(frame):
                try:
                    body(frame)
                except Broken:
                    break
                except Continued:
                    continue

        return run, ""

    def _Return(self, node: nodes.Return) -> Compiled:
        code: Code = nothing
        type_text = ""
        if node.value is not None:
            code, type_text = self.expression(node.value)
            self.give_away(node.value)
            if isinstance(node.value, nodes.Call):
                for argument in node.value.arguments:
                    self.give_away(argument)
            if is_address(type_text):
                self.notes.take_last_temporary()
        ending = [*self.frees(self.notes.flush_temporaries()), *self.notes.all_drops()]
        self.notes.has_left = True

        def leave(frame: Frame) -> None:
            value = code(frame)
            for temporary in ending:
                temporary(frame)
            raise Returned(value)

        return leave, ""

    def _Break(self, node: nodes.Break) -> Compiled:
        return self._jump(Broken)

    def _Continue(self, node: nodes.Continue) -> Compiled:
        return self._jump(Continued)

    def _jump(self, kind: type[Exception]) -> Compiled:
        self.notes.has_left = True

        def leave(frame: Frame) -> None:
            raise kind

        return leave, ""
