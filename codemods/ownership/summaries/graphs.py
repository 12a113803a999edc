"""The control-flow graphs of an index, each made once; those of an earlier state are used where they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codemods.model.compiler_profile import Traits
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.cfg.lowering import lower
from codemods.ownership.compiler.drops import called_name
from codemods.semantics.layers import Layer, by_function
from codemods.semantics.symbols import FunctionInfo, Index


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of the functions of an index: those that are gone, and the names that mean others now."""

    gone: frozenset[FunctionInfo]
    names: frozenset[str]

    @classmethod
    def between(cls, before: Index, after: Index) -> Replaced:
        """What differs between two states of the same types."""
        old, new = set(before.functions), set(after.functions)
        gone = {function.signature: function.name for function in old - new}
        come = {function.signature: function.name for function in new - old}
        differing = gone.keys() ^ come.keys()
        names = {name for signature, name in (*gone.items(), *come.items()) if signature in differing}
        return cls(frozenset(old - new), frozenset(names))

    def leaves(
        self, graphs: Mapping[FunctionInfo, ControlFlowGraph | None]
    ) -> dict[FunctionInfo, ControlFlowGraph | None]:
        """The control-flow graphs that are still right: a graph names what it calls.

        A graph is left out when a function that it calls was replaced, or when a name that it calls may mean
        another function now.
        """
        return {
            function: graph
            for function, graph in graphs.items()
            if function not in self.gone and (graph is None or self._leaves(graph))
        }

    def _leaves(self, graph: ControlFlowGraph) -> bool:
        return not any(
            call.callee in self.gone or (self.names and called_name(call.node) in {None, *self.names})
            for part in graph.with_closures()
            for call in part.calls
        )


class Graphs(Layer):
    """The control-flow graphs of the functions of an index."""

    def __init__(
        self,
        index: Index,
        traits: Traits,
        previous: Graphs | None = None,
        library: Graphs | None = None,
    ) -> None:
        super().__init__(index, library)
        self._traits = traits
        self.made: dict[FunctionInfo, ControlFlowGraph | None] = {}
        """Those that are made already; None for a function without a body."""
        self.replaced: Replaced | None = None
        """What differs from the previous state; None where nothing of that holds."""
        if previous is not None and index.continues is previous.index:
            self.replaced = Replaced.between(previous.index, index)
            self.made = self.replaced.leaves(previous.made)

    @by_function
    def of(self, function: FunctionInfo) -> ControlFlowGraph | None:
        """The control-flow graph of a function; None if it has no body."""
        if function not in self.made:
            self.made[function] = lower(self.index, function, self._traits)
        return self.made[function]
