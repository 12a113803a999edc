"""Compiles functions in one walk over their text, placing drops where TML's compiler places them.

What it follows was read from that compiler and tried under it: drops at the end of blocks and at
returns, names that count as given away, temporaries, interpolation, payloads of `when`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.second_opinion import natives
from tests.second_opinion.drops import Code, DropNotes, Frame
from tests.second_opinion.heap import NULL, Heap, Place, Pointer
from tests.second_opinion.program import Declaration
from tests.second_opinion.values import (
    Cell,
    Struct,
    Variant,
    base_and_arguments,
    copied,
    is_address,
)
from tml_ast import nodes

if TYPE_CHECKING:
    from tests.second_opinion.machine import Machine


class Unsupported(Exception):
    """Something that the second opinion cannot execute."""


class Refused(Exception):
    """Something that TML's compiler rejects."""


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Local:
    """A variable: its slot, its type, and whether each use works on a copy of its own."""

    slot: int
    type: str
    is_argument: bool = False


Compiled = tuple[Code, str]
"""Code and the type of what it yields; the type is empty for nothing."""


class FunctionCompiler:
    """Compiles one function."""

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

    # -- functions ----------------------------------------------------------------------------

    def compile(self) -> Callable[[Sequence[Any]], Any]:
        """The function as a callable that takes its arguments; a reference is a cell."""
        node = self.declaration.node
        if node.body is None:
            return natives.extern(self.heap, self.declaration)
        parameters = []
        for parameter in node.parameters:
            type_text = self.declaration.owner or "" if parameter.is_receiver else _text(parameter.annotation)
            by_value = not parameter.is_receiver and "ref " not in type_text
            is_argument = by_value and self.declaration.owner is None
            parameters.append((self._local(parameter.name or "_", type_text, is_argument), by_value))
        body = self._function_body(node.body)
        slots = [(local.slot, by_value) for local, by_value in parameters]
        is_void = self._is_void

        def run(arguments: Sequence[Any]) -> Any:
            frame: Frame = {
                slot: Cell(value) if by_value else value
                for (slot, by_value), value in zip(slots, arguments, strict=True)
            }
            try:
                value = body(frame)
            except _Return as returned:
                value = returned.value
            return None if is_void else value

        return run

    @property
    def _is_void(self) -> bool:
        return self.declaration.returns in ("", "Unit", "()")

    def _function_body(self, block: nodes.Block) -> Code:
        self.notes.scopes.append([])
        is_void = self._is_void
        codes = [self._statement(statement) for statement in _statements(block)]
        result: Code = _nothing
        ending: list[Code] = []
        if block.value is not None and not self.notes.has_left:
            result, type_text = self._last_expression(block.value)
            if not is_void and not self.notes.has_left:
                self._give_away(block.value)
                if is_address(type_text):
                    self.notes.take_last_temporary()
                ending = [*self._frees(self.notes.flush_temporaries()), *self.notes.all_drops()]
        if not self.notes.has_left and is_void and self.declaration.owner is not None:
            ending = self.notes.all_drops()
        return _sequence(codes, result, ending)

    def _last_expression(self, node: nodes.Expression) -> Compiled:
        """The value of a block, which the compiler does not treat as a statement."""
        code, type_text = self._expression(node)
        return self._located(node, code), type_text

    # -- statements ---------------------------------------------------------------------------

    def _statement(self, node: nodes.Node) -> Code:
        if self.notes.has_left:
            return _nothing
        after: list[Code] = []
        if isinstance(node, nodes.Let | nodes.Var):
            code = self._binding(node)
        elif isinstance(node, nodes.ExpressionStatement):
            code, after = self._expression_statement(node.expression)
        else:
            raise Unsupported(f"a statement {type(node).__name__}: {node.text}")
        after += self._frees(self.notes.flush_temporaries())
        return self._located(node, _sequence([code], _nothing, after))

    def _located(self, node: nodes.Node, code: Code) -> Code:
        """The code, which reports its place and that it goes on."""
        place = Place(self.declaration.path, self.declaration.name, self.declaration.line(node.start))

        def step(frame: Frame) -> Any:
            self.heap.places[-1] = place
            self.machine.steps += 1
            if self.machine.steps > 100_000:
                raise Unsupported("a program that does not end")
            return code(frame)

        return step

    def _expression_statement(self, node: nodes.Expression) -> tuple[Code, list[Code]]:
        code, type_text = self._expression(node)
        if isinstance(node, nodes.Call | nodes.StaticCall | nodes.MethodCall) and self._is_dropped(type_text):
            return (lambda frame: self.machine.drop(type_text, Cell(code(frame)))), []
        return code, []

    def _binding(self, node: nodes.Let | nodes.Var) -> Code:
        if node.value is None:
            raise Unsupported(node.text)
        code, type_text = self._expression(node.value)
        if node.annotation is not None:
            type_text = node.annotation.text
        if isinstance(node, nodes.Let) and isinstance(node.pattern, nodes.TuplePattern):
            return self._tuple_binding(node.pattern, code, type_text)
        name = node.name if isinstance(node, nodes.Var) else _bound_name(node.pattern)
        local = self._local(name, type_text)
        if type_text == "Str":
            if self._makes_text(node.value):
                self.notes.register(name, self._drop_of(local))
                self.notes.take_last_temporary()
        elif self._is_dropped(type_text):
            self.notes.register(name, self._drop_of(local))
        return _store(local.slot, code)

    def _tuple_binding(self, pattern: nodes.TuplePattern, code: Code, type_text: str) -> Code:
        _, parts = base_and_arguments(type_text)
        slots = [
            self._local(_bound_name(element), part).slot
            for element, part in zip(pattern.elements, parts, strict=True)
        ]

        def bind(frame: Frame) -> None:
            for slot, value in zip(slots, code(frame), strict=True):
                frame[slot] = Cell(value)

        return bind

    def _local(self, name: str, type_text: str, is_argument: bool = False) -> Local:
        self.slots += 1
        self.locals[name] = local = Local(self.slots, type_text, is_argument)
        return local

    def _drop_of(self, local: Local) -> Code:
        return lambda frame: self.machine.drop(local.type, frame[local.slot])

    def _is_dropped(self, type_text: str) -> bool:
        return not is_address(type_text) and self.program.is_dropped(base_and_arguments(type_text)[0])

    # -- expressions --------------------------------------------------------------------------

    def _expression(self, node: nodes.Expression) -> Compiled:
        """Code for an expression, and a note of its string if nobody owns that."""
        code, type_text = self._plain_expression(node)
        if type_text == "Str" and self._is_temporary(node):
            self.slots += 1
            self.notes.temporaries.append(self.slots)
            return _store_pointer(self.slots, code), type_text
        return code, type_text

    def _is_temporary(self, node: nodes.Expression) -> bool:
        if isinstance(node, nodes.Binary):
            return node.operator == "+" and not _is_constant(node)
        return not self.in_library and self._makes_text(node)

    def _makes_text(self, node: nodes.Expression) -> bool:
        """Whether the form of the expression says that it makes a string."""
        if isinstance(node, nodes.InterpolatedString):
            return True
        if isinstance(node, nodes.Binary):
            return not _is_constant(node)
        return _called_name(node) in self.program.reserved

    def _give_away(self, node: nodes.Expression) -> None:
        """Note that a value changes hands, if it is a variable's."""
        if (name := _identifier(node)) is not None:
            self.notes.give_away(name)

    def _frees(self, registers: Sequence[int]) -> list[Code]:
        def free(register: int) -> Code:
            def run(frame: Frame) -> None:
                if register in frame:
                    self.heap.drop(frame.pop(register))
                else:
                    self.heap.release_unmade()

            return run

        return [free(register) for register in registers]

    def _plain_expression(self, node: nodes.Expression) -> Compiled:
        compile_it = getattr(self, f"_{type(node).__name__}", None)
        if compile_it is None:
            raise Unsupported(f"{type(node).__name__}: {node.text}")
        compiled: Compiled = compile_it(node)
        return compiled

    def _Group(self, node: nodes.Group) -> Compiled:
        return self._expression(node.inner)

    def _Literal(self, node: nodes.Literal) -> Compiled:
        value, type_text = natives.literal(self.heap, node)
        return (lambda frame: value), type_text

    def _InterpolatedString(self, node: nodes.InterpolatedString) -> Compiled:
        if node.first_token.type.startswith("TEMPLATE"):
            raise Unsupported("a template literal")
        parts: list[Code] = []
        for child in node.children:
            if isinstance(child, nodes.Expression):
                code, type_text = self._expression(child)
                is_constant = isinstance(child, nodes.Literal)
                parts.append(natives.as_text(self.heap, code, type_text, is_constant))
            elif text := natives.literal_part(child):
                parts.append(self._fixed_part(text))

        def join(frame: Frame) -> Pointer:
            evaluated: list[tuple[Pointer, bool]] = [part(frame) for part in parts]
            if len(evaluated) == 1:
                return evaluated[0][0]
            result, in_register = evaluated[0]
            for piece, piece_in_register in evaluated[1:]:
                text = self.heap.use(result).text + self.heap.use(piece).text
                joined = self.heap.make("text", text=text)
                for pointer, freed in ((result, in_register), (piece, piece_in_register)):
                    if freed:
                        self.heap.drop(pointer)
                result, in_register = joined, True
            return result

        return join, "Str"

    def _fixed_part(self, text: str) -> Code:
        return lambda frame: (self.heap.constant(text), False)

    def _Path(self, node: nodes.Path) -> Compiled:
        name = node.segments[-1]
        if name in self.locals:
            local = self.locals[name]
            return (lambda frame: copied(frame[local.slot].value)), _pointee(local.type)
        if name == "Nothing":
            return (lambda frame: Variant("Nothing")), "Maybe[_]"
        raise Unsupported(f"the name {node.text}")

    def _This(self, node: nodes.This) -> Compiled:
        local = self.locals["this"]
        return (lambda frame: copied(frame[local.slot].value)), local.type

    def _FieldAccess(self, node: nodes.FieldAccess) -> Compiled:
        if node.name.isdigit():
            code, type_text = self._expression(node.object)
            self._give_away(node.object)
            number = int(node.name)
            return (lambda frame: copied(code(frame)[number])), base_and_arguments(type_text)[1][number]
        place, type_text = self._place(node)
        return (lambda frame: copied(place(frame).value)), type_text

    def _place(self, node: nodes.Expression) -> Compiled:
        """Code that yields the cell of an expression: the storage itself, or a copy where there is none."""
        if isinstance(node, nodes.This) or (_identifier(node) or "") in self.locals:
            local = self.locals[_identifier(node) or "this"]
            if local.is_argument and local.type in self.program.fields:
                return (lambda frame: Cell(copied(frame[local.slot].value))), _pointee(local.type)
            return (lambda frame: frame[local.slot]), _pointee(local.type)
        if isinstance(node, nodes.FieldAccess) and not node.name.isdigit():
            place, type_text = self._place(node.object)
            name = node.name
            field_type = self.program.fields[base_and_arguments(type_text)[0]][name]
            return (lambda frame: place(frame).value.fields[name]), field_type
        code, type_text = self._expression(node)
        return (lambda frame: Cell(code(frame))), type_text

    def _Cast(self, node: nodes.Cast) -> Compiled:
        code, _ = self._expression(node.operand)
        return code, node.annotation.text

    def _LowlevelBlock(self, node: nodes.LowlevelBlock) -> Compiled:
        codes = [self._statement(statement) for statement in _statements(node.block)]
        if node.block.value is None:
            return _sequence(codes, _nothing, []), ""
        result, type_text = self._expression(node.block.value)
        return _sequence(codes, result, []), type_text

    def _Unary(self, node: nodes.Unary) -> Compiled:
        if node.operator in ("ref", "mut ref", "&", "&mut"):
            place, type_text = self._place(node.operand)
            return place, f"ref {type_text}"
        code, type_text = self._expression(node.operand)
        if node.operator in ("not", "!"):
            return (lambda frame: not code(frame)), "Bool"
        if node.operator == "-":
            return (lambda frame: -code(frame)), type_text
        raise Unsupported(node.text)

    def _Binary(self, node: nodes.Binary) -> Compiled:
        left, left_type = self._expression(node.left)
        if node.operator in ("and", "or"):
            right, _ = self._expression(node.right)
            if node.operator == "and":
                return (lambda frame: left(frame) and right(frame)), "Bool"
            return (lambda frame: left(frame) or right(frame)), "Bool"
        right, right_type = self._expression(node.right)
        if left_type == right_type == "Str":
            return self._text_operation(node, left, right)
        operate = natives.OPERATORS.get(node.operator)
        if operate is None:
            raise Unsupported(node.text)
        yields = "Bool" if node.operator in ("==", "!=", "<", ">", "<=", ">=") else left_type
        return (lambda frame: operate(left(frame), right(frame))), yields

    def _text_operation(self, node: nodes.Binary, left: Code, right: Code) -> Compiled:
        heap = self.heap
        if node.operator in ("==", "!="):
            wanted = node.operator == "=="
            return (
                lambda frame: (_text_of(heap, left(frame)) == _text_of(heap, right(frame))) is wanted
            ), "Bool"
        if node.operator != "+":
            raise Unsupported(node.text)
        if _is_constant(node):
            return (lambda frame: heap.constant(left(frame).block.text + right(frame).block.text)), "Str"
        freed = [self._makes_text(operand) for operand in (node.left, node.right)]
        for _ in range(sum(freed)):
            self.notes.take_last_temporary()

        def join(frame: Frame) -> Pointer:
            operands = left(frame), right(frame)
            joined = heap.make(
                "text", text="".join(heap.use(operand).text for operand in operands), is_counted=False
            )
            for operand, is_freed in zip(operands, freed, strict=True):
                if is_freed:
                    heap.drop(operand)
            return joined

        return join, "Str"

    def _Assignment(self, node: nodes.Assignment) -> Compiled:
        code, _ = self._expression(node.value)
        place, target_type = self._place(node.target)
        if node.operator != "=":
            operate = natives.OPERATORS[node.operator.removesuffix("=")]

            def update(frame: Frame) -> None:
                cell = place(frame)
                cell.value = operate(cell.value, code(frame))

            return update, ""
        moves = is_address(target_type) or base_and_arguments(target_type)[0] in (
            *self.program.fields,
            "List",
        )
        if isinstance(node.target, nodes.FieldAccess) and moves:
            self._give_away(node.value)
        variable = self.locals.get(_identifier(node.target) or "")
        if variable is not None and variable.type == "Str":
            self.notes.take_last_temporary()

        def assign(frame: Frame) -> None:
            value = code(frame)
            place(frame).value = value

        return assign, ""

    def _StructLiteral(self, node: nodes.StructLiteral) -> Compiled:
        name = node.path.segments[-1]
        fields: list[tuple[str, Code]] = []
        for field in node.fields:
            if field.value is None:
                raise Unsupported(node.text)
            code, _ = self._expression(field.value)
            self._give_away(field.value)
            fields.append((field.name, code))
        return (lambda frame: Struct(name, {key: Cell(code(frame)) for key, code in fields})), name

    def _Tuple(self, node: nodes.Tuple) -> Compiled:
        parts = []
        for element in node.elements:
            parts.append(self._expression(element))
            self._give_away(element)
        type_text = f"({', '.join(part for _, part in parts)})"
        return (lambda frame: tuple(code(frame) for code, _ in parts)), type_text

    # -- calls --------------------------------------------------------------------------------

    def _Call(self, node: nodes.Call) -> Compiled:
        function = node.function
        if not isinstance(function, nodes.Path):
            raise Unsupported(node.text)
        segments = function.segments
        name = segments[-1]
        if name in ("Just", "Ok", "Err"):
            return self._constructor(name, node.arguments[0])
        declaration = self.program.functions.get(name)
        if len(segments) > 1 and segments[-2][0].isupper():
            declaration = self.program.methods.get((segments[-2], name))
        if declaration is None:
            arguments = [self._expression(argument) for argument in node.arguments]
            type_arguments = [argument.text for argument in function.generic_arguments]
            return self._native("::".join(segments[-2:]), arguments, type_arguments)
        return self._declared_call(declaration, node.arguments)

    def _declared_call(self, declaration: Declaration, arguments: Sequence[nodes.Expression]) -> Compiled:
        codes: list[Code] = []
        for parameter, argument in zip(declaration.node.parameters, arguments, strict=True):
            wanted = _text(parameter.annotation)
            takes_reference = "ref " in wanted
            if takes_reference and not isinstance(argument, nodes.Unary):
                code, _ = self._place(argument)
            else:
                code, _ = self._expression(argument)
            codes.append(code)
            if declaration.is_visible and (takes_reference or wanted == "Str"):
                continue
            if isinstance(argument, nodes.FieldAccess) and not argument.name.isdigit():
                argument = argument.object
            self._give_away(argument)
        return self._invoke(declaration, codes), declaration.returns

    def _invoke(self, declaration: Declaration, codes: Sequence[Code]) -> Code:
        oracle = natives.ORACLES.get(declaration.name)
        trace = self.machine.trace

        def run(frame: Frame) -> Any:
            arguments = [code(frame) for code in codes]
            if oracle is not None:
                return oracle(self.machine, arguments)
            if declaration.name in self.machine.observed:
                trace.append(
                    (declaration.name, *(natives.content(self.heap, argument) for argument in arguments))
                )
            return self.machine.call(declaration, arguments)

        return run

    def _constructor(self, name: str, argument: nodes.Expression) -> Compiled:
        code, type_text = self._expression(argument)
        self._give_away(argument)
        type_text = {
            "Just": f"Maybe[{type_text}]",
            "Ok": f"Outcome[{type_text}, _]",
            "Err": f"Outcome[_, {type_text}]",
        }[name]
        return (lambda frame: Variant(name, (code(frame),))), type_text

    def _StaticCall(self, node: nodes.StaticCall) -> Compiled:
        arguments = [self._expression(argument) for argument in node.arguments]
        base = node.path.segments[-1]
        type_arguments = [argument.text for argument in node.path.generic_arguments]
        return self._native(f"{base}::{node.name}", arguments, type_arguments)

    def _native(self, name: str, arguments: Sequence[Compiled], type_arguments: Sequence[str]) -> Compiled:
        native = natives.FUNCTIONS.get(name) or natives.FUNCTIONS.get(name.rpartition("::")[2])
        if native is None:
            raise Unsupported(f"the function {name}")
        codes = [code for code, _ in arguments]
        run = native.run
        type_text = native.returns.replace("$T", ", ".join(type_arguments))
        return (lambda frame: run(self.heap, *(code(frame) for code in codes))), type_text

    def _MethodCall(self, node: nodes.MethodCall) -> Compiled:
        place, type_text = self._place(node.receiver)
        base, type_arguments = base_and_arguments(type_text)
        declaration = self.program.methods.get((base, node.name))
        if declaration is not None:
            if isinstance(node.receiver, nodes.FieldAccess) and isinstance(
                node.receiver.object, nodes.FieldAccess
            ):
                raise Unsupported(f"a receiver below two fields: {node.text}")
            codes = [self._expression(argument)[0] for argument in node.arguments]
            return self._invoke(declaration, [place, *codes]), declaration.returns
        codes = [self._expression(argument)[0] for argument in node.arguments]
        native = natives.METHODS.get((base, node.name))
        if native is None:
            raise Unsupported(f"the method {base}.{node.name}")
        run = native.run
        returns = native.returns.replace("$T", type_arguments[0] if type_arguments else "")
        returns = returns.replace("$E", type_arguments[-1] if type_arguments else "")
        return (lambda frame: run(self.heap, place(frame), *(code(frame) for code in codes))), returns

    # -- control ------------------------------------------------------------------------------

    def _Block(self, node: nodes.Block) -> Compiled:
        self.notes.scopes.append([])
        codes = [self._statement(statement) for statement in _statements(node)]
        result: Code = _nothing
        type_text = ""
        if node.value is not None and not self.notes.has_left:
            result, type_text = self._last_expression(node.value)
        drops = [] if self.notes.has_left else self.notes.scope_drops()
        self.notes.scopes.pop()
        return _sequence(codes, result, drops), type_text

    def _branch(self, node: nodes.Expression) -> tuple[Code, str, bool]:
        """A branch with its type and whether it leaves; strings made in it do not outlive it."""
        self.notes.has_left = False
        before = len(self.notes.temporaries)
        code, type_text = self._expression(node)
        has_left = self.notes.has_left
        if has_left:
            del self.notes.temporaries[before:]
            return code, type_text, True
        frees = self._frees(self._branch_temporaries(before))
        return _sequence([], code, frees), type_text, False

    def _branch_temporaries(self, before: int) -> list[int]:
        made = self.notes.temporaries[before:]
        del self.notes.temporaries[before:]
        return made

    def _If(self, node: nodes.If) -> Compiled:
        if node.condition is None:
            raise Unsupported("if let")
        condition, _ = self._expression(node.condition)
        first, type_text, first_left = self._branch(node.branch)
        second: Code = _nothing
        second_left = False
        if node.alternative is not None:
            second, _, second_left = self._branch(node.alternative)
        self.notes.has_left = first_left and second_left
        type_text = type_text if node.alternative is not None else ""
        return (lambda frame: first(frame) if condition(frame) else second(frame)), type_text

    def _When(self, node: nodes.When) -> Compiled:
        subject, type_text = self._expression(node.subject)
        base, type_arguments = base_and_arguments(type_text)
        payload_types = dict(zip(("Ok", "Err"), type_arguments, strict=False))
        if base == "Maybe":
            payload_types = {"Just": type_arguments[0]}
        arms = [self._arm(arm, payload_types) for arm in node.arms]
        self.notes.has_left = all(has_left for *_, has_left in arms)
        if len({bool(type_name) for *_, type_name, has_left in arms if not has_left}) > 1:
            line = self.declaration.line(node.start)
            raise Refused(f"the arms of a when in {self.declaration.name}, line {line}, differ in type")

        def choose(frame: Frame) -> Any:
            value = subject(frame)
            for variant, slot, body, *_ in arms:
                if variant in (value.name, None):
                    if slot is not None:
                        frame[slot] = Cell(value.payload[0])
                    return body(frame)
            raise AssertionError(f"no arm takes {value.name}")

        result = next((type_name for _, _, _, type_name, has_left in arms if type_name and not has_left), "")
        return choose, result

    def _arm(
        self, arm: nodes.Arm, payload_types: dict[str, str]
    ) -> tuple[str | None, int | None, Code, str, bool]:
        if arm.guard is not None or len(arm.patterns) != 1:
            raise Unsupported(arm.text)
        saved = dict(self.locals)
        self.notes.scopes.append([])
        pattern = arm.patterns[0]
        variant: str | None = None
        slot: int | None = None
        if isinstance(pattern, nodes.VariantPattern):
            variant = pattern.segments[-1]
            bound = pattern.payload[0]
            if isinstance(bound, nodes.BindingPattern):
                slot = self._payload(bound.name, payload_types[variant], saved)
        elif isinstance(pattern, nodes.BindingPattern):
            variant = pattern.name
        before = len(self.notes.temporaries)
        self.notes.has_left = False
        code, type_text = self._expression(arm.body)
        has_left = self.notes.has_left
        made = self._branch_temporaries(before)
        ending: list[Code] = []
        if not has_left:
            name = _identifier(arm.body)
            if name is not None and name in self.locals and name not in saved:
                self.notes.give_away(name)
            ending = [*self._frees(made), *self.notes.scope_drops()]
        self.notes.scopes.pop()
        self.locals = saved
        return variant, slot, _sequence([], code, ending), type_text, has_left

    def _payload(self, name: str, type_text: str, outer: dict[str, Local]) -> int:
        local = self._local(name, type_text)
        if name not in outer and (type_text == "Str" or self._is_dropped(type_text)):
            self.notes.register(name, self._drop_of(local))
        return local.slot

    def _Propagate(self, node: nodes.Propagate) -> Compiled:
        code, type_text = self._expression(node.operand)
        drops = self.notes.all_drops()

        def unwrap(frame: Frame) -> Any:
            value = code(frame)
            if value.name in ("Ok", "Just"):
                return value.payload[0]
            for drop in drops:
                drop(frame)
            raise _Return(value)

        return unwrap, base_and_arguments(type_text)[1][0]

    def _Loop(self, node: nodes.Loop) -> Compiled:
        if node.condition is None:
            raise Unsupported("a counting loop")
        condition, _ = self._expression(node.condition)
        self.notes.has_left = False
        body, _ = self._Block(node.body)
        self.notes.has_left = False

        def run(frame: Frame) -> None:
            while condition(frame):
                try:
                    body(frame)
                except _Break:
                    break
                except _Continue:
                    continue

        return run, ""

    def _Return(self, node: nodes.Return) -> Compiled:
        code: Code = _nothing
        type_text = ""
        if node.value is not None:
            code, type_text = self._expression(node.value)
            self._give_away(node.value)
            if isinstance(node.value, nodes.Call):
                for argument in node.value.arguments:
                    self._give_away(argument)
            if is_address(type_text):
                self.notes.take_last_temporary()
        ending = [*self._frees(self.notes.flush_temporaries()), *self.notes.all_drops()]
        self.notes.has_left = True

        def leave(frame: Frame) -> None:
            value = code(frame)
            for temporary in ending:
                temporary(frame)
            raise _Return(value)

        return leave, ""

    def _Break(self, node: nodes.Break) -> Compiled:
        return self._jump(_Break)

    def _Continue(self, node: nodes.Continue) -> Compiled:
        return self._jump(_Continue)

    def _jump(self, kind: type[Exception]) -> Compiled:
        self.notes.has_left = True

        def leave(frame: Frame) -> None:
            raise kind

        return leave, ""


