"""What a rule may ask about a file, and what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.fixes.facts import Facts
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.elements import OwnedList
from codemods.ownership.obligations import Analysis, Obligation
from codemods.semantics.symbols import STR, FunctionInfo, SourceFile
from tml_ast import nodes, position
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Node


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding before it has a phase: edits are spans of the file as it is now."""

    rule: str
    offset: int
    function: str
    message: str
    verdict: Verdict
    edits: tuple[SourceEdit, ...] = ()
    opens_block: bool = False
    """Whether the edits put a block around code that other edits may want to get into."""


class Context:
    """One file of a workspace, and what is known about it."""

    def __init__(self, facts: Facts, file: SourceFile, line: Callable[[int], int]) -> None:
        self._facts = facts
        self.analysis = facts.analysis
        self.names = facts.names
        self.fields = facts.fields
        self.lists = facts.lists
        self.reservations = facts.reservations
        self.tests = facts.tests
        self.file = file
        self.line = line
        """The 1-based line, in the file as the user knows it, of a byte offset of ``file``."""
        self._graphs: list[tuple[FunctionInfo, ControlFlowGraph]] | None = None
        self._obligations: dict[int, list[Obligation]] = {}

    def beside(self, file: SourceFile) -> Context:
        """Another file of the same workspace; its lines are those that it has now."""
        facts = self._facts
        if file.path not in self.analysis.index.files:
            facts = facts.of_test(file.path) or facts
        return Context(facts, file, lambda offset: position(file.source, offset)[0])

    def lists_of_tests(self) -> Iterator[OwnedList]:
        """The lists of strings in the tests, made by functions of the library."""
        return self._facts.lists_of_tests()

    @cached_property
    def parents(self) -> dict[int, Node]:
        """The parent of every node, by the identity of the node."""
        return {
            id(child): node
            for node in self.file.tree.walk()
            for child in node.children
            if isinstance(child, Node)
        }

    def parent(self, node: Node) -> Node | None:
        """The node that ``node`` is a child of."""
        return self.parents.get(id(node))

    def ancestors(self, node: Node) -> Iterator[Node]:
        """The nodes around ``node``, innermost first."""
        current = self.parent(node)
        while current is not None:
            yield current
            current = self.parent(current)

    @cached_property
    def functions(self) -> list[FunctionInfo]:
        """The functions that the file declares."""
        return self.analysis.index.functions_in(self.file)

    def functions_of_library(self) -> Iterator[tuple[Analysis, FunctionInfo]]:
        """The functions of the library, each with what is known about it."""
        return ((self.analysis, function) for function in self.analysis.index.functions)

    def graphs(self) -> list[tuple[FunctionInfo, ControlFlowGraph]]:
        """The functions with a body and their control-flow graphs, each closure with one of its own."""
        if self._graphs is None:
            known = ((function, self.analysis.summaries.graph(function)) for function in self.functions)
            self._graphs = [
                (function, each)
                for function, graph in known
                if graph is not None
                for each in graph.with_closures()
            ]
        return self._graphs

    def obligations(self, graph: ControlFlowGraph) -> list[Obligation]:
        """The obligations of a function, made once."""
        if id(graph) not in self._obligations:
            self._obligations[id(graph)] = self.analysis.obligations(graph)
        return self._obligations[id(graph)]

    def text_length(self, text: str) -> str:
        """The length of a string expression, by what the file imports or declares."""
        imported = any(
            isinstance(item, nodes.Use) and item.path[-1:] == ["str"] and item.group is None
            for item in self.file.tree.items
        )
        if imported:
            return f"str::len({text})"
        measure = self.analysis.index.functions_named(["len"], self.file)
        own = [each for each in measure if [value.type for value in each.values] == [STR]]
        if own:
            return f"len({text})"
        return f"{text}.len()" if text.isidentifier() else f"({text}).len()"
