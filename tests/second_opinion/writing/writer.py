"""What a writer of functions knows: the lines so far, the variables, and the functions it may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.second_opinion.writing.handling import Handling
from tests.second_opinion.writing.kinds import Kind, Opening

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]


@dataclass(slots=True)
class Variable:
    """A local: its kind, and whether it may still be used."""

    name: str
    kind: Kind
    is_usable: bool = True
    owner: Variable | None = None
    is_variable: bool = False
    is_reference: bool = False
    is_given: bool = False
    """Whether it is a parameter."""
    is_alias: bool = False
    """Whether it holds the same value as its owner, and is as good as it."""

    @property
    def may_be_used(self) -> bool:
        """Whether it still holds what it held, and so does what it looks into."""
        return self.is_usable and (self.owner is None or self.owner.may_be_used)

    @property
    def original(self) -> Variable:
        """The variable that owns its value."""
        return self.owner.original if self.is_alias and self.owner is not None else self

    @property
    def by_reference(self) -> str:
        """It, as an argument for a parameter that is a reference."""
        return self.name if self.is_reference else f"ref {self.name}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A function that others may call."""

    name: str
    parameters: tuple[str, ...]
    returns: str
    is_visible: bool
    in_library: bool
    takes: bool = False
    """Whether it takes over the owners that it is given, and callers must leave them alone."""
    path: str = ""
    """The file that it is in."""
    sees: frozenset[str] = frozenset()
    """The library modules that its file may use."""


@dataclass(slots=True)
class Scope:
    """What is in force at a place: variables, and whether it is in a loop."""

    variables: list[Variable] = field(default_factory=list)
    in_loop: bool = False
    loop_depth: int = 0

    def inner(self, *, in_loop: bool = False) -> Scope:
        """A block in here."""
        return Scope(list(self.variables), in_loop or self.in_loop, len(self.variables))


class Writer:
    """The function that is being written; ``choose`` makes every decision."""

    def __init__(
        self,
        choose: Choose[str],
        signature: Signature,
        known: Sequence[Signature],
        first_number: int,
        kinds: Sequence[Kind],
        openings: Mapping[str, Opening] | None = None,
    ) -> None:
        self.choose = choose
        self.made_openings = openings or {}
        """Calls of the program's own that yield a value or none, by the name of the kind."""
        self.kinds = kinds
        """What it makes; more often what is there more often."""
        self.signature = signature
        self.known = known
        self.number = first_number
        self.lines: list[str] = []
        self.depth = 1
        self.budget = 14
        self.handled: set[Handling] = set()
        """What was done with values so far."""
        self.place = ""
        """The innermost construct around what is written."""

    def handle(self, construct: str, *kinds: Kind) -> None:
        """Note what is done with values."""
        for kind in kinds:
            self.handled.add(Handling(construct, kind.name, self.signature.in_library))

    def openings_of(self, kind: Kind) -> Sequence[Opening]:
        """The calls that yield a value of a kind or none."""
        own = self.made_openings.get(kind.name)
        return kind.openings if own is None else (*kind.openings, own)

    def write(self, line: str, at: int | None = None) -> None:
        """Add a line at the current depth."""
        self.lines.append("    " * (self.depth if at is None else at) + line)

    def fresh(self) -> int:
        """A number that no other value has."""
        self.number += 1
        return self.number

    def one_of(self, *options: str) -> str:
        """One of these."""
        return self.choose(options)

    def filled(self, code: str, variable: Variable | None = None, parts: Sequence[Variable] = ()) -> str:
        """The code of a record, with its numbers, its variable, and the values that go into it."""
        for position, part in enumerate(parts):
            code = code.replace(f"${position}", part.name)
        while "$n" in code:
            code = code.replace("$n", str(self.fresh()), 1)
        if variable is not None:
            code = code.replace("$v", variable.name).replace("$r", variable.by_reference)
        return code

    def declare(self, scope: Scope, kind: Kind, names: Sequence[str] = ()) -> Variable:
        """A new variable whose name is not in force."""
        names = names or kind.variables
        taken = {variable.name for variable in scope.variables}
        free = [name for name in names if name not in taken]
        variable = Variable(self.choose(free) if free else f"{names[0]}_{self.fresh()}", kind)
        scope.variables.append(variable)
        if self.place:
            self.handle(self.place, kind)
        return variable

    def usable(self, scope: Scope, *kinds: Kind) -> list[Variable]:
        """The variables of these kinds that may still be used."""
        return [variable for variable in scope.variables if variable.kind in kinds and variable.may_be_used]

    def may_be_given_away(self, scope: Scope, variable: Variable) -> bool:
        """Whether the function may release the variable's value, or let something else own it.

        In a loop it may not do so with what comes from outside: that would happen in every turn.
        """
        original = variable.original
        if original.owner is not None or (original.is_given and not self.signature.takes):
            return False
        return not scope.in_loop or original not in scope.variables[: scope.loop_depth]

    def owned(self, scope: Scope, kind: Kind) -> list[Variable]:
        """The variables of a kind whose value may become a part of something else."""
        return [
            variable
            for variable in self.usable(scope, kind)
            if not variable.is_alias
            and not (kind.type == "Str" and variable.is_given)
            and self.may_be_given_away(scope, variable)
        ]

    def pick(self, variables: Sequence[Variable]) -> Variable:
        """One of the variables."""
        by_name = {variable.name: variable for variable in variables}
        return by_name[self.choose(sorted(by_name))]
