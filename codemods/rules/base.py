"""What a rule is, what it may ask, and what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count

from codemods.findings import Verdict
from codemods.ownership.elements import OwnedLists
from codemods.ownership.fields import Fields
from codemods.ownership.flow import Flow
from codemods.ownership.obligations import Analysis, Obligation
from codemods.ownership.reservations import Reservations
from codemods.symbols import STR, FunctionInfo, SourceFile
from tml_ast import nodes, position
from tml_ast.edit import SourceEdit
from tml_ast.lexer import KEYWORDS
from tml_ast.nodes import Node


@dataclass(frozen=True, slots=True)
class Proposal:
    """A finding before it has a phase: edits are spans of the file as it is now."""

    rule: str
    offset: int
    function: str
    message: str
    verdict: Verdict
    edits: tuple[SourceEdit, ...] = ()
    opens_block: bool = False
    """Whether the edits put a block around code that other edits may want to get into."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fix: its trigger and its explanation, with examples that are run as tests.

    ``valid`` are sources in which the rule fixes nothing; ``invalid`` are pairs of a source and what
    it becomes; ``reported`` are sources that it only has something to say about.
    All of them stand beside ``prelude.tml``.
    """

    name: str
    summary: str
    reason: str
    check: Callable[[Context], Iterable[Proposal]]
    invalid: tuple[tuple[str, str], ...]
    valid: tuple[str, ...]
    reported: tuple[str, ...] = ()

    @property
    def before(self) -> str:
        """The first example, before."""
        return self.invalid[0][0] if self.invalid else self.reported[0]

    @property
    def after(self) -> str | None:
        """The first example, after; None for a rule that fixes nothing."""
        return self.invalid[0][1] if self.invalid else None


class Names:
    """The names of a workspace that a new variable must not meet.

    The compiler cancels drops by name, and in impl methods it forgets to forget: a name that one
    method gives away is not dropped in the next. So a variable that relies on its drop needs a name
    that the library gives away nowhere, and one that is given away a name that it drops nowhere. Free
    functions start afresh, so in a test only its own names count.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def _flows(self) -> Iterator[Flow]:
        for function in self._analysis.index.functions_outside_tests:
            flow = self._analysis.summaries.flow(function)
            if flow is not None:
                yield flow

    @cached_property
    def _consumers(self) -> dict[str, set[FunctionInfo]]:
        consumers: dict[str, set[FunctionInfo]] = {}
        for flow in self._flows():
            for name, _ in self._analysis.drops.consumptions(flow):
                consumers.setdefault(name, set()).add(flow.function)
        return consumers

    def is_consumed(self, name: str, besides: FunctionInfo) -> bool:
        """Whether a library function other than ``besides`` gives away a variable of this name."""
        return bool(self._consumers.get(name, set()) - {besides})

    @cached_property
    def _dropped(self) -> frozenset[str]:
        drops = self._analysis.drops
        return frozenset(
            variable.name
            for flow in self._flows()
            for variable in flow.variables
            if drops.is_registered(variable)
        )

    def for_dropped(self, function: FunctionInfo, *candidates: str, taken: Iterable[str] = ()) -> str:
        """A name for a variable of ``function`` that the compiler shall drop."""
        return self._fresh(function, candidates, taken, self._consumers)

    def for_consumed(self, function: FunctionInfo, *candidates: str, taken: Iterable[str] = ()) -> str:
        """A name for a variable of ``function`` that is returned or given away."""
        return self._fresh(function, candidates, taken, self._dropped)

    def _fresh(
        self,
        function: FunctionInfo,
        candidates: Sequence[str],
        taken: Iterable[str],
        hazards: Container[str],
    ) -> str:
        """The first candidate that is new to the function and no hazard; numbered when there is none."""
        refused = KEYWORDS | frozenset(taken) | _identifiers(function)
        if function.file.is_test and function.owner is None:
            hazards = ()
        numbered = (f"{candidates[0]}_{number}" for number in count(2))
        return next(
            each for each in chain(candidates, numbered) if each not in refused and each not in hazards
        )


def _identifiers(function: FunctionInfo) -> frozenset[str]:
    return frozenset(token.text for token in function.node.tokens() if token.type == "IDENT")


class Context:
    """One file of a workspace, and what is known about it."""

    def __init__(
        self,
        analysis: Analysis,
        names: Names,
        fields: Fields,
        lists: OwnedLists,
        reservations: Reservations,
        file: SourceFile,
        line: Callable[[int], int],
    ) -> None:
        self.analysis = analysis
        self.names = names
        self.fields = fields
        self.lists = lists
        self.reservations = reservations
        self.file = file
        self.line = line
        """The 1-based line, in the file as the user knows it, of a byte offset of ``file``."""
        self._obligations: dict[int, list[Obligation]] = {}

    def beside(self, file: SourceFile) -> Context:
        """Another file of the same workspace; its lines are those that it has now."""
        return Context(
            self.analysis,
            self.names,
            self.fields,
            self.lists,
            self.reservations,
            file,
            lambda offset: position(file.source, offset)[0],
        )

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

    def flows(self) -> Iterator[tuple[FunctionInfo, Flow]]:
        """The functions with a body and their control-flow graphs, each closure with one of its own."""
        for function in self.functions:
            flow = self.analysis.summaries.flow(function)
            if flow is not None:
                for each in flow.with_closures():
                    yield function, each

    def obligations(self, flow: Flow) -> list[Obligation]:
        """The obligations of a function, made once."""
        if id(flow) not in self._obligations:
            self._obligations[id(flow)] = self.analysis.obligations(flow)
        return self._obligations[id(flow)]

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
