"""Blocks, branches, and what leaves a function."""

from __future__ import annotations

from typing import Any

from tests.second_opinion.compilation import (
    Compilation,
    Compiled,
    Returned,
    identifier,
    nothing,
    sequence,
    statements,
)
from tests.second_opinion.drops import Code, Frame, Refused
from tests.second_opinion.mended import EARLY_RETURN, RETURNED_CALL
from tests.second_opinion.patterns import payload_names
from tests.second_opinion.values import base_and_arguments, is_address
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
        frees = self.frees(self.notes.take_temporaries(before))
        return sequence([], code, frees), type_text, False

    def _If(self, node: nodes.If) -> Compiled:
        if node.let_condition is not None:
            return self._if_let(node, node.let_condition)
        assert node.condition is not None
        condition, _ = self.expression(node.condition)
        first, type_text, first_left = self._branch(node.branch)
        second: Code = nothing
        second_left = False
        if node.alternative is not None:
            second, _, second_left = self._branch(node.alternative)
            if isinstance(node.alternative, nodes.If):
                second = self.located(node.alternative, second)
        self.notes.has_left = first_left and second_left
        type_text = type_text if node.alternative is not None else ""
        return (lambda frame: first(frame) if condition(frame) else second(frame)), type_text

    def _if_let(self, node: nodes.If, condition: nodes.LetCondition) -> Compiled:
        """What is bound is never dropped, and strings of the branches live until the statement's end."""
        if node.alternative is None:
            raise Refused("an if let without an else")
        subject, subject_type = self.expression(condition.value)
        matches = self.matched(condition.pattern, subject_type)
        self._refuse_payload(condition.pattern)
        codes = []
        for branch in (node.branch, node.alternative):
            self.notes.has_left = False
            codes.append(self.expression(branch)[0])
        self.notes.has_left = False
        first, second = codes
        return (lambda frame: first(frame) if matches(frame, subject(frame)) else second(frame)), ""

    def _refuse_payload(self, pattern: nodes.Pattern) -> None:
        """An if let reads every payload as a number."""
        for name in payload_names(pattern):
            payload_type = self.locals[name].type
            if payload_type not in ("I64", "I32"):
                raise Refused(f"an if let that binds {payload_type}")

    def _Ternary(self, node: nodes.Ternary) -> Compiled:
        """Strings of its branches live until the statement's end, also where they were not made."""
        condition, _ = self.expression(node.condition)
        first, second = node.branches
        first_code, type_text = self.expression(first)
        second_code, _ = self.expression(second)
        return (lambda frame: (first_code if condition(frame) else second_code)(frame)), type_text

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

    def _Return(self, node: nodes.Return) -> Compiled:
        code: Code = nothing
        type_text = ""
        moved = 0
        if node.value is not None:
            code, type_text = self.expression(node.value)
            if EARLY_RETURN in self.program.mended and (name := identifier(node.value)) in self.locals:
                moved = self.locals[name or ""].slot
            else:
                self.give_away(node.value)
            if isinstance(node.value, nodes.Call) and RETURNED_CALL not in self.program.mended:
                for argument in node.value.arguments:
                    self.give_away(argument)
            if is_address(type_text):
                self.notes.take_last_temporary()
        ending = [*self.frees(self.notes.flush_temporaries()), *self.notes.all_drops(moved=moved)]
        self.notes.has_left = True

        def leave(frame: Frame) -> None:
            value = code(frame)
            for temporary in ending:
                temporary(frame)
            raise Returned(value)

        return leave, ""
