"""The declarations of a few files, by the bare names under which the compiler looks them up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tml_ast import nodes, parse

RESERVED = frozenset(
    {
        *("to_string", "debug_string", "duplicate", "to_uppercase", "to_lowercase"),
        *("substring", "trim", "trim_start", "trim_end", "repeat", "replace", "slice", "join"),
        *("pad_left", "pad_right", "concat", "concat_all"),
    }
)
"""Names whose strings the standard library declares as allocated."""

RELEASES = frozenset({"destroy", "free", "drop"})
"""Names of the methods that release their receiver."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A function: its file, its tree, and the type it belongs to."""

    path: str
    node: nodes.Function
    owner: str | None
    source: bytes

    @property
    def name(self) -> str:
        """Its name, with that of its type before it."""
        return f"{self.owner}.{self.node.name}" if self.owner else self.node.name

    @property
    def in_library(self) -> bool:
        """Whether the compiler compiles it as a part of a library."""
        return not self.path.endswith(".test.tml")

    @property
    def is_visible(self) -> bool:
        """Whether callers see its signature."""
        return not self.in_library or self.node.child(nodes.Visibility) is not None

    @property
    def returns(self) -> str:
        """The type of its result, as it is written; empty for none."""
        return self.node.return_type.text if self.node.return_type else ""

    def line(self, offset: int) -> int:
        """The 1-based line of a byte offset."""
        return self.source.count(b"\n", 0, offset) + 1


class Program:
    """All declarations of some files (path to content)."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.functions: dict[str, Declaration] = {}
        self.methods: dict[tuple[str, str], Declaration] = {}
        self.fields: dict[str, dict[str, str]] = {}
        self.dropping: set[str] = set()
        self.reserved = set(RESERVED)
        for path, source in files.items():
            for item in parse(source).nodes():
                self._declare(path, source, item)

    def _declare(self, path: str, source: bytes, item: nodes.Node) -> None:
        if isinstance(item, nodes.Struct):
            self.fields[item.name] = {field.name: field.annotation.text for field in item.fields}
        elif isinstance(item, nodes.Function):
            self.functions[item.name] = Declaration(path, item, None, source)
            self._reserve(item)
        elif isinstance(item, nodes.Impl):
            if item.behavior is not None and item.behavior.text == "Drop":
                self.dropping.add(item.name)
            for function in item.functions:
                self.methods[item.name, function.name] = Declaration(path, function, item.name, source)
                self._reserve(function)

    def _reserve(self, function: nodes.Function) -> None:
        if (
            any(decorator.name == "allocates" for decorator in function.all(nodes.Decorator))
            and function.body
        ):
            self.reserved.add(function.name)

    def declarations(self) -> Iterator[Declaration]:
        """Every function and method."""
        yield from self.functions.values()
        yield from self.methods.values()

    def observable(self) -> frozenset[str]:
        """The names of all functions whose calls are behaviour, which releases are not."""
        return frozenset(
            declaration.name for declaration in self.declarations() if declaration.node.name not in RELEASES
        )

    def is_dropped(self, type_name: str) -> bool:
        """Whether the compiler drops variables of this type by itself."""
        if type_name == "List" or type_name in self.dropping:
            return True
        return any(self._field_is_dropped(type_) for type_ in self.fields.get(type_name, {}).values())

    def _field_is_dropped(self, type_text: str) -> bool:
        return type_text == "Str" or self.is_dropped(type_text.partition("[")[0])
