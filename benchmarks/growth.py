"""A tree several times as large as another: copies of it next to each other, each a library of its own.

Plain copies in other folders would not be a fair test: names are looked up by their module and their last
part, so every name would be ambiguous, as in no real tree. So each copy has its own modules, types and
functions, renamed wherever its files use them. Methods, fields and variables keep their names, since real
libraries share such names too. So does what the compiler or tmlfix knows by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from codemods.semantics.module_paths import module_path
from tml_ast import TmlSyntaxError, Token, nodes, parse, tokenize

KNOWN = frozenset({"List", "Maybe", "Outcome", "Str"})
"""Types that are known by their bare names."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a tree that each copy has of its own."""

    packages: frozenset[bytes]
    types: frozenset[bytes]
    functions: frozenset[bytes]


def grown(files: Mapping[str, bytes], times: int) -> dict[str, bytes]:
    """The tree and enough copies to make it so many times as large."""
    names = names_of(files)
    found = dict(files)
    tokens = {path: tokenize(source) for path, source in files.items()}
    for number in range(2, times + 1):
        for path, tokens_of_file in tokens.items():
            found[path_of_copy(path, number)] = renamed(tokens_of_file, names, number)
    return found


def names_of(files: Mapping[str, bytes]) -> Names:
    """What is renamed: the packages that files use modules of the tree from, and what files declare."""
    packages: set[str] = set()
    modules = {module for path in files if (module := _top_module(path)) is not None}
    types: set[str] = set()
    functions: set[str] = set()
    methods: set[str] = set()
    for item in _items(files.values()):
        match item:
            case nodes.Use(path=[package, module, *_]) if module in modules:
                packages.add(package)
            case nodes.TypeDeclaration() | nodes.Class():
                types.add(item.name)
            case nodes.Function(body=None):
                methods.add(item.name)
            case nodes.Function():
                functions.add(item.name)
        if isinstance(item, nodes.Impl | nodes.Class | nodes.Behavior):
            methods |= {function.name for function in item.functions}
    return Names(*map(_encoded, (packages, types - KNOWN, functions - methods)))


def _encoded(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.encode() for name in names)


def _items(sources: Iterable[bytes]) -> Iterator[nodes.Item]:
    for source in sources:
        try:
            pending = list(parse(source).items)
        except TmlSyntaxError:
            continue
        for item in pending:
            yield item
            if isinstance(item, nodes.Namespace):
                pending += item.items


def _top_module(path: str) -> str | None:
    """The module right below its package that a file of a library belongs to."""
    module = module_path(path)
    return module[1] if "src" in PurePosixPath(path).parts[:-1] and len(module) > 1 else None


def path_of_copy(path: str, number: int) -> str:
    """The path of a file in a copy: below the same top folder, in a module of its own."""
    top, *rest = PurePosixPath(path).parts
    if "src" in rest[:-1]:
        place = len(rest) - rest[::-1].index("src")
        rest = [*rest[:place], f"copy_{number}", *rest[place:]]
    return PurePosixPath(*([top, f"copy_{number}", *rest] if rest else [f"copy_{number}", top])).as_posix()


def renamed(tokens: Iterable[Token], names: Names, number: int) -> bytes:
    """The source of a file as it is in a copy."""
    pieces: list[bytes] = []
    package = False
    for token in tokens:
        pieces.append(token.trivia)
        if package and token.type == "::":
            pieces.append(b"::copy_%d" % number)
        if token.type == "IDENT" and token.lexeme in names.types:
            pieces.append(b"C%d" % number)
        elif token.type == "IDENT" and token.lexeme in names.functions:
            pieces.append(b"c%d_" % number)
        pieces.append(token.lexeme)
        package = token.type == "IDENT" and token.lexeme in names.packages
    return b"".join(pieces)
