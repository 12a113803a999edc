"""What all parts of the compiler know of the function that they compile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.second_opinion.drops import Code, DropNotes, Frame
from tests.second_opinion.heap import NULL, Heap, Place, Pointer
from tests.second_opinion.program import Declaration
from tests.second_opinion.values import Cell
from tml_ast import nodes

if TYPE_CHECKING:
    from tests.second_opinion.machine import Machine


class Unsupported(Exception):
    """Something that the second opinion cannot execute."""


class Returned(Exception):
    """A running function returns."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Broken(Exception):
    """A running loop is left."""


class Continued(Exception):
    """A running loop goes on with its next turn."""


@dataclass(frozen=True, slots=True)
class Local:
    """A variable: its slot, its type, and whether each use works on a copy of its own."""

    slot: int
    type: str
    is_argument: bool = False


Compiled = tuple[Code, str]
"""Code and the type of what it yields; the type is empty for nothing."""


Matches = Callable[[Frame, Any], bool]
"""Whether a value matches a pattern; it binds the names of the pattern."""


class Compilation:
    """The function that is being compiled, its variables so far, and the drops that are due."""

    def __init__(self, machine: Machine, declaration: Declaration) -> None:
        self.machine = machine
        self.program = machine.program
        self.heap = machine.heap
        self.declaration = declaration
        self.in_library = declaration.in_library
        is_method = declaration.owner is not None
        self.notes = DropNotes(set(machine.given_away_in_methods if is_method else ()))
        self.locals: dict[str, Local] = {}
        self.slots = 0
        self.loop_depth = 0
        """How many scopes lie around the body of the innermost loop."""
        self.owned: set[int] = set()
        """The expressions, by identity, whose new strings a variable owns that gets one of several."""
        self.flags: dict[int, int] = {}
        """The slots that tell at run time whether the variable in a slot owns its string."""

    def local(self, name: str, type_text: str, is_argument: bool = False) -> Local:
        """A new variable, known by its name from here on."""
        self.slots += 1
        self.locals[name] = local = Local(self.slots, type_text, is_argument)
        return local

    def drop_of(self, local: Local) -> Code:
        """Code that drops a variable."""
        flag = self.flags.get(local.slot)

        def drop(frame: Frame) -> None:
            if flag is None or frame[flag]:
                self.machine.drop(local.type, frame[local.slot])

        return drop

    def is_dropped(self, type_text: str) -> bool:
        """Whether the compiler drops variables of this type."""
        return self.machine.types.is_registered(type_text)

    def give_away(self, node: nodes.Expression) -> None:
        """Note that a value changes hands, if it is a variable's."""
        if (name := identifier(node)) is not None:
            self.notes.give_away(name)

    def frees(self, registers: Sequence[int]) -> list[Code]:
        """Code that frees these temporaries."""

        def free(register: int) -> Code:
            def run(frame: Frame) -> None:
                if register in frame:
                    self.heap.drop(frame.pop(register))
                else:
                    self.heap.release_unmade()

            return run

        return [free(register) for register in registers]

    def makes_text(self, node: nodes.Expression) -> bool:
        """Whether the form of the expression says that it makes a string."""
        if isinstance(node, nodes.InterpolatedString):
            return True
        if isinstance(node, nodes.Binary):
            return not is_constant(node)
        return called_name(node) in self.program.reserved

    @property
    def is_void(self) -> bool:
        """Whether the function yields nothing."""
        return self.declaration.returns in ("", "Unit", "()")

    def located(self, node: nodes.Node, code: Code) -> Code:
        """The code, which reports its place and that it goes on."""
        place = Place(self.declaration.path, self.declaration.name, self.declaration.line(node.start))

        def step(frame: Frame) -> Any:
            self.heap.places[-1] = place
            self.machine.steps += 1
            if self.machine.steps > 100_000:
                raise Unsupported("a program that does not end")
            return code(frame)

        return step

    # -- what other parts compile -------------------------------------------------------------

    def expression(self, node: nodes.Expression) -> Compiled:
        """Code for an expression, and a note of its string if nobody owns that."""
        raise NotImplementedError

    def place(self, node: nodes.Expression) -> Compiled:
        """Code that yields the cell of an expression: the storage itself, or a copy where there is none."""
        raise NotImplementedError

    def matched(self, pattern: nodes.Pattern, type_text: str) -> Matches:
        """Code that says whether a value of this type matches, and binds the pattern's names."""
        raise NotImplementedError

    def call_of_closure(self, name: str, arguments: Sequence[nodes.Expression]) -> Compiled:
        """Code for the call of a variable."""
        raise NotImplementedError

    def statement(self, node: nodes.Node) -> Code:
        """Code for a statement, with what is freed at its end."""
        raise NotImplementedError

    def last_expression(self, node: nodes.Expression) -> Compiled:
        """The value of a block, which the compiler does not treat as a statement."""
        code, type_text = self.expression(node)
        return self.located(node, code), type_text


