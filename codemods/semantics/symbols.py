"""What the files of a workspace declare: types, fields, functions, methods, Drop, visibility, imports.

Types are compared by their qualified name (``std::http::response::Response``); the built-in ones
and those that nothing declares keep their bare name. The module path of a file follows from where
it lies: ``lib/std/src/http/client.tml`` is ``std::http::client``, ``mod.tml`` stands for its folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from codemods.semantics.identifiers import identifiers_in
from codemods.semantics.module_paths import is_test_path, module_path
from codemods.semantics.release_methods import (
    OTHER_RELEASE_NAMES,
    RELEASE_NAMES,
    frees_first,
    may_free,
    other_release,
)
from tml_ast import TmlSyntaxError, nodes, parse, position
from tml_ast.lexer import syntax_error
from tml_ast.nodes import TypeNode
from tml_ast.parser import parse_variant
from tml_ast.preprocessor import Assignment, Variant, directives_of

T = TypeVar("T")

BUILTIN_VARIANTS: Mapping[str, tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]] = {
    "Maybe": (("T",), {"Just": ("T",), "Nothing": ()}),
    "Outcome": (("T", "E"), {"Ok": ("T",), "Err": ("E",)}),
}
"""The enums that the compiler itself declares: generic parameters, and the payload of each variant."""

SCALARS = frozenset(
    "I8 I16 I32 I64 I128 U8 U16 U32 U64 U128 F32 F64 Bool Char Unit Never Isize Usize".split()
)


DEEPEST_TYPE = 6
"""How deep the arguments of a field may nest; those of ``type T[A] { next: T[List[A]] }`` never end."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type as the analysis sees it: a name and arguments.

    ``name`` is a qualified or built-in name, or one of ``ref``, ``*``, ``()``, ``[]`` and ``func`` for
    references, pointers, tuples, arrays and functions. A generic parameter keeps its bare name.
    """

    name: str
    arguments: tuple[Type, ...] = ()

    @property
    def bare(self) -> str:
        """The last segment of the name."""
        return self.name.rpartition("::")[2]

    @property
    def is_str(self) -> bool:
        """Whether it is the string type ``Str``."""
        return self.name == "Str"

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.arguments))
        match self.name:
            case "ref":
                return f"ref {inside}"
            case "*":
                return f"*{inside}"
            case "()":
                return f"({inside})"
            case _:
                return f"{self.bare}[{inside}]" if self.arguments else self.bare

    def substitute(self, bindings: Mapping[str, Type]) -> Type:
        """This type with generic parameters replaced."""
        if not bindings:
            return self
        if not self.arguments:
            return bindings.get(self.name, self)
        return Type(self.name, tuple(argument.substitute(bindings) for argument in self.arguments))

    def shallow(self, levels: int = DEEPEST_TYPE) -> Type:
        """This type with at most so many levels of arguments; what lies below is unknown."""
        if not self.arguments:
            return self
        if not levels:
            return Type("_")
        return Type(self.name, tuple(argument.shallow(levels - 1) for argument in self.arguments))

    def target(self) -> Type:
        """What a reference refers to; the type itself otherwise."""
        return self.arguments[0].target() if self.name == "ref" and self.arguments else self


def refers_to_str(type_: Type | None) -> bool:
    """Whether values of a type are strings or references to strings; those of an unknown type are not."""
    return type_ is not None and type_.target().is_str


STR = Type("Str")
BOOL = Type("Bool")
UNIT = Type("Unit")


NO_SYMBOLS: Assignment = MappingProxyType({})
DEEPEST_TREE = 5000
"""The levels of a tree that the analysis follows; it recurses once for each."""


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A file of the workspace; one that was never parsed is parsed when its tree is asked for."""

    path: str
    source: bytes = field(repr=False)
    module: tuple[str, ...]
    symbols: Assignment = field(default_factory=lambda: NO_SYMBOLS, repr=False)
    """Those that it is looked at with, where it has several variants."""

    @classmethod
    def read(cls, path: str, source: bytes, symbols: Assignment = NO_SYMBOLS) -> SourceFile:
        """Parse a file, as it is where these symbols are defined, and no others.

        Raises TmlSyntaxError also where its tree is too deep to analyse.
        """
        file = cls(path, source, module_path(path), symbols)
        too_deep = file.tree.node_below(DEEPEST_TREE)
        if too_deep is None:
            return file
        line, column = position(source, too_deep.start)
        raise TmlSyntaxError("nested too deeply to analyse", line, column, too_deep.start)

    @cached_property
    def variant(self) -> Variant | None:
        """The variant that the tree is of; None for a file that has only one."""
        directives = directives_of(self.source)
        return directives.variant_for(self.symbols) if directives is not None else None

    @cached_property
    def tree(self) -> nodes.Module:
        """The tree. Raises TmlSyntaxError."""
        variant = self.variant
        if variant is None:
            return parse(self.source)
        if variant.fault is not None:
            raise syntax_error(self.source, *variant.fault)
        return parse_variant(self.source, variant)

    @cached_property
    def declarations(self) -> Mapping[int, nodes.Item]:
        """The types and functions in it by their start."""
        items = [*_items(self.tree.items)]
        inner = [
            function
            for item in items
            if isinstance(item, nodes.Impl | nodes.Class)
            for function in item.functions
        ]
        return {item.start: item for item in (*items, *inner)}

    def with_source(self, source: bytes) -> SourceFile:
        """The same variant of the file with another content. Raises TmlSyntaxError."""
        return SourceFile.read(self.path, source, self.symbols)

    @cached_property
    def is_test(self) -> bool:
        """Whether the compiler treats it as a test."""
        return is_test_path(self.path)

    @cached_property
    def identifiers(self) -> frozenset[bytes]:
        """What looks like an identifier in it, in code and in comments."""
        return identifiers_in(self.source)


