"""Which sets of preprocessor symbols a workspace must be looked at with, so that each variant of it is seen.

What depends on conditions is a *unit*: a function or type with directives in it or around it, or one that
names such a unit, or names one that does. For each unit every satisfiable combination of the conditions that
it depends on is among the configurations. Units that share no symbol share configurations, as rows of a
covering array do: there are as many as the unit with the most combinations has, and not their product.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from codemods.semantics.release_methods import RELEASE_NAMES
from codemods.semantics.symbols import NO_SYMBOLS, SourceFile
from tml_ast import TmlSyntaxError, nodes
from tml_ast.nodes import Node
from tml_ast.parser import MAX_VARIANTS
from tml_ast.preprocessor import Assignment, Directives, Group, directives_of, settle, variants_of

Needs = frozenset[tuple[str, Group]]
"""Outermost groups of conditional lines, each with the path of its file."""

_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Name:
    """A name that stands for a unit; that of a function only where its file or module is named."""

    spelled: bytes
    path: str = ""
    modules: frozenset[bytes] = frozenset()

    def is_seen_in(self, path: str, identifiers: frozenset[bytes]) -> bool:
        """Whether code of a file with these identifiers may mean the unit by it."""
        return not self.path or path == self.path or not self.modules.isdisjoint(identifiers)


@dataclass(slots=True)
class Unit:
    """A function or type that depends on conditions."""

    path: str
    name: str
    start: int
    needs: Needs


@dataclass(frozen=True, slots=True)
class Overflow:
    """A unit with more combinations of conditions than are looked at."""

    path: str
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Configurations:
    """The sets of symbols to look at some files with; the first one is for all files."""

    symbols: tuple[Assignment, ...] = (NO_SYMBOLS,)
    by_path: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Which of them a file must be looked at with, where the first one is not enough."""
    names: Mapping[Name, Needs] = field(default_factory=dict)
    """What code depends on that has a name in it."""
    directives: Mapping[str, Directives] = field(default_factory=dict)
    overflows: tuple[Overflow, ...] = ()

    @property
    def deciding(self) -> frozenset[str]:
        """The symbols that something depends on."""
        groups = {need for needs in self.names.values() for need in needs}
        return frozenset(
            symbol
            for path, directives in self.directives.items()
            for symbol in directives.symbols
            if any(need[0] == path for need in groups)
        )

    def matters_to(self, source: bytes) -> bool:
        """Whether a file beside these may depend on conditions: on its own, or by a name in it."""
        return (b"#" in source and has_directives(source)) or any(
            name.spelled in source and (not name.path or any(module in source for module in name.modules))
            for name in self.names
        )

    def of(self, path: str) -> frozenset[int]:
        """The configurations to look at a file with."""
        return self.by_path.get(path, frozenset((0,)))


def has_directives(source: bytes) -> bool:
    """Whether a file has preprocessor lines that match."""
    return bool(_conditional({"": source}))


def own_variants(source: bytes) -> list[Assignment]:
    """The sets of symbols that settle all conditions of a file, as far as they are looked at."""
    directives = _conditional({"": source}).get("")
    return list(variants_of([(directives, None)], MAX_VARIANTS)[0]) if directives is not None else []


def _conditional(sources: Mapping[str, bytes]) -> dict[str, Directives]:
    """The files with preprocessor lines; those that the preprocessor refuses are left out."""
    found = {}
    for path, source in sources.items():
        try:
            directives = directives_of(source)
        except TmlSyntaxError:
            continue
        if directives is not None:
            found[path] = directives
    return found


def configurations(
    sources: Mapping[str, bytes],
    read: Callable[[str], SourceFile | None],
    beside: Configurations | None = None,
) -> Configurations:
    """The configurations of some files; ``read`` parses those of them that have no conditions.

    Those of the library that they stand ``beside`` are taken into account.
    """
    directives = _conditional(sources)
    known = beside or Configurations()
    if not directives and not known.names:
        return Configurations()
    search = _Search(sources, read, directives, known)
    units = search.units()
    return _covering(units, {**known.directives, **directives}, search.names)


