"""Closures: they hold the addresses of the variables that they use, and own nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.second_opinion.compilation import Compilation, Compiled, bound_name
from tests.second_opinion.drops import Frame, Refused
from tests.second_opinion.values import Cell
from tml_ast import nodes


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """The value of a closure."""

    call: Callable[[Sequence[Any]], Any]


class Closures(Compilation):
    """Compiles closures and calls of them."""

    def _Closure(self, node: nodes.Closure) -> Compiled:
        """Its body is compiled where it stands; the compiler keeps no notes of its own for it."""
        saved = dict(self.locals)
        types = [self.declaration.type_of(parameter.child(nodes.TypeNode)) for parameter in node.parameters]
        slots = [
            self.local(bound_name(parameter.children[0]), type_text).slot
            for parameter, type_text in zip(node.parameters, types, strict=True)
            if isinstance(parameter.children[0], nodes.Pattern)
        ]
        before = len(self.notes.temporaries)
        body, type_text = self.expression(node.body)
        if self.notes.has_left or len(self.notes.temporaries) > before:
            raise Refused(f"a closure that returns, or that yields what it made: {node.text}")
        self.locals = saved
        if node.return_type is not None:
            type_text = node.return_type.text

        def make(frame: Frame) -> Function:
            def call(arguments: Sequence[Any]) -> Any:
                cells = zip(slots, map(Cell, arguments), strict=True)
                inner = Frame({**frame, **dict(cells)})
                return body(inner)

            return Function(call)

        return make, f"func({', '.join(types)}) -> {type_text}"

    def call_of_closure(self, name: str, arguments: Sequence[nodes.Expression]) -> Compiled:
        """Code for the call of a variable; its arguments are lent to it."""
        local = self.locals[name]
        codes = [self.expression(argument)[0] for argument in arguments]

        def run(frame: Frame) -> Any:
            function: Function = frame[local.slot].value
            return function.call([code(frame) for code in codes])

        return run, local.type.rpartition("-> ")[2]
