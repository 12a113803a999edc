"""All that the rules may ask about one state of a workspace."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, count, pairwise

from codemods.model.compiler_profile import Trait
from codemods.ownership.allocates_audit import AllocatesAudit
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Variable
from codemods.ownership.compiler.consumption import consumptions, consumptions_of
from codemods.ownership.contents import Contents
from codemods.ownership.dependent_tests import NO_SOURCES, DependentTests, Sources
from codemods.ownership.elements import OwnedList, OwnedLists
from codemods.ownership.field_states import FieldStates
from codemods.ownership.fields import Fields
from codemods.ownership.map_entries import MapEntries
from codemods.ownership.summaries.purity import Purity
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.lexer import KEYWORDS, tokenize


class Names:
    """The names of a workspace that a new variable must not share.

    The compiler cancels drops by name, and carries the names that one method gives away over to the next
    method, where it does not drop them either. So a variable that relies on its drop needs a name that the
    library gives away nowhere, and one that is given away needs a name that the library drops nowhere. Free
    functions start with no such names, so in a test only its own names count.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def _graphs(self) -> Iterator[ControlFlowGraph]:
        for function in self._analysis.index.functions_outside_tests:
            graph = self._analysis.summaries.graph(function)
            if graph is not None:
                yield graph

    @cached_property
    def _consumers(self) -> dict[str, set[FunctionInfo]]:
        consumers: dict[str, set[FunctionInfo]] = {}
        for graph in self._graphs():
            for name, _ in consumptions(graph):
                consumers.setdefault(name, set()).add(graph.function)
        return consumers

    def is_consumed(self, name: str, besides: FunctionInfo) -> bool:
        """Whether a library function other than ``besides`` gives the name away, which a method inherits."""
        is_shared = Trait.SHARED_NAMES in self._analysis.drops.traits
        return is_shared and bool(self._consumers.get(name, set()) - {besides})

    @cached_property
    def _dropped(self) -> frozenset[str]:
        drops = self._analysis.drops
        return frozenset(
            variable.name
            for graph in self._graphs()
            for variable in graph.variables
            if drops.is_registered(variable) and self._may_be_dropped(graph, variable)
        )

    def _may_be_dropped(self, graph: ControlFlowGraph, variable: Variable) -> bool:
        """Whether a variable goes out of scope somewhere before its name is given away."""
        if not any(consumptions_of(graph, variable.name)):
            return True
        return any(
            self._analysis.drops.covers(graph, variable, action)
            for action in graph.actions()
            if isinstance(action, Exit) and variable in action.variables
        )

    def _starts_afresh(self, function: FunctionInfo) -> bool:
        """Whether only a function's own names count: in a test, one that is no method."""
        if Trait.SHARED_NAMES not in self._analysis.drops.traits:
            return True
        return function.file.is_test and function.owner is None

    def for_dropped(
        self,
        function: FunctionInfo,
        *candidates: str,
        taken: Iterable[str] = (),
        reusable: Iterable[str] = (),
    ) -> str:
        """A name for a variable of ``function`` that the compiler is to drop.

        ``reusable`` are names in the function that do not count.
        """
        hazards = () if self._starts_afresh(function) else self._consumers
        return self._fresh(function, candidates, taken, hazards, frozenset(reusable))

    def for_consumed(self, function: FunctionInfo, *candidates: str, taken: Iterable[str] = ()) -> str:
        """A name for a variable of ``function`` that is returned or given away."""
        hazards = () if self._starts_afresh(function) else self._dropped
        return self._fresh(function, candidates, taken, hazards)

    def _fresh(
        self,
        function: FunctionInfo,
        candidates: Sequence[str],
        taken: Iterable[str],
        hazards: Container[str],
        reusable: frozenset[str] = frozenset(),
    ) -> str:
        """The first candidate that is new to the function and no hazard, numbered if there is none."""
        refused = KEYWORDS | frozenset(taken) | (_identifiers(function) - reusable)
        numbered = (f"{candidates[0]}_{number}" for number in count(2))
        return next(
            name for name in chain(candidates, numbered) if name not in refused and name not in hazards
        )


def _identifiers(function: FunctionInfo) -> frozenset[str]:
    """The names in a function, apart from those of fields and methods, which no variable hides.

    Those in lines that a variant leaves out count too: each variant must give a value the same name.
    """
    entries = {node.start for node in function.node.walk() if _names_a_field(node)}
    start, end = function.node.start, function.node.end
    is_whole = function.file.variant is None
    tokens = function.node.tokens() if is_whole else tokenize(function.file.source[start:end])
    offset = 0 if is_whole else start
    return frozenset(
        token.text
        for before, token in pairwise(tokens)
        if token.type == "IDENT" and before.type != "." and token.start + offset not in entries
    )


def _names_a_field(node: nodes.Node) -> bool:
    """Whether a node of a struct literal starts with the name of a field, and has another value."""
    return isinstance(node, nodes.FieldInit) and node.value is not None


class Facts:
    """All that rules may ask about one state of a workspace, computed on the first request."""

    def __init__(
        self,
        analysis: Analysis,
        sources: Sources,
        paths: Container[str],
        *,
        library: Facts | None = None,
        before: Facts | None = None,
    ) -> None:
        """``sources`` hold the tests that use these files; ``paths`` are the files that get fixes.

        What is known about the ``library`` is taken from its facts, and what is known about the tests from
        the facts ``before``, as far as it still holds.
        """
        self.analysis = analysis
        self._sources = sources
        self._paths = paths
        self._of_tests: dict[str, Facts] = {}
        self.names: Names = library.names if library is not None else Names(analysis)
        self.fields: Fields = Fields(analysis, library.fields if library is not None else None)
        self.tests: DependentTests = DependentTests(
            analysis, sources, before.tests if before is not None else None
        )
        self.purity = Purity(analysis.summaries)
        self.contents = Contents(analysis)
        self.field_states = FieldStates(analysis, self.fields)
        self.lists = OwnedLists(analysis, self.fields, paths)
        self.map_entries = MapEntries(analysis, self.tests)
        self.reservations = AllocatesAudit(analysis, self.tests, paths)

    def beside(self, analysis: Analysis) -> Facts:
        """The facts about tests that use this library; other tests do not matter to them."""
        return Facts(analysis, NO_SOURCES, self._paths, library=self)

    def of_test(self, path: str) -> Facts | None:
        """The facts about a test that uses this library; None if it cannot be parsed."""
        analysis = self.tests.analysis(path)
        if analysis is None:
            return None
        if path not in self._of_tests:
            self._of_tests[path] = self.beside(analysis)
        return self._of_tests[path]

    def forget_test(self, path: str) -> None:
        """Drop what is known about a test."""
        self._of_tests.pop(path, None)
        self.tests.forget(path)

    def lists_of_tests(self) -> Iterator[OwnedList]:
        """The lists of strings in the tests that functions of the library make."""
        for path in self.tests.paths_mentioning(self._list_makers):
            facts = self.of_test(path) if path in self._paths else None
            if facts is not None:
                yield from facts.lists.all

    @cached_property
    def _list_makers(self) -> frozenset[str]:
        functions = self.analysis.index.functions_outside_tests
        return frozenset(function.name for function in functions if str(function.returns) == "List[Str]")
