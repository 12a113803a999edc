"""What a rule may ask about a file, and how it says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.facts import Facts
from codemods.model.findings import Paths, Verdict
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.ownership.compiler.consumption import is_visible_in
from codemods.ownership.elements import OwnedList
from codemods.ownership.error_paths import paths_of_leaks, paths_of_place
from codemods.ownership.obligations import ObligationReport
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import nodes, position
from tml_ast.lexer import Token
from tml_ast.nodes import Node


class FileFacts:
    """What all rules share about one file; each part is computed on the first request."""

    def __init__(self, analysis: Analysis, file: SourceFile) -> None:
        self._analysis = analysis
        self._file = file

    @cached_property
    def parents(self) -> dict[int, Node]:
        """The parent of every node, by the identity of the node."""
        return {
            id(child): node
            for node in self._file.tree.walk()
            for child in node.children
            if isinstance(child, Node)
        }

    @cached_property
    def functions(self) -> list[FunctionInfo]:
        """The functions that the file declares."""
        return self._analysis.index.functions_in(self._file)

    @cached_property
    def graphs(self) -> list[tuple[FunctionInfo, ControlFlowGraph]]:
        """The functions that are looked at, with their graphs; each closure has one of its own."""
        known = ((function, self._analysis.summaries.graph(function)) for function in self.functions)
        return [
            (function, inner)
            for function, graph in known
            if graph is not None and not graph.is_too_large
            for inner in graph.with_closures()
        ]

    @cached_property
    def too_large(self) -> list[FunctionInfo]:
        """The functions that no rule looks at, because that would take too long."""
        graphs = ((function, self._analysis.summaries.graph(function)) for function in self.functions)
        return [function for function, graph in graphs if graph is not None and graph.is_too_large]


class Context:
    """One file of a workspace as a rule sees it: what is known about it, and the way to report.

    ``rule`` is the name that its diagnostics get.
    """

    def __init__(
        self,
        facts: Facts,
        file: SourceFile,
        line: Callable[[int], int],
        rule: str = "",
        file_facts: FileFacts | None = None,
    ) -> None:
        self._facts = facts
        self._file_facts = file_facts or FileFacts(facts.analysis, file)
        self.rule = rule
        self.analysis = facts.analysis
        self.names = facts.names
        self.fields = facts.fields
        self.field_states = facts.field_states
        self.lists = facts.lists
        self.map_entries = facts.map_entries
        self.purity = facts.purity
        self.contents = facts.contents
        self.reservations = facts.reservations
        self.tests = facts.tests
        self.file = file
        self.conditions: dict[FunctionInfo, set[str]] = {}
        """The names that the rule has given to conditions, by the function."""
        self.explained: set[tuple[int, str]] = set()
        """The functions and defects of the compiler that the rule has put a comment on."""
        self.line = line
        """The 1-based line, in the file as the user knows it, of a byte offset of ``file``."""

    def for_rule(self, name: str) -> Context:
        """The same file for another rule."""
        return Context(self._facts, self.file, self.line, name, self._file_facts)

    def beside(self, file: SourceFile) -> Context:
        """Another file of the same workspace; its lines are those that it has now."""
        facts = self._facts
        if file.path not in self.analysis.index.files:
            facts = facts.of_test(file.path) or facts
        return Context(facts, file, lambda offset: position(file.source, offset)[0], self.rule)

    # -- diagnostics --------------------------------------------------------------------------

    def fix(
        self,
        function: ControlFlowGraph | FunctionInfo | str,
        at: Variable | Node | Token,
        message: str,
        repair: Repair | Refusal,
        *,
        paths: Paths | None = None,
        relies_on: Iterable[str] = (),
    ) -> Diagnostic:
        """A finding with the edits that fix it; with a refusal it is only reported, and says why.

        A repair that assumes something is offered for review, and the message says what it assumes.
        ``function`` may be a qualified name, for a type or a function that is not there yet. ``paths`` are
        those on which it leaks, by default all ways out of a variable's scope, or those past a node.
        ``relies_on`` are the paths of other files in which fixes must follow, or `EVERY_FILE`.
        """
        if isinstance(repair, Refusal):
            return self.report(function, at, message, because=repair.reason, paths=paths)
        message = f"{message}; {repair.remark}" if repair.remark else message
        verdict = Verdict.FIXABLE
        if repair.assumption:
            verdict = Verdict.REVIEW
            message = f"{message}; the fix assumes that {repair.assumption}"
        found = self._diagnostic(function, at, message, verdict, repair, paths)
        others = frozenset(relies_on) - {self.file.path}
        return replace(found, relies_on=others) if others else found

    def report(
        self,
        function: ControlFlowGraph | FunctionInfo | str,
        at: Variable | Node | Token,
        message: str,
        *,
        because: str = "",
        paths: Paths | None = None,
    ) -> Diagnostic:
        """A finding without edits; ``because`` ends its message."""
        message = f"{message}; {because}" if because else message
        return self._diagnostic(function, at, message, Verdict.REPORTED, Repair(()), paths)

    def _diagnostic(
        self,
        function: ControlFlowGraph | FunctionInfo | str,
        at: Variable | Node | Token,
        message: str,
        verdict: Verdict,
        repair: Repair,
        paths: Paths | None,
    ) -> Diagnostic:
        offset = at.offset if isinstance(at, Variable) else at.start
        if isinstance(function, ControlFlowGraph):
            paths = paths or _paths(function, at)
            function = function.function
        name = function if isinstance(function, str) else function.qualified_name
        return Diagnostic(
            self.rule,
            offset,
            name,
            message,
            verdict,
            repair.edits,
            repair.opens_block,
            paths=paths or Paths.NORMAL,
        )

    def refusal_to_call(self, method: FunctionInfo) -> Refusal | None:
        """Why code of the file cannot call a method; a private one of a library is found by no caller."""
        if is_visible_in(method, self.file):
            return None
        return Refusal(f"{method.qualified_name}() is private, and the compiler finds no private method")

    # -- the file -----------------------------------------------------------------------------

    def parent(self, node: Node) -> Node | None:
        """The node that ``node`` is a child of."""
        return self._file_facts.parents.get(id(node))

    def ancestors(self, node: Node) -> Iterator[Node]:
        """The nodes around ``node``, innermost first."""
        current = self.parent(node)
        while current is not None:
            yield current
            current = self.parent(current)

    def statement_of(self, node: Node) -> Node:
        """The statement of a block that a node is or belongs to."""
        current = node
        for parent in self.ancestors(node):
            if isinstance(parent, nodes.Block):
                break
            current = parent
        return current

    @property
    def functions(self) -> list[FunctionInfo]:
        """The functions that the file declares."""
        return self._file_facts.functions

    def graphs(self) -> list[tuple[FunctionInfo, ControlFlowGraph]]:
        """The functions that are looked at, with their graphs; each closure has one of its own."""
        return self._file_facts.graphs

    @property
    def too_large(self) -> list[FunctionInfo]:
        """The functions that no rule looks at, because that would take too long."""
        return self._file_facts.too_large

    def obligations(self, graph: ControlFlowGraph) -> Sequence[ObligationReport]:
        """The obligations of a function."""
        return self.analysis.obligations.of(graph)

    # -- the workspace ------------------------------------------------------------------------

    def functions_of_library(self) -> Iterator[tuple[Analysis, FunctionInfo]]:
        """The functions of the library, each with what is known about it."""
        return ((self.analysis, function) for function in self.analysis.index.functions)

    def lists_of_tests(self) -> Iterator[OwnedList]:
        """The lists of strings in the tests, made by functions of the library."""
        return self._facts.lists_of_tests()


def _paths(graph: ControlFlowGraph, at: Variable | Node | Token) -> Paths:
    if isinstance(at, Variable):
        return paths_of_leaks(graph, at, [exit_ for exit_ in graph.exits if at in exit_.leaving])
    return paths_of_place(graph, at) if isinstance(at, Node) else Paths.NORMAL
