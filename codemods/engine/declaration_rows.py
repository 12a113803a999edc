"""What the files of a library declare as JSON, in rows without names: for the cache.

A row names a type by its number in a table, in which the arguments of a type stand before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codemods.semantics.module_paths import module_path
from codemods.semantics.symbols import (
    Declarations,
    FunctionInfo,
    Index,
    ParameterInfo,
    SourceFile,
    Type,
    TypeInfo,
)

_SEPARATOR = "::"
_NOTHING = -1
"""The number of a type that is not there."""


def declaration_rows(index: Index, paths: Iterable[str]) -> dict[str, object]:
    """What some of the own files of an index declare."""
    numbers: dict[Type, int] = {}
    declared = index.declarations()
    files = {
        path: _file_row(file, declared[file], numbers) for path in paths for file in (index.files[path],)
    }
    return {
        "types": [(type_.name, [numbers[each] for each in type_.arguments]) for type_ in numbers],
        "files": files,
    }


def declarations_of(document: Any, sources: Mapping[str, bytes]) -> dict[SourceFile, Declarations]:
    """What files declare. Raises KeyError, ValueError or IndexError for a bad document."""
    types: list[Type] = []
    for name, arguments in document["types"]:
        types.append(Type(name, tuple(types[number] for number in arguments)))
    return dict(_file(path, sources[path], row, types) for path, row in document["files"].items())


def _file_row(file: SourceFile, declared: Declarations, numbers: dict[Type, int]) -> object:
    def number(type_: Type | None) -> int:
        if type_ is None:
            return _NOTHING
        for argument in type_.arguments:
            number(argument)
        return numbers.setdefault(type_, len(numbers))

    types = [
        (
            info.name,
            info.start,
            info.generics,
            {name: number(type_) for name, type_ in info.fields.items()},
            [(name, [number(type_) for type_ in payload]) for name, payload in info.variants.items()],
            number(info.alias),
        )
        for info in declared.types
    ]
    functions = [
        (
            function.name,
            function.start,
            function.decorators,
            number(function.owner),
            function.generics,
            [
                (each.name or "", number(each.type), each.is_receiver, each.is_mutable)
                for each in function.parameters
            ],
            number(function.returns),
            function.behavior or "",
            function.is_in_generic_impl,
        )
        for function in declared.functions
    ]
    imports = {name: _SEPARATOR.join(target) for name, target in declared.imports.items()}
    globs = [_SEPARATOR.join(target) for target in declared.globs]
    return dict(file.symbols), imports, globs, types, functions


def _file(path: str, source: bytes, row: Any, types: Sequence[Type]) -> tuple[SourceFile, Declarations]:
    symbols, imports, globs, type_rows, function_rows = row
    file = SourceFile(path, source, module_path(path), symbols)
    return file, Declarations(
        {name: tuple(target.split(_SEPARATOR)) for name, target in imports.items()},
        [tuple(target.split(_SEPARATOR)) for target in globs],
        [_type(file, row, types) for row in type_rows],
        [_function(file, row, types) for row in function_rows],
    )


def _type(file: SourceFile, row: Any, types: Sequence[Type]) -> TypeInfo:
    name, start, generics, fields, variants, alias = row
    return TypeInfo(
        name,
        file,
        start,
        tuple(generics),
        {name: types[number] for name, number in fields.items()},
        {name: tuple(types[number] for number in payload) for name, payload in variants},
        _optional(alias, types),
    )


def _function(file: SourceFile, row: Any, types: Sequence[Type]) -> FunctionInfo:
    name, start, decorators, owner, generics, parameters, returns, behavior, is_in_generic_impl = row
    return FunctionInfo(
        name,
        file,
        start,
        tuple(decorators),
        _optional(owner, types),
        tuple(generics),
        tuple(
            ParameterInfo(name or None, _optional(number, types), is_receiver, is_mutable)
            for name, number, is_receiver, is_mutable in parameters
        ),
        types[returns],
        behavior or None,
        is_in_generic_impl,
    )


def _optional(number: int, types: Sequence[Type]) -> Type | None:
    return None if number == _NOTHING else types[number]
