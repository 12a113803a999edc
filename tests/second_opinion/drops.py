"""What the compiler remembers about drops while it walks over one function.

Its notes are kept by name and in the order of the text, whatever path is taken later: a name that was
given away once is never dropped after that place, and a temporary that was freed once is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """Something that TML's compiler rejects."""


class Frame(dict[int, Any]):
    """The storage of a running function: slot to cell, and register to pointer."""

    def __missing__(self, slot: int) -> Any:
        raise Refused("a name that is not bound where it is used")


Code = Callable[[Frame], Any]


@dataclass(frozen=True, slots=True)
class Registration:
    """A variable that is dropped at the end of its scope."""

    name: str
    drop: Code
    slot: int


@dataclass(slots=True)
class DropNotes:
    """The scopes that are open, the names given away, and the strings that wait for the statement's end."""

    given_away: set[str]
    scopes: list[list[Registration]] = field(default_factory=list)
    temporaries: list[int] = field(default_factory=list)
    has_left: bool = False
    """Whether the code so far ends in a return, break or continue."""

    def register(self, name: str, drop: Code, slot: int) -> None:
        """Drop the variable in a slot when the innermost scope ends."""
        self.scopes[-1].append(Registration(name, drop, slot))

    def will_drop(self, slot: int) -> bool:
        """Whether the variable in a slot is to be dropped."""
        entries = [entry for scope in self.scopes for entry in scope if entry.slot == slot]
        return any(entry.name not in self.given_away for entry in entries)

    def give_away(self, name: str) -> None:
        """Never drop a variable of this name from here on."""
        self.given_away.add(name)

    def scope_drops(self) -> list[Code]:
        """The drops of the innermost scope."""
        return list(self._drops(self.scopes[-1]))

    def all_drops(self, depth: int = 0, moved: int = 0) -> list[Code]:
        """The drops of the scopes from a depth on, the innermost first, but for what moves out of a slot."""
        return [drop for scope in reversed(self.scopes[depth:]) for drop in self._drops(scope, moved)]

    def _drops(self, scope: list[Registration], moved: int = 0) -> Iterator[Code]:
        for entry in reversed(scope):
            if entry.name not in self.given_away and entry.slot != moved:
                yield entry.drop

    def take_last_temporary(self) -> None:
        """Let the newest temporary have an owner."""
        if self.temporaries:
            self.temporaries.pop()

    def take_temporaries(self, since: int) -> list[int]:
        """The temporaries since then, in the order in which they were made; they are forgotten."""
        taken = self.temporaries[since:]
        del self.temporaries[since:]
        return taken

    def flush_temporaries(self, since: int = 0) -> list[int]:
        """The temporaries to free here; they are forgotten."""
        if self.has_left and not since:
            return []
        flushed = self.temporaries[since:]
        del self.temporaries[since:]
        return flushed[::-1]
