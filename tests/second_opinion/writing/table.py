"""Which constructs were used with which kinds of value, and why some never are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.second_opinion.writing.handling import CONSTRUCTS, Handling
from tests.second_opinion.writing.kinds import (
    BOX,
    CHEST,
    CONTAINERS,
    HOLDERS,
    KINDS,
    OWNERS,
    PAIR,
    PARCEL,
    SESSION,
    TEXT,
    VIEW,
    Kind,
)

GROUPS: dict[str, tuple[Kind, ...]] = {
    "owner": tuple(kind for kind in OWNERS if kind not in (CHEST, SESSION)),
    "dropped": (CHEST,),
    "handle of C": (SESSION,),
    "string": (TEXT,),
    "view": (VIEW,),
    "tuple": (PAIR,),
    "struct": tuple(kind for kind in HOLDERS if "struct" in kind.name and "generic" not in kind.name),
    "enum": (PARCEL, BOX),
    "generic": tuple(kind for kind in HOLDERS if "generic" in kind.name),
    "list, map": CONTAINERS,
}
"""The columns of the table."""

_ALL = frozenset(KINDS)
_DROPPED = frozenset(kind for kind in KINDS if not kind.is_copied) - {TEXT, VIEW}

REASONS: dict[str, tuple[str, frozenset[str], frozenset[Kind]]] = {
    "a": (
        "a view owns nothing that could be given away, put elsewhere or forgotten",
        frozenset(
            (
                *("let mut", "pattern of a tuple", "array", "ternary", "if then else", "value of an if"),
                *("value of a when", "value of a block", "#if twins", "part of a struct or enum"),
                *("put into a container", "taken out", "payload of a when", "ignored payload", "unwrap()"),
                *("only asked", "if let", "let else", "!", "overwritten", "discarded", "in a closure"),
                *("parameter", "parameter by reference", "returned", "returned in an Outcome or Maybe"),
                *("result of a call", "released", "released under #if", "view into it"),
            )
        ),
        frozenset((VIEW,)),
    ),
    "b": (
        "the compiler frees the string before anybody could use it, or refuses the program",
        frozenset(("ternary", "if then else", "value of a when", "value of a block", "if let", "let else")),
        frozenset((TEXT,)),
    ),
    "c": (
        "the compiler would free a string that the container or array still holds",
        frozenset(("pattern of a tuple", "array", "#if twins", "put into a container", "taken out")),
        frozenset((TEXT,)),
    ),
    "d": (
        "the compiler keeps room for one machine word",
        frozenset(("value of a when",)),
        frozenset(KINDS) - {*OWNERS, *(kind for kind in KINDS if kind.type == "Label")},
    ),
    "e": (
        "nothing releases it by hand",
        frozenset(("released", "released under #if")),
        frozenset(kind for kind in KINDS if not kind.releases),
    ),
    "f": (
        "it holds no string",
        frozenset(("view into it",)),
        frozenset(kind for kind in KINDS if not kind.views),
    ),
    "g": (
        "the compiler would drop it by both names",
        frozenset(("second name",)),
        _DROPPED,
    ),
    "h": ("it is no enum", frozenset(("own enum",)), _ALL - {PARCEL, BOX}),
}
"""Why some constructs are never used with some kinds: the reason, the constructs, and the kinds."""


def reason(construct: str, kind: Kind) -> str | None:
    """The letter of the reason why a construct is never used with a kind; None if it is."""
    found = (
        letter
        for letter, (_, constructs, kinds) in REASONS.items()
        if construct in constructs and kind in kinds
    )
    return next(found, None)


@dataclass(slots=True)
class Table:
    """How many programs, paths and fixes there were for each use of a construct."""

    programs: Counter[Handling] = field(default_factory=Counter)
    paths: Counter[Handling] = field(default_factory=Counter)
    fixes: Counter[Handling] = field(default_factory=Counter)

    def add(self, handled: Iterable[Handling], paths: int, fixes: int) -> None:
        """Add a program."""
        for handling in handled:
            self.programs[handling] += 1
            self.paths[handling] += paths
            self.fixes[handling] += fixes

    def merge(self, other: Table) -> None:
        """Add the programs of another process."""
        self.programs.update(other.programs)
        self.paths.update(other.paths)
        self.fixes.update(other.fixes)

    def markdown(self, what: str) -> str:
        """The table with the programs, paths or fixes: in modules, and in tests."""
        counts: Counter[Handling] = getattr(self, what)
        lines = [f"| | {' | '.join(GROUPS)} |", f"|---{'|---' * len(GROUPS)}|"]
        for construct in CONSTRUCTS:
            cells = (_cell(counts, construct, kinds) for kinds in GROUPS.values())
            lines.append(f"| {construct} | {' | '.join(cells)} |")
        reasons = (f"- ({letter}) {text}" for letter, (text, _, _) in REASONS.items())
        return "\n".join([*lines, "", *reasons])


def _cell(counts: Counter[Handling], construct: str, kinds: Iterable[Kind]) -> str:
    possible = [kind for kind in kinds if reason(construct, kind) is None]
    if not possible:
        letters = dict.fromkeys(reason(construct, kind) for kind in kinds)
        return f"– ({', '.join(filter(None, letters))})"
    library, test = (
        sum(counts[Handling(construct, kind.name, place)] for kind in possible) for place in (True, False)
    )
    return f"{library:,} + {test:,}"
