"""Hypothesis strategies for well-typed TML functions that make, use, give away and forget values.

What they call is in kinds.tml. Every value has its own number, and no function uses a
value that it released or gave away, so whatever leaks or is released twice later is not their fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

KINDS = Path(__file__).with_name("kinds.tml").read_bytes()
LIBRARY, MADE, TEST = "lib/demo/src/kinds.tml", "lib/demo/src/made.tml", "tests/demo/made.test.tml"
ENTRY = "test_made"
"""The function of a generated program that is run."""

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]

NAMES = {
    "Reel": ("reel", "spool", "coil"),
    "Chest": ("chest", "trunk"),
    "Label": ("label", "sticker"),
    "Str": ("text", "line", "name_text"),
    "view": ("shown", "seen"),
    "List[Str]": ("words", "parts"),
    "(Reel, Reel)": ("pair", "couple"),
    "error": ("e",),
}
"""Names by the type of the variable; sibling blocks share them, as people do."""


@dataclass(slots=True)
class Variable:
    """A local: its type, and whether it may still be used."""

    name: str
    type: str
    is_usable: bool = True
    owner: Variable | None = None
    is_variable: bool = False
    is_reference: bool = False

    @property
    def may_be_used(self) -> bool:
        """Whether it still holds what it held, and so does what it looks into."""
        return self.is_usable and (self.owner is None or self.owner.may_be_used)


@dataclass(frozen=True, slots=True)
class Signature:
    """A function that others may call."""

    name: str
    parameters: tuple[str, ...]
    returns: str
    is_visible: bool
    in_library: bool
    takes: bool = False
    """Whether it takes over the reels and chests it is given, and callers must leave them alone."""


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
    """Writes one function; ``choose`` makes every decision."""

    def __init__(
        self, choose: Choose[str], signature: Signature, known: Sequence[Signature], first_number: int
    ) -> None:
        self.choose = choose
        self.signature = signature
        self.known = known
        self.number = first_number
        self.lines: list[str] = []
        self.depth = 1
        self.budget = 14

    # -- the function -------------------------------------------------------------------------

    def function(self) -> list[str]:
        """The function's lines."""
        signature = self.signature
        names = [f"given_{index}" for index in range(len(signature.parameters))]
        parameters = ", ".join(map("{}: {}".format, names, signature.parameters))
        scope = Scope([Variable(name, kind) for name, kind in zip(names, signature.parameters, strict=True)])
        for variable in scope.variables:
            if variable.type.startswith("ref "):
                variable.type = variable.type.removeprefix("ref ")
                variable.owner = Variable("caller", variable.type)
                variable.is_reference = True
        arrow = f" -> {signature.returns}" if signature.returns else ""
        visibility = "pub " if signature.is_visible and signature.in_library else ""
        self.write(f"{visibility}func {signature.name}({parameters}){arrow} {{", at=0)
        if not self.statements(scope):
            self.leave(scope, at_end=True)
        self.write("}", at=0)
        return self.lines

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

    def declare(self, scope: Scope, kind: str, name_kind: str | None = None) -> Variable:
        """A new variable whose name is not in force."""
        taken = {variable.name for variable in scope.variables}
        free = [name for name in NAMES[name_kind or kind] if name not in taken]
        name = self.choose(free) if free else f"{NAMES[name_kind or kind][0]}_{self.fresh()}"
        variable = Variable(name, kind)
        scope.variables.append(variable)
        return variable

    def usable(self, scope: Scope, *kinds: str) -> list[Variable]:
        """The variables of these types that may still be used."""
        return [variable for variable in scope.variables if variable.type in kinds and variable.may_be_used]

    def pick(self, variables: Sequence[Variable]) -> Variable:
        """One of the variables."""
        by_name = {variable.name: variable for variable in variables}
        return by_name[self.choose(sorted(by_name))]

    # -- statements ---------------------------------------------------------------------------

    def statements(self, scope: Scope) -> bool:
        """Write some statements; whether they end in a return, break or continue."""
        for _ in range(int(self.one_of("1", "2", "3", "4", "5"))):
            if self.budget <= 0:
                return False
            self.budget -= 1
            if self.statement(scope):
                return True
        return False

    def statement(self, scope: Scope) -> bool:
        """Write one statement; whether it leaves the block."""
        options = [
            "make",
            "make",
            "make",
            "use",
            "use",
            "release",
            "discard",
            "open",
            "call",
            "text",
            "again",
            "again text",
            "push",
        ]
        if self.depth < 4:
            options += ["if", "if", "if", "loop", "when", "when"]
        if self.depth > 1:
            options += ["leave"]
        if self.signature.returns.startswith("Outcome"):
            options += ["try"]
        if self.signature.in_library:
            options += ["branch value"]
        written = getattr(self, "_" + self.choose(options).replace(" ", "_"))(scope)
        return bool(written)

    def _make(self, scope: Scope) -> None:
        kind = self.one_of("Reel", "Reel", "Chest", "Label", "Str", "List[Str]", "(Reel, Reel)")
        number = self.fresh()
        if kind == "Str":
            return self._text(scope)
        if kind == "(Reel, Reel)":
            self.fresh()  # the second reel's
        maker = {
            "Reel": f"Reel::new({number})",
            "Chest": f"Chest::new({number})",
            "Label": f'Label::new("label {number}")',
            "List[Str]": f'words_of("one two {number}")',
            "(Reel, Reel)": f"reel_pair({number})",
        }[kind]
        if kind == "(Reel, Reel)" and self.one_of("names", "tuple") == "names":
            first, second = self.declare(scope, "Reel"), self.declare(scope, "Reel")
            self.write(f"let ({first.name}, {second.name}) = {maker}")
            return None
        variable = self.declare(scope, kind)
        variable.is_variable = self.one_of("let", "let", "let", "var") == "var"
        if variable.is_variable:
            self.write(f"var {variable.name}: {kind} = {maker}")
        else:
            self.write(f"let {variable.name}{self.one_of(f': {kind}', '')} = {maker}")
        return None

    def text_maker(self, scope: Scope, *, in_branch: bool = False) -> str:
        """An expression that makes a string, and is freed when it is bound.

        As the value of a branch the compiler would free a sum before anybody could use it.
        """
        options = [f'str::repeat("r{self.fresh()}", 2)', f'"number {{{self.fresh()}}}"']
        options += [f"{label.name}.render()" for label in self.usable(scope, "Label")]
        options += [f"str::substring({text.name}, 0, 2)" for text in self.usable(scope, "Str", "view")]
        if not in_branch:
            options += [f'{text.name} + "!"' for text in self.usable(scope, "Str", "view")]
        return self.choose(options)

    def _text(self, scope: Scope) -> None:
        viewed = self.usable(scope, "Label", "List[Str]")
        if viewed and self.one_of("make", "view") == "view":
            owner = self.pick(viewed)
            maker = f"{owner.name}.peek()" if owner.type == "Label" else f"{owner.name}.get(0)"
            view = self.declare(scope, "view")
            view.owner = owner
            self.write(f"let {view.name}: Str = {maker}")
            return
        maker = self.text_maker(scope)
        variable = self.declare(scope, "Str")
        variable.is_variable = self.one_of("let", "let", "var") == "var"
        self.write(f"{'var' if variable.is_variable else 'let'} {variable.name}: Str = {maker}")

    def _branch_value(self, scope: Scope) -> None:
        number = self.fresh()
        maker = self.text_maker(scope, in_branch=True)
        variable = self.declare(scope, "Str")
        self.write(f'let {variable.name}: Str = if decide({number}) {{ {maker} }} else {{ "none" }}')

    def use_of(self, variable: Variable) -> str:
        """An expression that reads the variable and leaves it alone."""
        name = variable.name
        options = {
            "Reel": [f"{name}.size()", *([] if variable.is_reference else [f"measure_reel({name})"])],
            "Chest": [f"{name}.size()", f"measure_chest({_by_reference(variable)})"],
            "Label": [f"str::len({name}.peek())", f"note_text({name}.render())"],
            "Str": [f"str::len({name})", f"note_text({name})"],
            "view": [f"str::len({name})", f"note_text({name})"],
            "List[Str]": [f"{name}.len()", f"note_text({name}.get(1))"],
            "(Reel, Reel)": ["0"],
            "I64": [name],
        }[variable.type]
        return self.choose(options)

    def _use(self, scope: Scope) -> None:
        usable = self.usable(scope, *NAMES.keys() - {"error"})
        if usable:
            self.write(f"note({self.use_of(self.pick(usable))})")

    def _release(self, scope: Scope) -> None:
        releasable = [
            variable
            for variable in self.usable(scope, "Reel", "Chest", "List[Str]")
            if variable.owner is None and (self.signature.takes or not variable.name.startswith("given"))
        ]
        if not releasable:
            return
        variable = self.pick(releasable)
        if scope.in_loop and variable in scope.variables[: scope.loop_depth]:
            return
        variable.is_usable = False
        self.write(f"{variable.name}.destroy()")

    def _discard(self, scope: Scope) -> None:
        number = self.fresh()
        self.write(
            self.choose(
                [
                    f"Reel::new({number})",
                    f"note(Reel::new({number}).size())",
                    f"note(Chest::new({number}).size())",
                    f"note_text({self.text_maker(scope)})",
                    f"note(str::len({self.text_maker(scope)}))",
                    f"open_reel({number})",
                    f"let _ = Reel::new({number})",
                    f'words_of("a b {number}")',
                ]
            )
        )

    def _again(self, scope: Scope) -> None:
        variables = [variable for variable in self.usable(scope, "Reel", "Chest") if variable.is_variable]
        if variables:
            variable = self.pick(variables)
            self.write(f"{variable.name} = {variable.type}::new({self.fresh()})")

    def _again_text(self, scope: Scope) -> None:
        """Assign to a string; not where a fix at the function's end promises to free only the last value."""
        if not self.signature.returns:
            return
        variables = [variable for variable in self.usable(scope, "Str") if variable.is_variable]
        if variables:
            maker = self.text_maker(scope)
            self.write(f"{self.pick(variables).name} = {maker}")

    def _push(self, scope: Scope) -> None:
        """Add a string to a list that may hold others; a test would free a string that it made for that."""
        lists = self.usable(scope, "List[Str]")
        if lists:
            options = [f'"literal {self.fresh()}"']
            if self.signature.in_library:
                options.append(f'str::repeat("p{self.fresh()}", 2)')
            self.write(f"{self.pick(lists).name}.push({self.choose(options)})")

    def _call(self, scope: Scope) -> None:
        callable_ = [signature for signature in self.known if self.sees(signature)]
        if not callable_:
            return
        by_name = {signature.name: signature for signature in callable_}
        signature = by_name[self.choose(sorted(by_name))]
        arguments = [self.argument(scope, kind, taken=signature.takes) for kind in signature.parameters]
        call = f"{signature.name}({', '.join(arguments)})"
        if signature.returns in NAMES and self.one_of("bind", "bind", "discard") == "bind":
            variable = self.declare(scope, signature.returns)
            self.write(f"let {variable.name}: {signature.returns} = {call}")
        elif signature.returns.startswith("Outcome"):
            self.open(scope, call, "Reel", "Ok", "Err")
        else:
            self.write(call if signature.returns != "I64" else f"note({call})")

    def sees(self, function: Signature) -> bool:
        """Whether the function can be called from here."""
        if function.in_library:
            return function.is_visible or self.signature.in_library
        return not self.signature.in_library

    def argument(self, scope: Scope, kind: str, *, taken: bool) -> str:
        """An argument of a type; it stays usable unless it is taken over."""
        if kind == "I64":
            return str(self.fresh())
        if kind == "Str":
            usable = self.usable(scope, "Str", "view")
            return self.pick(usable).name if usable else f'"literal {self.fresh()}"'
        takes_reference = kind.startswith("ref ")
        usable = [
            candidate
            for candidate in self.usable(scope, kind.removeprefix("ref "))
            if takes_reference or not candidate.is_reference
        ]
        if usable and not taken:
            variable = self.pick(usable)
        else:
            variable = self.declare(scope, kind.removeprefix("ref "))
            self.write(f"let {variable.name}: {variable.type} = {variable.type}::new({self.fresh()})")
        if takes_reference:
            return _by_reference(variable)
        variable.is_usable = not taken
        return variable.name

    # -- control ------------------------------------------------------------------------------

    def block(
        self, scope: Scope, *, in_loop: bool = False, first: str = "", bound: Sequence[Variable] = ()
    ) -> bool:
        """Write the inside of a block; whether it leaves."""
        self.depth += 1
        inner = scope.inner(in_loop=in_loop)
        if not in_loop:
            inner.loop_depth = scope.loop_depth
        inner.variables += bound
        before = [variable.is_usable for variable in scope.variables]
        start = len(self.lines)
        if first:
            self.write(first)
        leaves = self.statements(inner)
        if len(self.lines) == start:
            self.write(f"note({self.fresh()})")
        self.depth -= 1
        if leaves:
            for variable, was_usable in zip(scope.variables, before, strict=True):
                variable.is_usable = was_usable
        return leaves

    def condition(self, scope: Scope) -> str:
        """A question."""
        texts = self.usable(scope, "Str", "view")
        options = [f"decide({self.fresh()})"] * 4
        if not self.signature.in_library:
            options += [f"str::len({self.text_maker(scope)}) > 100"]
        options += [f'{text.name} == "x"' for text in texts]
        return self.choose(options)

    def _if(self, scope: Scope) -> bool:
        self.write(f"if {self.condition(scope)} {{")
        first = self.block(scope)
        if self.one_of("alone", "else") == "alone":
            self.write("}")
            return False
        self.write("} else {")
        second = self.block(scope)
        self.write("}")
        return first and second

    def _loop(self, scope: Scope) -> None:
        number = self.fresh()
        counter = f"turn_{number}"
        self.write(f"let limit_{number}: I64 = rounds({number})")
        self.write(f"var {counter}: I64 = 0")
        self.write(f"loop ({counter} < limit_{number}) {{")
        self.block(scope, in_loop=True, first=f"{counter} = {counter} + 1")
        self.write("}")

    def _when(self, scope: Scope) -> bool:
        number = self.fresh()
        maker, payload, good, bad = {
            "reel": (f"open_reel({number})", "Reel", "Ok", "Err"),
            "chest": (f"open_chest({number})", "Chest", "Ok", "Err"),
            "text": (f"read_text({number})", "Str", "Ok", "Err"),
            "label": (f"find_label({number})", "Label", "Just", "Nothing"),
        }[self.one_of("reel", "chest", "text", *(["label"] if self.can_find(scope) else []))]
        return self.open(scope, maker, payload, good, bad)

    def can_find(self, scope: Scope) -> bool:
        """Whether a `when` over a Maybe may stand here: the compiler takes Nothing for a name, once."""
        return not any(variable.name == "Nothing" for variable in scope.variables)

    def open(self, scope: Scope, maker: str, payload: str, good: str, bad: str) -> bool:
        """Write a `when` over what ``maker`` yields."""
        self.write(f"when {maker} {{")
        self.depth += 1
        name = self.one_of("named", "named", "named", "_")
        bound: list[Variable] = []
        if name != "_":
            variable = self.declare(scope.inner(), payload)
            name = variable.name
            bound = [variable]
        self.write(f"{good}({name}) => {{")
        first = self.arm(scope, bound)
        self.write("},")
        error = self.declare(scope.inner(), "error") if bad == "Err" else Variable(bad, "error")
        self.write(f"{bad}({error.name}) => {{" if bad == "Err" else f"{bad} => {{")
        second = self.arm(scope, [error])
        self.write("},")
        self.depth -= 1
        self.write("}")
        return first and second

    def arm(self, scope: Scope, bound: Sequence[Variable] = ()) -> bool:
        """Write the block of an arm; whether it leaves. All arms must have values of one type."""
        leaves = self.block(scope, bound=bound)
        last = self.lines[-1]
        if not leaves and not last.startswith("    " * (self.depth + 1) + "note"):
            self.write(f"note({self.fresh()})", at=self.depth + 1)
        return leaves

    def _open(self, scope: Scope) -> None:
        number = self.fresh()
        self.write(f"let result_{number}: Outcome[Reel, I64] = open_reel({number})")
        if self.one_of("unread", "taken") == "unread":
            self.write(f"if result_{number}.is_err() {{")
            self.depth += 1
            self.write(f"note({number})")
        else:
            self.write(f"if result_{number}.is_ok() {{")
            self.depth += 1
            variable = self.declare(scope.inner(), "Reel")
            self.write(f"let {variable.name}: Reel = result_{number}.unwrap()")
            self.write(f"note({variable.name}.size())")
        self.depth -= 1
        self.write("}")

    def _try(self, scope: Scope) -> None:
        variable = self.declare(scope, "Reel")
        self.write(f"let {variable.name}: Reel = open_reel({self.fresh()})!")

    def _leave(self, scope: Scope) -> bool:
        if scope.in_loop and self.one_of("return", "jump", "jump") == "jump":
            self.write(self.one_of("break", "continue"))
        else:
            self.leave(scope)
        return True

    def leave(self, scope: Scope, *, at_end: bool = False) -> None:
        """Write a return that fits the function."""
        returns = self.signature.returns
        if returns == "":
            if not at_end or self.one_of("fall", "return") == "return":
                self.write("return")
        elif returns in ("I32", "I64"):
            texts = self.usable(scope, "Str", "view") if returns == "I64" else []
            options = ["0", "1", *(f"str::len({text.name})" for text in texts)]
            value = self.choose(options)
            self.write(value if at_end and self.one_of("return", "tail") == "tail" else f"return {value}")
        elif returns.startswith("Outcome"):
            owned = [
                reel
                for reel in self.usable(scope, "Reel")
                if reel.owner is None and not reel.name.startswith("given")
            ]
            self.write(f"return Ok({self.pick(owned).name})" if owned else f"return Err({self.fresh()})")
        elif returns == "Str":
            owned = [text for text in self.usable(scope, "Str") if not text.name.startswith("given")]
            options = [f'str::repeat("s{self.fresh()}", 2)', *(text.name for text in owned)]
            self.write(f"return {self.choose(options)}")
        else:
            owned = [
                variable
                for variable in self.usable(scope, returns)
                if variable.owner is None and not variable.name.startswith("given")
            ]
            options = [f"{returns}::new({self.fresh()})", *(variable.name for variable in owned)]
            self.write(f"return {self.choose(options)}")


