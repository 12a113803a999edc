"""A fast engine for the grammar: Python functions generated from the parsimonious Grammar object.

Each rule becomes a function over the list of token types. It returns the index behind the match or
-1, and appends what it matched to a list. First-token sets, computed from the grammar, decide most
choices without trying. What matched is not memoised, which the grammar allows because it rarely goes
back; where the rules of REMEMBERED failed is, so that nested code with an error takes linear time.
The trees are those of ``reference.parse_tokens``; tests compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from parsimonious.expressions import Expression, Lookahead, OneOf, Quantifier, TokenMatcher
from parsimonious.expressions import Sequence as InSequence

from tml_ast.grammar import MODULE, NODE_CLASSES, START_RULES, load_grammar
from tml_ast.lexer import Token
from tml_ast.lookahead import PREDICATES
from tml_ast.nodes import Module, Node
from tml_ast.precedence import FOLDS

REMEMBERED = (
    "expression",
    "conditional_expression",
    "plain_expression",
    "operand",
    "TernaryMiddle",
    "dotted_suffix",
    "bracket_suffix",
    "Arguments",
    "Block",
    "statement",
    "type",
    "GenericArguments",
    "GenericParameters",
    "pattern",
)
"""The rules that nest and may be tried twice at one place."""


class _Furthest:
    """How far the grammar got in a file that does not parse, and what it wanted there."""

    __slots__ = ("index", "wanted")

    def __init__(self) -> None:
        self.index = 0
        self.wanted: set[str] = set()

    def miss(self, index: int, *types: str) -> None:
        """Note that none of these token types is at the index."""
        if index > self.index:
            self.index = index
            self.wanted.clear()
        if index == self.index:
            self.wanted.update(types)


Parser = Callable[[Sequence[Token], str, _Furthest], list[Node | Token] | None]

First = frozenset[str] | None
"""The token types that an expression can start with; None when any might do."""


def parse_tokens(tokens: Sequence[Token]) -> Module | None:
    """The tree of a file's tokens, or None when they do not parse. May raise RecursionError."""
    found = parse_rule(tokens, MODULE)
    if found is None:
        return None
    (module,) = found
    assert isinstance(module, Module)
    return module


def parse_rule(tokens: Sequence[Token], rule: str) -> list[Node | Token] | None:
    """What ``rule``, one of START_RULES, makes of all the tokens; None when it does not match them."""
    return _parser(recording=False)(tokens, rule, _Furthest())


def furthest_failure(tokens: Sequence[Token], rule: str = MODULE) -> tuple[int, list[str]]:
    """The furthest index that the grammar got to, and the token types it wanted there."""
    furthest = _Furthest()
    _parser(recording=True)(tokens, rule, furthest)
    return furthest.index, sorted(furthest.wanted)


@cache
def _parser(recording: bool) -> Parser:
    source = _Generator(load_grammar(), recording=recording).source()
    namespace: dict[str, Any] = {f"node_{name}": node_class for name, node_class in NODE_CLASSES.items()}
    namespace.update({f"fold_{name}": fold for name, fold in FOLDS.items()})
    namespace.update({f"look_{name}": predicate for name, predicate in PREDICATES.items()})
    exec(compile(source, "<generated from tml.peg>", "exec"), namespace)
    parser: Parser = namespace["parse"]
    return parser


