"""Executes the functions of a program on a heap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.second_opinion import natives
from tests.second_opinion.compiler import FunctionCompiler
from tests.second_opinion.heap import Heap, Place
from tests.second_opinion.program import Declaration, Program
from tests.second_opinion.values import Cell, base_and_arguments


class Machine:
    """A program on a heap; functions are compiled when first called."""

    def __init__(
        self,
        program: Program,
        observed: frozenset[str],
        given_away_in_methods: frozenset[str] = frozenset(),
        *,
        evaluates_guards: bool = False,
    ) -> None:
        self.program = program
        self.observed = observed
        """Names of the functions whose calls are traced."""
        self.given_away_in_methods = given_away_in_methods
        self.evaluates_guards = evaluates_guards
        """Whether the guards of arms decide; TML's compiler checks them and then forgets them."""
        self.heap = Heap()
        self.trace: list[tuple[Any, ...]] = []
        self.choose: Callable[[int], int] = lambda _count: 0
        """Answers a question that has so many answers."""
        self.steps = 0
        self._compiled: dict[str, Callable[[Sequence[Any]], Any]] = {}

    def start(self, choose: Callable[[int], int]) -> None:
        """Empty the heap and the trace for another run."""
        self.heap.clear()
        self.trace.clear()
        self.steps = 0
        self.choose = choose

    def call(self, declaration: Declaration, arguments: Sequence[Any]) -> Any:
        """Run a function."""
        name = declaration.name
        if name not in self._compiled:
            self._compiled[name] = FunctionCompiler(self, declaration).compile()
        self.heap.places.append(Place(declaration.path, name, declaration.line(declaration.node.start)))
        result = self._compiled[name](arguments)
        self.heap.places.pop()
        return result

    def drop(self, type_text: str, cell: Cell) -> None:
        """What the compiler does with a variable of this type at its end."""
        base, _ = base_and_arguments(type_text)
        if type_text == "Str":
            self.heap.drop(cell.value)
        elif base == "List":
            natives.destroy_list(self.heap, cell)
        elif base in self.program.dropping:
            self.call(self.program.methods[base, "drop"], [cell])
        else:
            for name, field_type in reversed(self.program.fields.get(base, {}).items()):
                self.drop(field_type, cell.value.fields[name])
