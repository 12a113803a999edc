"""The facts about a value in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from codemods.fixes.naming import describe_exits, listed, quoted_names, short_code
from codemods.model.compiler_profile import Trait
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    ControlFlowGraph,
    Exit,
    ExitKind,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, Obstacle, called_name
from codemods.ownership.obligations import ObligationReport
from codemods.review.value_facts import (
    Ground,
    Ownership,
    TemporaryFacts,
    TemporaryGround,
    ValueClassifier,
    VariableFacts,
)
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type, refers_to_str
from tml_ast import nodes, position
from tml_ast.nodes import Expression, Node


class About(StrEnum):
    """What a statement is about."""

    ORIGIN = "origin"
    OWNS = "owns"
    HERE = "here"
    FATE = "fate"
    COMPILER = "compiler"
    WHY = "why"


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact about a value, as a sentence."""

    about: About
    text: str


NOTHING_IS_INSERTED = "nothing is inserted"
"""How a statement begins that says why a value gets no fix."""


class ValueStatements:
    """Says what is known about the values of one function."""

    def __init__(self, classifier: ValueClassifier) -> None:
        self._classifier = classifier
        self._analysis: Analysis = classifier.analysis
        self._graph: ControlFlowGraph = classifier.graph

    def _line(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return position(self._graph.function.file.source, offset)[0]

    # -- variables ----------------------------------------------------------------------------

    def of_variable(self, facts: VariableFacts) -> list[Statement]:
        """All there is to say about a variable: first where its value comes from."""
        return [Statement(About.ORIGIN, self._origin(facts.variable)), *self._of_variable(facts)]

    def _of_variable(self, facts: VariableFacts) -> Iterator[Statement]:
        match facts.ground:
            case Ground.PLAIN:
                yield Statement(About.WHY, "a plain value: there is nothing to free")
            case Ground.PARAMETER:
                yield self._parameter(facts)
            case Ground.ADDRESS:
                yield from self._address(facts)
            case Ground.OBLIGATION:
                yield from self._owner(facts)
            case Ground.CONSTANT:
                yield _why("it is a constant, and freeing a constant would crash")
            case Ground.VIEW:
                yield _why(f"it is a view, and {_own(facts.holders)} what it shows")
                if facts.is_registered:
                    yield self._compiler(facts)
            case Ground.ARGUMENT:
                yield _why("it is an argument of this function, or a part of one")
                yield self._compiler(facts)
            case Ground.UNPROVEN:
                yield _unproven(facts.holders)
            case Ground.NEVER_OWNS:
                yield self._compiler(facts)
            case _:
                yield from self._local(facts)

    def _origin(self, variable: Variable) -> str:
        line = self._line(variable.offset)
        value = f"`{short_code(variable.value.text)}`" if variable.value is not None else ""
        match variable.kind:
            case VariableKind.PARAMETER:
                return f"a parameter of `{self._graph.function.qualified_name}`"
            case VariableKind.RECEIVER:
                return f"the value that `{self._graph.function.name}` is called on"
            case VariableKind.PAYLOAD:
                return f"bound on line {line}, to the payload of {value}"
            case VariableKind.DESTRUCTURED:
                return f"bound on line {line} by a pattern, to a part of {value}"
            case VariableKind.LOOP:
                return f"bound on line {line}, again in each round of the loop"
            case _:
                return f"created on line {line}" + (f" by {value}" if value else ", without a value")

    def _parameter(self, facts: VariableFacts) -> Statement:
        match facts.ownership:
            case Ownership.RELEASED:
                return _fate(f"this function releases it{self._on_lines(facts.released)}")
            case Ownership.MOVED:
                return _fate("this function stores it in something that outlives the call")
        text = "the caller owns it: the compiler drops no parameter, and nothing is inserted here"
        if Effect.RETURNS in facts.effects:
            text = "the caller owns it, and gets it back in the result; nothing is inserted here"
        return Statement(About.WHY, text)

    def _address(self, facts: VariableFacts) -> Iterator[Statement]:
        yield Statement(About.OWNS, "a number that holds an address: the compiler never frees what is there")
        match facts.ownership:
            case Ownership.RELEASED:
                yield _fate(f"what it holds is freed{self._on_lines(facts.released)}")
            case Ownership.MOVED:
                yield from self._ends(facts.moved)
            case _:
                yield _fate("nothing in this function is known to free what it holds")

    def _owner(self, facts: VariableFacts) -> Iterator[Statement]:
        obligation = facts.obligation
        assert obligation is not None
        yield from self._owned_parts(facts.variable.type)
        yield from self._discharged(obligation)
        yield from self._undischarged(obligation)
        yield self._compiler(facts)
        if facts.ownership is Ownership.RELEASED:
            yield _why("it is released once on each path that is known")

    def _discharged(self, obligation: ObligationReport) -> Iterator[Statement]:
        """The ways in which an owner is freed or given away."""
        if obligation.released:
            yield _fate(f"released{self._on_lines(obligation.released)}")
        yield from self._ends(obligation.moved)
        if obligation.dropped:
            yield _fate(f"the compiler drops it at the end of its block: {self._exits(obligation.dropped)}")

    def _undischarged(self, obligation: ObligationReport) -> Iterator[Statement]:
        """The ways in which an owner is not freed, or may not be."""
        if obligation.leaks:
            release = f"{obligation.variable.name}.{obligation.release.name}()"
            yield _fate(f"leaks at {self._exits(obligation.leaks)}: `{release}` is missing")
        if obligation.unclear:
            yield _fate(
                f"may leak at {self._exits(obligation.unclear)}: it gets there on some paths only, or a part "
                "of it is kept elsewhere"
            )
        if obligation.lost:
            yield _fate(f"it is not known what happens to it{self._on_lines(obligation.lost)}")
        replaced = [*obligation.overwritten, *obligation.maybe_overwritten]
        if replaced:
            lines = _lines(self._line(assignment.start) for assignment in replaced)
            yield _fate(f"another value takes its place on {lines}")

    def _local(self, facts: VariableFacts) -> Iterator[Statement]:
        """A variable whose type owes no release by hand."""
        type_ = facts.variable.type
        yield from self._owned_parts(type_)
        if facts.ground is Ground.RELEASED:
            lines = self._on_lines(facts.released)
            yield _fate(f"it is released{lines}" if lines else "what it holds is released")
            return
        yield from self._ends(facts.moved)
        if facts.dropped:
            yield _fate(f"{self._drop(type_)} at the end of its block: {self._exits(facts.dropped)}")
        if facts.ground is not Ground.DROPS:
            yield self._compiler(facts)
            yield from self._without_drop(facts)
        elif facts.undropped:
            yield from self._not_dropped(facts)
            if not facts.is_registered:
                yield self._compiler(facts)
        elif refers_to_str(type_):
            yield _why("freeing it by hand as well would free it twice")
        else:
            yield _why("the compiler frees what it owns")

    def _without_drop(self, facts: VariableFacts) -> Iterator[Statement]:
        """What becomes of a value that the compiler neither drops nor misses."""
        match facts.ground:
            case Ground.GIVEN_AWAY:
                yield _why("its new owner frees it")
            case Ground.OPENED:
                yield _fate(f"it is opened{self._on_lines(facts.opened)}; what it holds is judged separately")
            case Ground.NO_EXIT if facts.unclear:
                yield _fate(f"it is not known what happens to it{self._on_lines(facts.unclear)}")
            case Ground.NO_EXIT:
                yield _fate("no path leaves its block")
            case _ if not facts.has_known_origin:
                yield Statement(About.WHY, _UNKNOWN_ORIGIN)

    # -- the compiler -------------------------------------------------------------------------

    def _not_dropped(self, facts: VariableFacts) -> Iterator[Statement]:
        """The exits at which a value leaks, by what keeps the compiler from dropping it there."""
        by_reason: dict[str, list[Exit]] = {}
        for exit_, obstacle in facts.undropped.items():
            by_reason.setdefault(self._obstacle(facts.variable, exit_, obstacle), []).append(exit_)
        for reason, exits in by_reason.items():
            yield _fate(f"not freed at {self._exits(exits)}: {reason}")

    def _obstacle(self, variable: Variable, exit_: Exit, obstacle: Obstacle) -> str:
        match obstacle:
            case Obstacle.JUMP:
                keyword = "break" if exit_.kind is ExitKind.BREAK else "continue"
                return f"{keyword} leaves the block without dropping anything"
            case Obstacle.VOID_END:
                return "a function without a result drops nothing of its top level where it falls off its end"
            case Obstacle.GIVEN_AWAY:
                offset = self._analysis.drops.given_away_at(self._graph, variable, exit_)
                assert offset is not None
                return (
                    f"the name `{variable.name}` counts as given away from line {self._line(offset)} on, "
                    "which cancels every later drop in the text"
                )
            case Obstacle.NOT_REGISTERED:
                return "the compiler never registered it for a drop"

    def _compiler(self, facts: VariableFacts) -> Statement:
        """What the compiler would do by itself."""
        text = f"the compiler never drops it: {self._not_noted(facts.variable)}"
        if facts.is_registered:
            text = f"{self._drop(facts.variable.type)} at the end of its block"
        return Statement(About.COMPILER, text)

    def _drop(self, type_: Type | None) -> str:
        """What dropping a value of a type does."""
        match self._analysis.drops.kind(type_):
            case DropKind.STRING:
                return "the compiler frees its string"
            case DropKind.CALL:
                return f"the compiler calls {type_}'s Drop, and nothing else,"
            case _:
                names = quoted_names(self._dropped_fields(type_))
                return (
                    f"the compiler frees {names}, and no other field," if names else "the compiler drops it"
                )

    def _dropped_fields(self, type_: Type | None) -> list[str]:
        assert type_ is not None
        names = self._analysis.index.fields(type_)
        return [name for name in names if self._analysis.drops.drops_field(type_, name)]

    def _not_noted(self, variable: Variable) -> str:
        type_ = variable.type
        if type_ is None:
            return "its type is not known"
        if type_.name in BUILTIN_VARIANTS:
            return f"it drops no {type_.name}, and no payload of one"
        if type_.name in _NEVER_DROPPED:
            return _NEVER_DROPPED[type_.name]
        if self._analysis.drops.kind(type_) is DropKind.NOTHING:
            return f"{type_} has no Drop and no field that is dropped"
        if variable.kind is VariableKind.DESTRUCTURED:
            return "a name in a tuple, in a nested pattern, in an if let or a let else is not registered"
        if variable.kind is VariableKind.LOOP:
            return "the variable of a loop is not registered"
        return (
            "a string is registered only where its let visibly makes one: with an interpolation, `+` or a "
            "function whose name is marked @allocates"
        )

    def _owned_parts(self, type_: Type | None) -> Iterator[Statement]:
        """What a value of a type owns, and by whom it is freed."""
        if type_ is None or type_.is_str:
            return
        releases = self._analysis.releases
        release = releases.release_of(type_)
        if release is not None:
            fields = releases.fields_released(type_, release)
            freed = [name for name, done in fields.items() if done.freed]
            parts = quoted_names(freed) if freed else "what it owns"
            yield Statement(About.OWNS, f"`{type_.bare}.{release.name}()` releases {parts}")
        elif self._analysis.drops.kind(type_) is not DropKind.NOTHING:
            yield Statement(About.OWNS, f"{type_.bare} has no release of its own")

    # -- uses ---------------------------------------------------------------------------------

    def _exits(self, exits: Iterable[Exit]) -> str:
        return describe_exits(exits, self._line)

    def _on_lines(self, uses: Sequence[Use]) -> str:
        """`` on line 3``; nothing for no uses."""
        return f" on {_lines(self._line(use.node.start) for use in uses)}" if uses else ""

    def _ends(self, uses: Sequence[Use]) -> Iterator[Statement]:
        """The uses that give a value away, each with its line."""
        texts = (f"{self.of_use(use)}, on line {self._line(use.node.start)}" for use in uses)
        return map(_fate, dict.fromkeys(texts))

    def of_use(self, use: Use) -> str:
        """What a variable is used for."""
        return self._of_site(use.site, use.variable.type)

    def _of_site(self, site: Site, type_: Type | None) -> str:
        site = self._classifier.final_site(site)
        parent = site.parent
        match site.role:
            case Role.STORED:
                target = parent.target.text if isinstance(parent, nodes.Assignment) else parent.text
                return f"stored in `{short_code(target)}`"
            case Role.ELEMENT:
                return f"moved into {_whole(parent)}"
            case Role.CONSTRUCTED:
                return f"moved into `{short_code(parent.text)}`"
            case Role.INTERPOLATED:
                is_text = refers_to_str(type_) and parent.first_token.type == "STRING_START"
                frees = is_text and Trait.INTERPOLATION in self._graph.traits
                return "interpolated, which frees it" if frees else "interpolated"
            case Role.FIELD if isinstance(parent, nodes.FieldAccess):
                return f"its field `{parent.name}` is read"
            case Role.RECEIVER | Role.ARGUMENT:
                return self._passed(site)
            case _:
                return _USES.get(site.role, "read")

    def _passed(self, site: Site) -> str:
        call = f"`{_call_name(site.parent)}`"
        effects = self._classifier.effects(site)
        if effects <= {Effect.BORROWS}:
            return f"only read by {call}"
        if effects <= {Effect.BORROWS, Effect.RELEASES}:
            return f"released by {call}"
        if Effect.RETAINS in effects:
            return f"kept by {call}"
        if Effect.RETURNS in effects:
            return f"passed on by {call}, whose result is or holds it"
        if Effect.DRAINS in effects:
            return f"a part of it is released by {call}"
        return f"passed to {call}, and it is not known what that does with it"

    # -- values that no variable holds --------------------------------------------------------

    def of_temporary(self, facts: TemporaryFacts) -> list[Statement]:
        """All there is to say about a value in the middle of an expression."""
        return [
            Statement(About.ORIGIN, "no variable holds it"),
            Statement(About.HERE, self._of_site(facts.site, facts.type)),
            *_of_temporary(facts),
        ]


def _of_temporary(facts: TemporaryFacts) -> Iterator[Statement]:
    match facts.ground:
        case TemporaryGround.VIEW:
            yield _why(f"it is a view, and {_own(facts.holders)} what it shows")
        case TemporaryGround.UNPROVEN:
            yield _unproven(facts.holders)
        case TemporaryGround.ARGUMENT:
            yield Statement(About.WHY, "it is what the call was given, so nothing new is made")
        case TemporaryGround.UNKNOWN_ORIGIN:
            yield Statement(About.WHY, _UNKNOWN_ORIGIN)
        case TemporaryGround.GIVEN_AWAY:
            yield _why("its new owner frees it")
        case TemporaryGround.OPENED:
            yield _fate("what it holds is judged separately")
        case TemporaryGround.STATEMENT_END:
            yield Statement(About.COMPILER, "the compiler frees it at the end of the statement")
            yield _why("freeing it by hand as well would free it twice")
        case ground:
            yield Statement(About.COMPILER, _COMPILER_ON_TEMPORARIES[ground])


_COMPILER_ON_TEMPORARIES = {
    TemporaryGround.NEVER_DROPPED: "the compiler drops what a variable holds, and no variable holds this",
    TemporaryGround.JOINED: "freed by the string that it becomes part of",
    TemporaryGround.TESTS_ONLY: (
        "the compiler frees it only in tests: in a library body it frees strings of variables only"
    ),
    TemporaryGround.UNSEEN: (
        "the compiler does not know that a new string is made here, so it frees nothing"
    ),
}

_NEVER_DROPPED = {
    "()": "it drops no tuple",
    "[]": "it drops no array",
    "ref": "a reference owns nothing",
    "*": "a pointer is only an address",
    "func": "it drops no function value",
}

_USES = {
    Role.RETURNED: "returned: the caller owns it then",
    Role.BOUND: "given to another variable",
    Role.ASSIGNED: "given to another variable",
    Role.CAPTURED: "captured by a closure",
    Role.SCRUTINEE: "opened",
    Role.PROPAGATED: "opened with `!`",
}

_UNKNOWN_ORIGIN = "tmlfix does not know where it comes from, so nothing is inserted"


def _why(reason: str) -> Statement:
    """Why a value gets no fix."""
    return Statement(About.WHY, f"{NOTHING_IS_INSERTED}: {reason}")


def _fate(text: str) -> Statement:
    return Statement(About.FATE, text)


def _unproven(holders: Sequence[str]) -> Statement:
    return _why(
        f"nothing shows that it is newly made, so it is treated as a view, and {_own(holders)} what it shows"
    )


def _own(holders: Sequence[str]) -> str:
    """``a`` and ``b`` own."""
    names = list(dict.fromkeys(holders))
    if not names:
        return "what it is read from owns"
    return f"{quoted_names(names)} {'owns' if len(names) == 1 else 'own'}"


def _whole(parent: Node) -> str:
    """What a value becomes an element of."""
    match parent:
        case nodes.Tuple():
            return "a tuple"
        case nodes.Array():
            return "an array"
        case nodes.FieldInit():
            return f"the field `{parent.name}` of a new value"
        case _:
            return "a new value"


def _call_name(node: Node) -> str:
    name = called_name(node) if isinstance(node, Expression) else None
    return f"{name}()" if name is not None else short_code(node.text)


def _lines(lines: Iterable[int]) -> str:
    """``line 3`` or ``lines 3, 5 and 7``."""
    numbers = [str(line) for line in sorted(set(lines))]
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {listed(numbers)}"
