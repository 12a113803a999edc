"""What a rule is, what it may ask, and what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.findings import Verdict
from codemods.ownership.fields import Fields
from codemods.ownership.flow import Flow
from codemods.ownership.obligations import Analysis, Obligation
from codemods.symbols import FunctionInfo, SourceFile
from tml_ast.edit import SourceEdit
from tml_ast.lexer import KEYWORDS, position
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


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fix: its trigger and its explanation, with examples that are run as tests.

    ``valid`` are sources in which the rule finds nothing; ``invalid`` are pairs of a source and what
    it becomes. All of them stand beside the module of ``examples.py``.
    """

    name: str
    summary: str
    reason: str
    check: Callable[[Context], Iterable[Proposal]]
    invalid: tuple[tuple[str, str], ...]
    valid: tuple[str, ...]

    @property
    def before(self) -> str:
        """The first example, before."""
        return self.invalid[0][0]

    @property
    def after(self) -> str:
        """The first example, after."""
        return self.invalid[0][1]


class Names:
    """The identifiers of a workspace, so that a new one collides with nothing.

    In impl methods the compiler forgets to clear the names that it holds for consumed, so a variable
    is only sure to be dropped when its name is consumed nowhere in the library.
    """

    def __init__(self, analysis: Analysis, files: Iterable[SourceFile]) -> None:
        self._analysis = analysis
        self._files = tuple(files)

    @cached_property
    def used(self) -> frozenset[str]:
        """Every identifier that occurs."""
        return _identifiers(self._files)

    @cached_property
    def consumed(self) -> frozenset[str]:
        """Every name that some library function consumes."""
        names: set[str] = set()
        for function in self._analysis.index.functions:
            if function.file.is_test:
                continue
            flow = self._analysis.summaries.flow(function)
            if flow is not None:
                names.update(name for name, _ in self._analysis.drops.consumptions(flow))
        return frozenset(names)

    def fresh(self, *candidates: str, taken: Iterable[str] = (), within: SourceFile | None = None) -> str:
        """The first candidate that occurs nowhere (in the file ``within``), numbered when all do."""
        used = self.used if within is None else _identifiers((within,))
        refused = used | KEYWORDS | frozenset(taken)
        for candidate in candidates:
            if candidate not in refused:
                return candidate
        number = 2
        while f"{candidates[0]}_{number}" in refused:
            number += 1
        return f"{candidates[0]}_{number}"


def _identifiers(files: Iterable[SourceFile]) -> frozenset[str]:
    return frozenset(token.text for file in files for token in file.tree.tokens() if token.type == "IDENT")


class Context:
    """One file of a workspace, and what is known about it."""

    def __init__(self, analysis: Analysis, names: Names, fields: Fields, file: SourceFile) -> None:
        self.analysis = analysis
        self.names = names
        self.fields = fields
        self.file = file
        self._obligations: dict[FunctionInfo, list[Obligation]] = {}

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
        return [each for each in self.analysis.index.functions if each.file is self.file]

    def flows(self) -> Iterator[tuple[FunctionInfo, Flow]]:
        """The functions with a body, and their control-flow graphs."""
        for function in self.functions:
            flow = self.analysis.summaries.flow(function)
            if flow is not None:
                yield function, flow

    def obligations(self, flow: Flow) -> list[Obligation]:
        """The obligations of a function, made once."""
        if flow.function not in self._obligations:
            self._obligations[flow.function] = self.analysis.obligations(flow)
        return self._obligations[flow.function]

    def fresh_name(self, function: FunctionInfo, *candidates: str, taken: Iterable[str] = ()) -> str:
        """A name for a new variable of ``function``.

        In a test it only has to be new to its file; in the library, to the whole workspace.
        """
        return self.names.fresh(*candidates, taken=taken, within=self.file if function.is_test else None)

    def line(self, offset: int) -> int:
        """The 1-based line of a byte offset."""
        return position(self.file.source, offset)[0]