class _Generator:
    """Writes the parser's source: one function a rule or compound expression."""

    def __init__(self, grammar: dict[str, Expression], *, recording: bool) -> None:
        self.grammar = grammar
        self.recording = recording
        self.lines: list[str] = []
        self.failure = "return -1"
        self.names: dict[tuple[int, bool], str] = {}
        self.pending: list[tuple[Expression, bool]] = []
        self.first_sets: dict[int, tuple[First, bool]] = {}
        self.constants: list[str] = []
        self.tables: list[str] = []

    def source(self) -> str:
        roots = ", ".join(f"{rule!r}: {self._function(self.grammar[rule])}" for rule in START_RULES)
        while self.pending:
            self._define(*self.pending.pop())
        return "\n".join(
            [
                *self.constants,
                "def parse(tokens, rule, furthest):",
                "    types = [token.type for token in tokens]",
                *(f"    failed_{rule} = set()" for rule in REMEMBERED),
                *self.lines,
                *self.tables,
                "    found = []",
                f"    roots = {{{roots}}}",
                "    return found if roots[rule](0, found) == len(types) else None",
                "",
            ]
        )

    # -- first sets ---------------------------------------------------------------------------

    def _first(self, expression: Expression) -> tuple[First, bool]:
        """The first set of an expression, and whether it may match nothing."""
        key = id(expression)
        if key not in self.first_sets:
            self.first_sets[key] = self._compute_first(expression)
        return self.first_sets[key]

    def _compute_first(self, expression: Expression) -> tuple[First, bool]:
        if isinstance(expression, TokenMatcher):
            return frozenset((expression.literal,)), False
        if isinstance(expression, Quantifier):
            return self._first(expression.members[0])[0], True
        if isinstance(expression, OneOf):
            firsts = [self._first(member) for member in expression.members]
            return _union(first for first, _ in firsts), any(nullable for _, nullable in firsts)
        if isinstance(expression, InSequence):
            seen: list[First] = []
            for member in expression.members:
                first, nullable = self._first(member)
                seen.append(first)
                if not nullable:
                    return _union(seen), False
            return _union(seen), True
        if expression.name == "any_token":
            return None, False
        return frozenset(), True

    def _guard(self, expression: Expression) -> str:
        """A condition on the next token without which the expression cannot match."""
        first, nullable = self._first(expression)
        if first is None or nullable or self.recording:
            return "True"
        if len(first) == 1:
            return f"types[p] == {next(iter(first))!r}"
        constant = f"FIRST_{len(self.constants)}"
        self.constants.append(f"{constant} = frozenset({sorted(first)!r})")
        return f"types[p] in {constant}"

    # -- functions ----------------------------------------------------------------------------

    def _function(self, expression: Expression, *, raw: bool = False) -> str:
        """The name of the function for an expression; ``raw`` leaves its rule's fold out."""
        key = (id(expression), raw)
        if key not in self.names:
            self.names[key] = f"match_{len(self.names)}_{expression.name}"
            self.pending.append((expression, raw))
        return self.names[key]

    def _define(self, expression: Expression, raw: bool) -> None:
        rule = expression.name
        folded = not raw and (rule in FOLDS or rule in NODE_CLASSES)
        target = "kids" if folded else "out"
        self._emit(1, f"def {self.names[id(expression), raw]}(p, out):")
        self.failure = "return -1"
        if rule in REMEMBERED:
            self._emit(2, f"if p in failed_{rule}:")
            self._emit(3, "return -1")
            self._emit(2, "origin = p")
            self.failure = f"failed_{rule}.add(origin); return -1"
        if folded:
            self._emit(2, "kids = []")
        if isinstance(expression, OneOf):
            if folded:
                self._call(self._function(expression, raw=True), target)
            else:
                self._choice(expression)
                return
        elif isinstance(expression, InSequence):
            for member in expression.members:
                self._match(member, target)
        else:
            self._match(expression, target, inline=True)
        if rule in FOLDS and folded:
            self._emit(2, f"out += fold_{rule}(kids)")
        elif folded:
            self._emit(2, f"out.append(node_{rule}(kids))")
        self._emit(2, "return p")

    def _emit(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def _call(self, function: str, target: str) -> None:
        self._emit(2, f"p = {function}(p, {target})")
        self._emit(2, "if p < 0:")
        self._emit(3, self.failure)

    def _take(self, indent: int, target: str) -> None:
        self._emit(indent, f"{target}.append(tokens[p])")
        self._emit(indent, "p += 1")

    def _match(self, expression: Expression, target: str, *, inline: bool = False) -> None:
        """Code that moves ``p`` behind a match of one member, or returns -1."""
        if isinstance(expression, TokenMatcher) and (inline or not expression.name):
            self._emit(2, f"if types[p] != {expression.literal!r}:")
            if self.recording:
                self._emit(3, f"furthest.miss(p, {expression.literal!r})")
            self._emit(3, self.failure)
            self._take(2, target)
        elif isinstance(expression, Lookahead):
            member = expression.members[0]
            if member.name in PREDICATES:
                relation = "is not" if expression.negativity else "is"
                self._emit(2, f"if look_{member.name}(tokens, p) {relation} None:")
            else:
                relation = ">=" if expression.negativity else "<"
                self._emit(2, f"if {self._function(member)}(p, []) {relation} 0:")
            self._emit(3, self.failure)
        elif isinstance(expression, Quantifier) and (inline or not expression.name):
            self._quantifier(expression, target)
        elif expression.name == "any_token":
            self._emit(2, "if types[p] == 'EOF':")
            self._emit(3, self.failure)
            self._take(2, target)
        elif expression.name in PREDICATES:
            self._emit(2, f"if look_{expression.name}(tokens, p) is None:")
            self._emit(3, self.failure)
        else:
            self._call(self._function(expression), target)

    def _quantifier(self, expression: Quantifier, target: str) -> None:
        member = expression.members[0]
        assert expression.min == 0, "the grammar uses only ? and *"
        keyword = "if" if expression.max == 1 else "while"
        if isinstance(member, TokenMatcher) and not member.name:
            self._emit(2, f"{keyword} types[p] == {member.literal!r}:")
            self._take(3, target)
            if self.recording:
                self._emit(2, f"if types[p] != {member.literal!r}:")
                self._emit(3, f"furthest.miss(p, {member.literal!r})")
            return
        self._emit(2, f"{keyword} {self._guard(member)}:")
        self._emit(3, f"mark = len({target})")
        self._emit(3, f"q = {self._function(member)}(p, {target})")
        self._emit(3, "if q < 0:")
        self._emit(4, f"del {target}[mark:]")
        if keyword == "if":
            self._emit(3, "else:")
            self._emit(4, "p = q")
        else:
            self._emit(4, "break")
            self._emit(3, "p = q")

    def _choice(self, expression: OneOf) -> None:
        """The body of a function that tries alternatives in order, by the next token."""
        members = expression.members
        if all(isinstance(member, TokenMatcher) and not member.name for member in members):
            literals = tuple(member.literal for member in members)
            constant = f"FIRST_{len(self.constants)}"
            self.constants.append(f"{constant} = frozenset({literals!r})")
            self._emit(2, f"if types[p] in {constant}:")
            self._take(3, "out")
            self._emit(3, "return p")
            if self.recording:
                self._emit(2, f"furthest.miss(p, *{constant})")
            self._emit(2, self.failure)
            return
        self._emit(2, "mark = len(out)")
        if len(members) > 4 and not self.recording:
            self._emit(2, f"for alternative in {self._table(expression)}.get(types[p], ()):")
            self._emit(3, "q = alternative(p, out)")
            self._emit(3, "if q >= 0:")
            self._emit(4, "return q")
            self._emit(3, "del out[mark:]")
        else:
            for member in members:
                self._emit(2, f"if {self._guard(member)}:")
                self._emit(3, f"q = {self._function(member)}(p, out)")
                self._emit(3, "if q >= 0:")
                self._emit(4, "return q")
                self._emit(3, "del out[mark:]")
        self._emit(2, self.failure)

    def _table(self, expression: OneOf) -> str:
        """The name of a table from token type to the alternatives that can start with it."""
        alternatives: dict[str, list[str]] = {}
        for member in expression.members:
            first, nullable = self._first(member)
            assert first is not None and not nullable, f"no first set for {member}"
            for literal in sorted(first):
                alternatives.setdefault(literal, []).append(self._function(member))
        name = f"table_{len(self.tables)}"
        entries = ", ".join(f"{literal!r}: ({', '.join(names)},)" for literal, names in alternatives.items())
        self.tables.append(f"    {name} = {{{entries}}}")
        return name


def _union(firsts: Iterable[First]) -> First:
    union: frozenset[str] = frozenset()
    for first in firsts:
        if first is None:
            return None
        union |= first
    return union
