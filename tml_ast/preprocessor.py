"""Preprocessor lines: what each means, and which lines of a file a set of symbols leaves out.

The compiler's preprocessor works on lines, before its lexer, so a directive may stand between any two lines.
A *variant* of a file is what is left of it for one set of defined symbols. Its tree keeps the lines that are
left out as trivia: it is lossless, and offsets are those of the file.

Variants are found in the manner of SuperC (Gazzillo and Grimm, PLDI 2012): directives are run with symbols
that are neither defined nor undefined yet, and where one decides, both are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations

from tml_ast.lexer import Token, syntax_error, tokenize

Assignment = Mapping[str, bool]
"""Whether symbols are defined, as far as that is settled."""

Span = tuple[int, int]
"""Byte offsets: from the first to the one after the last."""

MAX_CONDITION = 200
"""Operators and brackets of a condition nested deeper than this are an error."""

_TRIES = 16
"""Ways to settle symbols that are tried for each variant that is asked for."""

_LINE = re.compile(rb"(?m:^)[ \t\r\f\v]*#[ \t\r\f\v]*([A-Za-z_]\w*)?([^\n]*)(?:\n|\Z)")
_WORD = re.compile(r"\s*(\|\||&&|[!()]|\w+)")
_CONDITIONALS = frozenset(("if", "ifdef", "ifndef", "elif", "else", "endif"))
_OPENERS = frozenset(("if", "ifdef", "ifndef"))
_KNOWN = _CONDITIONALS | {"define", "undef", "error", "warning"}


# ---- conditions ----


@dataclass(frozen=True, slots=True)
class Symbol:
    """Whether a symbol is defined."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of a condition."""

    inner: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """``&&``."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``||``."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is no condition, and why."""

    message: str


Condition = Symbol | Not | AllOf | AnyOf | Malformed


class Undecided(Exception):
    """A condition depends on a symbol of which it is not settled whether it is defined."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol


def negated(condition: Condition) -> Condition:
    """The contrary of a condition."""
    return condition.inner if isinstance(condition, Not) else Not(condition)


def holds(condition: Condition, value: Callable[[str], bool | None]) -> bool | None:
    """Whether a condition holds; None if that is not settled. Raises ValueError for a malformed one."""
    match condition:
        case Symbol(name):
            return value(name)
        case Not(inner):
            known = holds(inner, value)
            return None if known is None else not known
        case Malformed(message):
            raise ValueError(message)
        case AllOf(parts) | AnyOf(parts):
            decisive = isinstance(condition, AnyOf)
            values = [holds(part, value) for part in parts]
            if decisive in values:
                return decisive
            return None if None in values else not decisive


def text_of(condition: Condition) -> str:
    """A condition as an ``#if`` has it."""
    match condition:
        case Symbol(name):
            return name
        case Not(Symbol(name)):
            return f"!{name}"
        case Not(inner):
            return f"!({text_of(inner)})"
        case AllOf(parts):
            return " && ".join(
                f"({text_of(part)})" if isinstance(part, AnyOf) else text_of(part) for part in parts
            )
        case AnyOf(parts):
            return " || ".join(map(text_of, parts))
        case Malformed(message):
            raise ValueError(message)


def symbols_of(condition: Condition) -> Iterator[str]:
    """The symbols of a condition, in order."""
    match condition:
        case Symbol(name):
            yield name
        case Not(inner):
            yield from symbols_of(inner)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from symbols_of(part)


def condition_of(text: str) -> Condition:
    """The condition of an ``#if``; what follows a complete one is ignored, as the compiler does."""
    try:
        return _ConditionParser(text).any_of()
    except ValueError as error:
        return Malformed(str(error))


