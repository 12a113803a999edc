"""Writes the parser: Python functions made from the grammar in ``tml.peg``.

Each rule that is used more than once becomes a function over the list of token types. It returns the index
after the match or -1, and appends what it matched to a list, which it leaves as it was where it fails.
First-token sets, computed from the grammar, decide most choices without trying. What matched is not
memoised, which the grammar allows because it rarely goes back; where the rules of REMEMBERED failed is, so
that nested code with an error takes linear time. The trees are those of ``reference.parse_tokens``; tests
compare them.

There are two parsers: one that builds trees, and one that notes how far it gets and what it wants there.

    python -m tml_ast.generate
"""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count, groupby
from pathlib import Path

from parsimonious.expressions import Expression, Lookahead, OneOf, Quantifier, TokenMatcher
from parsimonious.expressions import Sequence as InSequence

from tml_ast.grammar import NODE_CLASSES, START_RULES, load_grammar
from tml_ast.lookahead import PREDICATES, STARTS, Predicate
from tml_ast.precedence import FOLDS, PASSING_SINGLES

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

MODULES = {False: "generated_parser.py", True: "generated_recorder.py"}
"""The file of each parser, by whether it is the one that notes how far it gets."""

_FEW = 4
"""Up to this many alternatives are tried one after the other; more are looked up by the next token."""

First = frozenset[str] | None
"""The token types that an expression can start with; None when any might do."""


def sources() -> dict[str, str]:
    """Each generated module by the name of its file."""
    grammar = load_grammar()
    return {name: _Generator(grammar, recording).source() for recording, name in MODULES.items()}


@dataclass
class _Failure:
    """What happens where something does not match: what was done since is undone, and then it is left.

    ``target`` is the list that gets shorter again, None where nobody sees it. ``added`` is how much was added
    to it so far; None where that is not known before it runs. ``restores`` says whether ``p`` goes back.
    """

    leave: Sequence[str]
    target: str | None = None
    restores: bool = False
    remembered: int | None = None
    outer: _Failure | None = None
    level: int = 0
    added: int | None = 0
    moved: bool = False
    used: bool = False
    uses_mark: bool = False
    uses_origin: bool = False

    @property
    def mark(self) -> str:
        return f"mark_{self.level}"

    @property
    def origin(self) -> str:
        return f"origin_{self.level}"

    def lines(self) -> Iterator[str]:
        self.used = True
        if self.target is not None and self.added != 0:
            self.uses_mark |= self.added is None
            yield f"del {self.target}[{self.mark if self.added is None else -self.added}:]"
        if self.restores and self.moved:
            self.uses_origin = True
            yield f"p = {self.origin}"
        if self.remembered is not None:
            self.uses_origin |= self.moved
            yield f"failed[{self.remembered}].add({self.origin if self.moved else 'p'})"
        yield from self.leave

    def all(self) -> Iterator[_Failure]:
        """This one and those around it."""
        failure: _Failure | None = self
        while failure is not None:
            yield failure
            failure = failure.outer


@dataclass
class _Pieces:
    """The list that what matches goes to. Tokens that matched wait until something else has to."""

    target: str
    exists: bool
    failure: _Failure
    waiting: int = 0


