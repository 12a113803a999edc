"""The declarations of a few files, by the bare names under which the compiler looks them up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from tests.second_opinion.values import base_and_arguments, substituted
from tml_ast import nodes, parse

RESERVED = frozenset(
    {
        *("to_string", "debug_string", "duplicate", "to_uppercase", "to_lowercase"),
        *("substring", "trim", "trim_start", "trim_end", "repeat", "replace", "slice", "join"),
        *("pad_left", "pad_right", "concat", "concat_all"),
    }
)
"""Names whose strings the standard library declares as allocated."""

RELEASES = frozenset({"destroy", "free", "drop", "close", "shut_down", "dispose", "session_close"})
"""Names of the functions that release what they are given."""

CONTAINERS = {"List": ["T"], "HashMap": ["K", "V"], "HashMapIter": ["K", "V"]}
"""Types of the standard library with a Drop, and their parameters; each holds nothing but a handle."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A function: its file, its tree, and the type it belongs to."""

    path: str
    node: nodes.Function
    owner: str | None
    source: bytes
    receiver: str = ""
    """The type it belongs to, with its arguments."""
    instance: tuple[tuple[str, str], ...] = ()
    """Of a generic function: which types its parameters stand for."""

    @property
    def name(self) -> str:
        """Its name, with that of its type before it."""
        return f"{self.owner}.{self.node.name}" if self.owner else self.node.name

    @property
    def in_library(self) -> bool:
        """Whether the compiler compiles it as a part of a library."""
        return not self.path.endswith(".test.tml")

    @property
    def is_generic(self) -> bool:
        """Whether it has type parameters, which no instance has any more."""
        return bool(self.node.generic_parameters or base_and_arguments(self.receiver)[1])

    @property
    def is_visible(self) -> bool:
        """Whether callers see its signature."""
        return not self.in_library or self.is_generic or self.node.child(nodes.Visibility) is not None

    @property
    def returns(self) -> str:
        """The type of its result; empty for none."""
        return self.type_of(self.node.return_type)

    def type_of(self, node: nodes.TypeNode | None) -> str:
        """A type that is written in it; empty for none."""
        return self.type_of_text(node.text) if node else ""

    def type_of_text(self, text: str) -> str:
        """A type that is written in it."""
        return substituted(text, dict(self.instance))

    @property
    def receiver_type(self) -> str:
        """The type of its receiver."""
        return self.type_of_text(self.receiver)

    def instantiated(self, bindings: Mapping[str, str]) -> Declaration:
        """The instance for these types."""
        return replace(self, instance=tuple(sorted(bindings.items())))

    def line(self, offset: int) -> int:
        """The 1-based line of a byte offset."""
        return self.source.count(b"\n", 0, offset) + 1


def _named(item: nodes.Node) -> list[str]:
    """The names that an item declares or imports."""
    if isinstance(item, nodes.Use):
        return item.group or item.path[-1:]
    return [item.name] if isinstance(item, nodes.TypeDeclaration) else []


_parsed = lru_cache(maxsize=64)(parse)
"""The tree of a source: the support modules are the same in all programs."""


class Program:
    """All declarations of some files (path to content), for a compiler that has mended some defects."""

    def __init__(self, files: Mapping[str, bytes], mended: Collection[str] = ()) -> None:
        self.mended = frozenset(mended)
        self.functions: dict[str, Declaration] = {}
        self.methods: dict[tuple[str, str], Declaration] = {}
        self.fields: dict[str, dict[str, str]] = {name: {"handle": "*Unit"} for name in CONTAINERS}
        self.variants: dict[str, dict[str, list[str]]] = {}
        self.type_parameters: dict[str, list[str]] = dict(CONTAINERS)
        self.dropping: set[str] = set(CONTAINERS)
        self.reserved = set(RESERVED)
        self.named_in_tests: set[str] = set()
        """The types that a test file declares or imports."""
        for path, source in files.items():
            for item in _parsed(source).nodes():
                if path.endswith(".test.tml"):
                    self.named_in_tests.update(_named(item))
                self._declare(path, source, item)

    def _declare(self, path: str, source: bytes, item: nodes.Node) -> None:
        if isinstance(item, nodes.TypeDeclaration):
            self.type_parameters[item.name] = [parameter.name for parameter in item.generic_parameters]
        if isinstance(item, nodes.Struct):
            self.fields[item.name] = {field.name: field.annotation.text for field in item.fields}
        elif isinstance(item, nodes.Enum):
            self.variants[item.name] = {
                variant.name: [type_.text for type_ in variant.payload] for variant in item.variants
            }
        elif isinstance(item, nodes.Function):
            self.functions[item.name] = Declaration(path, item, None, source)
            self._reserve(item)
        elif isinstance(item, nodes.Impl):
            owner = base_and_arguments(item.name)[0]
            if item.behavior is not None and item.behavior.text == "Drop":
                self.dropping.add(owner)
            for function in item.functions:
                self.methods[owner, function.name] = Declaration(path, function, owner, source, item.name)
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

    def fields_of(self, type_text: str) -> dict[str, str]:
        """The types of a struct's fields by their names; empty for other types."""
        base, arguments = base_and_arguments(type_text)
        bindings = dict(zip(self.type_parameters.get(base, []), arguments, strict=False))
        return {name: substituted(type_, bindings) for name, type_ in self.fields.get(base, {}).items()}