class _ConditionParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0
        self._depth = 0

    def _peek(self) -> str:
        found = _WORD.match(self._text, self._offset)
        return found[1] if found else ""

    def _take(self) -> str:
        found = _WORD.match(self._text, self._offset)
        if found is None:
            return ""
        self._offset = found.end()
        return found[1]

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self._peek() in ("||", "or"):
            self._take()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all_of(self) -> Condition:
        parts = [self.single()]
        while self._peek() in ("&&", "and"):
            self._take()
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def single(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_CONDITION:
            raise ValueError("the condition is nested too deeply")
        try:
            return self._single()
        finally:
            self._depth -= 1

    def _single(self) -> Condition:
        word = self._take()
        if word in ("!", "not"):
            return Not(self.single())
        if word == "(":
            inner = self.any_of()
            if self._take() != ")":
                raise ValueError("a ) is missing in the condition")
            return inner
        if word == "defined":
            bracket = self._peek() == "("
            if bracket:
                self._take()
            word = self._take()
            if bracket and self._take() != ")":
                raise ValueError("a ) is missing after defined(")
        if not word or not (word[0].isalpha() or word[0] == "_"):
            raise ValueError("the condition names no symbol")
        return Symbol(word)


# ---- directives ----


@dataclass(frozen=True, slots=True)
class Directive:
    """One line: its span, its name, and what follows that."""

    start: int
    end: int
    name: str
    rest: str
    condition: Condition | None = None


@dataclass(eq=False, slots=True)
class Branch:
    """The lines from one directive of a group to the next."""

    opener: Directive
    closer: Directive
    group: Group

    @property
    def span(self) -> Span:
        """Its lines, without the directives around them."""
        return self.opener.end, self.closer.start

    @property
    def condition(self) -> Condition:
        """When it is left in, where the lines around its group are."""
        before = self.group.branches[: self.group.branches.index(self)]
        parts: list[Condition] = [
            negated(branch.opener.condition) for branch in before if branch.opener.condition
        ]
        if self.opener.condition is not None:
            parts.append(self.opener.condition)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


@dataclass(eq=False, slots=True)
class Group:
    """An ``#if`` with its branches up to the ``#endif``."""

    parent: Branch | None
    branches: list[Branch] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Where its first line starts."""
        return self.branches[0].opener.start

    @property
    def end(self) -> int:
        """Where its last line ends."""
        return self.branches[-1].closer.end

    @property
    def outermost(self) -> Group:
        """The group around it that is in no other."""
        return self if self.parent is None else self.parent.group.outermost


@dataclass(frozen=True, slots=True)
class Variant:
    """What some symbols make of a file: the lines that are left out, directives included, in order."""

    left_out: tuple[Span, ...]
    inactive: tuple[Span, ...]
    """The branches that are left out."""
    fault: tuple[int, str] | None
    """Where and why the preprocessor refuses it: an ``#error``, or a line that it does not know."""

    def is_active(self, start: int, end: int) -> bool:
        """Whether nothing of a span is left out. A place between two lines belongs to the branch it ends."""
        for first, last in self.inactive:
            if start == end:
                if first <= start <= last:
                    return False
            elif first < end and start < last:
                return False
        return True


class Directives:
    """The preprocessor lines of a file. Raises TmlSyntaxError where they do not match."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = tuple(map(_directive, _LINE.finditer(source)))
        self.groups: list[Group] = []
        """All of them, outer ones before those inside of them."""
        self._match()

    def _match(self) -> None:
        open_: list[tuple[Group, Directive]] = []
        for line in self.lines:
            if line.name in _OPENERS:
                parent = open_[-1] if open_ else None
                branch = None
                if parent is not None:
                    # The branch that is not closed yet is entered when its next directive comes.
                    branch = Branch(parent[1], parent[1], parent[0])
                open_.append((Group(branch), line))
            elif line.name in _CONDITIONALS:
                if not open_:
                    raise syntax_error(self.source, line.start, f"#{line.name} without an #if")
                group, opener = open_.pop()
                group.branches.append(Branch(opener, line, group))
                if line.name != "endif":
                    open_.append((group, line))
                else:
                    self.groups.append(group)
        if open_:
            raise syntax_error(self.source, open_[-1][1].start, "an #if without its #endif")
        known = {branch.opener.start: branch for group in self.groups for branch in group.branches}
        for group in self.groups:
            if group.parent is not None:
                group.parent = known[group.parent.opener.start]
        self.groups.sort(key=lambda group: group.start)

    @cached_property
    def outermost(self) -> list[Group]:
        """The groups that are in no other."""
        return [group for group in self.groups if group.parent is None]

    @cached_property
    def defining(self) -> frozenset[Group]:
        """The outermost groups that define symbols, or undefine them."""
        return frozenset(
            group
            for group in self.outermost
            if any(
                line.name in ("define", "undef") and group.start <= line.start < group.end
                for line in self.lines
            )
        )

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that conditions name, in order."""
        found = (symbols_of(line.condition) for line in self.lines if line.condition is not None)
        return tuple(dict.fromkeys(name for names in found for name in names))

    def groups_in(self, start: int, end: int) -> list[Group]:
        """The outermost groups that have a line in common with a span."""
        return [group for group in self.outermost if group.start < end and start < group.end]

    def variant_for(self, assignment: Assignment) -> Variant:
        """What symbols make of the file where no others are defined."""
        return _Run(self, assignment, (), otherwise=False).result()

    def variant(self, assignment: Assignment, within: Collection[Group] | None = None) -> Variant:
        """What a set of symbols makes of the file.

        Raises `Undecided` for a symbol that must be settled first. Of outermost groups that are not
        ``within``, and define nothing, those conditions that are not settled count as false.
        """
        return _Run(self, assignment, within).result()


@dataclass(slots=True)
class _OpenGroup:
    outer: bool
    """Whether the lines around the group are left in."""
    taken: bool
    start: int
    """Where the lines of the branch start."""
    active: bool


class _Run:
    def __init__(
        self,
        directives: Directives,
        assignment: Assignment,
        within: Collection[Group] | None,
        otherwise: bool | None = None,
    ) -> None:
        self._otherwise = otherwise
        self._directives = directives
        self._assignment = assignment
        self._defined: dict[str, bool] = {}
        self._must_decide = within is None
        self._stack: list[_OpenGroup] = []
        self._left_out: list[Span] = []
        self._inactive: list[Span] = []
        self._fault: tuple[int, str] | None = None
        wanted = directives.outermost if within is None else [*within, *directives.defining]
        self._deciding = {group.start for group in wanted}

    def result(self) -> Variant:
        for line in self._directives.lines:
            self._left_out.append((line.start, line.end))
            if line.name in _OPENERS:
                if not self._stack:
                    self._must_decide = line.start in self._deciding
                outer = self._is_active
                active = outer and self._holds(line)
                self._stack.append(_OpenGroup(outer, active, line.end, active))
            elif line.name in _CONDITIONALS:
                self._end_branch(line)
            elif self._is_active:
                self._do(line)
        return Variant(tuple(sorted(self._left_out)), tuple(sorted(self._inactive)), self._fault)

    @property
    def _is_active(self) -> bool:
        return not self._stack or self._stack[-1].active

    def _end_branch(self, line: Directive) -> None:
        branch = self._stack[-1]
        if not branch.active:
            self._inactive.append((branch.start, line.start))
            if branch.start < line.start:
                self._left_out.append((branch.start, line.start))
        if line.name == "endif":
            self._stack.pop()
            return
        may = branch.outer and not branch.taken
        branch.active = may and (line.name == "else" or self._holds(line))
        branch.taken = branch.taken or branch.active or line.name == "else"
        branch.start = line.end

    def _value(self, symbol: str) -> bool | None:
        return self._defined.get(symbol, self._assignment.get(symbol, self._otherwise))

    def _holds(self, line: Directive) -> bool:
        assert line.condition is not None
        try:
            known = holds(line.condition, self._value)
        except ValueError as error:
            self._refuse(line, str(error))
            return False
        if known is None and self._must_decide:
            unsettled = (name for name in symbols_of(line.condition) if self._value(name) is None)
            raise Undecided(next(unsettled))
        return known or False

    def _do(self, line: Directive) -> None:
        symbol = re.match(r"\w*", line.rest)
        if line.name in ("define", "undef"):
            name = symbol[0] if symbol and line.name == "define" else line.rest
            self._defined[name] = line.name == "define"
            if not name:
                self._refuse(line, f"#{line.name} names no symbol")
        elif line.name == "error":
            self._refuse(line, f"#error {line.rest}")
        elif line.name not in _KNOWN:
            self._refuse(line, f"unknown preprocessor line #{line.name}")

    def _refuse(self, line: Directive, message: str) -> None:
        self._fault = self._fault or (line.start, message)


def _directive(found: re.Match[bytes]) -> Directive:
    name = (found[1] or b"").decode()
    rest = found[2].decode("utf-8", "surrogateescape").strip()
    condition: Condition | None = None
    if name in ("if", "elif"):
        condition = condition_of(rest)
    elif name == "ifdef":
        condition = Symbol(rest)
    elif name == "ifndef":
        condition = Not(Symbol(rest))
    return Directive(found.start(), found.end(), name, rest, condition)


@lru_cache(maxsize=256)
def _directives(source: bytes) -> Directives | None:
    directives = Directives(source)
    return directives if directives.lines else None


def directives_of(source: bytes) -> Directives | None:
    """The preprocessor lines of a file, or None if it has none. Raises TmlSyntaxError."""
    return _directives(source) if b"#" in source else None


# ---- text ----


def tokenize_variant(source: bytes, variant: Variant) -> list[Token]:
    """The tokens of a variant: what is left out is trivia, or is inside of a comment or template."""
    blanked = bytearray(source)
    for start, end in variant.left_out:
        blanked[start:end] = re.sub(rb"[^\n]", b" ", source[start:end])
    tokens = tokenize(bytes(blanked))
    offset = 0
    for token in tokens:
        token.trivia = source[offset : token.start]
        offset = token.start + len(token.lexeme)
        token.lexeme = source[token.start : offset]
    return tokens


def variants_of(
    needs: Sequence[tuple[Directives, Collection[Group] | None]], most: int
) -> tuple[list[dict[str, bool]], bool]:
    """The ways to settle all conditions of these groups, at most so many; and whether there are more.

    A variant that the preprocessor refuses is none. Of the symbols that the compiler defines by itself,
    only those come together that one target has.
    """
    found: list[dict[str, bool]] = []
    pending: list[dict[str, bool]] = [{}]
    tries = most * _TRIES
    while pending and tries:
        tries -= 1
        assignment = pending.pop()
        try:
            variants = [directives.variant(assignment, within) for directives, within in needs]
        except Undecided as undecided:
            for value in (False, True):
                settled = settle(assignment, {undecided.symbol: value})
                if settled is not None:
                    pending.append(settled)
            continue
        if any(variant.fault is not None for variant in variants):
            continue
        if len(found) == most:
            return found, True
        found.append(assignment)
    return found, bool(pending)


# ---- targets ----


def _one_of(*symbols: str) -> Iterator[tuple[tuple[str, bool], ...]]:
    """No two of these are defined together."""
    return (((first, False), (second, False)) for first, second in combinations(symbols, 2))


def _follows(symbol: str, *others: str) -> Iterator[tuple[tuple[str, bool], ...]]:
    """Where a symbol is defined, so are others."""
    return (((symbol, False), (other, True)) for other in others)


_TARGETS = (
    *_one_of("WINDOWS", "LINUX", "MACOS", "IOS", "FREEBSD"),
    *_one_of("WINDOWS", "UNIX"),
    *_follows("ANDROID", "LINUX"),
    *(rule for system in ("LINUX", "MACOS", "IOS", "FREEBSD") for rule in _follows(system, "UNIX")),
    *_follows("UNIX", "POSIX"),
    *_follows("POSIX", "UNIX"),
    *_one_of("X86_64", "X86", "ARM64", "ARM", "WASM32", "RISCV64"),
    *(rule for wide in ("X86_64", "ARM64", "RISCV64") for rule in _follows(wide, "PTR_64")),
    *(rule for narrow in ("X86", "ARM", "WASM32") for rule in _follows(narrow, "PTR_32")),
    *_one_of("PTR_64", "PTR_32"),
    (("PTR_64", True), ("PTR_32", True)),
    *_one_of("LITTLE_ENDIAN", "BIG_ENDIAN"),
    (("LITTLE_ENDIAN", True), ("BIG_ENDIAN", True)),
    *_one_of("MSVC", "GNU", "MUSL"),
    *_one_of("DEBUG", "RELEASE"),
    (("DEBUG", True), ("RELEASE", True)),
    *_follows("TEST", "DEBUG"),
)
"""What the compiler's own symbols have to do with each other: of each clause something is true."""

_CLAUSES: dict[str, list[tuple[tuple[str, bool], ...]]] = {}
for _clause in _TARGETS:
    for _name, _ in _clause:
        _CLAUSES.setdefault(_name, []).append(_clause)


def settle(known: Assignment, more: Assignment) -> dict[str, bool] | None:
    """What is known, with more symbols and what follows from them; None where that contradicts."""
    result: dict[str, bool] = {}
    pending = [*known.items(), *more.items()]
    while pending:
        symbol, value = pending.pop()
        if result.get(symbol, value) is not value:
            return None
        if symbol in result:
            continue
        result[symbol] = value
        for clause in _CLAUSES.get(symbol, ()):
            if any(result.get(name) is wanted for name, wanted in clause):
                continue
            pending += [(name, wanted) for name, wanted in clause if name not in result]
    return result
