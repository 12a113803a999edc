"""Functions on which the defects show that the second opinion can leave out.

`generated_functions` does many things with many kinds of value, and seldom what such a defect is about. Here
a few names stand for strings and other owners over and over; these are left by jumps, returned by name or
in a call, given to a private function, interpolated and assigned, and they come out of branches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.second_opinion.generated_functions import ENTRY, MADE, TEST, GeneratedProgram
from tests.second_opinion.mended import INTERPOLATION
from tests.second_opinion.writing.support import support_of, with_imports

NAMES = ("line", "word", "mark", "part", "rest", "tail")

LIBRARY = """\
func peek(text: Str) -> I64 {
    return str::len(text)
}

pub type Slate {
    number: I64
}

pub type Pad {
    chest: Chest,
    number: I64
}

impl Drop for Pad {
    func drop(mut this) {
        this.number = 0
    }
}
"""
"""A function that is private, a type for methods, and one with a Drop of its own that frees nothing."""


@st.composite
def afflicted_programs(draw: st.DrawFn, mended: Collection[str] = ()) -> GeneratedProgram:
    """The programs of `afflicted`."""

    def choose(options: Sequence[Any]) -> Any:
        return options[draw(st.integers(0, len(options) - 1))]

    return afflicted(choose, mended)


def afflicted(choose: Callable[[Sequence[Any]], Any], mended: Collection[str] = ()) -> GeneratedProgram:
    """A library module with up to two functions, and a test that calls them, as ``choose`` decides.

    A variable is interpolated only where that is ``mended``: else it harms the program before any fix.
    """
    writer = _Writer(choose, interpolates=INTERPOLATION in mended)
    library = [LIBRARY]
    calls = ["let slate = Slate { number: 1 }"]
    functions = []
    for index in range(choose((0, 1, 2, 2))):
        name, returns, is_method = (
            f"made_{index}",
            choose(("I64", "Str", "Str", "")),
            choose((False, False, True)),
        )
        library += writer.function(name, returns, is_method=is_method)
        functions += [] if is_method else [name]
        call = f"slate.{name}()" if is_method else f"{name}()"
        calls.append({"Str": f"let text_{index}: Str = {call}", "I64": f"note({call})"}.get(returns, call))
    returns = choose(("I32", ""))
    test = [f"use demo::made::{{{', '.join(['Slate', *functions])}}}"]
    # few paths, so that each function is left in each of its ways
    body = [*calls, *(writer.body(returns) if not functions else ["return 0"] if returns else [])]
    code = "\n".join(["@test", f"func {ENTRY}(){_result(returns)} {{", *body, "}", ""])
    sources = {
        MADE: with_imports("\n".join(library)),
        TEST: "\n".join([*test, with_imports(code)]),
    }
    files = {path: source.encode() for path, source in sources.items()}
    return GeneratedProgram({**support_of(*sources.values()), **files}, frozenset())


def _result(returns: str) -> str:
    return f" -> {returns}" if returns else ""


@dataclass(slots=True)
class _Block:
    """The variables that a block may use, by what they hold."""

    depth: int = 0
    strings: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    """The strings among them that may be assigned."""
    chests: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    """The strings that were declared in the block itself, and that it may give away."""
    in_loop: bool = False
    is_left: bool = False
    """Whether all paths leave it, so that nothing may follow."""

    def inner(self, *, in_loop: bool = False) -> _Block:
        """A block in this one."""
        return _Block(
            self.depth + 1, [*self.strings], [*self.assigned], [*self.chests], [], in_loop or self.in_loop
        )

    @property
    def free_names(self) -> list[str]:
        """The names that stand for nothing yet."""
        return [name for name in NAMES if name not in (*self.strings, *self.chests, *self.own)]


class _Writer:
    """Writes functions, in a library or in a test."""

    def __init__(self, choose: Callable[[Sequence[Any]], Any], *, interpolates: bool) -> None:
        self._choose = choose
        self._interpolates = interpolates
        self._number = 0
        self._in_library = False
        self._returns = ""

    def function(self, name: str, returns: str, *, is_method: bool) -> Iterator[str]:
        """The lines of a function of the library, or of an implementation with a method."""
        self._in_library = True
        head = f"pub func {name}({'this' if is_method else ''}){_result(returns)} {{"
        lines = [*(["@allocates"] if returns == "Str" else []), head, *self.body(returns), "}"]
        yield from ["impl Slate {", *lines, "}", ""] if is_method else [*lines, ""]
        self._in_library = False

    def body(self, returns: str) -> list[str]:
        """The statements of a function, up to its end."""
        self._returns = returns
        block = _Block()
        lines = [*self._statements(block)]
        if block.is_left:
            return lines
        ends = ([], ["return"]) if not returns else (self._return(block),)
        return [*lines, *self._choose(ends)]

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _made(self) -> str:
        number = self._next()
        return self._choose((f'str::repeat("s{number}", 1)', f'"n{{{number}}}"'))

    def _statements(self, block: _Block) -> Iterator[str]:
        for _ in range(self._choose((1, 2, 3) if block.depth else (2, 3, 4))):
            options = [self._let, self._let, self._chest, self._opened]
            if self._in_library:
                options += [self._branches, self._late]
            if block.strings:
                options += [self._read] * 3
            if block.assigned:
                options.append(self._assign)
            if block.own:
                options.append(self._give)
            if block.depth < 2:
                options += [self._if, self._if, self._early, self._early, self._loop]
            yield from self._choose(options)(block)
            if block.is_left:
                return

    # -- what makes a value -------------------------------------------------------------------

    def _name(self, block: _Block, *, is_text: bool = True) -> str:
        name: str = self._choose(block.free_names or [f"other_{self._next()}"])
        if is_text:
            block.strings.append(name)
            block.own.append(name)
        else:
            block.chests.append(name)
        return name

    def _let(self, block: _Block) -> Iterator[str]:
        name = self._name(block)
        if self._choose((True, True, False)):
            yield f"let {name}: Str = {self._made()}"
        else:
            block.assigned.append(name)
            yield f"var {name}: Str = {self._made()}"

    def _late(self, block: _Block) -> Iterator[str]:
        name = self._name(block)
        yield f'var {name}: Str = ""'
        yield f"if decide({self._next()}) {{ {name} = {self._made()} }}"

    def _branches(self, block: _Block) -> Iterator[str]:
        first, second, third = self._made(), self._made(), self._made()
        one, two = self._next(), self._next()
        inner = f"if decide({two}) {{ {second} }} else {{ {third} }}"
        otherwise = self._choose((second, inner, '"none"'))
        yield f"let {self._name(block)}: Str = if decide({one}) {{ {first} }} else {{ {otherwise} }}"

    def _chest(self, block: _Block) -> Iterator[str]:
        number = self._next()
        if self._in_library and self._choose((True, False, False)):
            yield f"let pad_{number}: Pad = Pad {{ chest: Chest::new({number}), number: {number} }}"
            yield f"let number_{number}: I64 = pad_{number}.number"
            return
        name = self._name(block, is_text=False)
        if self._choose((True, False)):
            yield f"let {name}: Chest = Chest::new({number})"
        else:
            yield f"var {name}: Chest = Chest::new({number})"
            yield f"{name} = Chest::new({self._next()})"

    def _opened(self, block: _Block) -> Iterator[str]:
        number = self._next()
        hidden = [*block.chests, *block.strings]
        maker = self._choose(("open_chest", "read_text"))
        if not hidden or self._choose((True, False)):
            yield f"when {maker}({number}) {{ Ok(_) => note({number}), Err(error) => note(error), }}"
            return
        seen = f"{{ let seen_{number}: I64 = note({number}) }}"
        yield f"when {maker}({number}) {{ Ok({self._choose(hidden)}) => {seen}, Err(_) => {seen}, }}"

    # -- what is done with one ----------------------------------------------------------------

    def _read(self, block: _Block) -> Iterator[str]:
        name, number = self._choose(block.strings), self._next()
        options = [f"let size_{number}: I64 = str::len({name})"]
        if self._in_library:
            options += [f"let size_{number}: I64 = peek({name})"] * 3
        if self._in_library and self._interpolates:
            options.append(f'let shown_{number}: Str = "<{{{name}}}>"')
        yield self._choose(options)

    def _assign(self, block: _Block) -> Iterator[str]:
        yield f"{self._choose(block.assigned)} = {self._made()}"

    def _give(self, block: _Block) -> Iterator[str]:
        name = block.own.pop()
        block.strings.remove(name)
        if name in block.assigned:
            block.assigned.remove(name)
        block.chests.append(f"label_{self._next()}")
        yield f"let {block.chests.pop()}: Label = Label {{ text: {name} }}"

    # -- where control goes -------------------------------------------------------------------

    def _if(self, block: _Block) -> Iterator[str]:
        first, second = block.inner(), block.inner()
        yield f"if decide({self._next()}) {{"
        yield from self._inside(first)
        if self._choose((True, False)):
            yield "} else {"
            yield from self._inside(second)
        yield "}"
        block.is_left = first.is_left and second.is_left

    def _early(self, block: _Block) -> Iterator[str]:
        yield f"if decide({self._next()}) {{"
        yield from self._return(block)
        yield "}"

    def _loop(self, block: _Block) -> Iterator[str]:
        number = self._next()
        yield f"var turn_{number}: I64 = 0"
        yield f"let turns_{number}: I64 = rounds({self._next()})"
        yield f"loop (turn_{number} < turns_{number}) {{"
        yield f"turn_{number} = turn_{number} + 1"
        yield from self._inside(block.inner(in_loop=True))
        yield "}"

    def _inside(self, block: _Block) -> Iterator[str]:
        yield from self._statements(block)
        if block.is_left:
            return
        block.is_left = True
        if block.in_loop and self._choose((True, False)):
            yield self._choose(("break", "continue"))
        elif self._choose((True, False)):
            yield from self._return(block)
        else:
            block.is_left = False

    def _return(self, block: _Block) -> list[str]:
        if self._returns == "":
            return ["return"]
        if self._returns == "I32":
            return ["return 0"]
        names = [self._choose(block.strings)] if block.strings else []
        if self._returns == "Str":
            return [f"return {self._choose([*names * 3, self._made()])}"]
        calls = [f"{read}({name})" for name in names for read in ("str::len", "peek")]
        return [f"return {self._choose([str(self._next()), *calls])}"]
