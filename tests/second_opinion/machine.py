"""Executes the functions of a program on a heap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.second_opinion import natives
from tests.second_opinion.compiler import FunctionCompiler
from tests.second_opinion.dropped_types import DroppedTypes
from tests.second_opinion.heap import Heap, Place
from tests.second_opinion.mended import OWN_DROP
from tests.second_opinion.program import Declaration, Program
from tests.second_opinion.values import Cell, Variant, base_and_arguments, bind_parameters


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
        self.types = DroppedTypes(program)
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
        self._compiled: dict[tuple[Any, ...], Callable[[Sequence[Any]], Any]] = {}

    def start(self, choose: Callable[[int], int]) -> None:
        """Empty the heap and the trace for another run."""
        self.heap.clear()
        self.trace.clear()
        self.steps = 0
        self.choose = choose

    def method(self, type_text: str, name: str) -> Declaration:
        """The method of a type, for the type's arguments."""
        base, _ = base_and_arguments(type_text)
        declaration = self.program.methods[base, name]
        bindings: dict[str, str] = {}
        names = base_and_arguments(declaration.receiver)[1]
        bind_parameters(declaration.receiver, type_text, names, bindings)
        return declaration.instantiated(bindings)

    def call(self, declaration: Declaration, arguments: Sequence[Any]) -> Any:
        """Run a function."""
        name = declaration.name
        key = (name, declaration.instance)
        if key not in self._compiled:
            self._compiled[key] = FunctionCompiler(self, declaration).compile()
        self.heap.places.append(Place(declaration.path, name, declaration.line(declaration.node.start)))
        result = self._compiled[key](arguments)
        self.heap.places.pop()
        return result

    def drop(self, type_text: str, cell: Cell) -> None:
        """What the compiler does with a variable of this type at its end."""
        base, _ = base_and_arguments(type_text)
        if type_text == "Str":
            self.heap.drop(cell.value)
        elif base in natives.DROPS:
            natives.DROPS[base](self.heap, cell)
        elif base in self.program.dropping:
            self.call(self.method(type_text, "drop"), [cell])
            if OWN_DROP in self.program.mended:
                self._drop_fields(type_text, cell)
        elif base in self.program.variants:
            self._drop_payload(self.program.variants[base].get(cell.value.name, []), cell.value)
        else:
            self._drop_fields(type_text, cell)

    def _drop_payload(self, types: Sequence[str], value: Variant) -> None:
        for type_text, part in zip(types, value.payload, strict=True):
            if type_text == "Str" or self.types.has_drop(type_text):
                self.drop(type_text, Cell(part))

    def _drop_fields(self, type_text: str, cell: Cell) -> None:
        for name, field_type in reversed(self.program.fields_of(type_text).items()):
            field = cell.value.fields[name]
            if field_type == "Str" or self.types.has_drop(field_type):
                self.drop(field_type, field)
            elif self.types.is_dropped_within(field_type):
                self._drop_fields(field_type, field)
