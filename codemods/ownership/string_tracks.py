"""What becomes of one string in a function, on each path.

A typestate with the set of places that hold the string, as ``objects`` has it for owners.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    Assume,
    CallSite,
    ControlFlowGraph,
    Declare,
    Exit,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import Drops
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.dataflow.lattices import BoundedPowerset
from codemods.ownership.dataflow.path_sensitive import PathSensitiveProblem
from codemods.ownership.dataflow.solver import solve
from codemods.ownership.flags import Flags, flags_after, may_hold
from codemods.ownership.string_actions import LEAVING, StringActions
from codemods.ownership.string_frees import (
    Freed,
    Freeing,
    StringMisuse,
    Way,
    access,
    frees_holes,
    written_fields,
)
from codemods.ownership.string_values import (
    Given,
    Held,
    Made,
    Path,
    Read,
    Source,
    Strings,
    StringValues,
)
from codemods.ownership.summaries.effects import unresolved_effect
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.symbols import SCALARS, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_MOST_WORLDS = 32
_MACHINE_WORDS = SCALARS - {"Bool", "F32", "F64"}


Place = tuple[Variable, Path]


class _World(NamedTuple):
    """What is so on some paths: the places that hold the string, None before it is made."""

    places: frozenset[Place] | None
    freed: Freed | None = None
    flags: Flags = frozenset()


_WORLDS = BoundedPowerset(_MOST_WORLDS, top=frozenset((_World(frozenset()),)))


class Known(Protocol):
    """What must be known about types and functions."""

    summaries: Summaries
    drops: Drops
    values: StringValues

    def dropped_paths(self, type_: Type) -> Sequence[Path]:
        """The strings that the compiler frees with a variable of a type."""

    def freed_with(self, type_: Type, path: Path) -> str | None:
        """What frees a string of a value of a type in the end."""

    def freed_at(self, site: Site) -> Mapping[Path, Freeing | None]:
        """The strings that a call frees of what goes to a site; None: the argument itself, in the call."""

    def is_dropped(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether the compiler may drop a variable."""