@dataclass(eq=False)
class TypeInfo:
    """A declared struct, enum or class."""

    name: str
    file: SourceFile
    start: int
    """Where its declaration starts in the file."""
    generics: tuple[str, ...]
    fields: dict[str, Type] = field(default_factory=dict)
    variants: dict[str, tuple[Type, ...]] = field(default_factory=dict)
    alias: Type | None = None

    @cached_property
    def node(self) -> nodes.Item:
        """Its declaration."""
        return self.file.declarations[self.start]

    @property
    def shape(self) -> tuple[object, ...]:
        """Everything about it that other declarations depend on."""
        parts = (tuple(self.fields.items()), tuple(self.variants.items()), self.alias)
        return (self.name, self.file.path, type(self.node), self.generics, *parts)


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """A parameter: its name (None for a destructuring pattern) and type (None for a bare receiver)."""

    name: str | None
    type: Type | None
    is_receiver: bool
    is_mutable: bool


@dataclass(eq=False, repr=False)
class FunctionInfo:
    """A declared function or method."""

    name: str
    file: SourceFile
    start: int
    """Where its declaration starts in the file."""
    decorators: tuple[str, ...]
    owner: Type | None
    generics: tuple[str, ...]
    parameters: tuple[ParameterInfo, ...]
    returns: Type
    behavior: str | None = None
    is_in_generic_impl: bool = False

    @cached_property
    def node(self) -> nodes.Function:
        """Its declaration."""
        found = self.file.declarations[self.start]
        assert isinstance(found, nodes.Function)
        return found

    def __repr__(self) -> str:
        return f"FunctionInfo({self.qualified_name})"

    @property
    def qualified_name(self) -> str:
        """``Type.name`` for a method, the name for a function: for messages."""
        return f"{self.owner.bare}.{self.name}" if self.owner else self.name

    @property
    def signature(self) -> tuple[object, ...]:
        """Everything about it that callers depend on, apart from decorators and visibility."""
        return (self.name, self.owner, self.generics, self.parameters, self.returns, self.behavior)

    @property
    def has_receiver(self) -> bool:
        """Whether it is called on a value."""
        return bool(self.parameters) and self.parameters[0].is_receiver

    @property
    def values(self) -> tuple[ParameterInfo, ...]:
        """The parameters without the receiver."""
        return self.parameters[1:] if self.has_receiver else self.parameters

    @cached_property
    def is_extern(self) -> bool:
        """Whether another language implements it."""
        return "extern" in self.decorators

    @cached_property
    def allocates(self) -> bool:
        """Whether ``@allocates`` takes effect: it is ignored on externs and generic functions."""
        return "allocates" in self.decorators and not self.is_extern and not self.generics

    @property
    def is_public(self) -> bool:
        """Whether it is ``pub``."""
        return self.node.is_public

    @property
    def is_test(self) -> bool:
        """Whether the test runner calls it."""
        return "test" in self.decorators

    @property
    def has_shape_of_release(self) -> bool:
        """Whether it may be a release by its name: the drop of ``Drop`` is the compiler's to call."""
        return self.has_receiver and not self.values and self.behavior != "Drop" and self.returns_nothing

    @property
    def may_be_release(self) -> bool:
        """Whether it may be called for what it does: nothing is lost with its result."""
        is_lost = self.returns_nothing or self.returns.name in SCALARS - {"I64", "U64", "Usize", "Never"}
        return self.has_receiver and not self.values and self.behavior != "Drop" and is_lost

    def statement_on(self, value: str) -> str:
        """The statement that calls it on a value; it has no value itself, as the arms of a ``when`` agree."""
        call = f"{value}.{self.name}()"
        return call if self.returns_nothing else f"let _ = {call}"

    @property
    def returns_nothing(self) -> bool:
        """Whether it is declared without a value."""
        return self.returns == UNIT


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything that one file declares."""

    imports: dict[str, tuple[str, ...]]
    """The full path of each imported local name."""
    globs: list[tuple[str, ...]]
    """The paths that are imported as a whole."""
    types: Sequence[TypeInfo]
    functions: Sequence[FunctionInfo]


class Index:
    """Everything that the files of a workspace declare.

    ``owning_types`` maps types, by their bare or qualified name, to the methods that release them. Functions
    of files that are in a ``previous`` index too are taken from there if both have the same types.
    With a ``library``, the files stand beside those of the library: they see what it declares, and do not
    change its meaning. ``declared`` are functions of files that are known to mean the same here as where they
    were found; ``known`` is all that files declare, as another index of the same files has found it.
    """

    def __init__(
        self,
        files: Iterable[SourceFile],
        owning_types: Mapping[str, str] | None = None,
        previous: Index | None = None,
        library: Index | None = None,
        declared: Mapping[SourceFile, Sequence[FunctionInfo]] | None = None,
        known: Mapping[SourceFile, Declarations] | None = None,
    ) -> None:
        self.base = library
        self.owning_types = owning_types or {}
        self._other_releases: dict[str, str | None] = {}
        own_files = list(files)
        self.files = {file.path: file for file in own_files}
        self.types: dict[str, TypeInfo] = {}
        self.own_functions: list[FunctionInfo] = []
        self.own_types: set[str] = set()
        """The types that its own files declare or add methods to."""
        self.methods: dict[str, dict[str, list[FunctionInfo]]] = {}
        self.free_functions: dict[str, list[FunctionInfo]] = {}
        """The free functions of its own files, by their name."""
        self.drops: set[str] = set()
        self._types_by_bare_name: dict[str, list[TypeInfo]] = {}
        self._imports: dict[str, dict[str, tuple[str, ...]]] = {}
        self._globs: dict[str, list[tuple[str, ...]]] = {}
        self._reachable: dict[SourceFile, frozenset[SourceFile]] = {}
        self._is_sharing = library is not None
        """Whether the tables of types are the library's own, not copies."""
        self._copied: set[str] = set()
        """The types whose table of methods is a copy of the library's."""
        if library is not None:
            self.owning_types = library.owning_types
            self.files = {**library.files, **self.files}
            self.types = library.types
            self.methods = library.methods
            self.drops = library.drops
            self._types_by_bare_name = library._types_by_bare_name
        self._own_type_infos: list[TypeInfo] = []
        new: list[TypeInfo] = []
        for file in own_files:
            if known is not None and file in known:
                self._imports[file.path], self._globs[file.path] = known[file].imports, known[file].globs
                for info in known[file].types:
                    self._add_type(info)
                continue
            self._imports[file.path], self._globs[file.path] = _imported(file)
            for item in _items(file.tree.items):
                if isinstance(item, nodes.TypeDeclaration | nodes.Class):
                    new.append(self._declare_type(file, item))
                    self._add_type(new[-1])
        for info in new:
            if self.types[info.name] is info:
                self._resolve_members(info)
        self.continues = previous if previous is not None and self._has_same_types(previous) else None
        """The previous index, if functions that are in both mean the same in both."""
        for file in own_files:
            same = declared.get(file) if declared is not None else None
            if known is not None and file in known:
                same = known[file].functions
            if self.continues is not None and self.continues.files.get(file.path) is file:
                same = self.continues.functions_in(file)
            if same is not None:
                for function in same:
                    self._add(function)
                continue
            for item in _items(file.tree.items):
                self._declare_functions(file, item)

    def forget_previous(self) -> None:
        """Let go of the previous index, once nothing more is taken from it."""
        self.continues = None

    def is_own(self, function: FunctionInfo) -> bool:
        """Whether a function is declared beside the library, not in it."""
        return self.base is None or function.file.path not in self.base.files

    @cached_property
    def functions(self) -> list[FunctionInfo]:
        """All functions, those of the library first."""
        return [*self.base.functions, *self.own_functions] if self.base else self.own_functions

    # -- releases -----------------------------------------------------------------------------

    def declared_release(self, type_: Type) -> str | None:
        """The name that the project's settings give to the release of a type."""
        return self.owning_types.get(type_.name) or self.owning_types.get(type_.bare)

    def release_names(self, type_: Type) -> tuple[str, ...]:
        """The names that the release of a type may have, the likeliest first."""
        declared = self.declared_release(type_)
        if declared is not None:
            return (declared, *RELEASE_NAMES)
        other = self.other_release(type_)
        return RELEASE_NAMES if other is None else (other,)

    def other_release(self, type_: Type) -> str | None:
        """The method that is the release of a type although its name or its result does not say so."""
        name = type_.target().name
        if self.base is not None and name not in self.own_types:
            return self.base.other_release(type_)
        if name not in self._other_releases:
            self._other_releases[name] = None  # A type may hold itself.
            self._other_releases[name] = self._find_other_release(type_.target())
        return self._other_releases[name]

    def _find_other_release(self, type_: Type) -> str | None:
        named = self.methods.get(type_.name, {})
        if type_.name in self.drops or any(
            method.has_shape_of_release for name in RELEASE_NAMES for method in named.get(name, ())
        ):
            return None
        methods = {name: found[0] for name, found in named.items() if found[0].has_receiver}
        fields = self.fields(type_)
        if not fields or not any(may_free(method.node) for method in methods.values()):
            return None
        return other_release(
            {name: method.node for name, method in methods.items()},
            [name for name, method in methods.items() if method.may_be_release],
            [name for name, field_type in fields.items() if self._has_release(field_type)],
            lambda name, called: called in self._releases_of(fields.get(name)),
            lambda called: any(
                frees_first(function.node, [parameter.name or "" for parameter in function.parameters])
                for function in self.free_functions.get(called, ())
            ),
        )

    def _has_release(self, type_: Type) -> bool:
        """Whether values of a field's type have a release."""
        methods = self.methods.get(type_.name, {})
        return any(name in methods for name in self._releases_of(type_))

    def _releases_of(self, type_: Type | None) -> tuple[str, ...]:
        return self.release_names(type_) if type_ is not None else ()

    def has_release_name(self, function: FunctionInfo) -> bool:
        """Whether a function has a name that the release of its type may have."""
        if function.owner is None:
            return function.name in RELEASE_NAMES
        return function.name in self.release_names(function.owner)

    def is_named_as_release(self, function: FunctionInfo) -> bool:
        """Whether the name of a release says that nothing of its receiver is used afterwards."""
        is_declared = function.owner is not None and self.declared_release(function.owner) == function.name
        return is_declared or function.name in (*RELEASE_NAMES, *OTHER_RELEASE_NAMES)

    # -- declarations -------------------------------------------------------------------------

    def _declare_type(self, file: SourceFile, item: nodes.TypeDeclaration | nodes.Class) -> TypeInfo:
        generics = item.child(nodes.GenericParameters)
        names = (
            tuple(parameter.name for parameter in generics.all(nodes.GenericParameter)) if generics else ()
        )
        return TypeInfo("::".join((*file.module, item.name)), file, item.start, names)

    def _add_type(self, info: TypeInfo) -> None:
        self._own_type_infos.append(info)
        self._stop_sharing()
        self.types.setdefault(info.name, info)
        self.own_types.add(info.name)
        bare = info.name.rpartition("::")[2]
        _append(self._types_by_bare_name, bare, info, shared=self.base is not None)

    def _resolve_members(self, info: TypeInfo) -> None:
        generics = frozenset(info.generics)
        node = info.node
        if isinstance(node, nodes.Struct | nodes.Union):
            info.fields = {
                field_node.name: self.resolve(field_node.annotation, info.file, generics)
                for field_node in node.fields
            }
        elif isinstance(node, nodes.Class):
            info.fields = {
                field_node.name: self.resolve(field_node.annotation, info.file, generics)
                for field_node in node.all(nodes.ClassField)
                if field_node.annotation is not None
            }
        elif isinstance(node, nodes.Enum | nodes.SumType):
            info.variants = {
                variant.name: tuple(self.resolve(payload, info.file, generics) for payload in variant.payload)
                for variant in node.variants
            }
        elif isinstance(node, nodes.Alias) and node.target is not None:
            info.alias = self.resolve(node.target, info.file, generics)

    def _declare_functions(self, file: SourceFile, item: nodes.Item) -> None:
        if isinstance(item, nodes.Function):
            self._declare_function(file, item, None, ())
        elif isinstance(item, nodes.Impl):
            generics = tuple(parameter.name for parameter in item.generic_parameters)
            owner = self.resolve(item.target, file, frozenset(generics))
            behavior = item.behavior
            name = behavior.segments[-1] if isinstance(behavior, nodes.NamedType) else None
            for function in item.functions:
                self._declare_function(file, function, owner, generics, name)
        elif isinstance(item, nodes.Class):
            owner = Type("::".join((*file.module, item.name)))
            for function in item.functions:
                self._declare_function(file, function, owner, ())

    def _declare_function(
        self,
        file: SourceFile,
        node: nodes.Function,
        owner: Type | None,
        outer_generics: tuple[str, ...],
        behavior: str | None = None,
    ) -> None:
        generics = (*outer_generics, *(parameter.name for parameter in node.generic_parameters))
        known = frozenset(generics)
        this = {"This": owner, "Self": owner} if owner else {}

        def resolved(annotation: TypeNode | None) -> Type | None:
            if annotation is None:
                return None
            return self.resolve(annotation, file, known).substitute(this)

        parameters = tuple(
            ParameterInfo(
                parameter.name,
                owner
                if parameter.is_receiver and parameter.annotation is None
                else resolved(parameter.annotation),
                parameter.is_receiver,
                parameter.is_mutable,
            )
            for parameter in node.parameters
        )
        returns = resolved(node.return_type) or UNIT
        decorators = tuple(decorator.name for decorator in node.decorators)
        self._add(
            FunctionInfo(
                node.name,
                file,
                node.start,
                decorators,
                owner,
                generics,
                parameters,
                returns,
                behavior,
                bool(outer_generics),
            )
        )

    def _add(self, function: FunctionInfo) -> None:
        self.own_functions.append(function)
        owner = function.owner
        shared = self.base is not None
        if owner is None:
            self.free_functions.setdefault(function.name, []).append(function)
            return
        self._stop_sharing()
        if function.behavior == "Drop":
            self.drops.add(owner.name)
        if owner.name not in function.generics:
            methods = self.methods.get(owner.name)
            if methods is None or (shared and owner.name not in self._copied):
                self._copied.add(owner.name)
                methods = self.methods[owner.name] = dict(methods or {})
            _append(methods, function.name, function, shared=shared)
        self.own_types.add(owner.name)

    def _stop_sharing(self) -> None:
        """Copy the library's tables of types, to add to them."""
        if self._is_sharing:
            self._is_sharing = False
            self.types = dict(self.types)
            self.methods = dict(self.methods)
            self.drops = set(self.drops)
            self._types_by_bare_name = dict(self._types_by_bare_name)

    def _has_same_types(self, other: Index) -> bool:
        """Whether all types have the same names and parts as in another index."""
        return [info.shape for info in self._all_types()] == [info.shape for info in other._all_types()]

    def _all_types(self) -> Iterator[TypeInfo]:
        return (info for infos in self._types_by_bare_name.values() for info in infos)

    # -- look-up ------------------------------------------------------------------------------

    def resolve(self, node: TypeNode, file: SourceFile, generics: frozenset[str] = frozenset()) -> Type:
        """The type that a type expression of ``file`` stands for."""
        if isinstance(node, nodes.ReferenceType):
            return Type("ref", (self.resolve(node.target, file, generics),))
        if isinstance(node, nodes.TupleType) and node.child(nodes.ReturnType) is None:
            elements = tuple(self.resolve(element, file, generics) for element in node.all(TypeNode))
            return Type("()", elements) if elements else UNIT
        if isinstance(node, nodes.PointerType | nodes.ArrayType):
            name = "*" if isinstance(node, nodes.PointerType) else "[]"
            return Type(name, tuple(self.resolve(element, file, generics) for element in node.all(TypeNode)))
        if not isinstance(node, nodes.NamedType):
            return Type("func")
        arguments = tuple(
            self.resolve(argument, file, generics)
            for argument in node.arguments
            if isinstance(argument, TypeNode)
        )
        segments = node.segments
        if len(segments) == 1 and (segments[0] in generics or segments[0] in ("This", "Self")):
            return Type(segments[0])
        info = self.type_named(segments, file)
        if info is None:
            return Type(segments[-1], arguments)
        if info.alias is not None:
            return info.alias.substitute(dict(zip(info.generics, arguments, strict=False)))
        return Type(info.name, arguments)

    def type_named(self, segments: list[str], file: SourceFile) -> TypeInfo | None:
        """The type that a path names in ``file``: its own, an imported one, or the only one there is."""
        name = segments[-1]
        if name in BUILTIN_VARIANTS or name == "Str" or name in SCALARS:
            return None
        candidates = self._types_by_bare_name.get(name, [])
        if not candidates:
            return None
        own = [info for info in candidates if info.file is file]
        if own:
            return own[0]
        wanted = self._import_target(segments, file)
        if wanted is not None:
            found = [info for info in candidates if _same_module(info.file.module, wanted[:-1])]
            if found:
                return found[0]
            inside = [info for info in candidates if _is_inside(info.file.module, wanted[:-1])]
            if len(inside) == 1:
                return inside[0]
        for glob in self._globs_of(file):
            found = [info for info in candidates if _is_inside(info.file.module, glob)]
            if len(found) == 1:
                return found[0]
        if len(candidates) != 1 or (wanted is not None and wanted[0] != candidates[0].file.module[0]):
            return None
        return candidates[0]

    def _import_target(self, segments: list[str], file: SourceFile) -> tuple[str, ...] | None:
        imported = self._imports_of(file).get(segments[0])
        if imported is not None:
            return (*imported, *segments[1:])
        own = file.module[-(len(segments) - 1) :] if len(segments) > 1 else ()
        if own and own == tuple(segments[:-1]):
            return (*file.module, segments[-1])
        return tuple(segments) if len(segments) > 1 else None

    def functions_named(self, segments: list[str], file: SourceFile) -> list[FunctionInfo]:
        """The free functions that a path may call from ``file``, the likeliest only."""
        candidates = self._called(segments[-1])
        if len(segments) == 1 or self._is_own_module(segments[:-1], file):
            own = [function for function in candidates if function.file is file]
            if own:
                return own
        wanted = self._import_target(segments, file)
        if wanted is not None:
            found = [function for function in candidates if _same_module(function.file.module, wanted[:-1])]
            found = found or [
                function for function in candidates if _is_inside(function.file.module, wanted[:-1])
            ]
            if found:
                return found
            return []
        for glob in self._globs_of(file):
            found = [function for function in candidates if _is_inside(function.file.module, glob)]
            if found:
                return found
        return [function for function in candidates if function.file.module[-1:] == ("intrinsics",)]

    def _called(self, name: str) -> list[FunctionInfo]:
        """The free functions of a name."""
        own = self.free_functions.get(name, [])
        return own if self.base is None else [*self.base._called(name), *own]

    def _imports_of(self, file: SourceFile) -> dict[str, tuple[str, ...]]:
        if self.base is not None and file.path not in self._imports:
            return self.base._imports_of(file)
        return self._imports[file.path]

    def _globs_of(self, file: SourceFile) -> list[tuple[str, ...]]:
        if self.base is not None and file.path not in self._globs:
            return self.base._globs_of(file)
        return self._globs[file.path]

    def _is_own_module(self, segments: list[str], file: SourceFile) -> bool:
        """Whether a path is the last segment of the file's own module, which a module may use for itself."""
        return segments == [file.module[-1]] and segments[0] not in self._imports_of(file)

    def declarations(self) -> dict[SourceFile, Declarations]:
        """All that its own files declare."""
        types: dict[SourceFile, list[TypeInfo]] = {}
        for info in self._own_type_infos:
            types.setdefault(info.file, []).append(info)
        return {
            file: Declarations(
                self._imports[path], self._globs[path], types.get(file, ()), self.functions_in(file)
            )
            for path, file in self.files.items()
            if path in self._imports
        }

    def functions_in(self, file: SourceFile) -> list[FunctionInfo]:
        """The functions that a file declares."""
        if self.base is not None and file.path in self.base.files:
            return self.base.functions_in(file)
        return self._functions_by_path.get(file.path, [])

    def functions_mentioning(self, identifiers: Collection[str]) -> Iterator[FunctionInfo]:
        """The functions of the files that contain all the identifiers."""
        wanted = {identifier.encode("utf-8", "surrogateescape") for identifier in identifiers}
        for file in self.files.values():
            if wanted <= file.identifiers:
                yield from self.functions_in(file)

    @cached_property
    def functions_outside_tests(self) -> list[FunctionInfo]:
        """The functions that are not in tests."""
        if self.base is not None and not any(not function.file.is_test for function in self.own_functions):
            return self.base.functions_outside_tests
        return [function for function in self.functions if not function.file.is_test]

    def types_in(self, file: SourceFile) -> list[TypeInfo]:
        """The types that a file declares."""
        if self.base is not None and file.path in self.base.files:
            return self.base.types_in(file)
        return self._types_by_path.get(file.path, [])

    @cached_property
    def _types_by_path(self) -> dict[str, list[TypeInfo]]:
        found: dict[str, list[TypeInfo]] = {}
        for info in self._own_type_infos:
            if self.types[info.name] is info:
                found.setdefault(info.file.path, []).append(info)
        return found

    @cached_property
    def _functions_by_path(self) -> dict[str, list[FunctionInfo]]:
        found: dict[str, list[FunctionInfo]] = {}
        for function in self.own_functions:
            found.setdefault(function.file.path, []).append(function)
        return found

    def reachable(self, file: SourceFile) -> frozenset[SourceFile]:
        """The files that may be part of a program with ``file`` in it, as far as imports say."""
        if file not in self._reachable:
            self._reachable[file] = self._reach(file)
        return self._reachable[file]

    def _reach(self, file: SourceFile) -> frozenset[SourceFile]:
        found = {file}
        pending = [file]
        while pending:
            current = pending.pop()
            for path in [*self._imports_of(current).values(), *self._globs_of(current)]:
                for imported in self._files_of(path):
                    if imported in found:
                        continue
                    if self.base is not None:
                        found |= self.base.reachable(imported)
                    else:
                        found.add(imported)
                        pending.append(imported)
        return frozenset(found)

    def _files_of(self, path: tuple[str, ...]) -> Iterator[SourceFile]:
        """The files of the module that an imported path names, or that holds what it names."""
        for length in (len(path), len(path) - 1):
            yield from self._modules.get(path[:length], ())

    @cached_property
    def _modules(self) -> dict[tuple[str, ...], list[SourceFile]]:
        if self.base is not None:
            return self.base._modules
        found: dict[tuple[str, ...], list[SourceFile]] = {}
        for file in self.files.values():
            if not file.is_test:
                found.setdefault(file.module, []).append(file)
        return found

    def type_info(self, type_: Type) -> TypeInfo | None:
        """The declaration of a type, or None for a built-in or unknown one."""
        return self.types.get(type_.target().name)

    def method(self, type_: Type, name: str) -> FunctionInfo | None:
        """The method or associated function of a type; inherent ones come first."""
        found = self.methods.get(type_.target().name, {}).get(name, [])
        inherent = [method for method in found if method.behavior is None]
        return next(iter(inherent or found), None)

    def bindings(self, function: FunctionInfo, receiver: Type) -> dict[str, Type]:
        """What the generic parameters of a method stand for on this receiver."""
        if function.owner is None:
            return {}
        return match_types(function.owner, receiver.target(), frozenset(function.generics))

    def variants(self, type_: Type) -> dict[str, tuple[Type, ...]]:
        """The variants of an enum with their payload types; empty for every other type."""
        target = type_.target()
        if target.name in BUILTIN_VARIANTS:
            generics, variants = BUILTIN_VARIANTS[target.name]
            bound = dict(zip(generics, target.arguments, strict=False))
            return {
                name: tuple(bound.get(generic, Type(generic)) for generic in payload)
                for name, payload in variants.items()
            }
        info = self.types.get(target.name)
        if info is None:
            return {}
        bound = dict(zip(info.generics, target.arguments, strict=False))
        return {
            name: tuple(type_.substitute(bound).shallow() for type_ in payload)
            for name, payload in info.variants.items()
        }

    def fields(self, type_: Type) -> dict[str, Type]:
        """The fields of a struct with their types."""
        target = type_.target()
        info = self.types.get(target.name)
        if info is None:
            return {}
        bound = dict(zip(info.generics, target.arguments, strict=False))
        return {name: type_.substitute(bound).shallow() for name, type_ in info.fields.items()}