@dataclass(slots=True)
class _Declaration:
    """A declaration of a file: its name, and the names in it."""

    file: SourceFile
    name: bytes
    start: int
    mentioned: frozenset[bytes]
    is_unit: bool
    names: tuple[Name, ...]
    """Those that stand for it."""
    needs: set[tuple[str, Group]] = field(default_factory=set)


class _Search:
    """What depends on conditions, and on which."""

    def __init__(
        self,
        sources: Mapping[str, bytes],
        read: Callable[[str], SourceFile | None],
        directives: Mapping[str, Directives],
        known: Configurations,
    ) -> None:
        self._sources = sources
        self._read = read
        self._directives = directives
        self.names: dict[Name, set[tuple[str, Group]]] = {}
        self._spelled: dict[bytes, list[Name]] = {}
        for name, needs in known.names.items():
            self._add(name, needs)
        self._declared: dict[str, list[_Declaration]] = {}

    def units(self) -> list[Unit]:
        """The units; ``names`` has what the names stand for then."""
        for path, directives in self._directives.items():
            self._declared[path] = list(self._in_conditional(path, directives))
        for found in [each for declared in self._declared.values() for each in declared]:
            self._note(found)
        self._spread()
        return [
            Unit(path, found.name.decode("utf-8", "surrogateescape"), found.start, frozenset(found.needs))
            for path, declared in self._declared.items()
            for found in declared
            if found.needs and found.is_unit
        ]

    def _add(self, name: Name, needs: Collection[tuple[str, Group]]) -> bool:
        """Let a name stand for what a unit depends on; whether that is news."""
        if name not in self.names:
            self.names[name] = set()
            self._spelled.setdefault(name.spelled, []).append(name)
        known = self.names[name]
        news = not known.issuperset(needs)
        known.update(needs)
        return news

    def _note(self, found: _Declaration) -> bool:
        news = False
        for name in found.names if found.needs else ():
            news = self._add(name, found.needs) or news
        return news

    def _spread(self) -> None:
        """Let everything that has a name in it depend on what the name stands for."""
        news = True
        while news:
            news = False
            spelled = self._spelled.keys()
            for path, source in self._sources.items():
                if path not in self._declared:
                    if not any(name in source for name in spelled):
                        continue
                    file = self._read(path)
                    self._declared[path] = list(_declarations(file)) if file is not None else []
                for found in self._declared[path]:
                    needs = self._needed(found)
                    if not needs <= found.needs:
                        found.needs |= needs
                        news = self._note(found) or news

    def _needed(self, found: _Declaration) -> set[tuple[str, Group]]:
        """What the names in a declaration stand for."""
        file = found.file
        return {
            need
            for spelled in found.mentioned & self._spelled.keys()
            for name in self._spelled[spelled]
            if name.is_seen_in(file.path, file.identifiers)
            for need in self.names[name]
        }

    def _in_conditional(self, path: str, directives: Directives) -> Iterator[_Declaration]:
        source = self._sources[path]
        seen = set[tuple[int, bytes, frozenset[bytes]]]()
        for assignment in _each_branch(directives):
            try:
                file = SourceFile.read(path, source, assignment)
            except TmlSyntaxError:
                continue
            whole: set[tuple[str, Group]] = set()
            for item in file.tree.items:
                if isinstance(item, nodes.Use):
                    groups = {(path, group) for group in directives.groups_in(item.start, item.end)}
                    for name in _imported(item) if groups else ():
                        self._add(Name(name, path), groups)
                    whole |= groups if item.is_glob else set()
            for found in _declarations(file, directives):
                found.needs |= whole
                key = found.start, found.name, found.mentioned
                if key not in seen:
                    seen.add(key)
                    yield found


def each_branch(source: bytes) -> list[Assignment]:
    """Few sets of symbols with which each branch of a file is left in once, if it can be."""
    directives = _conditional({"": source}).get("")
    return _each_branch(directives) if directives is not None else []


def _each_branch(directives: Directives) -> list[Assignment]:
    """Few sets of symbols with which each branch is left in once, if it can be."""
    sets = [variants_of([(directives, (group,))], MAX_VARIANTS)[0] for group in directives.outermost]
    return list(_merged(sets))


