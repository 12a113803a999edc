"""What generated programs do with values: by which construct, of which kind, and in which sort of file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Handling:
    """One use of a construct of the language."""

    construct: str
    kind: str
    """The name of the kind of value."""
    in_library: bool


MADE = (
    *("let", "var", "let mut", "pattern of a tuple", "array"),
    *("ternary", "if then else", "value of an if", "value of a when", "value of a block", "#if twins"),
)
USED = ("lent", "view into it", "captured by a closure", "second name")
HANDED_ON = (
    *("argument", "argument by reference", "parameter", "parameter by reference"),
    *("returned", "returned in an Outcome or Maybe", "result of a call", "generic function"),
    *("part of a struct or enum", "put into a container", "taken out"),
)
OPENED = (
    "payload of a when",
    "ignored payload",
    "unwrap()",
    "only asked",
    "if let",
    "let else",
    "!",
    "own enum",
)
ENDED = ("released", "released under #if", "overwritten", "discarded")
PLACES = (
    *("in an if", "in an else if", "in an if let", "in an arm", "in an arm with a guard"),
    *("in a loop", "in a while", "in a for", "in a counting loop"),
    *("in a block", "in a lowlevel block", "in a closure", "under #if"),
)
"""Where a value comes into being."""

CONSTRUCTS = (*MADE, *USED, *HANDED_ON, *OPENED, *ENDED, *PLACES)
"""All of them, as the table shows them."""
