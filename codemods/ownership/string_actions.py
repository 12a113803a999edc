"""The actions of a function that can concern one string; following it passes over all others.

In the manner of the sparse evaluation graphs of Choi, Cytron and Ferrante (1991), for one string at a time.
Without them a function with many strings costs the square of its length.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    Assume,
    CallSite,
    ControlFlowGraph,
    Declare,
    Exit,
    ExitKind,
    Role,
    Use,
    Variable,
)
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.ownership.flags import flags
from codemods.ownership.string_values import (
    Given,
    Held,
    Made,
    Read,
    Source,
    Span,
    Strings,
    StringValues,
)
from tml_ast import nodes

LEAVING = frozenset((ExitKind.RETURN, ExitKind.TAIL, ExitKind.END, ExitKind.PROPAGATE, ExitKind.THROW))
"""The exits that leave the function."""

_Placed = tuple[int, int, Action]
"""An action with the number of its block and its position there."""


class StringActions:
    """The actions of one function, by the variables and flags that they concern."""

    def __init__(self, graph: ControlFlowGraph, values: StringValues) -> None:
        self._graph = graph
        self._values = values
        self._always: list[_Placed] = []
        """The ends of the function, and what decides where paths go."""
        self._of_variable: dict[Variable, list[_Placed]] = defaultdict(list)
        self._holders: dict[Variable, set[Variable]] = defaultdict(set)
        """The variables that a value moves on to."""
        self._makers: dict[tuple[type[Source], Span], set[Variable]] = defaultdict(set)
        """The variables that get a string where it comes from."""
        for number, block in enumerate(graph.reachable):
            for position, action in enumerate(block.actions):
                self._note((number, position, action))

    def concerning(self, source: Source) -> Mapping[BasicBlock[Action], Sequence[Action]]:
        """The actions of each block that can concern a string, in the order they were written."""
        placed = {(number, position): action for number, position, action in self._always}
        for variable in self._holding(source):
            placed |= {(number, position): action for number, position, action in self._of_variable[variable]}
        found: dict[BasicBlock[Action], list[Action]] = {}
        for number, position in sorted(placed):
            found.setdefault(self._graph.reachable[number], []).append(placed[number, position])
        return found

    def _holding(self, source: Source) -> Iterable[Variable]:
        """The variables that may hold a string at some time."""
        found: dict[Variable, None] = {}
        pending: list[Variable] = []
        if isinstance(source, Given):
            parameter = self._graph.parameter(source.position)
            pending += [parameter] if parameter is not None else []
        elif isinstance(source, Made | Read):
            pending += self._makers[type(source), source.node]
        while pending:
            variable = pending.pop()
            if variable not in found:
                found[variable] = None
                pending += self._holders[variable]
        return found

    def _note(self, placed: _Placed) -> None:
        action = placed[2]
        match action:
            case Declare() | Assign():
                self._note_value(action, placed)
            case Assume():
                use = self._graph.use_at(action.node) if not isinstance(action.node, nodes.Arm) else None
                if use is not None and use.variable in self._graph.ask(flags):
                    self._always.append(placed)
            case Use():
                self._of_variable[action.variable].append(placed)
            case CallSite() if action.site.role is Role.DISCARDED:
                for variable in _held(self._values.of(self._graph, action.node)):
                    self._of_variable[variable].append(placed)
            case Exit():
                if action.kind in LEAVING:
                    self._always.append(placed)
                for variable in action.variables:
                    self._of_variable[variable].append(placed)

    def _note_value(self, action: Declare | Assign, placed: _Placed) -> None:
        variable = action.variable
        if variable in self._graph.ask(flags):
            self._always.append(placed)
        self._of_variable[variable].append(placed)
        if isinstance(action, Assign):
            if action.node.operator != "=":
                return
            strings = self._values.of(self._graph, action.node.value)
        else:
            strings = self._values.bound(self._graph, variable)
        for held in _held(strings):
            self._holders[held].add(variable)
        for sources in strings.values():
            for source in sources:
                if isinstance(source, Made | Read):
                    self._makers[type(source), source.node].add(variable)


def _held(strings: Strings) -> Iterator[Variable]:
    """The variables whose strings are in a value."""
    for sources in strings.values():
        for source in sources:
            if isinstance(source, Held):
                yield source.variable