def _merged(sets: list[list[dict[str, bool]]]) -> list[dict[str, bool]]:
    """Few assignments that each of these agrees with one of."""
    merged: list[dict[str, bool]] = []
    for assignments in sorted(sets, key=len, reverse=True):
        for assignment in assignments:
            if any(assignment.items() <= other.items() for other in merged):
                continue
            for number, other in enumerate(merged):
                both = settle(other, assignment)
                if both is not None:
                    merged[number] = both
                    break
            else:
                merged.append(dict(assignment))
    return merged or [{}]


def _covering(
    units: list[Unit], directives: Mapping[str, Directives], names: Mapping[Name, set[tuple[str, Group]]]
) -> Configurations:
    combinations: dict[Needs, tuple[list[dict[str, bool]], bool]] = {}
    for unit in units:
        if unit.needs not in combinations:
            combinations[unit.needs] = variants_of(_by_file(unit.needs, directives), MAX_VARIANTS)
    symbols = _merged([found for found, _ in combinations.values()])
    chosen = {
        needs: frozenset(
            next(number for number, made in enumerate(symbols) if assignment.items() <= made.items())
            for assignment in found
        )
        for needs, (found, _) in combinations.items()
    }
    by_path: dict[str, frozenset[int]] = {}
    for unit in units:
        by_path[unit.path] = by_path.get(unit.path, frozenset((0,))) | chosen[unit.needs]
    full = (unit for unit in units if combinations[unit.needs][1])
    overflows = tuple(dict.fromkeys(Overflow(unit.path, unit.name, unit.start) for unit in full))
    known = {name: frozenset(needs) for name, needs in names.items() if needs}
    return Configurations(tuple(symbols), by_path, known, directives, overflows)


def _by_file(needs: Needs, directives: Mapping[str, Directives]) -> list[tuple[Directives, list[Group]]]:
    groups: dict[str, list[Group]] = {}
    for path, group in sorted(needs, key=lambda need: (need[0], need[1].start)):
        groups.setdefault(path, []).append(group)
    return [(directives[path], within) for path, within in groups.items()]


def _declarations(file: SourceFile, directives: Directives | None = None) -> Iterator[_Declaration]:
    """The functions and types of a file."""
    pending: list[tuple[Node, nodes.Impl | None]] = [(item, None) for item in file.tree.items]
    while pending:
        item, impl = pending.pop()
        if isinstance(item, nodes.Impl | nodes.Namespace | nodes.Class):
            inner = item if isinstance(item, nodes.Impl) else None
            pending += [(child, inner) for child in item.all(nodes.Item)]
        if not isinstance(item, nodes.Function | nodes.TypeDeclaration | nodes.Class):
            continue
        start, end = item.start, item.end
        name = item.name.encode("utf-8", "surrogateescape")
        mentioned = frozenset(
            token.lexeme
            for child in item.children
            if isinstance(child, Node)
            for token in child.tokens()
            if token.type == "IDENT"
        )
        is_unit = not isinstance(item, nodes.Function) or item.body is not None
        names: tuple[Name, ...] = (_name(file, name, item, impl),)
        if impl is not None and (item.name in RELEASE_NAMES or impl.behavior is not None):
            target = _IDENTIFIER.search(file.source, impl.target.start, impl.target.end)
            names += (Name(target[0]),) if target is not None else ()
        found = _Declaration(file, name, start, mentioned, is_unit, names)
        if directives is not None:
            groups = directives.groups_in(start, end)
            if impl is not None:
                # An impl whose header stands among conditional lines is conditional as a whole.
                groups += directives.groups_in(impl.start, impl.target.end)
            found.needs = {(file.path, group) for group in groups}
        yield found


def _name(file: SourceFile, name: bytes, item: Node, impl: nodes.Impl | None) -> Name:
    if not isinstance(item, nodes.Function) or impl is not None or file.module[-1:] == ("intrinsics",):
        return Name(name)
    return Name(name, file.path, frozenset(each.encode() for each in file.module[1:] or file.module))


def _imported(item: nodes.Use) -> Iterator[bytes]:
    names = item.group if item.group is not None else [item.alias or item.path[-1]] if item.path else []
    for name in names:
        yield name.encode("utf-8", "surrogateescape")
