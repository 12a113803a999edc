"""The strings that functions free of their arguments, and those that they free twice or use too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from codemods.ownership.cfg.graph import (
    CallSite,
    ControlFlowGraph,
    ExitKind,
    Role,
    Site,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect, bodyless_effect
from codemods.ownership.compiler.drops import DropKind, Drops
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.ownership.releases import Releases
from codemods.ownership.string_actions import StringActions
from codemods.ownership.string_frees import Freeing, StringMisuse, frees_holes
from codemods.ownership.string_tracks import StringTrack
from codemods.ownership.string_values import (
    Given,
    Held,
    Made,
    Path,
    Read,
    Source,
    Strings,
    StringValues,
    below,
    one,
)
from codemods.ownership.summaries.effects import unresolved_effect
from codemods.ownership.summaries.handles import may_be_address
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.layers import Layer, by_function, by_type
from codemods.semantics.symbols import FunctionInfo, Index, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression

_MOST_PATHS = 24
_LONGEST_PATH = 4


class StringLifetimes(Layer):
    """What functions free of their arguments, and the strings that they misuse."""

    def __init__(
        self,
        index: Index,
        summaries: Summaries,
        drops: Drops,
        releases: Releases,
        values: StringValues,
        library: StringLifetimes | None = None,
    ) -> None:
        super().__init__(index, library)
        self.summaries = summaries
        self.drops = drops
        self.releases = releases
        self.values = values
        self._frees = Fixpoints()
        self._paths: dict[Type, tuple[Path, ...]] = {}
        self._misuses: dict[ControlFlowGraph, Sequence[StringMisuse]] = {}

    # -- types --------------------------------------------------------------------------------

    @by_type
    def dropped_paths(self, type_: Type) -> Sequence[Path]:
        """The strings that the compiler frees with a variable of a type."""
        if type_ not in self._paths:
            self._paths[type_] = ()
            self._paths[type_] = tuple(dict.fromkeys(self._find_dropped(type_, ())))
        return self._paths[type_]

    def _find_dropped(self, type_: Type, path: Path) -> Iterator[Path]:
        kind = self.drops.kind(type_)
        if kind is DropKind.STRING:
            yield path
        elif kind is DropKind.FIELDS and len(path) < _LONGEST_PATH:
            for name, field_type in self.index.fields(type_).items():
                if self.drops.kind(field_type) is not DropKind.NOTHING:
                    yield from self._find_dropped(field_type, (*path, name))
        elif kind is DropKind.CALL:
            for method in self.index.methods.get(type_.name, {}).get("drop", ()):
                if method.behavior == "Drop":
                    yield from ((*path, *part) for position, part in self.frees(method) if position < 0)

    def _is_string_at(self, type_: Type | None, path: Path) -> bool:
        """Whether there is a string at a path in values of a type; at the type itself, also an address."""
        if type_ is None:
            return False
        type_ = type_.target()
        if not path:
            return type_.is_str or may_be_address(type_)
        for part in path:
            type_ = self._part_type(type_, part).target()
        return type_.is_str

    def _part_type(self, type_: Type, part: str) -> Type:
        nothing = Type("_")
        if part.isdigit():
            position = int(part)
            is_there = type_.name == "()" and position < len(type_.arguments)
            return type_.arguments[position] if is_there else nothing
        variant, dot, number = part.partition(".")
        if dot:
            payload = self.index.variants(type_).get(variant, ())
            return payload[int(number)] if int(number) < len(payload) else nothing
        return self.index.fields(type_).get(part, nothing)

    def freed_with(self, type_: Type, path: Path) -> str | None:
        """What frees a string of a value of a type in the end: the compiler, or its release."""
        if path in self.dropped_paths(type_):
            return "the compiler"
        release = self.releases.release_of(type_)
        if release is not None and (-1, path) in self.frees(release):
            return f"{release.qualified_name}()"
        return None

    # -- summaries ----------------------------------------------------------------------------

    @by_function
    def frees(self, function: FunctionInfo) -> Mapping[tuple[int, Path], Freeing]:
        """The strings of its arguments that a function frees, by position and path; -1 is the receiver."""
        found: Mapping[tuple[int, Path], Freeing] = self._frees.find(
            function, lambda: self._compute_frees(function), {}, _either_frees
        )
        return found

    def _compute_frees(self, function: FunctionInfo) -> Mapping[tuple[int, Path], Freeing]:
        graph = self.summaries.graph(function)
        if graph is None:
            return {}
        found: dict[tuple[int, Path], Freeing] = {}
        given_strings = [source for source in self._candidates(graph) if isinstance(source, Given)]
        for given, track in zip(given_strings, self._tracks(graph, given_strings), strict=True):
            if track.freed and len(found) < _MOST_PATHS:
                first = min(track.freed, key=lambda freed: (freed.node.start, freed.name))
                certain = track.is_freed_at_every_end and all(freed.is_certain for freed in track.freed)
                found[given.position, given.path] = Freeing(
                    first.way,
                    certain,
                    first.last or first.node,
                    first.last_in or function,
                )
        return found

    def _tracks(self, graph: ControlFlowGraph, sources: Sequence[Source]) -> Iterator[StringTrack]:
        """What becomes of each of these strings."""
        actions = StringActions(graph, self.values) if sources else None
        for source in sources:
            assert actions is not None
            track = StringTrack(self, graph, actions, source)
            track.run()
            yield track

    def misuses(self, graph: ControlFlowGraph) -> Sequence[StringMisuse]:
        """The strings that a function frees twice, or uses after they were freed."""
        if graph not in self._misuses:
            found: dict[tuple[int, bool], StringMisuse] = {}
            for track in self._tracks(graph, self._candidates(graph)):
                for misuse in track.misuses():
                    known = found.setdefault((misuse.node.start, misuse.is_release), misuse)
                    if known is not misuse:
                        found[misuse.node.start, misuse.is_release] = replace(
                            known,
                            interpolations=tuple(
                                dict.fromkeys((*known.interpolations, *misuse.interpolations))
                            ),
                            others=(*known.others, misuse.text),
                        )
            self._misuses[graph] = sorted(found.values(), key=lambda misuse: misuse.node.start)
        return self._misuses[graph]

    def handed_out(self, graph: ControlFlowGraph) -> Iterator[tuple[Expression, str]]:
        """What a function with ``@allocates`` returns although something else frees it, with what that is.

        A built-in type is left out: the compiler may have a method of its own.
        """
        function = graph.function
        is_claimed = function.allocates and function.returns.is_str
        if not is_claimed or (function.owner is not None and self.index.type_info(function.owner) is None):
            return
        for exit_ in graph.exits:
            if exit_.kind not in (ExitKind.RETURN, ExitKind.TAIL) or exit_.value is None:
                continue
            strings = self.values.origins(graph, self.values.of(graph, exit_.value))
            for source in sorted(strings.get((), ()), key=_order):
                owner = self._owner_of(graph, source)
                if owner is not None:
                    yield exit_.value, owner
                    break

    def _owner_of(self, graph: ControlFlowGraph, source: Source) -> str | None:
        """What frees a part of an argument that is a string."""
        variable = graph.parameter(source.position) if isinstance(source, Given) else None
        if not isinstance(source, Given) or variable is None or variable.type is None:
            return None
        if not source.path:
            return "whoever gave it" if variable.type.is_str else None
        return self.freed_with(variable.type.target(), source.path)

    # -- candidates ---------------------------------------------------------------------------

    def _candidates(self, graph: ControlFlowGraph) -> Sequence[Source]:
        """The strings that a function may free, in the order in which it does."""
        found: dict[Source, None] = {}
        for strings in self._freed_values(graph):
            for sources in self.values.origins(graph, strings).values():
                for source in sorted(sources, key=_order):
                    if isinstance(source, Made | Read) or self._is_given_string(graph, source):
                        found[source] = None
        return list(found)

    def _is_given_string(self, graph: ControlFlowGraph, source: Source) -> bool:
        if not isinstance(source, Given):
            return False
        variable = graph.parameter(source.position)
        return variable is not None and self._is_string_at(variable.type, source.path)

    def _freed_values(self, graph: ControlFlowGraph) -> Iterator[Strings]:
        for node in graph.nodes_of(nodes.InterpolatedString) if graph.has_any(b"{") else ():
            if frees_holes(graph, node):
                for hole in node.holes:
                    if refers_to_str(graph.type_of(hole)):
                        yield self.values.of(graph, hole)
        for call in graph.calls:
            yield from self._freed_by_call(graph, call)
        for variable in graph.variables:
            if variable.type is not None and self.is_dropped(graph, variable):
                for path in self.dropped_paths(variable.type):
                    yield one(Held(variable, path))

    def _freed_by_call(self, graph: ControlFlowGraph, call: CallSite) -> Iterator[Strings]:
        given = [*call.arguments] if call.receiver is None else [call.receiver, *call.arguments]
        for argument in given:
            site = graph.site_of(argument)
            if site is not None and not call.constructor:
                for path in self.freed_at(site):
                    yield below(self.values.of(graph, argument), path)
        if call.site.role is Role.DISCARDED and call.type is not None:
            for path in self.dropped_paths(call.type):
                if path:
                    yield below(self.values.of(graph, call.node), path)

    def freed_at(self, site: Site) -> Mapping[Path, Freeing | None]:
        """The strings that a call frees of what goes to a site; None: the argument itself, in the call."""
        if site.role not in (Role.ARGUMENT, Role.RECEIVER):
            return {}
        callee = site.callee
        if callee is None:
            is_freed = site.role is Role.ARGUMENT and unresolved_effect(site) is Effect.RELEASES
            return {(): None} if is_freed and _called(site) != "drop" else {}
        position = -1 if site.role is Role.RECEIVER else site.position
        if callee.node.body is None:
            is_freed = site.role is Role.ARGUMENT and bodyless_effect(callee, position) is Effect.RELEASES
            return {(): None} if is_freed and callee.name != "drop" else {}
        return {path: freeing for (given, path), freeing in self.frees(callee).items() if given == position}

    def is_dropped(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether the compiler may drop a variable."""
        if not self.drops.is_registered(variable):
            return False
        if variable.kind is not VariableKind.PAYLOAD:
            return True
        return all(
            other.depth >= variable.depth or other.offset > variable.offset
            for other in graph.named(variable.name)
        )


def _order(source: Source) -> tuple[str, Sequence[int], Path]:
    """Sources in the same order in every run."""
    match source:
        case Made() | Read():
            return type(source).__name__, source.node, source.path
        case Given():
            return "Given", (source.position,), source.path
        case _:
            return "", (), ()


def _either_frees(
    left: Mapping[tuple[int, Path], Freeing], right: Mapping[tuple[int, Path], Freeing]
) -> Mapping[tuple[int, Path], Freeing]:
    return {**left, **right}


def _called(site: Site) -> str:
    call = site.parent
    if isinstance(call, nodes.Call) and isinstance(call.function, nodes.Path):
        return call.function.segments[-1]
    return ""
