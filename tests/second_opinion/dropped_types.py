"""Which types the compiler drops by itself, and what it does with a value of such a type.

It asks by name. A type without a Drop of its own is dropped field by field, if some field is a string or
is dropped itself; the fields of a generic type are known only where it is registered, one level deep, and
an enum has its payload dropped if that is a string or has a Drop of its own.
"""

from __future__ import annotations

from tests.second_opinion.program import Program
from tests.second_opinion.values import base_and_arguments, is_address


class DroppedTypes:
    """The types of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def has_drop(self, type_text: str) -> bool:
        """Whether the type, or the generic type that it is an instance of, has a Drop of its own."""
        return not is_address(type_text) and base_and_arguments(type_text)[0] in self.program.dropping

    def needs_drop(self, type_text: str) -> bool:
        """Whether something in the type is dropped; of a generic type's instance, that is not known."""
        return not base_and_arguments(type_text)[1] and self._needs_drop(type_text, frozenset())

    def _needs_drop(self, type_text: str, asked: frozenset[str]) -> bool:
        if type_text == "Str":
            return True
        base, arguments = base_and_arguments(type_text)
        if is_address(type_text) or base in asked:
            return False
        if not base:
            return any(self._needs_drop(part, asked) for part in arguments)
        if base in self.program.dropping:
            return True
        parts = [*self.program.fields.get(base, {}).values()]
        parts += [type_ for types in self.program.variants.get(base, {}).values() for type_ in types]
        return any(self._needs_drop(part, asked | {base}) for part in parts)

    def is_registered(self, type_text: str) -> bool:
        """Whether a variable of the type is dropped at its end."""
        if is_address(type_text):
            return False
        if self.has_drop(type_text) or self.needs_drop(type_text):
            return True
        return any(
            field == "Str"
            or self.has_drop(field)
            or any(
                part != "Str" and (self.has_drop(part) or self.needs_drop(part))
                for part in self.program.fields_of(field).values()
            )
            for field in self.program.fields_of(type_text).values()
        )

    def is_dropped_within(self, type_text: str) -> bool:
        """Whether the fields of a struct are dropped where it is a field itself.

        The compiler asks the imports of the test file for the type, also in functions of a library.
        """
        is_known = type_text in self.program.fields and type_text in self.program.named_in_tests
        return is_known and self.needs_drop(type_text)

    def is_dropped_when_discarded(self, type_text: str) -> bool:
        """Whether a result of the type is dropped if nobody reads it; no enum is."""
        base, _ = base_and_arguments(type_text)
        return self.has_drop(type_text) or (base in self.program.fields and self.needs_drop(type_text))
