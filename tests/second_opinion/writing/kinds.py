"""The kinds of value that generated programs handle; to add one is to add a record.

In the code of a record ``$n`` is a number that no other value has, ``$v`` the variable, and ``$r`` the
variable as a function takes it that borrows it. ``$0`` and ``$1`` are the values it is made of. What is
called is in the TML modules of ``support``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Opening:
    """A call that yields a value or none: the variant with the value, and the other one."""

    call: str
    good: str = "Ok"
    bad: str = "Err"


@dataclass(frozen=True, slots=True)
class Form:
    """Code with values of these kinds in it, which hands them over."""

    parts: tuple[Kind, ...]
    code: str


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
    is_copied: bool = False
    """Whether a second variable may hold the same value: nothing drops either."""
    forms: tuple[Form, ...] = ()
    """Expressions that make one of other values, which are then its own."""
    into: tuple[Form, ...] = ()
    """Statements that put other values into it, or change what it holds."""
    variants: tuple[tuple[str, Kind | None], ...] = ()
    """The patterns of an enum's variants, with ``$p`` for the value that they hold."""
    out: tuple[tuple[Kind, str], ...] = ()
    """Expressions that take a value out of it, after which it is left alone."""


NUMBER = Kind(name="number", type="I64", variables=("given",), makers=("$n",), uses=("$v",))
"""No owner; parameters and errors are numbers."""


def _owner(name: str, type_: str, variables: tuple[str, ...], release: str, **more: Any) -> Kind:
    """An owner of one block, which is released by a method."""
    defaults: dict[str, Any] = {"uses": ("$v.size()", "look($r)"), "is_copied": True}
    return Kind(
        name=name,
        type=type_,
        variables=variables,
        makers=(f"{type_}::new($n)",),
        releases=(f"$v.{release}()",),
        may_be_overwritten=True,
        **defaults | more,
    )