def _by_reference(variable: Variable) -> str:
    return variable.name if variable.is_reference else f"ref {variable.name}"


PARAMETERS = ((), ("I64",), ("Reel",), ("ref Chest",), ("Str",), ("Str", "I64"), ("ref Reel", "Str"))
RETURNS = ("I64", "Str", "Reel", "Chest", "Outcome[Reel, I64]", "")

HEADER = """\
use core::str
use std::collections::List
use demo::kinds::{Reel, Chest, Label, decide, rounds, note, note_text, measure_reel, measure_chest}
use demo::kinds::{open_reel, open_chest, find_label, read_text, words_of, reel_pair}
"""


@st.composite
def programs(draw: st.DrawFn) -> dict[str, bytes]:
    """A library module, and a test file with one test that calls into it (path to content)."""

    def choose(options: Sequence[T]) -> T:
        return options[draw(st.integers(0, len(options) - 1))]

    return made(choose)


def made(choose: Callable[[Sequence[Any]], Any]) -> dict[str, bytes]:
    """The program that ``choose`` decides on."""
    known: list[Signature] = []
    library, test = [HEADER], [HEADER]
    number = 0
    for index in range(choose((0, 0, 1, 2, 3))):
        in_library = choose((True, True, False))
        prefix = "made" if in_library else "local"
        signature = Signature(
            f"{prefix}_{index}",
            choose(PARAMETERS),
            choose(RETURNS),
            choose((True, True, False)),
            in_library,
            choose((True, False)),
        )
        writer = Writer(choose, signature, known, number)
        (library if in_library else test).append("\n".join(writer.function()) + "\n")
        number = writer.number
        known.append(signature)
    visible = [signature.name for signature in known if signature.in_library and signature.is_visible]
    if visible:
        test[0] += f"use demo::made::{{{', '.join(visible)}}}\n"
    entry = Writer(choose, Signature(ENTRY, (), choose(("I32", "I32", "")), True, False), known, number)
    test.append("@test\n" + "\n".join(entry.function()) + "\n")
    return {LIBRARY: KINDS, MADE: "\n".join(library).encode(), TEST: "\n".join(test).encode()}
