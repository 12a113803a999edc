"""What the analysis knows of a tree, for the conditions of codemods."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

from codemods import engine
from codemods.model.settings import Settings
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable
from codemods.review.value_facts import Ground, Ownership, TemporaryGround, ValueClassifier
from codemods.semantic_patches import FactsOf
from codemods.semantics.symbols import Type
from tml_ast import Module, Node, TmlSyntaxError, Token, nodes, parse

_OWNED = (Ownership.LEAKS, Ownership.RELEASED, Ownership.DROPPED, Ownership.MOVED)
_OWNED_ON = (
    Ground.OBLIGATION,
    Ground.ADDRESS,
    Ground.DROPS,
    TemporaryGround.NEVER_DROPPED,
    TemporaryGround.UNSEEN,
    TemporaryGround.TESTS_ONLY,
)
"""The grounds of values that are new, although nobody knows who frees them."""


class TreeFacts:
    """The facts of a tree; each is found out when it is first asked for."""

    def __init__(self, files: Mapping[str, bytes], settings: Settings) -> None:
        self._files = files
        self._settings = settings
        self._trees: dict[str, Module | None] = {}

    def of_file(self, path: str) -> FactsOf:
        """The facts of a file by its text, while all other files are as they are."""
        return partial(_FileFacts, self, path)

    def files_with(self, names: Collection[bytes]) -> Iterator[Module]:
        """The files that hold these names, and can be parsed."""
        for path, text in self._files.items():
            if all(name in text for name in names):
                if path not in self._trees:
                    self._trees[path] = _parsed(text)
                tree = self._trees[path]
                if tree is not None:
                    yield tree

    def analysis(self, path: str, text: bytes) -> Analysis | None:
        """What is known of a file with this text; None for one that nothing is known of."""
        if self._settings.plan.phase_of(path) is None:
            return None
        try:
            return engine.facts({**self._files, path: text}, path, settings=self._settings)
        except TmlSyntaxError:
            return None


@dataclass
class _FileFacts:
    """The facts of a file with a text."""

    tree: TreeFacts
    path: str
    text: bytes
    _classifiers: dict[ControlFlowGraph, ValueClassifier] = field(default_factory=dict)

    def files_with(self, names: Collection[bytes]) -> Iterable[Module]:
        """The files of the tree that hold these names; the file itself as it was."""
        return self.tree.files_with(names)

    def is_owned(self, code: Node | Token) -> bool | None:
        """Whether a variable or an expression has a value of its own; None where that is not known."""
        for graph in self._graphs(code):
            if graph not in self._classifiers:
                self._classifiers[graph] = ValueClassifier(self._known, graph)
            classifier = self._classifiers[graph]
            variable = _variable(graph, code)
            if variable is not None:
                of_variable = classifier.of_variable(variable)
                if not of_variable.has_known_origin:
                    return None
                return _is_owned(of_variable.ownership, of_variable.ground)
            for value in classifier.temporaries():
                if _is_at(value.node, code):
                    return _is_owned(value.ownership, value.ground)
        return None

    def type_of(self, code: Node | Token) -> str | None:
        """The type of a value, as far as it follows."""
        type_ = self._type(code)
        return str(type_) if type_ is not None else None

    def methods_of(self, code: Node | Token) -> Collection[str] | None:
        """The names of the methods of a type, or of the type of a value."""
        if self._analysis is None:
            return None
        index = self._analysis.index
        type_ = self._type(code)
        if type_ is None and isinstance(code, nodes.TypeNode | Token):
            head = code if isinstance(code, Token) else code.first_token
            info = index.type_named([head.text], index.files[self.path])
            name = info.name if info is not None else None
        else:
            name = type_.target().name if type_ is not None else None
        return index.methods.get(name, {}).keys() if name is not None else None

    @cached_property
    def _analysis(self) -> Analysis | None:
        return self.tree.analysis(self.path, self.text)

    @property
    def _known(self) -> Analysis:
        assert self._analysis is not None
        return self._analysis

    def _graphs(self, code: Node | Token) -> Iterator[ControlFlowGraph]:
        """The graphs of the function around the code, and of the closures in it."""
        if self._analysis is None:
            return
        index = self._analysis.index
        for function in index.functions_in(index.files[self.path]):
            if function.node.start <= code.start < function.node.end:
                graph = self._analysis.summaries.graph(function)
                if graph is not None and not graph.is_too_large:
                    yield from graph.with_closures()

    def _type(self, code: Node | Token) -> Type | None:
        for graph in self._graphs(code):
            variable = _variable(graph, code)
            if variable is not None:
                return variable.type
            for node in graph.nodes:
                if _is_at(node, code) and (type_ := graph.type_of(node)) is not None:
                    return type_
        return None


def _variable(graph: ControlFlowGraph, code: Node | Token) -> Variable | None:
    """The variable that code names, where it is declared or used."""
    used = (use.variable for use in graph.all_uses if _is_at(use.node, code))
    declared = (each for each in graph.variables if each.offset == code.start)
    return next(used, None) or next(declared, None)


def _is_at(node: Node, code: Node | Token) -> bool:
    # The tree of the analysis is another one, of the same text.
    return node.start == code.start and node.end == code.end


def _is_owned(ownership: Ownership, ground: Ground | TemporaryGround) -> bool | None:
    if ownership is Ownership.UNCLEAR:
        return True if ground in _OWNED_ON else None
    return ownership in _OWNED


def _parsed(text: bytes) -> Module | None:
    try:
        return parse(text)
    except TmlSyntaxError:
        return None
