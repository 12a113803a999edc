"""The kinds of value that generated programs handle; to add one is to add a record.

In the code of a record ``$n`` is a number that no other value has, ``$v`` the variable, and ``$r`` the
variable as a function takes it that borrows it. What is called is in the TML modules of ``SUPPORT``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIBRARY = "lib/demo/src/kinds.tml"
SUPPORT = {LIBRARY: Path(__file__).parent.with_name("kinds.tml").read_bytes()}
"""The modules that every generated program uses (path to content)."""

IMPORTS = """\
use core::str
use std::collections::List
use demo::kinds::{Reel, Chest, Label, decide, rounds, note, note_text, measure_reel, measure_chest}
use demo::kinds::{open_reel, open_chest, find_label, read_text, words_of, reel_pair}
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """A call that yields a value or none: the variant with the value, and the other one."""

    call: str
    good: str = "Ok"
    bad: str = "Err"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its type, names for variables of it, and what is done with them."""

    name: str
    type: str
    variables: tuple[str, ...]
    """Names of variables; sibling blocks share them, as people do."""
    makers: tuple[str, ...] = ()
    """Expressions that make one."""
    uses: tuple[str, ...] = ()
    """Expressions of type I64 that read it and leave it alone."""
    loans: tuple[str, ...] = ()
    """The same, but handing over the variable itself, which a reference cannot."""
    releases: tuple[str, ...] = ()
    """Statements that release it; each is enough."""
    views: tuple[str, ...] = ()
    """Strings that it goes on owning."""
    texts: tuple[str, ...] = ()
    """Strings that are made of it."""
    discards: tuple[str, ...] = ()
    """Statements that make one and forget it."""
    openings: tuple[Opening, ...] = ()
    may_be_overwritten: bool = False
    """Whether a program assigns another value while this one is alive."""


REEL = Kind(
    name="exactly once",
    type="Reel",
    variables=("reel", "spool", "coil"),
    makers=("Reel::new($n)",),
    uses=("$v.size()",),
    loans=("measure_reel($v)",),
    releases=("$v.destroy()",),
    discards=("Reel::new($n)", "note(Reel::new($n).size())", "open_reel($n)", "let _ = Reel::new($n)"),
    openings=(Opening("open_reel($n)"),),
    may_be_overwritten=True,
)
CHEST = Kind(
    name="dropped",
    type="Chest",
    variables=("chest", "trunk"),
    makers=("Chest::new($n)",),
    uses=("$v.size()", "measure_chest($r)"),
    releases=("$v.destroy()",),
    discards=("note(Chest::new($n).size())",),
    openings=(Opening("open_chest($n)"),),
    may_be_overwritten=True,
)
LABEL = Kind(
    name="struct with a string",
    type="Label",
    variables=("label", "sticker"),
    makers=('Label::new("label $n")',),
    uses=("str::len($v.peek())", "note_text($v.render())"),
    views=("$v.peek()",),
    texts=("$v.render()",),
    openings=(Opening("find_label($n)", "Just", "Nothing"),),
)
TEXT = Kind(
    name="string",
    type="Str",
    variables=("text", "line", "name_text"),
    makers=('str::repeat("r$n", 2)', '"number {note($n)}"'),
    uses=("str::len($v)", "note_text($v)"),
    texts=("str::substring($v, 0, 2)",),
    openings=(Opening("read_text($n)"),),
    may_be_overwritten=True,
)
VIEW = Kind(
    name="view",
    type="Str",
    variables=("shown", "seen"),
    uses=TEXT.uses,
    texts=TEXT.texts,
)
WORDS = Kind(
    name="list of strings",
    type="List[Str]",
    variables=("words", "parts"),
    makers=('words_of("one two $n")',),
    uses=("$v.len()", "note_text($v.get(1))"),
    releases=("$v.destroy()",),
    views=("$v.get(0)",),
    discards=('words_of("a b $n")',),
)
PAIR = Kind(
    name="pair",
    type="(Reel, Reel)",
    variables=("pair", "couple"),
    makers=("reel_pair($n)",),
    uses=("0",),
)
NUMBER = Kind(name="number", type="I64", variables=("given",), makers=("$n",), uses=("$v",))
"""No owner; parameters and errors are numbers."""

KINDS = (REEL, CHEST, LABEL, TEXT, VIEW, WORDS, PAIR)
"""All kinds of value that own something, or look into what does."""

BY_TYPE = {kind.type: kind for kind in (*KINDS, NUMBER) if kind is not VIEW}

MADE = (REEL, REEL, CHEST, LABEL, TEXT, WORDS, PAIR)
"""What a program makes; more often what is here more often."""
