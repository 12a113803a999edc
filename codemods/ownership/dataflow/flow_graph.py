"""Flow graphs over any kind of actions, and what can be said of their paths alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

A = TypeVar("A")
T = TypeVar("T")
G = TypeVar("G", bound="FlowGraph[Any]")


@dataclass(eq=False, slots=True)
class BasicBlock(Generic[A]):
    """Actions that happen in a row, and where control may go then."""

    actions: list[A] = field(default_factory=list)
    successors: list[BasicBlock[A]] = field(default_factory=list)


@dataclass(eq=False)
class FlowGraph(Generic[A]):
    """Basic blocks in the order they were written; control enters the first.

    A graph does not change once it is made. What follows from it is found when it is first asked for.
    """

    blocks: list[BasicBlock[A]]
    _results: dict[Callable[[Any], Any], Any] = field(default_factory=dict, init=False, repr=False)

    def ask(self: G, query: Callable[[G], T]) -> T:
        """The result of a function of the graph alone; it is called once."""
        if query not in self._results:
            self._results[query] = query(self)
        return cast(T, self._results[query])

    @property
    def entry(self) -> BasicBlock[A]:
        """Where control enters."""
        return self.blocks[0]

    @cached_property
    def reverse_postorder(self) -> Sequence[BasicBlock[A]]:
        """The blocks that control can reach, each before its successors except where a loop goes back."""
        finished: list[BasicBlock[A]] = []
        seen = {self.entry}
        path = [(self.entry, iter(self.entry.successors))]
        while path:
            block, successors = path[-1]
            successor = next((following for following in successors if following not in seen), None)
            if successor is None:
                finished.append(block)
                path.pop()
            else:
                seen.add(successor)
                path.append((successor, iter(successor.successors)))
        return finished[::-1]

    @cached_property
    def reachable(self) -> Sequence[BasicBlock[A]]:
        """The blocks that control can reach, in the order they were written."""
        reached = set(self.reverse_postorder)
        return [block for block in self.blocks if block in reached]

    @cached_property
    def predecessors(self) -> Mapping[BasicBlock[A], Sequence[BasicBlock[A]]]:
        """The blocks from which control may enter each reachable block."""
        found: dict[BasicBlock[A], list[BasicBlock[A]]] = {block: [] for block in self.reachable}
        for block in self.reachable:
            for successor in block.successors:
                found[successor].append(block)
        return found

    @cached_property
    def reachable_actions(self) -> Sequence[A]:
        """The actions of the blocks that control can reach, in the order they were written."""
        return [action for block in self.reachable for action in block.actions]

    def actions_after(self, start: A, ends: Callable[[A], bool]) -> Iterator[A]:
        """The actions that some path reaches after an action; a path ends at one that ``ends`` it.

        The action itself is among them where a loop comes back to it.
        """
        block, position = self._places[id(start)]
        pending = [(block, position + 1)]
        seen: set[BasicBlock[A]] = set()
        while pending:
            block, first = pending.pop()
            for action in block.actions[first:]:
                yield action
                if ends(action):
                    break
            else:
                fresh = [successor for successor in block.successors if successor not in seen]
                seen.update(fresh)
                pending += ((successor, 0) for successor in fresh)

    @cached_property
    def _places(self) -> Mapping[int, tuple[BasicBlock[A], int]]:
        """The block of each action, by the identity of the action, and its position there."""
        return {
            id(action): (block, position)
            for block in self.blocks
            for position, action in enumerate(block.actions)
        }