class _Generator:
    """Writes one module."""

    def __init__(self, grammar: dict[str, Expression], recording: bool) -> None:
        self.grammar = grammar
        self.recording = recording
        self.state = "types, tokens, failed, furthest" if recording else "types, tokens, failed"
        self.lines: list[str] = []
        self.depth = 0
        self.rule = ""
        self.lists = 0
        self.names: dict[int, str] = {}
        self.pending: list[tuple[str, Expression]] = []
        self.made: dict[tuple[int, ...], Expression] = {}
        self.first_sets: dict[int, tuple[First, bool]] = {}
        self.constants: dict[tuple[str, ...], str] = {}
        self.tables: list[str] = []
        self.imported: set[tuple[str, str]] = set()
        self.uses = _uses(grammar)

    def source(self) -> str:
        roots = [f"    {rule!r}: {self._function(self.grammar[rule])}," for rule in START_RULES]
        while self.pending:
            self._define(*self.pending.pop(0))
        what = "notes how far it gets and what it wants there" if self.recording else "builds trees"
        return "\n".join(
            [
                f'"""The parser that {what}.',
                "",
                "Generated from tml.peg by ``python -m tml_ast.generate``: do not edit.",
                '"""',
                "",
                "# mypy: ignore-errors",
                "",
                "from collections.abc import Callable",
                "",
                *self._imports(),
                "",
                "new = object.__new__",
                *(f"{name} = frozenset({types!r})" for types, name in self.constants.items()),
                *self.lines,
                *self.tables,
                "",
                f"REMEMBERED = {len(REMEMBERED)}",
                "ROOTS: dict[str, Callable[..., int]] = {",
                *roots,
                "}",
                "",
            ]
        )

    def _imports(self) -> Iterator[str]:
        for module in sorted({module for module, _ in self.imported}):
            yield f"from {module} import ("
            yield from (f"    {name}," for origin, name in sorted(self.imported) if origin == module)
            yield ")"

    def _import(self, thing: Callable[..., object]) -> str:
        """The name of a function or class that the module imports."""
        self.imported.add((thing.__module__, thing.__name__))
        return thing.__name__

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

    def _starts(self, expression: Expression) -> First:
        """The token types without which an expression cannot match; None when it may match nothing."""
        first, nullable = self._first(expression)
        return None if nullable or self.recording else first

    def _condition(self, expression: Expression) -> str:
        """What must hold for an expression to match, as far as the next token and predicates show."""
        if self.recording:
            return "True"
        starts = self._starts(expression)
        conditions = [] if starts is None else [self._is_in(starts)]
        for predicate in _leading_predicates(expression):
            conditions.append(self._holds(predicate, starts))
        return " and ".join(conditions) or "True"

    def _rest(self, expression: Expression) -> Expression:
        """What is left of an expression to match where its condition holds."""
        count = 0 if self.recording else len(_leading_predicates(expression))
        if not count:
            return expression
        rest = expression.members[count:]
        return rest[0] if len(rest) == 1 else self.made.setdefault((id(expression),), InSequence(*rest))

    def _is_in(self, types: Iterable[str], *, negated: bool = False, ahead: int = 0) -> str:
        """A condition on the type of a token."""
        types = sorted(types)
        where = f"types[p + {ahead}]" if ahead else "types[p]"
        if len(types) == 1:
            return f"{where} {'!=' if negated else '=='} {types[0]!r}"
        return f"{where} {'not in' if negated else 'in'} {self._constant(types)}"

    def _constant(self, types: Iterable[str]) -> str:
        return self.constants.setdefault(tuple(sorted(types)), f"TYPES_{len(self.constants)}")

    def _holds(self, predicate: str, starts: First = None) -> str:
        """The condition that a predicate holds; ``starts`` are the types that the token may have."""
        inline = _inline_condition(PREDICATES[predicate])
        condition = inline or f"{self._import(PREDICATES[predicate])}(tokens, p) is not None"
        wanted = STARTS.get(predicate)
        if wanted is None or (starts is not None and starts <= wanted):
            return condition
        return f"{self._is_in(wanted)} and {condition}"

    # -- functions ----------------------------------------------------------------------------

    def _function(self, expression: Expression) -> str:
        """The name of the function for an expression."""
        if id(expression) not in self.names:
            base = f"match_{expression.name or f'part_of_{self.rule}'}"
            taken = set(self.names.values())
            numbered = chain((base,), (f"{base}_{number}" for number in count(2)))
            name = next(name for name in numbered if name not in taken)
            self.names[id(expression)] = name
            self.pending.append((name, expression))
        return self.names[id(expression)]

    def _define(self, function: str, expression: Expression) -> None:
        self.rule = function.removeprefix("match_").removeprefix("part_of_")
        self.lists = 0
        self._emit("")
        self._emit("")
        self._emit(f"def {function}({self.state}, p, out):")
        name = expression.name
        remembered = REMEMBERED.index(name) if name in REMEMBERED else None
        with self._indented():
            if remembered is not None:
                self._emit(f"if p in failed[{remembered}]:")
                self._emit("    return -1")
            failure = _Failure(("return -1",), "out", remembered=remembered)
            start = len(self.lines)
            pieces = _Pieces("out", True, failure)
            if name in FOLDS and FOLDS[name] in PASSING_SINGLES:
                self._body(expression, pieces)
                self._flush(pieces)
                failure.uses_mark = True
                self._emit(f"if len(out) > {failure.mark} + 1:")
                fold = self._import(FOLDS[name])
                self._emit(f"    out[{failure.mark}:] = {fold}(out[{failure.mark}:])")
            else:
                self._folded(expression, pieces)
                self._flush(pieces)
            self._emit("return p")
            self._prepare(failure, start)

    def _prepare(self, failure: _Failure, start: int) -> None:
        """Note what undoing needs in front of what may fail."""
        indent = "    " * self.depth
        if failure.uses_mark:
            self.lines.insert(start, f"{indent}{failure.mark} = len({failure.target})")
        if failure.uses_origin:
            self.lines.insert(start, f"{indent}{failure.origin} = p")

    def _folded(self, expression: Expression, pieces: _Pieces, ahead: First = None) -> None:
        """Code that matches what a rule or part of one is, and makes of it what the rule says."""
        name = expression.name
        if name in FOLDS:
            kids = self._new_list()
            inner = _Pieces(kids, False, pieces.failure)
            self._body(expression, inner, ahead)
            self._flush(inner)
            fold = self._import(FOLDS[name])
            self._emit(f"{pieces.target} += {fold}({kids})")
            self._added(pieces, None)
        elif name in NODE_CLASSES:
            self._flush(pieces)
            inner = _Pieces(self._new_list(), False, pieces.failure)
            self._body(expression, inner, ahead)
            if inner.exists:
                self._flush(inner)
            self._emit(f"node = new({self._import(NODE_CLASSES[name])})")
            children = f"tuple({inner.target})" if inner.exists else f"({_taken(inner.waiting)},)"
            self._emit(f"node.children = {children}")
            self._emit(f"{pieces.target}.append(node)")
            self._added(pieces, 1)
            self._move(inner.waiting, pieces.failure)
        else:
            self._body(expression, pieces, ahead)

    def _new_list(self) -> str:
        self.lists += 1
        return "kids" if self.lists == 1 else f"kids_{self.lists}"

    # -- lines --------------------------------------------------------------------------------

    def _emit(self, line: str) -> None:
        self.lines.append("    " * self.depth + line if line else "")

    @contextmanager
    def _indented(self) -> Iterator[None]:
        self.depth += 1
        yield
        self.depth -= 1

    def _fail(self, failure: _Failure) -> None:
        with self._indented():
            for line in failure.lines():
                self._emit(line)

    def _fail_if(self, condition: str, failure: _Failure) -> None:
        self._emit(f"if {condition}:")
        self._fail(failure)

    def _flush(self, pieces: _Pieces) -> None:
        """Put the tokens that wait into the list, which exists from here on."""
        waiting, pieces.waiting = pieces.waiting, 0
        if not pieces.exists:
            self._emit(f"{pieces.target} = [{_taken(waiting)}]")
            pieces.exists = True
        elif waiting == 1:
            self._emit(f"{pieces.target}.append(tokens[p])")
        elif waiting:
            self._emit(f"{pieces.target} += ({_taken(waiting)})")
        if waiting:
            self._added(pieces, waiting)
            self._move(waiting, pieces.failure)

    def _move(self, count: int, failure: _Failure) -> None:
        if count:
            self._emit(f"p += {count}")
            self._moved(failure)

    def _moved(self, failure: _Failure) -> None:
        for enclosing in failure.all():
            enclosing.moved = True

    def _added(self, pieces: _Pieces, count: int | None) -> None:
        for enclosing in pieces.failure.all():
            if enclosing.target == pieces.target:
                enclosing.added = (
                    None if count is None or enclosing.added is None else enclosing.added + count
                )

    def _call(self, expression: Expression, pieces: _Pieces, function: str = "") -> None:
        """Code that calls the function of an expression, or the one of that name."""
        self._flush(pieces)
        failure = pieces.failure
        called = f"{function or self._function(expression)}({self.state}, p, {pieces.target})"
        if failure.restores and not failure.moved:
            self._emit(f"q = {called}")
            self._fail_if("q < 0", failure)
            self._emit("p = q")
            self._moved(failure)
        else:
            self._emit(f"p = {called}")
            self._moved(failure)
            self._fail_if("p < 0", failure)
        self._added(pieces, self._count(expression))

    def _count(self, expression: Expression) -> int | None:
        """How many pieces a function adds, None where that differs."""
        name = expression.name
        if name in FOLDS:
            return None if name == "If" else 1
        if name in NODE_CLASSES or isinstance(expression, TokenMatcher) or name == "any_token":
            return 1
        if isinstance(expression, OneOf):
            counts = {self._count(member) for member in expression.members}
            return counts.pop() if len(counts) == 1 else None
        return None

    # -- expressions --------------------------------------------------------------------------

    def _is_inlined(self, expression: Expression) -> bool:
        name = expression.name
        if self.recording:
            return isinstance(expression, TokenMatcher | Quantifier) and not name
        if name in REMEMBERED or name in START_RULES:
            return False
        return not name or self.uses[name] == 1 or _is_tokens(expression)

    def _match(self, expression: Expression, pieces: _Pieces, ahead: First = None) -> None:
        """Code that moves ``p`` after a match, or fails. The next token is known to be one of ``ahead``."""
        name = expression.name
        if name == "any_token":
            self._flush(pieces)
            self._fail_if("types[p] == 'EOF'", pieces.failure)
            pieces.waiting = 1
        elif name in PREDICATES:
            self._flush(pieces)
            self._fail_if(_negated(self._holds(name)), pieces.failure)
        elif isinstance(expression, Lookahead):
            self._look(expression, pieces, ahead)
        elif self._is_inlined(expression):
            self._folded(expression, pieces, ahead)
        else:
            self._call(expression, pieces)

    def _look(self, expression: Lookahead, pieces: _Pieces, ahead: First) -> None:
        member = expression.members[0]
        self._flush(pieces)
        if member.name in PREDICATES:
            holds = self._holds(member.name)
            self._fail_if(holds if expression.negativity else _negated(holds), pieces.failure)
        elif isinstance(member, TokenMatcher) and not self.recording:
            if expression.negativity or ahead != frozenset((member.literal,)):
                condition = self._is_in((member.literal,), negated=not expression.negativity)
                self._fail_if(condition, pieces.failure)
        else:
            relation = ">=" if expression.negativity else "<"
            self._fail_if(f"{self._function(member)}({self.state}, p, []) {relation} 0", pieces.failure)

    def _body(self, expression: Expression, pieces: _Pieces, ahead: First = None) -> None:
        if isinstance(expression, TokenMatcher):
            self._take((expression.literal,), pieces, ahead)
        elif isinstance(expression, InSequence):
            for member in expression.members:
                self._match(member, pieces, ahead)
                if member.name not in PREDICATES and not isinstance(member, Lookahead):
                    ahead = None
        elif isinstance(expression, Quantifier):
            self._repeat(expression, pieces)
        elif isinstance(expression, OneOf):
            self._choose(expression, pieces, ahead)
        else:
            self._match(expression, pieces, ahead)

    def _take(self, types: Sequence[str], pieces: _Pieces, ahead: First) -> None:
        """Code that takes one token of these types."""
        if pieces.waiting or ahead is None or not ahead <= set(types):
            self._emit(f"if {self._is_in(types, negated=True, ahead=pieces.waiting)}:")
            if self.recording:
                where = f"p + {pieces.waiting}" if pieces.waiting else "p"
                self._emit(f"    furthest.miss({where}, {', '.join(map(repr, types))})")
            self._fail(pieces.failure)
        pieces.waiting += 1

    def _repeat(self, expression: Quantifier, pieces: _Pieces) -> None:
        assert expression.min == 0, "the grammar uses only ? and *"
        member = expression.members[0]
        keyword = "if" if expression.max == 1 else "while"
        self._flush(pieces)
        outer = pieces.failure
        inner = _Failure(("break",), pieces.target, True, outer=outer, level=outer.level + 1)
        if isinstance(member, TokenMatcher) and not member.name:
            self._emit(f"{keyword} {self._is_in((member.literal,))}:")
            with self._indented():
                self._emit(f"{pieces.target}.append(tokens[p])")
                self._emit("p += 1")
            if self.recording:
                self._emit(f"if types[p] != {member.literal!r}:")
                self._emit(f"    furthest.miss(p, {member.literal!r})")
        elif keyword == "if" and not self._is_inlined(member):
            self._emit(f"if {self._condition(member)}:")
            with self._indented():
                self._emit(f"q = {self._function(member)}({self.state}, p, {pieces.target})")
                self._emit("if q >= 0:")
                self._emit("    p = q")
        else:
            at = len(self.lines)
            with self._indented():
                start = len(self.lines)
                repeated = _Pieces(pieces.target, True, inner)
                self._match(self._rest(member), repeated, self._starts(member))
                self._flush(repeated)
                if keyword == "if" and inner.used:
                    self._emit("break")
                self._prepare(inner, start)
            keyword = "while" if inner.used else keyword
            self.lines.insert(at, "    " * self.depth + f"{keyword} {self._condition(member)}:")
        self._added(pieces, None)
        self._moved(outer)

    # -- choices ------------------------------------------------------------------------------

    def _choose(self, expression: OneOf, pieces: _Pieces, ahead: First) -> None:
        """Code that tries alternatives in order, as far as the next token does not decide between them."""
        members = self._with_tokens_joined(expression.members)
        if len(members) == 1:
            self._take(_literals(members[0]), pieces, ahead)
            return
        self._flush(pieces)
        if self.recording:
            self._try_all(members, pieces)
        elif len(members) > _FEW and not any(_is_tokens(member) for member in members):
            self._look_up(members, pieces)
        else:
            self._try_next(members, pieces, ahead)

    def _with_tokens_joined(self, members: Sequence[Expression]) -> list[Expression]:
        """The alternatives, those in a row that are one token each as one."""
        joined: list[Expression] = []
        for are_tokens, run in groupby(members, _is_tokens):
            alternatives = list(run)
            many = len(alternatives) > 1
            joined += [self._one_of(alternatives)] if are_tokens and many else alternatives
        return joined

    def _one_of(self, alternatives: Sequence[Expression]) -> Expression:
        """A choice that is no rule; the same one each time, so that it gets one function."""
        return self.made.setdefault(tuple(map(id, alternatives)), OneOf(*alternatives))

    def _try_all(self, members: Sequence[Expression], pieces: _Pieces) -> None:
        self._emit(f"for alternative in ({', '.join(map(self._function, members))}):")
        with self._indented():
            self._emit(f"q = alternative({self.state}, p, {pieces.target})")
            self._emit("if q >= 0:")
            self._emit("    break")
        self._emit("else:")
        self._fail(pieces.failure)
        self._emit("p = q")
        self._moved(pieces.failure)
        self._added(pieces, None)

    def _look_up(self, members: Sequence[Expression], pieces: _Pieces) -> None:
        """Code that gets the one function for the next token from a table."""
        candidates: dict[str, list[Expression]] = {}
        for member in members:
            first, nullable = self._first(member)
            assert first is not None and not nullable, f"no first set for {member}"
            for literal in sorted(first):
                candidates.setdefault(literal, []).append(member)
        number = len(self.tables)
        table = f"TABLE_{number}"
        self.tables.append("")
        entries = {
            literal: self._function(able[0] if len(able) == 1 else self._one_of(able))
            for literal, able in candidates.items()
        }
        lines = (f"    {literal!r}: {function}," for literal, function in entries.items())
        self.tables[number] = "\n".join((f"{table} = {{", *lines, "}"))
        self._emit(f"alternative = {table}.get(types[p])")
        self._fail_if("alternative is None", pieces.failure)
        self._call(self._one_of(members), pieces, "alternative")

    def _try_next(
        self, members: Sequence[Expression], pieces: _Pieces, ahead: First, *, chained: bool = False
    ) -> None:
        """Code that tries the first alternative, and where it does not match the others.

        ``chained`` says that it is in the ``else`` of an ``if``.
        """
        member, *others = members
        failure = pieces.failure
        if not others:
            with self._branch("else:" if chained else ""):
                self._match(member, pieces, ahead)
                self._flush(pieces)
            return
        before = [(enclosing.added, enclosing.moved) for enclosing in failure.all()]
        if self._decides(member, others):
            with self._branch(f"{'elif' if chained else 'if'} {self._condition(member)}:"):
                self._match(self._rest(member), pieces, self._starts(member))
                self._flush(pieces)
            after = _exchange(failure, before)
            self._try_next(others, pieces, None, chained=True)
        else:
            with self._branch("else:" if chained else ""):
                called = f"{self._function(member)}({self.state}, p, {pieces.target})"
                condition = self._condition(member)
                self._emit(f"q = {called}" + f" if {condition} else -1" * (condition != "True"))
                self._emit("if q >= 0:")
                self._emit("    p = q")
                self._moved(failure)
                self._added(pieces, self._count(member))
                after = _exchange(failure, before)
                self._try_next(others, pieces, None, chained=True)
        for enclosing, (added, moved) in zip(failure.all(), after, strict=True):
            enclosing.added = added if added == enclosing.added else None
            enclosing.moved |= moved

    @contextmanager
    def _branch(self, head: str) -> Iterator[None]:
        """A block after its head; without one, no block."""
        if not head:
            yield
            return
        self._emit(head)
        start = len(self.lines)
        with self._indented():
            yield
            if len(self.lines) == start:
                self._emit("pass")

    def _decides(self, member: Expression, others: Sequence[Expression]) -> bool:
        """Whether none of the others can match where the condition of this one holds."""
        starts = self._starts(member)
        predicates = set(_leading_predicates(member))
        for other in others:
            if isinstance(other, Lookahead) and other.negativity and other.members[0].name in predicates:
                continue
            theirs = self._starts(other)
            if starts is None or theirs is None or starts & theirs:
                return False
        return True