def _sequence(codes: Sequence[Code], result: Code, ending: Sequence[Code]) -> Code:
    def run(frame: Frame) -> Any:
        for code in codes:
            code(frame)
        value = result(frame)
        for code in ending:
            code(frame)
        return value

    return run


def _nothing(_frame: Frame) -> None:
    return None


def _store(slot: int, code: Code) -> Code:
    def run(frame: Frame) -> None:
        frame[slot] = Cell(code(frame))

    return run


def _store_pointer(register: int, code: Code) -> Code:
    def run(frame: Frame) -> Any:
        frame[register] = value = code(frame)
        return value

    return run


def _text_of(heap: Heap, pointer: Any) -> str | None:
    return heap.use(pointer).text if isinstance(pointer, Pointer) and pointer is not NULL else None


def _statements(block: nodes.Block) -> list[nodes.Node]:
    return block.statements if block.value is None else block.statements[:-1]


def _identifier(node: nodes.Expression) -> str | None:
    return node.identifier if isinstance(node, nodes.Path) else None


def _bound_name(pattern: nodes.Pattern) -> str:
    if isinstance(pattern, nodes.BindingPattern):
        return pattern.name
    if isinstance(pattern, nodes.WildcardPattern):
        return "_"
    raise Unsupported(pattern.text)


def _called_name(node: nodes.Expression) -> str | None:
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
        return node.function.segments[-1]
    return node.name if isinstance(node, nodes.MethodCall) else None


def _is_constant(node: nodes.Expression) -> bool:
    """Whether the compiler folds the concatenation into a constant."""
    if isinstance(node, nodes.Binary):
        return node.operator == "+" and _is_constant(node.left) and _is_constant(node.right)
    return isinstance(node, nodes.Literal) and node.kind == "STRING"


def _pointee(type_text: str) -> str:
    return type_text.removeprefix("mut ").removeprefix("ref ")


def _text(node: nodes.TypeNode | None) -> str:
    return node.text if node else ""