class StringTrack(PathSensitiveProblem[Action, _World]):
    """What becomes of one string in a function."""

    def __init__(self, known: Known, graph: ControlFlowGraph, actions: StringActions, source: Source) -> None:
        self.graph = graph
        self.source = source
        self._known = known
        self._values = known.values
        self._actions = actions.concerning(source)
        self._is_given = isinstance(source, Given)
        super().__init__(_WORLDS, frozenset((self._born(),)))
        self.freed: set[Freed] = set()
        self._ends: list[_World] = []
        self._misuses: dict[tuple[int, bool], StringMisuse] = {}
        self._clean: set[tuple[int, str]] = set()
        """The frees and uses that some path reaches before the string is freed."""
        self._is_noting = False

    def _born(self) -> _World:
        if isinstance(self.source, Given):
            variable = self.graph.parameter(self.source.position)
            if variable is not None:
                return _World(frozenset(((variable, self.source.path),)))
        return _World(None)

    def actions(self, block: BasicBlock[Action]) -> Sequence[Action]:
        """Those that can concern the string."""
        return self._actions.get(block, ())

    def run(self) -> None:
        """Find what becomes of it."""
        solution = solve(self.graph, self)
        self._is_noting = True
        for step in solution.steps():
            if isinstance(step.action, Exit) and step.action.kind in LEAVING:
                self._ends += self.transfer(step.action, step.before)
            else:
                self.transfer(step.action, step.before)

    @property
    def is_freed_at_every_end(self) -> bool:
        """Whether the string is freed wherever the function ends."""
        ends = [world for world in self._ends if world.places is not None]
        return bool(ends) and all(world.freed is not None for world in ends)

    def misuses(self) -> Iterator[StringMisuse]:
        """The first place that finds it freed, for frees and for other uses."""
        for is_release in (True, False):
            found = [misuse for key, misuse in self._misuses.items() if key[1] is is_release]
            if found:
                yield self._completed(min(found, key=lambda misuse: misuse.node.start))
        if isinstance(self.source, Given) and not self._misuses:
            yield from map(self._completed, self._left_freed())

    def _completed(self, misuse: StringMisuse) -> StringMisuse:
        holes = {
            id(freed.node): freed.node
            for freed in self.freed
            if freed.way is Way.INTERPOLATED and freed.callee is None
        }
        interpolations = tuple(sorted(holes.values(), key=lambda hole: hole.start))
        place = (misuse.node.start, "")
        if misuse.second is not None:
            place = misuse.second.node.start, misuse.second.name
        return replace(
            misuse,
            is_certain=misuse.is_certain and place not in self._clean,
            is_made=isinstance(self.source, Made),
            interpolations=interpolations,
        )

    def _left_freed(self) -> Iterator[StringMisuse]:
        """A part of an argument that the compiler frees, and that its owner still holds at the end."""
        assert isinstance(self.source, Given)
        function = self.graph.function
        variable = self.graph.parameter(self.source.position)
        if variable is None or variable.type is None or not self.source.path:
            return
        is_moved = (
            variable.kind is VariableKind.PARAMETER
            and variable.type.name != "ref"
            and not function.has_receiver
        )
        owner = self._known.freed_with(variable.type.target(), self.source.path)
        if (
            is_moved
            or owner is None
            or self._known.summaries.is_release(function)
            or function.behavior == "Drop"
        ):
            return
        place = variable, self.source.path
        left = [
            world.freed
            for world in self._ends
            if world.places is not None and place in world.places and world.freed is not None
        ]
        compiler = [freed for freed in left if not freed.by_program and freed.callee is None]
        if compiler:
            first = min(compiler, key=lambda freed: (freed.node.start, freed.name))
            yield StringMisuse(first.node, variable, self.source.path, first, None, True, True, owner)

    # -- worlds -------------------------------------------------------------------------------

    def step(self, action: Action, state: _World) -> Iterable[_World]:
        """What becomes of the string on one path."""
        match action:
            case Declare() | Assign():
                return self._given(action, state)
            case Assume():
                return self._assumed(action, state)
            case _ if state.places is None:
                return (state,)
            case Use():
                return self._used(action, state)
            case CallSite():
                return self._called(action, state)
            case Exit():
                return (self._left(action, state),)

    def _assumed(self, assume: Assume, world: _World) -> Iterable[_World]:
        is_arm = isinstance(assume.node, nodes.Arm)
        return (world,) if is_arm or may_hold(self.graph, assume, world.flags) else ()

    def _given(self, action: Declare | Assign, world: _World) -> Iterable[_World]:
        """The variable loses what it held and gets what its value holds; that may be the string, made now."""
        variable = action.variable
        if isinstance(action, Assign):
            if action.node.operator != "=":
                return (world,)
            strings = self._values.of(self.graph, action.node.value)
        else:
            strings = self._values.bound(self.graph, variable)
        world = world._replace(flags=flags_after(self.graph, action, world.flags))
        results: list[_World] = []
        if not self._is_given:
            made = self._paths_of(strings, None)
            results += (
                _World(frozenset((variable, path) for path in paths), None, world.flags)
                for paths in made
                if paths
            )
        if world.places is None:
            return (*results, world)
        kept = frozenset(place for place in world.places if place[0] is not variable)
        for paths in self._paths_of(strings, world.places):
            places = kept | {(variable, path) for path in paths}
            if places or self._is_given:
                results.append(world._replace(places=places))
        if not results or (
            not self._is_given and not kept and all(result.freed is None for result in results)
        ):
            results.append(world._replace(places=None, freed=None))
        return results

    def _paths_of(self, strings: Strings, places: frozenset[Place] | None) -> list[frozenset[Path]]:
        """The paths of a value that hold the string; where it is only possible, as an alternative.

        ``places`` hold it before; None: the value makes it.
        """
        certain: set[Path] = set()
        possible: set[Path] = set()
        for path, sources in strings.items():
            for source in sources:
                for inner in self._made(source) if places is None else self._matches(source, places):
                    (certain if len(sources) == 1 else possible).add((*path, *inner))
        return [frozenset(certain), *([frozenset(certain | possible)] if possible else [])]

    def _made(self, source: Source) -> Iterator[Path]:
        if type(source) is not type(self.source) or not isinstance(source, Made | Read):
            return
        assert isinstance(self.source, Made | Read)
        if source.node == self.source.node and self.source.path[: len(source.path)] == source.path:
            yield self.source.path[len(source.path) :]

    @staticmethod
    def _matches(source: Source, places: frozenset[Place]) -> Iterator[Path]:
        if isinstance(source, Held):
            for variable, path in places:
                if variable is source.variable and path[: len(source.path)] == source.path:
                    yield path[len(source.path) :]

    # -- uses ---------------------------------------------------------------------------------

    def _used(self, use: Use, world: _World) -> Iterable[_World]:
        assert world.places is not None
        held = sorted(path for variable, path in world.places if variable is use.variable)
        if not held:
            return (world,)
        path, node, site = access(self.graph, use)
        if site is None:
            return (world,)
        if site.role is Role.CAPTURED:
            return (world._replace(places=frozenset(), freed=None),) if self._is_given else ()
        if isinstance(site.parent, nodes.Assignment) and site.parent.target is node:
            return self._stored(use.variable, path, site.parent, world)
        reached = [whole[len(path) :] for whole in held if whole[: len(path)] == path]
        worlds: Iterable[_World] = (world,)
        for rest in reached:
            worlds = [
                after for before in worlds for after in self._reached(use, site, node, path, rest, before)
            ]
        return worlds

    def _stored(
        self, variable: Variable, path: Path, assignment: nodes.Assignment, world: _World
    ) -> Iterable[_World]:
        assert world.places is not None
        kept = frozenset(
            place for place in world.places if place[0] is not variable or place[1][: len(path)] != path
        )
        strings = self._values.of(self.graph, assignment.value)
        return [
            world._replace(places=kept | {(variable, (*path, *inner)) for inner in paths})
            for paths in self._paths_of(strings, world.places)
        ]

    def _reached(
        self, use: Use, site: Site, node: Node, path: Path, rest: Path, world: _World
    ) -> Iterable[_World]:
        """A use reaches the string: as it is, or at ``rest`` in what is used."""
        where = use.variable, (*path, *rest)
        if site.role is Role.INTERPOLATED:
            if rest or not frees_holes(self.graph, site.parent):
                return (world,)
            return (self._free(world, where, Freed(node, Way.INTERPOLATED, use.variable.name)),)
        if site.role in (Role.ARGUMENT, Role.RECEIVER):
            freed = self._known.freed_at(site)
            if rest in freed:
                freeing = freed[rest]
                if freeing is None:
                    event = Freed(node, Way.BY_HAND, use.variable.name)
                    return (self._free(world, where, event),)
                event = Freed(
                    node,
                    freeing.way,
                    use.variable.name,
                    freeing.is_certain,
                    site.callee,
                    freeing.node,
                    freeing.function,
                )
                after = self._replaced(site, path, use.variable, self._free(world, where, event))
                if freeing.is_certain:
                    return (after,)
                return (after, world) if freeing.way is not Way.BY_HAND else (world,)
        if self._reads(site, rest, use):
            self._touch(world, where, node)
        return (self._replaced(site, path, use.variable, world),)

    def _replaced(self, site: Site, path: Path, variable: Variable, world: _World) -> _World:
        """What a call with a mutable argument may have put elsewhere is no longer known to be there."""
        if site.role not in (Role.ARGUMENT, Role.RECEIVER) or site.callee is None or world.places is None:
            return world
        parameters = site.callee.parameters if site.role is Role.RECEIVER else site.callee.values
        position = 0 if site.role is Role.RECEIVER else site.position
        if position >= len(parameters):
            return world
        parameter = parameters[position]
        by_address = site.role is Role.RECEIVER or (
            parameter.type is not None and parameter.type.name == "ref"
        )
        if not by_address:
            return world
        graph = self._known.summaries.graph(site.callee)
        if graph is None:
            written: frozenset[str] | None = None if parameter.is_mutable else frozenset()
        else:
            written = graph.ask(written_fields).get(parameter.name or "", frozenset())
        gone = frozenset(
            place
            for place in world.places
            if place[0] is variable
            and place[1][: len(path)] == path
            and len(place[1]) > len(path)
            and (written is None or place[1][len(path)] in written)
        )
        return world._replace(places=world.places - gone) if gone else world

    def _reads(self, site: Site, rest: Path, use: Use) -> bool:
        """Whether a use reads the string or keeps it."""
        match site.role:
            case Role.ARGUMENT | Role.RECEIVER:
                if site.callee is None:
                    return (
                        not rest
                        and not self._is_number(use)
                        and unresolved_effect(site) is not Effect.UNKNOWN
                    )
                position = -1 if site.role is Role.RECEIVER else site.position
                return self._callee_reads(site.callee, position, rest)
            case Role.RETURNED:
                return True
            case Role.ELEMENT | Role.CONSTRUCTED | Role.STORED:
                return not rest
            case Role.OPERAND | Role.CONDITION:
                return not rest and not self._is_number(use)
            case _:
                return False

    def _callee_reads(self, callee: FunctionInfo, position: int, rest: Path) -> bool:
        graph = self._known.summaries.graph(callee)
        if not rest:
            return True
        variable = graph.parameter(position) if graph is not None else None
        if graph is None or variable is None:
            return False
        for inner in graph.uses(variable):
            path, node, site = access(graph, inner)
            if path != rest or site is None:
                continue
            if not (isinstance(site.parent, nodes.Assignment) and site.parent.target is node):
                return True
        return False

    @staticmethod
    def _is_number(use: Use) -> bool:
        type_ = use.variable.type
        return type_ is not None and type_.name in _MACHINE_WORDS

    def _called(self, call: CallSite, world: _World) -> Iterable[_World]:
        """The compiler drops a struct that a statement gets and does not keep."""
        if call.site.role is not Role.DISCARDED or call.type is None or call.constructor:
            return (world,)
        dropped = {path for path in self._known.dropped_paths(call.type) if path}
        if not dropped:
            return (world,)
        assert world.places is not None
        strings = self._values.of(self.graph, call.node)
        results = []
        for paths in self._paths_of(strings, world.places):
            shared = paths & dropped
            if shared:
                variable = next(iter(sorted(world.places, key=_place_order)))[0]
                freed = Freed(call.node, Way.DISCARDED, variable.name)
                results.append(self._free(world, (variable, min(shared)), freed))
            else:
                results.append(world)
        return results

    def _left(self, exit_: Exit, world: _World) -> _World:
        """Variables go out of scope, and the compiler drops those that it registered."""
        assert world.places is not None
        gone = frozenset(exit_.variables)
        before, places = world, world.places
        holders = {holder for holder, _ in places}
        for variable in exit_.variables:
            if variable not in holders or variable.type is None:
                continue
            if not self._known.is_dropped(self.graph, variable):
                continue
            if not self._known.drops.covers(self.graph, variable, exit_):
                continue
            dropped = self._known.dropped_paths(variable.type)
            for path in sorted(path for holder, path in places if holder is variable):
                if path in dropped:
                    freed = Freed(exit_.node, Way.DROPPED, variable.name)
                    world = self._free(world, (variable, path), freed)
        if exit_.value is not None and before.freed is None and world.freed is not None:
            self._lost_value(exit_, exit_.value, before, world)
        return world._replace(places=frozenset(place for place in places if place[0] not in gone))

    def _lost_value(self, exit_: Exit, value: Expression, before: _World, after: _World) -> None:
        """What leaves with an exit is freed by that exit."""
        site = self.graph.site_of(value)
        if site is None or site.role is Role.DISCARDED or before.places is None:
            return
        if any(self._paths_of(self._values.of(self.graph, value), before.places)[:1][0]):
            place = next(iter(sorted(before.places, key=_place_order)))
            self._touch(after, place, value)

    # -- findings -----------------------------------------------------------------------------

    def _free(self, world: _World, place: Place, freed: Freed) -> _World:
        if self._is_noting:
            self.freed.add(freed)
        if world.freed is None:
            self._clean.add((freed.node.start, freed.name))
            return world._replace(freed=freed)
        if world.freed.node is freed.node and world.freed.way is freed.way and world.freed.name == freed.name:
            return world
        if self._is_noting and self._counts(world.freed, freed):
            is_end = freed.way is Way.DROPPED
            at = freed.node
            if is_end:
                at = world.freed.node if world.freed.way is not Way.DROPPED else place[0].node
            misuse = StringMisuse(
                at, place[0], place[1], world.freed, freed, True, world.freed.is_certain and freed.is_certain
            )
            self._note(misuse)
        return world

    def _note(self, misuse: StringMisuse) -> None:
        """Keep one misuse of each place, the same in every run."""
        key = misuse.node.start, misuse.is_release
        known = self._misuses.get(key)
        if known is None or _first_places(misuse) < _first_places(known):
            self._misuses[key] = misuse

    def _touch(self, world: _World, place: Place, node: Node) -> None:
        first = world.freed
        if first is None:
            self._clean.add((node.start, ""))
        if first is None or not first.is_certain or not self._is_noting or not self._counts(first, None):
            return
        misuse = StringMisuse(node, place[0], place[1], first, None, False, True)
        self._note(misuse)

    def _counts(self, first: Freed, second: Freed | None) -> bool:
        """Whether the string is one that must not be freed: made here, held by a field, or freed by hand."""
        if isinstance(self.source, Made):
            return True
        if first.by_program:
            return isinstance(self.source, Given)
        return isinstance(self.source, Read | Given) and bool(self.source.path)


def _place_order(place: Place) -> tuple[int, Path]:
    return place[0].offset, place[1]


def _first_places(misuse: StringMisuse) -> tuple[int, int, str]:
    second = misuse.second
    return misuse.first.node.start, second.node.start if second is not None else 0, misuse.text