def _exchange(failure: _Failure, states: Sequence[tuple[int | None, bool]]) -> list[tuple[int | None, bool]]:
    """Give the failures these states; those they had."""
    had = [(enclosing.added, enclosing.moved) for enclosing in failure.all()]
    for enclosing, (added, moved) in zip(failure.all(), states, strict=True):
        enclosing.added, enclosing.moved = added, moved
    return had


def _taken(count: int) -> str:
    """The next tokens."""
    return ", ".join(f"tokens[p + {ahead}]" if ahead else "tokens[p]" for ahead in range(count))


def _is_tokens(expression: Expression) -> bool:
    """Whether it is one token of some types, and no node."""
    if expression.name in NODE_CLASSES or expression.name in FOLDS:
        return False
    if isinstance(expression, OneOf):
        return all(_is_tokens(member) for member in expression.members)
    return isinstance(expression, TokenMatcher)


def _literals(expression: Expression) -> list[str]:
    if isinstance(expression, TokenMatcher):
        return [expression.literal]
    return [literal for member in expression.members for literal in _literals(member)]


def _leading_predicates(expression: Expression) -> list[str]:
    """The predicates that a sequence which is no rule starts with."""
    names: list[str] = []
    if isinstance(expression, InSequence) and not expression.name:
        for member in expression.members:
            if member.name not in PREDICATES or member.name == "any_token":
                break
            names.append(member.name)
    return names