def _append(table: dict[str, list[T]], key: str, value: T, *, shared: bool) -> None:
    """Add to a list in a table; a list that is shared with another table is copied first."""
    if shared:
        table[key] = [*table.get(key, ()), value]
    else:
        table.setdefault(key, []).append(value)


def match_types(pattern: Type, type_: Type, generics: frozenset[str]) -> dict[str, Type]:
    """The generic parameters that make ``pattern`` equal ``type_``, as far as they can be read off."""
    if pattern.name in generics and not pattern.arguments:
        return {pattern.name: type_}
    found: dict[str, Type] = {}
    if pattern.name == type_.name:
        for left, right in zip(pattern.arguments, type_.arguments, strict=False):
            found.update(match_types(left, right, generics))
    elif pattern.name == "ref" and pattern.arguments:
        return match_types(pattern.arguments[0], type_, generics)
    return found


def _items(items: Iterable[nodes.Item]) -> Iterable[nodes.Item]:
    for item in items:
        if isinstance(item, nodes.Namespace):
            yield from _items(item.items)
        else:
            yield item


def _imported(file: SourceFile) -> tuple[dict[str, tuple[str, ...]], list[tuple[str, ...]]]:
    """The full path of each imported local name, and the paths that are imported as a whole."""
    names: dict[str, tuple[str, ...]] = {}
    globs: list[tuple[str, ...]] = []
    for item in file.tree.items:
        if not isinstance(item, nodes.Use):
            continue
        path = tuple(item.path)
        if item.is_glob:
            globs.append(path)
        elif item.group is not None:
            names.update({name: (*path, name) for name in item.group})
        elif path:
            names[item.alias or path[-1]] = path
    return names, globs


def _same_module(module: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a file's module is the wanted one; the package may have another name in a use."""
    return bool(wanted) and (module == wanted or (len(wanted) > 1 and module[1:] == wanted[1:]))


def _is_inside(module: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a module lies inside the wanted one, which may re-export it."""
    if not wanted:
        return False
    return module[: len(wanted)] == wanted or (len(wanted) > 1 and module[1 : len(wanted)] == wanted[1:])
