"""Statements: bindings, and expressions that nobody reads."""

from __future__ import annotations

from tests.second_opinion.compilation import (
    Compilation,
    Local,
    Unsupported,
    bound_name,
    nothing,
    sequence,
    store,
    values_of,
)
from tests.second_opinion.drops import Code, Frame, Refused
from tests.second_opinion.mended import BRANCH_VALUES, LATE_TEXT
from tests.second_opinion.patterns import payload_names
from tests.second_opinion.values import Cell, base_and_arguments
from tml_ast import nodes


class Statements(Compilation):
    """Compiles statements."""

    def statement(self, node: nodes.Node) -> Code:
        if self.notes.has_left:
            return nothing
        after: list[Code] = []
        if isinstance(node, nodes.Let | nodes.Var):
            code = self._binding(node)
        elif isinstance(node, nodes.Const):
            code = self._constant(node)
        elif isinstance(node, nodes.ExpressionStatement):
            code, after = self._expression_statement(node.expression)
        else:
            raise Unsupported(f"a statement {type(node).__name__}: {node.text}")
        after += self.frees(self.notes.flush_temporaries())
        return self.located(node, sequence([code], nothing, after))

    def _expression_statement(self, node: nodes.Expression) -> tuple[Code, list[Code]]:
        code, type_text = self.expression(node)
        is_call = isinstance(node, nodes.Call | nodes.StaticCall | nodes.MethodCall)
        if is_call and self.machine.types.is_dropped_when_discarded(type_text):
            return (lambda frame: self.machine.drop(type_text, Cell(code(frame)))), []
        return code, []

    def _binding(self, node: nodes.Let | nodes.Var) -> Code:
        if node.value is None:
            raise Unsupported(node.text)
        chosen = values_of(node.value) if BRANCH_VALUES in self.program.mended else []
        is_owner = bool(chosen) and all(map(self.makes_text, chosen))
        self.owned |= {id(value) for value in chosen if is_owner}
        code, type_text = self.expression(node.value)
        if node.annotation is not None:
            type_text = self.declaration.type_of(node.annotation)
        if isinstance(node, nodes.Let) and node.else_block is not None:
            return self._binding_or_else(node.pattern, node.else_block, code, type_text)
        if isinstance(node, nodes.Let) and isinstance(node.pattern, nodes.TuplePattern):
            return self._tuple_binding(node.pattern, code, type_text)
        name = node.name if isinstance(node, nodes.Var) else bound_name(node.pattern)
        local = self.local(name, type_text)
        if type_text == "Str":
            if is_owner:
                self.notes.register(name, self.drop_of(local), local.slot)
            elif self.makes_text(node.value):
                self.notes.register(name, self.drop_of(local), local.slot)
                self.notes.take_last_temporary()
            elif LATE_TEXT in self.program.mended and isinstance(node, nodes.Var):
                return self._watched(name, local, code)
        elif self.is_dropped(type_text):
            self.notes.register(name, self.drop_of(local), local.slot)
        return store(local.slot, code)

    def _watched(self, name: str, local: Local, code: Code) -> Code:
        """A string variable whose assignments note whether it owns what it holds."""
        self.slots += 1
        flag = self.flags[local.slot] = self.slots
        self.notes.register(name, self.drop_of(local), local.slot)
        bind = store(local.slot, code)

        def bind_unowned(frame: Frame) -> None:
            bind(frame)
            frame[flag] = False

        return bind_unowned

    def _constant(self, node: nodes.Const) -> Code:
        """A constant of a function is a variable."""
        assert node.value is not None
        code, _ = self.expression(node.value)
        return store(self.local(node.name, self.declaration.type_of(node.annotation)).slot, code)

    def _binding_or_else(
        self, pattern: nodes.Pattern, else_block: nodes.Block, code: Code, type_text: str
    ) -> Code:
        """What is bound is never dropped."""
        matches = self.matched(pattern, type_text)
        if "Str" in (self.locals[name].type for name in payload_names(pattern)):
            raise Refused("a let else that binds a string")
        otherwise, _ = self.expression(else_block)
        self.notes.has_left = False

        def bind(frame: Frame) -> None:
            if not matches(frame, code(frame)):
                otherwise(frame)

        return bind

    def _tuple_binding(self, pattern: nodes.TuplePattern, code: Code, type_text: str) -> Code:
        _, parts = base_and_arguments(type_text)
        slots = [
            self.local(bound_name(element), part).slot
            for element, part in zip(pattern.elements, parts, strict=True)
        ]

        def bind(frame: Frame) -> None:
            for slot, value in zip(slots, code(frame), strict=True):
                frame[slot] = Cell(value)

        return bind