def sequence(codes: Sequence[Code], result: Code, ending: Sequence[Code]) -> Code:
    """Code that runs all in order, and yields the result of the middle one."""

    def run(frame: Frame) -> Any:
        for code in codes:
            code(frame)
        value = result(frame)
        for code in ending:
            code(frame)
        return value

    return run


def nothing(_frame: Frame) -> None:
    """Code that does nothing."""
    return None


def store(slot: int, code: Code) -> Code:
    """Code that puts a value into a variable."""

    def run(frame: Frame) -> None:
        frame[slot] = Cell(code(frame))

    return run


def store_pointer(register: int, code: Code) -> Code:
    """Code that also remembers a temporary in a register."""

    def run(frame: Frame) -> Any:
        frame[register] = value = code(frame)
        return value

    return run


def text_of(heap: Heap, pointer: Any) -> str | None:
    """The text that a pointer leads to; none where it leads nowhere."""
    return heap.use(pointer).text if isinstance(pointer, Pointer) and pointer is not NULL else None


def statements(block: nodes.Block) -> list[nodes.Node]:
    """The statements of a block without its value."""
    return block.statements if block.value is None else block.statements[:-1]


def identifier(node: nodes.Expression) -> str | None:
    """The name of a variable, if the expression is nothing else."""
    return node.identifier if isinstance(node, nodes.Path) else None


def values_of(node: nodes.Expression) -> list[nodes.Expression]:
    """The values of which one comes out of the branches of an expression; none where it has no branches."""
    if not isinstance(node, nodes.If | nodes.When | nodes.Ternary):
        return []
    waiting, found = [node], []
    for each in waiting:
        match each:
            case nodes.Block():
                waiting += [each.value] if each.value is not None else []
            case nodes.If():
                waiting += [each.branch, *([each.alternative] if each.alternative is not None else [])]
            case nodes.Ternary():
                waiting += each.branches
            case nodes.When():
                waiting += [arm.body for arm in each.arms]
            case nodes.Return() | nodes.Break() | nodes.Continue():
                pass
            case _:
                found.append(each)
    return found


def bound_name(pattern: nodes.Pattern) -> str:
    """The name that a pattern binds."""
    if isinstance(pattern, nodes.BindingPattern):
        return pattern.name
    if isinstance(pattern, nodes.WildcardPattern):
        return "_"
    raise Unsupported(pattern.text)


def called_name(node: nodes.Expression) -> str | None:
    """The last name of what is called."""
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
        return node.function.segments[-1]
    return node.name if isinstance(node, nodes.MethodCall) else None


def is_constant(node: nodes.Expression) -> bool:
    """Whether the compiler folds the concatenation into a constant."""
    if isinstance(node, nodes.Binary):
        return node.operator == "+" and is_constant(node.left) and is_constant(node.right)
    return isinstance(node, nodes.Literal) and node.kind == "STRING"


def pointee(type_text: str) -> str:
    """The type without its reference."""
    return type_text.removeprefix("mut ").removeprefix("ref ")
