"""The values of a line: who frees each, and what an explanation says about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemods.fixes.naming import listed, short_code
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import Assign, ControlFlowGraph, Role, Use, Variable, VariableKind
from codemods.review.value_facts import Ownership, TemporaryFacts, ValueClassifier
from codemods.review.value_statements import About, Statement, ValueStatements
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression

HEADLINES = {
    Ownership.LEAKS: "leaks",
    Ownership.UNCLEAR: "cannot be followed to its end",
    Ownership.RELEASED: "is released",
    Ownership.DROPPED: "the compiler frees it",
    Ownership.MOVED: "is given away",
    Ownership.VIEW: "is a view",
    Ownership.BORROWED: "belongs to the caller",
    Ownership.NOTHING: "owns nothing",
}


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """A variable, or a value that no variable holds, with what is known about it.

    ``offset`` and ``length`` are the bytes that stand for it on the line that is explained.
    """

    name: str
    type: str
    ownership: Ownership
    offset: int
    length: int
    places: frozenset[int]
    """The offsets that a finding about it may have."""
    causes: tuple[FunctionInfo, ...]
    """The functions by whose declaration it is lost."""
    statements: tuple[Statement, ...]
    rules: tuple[str, ...] = ()
    """The rules with a finding about it that says more than its ownership."""

    @property
    def headline(self) -> str:
        """Who frees it, as a short statement."""
        return f"has a finding of {listed(self.rules)}" if self.rules else HEADLINES[self.ownership]


_INSIDE = frozenset((Role.RECEIVER, Role.FIELD, Role.OPERAND, Role.CAST))
"""Uses that start another expression, which findings at that place are about."""


class ValueExplainer:
    """Explains the values of one function; ``graph`` is its graph or that of a closure."""

    def __init__(self, analysis: Analysis, graph: ControlFlowGraph) -> None:
        self._graph = graph
        self._classifier = ValueClassifier(analysis, graph)
        self._statements = ValueStatements(self._classifier)

    def variable(self, variable: Variable, offset: int, length: int, here: Sequence[Use]) -> ExplainedValue:
        """What is known about a variable; ``here`` are its uses on the line that is explained."""
        facts = self._classifier.of_variable(variable)
        origin, *statements = self._statements.of_variable(facts)
        used = dict.fromkeys(map(self._statements.of_use, here))
        if facts.ownership is not Ownership.NOTHING:
            statements = [*(Statement(About.HERE, text) for text in used), *statements]
        leaks = facts.ownership is Ownership.LEAKS
        return ExplainedValue(
            name=variable.name,
            type=str(variable.type) if variable.type is not None else "unknown",
            ownership=facts.ownership,
            offset=offset,
            length=length,
            places=frozenset(self._places(variable)),
            causes=tuple(self._classifier.losing_functions(variable)) if leaks else (),
            statements=(origin, *statements),
        )

    def _places(self, variable: Variable) -> Iterator[int]:
        """The offsets that a finding about a variable may have."""
        yield from (variable.offset, variable.node.start)
        for action in self._graph.actions():
            match action:
                case Use() if action.variable is variable and action.site.role not in _INSIDE:
                    yield action.node.start
                case Assign() if action.variable is variable:
                    yield action.node.start
        bound = variable.value if variable.kind in (VariableKind.LET, VariableKind.VAR) else None
        # In `let x = a.b().c()` a finding there is about `a.b()`, unless that owns nothing.
        if bound is not None and bound.start not in self._owning_temporaries:
            yield bound.start

    def temporaries(self) -> Iterator[ExplainedValue]:
        """What is known about the values that no variable holds."""
        return map(self._temporary, self._temporaries)

    @cached_property
    def _temporaries(self) -> list[TemporaryFacts]:
        return list(self._classifier.temporaries())

    @cached_property
    def _owning_temporaries(self) -> frozenset[int]:
        """Where the values start that no variable holds and that belong to nobody else."""
        return frozenset(
            facts.node.start
            for facts in self._temporaries
            if facts.ownership not in (Ownership.VIEW, Ownership.BORROWED)
        )

    def _temporary(self, facts: TemporaryFacts) -> ExplainedValue:
        node = facts.node
        start = _shown_from(node)
        return ExplainedValue(
            name=short_code(node.text),
            type=str(facts.type),
            ownership=facts.ownership,
            offset=start,
            length=node.end - start,
            places=frozenset((node.start,)),
            causes=(),
            statements=tuple(self._statements.of_temporary(facts)),
        )


def _shown_from(node: Expression) -> int:
    """Where the part of a call starts that is on the line of its name: the node's start if it is one line."""
    if isinstance(node, nodes.MethodCall) and "\n" in node.receiver.text + node.text:
        token = node.token("IDENT")
        assert token is not None
        return token.start
    return node.start
