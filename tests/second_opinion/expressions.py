"""Expressions without a branch: names, fields, operators, literals, assignments."""

from __future__ import annotations

from typing import Any

from tests.second_opinion import natives
from tests.second_opinion.compilation import (
    Compilation,
    Compiled,
    Local,
    Unsupported,
    identifier,
    is_constant,
    nothing,
    pointee,
    sequence,
    statements,
    store_pointer,
    text_of,
)
from tests.second_opinion.drops import Code, Frame
from tests.second_opinion.heap import Pointer
from tests.second_opinion.mended import ASSIGNMENT, INTERPOLATION
from tests.second_opinion.values import (
    Cell,
    Struct,
    Variant,
    base_and_arguments,
    bind_parameters,
    copied,
    is_address,
)
from tml_ast import nodes


class Expressions(Compilation):
    """Compiles expressions; those with a branch or a call are compiled elsewhere."""

    def expression(self, node: nodes.Expression) -> Compiled:
        """Code for an expression, and a note of its string if nobody owns that."""
        code, type_text = self._plain_expression(node)
        if type_text == "Str" and self._is_temporary(node):
            self.slots += 1
            self.notes.temporaries.append(self.slots)
            return store_pointer(self.slots, code), type_text
        return code, type_text

    def _is_temporary(self, node: nodes.Expression) -> bool:
        if id(node) in self.owned:
            return False
        if isinstance(node, nodes.Binary):
            return node.operator == "+" and not is_constant(node)
        return not self.in_library and self.makes_text(node)

    def _plain_expression(self, node: nodes.Expression) -> Compiled:
        compile_it = getattr(self, f"_{type(node).__name__}", None)
        if compile_it is None:
            raise Unsupported(f"{type(node).__name__}: {node.text}")
        compiled: Compiled = compile_it(node)
        return compiled

    def _Group(self, node: nodes.Group) -> Compiled:
        return self.expression(node.inner)

    def _Literal(self, node: nodes.Literal) -> Compiled:
        value, type_text = natives.literal(self.heap, node)
        return (lambda frame: value), type_text

    def _InterpolatedString(self, node: nodes.InterpolatedString) -> Compiled:
        if node.first_token.type.startswith("TEMPLATE"):
            raise Unsupported("a template literal")
        parts: list[Code] = []
        for child in node.children:
            if isinstance(child, nodes.Expression):
                code, type_text = self.expression(child)
                parts.append(natives.as_text(self.heap, code, type_text, self._is_freed_hole(child)))
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

    def _is_freed_hole(self, hole: nodes.Expression) -> bool:
        """Whether an interpolation frees the string that it shows there."""
        if INTERPOLATION in self.program.mended:
            return self.in_library and self.makes_text(hole)
        return not isinstance(hole, nodes.Literal)

    def _fixed_part(self, text: str) -> Code:
        return lambda frame: (self.heap.constant(text), False)

    def _Path(self, node: nodes.Path) -> Compiled:
        name = node.segments[-1]
        if name in self.locals:
            local = self.locals[name]
            return (lambda frame: copied(frame[local.slot].value)), pointee(local.type)
        if name == "Nothing":
            return (lambda frame: Variant("Nothing")), "Maybe[_]"
        if name in self.program.variants.get(node.segments[-2] if len(node.segments) > 1 else "", {}):
            return (lambda frame: Variant(name)), node.segments[-2]
        raise Unsupported(f"the name {node.text}")

    def _This(self, node: nodes.This) -> Compiled:
        local = self.locals["this"]
        return (lambda frame: copied(frame[local.slot].value)), local.type

    def _FieldAccess(self, node: nodes.FieldAccess) -> Compiled:
        if node.name.isdigit():
            code, type_text = self.expression(node.object)
            self.give_away(node.object)
            number = int(node.name)
            return (lambda frame: copied(code(frame)[number])), base_and_arguments(type_text)[1][number]
        place, type_text = self.place(node)
        return (lambda frame: copied(place(frame).value)), type_text

    def place(self, node: nodes.Expression) -> Compiled:
        """Code that yields the cell of an expression: the storage itself, or a copy where there is none."""
        if isinstance(node, nodes.This) or (identifier(node) or "") in self.locals:
            local = self.locals[identifier(node) or "this"]
            if local.is_argument and base_and_arguments(local.type)[0] in self.program.fields:
                return (lambda frame: Cell(copied(frame[local.slot].value))), pointee(local.type)
            return (lambda frame: frame[local.slot]), pointee(local.type)
        if isinstance(node, nodes.Index):
            return self._element(node)
        if isinstance(node, nodes.Unary) and node.operator == "*":
            return self.place(node.operand)
        if isinstance(node, nodes.FieldAccess) and not node.name.isdigit():
            place, type_text = self.place(node.object)
            name = node.name
            field_type = self.program.fields_of(type_text)[name]
            return (lambda frame: place(frame).value.fields[name]), field_type
        code, type_text = self.expression(node)
        return (lambda frame: Cell(code(frame))), type_text

    def _Cast(self, node: nodes.Cast) -> Compiled:
        code, _ = self.expression(node.operand)
        return code, self.declaration.type_of(node.annotation)

    def _LowlevelBlock(self, node: nodes.LowlevelBlock) -> Compiled:
        codes = [self.statement(statement) for statement in statements(node.block)]
        if node.block.value is None:
            return sequence(codes, nothing, []), ""
        result, type_text = self.last_expression(node.block.value)
        return sequence(codes, result, []), type_text

    def _Unary(self, node: nodes.Unary) -> Compiled:
        if node.operator in ("ref", "mut ref", "&", "&mut"):
            place, type_text = self.place(node.operand)
            return place, f"ref {type_text}"
        code, type_text = self.expression(node.operand)
        if node.operator in ("not", "!"):
            return (lambda frame: not code(frame)), "Bool"
        if node.operator == "-":
            return (lambda frame: -code(frame)), type_text
        if node.operator == "~":
            return (lambda frame: ~code(frame)), type_text
        if node.operator == "*":
            return (lambda frame: _pointed_to(code(frame))), type_text.removeprefix("ref ")
        raise Unsupported(node.text)

    def _Binary(self, node: nodes.Binary) -> Compiled:
        """An operation; TML's compiler evaluates both sides of `and` and `or`."""
        left, left_type = self.expression(node.left)
        if node.operator in ("and", "&&", "or", "||"):
            right, _ = self.expression(node.right)
            joined = all if node.operator in ("and", "&&") else any
            return (lambda frame: joined([left(frame), right(frame)])), "Bool"
        right, right_type = self.expression(node.right)
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
                lambda frame: (text_of(heap, left(frame)) == text_of(heap, right(frame))) is wanted
            ), "Bool"
        if node.operator != "+":
            raise Unsupported(node.text)
        if is_constant(node):
            return (lambda frame: heap.constant(left(frame).block.text + right(frame).block.text)), "Str"
        freed = [self.makes_text(operand) for operand in (node.left, node.right)]
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
        code, _ = self.expression(node.value)
        place, target_type = self.place(node.target)
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
            self.give_away(node.value)
        variable = self.locals.get(identifier(node.target) or "")
        if variable is not None and variable.type == "Str":
            self.notes.take_last_temporary()

        flag = self.flags.get(variable.slot) if variable is not None else None
        is_made = self.makes_text(node.value)
        drop_old = self._drop_of_old(variable)

        def assign(frame: Frame) -> None:
            value = code(frame)
            drop_old(frame)
            place(frame).value = value
            if flag is not None:
                frame[flag] = is_made

        return assign, ""

    def _drop_of_old(self, variable: Local | None) -> Code:
        """What an assignment does with the value that a variable held."""
        if ASSIGNMENT in self.program.mended and variable is not None and self.notes.will_drop(variable.slot):
            return self.drop_of(variable)
        return nothing

    def _StructLiteral(self, node: nodes.StructLiteral) -> Compiled:
        type_text = self.declaration.type_of_text(node.path.text)
        name, type_arguments = base_and_arguments(type_text)
        parameters = self.program.type_parameters[name]
        bindings: dict[str, str] = {}
        base = self._base(node.base)
        fields: list[tuple[str, Code]] = []
        for field in node.fields:
            if field.value is None:
                raise Unsupported(node.text)
            code, field_type = self.expression(field.value)
            self.give_away(field.value)
            bind_parameters(self.program.fields[name][field.name], field_type, parameters, bindings)
            fields.append((field.name, code))
        if parameters and not type_arguments:
            type_text = f"{name}[{', '.join(bindings[parameter] for parameter in parameters)}]"

        def make(frame: Frame) -> Struct:
            value: Struct = base(frame)
            return Struct(type_text, value.fields | {key: Cell(code(frame)) for key, code in fields})

        return make, type_text

    def _base(self, node: nodes.Expression | None) -> Code:
        """What a struct literal starts from: a copy of another value, which keeps its owner."""
        if node is None:
            return lambda _frame: Struct("", {})
        return self.expression(node)[0]

    def _Tuple(self, node: nodes.Tuple) -> Compiled:
        parts = []
        for element in node.elements:
            parts.append(self.expression(element))
            self.give_away(element)
        type_text = f"({', '.join(part for _, part in parts)})"
        return (lambda frame: tuple(code(frame) for code, _ in parts)), type_text

    def _Array(self, node: nodes.Array) -> Compiled:
        """Its elements keep their owners, and nothing is dropped with it."""
        parts = [self.expression(element) for element in node.elements]
        type_text = f"[{parts[0][1]}]"
        if node.token(";") is not None:
            (code, _), (count, _) = parts
            return (lambda frame: [Cell(code(frame)) for _ in range(count(frame))]), type_text
        return (lambda frame: [Cell(code(frame)) for code, _ in parts]), type_text

    def _Index(self, node: nodes.Index) -> Compiled:
        place, type_text = self._element(node)
        return (lambda frame: copied(place(frame).value)), type_text

    def _element(self, node: nodes.Index) -> Compiled:
        place, type_text = self.place(node.object)
        index, _ = self.expression(node.all(nodes.Expression)[1])
        element_type = type_text.strip("[]").partition(";")[0]
        return (lambda frame: place(frame).value[index(frame)]), element_type

    def _Step(self, node: nodes.Step) -> Compiled:
        place, type_text = self.place(node.all(nodes.Expression)[0])
        by = 1 if node.token("++") is not None else -1

        def step(frame: Frame) -> int:
            cell = place(frame)
            cell.value += by
            return int(cell.value)

        return step, type_text

    def _TypeTest(self, node: nodes.TypeTest) -> Compiled:
        """Whether a value has a type, which is known beforehand."""
        _, type_text = self.expression(node.all(nodes.Expression)[0])
        answer = type_text == self.declaration.type_of(node.child(nodes.TypeNode))
        return (lambda _frame: answer), "Bool"


def _pointed_to(value: Any) -> Any:
    return copied(value.value) if isinstance(value, Cell) else value