def _uses(grammar: dict[str, Expression]) -> Counter[str]:
    """How often the grammar names each rule."""
    uses: Counter[str] = Counter()
    seen: set[int] = set()
    waiting = list(grammar.values())
    while waiting:
        expression = waiting.pop()
        if id(expression) in seen:
            continue
        seen.add(id(expression))
        members = getattr(expression, "members", ())
        uses.update(member.name for member in members if member.name)
        waiting += members
    return uses


def _inline_condition(predicate: Predicate) -> str:
    """The condition of a predicate that consists of one, about the token ``p``; empty for others."""
    (function,) = ast.parse(inspect.getsource(predicate)).body
    assert isinstance(function, ast.FunctionDef)
    statement = function.body[-1]
    if len(function.body) != 2 or not isinstance(statement, ast.Return):
        return ""
    assert isinstance(statement.value, ast.IfExp)
    condition = re.sub(r"\bindex\b", "p", ast.unparse(statement.value.test))
    holds = ast.unparse(statement.value.body) == "index"
    return f"({condition})" if holds else _negated(condition)


def _negated(condition: str) -> str:
    return f"not ({condition})"


def _union(firsts: Iterable[First]) -> First:
    union: frozenset[str] = frozenset()
    for first in firsts:
        if first is None:
            return None
        union |= first
    return union


def main() -> None:
    """Write the modules."""
    for name, source in sources().items():
        Path(__file__).with_name(name).write_text(source, encoding="utf-8")


if __name__ == "__main__":
    main()
