"""Compiles functions in one walk over their text, placing drops where TML's compiler places them.

What it follows was read from that compiler and tried under it: drops at the end of blocks and at
returns, names that count as given away, temporaries, interpolation, payloads of `when`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.second_opinion import natives
from tests.second_opinion.branches import Branches
from tests.second_opinion.calls import Calls
from tests.second_opinion.closures import Closures
from tests.second_opinion.compilation import (
    Returned,
    nothing,
    sequence,
    statements,
)
from tests.second_opinion.drops import Code, Frame
from tests.second_opinion.expressions import Expressions
from tests.second_opinion.loops import Loops
from tests.second_opinion.mended import VOID_END
from tests.second_opinion.patterns import Patterns
from tests.second_opinion.statements import Statements
from tests.second_opinion.values import Cell, is_address
from tml_ast import nodes


class FunctionCompiler(Statements, Expressions, Calls, Closures, Branches, Patterns, Loops):
    """Compiles one function."""

    def compile(self) -> Callable[[Sequence[Any]], Any]:
        """The function as a callable that takes its arguments; a reference is a cell."""
        node = self.declaration.node
        if node.body is None:
            return natives.extern(self.heap, self.declaration)
        parameters = []
        for parameter in node.parameters:
            type_text = self.declaration.type_of(parameter.annotation)
            if parameter.is_receiver:
                type_text = self.declaration.receiver_type
            by_value = not parameter.is_receiver and "ref " not in type_text
            is_argument = by_value and self.declaration.owner is None
            parameters.append((self.local(parameter.name or "_", type_text, is_argument), by_value))
        body = self._function_body(node.body)
        slots = [(local.slot, by_value) for local, by_value in parameters]
        is_void = self.is_void

        def run(arguments: Sequence[Any]) -> Any:
            frame = Frame(
                (slot, Cell(value) if by_value else value)
                for (slot, by_value), value in zip(slots, arguments, strict=True)
            )
            try:
                value = body(frame)
            except Returned as returned:
                value = returned.value
            return None if is_void else value

        return run

    def _function_body(self, block: nodes.Block) -> Code:
        self.notes.scopes.append([])
        is_void = self.is_void
        codes = [self.statement(statement) for statement in statements(block)]
        result: Code = nothing
        ending: list[Code] = []
        if block.value is not None and not self.notes.has_left:
            result, type_text = self.last_expression(block.value)
            if not is_void and not self.notes.has_left:
                self.give_away(block.value)
                if is_address(type_text):
                    self.notes.take_last_temporary()
                ending = [*self.frees(self.notes.flush_temporaries()), *self.notes.all_drops()]
        drops_at_end = self.declaration.owner is not None or VOID_END in self.program.mended
        if not self.notes.has_left and is_void and drops_at_end:
            ending = self.notes.all_drops()
        return sequence(codes, result, ending)