REEL = _owner(
    "exactly once",
    "Reel",
    ("reel", "spool", "coil"),
    "destroy",
    loans=("measure_reel($v)", "rewind(mut ref $v)"),
    discards=("Reel::new($n)", "note(Reel::new($n).size())", "open_reel($n)", "let _ = Reel::new($n)"),
    openings=(Opening("open_reel($n)"),),
)
CHEST = _owner(
    "dropped",
    "Chest",
    ("chest", "trunk"),
    "destroy",
    is_copied=False,
    uses=("$v.size()", "measure_chest($r)", "look($r)"),
    discards=("note(Chest::new($n).size())",),
    openings=(Opening("open_chest($n)"),),
)
CRATE = _owner(
    "as often as one likes",
    "Crate",
    ("crate_box", "barrel"),
    "destroy",
    discards=("Crate::new($n)",),
    openings=(Opening("open_crate($n)"),),
)
PIPE = _owner(
    "closed",
    "Pipe",
    ("pipe", "tube"),
    "close",
    discards=("note(Pipe::new($n).size())",),
    openings=(Opening("find_pipe($n)", "Just", "Nothing"),),
)
VALVE = _owner(
    "released by another name",
    "Valve",
    ("valve", "tap"),
    "shut_down",
    discards=("Valve::new($n)",),
    openings=(Opening("open_valve($n)"),),
)
LAMP = _owner(
    "released through a behavior",
    "Lamp",
    ("lamp", "torch"),
    "dispose",
    discards=("find_lamp($n)",),
    openings=(Opening("find_lamp($n)", "Just", "Nothing"),),
)
SESSION = _owner(
    "foreign handle",
    "Session",
    ("session", "link"),
    "close",
    uses=("look($r)",),
    discards=("Session::new($n)",),
    openings=(Opening("open_session($n)"),),
)
LABEL = Kind(
    name="struct with a string",
    type="Label",
    variables=("label", "sticker"),
    makers=('Label::new("label $n")',),
    uses=("str::len($v.peek())", "note_text($v.render())"),
    views=("$v.peek()",),
    texts=("$v.render()",),
    discards=('note(str::len(Label::new("label $n").peek()))', 'Label::new("label $n")'),
    may_be_overwritten=True,
    openings=(Opening("find_label($n)", "Just", "Nothing"),),
)
TEXT = Kind(
    name="string",
    type="Str",
    variables=("text", "line", "name_text"),
    makers=('str::repeat("r$n", 2)', '"number {note($n)}"', '"from {note($n)} to {note($n)}"'),
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
PAIR = Kind(
    name="pair",
    type="(Reel, Reel)",
    variables=("pair", "couple"),
    may_be_overwritten=True,
    makers=("reel_pair($n)",),
    uses=("$v.0.size()", "$v.1.size()"),
    discards=("reel_pair($n)",),
)
WORDS = Kind(
    name="list of strings",
    type="List[Str]",
    variables=("words", "parts"),
    may_be_overwritten=True,
    makers=('words_of("one two $n")',),
    uses=("$v.len()", "note_text($v.get(1))"),
    releases=("$v.destroy()",),
    views=("$v.get(0)",),
    discards=('words_of("a b $n")',),
)
REELS = Kind(
    name="list of owners",
    type="List[Reel]",
    variables=("reels", "spools"),
    may_be_overwritten=True,
    makers=("reels_of($n)",),
    uses=("$v.len()", "$v.get(1).size()"),
    releases=("scrap_reels($v)", "$v.destroy()"),
    discards=("reels_of($n)",),
    into=(Form((REEL,), "$v.push($0)"), Form((), "$v.push(Reel::new($n))")),
    out=((REEL, "$v.pop()"), (REEL, "$v.get(0)")),
)
CHESTS = Kind(
    name="list of dropped owners",
    type="List[Chest]",
    variables=("chests", "trunks"),
    may_be_overwritten=True,
    makers=("chests_of($n)",),
    uses=("$v.len()",),
    releases=("$v.destroy()",),
    discards=("chests_of($n)",),
    into=(Form((), "$v.push(Chest::new($n))"),),
    out=((CHEST, "$v.pop()"), (CHEST, "$v.get(0)")),
)
TABLE = Kind(
    name="map of strings",
    type="HashMap[Str, Str]",
    variables=("table", "entries"),
    may_be_overwritten=True,
    makers=("table_of($n)",),
    uses=("$v.len()", 'str::len($v.get("one"))'),
    discards=("table_of($n)",),
    releases=("$v.destroy()",),
    views=('$v.get("one")',),
    into=(
        Form((), '$v.set("key $n", "literal")'),
        Form((), '$v.set("two", "value $n")'),
        Form((), '$v.remove("two")'),
    ),
)
CABINET = Kind(
    name="nested struct",
    type="Cabinet",
    variables=("cabinet", "cupboard"),
    makers=("Cabinet::new($n)",),
    uses=("$v.size()", "$v.reel.size()", "str::len($v.title)"),
    releases=("$v.destroy()", "$v.reel.destroy()"),
    views=("$v.title",),
    discards=("Cabinet::new($n)",),
    may_be_overwritten=True,
    forms=(Form((REEL, TEXT), "Cabinet { reel: $0, title: $1 }"),),
    out=((REEL, "$v.reel"),),
)
SHELF = Kind(
    name="nested struct that is dropped",
    type="Shelf",
    variables=("shelf", "rack"),
    makers=("Shelf::new($n)",),
    uses=("$v.chest.size()", "str::len($v.title)", "str::len($v.label.peek())"),
    views=("$v.title",),
    discards=("Shelf::new($n)",),
    may_be_overwritten=True,
    forms=(Form((CHEST, LABEL, TEXT), "Shelf { chest: $0, label: $1, title: $2 }"),),
)
PARCEL = Kind(
    name="enum of one's own",
    type="Parcel",
    variables=("parcel", "packet"),
    may_be_overwritten=True,
    makers=("pack_reel($n)", "pack_sized($n)", "pack_text($n)", "pack($n)"),
    uses=("look($r)",),
    discards=("pack($n)",),
    forms=(
        Form((REEL,), "Parcel::Heavy($0)"),
        Form((REEL,), "Parcel::Sized($0, $n)"),
        Form((TEXT,), "Parcel::Note($0)"),
    ),
    variants=(
        ("Parcel::Heavy($p)", REEL),
        ("Parcel::Sized($p, size_$n)", REEL),
        ("Parcel::Note($p)", TEXT),
        ("Parcel::Empty", None),
    ),
)
BOX = Kind(
    name="enum that is dropped",
    type="Box",
    variables=("box", "carton"),
    may_be_overwritten=True,
    makers=("Box::Safe(Chest::new($n))",),
    discards=("Box::Safe(Chest::new($n))",),
    uses=("look($r)",),
    forms=(Form((CHEST,), "Box::Safe($0)"),),
    variants=(("Box::Safe($p)", CHEST), ("Box::Bare", None)),
)
HOLDER_OF_REEL = Kind(
    name="generic holder of an owner",
    type="Holder[Reel]",
    variables=("holder", "keeper"),
    makers=("Holder[Reel]::new(Reel::new($n))",),
    discards=("Holder[Reel]::new(Reel::new($n))",),
    uses=("$v.inner.size()", "$v.get().size()"),
    releases=("$v.inner.destroy()",),
    may_be_overwritten=True,
    forms=(Form((REEL,), "Holder[Reel] { inner: $0 }"), Form((REEL,), "Holder[Reel]::new($0)")),
    out=((REEL, "$v.get()"), (REEL, "$v.inner")),
)
HOLDER_OF_CHEST = Kind(
    name="generic holder of a dropped owner",
    type="Holder[Chest]",
    variables=("safe", "vault"),
    makers=("Holder[Chest]::new(Chest::new($n))",),
    discards=("Holder[Chest]::new(Chest::new($n))",),
    may_be_overwritten=True,
    uses=("$v.inner.size()",),
    releases=("$v.inner.destroy()",),
    forms=(Form((CHEST,), "Holder[Chest] { inner: $0 }"),),
)
HOLDER_OF_TEXT = Kind(
    name="generic holder of a string",
    type="Holder[Str]",
    variables=("frame", "wrapped"),
    makers=("held_text($n)",),
    discards=("held_text($n)",),
    may_be_overwritten=True,
    uses=("str::len($v.inner)",),
    views=("$v.inner",),
    forms=(Form((TEXT,), "Holder[Str] { inner: $0 }"),),
)
HOLDER_OF_LABEL = Kind(
    name="generic holder of a struct",
    type="Holder[Label]",
    variables=("tag", "badge"),
    makers=('Holder[Label]::new(Label::new("label $n"))',),
    discards=('Holder[Label]::new(Label::new("label $n"))',),
    may_be_overwritten=True,
    uses=("str::len($v.inner.peek())",),
    forms=(Form((LABEL,), "Holder[Label] { inner: $0 }"),),
)

OWNERS = (REEL, CHEST, CRATE, PIPE, VALVE, LAMP, SESSION)
HOLDERS = (
    LABEL,
    CABINET,
    SHELF,
    PARCEL,
    BOX,
    HOLDER_OF_REEL,
    HOLDER_OF_CHEST,
    HOLDER_OF_TEXT,
    HOLDER_OF_LABEL,
)
CONTAINERS = (WORDS, REELS, CHESTS, TABLE)

KINDS = (*OWNERS, TEXT, VIEW, PAIR, *HOLDERS, *CONTAINERS)
"""All kinds of value that own something, or look into what does."""

BY_TYPE = {kind.type: kind for kind in (*KINDS, NUMBER) if kind is not VIEW}

MADE = (REEL, *OWNERS, LABEL, TEXT, TEXT, PAIR, *HOLDERS, *CONTAINERS)
"""What a program makes; more often what is here more often."""


def palette(choose: Callable[[Sequence[Kind]], Kind]) -> tuple[Kind, ...]:
    """The kinds of one program: few, with what they are made of, so that much happens to each."""
    kinds = [choose(MADE) for _ in range(3)]
    for kind in kinds:
        parts = [part for form in (*kind.forms, *kind.into) for part in form.parts]
        parts += [part for part, _ in kind.out] + [part for _, part in kind.variants if part is not None]
        kinds += [part for part in parts if part not in kinds]
    return tuple(kinds)
